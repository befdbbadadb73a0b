use super::Abort;
use crate::engine::MAX_TABLE_ENTRIES;
use wasmtime::ResourceLimiter;

/// The memory that one instance may have, all its memories together.
///
/// Growing beyond the limit ends the turn instead of failing inside the guest: what happens then
/// must not depend on how a language deals with failing allocations.
#[derive(Debug)]
pub struct MemoryLimiter {
    limit: u64,
    used: u64,
}

impl MemoryLimiter {
    /// Allows this many bytes.
    pub fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    /// How many bytes there are.
    pub fn used(&self) -> u64 {
        self.used
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // Beyond what the component itself declares: it gets -1, as everywhere.
            return Ok(false);
        }
        let asked = self.used - current as u64 + desired as u64;
        if asked > self.limit {
            return Err(Abort::Memory { asked, limit: self.limit }.into());
        }
        self.used = asked;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ENTRIES {
            return Err(Abort::Size(format!(
                "it asked for a table of {desired} entries; the limit is {MAX_TABLE_ENTRIES}"
            ))
            .into());
        }
        Ok(true)
    }
}
