//! One message through one instance: the transaction.
//!
//! [`execute`] takes a fresh instance of a [`Program`], calls one exported function, and answers
//! with an [`Execution`]: what it returned or why it aborted, what it changed, and the record of all
//! that crossed the boundary. It changes nothing by itself; committing is the actor's.
//! [`execute_warm`] does the same in an [`Instance`] that lives over several turns.

mod compiler;
mod frames;
mod instance;
mod outcome;
mod program;

pub use compiler::{Compiled, Compiler};
pub(crate) use frames::stack;
pub use frames::{Frame, SourcePlace};
pub use instance::Instance;
pub use outcome::{Failure, OutcomeKind};
pub use program::Program;

use crate::boundary::export::Function;
use crate::boundary::{Abort, Crossing, Divergence, TurnData};
use crate::handlers::{AtCommit, Context, StopReason};
use crate::manifest::Limits;
use crate::state::{Delta, State};
use crate::surroundings::Stopwatch;
use frames::frames;
use std::time::Duration;
use tokio::sync::watch;
use wasmtime::component::{self, Val};
use wasmtime::{Store, Trap, WasmBacktrace};

/// The beginning of wasmtime's message when a component returns more than that. It has no type.
const HOSTCALL_FUEL_MESSAGE: &str = "too much data is being copied";

/// One turn to execute.
pub struct Task<'t> {
    /// What to call.
    pub function: &'t Function,
    /// With which arguments. They are of the function's types.
    pub arguments: &'t [Val],
    /// What handlers see.
    pub context: Context,
    /// Live, or in replay.
    pub crossing: Crossing,
    /// What the turn may use.
    pub limits: &'t Limits,
    /// The fuel that it may use; in replay this can be less than the limit.
    pub fuel: u64,
    /// Becomes true when somebody wants the turn to end. None in replay, where there is no clock.
    pub cancel: Option<watch::Receiver<bool>>,
}

/// How a turn went.
#[derive(Debug)]
pub struct Execution {
    /// How it ended.
    pub outcome: OutcomeKind,
    /// Why, if it aborted or refused.
    pub failure: Option<Failure>,
    /// What the function returned, if it returned.
    pub values: Vec<Val>,
    /// The same in its encoding.
    pub result: Option<Vec<u8>>,
    /// Fuel used.
    pub fuel: u64,
    /// Whether the fuel is exact: after a hardware trap it is not.
    pub fuel_exact: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// The import calls, as a payload.
    pub calls: Vec<u8>,
    /// What it changed; nothing if it aborted.
    pub delta: Delta,
    /// The state after it, if it committed.
    pub state: Option<State>,
    /// What else is to take place; nothing if it aborted.
    pub at_commit: Vec<AtCommit>,
    /// Whether the actor wishes to end; only if it committed.
    pub stop: Option<StopReason>,
    /// In replay: what differed in the import calls.
    pub divergence: Option<Divergence>,
    /// The turn with which the life of its instance began, if the instance was to be kept.
    pub instance: Option<u64>,
    /// In replay: whether it came to the import call in which the recorded turn ended, and was
    /// stopped there.
    pub record_ended: bool,
    /// Where the guest was when the turn aborted, if somebody watched it.
    pub stack: Vec<Frame>,
}

impl Execution {
    /// A turn that is not executed any more: what it had called by then, and why.
    pub fn abandoned(calls: Vec<u8>, why: &str) -> Self {
        Self {
            outcome: OutcomeKind::Cancelled,
            failure: Some(Failure::new(why)),
            values: Vec::new(),
            result: None,
            fuel: 0,
            fuel_exact: false,
            elapsed: Duration::ZERO,
            calls,
            delta: Delta::default(),
            state: None,
            at_commit: Vec::new(),
            stop: None,
            divergence: None,
            instance: None,
            record_ended: false,
            stack: Vec::new(),
        }
    }
}

/// How the call in the instance ended.
enum Ended {
    Returned(Vec<Val>, Vec<u8>),
    Failed(wasmtime::Error),
    Timeout,
    Cancelled,
}

/// Executes one turn in a fresh instance, which ends with it.
pub fn execute<'t>(program: &'t Program, task: Task<'t>) -> impl Future<Output = Execution> {
    run(program, task, None)
}

/// Executes one turn in an instance that is kept: the one that an earlier turn left there, or a
/// fresh one. What is there afterwards can take the next turn: nothing, if this one aborted.
pub fn execute_warm<'t>(
    program: &'t Program,
    instance: &'t mut Option<Instance>,
    task: Task<'t>,
) -> impl Future<Output = Execution> {
    run(program, task, Some(instance))
}

async fn run(
    program: &Program,
    task: Task<'_>,
    mut kept: Option<&mut Option<Instance>>,
) -> Execution {
    let Task { function, arguments, context, crossing, limits, fuel, cancel } = task;
    let start = Stopwatch::start();
    let before = kept.as_mut().and_then(|kept| kept.take());
    let began = before.as_ref().map_or(context.turn, Instance::began);
    let (mut store, mut component) = match before {
        Some(before) => before.begin(context, crossing),
        None => (instance::store(program, context, crossing, limits), None),
    };
    let ended = match store.set_fuel(fuel) {
        Err(error) => Ended::Failed(error),
        Ok(()) => {
            let call = call(program, &mut store, &mut component, function, arguments);
            match cancel {
                None => call.await,
                Some(cancel) => guard(call, limits.timeout, cancel).await,
            }
        }
    };
    let used = fuel - store.get_fuel().unwrap_or_default().min(fuel);
    let (data, after) = match (component, &ended) {
        (Some(component), Ended::Returned(..)) if kept.is_some() => {
            let (data, after) = Instance::end(store, component, began, program.memories);
            (data, Some(after))
        }
        _ => {
            let TurnData { context, crossing, .. } = store.into_data();
            ((context, crossing), None)
        }
    };
    let mut execution = conclude(ended, data, function, limits);
    execution.fuel = used;
    execution.elapsed = start.elapsed();
    if let Some(kept) = kept {
        execution.instance = Some(began);
        *kept = after.filter(|_| execution.outcome.commits());
    }
    execution
}

async fn call(
    program: &Program,
    store: &mut Store<TurnData>,
    instance: &mut Option<component::Instance>,
    function: &Function,
    arguments: &[Val],
) -> Ended {
    let fresh = match instance {
        Some(_) => Ok(()),
        None => program.instantiate(store).await.map(|fresh| *instance = Some(fresh)),
    };
    let result = match (fresh, instance) {
        (Ok(()), Some(instance)) => function.call(store, instance, arguments).await,
        (Ok(()), None) => return Ended::Failed(wasmtime::format_err!("there is no instance")),
        (Err(error), _) => Err(error),
    };
    match result {
        Ok((values, encoded)) => Ended::Returned(values, encoded),
        Err(error) => Ended::Failed(error),
    }
}

/// Ends the call when its time is up or somebody asks for it. Both strike where the component
/// yields, so the fuel used until then says exactly where.
async fn guard(
    call: impl Future<Output = Ended>,
    timeout: Duration,
    mut cancel: watch::Receiver<bool>,
) -> Ended {
    let cancelled = async {
        if cancel.wait_for(|cancel| *cancel).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        ended = call => ended,
        () = cancelled => Ended::Cancelled,
        () = tokio::time::sleep(timeout) => Ended::Timeout,
    }
}

fn conclude(
    ended: Ended,
    (context, crossing): (Context, Crossing),
    function: &Function,
    limits: &Limits,
) -> Execution {
    let (resumes, watched) = (crossing.resumes(), crossing.is_watched());
    let (calls, script) = crossing.finish();
    let (mut fuel_exact, mut record_ended) = (true, false);
    let (mut values, mut result, mut stack) = (Vec::new(), None, Vec::new());
    let (outcome, failure) = match ended {
        Ended::Returned(returned, encoded) => {
            let refusal = refusal(function, &returned);
            (values, result) = (returned, Some(encoded));
            match refusal {
                Some(reason) => (OutcomeKind::Refused, Some(Failure::new(reason))),
                None => (OutcomeKind::Returned, None),
            }
        }
        Ended::Failed(error) => {
            fuel_exact = is_fuel_exact(&error);
            record_ended = matches!(error.downcast_ref(), Some(Abort::RecordEnds));
            if watched && let Some(backtrace) = error.downcast_ref() {
                stack = frames::stack(backtrace);
            }
            let (outcome, failure) = classify(&error, limits);
            (outcome, Some(failure))
        }
        Ended::Timeout => {
            let message = format!("the turn took longer than its limit of {:?}", limits.timeout);
            (OutcomeKind::Timeout, Some(Failure::new(message)))
        }
        Ended::Cancelled => {
            (OutcomeKind::Cancelled, Some(Failure::new("the turn was ended from outside")))
        }
    };
    let ended_early = !matches!(outcome, OutcomeKind::Returned | OutcomeKind::Refused);
    let divergence = script.and_then(|script| script.finish(ended_early));
    let (outcome, failure) = match &divergence {
        Some(divergence) if resumes => (OutcomeKind::Cancelled, Some(cannot_go_on(divergence))),
        _ => (outcome, failure),
    };
    let failure = failure.map(|mut failure| {
        failure.hear(&calls);
        failure
    });
    let (delta, state) = context.state.finish();
    let commits = outcome.commits();
    Execution {
        outcome,
        failure,
        values,
        result,
        fuel: 0,
        fuel_exact,
        elapsed: Duration::ZERO,
        calls,
        delta: if commits { delta } else { Delta::default() },
        state: commits.then_some(state),
        at_commit: if commits { context.at_commit } else { Vec::new() },
        stop: context.stop.filter(|_| commits),
        divergence,
        instance: None,
        record_ended,
        stack,
    }
}

/// Why a turn aborts that goes on where a dead node left it: it depends on more than was recorded, such
/// as the memory of a kept instance.
fn cannot_go_on(divergence: &Divergence) -> Failure {
    Failure::new(format!(
        "the node died in the middle of the turn, and it cannot go on: {} of step {} was {}, and is {}",
        divergence.what, divergence.step, divergence.expected, divergence.actual
    ))
}

/// The reason for which `init` refuses to start, or `upgrade` to go on, if it does.
fn refusal(function: &Function, values: &[Val]) -> Option<String> {
    match values {
        [Val::Result(Err(reason))] if function.may_refuse() => Some(match reason.as_deref() {
            Some(Val::String(reason)) => reason.clone(),
            _ => "no reason given".to_owned(),
        }),
        _ => None,
    }
}

/// A hardware trap leaves the fuel where it was last written down, which depends on the compiler.
fn is_fuel_exact(error: &wasmtime::Error) -> bool {
    match error.downcast_ref::<Trap>() {
        Some(trap) => {
            matches!(trap, Trap::OutOfFuel | Trap::UnreachableCodeReached | Trap::StackOverflow)
        }
        None => true,
    }
}

fn classify(error: &wasmtime::Error, limits: &Limits) -> (OutcomeKind, Failure) {
    let frames = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    let (outcome, message) = if let Some(abort) = error.downcast_ref::<Abort>() {
        let outcome = match abort {
            Abort::Memory { .. } => OutcomeKind::MemoryLimit,
            Abort::Size(_) => OutcomeKind::SizeLimit,
            Abort::Trap(_) => OutcomeKind::Trap,
            Abort::Unanswered(_) => OutcomeKind::CallFailed,
            Abort::NoSuchActor(_) => OutcomeKind::NoSuchActor,
            Abort::Diverged | Abort::RecordEnds | Abort::Left => OutcomeKind::Cancelled,
        };
        (outcome, abort.to_string())
    } else if let Some(trap) = error.downcast_ref::<Trap>() {
        match trap {
            Trap::OutOfFuel => {
                let message =
                    format!("it used more than its limit of {} units of fuel", limits.fuel);
                (OutcomeKind::OutOfFuel, message)
            }
            Trap::StackOverflow => {
                (OutcomeKind::StackOverflow, "it called too deep for its stack".to_owned())
            }
            other => {
                let message = other.to_string();
                let message = message.strip_prefix("wasm trap: ").unwrap_or(&message);
                (OutcomeKind::Trap, message.to_owned())
            }
        }
    } else {
        let message = error.root_cause().to_string();
        if message.starts_with(HOSTCALL_FUEL_MESSAGE) {
            let message =
                format!("it passed more than the limit of one message, {} bytes", limits.message);
            (OutcomeKind::SizeLimit, message)
        } else {
            (OutcomeKind::Trap, message)
        }
    };
    (outcome, Failure { frames, ..Failure::new(message) })
}
