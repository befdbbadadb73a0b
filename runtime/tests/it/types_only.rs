//! Interfaces that have only types: nobody answers them, and nobody needs to.

use crate::stage::Stage;

/// A component that imports `theater:actor/call-error` and answers with a value of it: `result` has its
/// case in the first byte, and what that holds behind it.
const CALLS: &str = r#"(component
    (import "theater:actor/call-error@0.1.0" (instance $errors
        (type $path (list string))
        (type $error (variant
            (case "no-such-actor")
            (case "overloaded")
            (case "timeout")
            (case "aborted" string)
            (case "ended")
            (case "cycle" $path)))
        (export "call-error" (type (eq $error)))))
    (alias export $errors "call-error" (type $call-error))
    (core module $m
        (memory (export "memory") 1)
        (data (i32.const 0) "\01\00\00\00\02\00\00\00")
        (func (export "ask") (result i32) i32.const 0))
    (core instance $i (instantiate $m))
    (type $answer (result u32 (error $call-error)))
    (func (export "ask") (result $answer)
        (canon lift (core func $i "ask") (memory (core memory $i "memory")))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_imports_only_types_needs_no_grant() {
    let stage = Stage::new().await;
    stage.spawn(CALLS, "").await;
    assert_eq!(stage.call("counter.ask()").await.unwrap(), "err(timeout)");
    stage.check().await;
}
