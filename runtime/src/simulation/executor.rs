//! Polls the tasks of a simulation one at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks.
#[derive(Default)]
pub(super) struct Executor {
    tasks: Mutex<Tasks>,
    ready: Arc<Ready>,
}

#[derive(Default)]
struct Tasks {
    next: u64,
    tasks: BTreeMap<u64, Task>,
}

/// Those that were woken, in the order in which they were.
#[derive(Default)]
struct Ready(Mutex<Woken>);

#[derive(Default)]
struct Woken {
    tasks: Vec<u64>,
    /// Wakes the executor itself.
    driver: Option<Waker>,
}

/// Wakes one task.
struct TaskWaker {
    task: u64,
    ready: Arc<Ready>,
}

impl Executor {
    /// Adds a task. It is ready.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let number = {
            let mut tasks = self.tasks();
            tasks.next += 1;
            let number = tasks.next;
            tasks.tasks.insert(number, Box::pin(task));
            number
        };
        self.ready.add(number);
    }

    /// Polls the ready tasks, one at a time, until `ended` says that it is enough. `choose` draws one of
    /// so many.
    pub async fn drive<R>(
        &self,
        choose: impl Fn(usize) -> usize,
        ended: impl Fn() -> Option<R>,
    ) -> R {
        std::future::poll_fn(|context| {
            loop {
                if let Some(result) = ended() {
                    return Poll::Ready(result);
                }
                let Some(number) = self.ready.take(context.waker(), &choose) else {
                    return Poll::Pending;
                };
                self.poll(number);
            }
        })
        .await
    }

    fn poll(&self, number: u64) {
        // It may have ended, and been woken all the same.
        let Some(mut task) = self.tasks().tasks.remove(&number) else { return };
        let waker = Waker::from(Arc::new(TaskWaker { task: number, ready: self.ready.clone() }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.tasks().tasks.insert(number, task);
        }
    }

    /// Drops all tasks, and those that come of that.
    pub fn clear(&self) {
        loop {
            let tasks = std::mem::take(&mut self.tasks().tasks);
            if tasks.is_empty() {
                break;
            }
            drop(tasks);
        }
        self.ready.lock().tasks.clear();
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ready {
    fn add(&self, task: u64) {
        let driver = {
            let mut woken = self.lock();
            if !woken.tasks.contains(&task) {
                woken.tasks.push(task);
            }
            woken.driver.take()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Takes one of those that are ready; if there is none, the driver is woken when there is.
    fn take(&self, driver: &Waker, choose: &impl Fn(usize) -> usize) -> Option<u64> {
        let mut woken = self.lock();
        if woken.tasks.is_empty() {
            woken.driver = Some(driver.clone());
            return None;
        }
        let index = choose(woken.tasks.len());
        Some(woken.tasks.remove(index))
    }

    fn lock(&self) -> MutexGuard<'_, Woken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.add(self.task);
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("tasks", &self.tasks().tasks.len()).finish_non_exhaustive()
    }
}
