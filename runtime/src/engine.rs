//! The wasmtime engine, and every setting of it that could change the outcome of a turn.

use std::num::NonZeroUsize;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

/// How many turns may run at one time, those that wait for other actors among them. Further ones wait.
pub const TURNS_AT_ONCE: u32 = 256;

/// How many linear memories the instances of running turns may have together beyond one each. Turns that need more
/// wait.
pub(crate) const MORE_MEMORIES: u32 = 157;

/// How many linear memories instances may have together that are kept between turns (`instance = "warm"`), nearly
/// always one each, and how many bytes. They are the pool's slots beyond those of running turns, so they
/// never keep a turn from starting. What was not used for longest goes first.
pub const KEPT_MEMORIES: u32 = 1024;
/// See [`KEPT_MEMORIES`].
pub const KEPT_BYTES: u64 = 1 << 30;

/// The largest memory limit that a manifest may set: what a pool slot reserves of address space.
pub const MAX_MEMORY: u64 = 4 << 30;

/// How many core instances, memories and tables one component may have. The largest real ones are
/// made of shared libraries, each an instance of its own: Python's have about 40.
const MAX_CORE_INSTANCES: u32 = 96;
pub(crate) const MAX_MEMORIES: u32 = 4;
const MAX_TABLES: u32 = 8;

/// How many entries one table may have.
pub const MAX_TABLE_ENTRIES: usize = 100_000;

/// The version of wasmtime, whose compiler decides how much fuel and stack a function uses.
const WASMTIME: &str = "48.0.8";

/// How many instances an engine has room for. Each memory takes [`MAX_MEMORY`] of the 128 TiB of addresses that a
/// process has on x86-64, so that wasm needs no check of bounds: a node's take 5.6 TiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// How many turns may run at one time.
    pub turns: u32,
    /// How many memories those may have beyond one each.
    pub more: u32,
    /// How many memories may be kept between turns.
    pub kept: u32,
}

impl Pool {
    /// That of a node.
    pub const NODE: Self = Self { turns: TURNS_AT_ONCE, more: MORE_MEMORIES, kept: KEPT_MEMORIES };
    /// That of a replayer, which executes no more turns at one time than there are cores.
    pub const REPLAY: Self = Self { turns: 64, more: 64 * (MAX_MEMORIES - 1), kept: 0 };
}

/// What an engine is for. It changes no outcome, only what there is room for and what stacks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Executing the turns of a node.
    Node,
    /// Executing recorded turns again, to compare them.
    Replay,
    /// The same to look into them: stacks tell the lines of the source where a component has debug information.
    /// Compiling and each trap take longer.
    Inspection,
}

impl Purpose {
    fn pool(self) -> Pool {
        match self {
            Self::Node => Pool::NODE,
            Self::Replay | Self::Inspection => Pool::REPLAY,
        }
    }

    fn details(self) -> WasmBacktraceDetails {
        match self {
            Self::Node | Self::Replay => WasmBacktraceDetails::Disable,
            Self::Inspection => WasmBacktraceDetails::Enable,
        }
    }
}

/// How much fuel a turn burns before it gives its thread to others. More often costs time in tight
/// loops; less often makes timeouts late.
pub const YIELD_INTERVAL: u64 = 100_000;

/// All settings that could change the outcome of a turn. Its text is stored with every run, by
/// hash, so that replay on another build can tell whether a difference was to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineConfig {
    /// Bytes of stack that wasm may use before the turn aborts with a stack overflow.
    pub wasm_stack: usize,
}

impl Default for EngineConfig {
    /// 512 KiB of stack: wasmtime's own default, enough for every language's usual recursion.
    fn default() -> Self {
        Self { wasm_stack: 512 << 10 }
    }
}

impl EngineConfig {
    /// The settings for re-executing a turn that ended in a stack overflow: the recorded fuel is
    /// the budget, and the stack is never the limit.
    pub fn with_large_stack() -> Self {
        Self { wasm_stack: 64 << 20 }
    }

    /// The settings as text, one a line.
    pub fn to_text(self) -> String {
        format!(
            "wasmtime = {WASMTIME}\ntarget = {}-{}\nwasm-stack = {}\nyield-interval = {YIELD_INTERVAL}\n\
             nan-canonicalization = true\nrelaxed-simd = deterministic\nthreads = false\ngc = false\n\
             memory64 = false\nmax-core-instances = {MAX_CORE_INSTANCES}\nmax-memories = {MAX_MEMORIES}\n\
             max-tables = {MAX_TABLES}\nmax-table-entries = {MAX_TABLE_ENTRIES}\n",
            std::env::consts::ARCH,
            std::env::consts::OS,
            self.wasm_stack,
        )
    }

    /// Makes the engine, and says what it has room for. Where addresses are short, for example because a process
    /// has many nodes, fewer instances are kept between turns.
    ///
    /// # Errors
    ///
    /// When this machine cannot give what running turns need, which is mostly address space.
    pub fn engine(self, purpose: Purpose) -> wasmtime::Result<(Engine, Pool)> {
        let mut pool = purpose.pool();
        loop {
            let mut config = self.wasmtime(Some(pool));
            match Engine::new(config.wasm_backtrace_details(purpose.details())) {
                Ok(engine) => return Ok((engine, pool)),
                Err(_) if pool.kept > 0 => pool.kept /= 4,
                Err(error) => return Err(error),
            }
        }
    }

    /// wasmtime's own form of the settings. Without a pool, every instance is allocated on its
    /// own: the floor that benches compare with uses the same settings.
    pub fn wasmtime(self, pool: Option<Pool>) -> Config {
        let mut config = Config::new();
        // Deterministic where the specification leaves a choice.
        config.cranelift_nan_canonicalization(true);
        config.relaxed_simd_deterministic(true);
        config.wasm_memory64(false);
        config.shared_memory(false);
        // Fuel is the only clock inside a turn.
        config.consume_fuel(true);
        config.max_wasm_stack(self.wasm_stack);
        config.async_stack_size(self.wasm_stack + (512 << 10));
        // Async functions and streams of WASI 0.3 are refused at load; without them a call is
        // twice as fast.
        config.concurrency_support(false);
        config.cranelift_opt_level(OptLevel::Speed);
        // Enough for a person to find the place; each frame costs time when a trap is captured.
        config.wasm_backtrace_max_frames(NonZeroUsize::new(32));
        config.memory_init_cow(true);
        if let Some(pool) = pool {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool.allocation()));
        }
        config
    }
}

impl Pool {
    fn allocation(self) -> PoolingAllocationConfig {
        let slots = self.turns + self.kept;
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(slots);
        pool.total_core_instances(slots * MAX_CORE_INSTANCES);
        pool.total_memories(self.turns + self.more + self.kept);
        pool.total_tables(slots * MAX_TABLES);
        pool.total_stacks(slots);
        pool.max_core_instances_per_component(MAX_CORE_INSTANCES);
        pool.max_memories_per_component(MAX_MEMORIES);
        pool.max_tables_per_component(MAX_TABLES);
        pool.table_elements(MAX_TABLE_ENTRIES);
        pool.max_memory_size(MAX_MEMORY as usize);
        // Slots that were used last are still mapped and warm.
        pool.max_unused_warm_slots(slots);
        // Small memories are reset by copying instead of by giving pages back to the kernel.
        pool.linear_memory_keep_resident(256 << 10);
        pool.table_keep_resident(16 << 10);
        // Asks the kernel which pages were written, and resets only those (Linux 6.7).
        pool.pagemap_scan(Enabled::Auto);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_room_for_many_nodes() {
        let engines: Vec<_> =
            (0..16).flat_map(|_| EngineConfig::default().engine(Purpose::Node)).collect();
        assert_eq!(engines.len(), 16);
        assert!(engines.iter().all(|(_, pool)| pool.turns == TURNS_AT_ONCE));
    }

    #[test]
    fn the_text_names_the_wasmtime_that_is_linked() {
        let lock = include_str!("../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"\n")));
        assert!(EngineConfig::default().to_text().contains(WASMTIME));
    }
}
