//! Values of any type, through a component and back, and through the trace and back.
#![allow(clippy::unwrap_used)]

use crate::cache::Cache;
use crate::diagnostic::Source;
use crate::manifest::Manifest;
use crate::node::Node;
use crate::replay::{History, Replayer};
use crate::trace::{Durability, RunDir, verify};
use crate::wire::generated::{declaration, shape, value};
use crate::world::Binary;
use proptest::prelude::*;
use std::path::Path;
use wasmtime::component::Val;

/// A component that gives a list back. Whatever the items are, a list is an address and a length.
fn echo(declarations: &str, ty: &str) -> String {
    format!(
        r#"(component {declarations}
            (core module $m
                (memory (export "memory") 1)
                (global $free (mut i32) (i32.const 1024))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    ;; the next address that fits the alignment
                    (local.set $at (i32.and
                        (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
                        (i32.sub (i32.const 0) (local.get 2))))
                    (global.set $free (i32.add (local.get $at) (local.get 3)))
                    (loop $grow
                        (if (i32.gt_u (global.get $free)
                                (i32.mul (memory.size) (i32.const 65536)))
                            (then (drop (memory.grow (i32.const 1))) (br $grow))))
                    (local.get $at))
                (func (export "echo") (param i32 i32) (result i32)
                    (i32.store (i32.const 8) (local.get 0))
                    (i32.store (i32.const 12) (local.get 1))
                    (i32.const 8)))
            (core instance $i (instantiate $m))
            (func (export "echo") (param "v" (list {ty})) (result (list {ty}))
                (canon lift (core func $i "echo")
                    (memory (core memory $i "memory"))
                    (realloc (core func $i "realloc")))))"#
    )
}

async fn passes_and_replays(wat: &str, list: Val) {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    let node = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap().node;
    let source = Source::new("theater.toml", "[actor]\nname = \"echo\"\n");
    let manifest = Manifest::parse(source, Path::new("")).into_result().unwrap().0;
    let binary = Binary::read(wat::parse_str(wat).unwrap(), node.cache()).unwrap();
    let prepared = node.prepare(manifest, binary).unwrap();
    let actor = node.spawn(prepared, "echo", Vec::new(), None).await.unwrap();
    let reply = node.call("echo", "echo", vec![list.clone()], None).await.unwrap();
    let function = &actor.program.functions[0];
    // Encodings are compared, because `==` calls all NaNs equal.
    let (sent, got) = (function.encode_results(&[list]), function.encode_results(&reply.values));
    assert_eq!(sent, got);
    node.shutdown().await.unwrap();
    assert_eq!(verify(&run).findings, Vec::<String>::new());
    let history = History::load(&run).unwrap();
    let replayer = Replayer::new(None, Cache::none()).unwrap();
    let replayed = replayer.replay(&history, history.actor("echo").unwrap(), 0).await.unwrap();
    assert_eq!(replayed.divergence, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_of_any_type_come_back_and_replay(
        (shape, items) in shape().prop_flat_map(|shape| {
            (Just(shape.clone()), prop::collection::vec(value(&shape), 0..4))
        })
    ) {
        let (declarations, ty) = declaration(&shape);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(passes_and_replays(&echo(&declarations, &ty), Val::List(items)));
    }
}
