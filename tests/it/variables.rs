//! Secrets of the environment, recorded in one process and replayed in another.

use crate::environment::TestEnvironment;

#[test]
fn a_secret_is_needed_again_for_a_replay() {
    let env = TestEnvironment::new();
    env.write("variables.wat", include_str!("../fixtures/variables.wat"));
    env.write(
        "theater.toml",
        "[actor]\nname = \"v\"\ncomponent = \"variables.wat\"\n\n[handlers]\n\
         environment = { secret = [\"API_KEY\"] }\n",
    );
    let run = |arguments: &[&str], key: Option<&str>| {
        let mut command = env.command(arguments);
        if let Some(key) = key {
            command.env("API_KEY", key);
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (status, called) = run(&["repl", "-e", "v.length()"], Some("s3cret"));
    assert_eq!((status, called.trim()), (Some(0), "6"));
    assert_eq!(run(&["replay"], Some("s3cret")).0, Some(0));
    for (key, missed) in [
        (None, "no secret `API_KEY` in the environment"),
        (Some("other"), "another value of the secret `API_KEY` in the environment"),
    ] {
        let (status, said) = run(&["replay"], key);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(status != Some(0) && said.contains(missed), "{said}");
    }
    let (_, shown) = run(&["trace", "show", "--json"], None);
    assert!(!shown.contains("s3cret") && shown.contains("secret:"), "{shown}");
}
