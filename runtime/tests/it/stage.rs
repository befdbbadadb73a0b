//! A node in a temporary folder, with fixture actors.

use std::path::Path;
use std::sync::Arc;
use theater_runtime::actor::{Actor, CallError, Reply};
use theater_runtime::cache::Cache;
use theater_runtime::call::{find_function, parse_arguments, parse_call, to_wave};
use theater_runtime::diagnostic::{Diagnostic, Source};
use theater_runtime::manifest::Manifest;
use theater_runtime::node::{Node, Opened};
use theater_runtime::replay::{History, Replayer};
use theater_runtime::trace::{Durability, RunDir, verify};
use theater_runtime::world::Binary;
use wasmtime::component::Val;

/// The template's counter: the count in the state.
pub const COUNTER: &str = include_str!("../../../templates/counter/wat/src/counter.wat");

pub struct Stage {
    _dir: tempfile::TempDir,
    pub run: RunDir,
    pub node: Node,
}

impl Stage {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(&dir.path().join(".theater")).unwrap();
        let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
        Self { _dir: dir, run, node: opened.node }
    }

    /// Goes on with a run that is somewhere else.
    pub async fn on(run: RunDir) -> Self {
        let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
        assert!(opened.problems.is_empty(), "{:?}", opened.problems);
        Self { _dir: tempfile::tempdir().unwrap(), run, node: opened.node }
    }

    /// Ends the node and goes on with its run.
    pub async fn reopen(&mut self) -> Vec<Arc<Actor>> {
        self.node.shutdown().await.unwrap();
        self.open_again().await
    }

    /// Goes on with the run, whose node has ended.
    pub async fn open_again(&mut self) -> Vec<Arc<Actor>> {
        let Opened { node, resumed, .. } =
            Node::open(self.run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
        self.node = node;
        resumed
    }

    pub async fn spawn(&self, wat: &str, manifest: &str) -> Arc<Actor> {
        self.try_spawn(wat, manifest, "").await.unwrap()
    }

    /// Spawns a component in text form under a manifest without its `[actor]` table.
    pub async fn try_spawn(
        &self,
        wat: &str,
        manifest: &str,
        init: &str,
    ) -> Result<Arc<Actor>, Vec<Diagnostic>> {
        let wat = wat.replace("my-actor", "counter");
        let text = format!("[actor]\nname = \"counter\"\n{manifest}");
        let (manifest, _) =
            Manifest::parse(Source::new("theater.toml", text), Path::new("")).into_result()?;
        let binary = Binary::read(wat::parse_str(&wat).unwrap(), &Cache::none());
        let binary = binary.map_err(|problem| vec![*problem])?;
        let prepared = self.node.prepare(manifest, binary)?;
        let source = Source::new("init", init);
        let arguments = parse_arguments(&source, 0..init.len(), prepared.init_params())
            .map_err(|problem| vec![*problem])?;
        self.node.spawn(prepared, "counter", arguments, None).await.map_err(|e| vec![*e])
    }

    /// Calls as a person writes it: `counter.increment(5)`. Answers as WAVE.
    pub async fn call(&self, line: &str) -> Result<String, CallError> {
        let reply = self.call_raw(line).await?;
        Ok(reply.values.iter().map(to_wave).collect::<Vec<_>>().join(", "))
    }

    pub async fn call_raw(&self, line: &str) -> Result<Reply, CallError> {
        let source = Source::new("test", line);
        let call = parse_call(&source).unwrap();
        let actor = self.node.actor(&call.actor.text).unwrap();
        let functions = &actor.program.functions;
        let names: Vec<(Option<&str>, &str)> =
            functions.iter().map(|f| (f.interface.as_deref(), f.name.as_str())).collect();
        let function = &functions[find_function(&source, &call, &names).unwrap()];
        let arguments: Vec<Val> =
            parse_arguments(&source, call.arguments, &function.params).unwrap();
        self.node.call(&actor.name, &function.full_name, arguments, Some(line.to_owned())).await
    }

    /// What the trace says of the present moment, checked and walked over; then every turn replayed, without
    /// a difference.
    pub async fn check(&self) -> History {
        let verification = verify(&self.run);
        assert_eq!(verification.findings, Vec::<String>::new());
        let history = History::load(&self.run).unwrap();
        crate::cursor::walk(&history);
        crate::cursor::look_inside(&history).await;
        crate::index::check(&self.run);
        let replayer = Replayer::new(None, Cache::none()).unwrap();
        for actor in history.actors() {
            for index in 0..actor.turns.len() {
                if history.is_executable(actor, index).is_err() {
                    continue;
                }
                let replayed = replayer.replay(&history, actor, index).await.unwrap();
                assert_eq!(replayed.divergence, None, "{}#{}", actor.name, replayed.turn);
            }
        }
        history
    }
}
