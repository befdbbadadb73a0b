//! Components from files, in binary or text form.

use super::component::MAX_COMPONENT_BYTES;
use crate::diagnostic::{self, Diagnostic, Source};
use crate::files::{Disk, Files, Kind};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Reads a component's bytes from a file. A `.wat` file, or any file that begins like one, is
/// encoded first.
///
/// # Errors
/// A file that cannot be read or is too large, text that is not WebAssembly text.
pub fn read_component(path: &Path) -> diagnostic::Result<Vec<u8>> {
    read_component_from(&Disk, path)
}

/// [`read_component`] from other files than those of the disk.
///
/// # Errors
/// The same.
pub fn read_component_from(
    files: &(impl Files + ?Sized),
    path: &Path,
) -> diagnostic::Result<Vec<u8>> {
    let failed = |error| Diagnostic::io(diagnostic::FILE_UNREADABLE, "read", path, &error);
    let most = MAX_COMPONENT_BYTES as u64;
    let refused = match files.kind(path).map_err(failed)? {
        Kind::Folder => Some("it is a folder"),
        Kind::Other => Some("it is not a file"),
        Kind::File { length } if length > most => Some("it is larger than 256 MiB"),
        Kind::File { .. } => None,
    };
    if let Some(reason) = refused {
        return Err(Diagnostic::error(
            diagnostic::FILE_UNREADABLE,
            format!("cannot read {}: {reason}", path.display()),
        )
        .into());
    }
    let bytes = files.read(path, most).map_err(failed)?;
    let named_text = path.extension().is_some_and(|extension| extension == "wat");
    if !named_text && !looks_like_text(&bytes) {
        return Ok(bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => encode_text(&Source::new(path.display().to_string(), text)),
        Err(_) => Err(Diagnostic::error(
            diagnostic::FILE_UNREADABLE,
            format!("cannot read {}: it is not UTF-8 text", path.display()),
        )
        .into()),
    }
}

/// Whether the bytes begin with a parenthesis or a comment of the text format.
fn looks_like_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    [&b"(component"[..], b"(module", b";;", b"(;"].iter().any(|word| start.starts_with(word))
}

/// Encodes WebAssembly text.
///
/// # Errors
/// The first place at which the text is wrong.
pub fn encode_text(source: &Arc<Source>) -> diagnostic::Result<Vec<u8>> {
    encode(&source.text).map_err(|error| {
        let message = error.message();
        let message = message.lines().next().unwrap_or_default().trim_end_matches('.');
        let range = token(&source.text, error.span().offset());
        Diagnostic::error(
            diagnostic::TEXT_SYNTAX,
            format!("the WebAssembly text is wrong: {message}"),
        )
        .at(source, range, "here")
        .into()
    })
}

fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = wast::parser::ParseBuffer::new(text)?;
    wast::parser::parse::<wast::Wat>(&buffer)?.encode()
}

/// The token that begins at a byte of the text: a word, or one character.
fn token(text: &str, offset: usize) -> Range<usize> {
    let start = text.floor_char_boundary(offset);
    let rest = &text[start..];
    let word = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    start..start + word.max(first)
}
