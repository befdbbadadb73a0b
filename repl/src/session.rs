//! The engine of a session: evaluates one statement after the other on a node, wherever the
//! statements come from and wherever the outputs go.

mod explain;
mod fork;
mod load;
mod past;
mod reload;
mod tree;

use theater_runtime::manifest::BareGrants;
pub use theater_runtime::node::{Loaded, Start};

use crate::line::{self, Command, Spawn};
use crate::names::{ActorNames, FunctionNames, Names};
use crate::output::{ActorInfo, Output};
use crate::stack::Looker;
use crate::watched::{Watch, Watched};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use theater_runtime::actor::Actor;
use theater_runtime::boundary::export::INIT;
use theater_runtime::call::{Call, Name, find_function, parse_arguments, parse_message};
use theater_runtime::diagnostic::{
    ACTOR_UNKNOWN, CALL_SYNTAX, Diagnostic, FUNCTION_UNCALLABLE, Result, Source, did_you_mean,
};
use theater_runtime::node::Node;
use theater_runtime::replay::{Condition, Cursor, History};
use tokio::sync::Notify;

/// Where outputs go, one by one.
pub type Sink<'s> = dyn FnMut(Output) -> io::Result<()> + 's;

/// Whether the session goes on after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It was asked to end.
    Quit,
}

/// Why a statement was not evaluated to its end.
#[derive(Debug)]
pub enum Stop {
    /// It is wrong, or what it asks for failed.
    Problems(Vec<Diagnostic>),
    /// The sink takes nothing any more.
    Output(io::Error),
}

impl From<Box<Diagnostic>> for Stop {
    fn from(problem: Box<Diagnostic>) -> Self {
        Self::Problems(vec![*problem])
    }
}

impl From<Vec<Diagnostic>> for Stop {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Self::Problems(problems)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// A session on a node.
pub struct Session {
    node: Node,
    grants: BareGrants,
    /// What the session started with.
    start: Start,
    /// The folder below which forked runs come to be.
    runs: PathBuf,
    /// What the actors were spawned from that a line spawned.
    starts: HashMap<String, Start>,
    history: Option<History>,
    /// Whether the history is that of a recorded run, and not that of the node.
    is_recorded: bool,
    cursor: Option<Cursor>,
    /// What looks into turns, once somebody has wanted to.
    looker: Looker,
    /// The actor that was used last.
    last: Option<String>,
    watched: Watched,
    /// How many records `trace` shows. None for all.
    trace_lines: Option<usize>,
    /// Whether it is on another node than somebody knows.
    has_moved: bool,
    interrupt: Interrupt,
}

/// Ends the turn or the work that a statement waits for. Copies do the same.
#[derive(Debug, Clone)]
pub struct Interrupt {
    node: Arc<Mutex<Node>>,
    waiting_for: Arc<Mutex<Option<Waiting>>>,
}

/// What a statement waits for.
#[derive(Debug, Clone)]
enum Waiting {
    /// A turn of this actor.
    Turn(String),
    /// Work that is no turn; it hears of its end.
    Work(Arc<Notify>),
}

impl Interrupt {
    /// The node on which the session is.
    pub fn node(&self) -> Node {
        self.node.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Cancels the turn of the actor that the statement waits for, or its other work. Without one
    /// nothing happens.
    pub fn cancel(&self) {
        let waiting = self.waiting_for().clone();
        match waiting {
            Some(Waiting::Turn(name)) => {
                if let Some(actor) = self.node().actor(&name) {
                    actor.cancel_turn();
                }
            }
            Some(Waiting::Work(end)) => end.notify_one(),
            None => {}
        }
    }

    /// Cancels the turns of all actors, and what the statement waits for.
    pub fn cancel_all(&self) {
        self.cancel();
        self.node().actors().iter().for_each(|actor| actor.cancel_turn());
    }

    fn waiting_for(&self) -> std::sync::MutexGuard<'_, Option<Waiting>> {
        self.waiting_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn during<T>(&self, actor: &str, work: impl Future<Output = T>) -> T {
        *self.waiting_for() = Some(Waiting::Turn(actor.to_owned()));
        let result = work.await;
        *self.waiting_for() = None;
        result
    }

    /// Does some work; none if it was cancelled.
    async fn during_work<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let end = Arc::new(Notify::new());
        *self.waiting_for() = Some(Waiting::Work(end.clone()));
        let result = tokio::select! {
            result = work => Some(result),
            () = end.notified() => None,
        };
        *self.waiting_for() = None;
        result
    }
}

impl Session {
    /// A session on a node that was started with `start`. `grants` are the handlers that bare components
    /// get, `runs` is the folder below which forked runs come to be.
    pub fn new(node: Node, start: Start, grants: BareGrants, runs: PathBuf) -> Self {
        let waiting_for = Arc::default();
        let interrupt = Interrupt { node: Arc::new(Mutex::new(node.clone())), waiting_for };
        Self {
            looker: Looker::new(node.cache().clone()),
            node,
            grants,
            start,
            runs,
            starts: HashMap::new(),
            history: None,
            is_recorded: false,
            cursor: None,
            last: None,
            watched: Watched::default(),
            trace_lines: None,
            has_moved: false,
            interrupt,
        }
    }

    /// Makes an actor the one that words without a name mean.
    pub fn turn_to(&mut self, name: &str) {
        self.last = Some(name.to_owned());
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Whether it is on another node since somebody asked last.
    pub fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Makes `trace` show the last records only, as many as a person wants to see.
    pub fn shorten_traces(&mut self) {
        self.trace_lines = Some(past::SHOWN);
    }

    /// What ends a turn that takes too long, while [`Session::evaluate`] waits for it.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Whose turns are to be shown while they happen.
    pub fn watched(&self) -> &Watched {
        &self.watched
    }

    /// Evaluates one statement, which is all of the source.
    ///
    /// # Errors
    /// When the statement is wrong, what it asks for fails, or the sink fails.
    pub async fn evaluate(
        &mut self,
        source: &Arc<Source>,
        sink: &mut Sink<'_>,
    ) -> Result<Flow, Stop> {
        match line::parse(source).map_err(|problem| self.without_actor(source, problem))? {
            Command::Nothing => {}
            Command::Quit => return Ok(Flow::Quit),
            Command::Call(call) => sink(self.call(source, &call).await?)?,
            Command::Spawn(spawn) => self.spawn_line(source, &spawn, sink).await?,
            Command::Reload(reload) => self.reload(source, &reload, sink).await?,
            Command::Stop(name) => sink(self.stop(source, &name).await?)?,
            Command::Info(name) => sink(self.info(source, &name)?)?,
            Command::Send(name, text) => sink(self.send(source, &name, text).await?)?,
            Command::Kill(name) => sink(self.kill(source, &name).await?)?,
            Command::Restart(name) => sink(self.restart(source, &name).await?)?,
            Command::Tree => sink(Output::Tree(self.node.tree()))?,
            Command::Ps => sink(Output::Actors(self.actors()))?,
            Command::Events(name, condition) => {
                sink(self.watch(source, name.as_ref(), condition.clone())?)?;
            }
            Command::Help(topic) => sink(self.explain(source, topic.as_ref())?)?,
            Command::Fork(fork) => {
                self.fork(source, &fork, sink).await?;
            }
            Command::Stack(address) => sink(self.stack(source, address.as_ref()).await?)?,
            command => self.look_back(source, command, sink)?,
        }
        Ok(Flow::Continue)
    }

    async fn call(&mut self, source: &Arc<Source>, call: &Call) -> Result<Output> {
        let actor = self.living(source, &call.actor)?;
        let program = &actor.program;
        let uncallable = program.uncallable.iter().map(|function| split(&function.full_name));
        let callable = program.functions.iter();
        let callable = callable.map(|function| (function.interface.as_deref(), &*function.name));
        let names: Vec<(Option<&str>, &str)> = callable.chain(uncallable).collect();
        let index = find_function(source, call, &names)?;
        let Some(function) = program.functions.get(index) else {
            let reason = &program.uncallable[index - program.functions.len()].reason;
            let message = format!("`{}` cannot be called: {reason}", call.function.text);
            return Err(Box::new(
                Diagnostic::error(FUNCTION_UNCALLABLE, message)
                    .at(source, call.function.span.clone(), "not with values alone")
                    .help(format!("See what can be called with `help {}`.", actor.name)),
            ));
        };
        let arguments = parse_arguments(source, call.arguments.clone(), &function.params)?;
        let origin = Some(source.text.trim().to_owned());
        let work = self.node.call(&actor.name, &function.full_name, arguments, origin);
        let reply = self.interrupt.during(&actor.name, work).await.map_err(|error| {
            let span = call.actor.span.start..call.function.span.end;
            placed(Box::new(error.diagnostic()), source, span, "in this call")
        })?;
        self.last = Some(actor.name.to_string());
        Ok(Output::Reply {
            actor: actor.name.to_string(),
            turn: reply.turn,
            function: function.full_name.clone(),
            result: reply.values.into_iter().next(),
        })
    }

    async fn spawn_line(
        &mut self,
        source: &Arc<Source>,
        spawn: &Spawn,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let start = Start::of_path(spawn.path.text.as_ref());
        // What has no place of its own is a problem of the line.
        let in_line = |problems: Vec<Diagnostic>| -> Vec<Diagnostic> {
            let span = || spawn.name.as_ref().map_or(&spawn.path, |name| name).span.clone();
            let place = |problem| *placed(Box::new(problem), source, span(), "to be spawned");
            problems.into_iter().map(place).collect()
        };
        let loaded = start.load(&self.grants, self.node.cache()).map_err(in_line)?;
        let Some(mut loaded) = loaded else { return Ok(()) };
        for warning in loaded.take_warnings() {
            sink(Output::Warning(Box::new(warning)))?;
        }
        let name = match &spawn.name {
            Some(name) => name.text.clone(),
            None => loaded.name().to_owned(),
        };
        let arguments = spawn.arguments.clone().map(|span| (source.clone(), span));
        let origin = source.text.trim().to_owned();
        let actor = self.spawn(loaded, &name, arguments, origin).await.map_err(in_line)?;
        self.starts.insert(name.clone(), start);
        let text = match actor.program.functions.is_empty() {
            true => format!("{name} lives"),
            false => format!("{name} lives; `help {name}` shows its functions"),
        };
        Ok(sink(Output::Done { key: "spawned", value: json!(name), text })?)
    }

    /// The running actors, as `ps` shows them.
    pub fn actors(&self) -> Vec<ActorInfo> {
        let actors = self.node.actors();
        let info = actors.iter().map(|actor| ActorInfo {
            name: actor.name.to_string(),
            id: actor.id.0,
            last_turn: match actor.last_turn() {
                0 if actor.program.function(INIT).is_none() => None,
                turn => Some(turn),
            },
            restarts: actor.incarnation() - 1,
            state_size: actor.state_size(),
            waiting: self.node.waiting(&actor.name),
        });
        info.collect()
    }

    /// Begins to show what happens, or ends it.
    fn watch(
        &mut self,
        source: &Arc<Source>,
        name: Option<&Name>,
        condition: Option<Range<usize>>,
    ) -> Result<Output> {
        let actor = match name {
            Some(name) => Some(self.living(source, name)?.name.to_string()),
            None => None,
        };
        let condition = match condition {
            Some(span) => Some(Condition::parse(source, span)?),
            None => None,
        };
        let watch = Watch { actor, condition };
        let (on, text) = self.watched.toggle(watch.clone());
        let value = match (watch.actor, on) {
            (None, on) => json!(on),
            (Some(actor), true) => json!(actor),
            (Some(_), false) => Value::Null,
        };
        Ok(Output::Done { key: "events", value, text })
    }

    /// The living actor that a name in the line means.
    fn living(&self, source: &Arc<Source>, name: &Name) -> Result<Arc<Actor>> {
        self.node.actor(&name.text).ok_or_else(|| {
            let actors = self.node.actors();
            let names: Vec<&str> = actors.iter().map(|actor| &*actor.name).collect();
            unknown_actor(source, name, &names)
        })
    }

    /// The problem of a line, with the actor that it lacks if it calls a function alone: the one that was used last, or
    /// the only one that has the function.
    fn without_actor(&self, source: &Arc<Source>, problem: Box<Diagnostic>) -> Box<Diagnostic> {
        let lone = |call: &Call| problem.code == CALL_SYNTAX && call.interface.is_none();
        let Some(call) = parse_message(source, 0, "").ok().filter(lone) else { return problem };
        let has = |actor: &&ActorNames| {
            actor.functions.iter().any(|function| function.name == call.function.text)
        };
        let actors: Vec<_> = self.node.actors().iter().map(|actor| actor_names(actor)).collect();
        let having: Vec<_> = actors.iter().filter(has).map(|actor| &actor.name).collect();
        let last = having.iter().find(|name| self.last.as_ref() == Some(**name));
        match (last, &*having) {
            (Some(name), _) | (None, [name]) => {
                let line = source.text.trim();
                Box::new(problem.help(format!("Did you mean `{name}.{line}`?")))
            }
            _ => problem,
        }
    }

    /// The names for completion, as they are now.
    pub fn names(&self) -> Names {
        let actors = self.node.actors();
        let living = actors
            .iter()
            .map(|actor| ActorNames { keys: self.keys_of(&actor.name), ..actor_names(actor) });
        Names { actors: living.chain(self.recorded_names()).collect(), keys: self.keys() }
    }
}

/// The problem of a name that is none of the actors'.
fn unknown_actor(source: &Arc<Source>, name: &Name, names: &[&str]) -> Box<Diagnostic> {
    let below = format!("/{}", name.text);
    let child = names.iter().find(|known| known.ends_with(&below)).copied();
    let near = child.or_else(|| did_you_mean(&name.text, names.iter().copied()));
    let help = match (near, names) {
        (Some(near), _) => format!("Did you mean `{near}`?"),
        (None, []) => "No actor is running: start one with `spawn PATH`.".to_owned(),
        (None, [only]) => format!("The running actor is `{only}`."),
        (None, _) => "See the actors with `ps`.".to_owned(),
    };
    Box::new(
        Diagnostic::error(ACTOR_UNKNOWN, format!("there is no actor `{}`", name.text))
            .at(source, name.span.clone(), "not a running actor")
            .help(help),
    )
}

/// Interface and name of a function's full name.
fn split(full_name: &str) -> (Option<&str>, &str) {
    match full_name.rsplit_once('#') {
        Some((interface, name)) => (Some(interface), name),
        None => (None, full_name),
    }
}

/// The functions of an actor that a person calls: not those that the runtime calls.
fn actor_names(actor: &Actor) -> ActorNames {
    let functions = actor.program.functions.iter().filter(|function| {
        let interface = function.interface.as_deref();
        function.full_name != INIT && !interface.is_some_and(|i| i.starts_with("theater:actor/"))
    });
    let functions = functions.map(|function| {
        let interface = function.interface.as_deref();
        FunctionNames::new(interface, &function.name, &function.params, &function.results)
    });
    let last_turn = actor.last_turn();
    let name = actor.name.to_string();
    ActorNames { name, functions: functions.collect(), last_turn, keys: Vec::new() }
}

/// A problem with a place in the line, if it has none yet.
fn placed(
    problem: Box<Diagnostic>,
    source: &Arc<Source>,
    span: Range<usize>,
    label: &str,
) -> Box<Diagnostic> {
    match problem.labels.is_empty() {
        true => Box::new(problem.at(source, span, label)),
        false => problem,
    }
}
