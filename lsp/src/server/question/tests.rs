#![allow(clippy::unwrap_used)]

use super::*;
use crate::server::Checked;
use crate::server::client::ClientProcess;
use futures::FutureExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::watch;

const FILE: &str = "/p/a.wit";

fn shared() -> Shared {
    let shared = Shared {
        state: Mutex::default(),
        wakes: channel().0,
        library: Library::new(None),
        client: ClientProcess::default(),
        checked: watch::channel(Checked::default()).1,
    };
    shared.lock().vfs.open(Path::new(FILE), 1, "package a:b;".to_owned());
    shared
}

fn question(shared: &Shared) -> Question {
    let files = shared.lock().vfs.snapshot();
    let text = files.text(Path::new(FILE)).unwrap();
    let (path, library) = (PathBuf::from(FILE), Library::new(None));
    let wishes = Wishes::default();
    Question { files, path, text, wishes, library, roots: Vec::new(), offset: 0 }
}

/// Runs this while the only thread for answers has something else to do, until it is told that it has not.
fn while_busy<T>(test: impl AsyncFnOnce(Box<dyn FnOnce()>) -> T) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (sender, receiver) = channel::<()>();
        let busy = tokio::task::spawn_blocking(move || receiver.recv());
        let tested = test(Box::new(move || sender.send(()).unwrap())).await;
        busy.await.unwrap().unwrap();
        tested
    })
}

#[test]
fn what_is_cancelled_before_its_turn_is_not_begun() {
    let begun = Arc::new(AtomicBool::new(false));
    let shared = shared();
    while_busy(async |go_on| {
        let seen = begun.clone();
        let mut cancelled = Box::pin(answer(Some(question(&shared)), move |_| {
            seen.store(true, Ordering::Relaxed);
            Some(())
        }));
        assert!((&mut cancelled).now_or_never().is_none());
        drop(cancelled);
        let next = answer(Some(question(&shared)), |q| Some(q.offset));
        go_on();
        assert_eq!(next.await, Ok(Some(0)));
    });
    assert!(!begun.load(Ordering::Relaxed));
}

#[test]
fn places_in_a_text_that_has_gone_on_are_not_given() {
    for (changed, expected) in
        [(FILE, Err(Error::content_modified())), ("/p/other.wit", Ok(Some(7)))]
    {
        let shared = shared();
        let answered = while_busy(async |go_on| {
            let asked = question(&shared);
            let mut answered = Box::pin(answer_of_now(&shared, Some(asked), |_| Some(7)));
            assert!((&mut answered).now_or_never().is_none());
            shared.lock().vfs.open(Path::new(changed), 2, "package c:d;".to_owned());
            go_on();
            answered.await
        });
        assert_eq!(answered, expected, "{changed}");
    }
}

/// Work that never comes to its end by itself. It says when it has begun, and lets go of the sender when it ends.
fn endless(begun: Sender<()>) -> impl FnOnce(Question) -> Option<()> + Send + 'static {
    move |q| {
        begun.send(()).unwrap();
        loop {
            q.files.text(Path::new("/p/other.wit"));
        }
    }
}

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_request_that_is_cancelled_while_it_is_answered_ends() {
    let shared = shared();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (begun, has_begun) = channel();
        let mut answered = Box::pin(answer(Some(question(&shared)), endless(begun)));
        assert!((&mut answered).now_or_never().is_none());
        has_begun.recv_timeout(PATIENCE).unwrap();
        drop(answered);
        assert_eq!(has_begun.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn a_request_ends_when_its_text_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for close in [false, true] {
        let shared = shared();
        let answered = runtime.block_on(async {
            let (begun, has_begun) = channel();
            let work = endless(begun);
            let mut answered = Box::pin(answer_of_now(&shared, Some(question(&shared)), work));
            assert!((&mut answered).now_or_never().is_none());
            has_begun.recv_timeout(PATIENCE).unwrap();
            match close {
                true => shared.lock().vfs.close(Path::new(FILE)),
                false => shared.lock().vfs.open(Path::new(FILE), 2, "package c:d;".to_owned()),
            }
            tokio::time::timeout(PATIENCE, answered).await
        });
        assert_eq!(answered.unwrap(), Err(Error::content_modified()));
    }
}

#[test]
fn nothing_is_asked_of_what_nobody_knows() {
    let shared = shared();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answered = runtime.block_on(answer_of_now(&shared, None, |_| Some(7)));
    assert_eq!(answered, Ok(None));
}
