//! `wasi:cli/environment`: what the manifest shows of the environment.

use crate::stage::Stage;

const VARIABLES: &str = include_str!("../../../tests/fixtures/variables.wat");

/// The record of the actor's first call, as people read it.
async fn first_call(stage: &Stage) -> String {
    let history = stage.check().await;
    let actor = history.actor("counter").unwrap();
    let view = history.view_at(actor.id, actor.turns[0].location).unwrap();
    view.calls[0].summary()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_manifest_names_is_shown() {
    let stage = Stage::new().await;
    let grant = r#"{ variables = ["CARGO_PKG_NAME", "MODE=test"], arguments = ["-v", "x"] }"#;
    stage.spawn(VARIABLES, &format!("[handlers]\nenvironment = {grant}")).await;
    assert_eq!(stage.call("counter.count()").await.unwrap(), "220");
    let expected = r#"environment.get-environment() -> [("CARGO_PKG_NAME", "theater-runtime"), ("MODE", "test")]"#;
    assert_eq!(first_call(&stage).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn granted_as_true_it_shows_nothing() {
    let stage = Stage::new().await;
    stage.spawn(VARIABLES, "[handlers]\nenvironment = true").await;
    assert_eq!(stage.call("counter.count()").await.unwrap(), "0");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_given_and_not_recorded() {
    let stage = Stage::new().await;
    let grant = r#"{ secret = ["CARGO_PKG_NAME"] }"#;
    stage.spawn(VARIABLES, &format!("[handlers]\nenvironment = {grant}")).await;
    let length = "theater-runtime".len().to_string();
    assert_eq!(stage.call("counter.length()").await.unwrap(), length, "the actor has the value");
    let call = first_call(&stage).await;
    assert!(call.contains("\"secret:") && !call.contains("theater-runtime"), "{call}");
}
