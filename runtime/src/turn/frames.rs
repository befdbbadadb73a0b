//! The guest's functions at the moment of a trap, as people know them.

use std::fmt;
use wasmtime::{FrameInfo, FrameSymbol, WasmBacktrace};

/// How much of a function's name is kept: it is the component's, and could be of any length.
const LONGEST_NAME: usize = 200;

/// Rust's standard library, whose functions a panic passes on its way.
const RUST_LIBRARY: [&str; 4] = ["core::", "alloc::", "std::", "__rustc::"];

/// One of the guest's functions on its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its name, or its number if it has none.
    pub function: String,
    /// Where in the source it is at this moment, if the component has debug information (DWARF).
    pub place: Option<SourcePlace>,
    /// Whether the compiler has put its code into that of the function that calls it.
    pub inlined: bool,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlace {
    /// The file, as the compiler was told of it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, if it is known.
    pub column: Option<u32>,
}

impl fmt::Display for SourcePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// The functions of a backtrace, the innermost first. The names follow from the component alone, so
/// that replay finds the same ones.
pub(super) fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let mut names: Vec<String> = backtrace.frames().iter().map(name).collect();
    names.drain(..panic_machinery(&names));
    names
}

/// The same with the places in the source, and with the functions that were put into others, as far as the engine
/// reads debug information and the component has it.
pub(crate) fn stack(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let frames = backtrace.frames();
    let names: Vec<String> = frames.iter().map(name).collect();
    let machinery = panic_machinery(&names);
    let shown = frames.iter().zip(names).skip(machinery);
    shown.flat_map(|(frame, name)| unfolded(frame, name)).collect()
}

/// A function, behind those that were put into it.
fn unfolded(frame: &FrameInfo, name: String) -> Vec<Frame> {
    let Some((own, inlined)) = frame.symbols().split_last() else {
        return vec![Frame { function: name, place: None, inlined: false }];
    };
    let inlined = inlined.iter().map(|symbol| Frame {
        function: symbol.name().map_or_else(|| "?".to_owned(), shown),
        place: place(symbol),
        inlined: true,
    });
    let own = Frame { function: name, place: place(own), inlined: false };
    inlined.chain(std::iter::once(own)).collect()
}

fn place(symbol: &FrameSymbol) -> Option<SourcePlace> {
    // Line 0 is what a compiler says of code that belongs to no line.
    let line = symbol.line().filter(|line| *line > 0)?;
    let file = symbol.file()?.chars().take(LONGEST_NAME).collect();
    Some(SourcePlace { file, line, column: symbol.column().filter(|column| *column > 0) })
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
