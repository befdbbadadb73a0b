//! Calls as people write them: `counter.increment(by: 5)`.
//!
//! [`parse_call`] reads the shape of a call, [`find_function`] finds the function that it means, and
//! [`parse_arguments`] reads the arguments, which are WAVE values, typed by the function's parameters.
//! The way back is [`to_wave`] for people and [`to_json`] for programs. [`type_name`], [`signature`],
//! [`placeholder`] and [`choices`] describe types.
//!
//! Every problem is a [`Diagnostic`](crate::diagnostic::Diagnostic) whose first label marks the exact
//! bytes that are wrong.

mod arguments;
mod convert;
mod declared;
mod find;
mod scan;
mod syntax;
mod types;
mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;

pub use arguments::{check_values, named_argument, parse_arguments};
pub use convert::{to_json, to_wave};
pub use declared::declared_parameters;
pub use find::{find_function, interface_matches};
pub use scan::{Ending, Outline, is_unfinished, outline};
pub use syntax::{Call, Name, parse_call, parse_message};
pub use types::{choices, placeholder, signature, type_name};
pub(crate) use value::read_value;
pub use wasmtime::component::{Type, Val};
