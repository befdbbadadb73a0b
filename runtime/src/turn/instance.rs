use super::Program;
use crate::boundary::{Crossing, MemoryLimiter, TurnData};
use crate::engine::YIELD_INTERVAL;
use crate::handlers::{Context, Origin};
use crate::manifest::{Grants, Limits};
use crate::state::State;
use crate::trace::ActorId;
use wasmtime::{Store, component};

/// What wasmtime counts for each byte of a list that comes as dynamic values, with room to spare:
/// one such value takes 40 bytes.
const HOSTCALL_FUEL_PER_BYTE: u64 = 64;

/// An instance between two turns of its life, with its store.
///
/// Only what the component itself remembers lives on in it: its memories, globals and tables. What
/// handlers and the boundary hold is each turn's own.
pub struct Instance {
    store: Store<TurnData>,
    component: component::Instance,
    began: u64,
    memories: u32,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("began", &self.began).finish_non_exhaustive()
    }
}

/// A new store for the turns of one instance.
pub(super) fn store(
    program: &Program,
    context: Context,
    crossing: Crossing,
    limits: &Limits,
) -> Store<TurnData> {
    let message_limit = crossing.message_limit();
    let limiter = MemoryLimiter::new(limits.memory);
    let mut store = Store::new(program.engine(), TurnData { context, crossing, limiter });
    store.limiter(|data| &mut data.limiter);
    store.set_hostcall_fuel(
        usize::try_from(message_limit * HOSTCALL_FUEL_PER_BYTE).unwrap_or(usize::MAX),
    );
    store
        .fuel_async_yield_interval(Some(YIELD_INTERVAL))
        .expect("the engine counts fuel, and the interval is not zero");
    store
}

impl Instance {
    /// The turn with which its life began.
    pub fn began(&self) -> u64 {
        self.began
    }

    /// How many linear memories it has.
    pub fn memories(&self) -> u32 {
        self.memories
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> u64 {
        self.store.data().limiter.used()
    }

    /// Begins its next turn.
    pub(super) fn begin(
        mut self,
        mut context: Context,
        crossing: Crossing,
    ) -> (Store<TurnData>, Option<component::Instance>) {
        let data = self.store.data_mut();
        context.resources.follow(&data.context.resources);
        data.context = context;
        data.crossing = crossing;
        (self.store, Some(self.component))
    }

    /// Ends a turn that returned: what the turn made, and the instance for the next one. Nothing of
    /// the turn stays in the store.
    pub(super) fn end(
        mut store: Store<TurnData>,
        component: component::Instance,
        began: u64,
        memories: u32,
    ) -> ((Context, Crossing), Self) {
        let data = store.data_mut();
        let crossing = std::mem::replace(&mut data.crossing, Crossing::live(0));
        let context = std::mem::replace(&mut data.context, nobody());
        data.context.resources.follow(&context.resources);
        ((context, crossing), Self { store, component, began, memories })
    }
}

/// The context between two turns, in which none of the component's code runs.
fn nobody() -> Context {
    let (name, state) = ("".into(), State::default());
    Context::new(name, ActorId::NODE, 0, Origin::Runtime, state, &Grants::default())
}
