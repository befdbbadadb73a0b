use crate::environment::TestEnvironment;
use insta::assert_snapshot;

fn recorded(instance: &str, script: &str) -> TestEnvironment {
    let env = TestEnvironment::new();
    env.fixture("remembers.wat");
    let manifest = format!(
        "[actor]\nname = \"engine\"\ncomponent = \"remembers.wat\"\ninstance = \"{instance}\"\n"
    );
    env.write("theater.toml", manifest);
    env.theater_with_input(&["repl"], script);
    env
}

#[test]
fn a_warm_actor_is_recorded_and_replayed_by_the_life_of_its_instance() {
    let env = recorded("warm", "engine.hit()\nengine.hit()\n");
    assert_snapshot!("answers", env.theater(&["repl", "-e", "engine.hit()", "-e", "engine.hit()"]));
    assert_snapshot!("replay", env.theater(&["replay"]).ok());
    assert_snapshot!("one", env.theater(&["replay", "engine#2"]).ok());
    let turn = env.theater(&["trace", "show", "engine#2"]).ok();
    assert!(turn.stdout.contains("warm, since turn 1"), "{turn}");
    let turn = env.theater(&["trace", "show", "engine#1"]).ok();
    assert!(turn.stdout.contains("warm, made for this turn"), "{turn}");
    let json = env.theater(&["trace", "show", "engine#2", "--json"]).ok();
    assert!(json.stdout.contains(r#""instance":1"#), "{json}");
}

#[test]
fn fresh_instances_prove_whether_an_actor_needs_a_warm_one() {
    let env = recorded("warm", "engine.hit()\nengine.seen()\nengine.hit()\n");
    let replay = ["replay", "--fresh", "engine"];
    assert_snapshot!("needed", env.theater(&replay).with_status(1));
    assert_snapshot!(
        "needed_json",
        env.theater(&[&replay[..], &["--json"]].concat()).with_status(1)
    );
    let env = recorded("warm", "engine.seen()\nengine.seen()\n");
    assert_snapshot!("not_needed", env.theater(&replay).ok());
    let env = recorded("fresh", "engine.hit()\n");
    assert_snapshot!("fresh_anyway", env.theater(&replay).ok());
    env.theater(&["replay", "--fresh"]).with_status(2);
}

#[test]
fn an_instance_is_fresh_or_warm() {
    let env = recorded("hot", "");
    assert_snapshot!("wrong", env.theater(&["check"]).with_status(1));
}
