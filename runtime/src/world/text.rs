//! Components from files, in binary or text form.

use super::component::MAX_COMPONENT_BYTES;
use crate::diagnostic::{self, Diagnostic, Source};
use std::path::Path;
use std::sync::Arc;

/// Reads a component's bytes from a file. A `.wat` file, or any file that begins like one, is
/// encoded first.
///
/// # Errors
/// A file that cannot be read or is too large, text that is not WebAssembly text.
pub fn read_component(path: &Path) -> diagnostic::Result<Vec<u8>> {
    let failed = |error| Diagnostic::io(diagnostic::FILE_UNREADABLE, "read", path, &error);
    let meta = std::fs::metadata(path).map_err(failed)?;
    let refused = match () {
        () if meta.is_dir() => Some("it is a folder"),
        () if !meta.is_file() => Some("it is not a file"),
        () if meta.len() > MAX_COMPONENT_BYTES as u64 => Some("it is larger than 256 MiB"),
        () => None,
    };
    if let Some(reason) = refused {
        return Err(Diagnostic::error(
            diagnostic::FILE_UNREADABLE,
            format!("cannot read {}: {reason}", path.display()),
        )
        .into());
    }
    let bytes = std::fs::read(path).map_err(failed)?;
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
    wat::parse_str(&source.text).map_err(|error| {
        let message = first_line(&error.to_string());
        let problem = Diagnostic::error(
            diagnostic::TEXT_SYNTAX,
            format!("the WebAssembly text is wrong: {message}"),
        );
        let problem = match place(&error.to_string(), &source.text) {
            Some(range) => problem.at(source, range, "here"),
            None => problem,
        };
        problem.into()
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_string()
}

/// The place that an error of crate `wat` names, as ` --> <anon>:LINE:COLUMN`: its type has no
/// accessor for it.
fn place(error: &str, text: &str) -> Option<std::ops::Range<usize>> {
    let position = error.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let mut parts = position.rsplitn(3, ':');
    let column: usize = parts.next()?.trim().parse().ok()?;
    let line: usize = parts.next()?.parse().ok()?;
    let before: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let start = text.floor_char_boundary((before + column.saturating_sub(1)).min(text.len()));
    let token = text[start..].chars().take_while(|c| !c.is_whitespace() && !"()\"".contains(*c));
    let length: usize = token.map(char::len_utf8).sum();
    let next = text[start..].chars().next().map_or(0, char::len_utf8);
    Some(start..start + length.max(next))
}
