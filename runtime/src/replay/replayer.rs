use super::life::{Life, impossible};
use super::{ActorHistory, History, PastTurn};
use crate::boundary::export::{Function, is_upgrade};
use crate::boundary::{Crossing, Divergence, Script, Watcher, show_values};
use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, Result, TRACE_DAMAGED};
use crate::engine::{EngineConfig, Purpose};
use crate::handlers::{Context, Origin};
use crate::manifest::{Instances, Manifest};
use crate::node::recorded_manifest;
use crate::state::{Delta, State};
use crate::trace::{CallsReader, Code, Hash, Part, PayloadKind, Record, Records};
use crate::turn::{self, Compiler, Execution, Failure, OutcomeKind, Program};
use crate::world::Binary;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use wasmtime::component::Val;

/// Executes recorded turns again and compares them with their records.
///
/// All answers come from the trace or follow from the recorded state; nothing outside is asked. The
/// recorded component is used, never the file that happens to lie in the project now, unless
/// another one is given to try it on this history.
#[derive(Debug)]
pub struct Replayer {
    compiler: Compiler,
    engine_hash: Hash,
    /// Made when the first turn is replayed that ended in a stack overflow.
    large_stack: OnceLock<Compiler>,
    /// Other components in place of the recorded ones.
    instead: Instead,
    /// Another manifest in place of the recorded ones.
    manifest: Option<Manifest>,
    /// Whether every turn gets a fresh instance, also those that were recorded in a kept one.
    fresh: bool,
    purpose: Purpose,
    programs: RwLock<HashMap<ProgramKey, Arc<Ready>>>,
}

/// What is executed, whose it is if it has another component than recorded, and whether on the engine with
/// the large stack.
type ProgramKey = (Code, Option<String>, bool);

/// What is executed in place of recorded components.
#[derive(Debug)]
pub enum Instead {
    /// Nothing.
    Nothing,
    /// One component in place of all.
    OfAll(Vec<u8>),
    /// The components of actors with these names.
    OfSome(BTreeMap<String, Vec<u8>>),
}

impl Instead {
    fn of(&self, actor: &str) -> Option<&Vec<u8>> {
        match self {
            Self::Nothing => None,
            Self::OfAll(component) => Some(component),
            Self::OfSome(components) => components.get(actor),
        }
    }
}

/// What turns of one actor are executed with.
#[derive(Debug)]
pub(super) struct Ready {
    pub program: Program,
    pub manifest: Manifest,
}

/// A turn that was executed again.
#[derive(Debug)]
pub struct Replayed {
    /// The number of the turn.
    pub turn: u64,
    /// The first difference, if there is one.
    pub divergence: Option<Divergence>,
}

/// What came of executing a turn again.
pub(super) enum Again {
    /// It could not even begin as recorded.
    Unlike(Divergence),
    /// It was executed.
    Done { record: Box<Record>, execution: Box<Execution> },
}

/// What the comparison looks at.
struct Comparison<'c> {
    past: &'c PastTurn,
    record: &'c Record,
    execution: &'c Execution,
    /// Whether component, engine and instance are as recorded, so that fuel must be the same.
    same: bool,
}

impl Ready {
    fn is_fresh(&self) -> bool {
        self.manifest.actor.instance == Instances::Fresh
    }
}

impl Replayer {
    /// A replayer that uses the recorded components, or `with` in place of all of them. Compiled ones
    /// are taken from the cache, and kept there.
    ///
    /// # Errors
    ///
    /// When the engine cannot start.
    pub fn new(with: Option<Vec<u8>>, cache: Cache) -> Result<Self> {
        Self::with(with.map_or(Instead::Nothing, Instead::OfAll), cache)
    }

    /// A replayer that uses other components for some actors, or for all.
    ///
    /// # Errors
    ///
    /// When the engine cannot start.
    pub fn with(instead: Instead, cache: Cache) -> Result<Self> {
        Self::on(Purpose::Replay, instead, cache)
    }

    fn on(purpose: Purpose, instead: Instead, cache: Cache) -> Result<Self> {
        let config = EngineConfig::default();
        Ok(Self {
            compiler: Compiler::new(config, purpose, cache)?,
            engine_hash: Hash::of(config.to_text().as_bytes()),
            large_stack: OnceLock::new(),
            instead,
            manifest: None,
            fresh: false,
            purpose,
            programs: RwLock::default(),
        })
    }

    /// A replayer that looks into turns: its stacks tell the lines of the source, where a component has them.
    ///
    /// # Errors
    ///
    /// When the engine cannot start.
    pub fn for_inspection(cache: Cache) -> Result<Self> {
        Self::on(Purpose::Inspection, Instead::Nothing, cache)
    }

    /// A replayer for what an actor might be reloaded with. Turns that were upgrades are left out: they
    /// belong to the component of their time.
    ///
    /// # Errors
    ///
    /// When the engine cannot start.
    pub fn trial(component: Vec<u8>, manifest: Manifest, cache: Cache) -> Result<Self> {
        let fresh = manifest.actor.instance == Instances::Fresh;
        Ok(Self { manifest: Some(manifest), fresh, ..Self::new(Some(component), cache)? })
    }

    /// Executes every turn in a fresh instance, also those that were recorded in a kept one, whose
    /// fuel is not compared then: what differs needs `instance = "warm"`.
    #[must_use]
    pub fn in_fresh_instances(self) -> Self {
        Self { fresh: true, ..self }
    }

    /// Whether every turn gets a fresh instance.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The turns that have to be executed together with the one at an index, because they had one
    /// instance: just itself, if it had a fresh one.
    pub fn together(&self, actor: &ActorHistory, index: usize) -> Range<usize> {
        if self.fresh { index..index + 1 } else { actor.life(index) }
    }

    /// Executes one recorded turn again, after those before it that had the same instance.
    ///
    /// # Errors
    ///
    /// When it cannot be executed: payloads were removed, a blob is missing.
    pub async fn replay(
        &self,
        history: &History,
        actor: &ActorHistory,
        index: usize,
    ) -> Result<Replayed> {
        history.is_executable(actor, index)?;
        let turns = self.together(actor, index).start..index + 1;
        let mut last = None;
        let mut records = Records::new(history.run());
        self.replay_life(history, actor, turns, &mut records, |_, result| last = Some(result))
            .await;
        // The range is never empty.
        last.unwrap_or_else(|| Err(impossible(actor, index, "it is not in the trace")))
    }

    /// Executes the turns of one instance again, in their order, from the first one on. `tell` hears
    /// of each, by its index; but not of one in which a fork changed the state: that is taken as given.
    pub(super) async fn replay_life(
        &self,
        history: &History,
        actor: &ActorHistory,
        turns: Range<usize>,
        records: &mut Records,
        mut tell: impl FnMut(usize, Result<Replayed>),
    ) {
        let mut life = Life::begin(self, actor, &turns);
        for index in turns {
            let left_out = |past: &PastTurn| {
                self.manifest.is_some() && is_upgrade(&past.header.function)
                    || history.is_of_fork(actor.id, past)
            };
            if actor.turns.get(index).is_some_and(left_out) {
                continue;
            }
            let result = match life.ended(actor, index) {
                Some(result) => result,
                None => self.turn(history, actor, index, &mut life, records).await,
            };
            life.note(actor, index, result.is_err());
            tell(index, result);
        }
    }

    pub(super) async fn turn(
        &self,
        history: &History,
        actor: &ActorHistory,
        index: usize,
        life: &mut Life,
        records: &mut Records,
    ) -> Result<Replayed> {
        let past = history.past(actor, index)?;
        let divergence = match self.again(history, actor, index, life, records, None).await? {
            Again::Unlike(divergence) => Some(divergence),
            Again::Done { record, execution } => {
                let other_instance = self.fresh && past.header.instance.is_some();
                let same_engine = past.engine == Some(self.engine_hash);
                let same = self.instead.of(&actor.name).is_none() && same_engine && !other_instance;
                Comparison { past, record: &record, execution: &execution, same }.difference()
            }
        };
        Ok(Replayed { turn: past.header.turn, divergence })
    }

    /// Executes a turn again, in the instance of its life.
    pub(super) async fn again(
        &self,
        history: &History,
        actor: &ActorHistory,
        index: usize,
        life: &mut Life,
        records: &mut Records,
        watcher: Option<Watcher>,
    ) -> Result<Again> {
        let past = history.past(actor, index)?;
        let impossible = |why: String| impossible(actor, index, &why);
        let record = records.read(past.location)?;
        if let Some((kind, _)) =
            record.header.payloads.iter().find(|(kind, _)| record.payload(*kind).is_none())
        {
            let what = format!("what {}#{} did", actor.name, past.header.turn);
            return Err(history.left_out(&what).unwrap_or_else(|| {
                impossible(format!("its payload `{kind}` was removed from the trace"))
            }));
        }
        let state = actor.before(index).ok_or_else(|| {
            let what = format!("the state before {}#{}", actor.name, past.header.turn);
            let removed =
                || impossible("the state before it was removed from the trace".to_owned());
            history.left_out(&what).unwrap_or_else(removed)
        })?;
        let ready = self.ready(history, actor, past.code, life.large_stack)?;
        if !self.fresh && past.header.instance.is_some() && ready.is_fresh() {
            let expected = "a fresh instance, as its manifest says";
            return Ok(Again::Unlike(difference("instance", expected, "one that was kept")));
        }
        let Some(function) = ready.program.function(&past.header.function) else {
            let expected = &past.header.function;
            return Ok(Again::Unlike(difference("function", expected, "no such export")));
        };
        let arguments = match arguments(function, &record) {
            Ok(arguments) => arguments,
            Err(why) => {
                let recorded = record.payload(PayloadKind::Arguments).unwrap_or_default();
                let expected = show_values(recorded);
                return Ok(Again::Unlike(difference("arguments", &expected, &why)));
            }
        };
        let calls = record.payload(PayloadKind::Calls).unwrap_or_default();
        let calls = CallsReader::new(calls).map_err(|error| impossible(error.what))?;
        let context = context(history, actor, past, &ready, state);
        let mut task = task(&ready, past, function, &arguments, context, calls);
        task.crossing = task.crossing.watched(watcher);
        let execution = match past.header.instance.filter(|_| !self.fresh) {
            Some(_) => turn::execute_warm(&ready.program, &mut life.instance, task).await,
            None => turn::execute(&ready.program, task).await,
        };
        Ok(Again::Done { record: Box::new(record), execution: Box::new(execution) })
    }

    /// The program of an actor, linked as it was when it was recorded.
    pub(super) fn ready(
        &self,
        history: &History,
        actor: &ActorHistory,
        code: Code,
        large: bool,
    ) -> Result<Arc<Ready>> {
        let other = self.instead.of(&actor.name).map(|_| actor.name.clone());
        let key = (code, other, large);
        let programs = self.programs.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = programs.get(&key) {
            return Ok(ready.clone());
        }
        drop(programs);
        // Held while compiling, so that a component is compiled once and not by every core.
        let mut programs = self.programs.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = programs.get(&key) {
            return Ok(ready.clone());
        }
        let ready = Arc::new(self.load(history, actor, code, large)?);
        programs.insert(key, ready.clone());
        Ok(ready)
    }

    fn load(
        &self,
        history: &History,
        actor: &ActorHistory,
        code: Code,
        large: bool,
    ) -> Result<Ready> {
        let blobs = history.run().blobs();
        let read = |what: &str, hash: &Hash| {
            blobs.get(hash).map_err(|error| {
                let is_left_out = |part: &Part| part.left_out.contains(hash);
                if !blobs.path(hash).exists() && history.part().is_some_and(is_left_out) {
                    let what = format!("the {what} of `{}`", actor.name);
                    if let Some(problem) = history.left_out(&what) {
                        return problem;
                    }
                }
                let action = format!("read the {what} of `{}` from", actor.name);
                Box::new(Diagnostic::io(TRACE_DAMAGED, &action, &blobs.path(hash), &error))
            })
        };
        let manifest = match &self.manifest {
            Some(manifest) => manifest.clone(),
            None => recorded_manifest(&actor.name, &read("manifest", &code.manifest)?)?,
        };
        let compiler = if large { self.large_stack_compiler()? } else { &self.compiler };
        let cache = compiler.cache();
        let binary = match self.instead.of(&actor.name) {
            Some(bytes) => Binary::read(bytes.clone(), cache)?,
            None => {
                let bytes = read("component", &code.component)?;
                Binary::with_hash(bytes, code.component, cache)?
            }
        };
        let compiled = compiler.compile(&binary)?;
        let program = Program::link(&compiled, &manifest).map_err(|mut problems| {
            // Linking reports at least one problem when it fails.
            problems.swap_remove(0)
        })?;
        Ok(Ready { program, manifest })
    }

    fn large_stack_compiler(&self) -> Result<&Compiler> {
        if let Some(compiler) = self.large_stack.get() {
            return Ok(compiler);
        }
        let cache = self.compiler.cache().clone();
        let config = EngineConfig::with_large_stack();
        let compiler = Compiler::new(config, self.purpose, cache)?;
        Ok(self.large_stack.get_or_init(|| compiler))
    }
}

pub(super) fn difference(what: &str, expected: &str, actual: &str) -> Divergence {
    Divergence {
        step: 0,
        what: what.to_owned(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        path: String::new(),
    }
}

/// The recorded arguments, read as what the function takes.
fn arguments(function: &Function, record: &Record) -> Result<Vec<Val>, String> {
    match record.payload(PayloadKind::Arguments) {
        None if function.params.is_empty() => Ok(Vec::new()),
        None => Err(format!("{} parameters", function.params.len())),
        Some(bytes) => function
            .decode_arguments(bytes)
            .map_err(|error| format!("other parameters: {}", error.what)),
    }
}

/// What the turn's handlers saw.
fn context(
    history: &History,
    actor: &ActorHistory,
    past: &PastTurn,
    ready: &Ready,
    state: State,
) -> Context {
    let sender = past.header.cause.step().and_then(|step| history.by_id(step.actor));
    let sender = sender.map(|sender| sender.name.as_str().into());
    let origin = Origin::new(&past.header.cause, sender);
    let (name, turn) = (actor.name.as_str().into(), past.header.turn);
    let takes_ticks = ready.program.callback("timer-callback", "tick").is_some();
    Context::new(name, actor.id, turn, origin, state, &ready.manifest.handlers)
        .with_timers(past.timers.clone(), takes_ticks)
}

fn task<'t>(
    ready: &'t Ready,
    past: &PastTurn,
    function: &'t Function,
    arguments: &'t [Val],
    context: Context,
    calls: CallsReader,
) -> turn::Task<'t> {
    let header = &past.header;
    let manifest = &ready.manifest;
    turn::Task {
        function,
        arguments,
        context,
        crossing: Crossing::replay(Script::new(calls), manifest.limits.message),
        limits: &manifest.limits,
        // What ended at a certain point is stopped at that point: the fuel used says where.
        // A record that claims to have used more than its limit was made up, and may not run longer.
        fuel: if stopped_by_host(header.outcome) {
            header.fuel.min(manifest.limits.fuel)
        } else {
            manifest.limits.fuel
        },
        cancel: None,
    }
}

/// Whether the turn was ended at a place that only its fuel tells: by the clock, by somebody
/// outside, or by the size of the stack, which differs between builds of the engine.
fn stopped_by_host(outcome: OutcomeKind) -> bool {
    matches!(outcome, OutcomeKind::Timeout | OutcomeKind::Cancelled | OutcomeKind::StackOverflow)
}

impl Comparison<'_> {
    /// The first difference, in the order in which one explains the other.
    fn difference(&self) -> Option<Divergence> {
        self.execution
            .divergence
            .clone()
            .or_else(|| self.outcome())
            .or_else(|| self.failure())
            .or_else(|| self.result())
            .or_else(|| self.delta())
            .or_else(|| self.fuel())
    }

    fn outcome(&self) -> Option<Divergence> {
        let recorded = self.past.header.outcome;
        let now = self.execution.outcome;
        if recorded == now || self.stopped_where_recorded() {
            return None;
        }
        let describe = |outcome: OutcomeKind, failure: Option<&Failure>| match failure {
            Some(failure) => format!("{outcome}: {}", failure.message),
            None => outcome.to_string(),
        };
        let failure = self.recorded_failure();
        Some(difference(
            "outcome",
            &describe(recorded, failure.as_ref()),
            &describe(now, self.execution.failure.as_ref()),
        ))
    }

    /// Whether the turn came to the place where the recorded one was ended, and was stopped there:
    /// at a point in its code that its fuel tells, or in an import call that has no answer.
    fn stopped_where_recorded(&self) -> bool {
        let recorded = self.past.header.outcome;
        let now = self.execution.outcome;
        let at_its_fuel = stopped_by_host(recorded) && now == OutcomeKind::OutOfFuel;
        at_its_fuel || (self.execution.record_ended && !recorded.commits())
    }

    fn recorded_failure(&self) -> Option<Failure> {
        Failure::decode(self.record.payload(PayloadKind::Failure)?).ok()
    }

    fn failure(&self) -> Option<Divergence> {
        if self.stopped_where_recorded() {
            return None;
        }
        let (recorded, now) = (self.recorded_failure()?, self.execution.failure.as_ref()?);
        if recorded.message != now.message {
            return Some(difference("failure", &recorded.message, &now.message));
        }
        if self.same && recorded.frames != now.frames {
            let show = |frames: &[String]| frames.join(", ");
            return Some(difference("stack", &show(&recorded.frames), &show(&now.frames)));
        }
        None
    }

    fn result(&self) -> Option<Divergence> {
        /// An array of none: a function without a result has no payload for it.
        const NONE: &[u8] = &[0x80];
        let recorded = self.record.payload(PayloadKind::Result).unwrap_or(NONE);
        let now = self.execution.result.as_deref().unwrap_or(NONE);
        (recorded != now).then(|| Divergence::of_results(recorded, now))
    }

    fn delta(&self) -> Option<Divergence> {
        let recorded = self.record.payload(PayloadKind::Delta).unwrap_or_default();
        let now = self.execution.delta.encode();
        if recorded == now {
            return None;
        }
        let recorded = Delta::decode(recorded).unwrap_or_default();
        let now = &self.execution.delta;
        let (key, expected, actual) = first_change(&recorded, now)?;
        Some(difference(&format!("state `{key}`"), &expected, &actual))
    }

    /// The same component on the same engine burns the same fuel.
    fn fuel(&self) -> Option<Divergence> {
        let header = &self.past.header;
        let exact = self.execution.fuel_exact && !stopped_by_host(header.outcome);
        if !self.same || !exact || header.fuel == self.execution.fuel {
            return None;
        }
        Some(difference("fuel", &header.fuel.to_string(), &self.execution.fuel.to_string()))
    }
}

/// The first key that changed in another way: what it should become, and what it became.
pub(super) fn first_change(recorded: &Delta, now: &Delta) -> Option<(String, String, String)> {
    let (recorded, now): (HashMap<_, _>, HashMap<_, _>) =
        (recorded.0.iter().cloned().collect(), now.0.iter().cloned().collect());
    let mut keys: Vec<&String> = recorded.keys().chain(now.keys()).collect();
    keys.sort();
    let show = |change: Option<&Option<crate::state::Value>>| match change {
        None => "unchanged".to_owned(),
        Some(None) => "deleted".to_owned(),
        Some(Some(value)) => crate::call::to_wave(&value.to_val()),
    };
    let differs = |key: &&&String| recorded.get(**key) != now.get(**key);
    let key = keys.iter().find(differs)?;
    Some(((*key).clone(), show(recorded.get(*key)), show(now.get(*key))))
}
