use super::io::{InputStream, OutputStream};
use crate::boundary::{Abort, Binder, Source, close};
use wasmtime::component::Resource;

/// A terminal. There is none, so no component has a handle of one.
struct TerminalInput;
struct TerminalOutput;

pub fn bind(binder: &mut Binder<'_>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "exit" => exit(binder),
        "stdin" => binder.function("get-stdin", Source::World, |_, ()| {
            Ok((Resource::<InputStream>::new_own(InputStream::STDIN),))
        }),
        "stdout" => output(binder, "get-stdout", OutputStream::STDOUT),
        "stderr" => output(binder, "get-stderr", OutputStream::STDERR),
        "terminal-input" => binder.resource::<TerminalInput, _>("terminal-input", close),
        "terminal-output" => binder.resource::<TerminalOutput, _>("terminal-output", close),
        "terminal-stdin" => no_terminal::<TerminalInput>(binder, "get-terminal-stdin"),
        "terminal-stdout" => no_terminal::<TerminalOutput>(binder, "get-terminal-stdout"),
        _ => no_terminal::<TerminalOutput>(binder, "get-terminal-stderr"),
    }
}

fn output(binder: &mut Binder<'_>, name: &str, number: u32) -> wasmtime::Result<()> {
    binder.function(name, Source::World, move |_, ()| {
        Ok((Resource::<OutputStream>::new_own(number),))
    })
}

fn no_terminal<T: Send + 'static>(binder: &mut Binder<'_>, name: &str) -> wasmtime::Result<()> {
    binder.function(name, Source::World, |_, ()| Ok((None::<Resource<T>>,)))
}

/// An exit is no return: the caller would wait for a result that never comes. So the turn aborts, and
/// nothing of it takes effect, whatever the status says.
fn exit(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    let abort = |status: u8| {
        Err::<(), _>(Abort::Trap(format!("the component called exit with status {status}")))
    };
    binder.function("exit", Source::Actor, move |_, (status,): (Result<(), ()>,)| {
        abort(u8::from(status.is_err()))
    })?;
    binder.function("exit-with-code", Source::Actor, move |_, (code,): (u8,)| abort(code))
}
