//! The guest's functions at the moment of a trap, as people know them.

use wasmtime::{FrameInfo, WasmBacktrace};

/// How much of a function's name is kept: it is the component's, and could be of any length.
const LONGEST_NAME: usize = 200;

/// Rust's standard library, whose functions a panic passes on its way.
const RUST_LIBRARY: [&str; 4] = ["core::", "alloc::", "std::", "__rustc::"];

/// The functions of a backtrace, the innermost first. The names follow from the component alone, so
/// that replay finds the same ones.
pub(super) fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let mut names: Vec<String> = backtrace.frames().iter().map(name).collect();
    names.drain(..panic_machinery(&names));
    names
}

/// The function's name, demangled if it is Rust's, or its number.
fn name(frame: &FrameInfo) -> String {
    let Some(name) = frame.func_name() else { return format!("function {}", frame.func_index()) };
    shown(name)
}

fn shown(name: &str) -> String {
    // The alternative form leaves out the hash at the end. Demangling may make a name much longer.
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}").chars().take(LONGEST_NAME).collect(),
        Err(_) => name.chars().take(LONGEST_NAME).collect(),
    }
}

/// How many of the innermost frames are Rust's way from a panic to the end of the turn, and say
/// nothing about the program: panic hook, panic handler, and the library function that panicked.
fn panic_machinery(names: &[String]) -> usize {
    let is_handler = |name: &String| name.ends_with("rust_begin_unwind");
    let Some(handler) = names.iter().position(is_handler) else { return 0 };
    let is_library = |name: &&String| {
        RUST_LIBRARY.iter().any(|path| name.trim_start_matches('<').starts_with(path))
    };
    let machinery = handler + 1 + names[handler + 1..].iter().take_while(is_library).count();
    if machinery < names.len() { machinery } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_machinery(names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|name| shown(name)).collect();
        names.drain(..panic_machinery(&names));
        names
    }

    #[test]
    fn names_are_demangled_without_their_hash() {
        assert_eq!(shown("_ZN8my_actor4load17h0123456789abcdefE"), "my_actor::load");
        assert_eq!(shown("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(shown("local:my-actor/counter#value"), "local:my-actor/counter#value");
        assert_eq!(shown("_ZN"), "_ZN");
        assert_eq!(shown(&"x".repeat(1000)).len(), LONGEST_NAME);
    }

    #[test]
    fn the_function_that_panicked_is_first() {
        let frames = after_machinery(&[
            "my_actor::panic::hook",
            "std::panicking::panic_with_hook",
            "__rustc::rust_begin_unwind",
            "core::panicking::panic_fmt",
            "<core::option::Option<u32>>::expect",
            "my_actor::load",
            "core::ops::function::FnOnce::call_once",
            "local:my-actor/counter#value",
        ]);
        let expected = [
            "my_actor::load",
            "core::ops::function::FnOnce::call_once",
            "local:my-actor/counter#value",
        ];
        assert_eq!(frames, expected);
    }

    #[test]
    fn without_a_panic_all_frames_stay() {
        assert_eq!(after_machinery(&["core::slice::sort", "main"]).len(), 2);
        assert_eq!(after_machinery(&["rust_begin_unwind", "core::panicking::panic"]).len(), 2);
        assert_eq!(after_machinery(&[]).len(), 0);
    }
}
