//! Going back: a run's history, the cursor that moves over it, and re-execution.
//!
//! - [`History`] reads a run and knows the state after every turn. What stands in the run's `index` it
//!   reads when it is asked for.
//! - [`Cursor`] is a place in an actor's history: a turn, or a step inside one.
//! - [`Condition`] says which records are meant; `theater trace grep` and the cursor look for them.
//! - [`Replayer`] executes recorded turns again, with the recorded component, and compares. It is
//!   hermetic: no handler of the outside world is ever called. Turns that had one instance are
//!   executed together (`life`). [`replay_all`] does so with many turns at once. [`Replayer::walk`] goes through one
//!   turn with its guest waiting at each import call, and [`Replayer::look`] shows one such moment.
//! - [`bisect`] finds where two runs of the same application part.

mod all;
mod bisect;
mod change;
mod condition;
mod cursor;
mod effects;
mod fork;
mod history;
mod html;
mod index;
mod inside;
mod life;
mod mermaid;
mod part;
mod parting;
mod perfetto;
mod replayer;
mod search;
mod turns;
mod why;

pub use all::{Selection, Summary, replay_all};
pub use bisect::{Bisection, Common, Mark, Parting, bisect};
pub use change::{Change, Edit};
pub use condition::{
    Asked, Comparison, Condition, FIELDS, Field, FieldKind, Literal, Subject, Test, parse_moment,
};
pub use cursor::{Cursor, Direction, Event, Place};
pub use effects::Followed;
pub use fork::Departure;
pub use history::{ActorHistory, History, PastTurn};
pub use html::html;
pub use inside::{Moment, Walked};
pub use mermaid::mermaid;
pub use perfetto::perfetto;
pub use replayer::{Instead, Replayed, Replayer};
pub use turns::{Iter, Turns};
pub use why::Because;
