//! What tries changed inputs for a while, and says by which number one fails.

pub mod noise;

use noise::Noise;
use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Counts what is taken from the system.
struct Counting;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// One target at a time: they count the memory of the whole process.
static ALONE: Mutex<()> = Mutex::new(());

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let taken = TAKEN.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(taken, Ordering::Relaxed);
        // SAFETY: what holds for this call holds for that.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: what holds for this call holds for that.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

impl Noise {
    /// One of the inputs, changed in some places; `words` are what may stand in one.
    pub fn changed(&mut self, inputs: &[Vec<u8>], words: &[&[u8]]) -> Vec<u8> {
        let mut bytes = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            let end = at + self.below((bytes.len() - at).min(64) + 1);
            match self.below(9) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, self.next() as u8),
                3 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                4 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                5 => {
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, part);
                }
                6 => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len() + 1);
                    let until = from + self.below((other.len() - from).min(200) + 1);
                    bytes.splice(at..end, other[from..until].iter().copied());
                }
                _ => {
                    let word = words[self.below(words.len())];
                    bytes.splice(at..end, word.iter().copied());
                }
            }
        }
        bytes
    }
}

/// Nobody else tries anything while this is held.
pub fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Tries inputs for a while, each from a number of its own. `most` is how much memory one may take, beside sixty-four times its own.
pub fn try_inputs(target: &str, most: usize, mut try_one: impl FnMut(&mut Noise) -> usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let only = number("THEATER_TEST_FUZZ_SEED");
    let seconds = Duration::from_secs(number("THEATER_TEST_FUZZ_SECONDS").unwrap_or(1));
    let began = Instant::now();
    let mut seed = only.unwrap_or(0);
    loop {
        let before = TAKEN.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let started = Instant::now();
        let tried = catch_unwind(AssertUnwindSafe(|| try_one(&mut Noise(seed))));
        let again = format!("{target}: THEATER_TEST_FUZZ_SEED={seed}");
        let Ok(len) = tried else { panic!("{again}") };
        let taken = PEAK.load(Ordering::Relaxed).saturating_sub(before);
        assert!(taken < most + 64 * len, "{taken} bytes of memory for {len}: {again}");
        // Far beyond what a loaded machine makes of milliseconds.
        assert!(started.elapsed() < Duration::from_secs(60), "it hangs: {again}");
        seed += 1;
        if only.is_some() || began.elapsed() > seconds {
            break;
        }
    }
    println!("{target}: {seed} inputs");
}
