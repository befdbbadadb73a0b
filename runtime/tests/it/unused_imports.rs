//! `unused-imports = "trap"`: components that link more than they use.

use crate::stage::Stage;
use theater_runtime::actor::CallError;
use theater_runtime::turn::OutcomeKind;

const LINKS: &str = include_str!("../../../tests/fixtures/links-too-much.wat");

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_linked_traps_when_it_is_called() {
    let stage = Stage::new().await;
    stage.spawn(LINKS, "unused-imports = \"trap\"\n").await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "7");
    for (call, said) in [
        (
            "fetch",
            "it called `[constructor]fields` of `wasi:http/types@0.2.9`, which Theater does not answer",
        ),
        (
            "time",
            "it called `resolution` of `wasi:clocks/wall-clock@0.2.9`, which is not granted: its \
             handler is `clock`",
        ),
    ] {
        match stage.call(&format!("counter.{call}()")).await {
            Err(CallError::Aborted { outcome: OutcomeKind::Trap, failure, .. }) => {
                assert_eq!(failure.message, said);
            }
            other => panic!("{other:?}"),
        }
    }
    let history = stage.check().await;
    let actor = history.actor("counter").unwrap();
    let view = history.view_at(actor.id, actor.turns[1].location).unwrap();
    let calls: Vec<String> = view.calls.iter().map(|call| call.summary()).collect();
    assert_eq!(calls, ["fields.new() -> (the turn aborted here)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_word_it_is_refused_and_told_of_it() {
    let stage = Stage::new().await;
    let problems = stage.try_spawn(LINKS, "", "").await.unwrap_err();
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.id).collect();
    assert_eq!(codes, ["TH0206", "TH0206", "TH0205"]);
    for problem in problems {
        let help = problem.help.unwrap();
        assert!(help.contains("`unused-imports = \"trap\"` under `[actor]`"), "{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_standard_imports_may_trap() {
    let stage = Stage::new().await;
    let foreign = LINKS.replace("wasi:http/outgoing-handler@0.2.9", "shop:http/outgoing@0.2.9");
    let problems = stage.try_spawn(&foreign, "unused-imports = \"trap\"\n", "").await.unwrap_err();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(
        matches!(messages.as_slice(), [one] if one.contains("shop:http/outgoing")),
        "{messages:?}"
    );
}
