//! How a computation ends whose outcome nobody wants any more: it unwinds at the next file that it looks at.
//!
//! Origin: the cancellation of queries in rust-analyzer and salsa.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the computations that were begun with it. All clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

/// What unwinds.
struct Cancelled;

impl Cancel {
    /// Ends them, each at the next file that it looks at.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Ends the computation that calls this if it has been cancelled. It must be one of [`unless_cancelled`].
    pub(super) fn check(&self) {
        if self.0.load(Ordering::Relaxed) {
            // Unlike a panic, this is no fault that is told to anybody.
            resume_unwind(Box::new(Cancelled));
        }
    }
}

/// Computes something from snapshots that may be cancelled. None if one was.
pub fn unless_cancelled<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What is shared with others is kept only when it is whole.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(why) if why.is::<Cancelled>() => None,
        Err(fault) => resume_unwind(fault),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::{self, OnDisk, Snapshot, Unit, Vfs};
    use std::path::Path;

    type Work<'a> = (&'a str, &'a dyn Fn(&Snapshot));

    #[test]
    fn no_feature_goes_on_after_it_was_cancelled() {
        let mut vfs = Vfs::default();
        let manifest = "[actor]\nname = \"a\"\nworld = \"w\"\n";
        let wit = "package local:a;\ninterface i { type t = u8; }\nworld w { export i; }\n";
        vfs.open(Path::new("/p/theater.toml"), 1, manifest.to_owned());
        vfs.found(Path::new("/p/wit/a.wit"), Some(OnDisk::File(wit.into())));
        let (toml, wit) = (Path::new("/p/theater.toml"), Path::new("/p/wit/a.wit"));
        let works: &[Work<'_>] = &[
            ("problems", &|files| {
                engine::problems(files, &Unit::Project("/p".into()));
            }),
            ("search", &|files| drop(engine::search(files, "t"))),
            ("references", &|files| drop(engine::references(files, wit, 29, true))),
            ("rename", &|files| drop(engine::rename(files, wit, 29, "j"))),
            ("definition", &|files| drop(engine::definition(files, toml, 32))),
            ("hover", &|files| drop(engine::hover(files, toml, 32))),
            ("completions", &|files| drop(engine::completions(files, &|_| Vec::new(), wit, 29))),
            ("semantic tokens", &|files| drop(engine::semantic_tokens(files, wit))),
            ("hints", &|files| drop(engine::hints(files, wit, &(0..60)))),
            ("lenses", &|files| drop(engine::lenses(files, toml))),
            ("links", &|files| drop(engine::links(files, toml))),
            ("symbols", &|files| drop(engine::symbols(files, wit))),
            ("format", &|files| drop(engine::format(files, wit, None))),
        ];
        for (what, work) in works {
            let cancel = Cancel::default();
            let files = vfs.snapshot().until(cancel.clone());
            assert_eq!(unless_cancelled(|| work(&files)), Some(()), "{what}");
            cancel.cancel();
            assert_eq!(unless_cancelled(|| work(&files)), None, "{what}");
            // Nothing that others use was left half made.
            work(&vfs.snapshot());
        }
    }

    #[test]
    fn a_search_in_many_files_ends_in_their_middle() {
        let mut vfs = Vfs::default();
        for number in 0..1000 {
            let wit = format!("package local:a{number};\ninterface i {{ type t = u8; }}\n");
            let path = format!("/p{number}/wit/a.wit");
            vfs.found(Path::new(&path), Some(OnDisk::File(wit.into())));
        }
        let cancel = Cancel::default();
        let files = vfs.snapshot().until(cancel.clone());
        let mut seen = 0;
        let done = unless_cancelled(|| {
            for path in files.below(Path::new("")) {
                seen += 1;
                if seen == 10 {
                    cancel.cancel();
                }
                files.index(&path);
            }
        });
        assert_eq!((done, seen), (None, 10));
    }

    #[test]
    fn a_fault_is_not_taken_for_the_end() {
        let fault = catch_unwind(|| unless_cancelled(|| resume_unwind(Box::new("fault"))));
        let why = fault.map(|_: Option<()>| ()).unwrap_err();
        assert_eq!(why.downcast_ref::<&str>(), Some(&"fault"));
    }
}
