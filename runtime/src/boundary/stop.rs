use super::{Abort, Answering, Crossing, Source, TurnData};
use crate::handlers::Context;
use crate::state::State;
use crate::trace::{Answer, ImportCall};
use crate::turn::{Frame, stack};
use std::fmt;
use std::ops::ControlFlow;
use wasmtime::{StoreContextMut, WasmBacktrace};

/// An import call of a turn that is executed again, at which its guest waits.
#[derive(Debug, Clone)]
pub struct Stop {
    /// The number of the call in its turn, from 1.
    pub step: u64,
    /// What the guest asked, and what it gets: in full, also where only a digest was recorded.
    pub call: ImportCall,
    /// Where the answer comes from.
    pub source: Source,
    /// The state as the turn sees it now, with what it has changed so far.
    pub state: State,
    /// The guest's functions at this moment, the innermost first.
    pub stack: Vec<Frame>,
}

/// Who is told of each import call of a turn, while the guest waits in it. Its answer says whether the turn
/// goes on.
pub struct Watcher {
    tell: Box<dyn FnMut(Stop) -> ControlFlow<()> + Send>,
    /// What the guest has asked.
    asked: Option<ImportCall>,
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Watcher {
    /// Tells this function. The guest waits until it returns.
    pub fn new(tell: impl FnMut(Stop) -> ControlFlow<()> + Send + 'static) -> Self {
        Self { tell: Box::new(tell), asked: None }
    }

    pub(super) fn asks(&mut self, function: &str, arguments: &[u8]) {
        let (function, arguments) = (function.to_owned(), arguments.to_vec());
        self.asked = Some(ImportCall { function, arguments, answer: Answer::None });
    }

    pub(super) fn gets(&mut self, results: &[u8]) {
        if let Some(call) = &mut self.asked {
            call.answer = Answer::Returned(results.to_vec());
        }
    }
}

/// One import call, which `pass` carries over the boundary; who watches the turn is told of it.
pub(super) fn carry<R>(
    mut store: StoreContextMut<'_, TurnData>,
    source: Source,
    pass: impl FnOnce(&mut Context, &mut Crossing) -> Result<R, Abort>,
) -> wasmtime::Result<R> {
    let stack = seen(&store);
    let TurnData { context, crossing, .. } = store.data_mut();
    let result = pass(context, crossing);
    store.data_mut().tell(stack, source, result)
}

/// The same for a call that may have to wait, whose answer is from the world.
pub(super) async fn carry_waiting<R>(
    mut store: StoreContextMut<'_, TurnData>,
    pass: impl for<'c> FnOnce(&'c mut Context, &'c mut Crossing) -> Answering<'c, R>,
) -> wasmtime::Result<R> {
    let stack = seen(&store);
    let TurnData { context, crossing, .. } = store.data_mut();
    let result = pass(context, crossing).await;
    store.data_mut().tell(stack, Source::World, result)
}

/// The guest's stack in an import call, if somebody wants to see it.
fn seen(store: &StoreContextMut<'_, TurnData>) -> Option<Vec<Frame>> {
    let watched = store.data().crossing.is_watched();
    watched.then(|| stack(&WasmBacktrace::capture(store)))
}

impl Crossing {
    /// The same with somebody who is told of each import call.
    #[must_use]
    pub fn watched(self, watcher: Option<Watcher>) -> Self {
        Self { watcher, ..self }
    }

    /// Whether somebody is told of each import call.
    pub fn is_watched(&self) -> bool {
        self.watcher.is_some()
    }
}

impl TurnData {
    /// Tells of a call that is done, with the stack that was seen in it. What differs from the record is no
    /// moment of the recorded turn.
    fn tell<R>(
        &mut self,
        stack: Option<Vec<Frame>>,
        source: Source,
        result: Result<R, Abort>,
    ) -> wasmtime::Result<R> {
        let step = self.crossing.step();
        let (Some(watcher), Some(stack)) = (&mut self.crossing.watcher, stack) else {
            return Ok(result?);
        };
        let Some(call) = watcher.asked.take() else { return Ok(result?) };
        if matches!(result, Err(Abort::Diverged)) {
            return Ok(result?);
        }
        let state = self.context.state.state().clone();
        match (watcher.tell)(Stop { step, call, source, state, stack }) {
            ControlFlow::Continue(()) => Ok(result?),
            ControlFlow::Break(()) => Err(Abort::Left.into()),
        }
    }
}
