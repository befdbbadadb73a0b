//! The interactive shell: the input side.
//!
//! A statement comes from a [`terminal`] or a [`script`], is read by [`line::parse`] into a
//! [`line::Command`], and what the table in [`words`] says of each word serves parsing, `help` and
//! [`complete`]. The terminal sees the running actors only through the snapshot in [`names`]; lines
//! from them appear above the prompt through a [`printer::Printer`]. What guests wrote is shown only
//! after [`paint::printable`]. Start at [`mod@line`].

pub mod complete;
pub mod highlight;
pub mod line;
pub mod names;
pub mod paint;
pub mod printer;
pub mod script;
pub mod terminal;
pub mod words;
