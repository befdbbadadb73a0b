//! What a supervisor decides: in the words, and with the meaning, of Erlang/OTP's `supervisor`.
//!
//! [`Supervisor`] knows no actor, no node and no clock. It is told of exits and of the time, and
//! starts and stops children through a [`Family`]. The node's family is made of actors; the tests'
//! family writes down what it is asked.

mod ordered;
mod restarts;
#[cfg(test)]
mod tests;

pub(crate) use ordered::Ordered;
pub(crate) use restarts::{Patience, Restarts};

use crate::manifest::{Restart, Strategy, Supervision};
use crate::trace::ExitReason;
use std::collections::HashSet;
use std::time::Duration;

/// The children themselves.
pub trait Family {
    /// Starts a child, or starts it again, and answers with the number of the incarnation that
    /// lives now; or with the reason why it does not start.
    fn start(&mut self, child: &str) -> impl Future<Output = Result<u32, String>> + Send;

    /// Stops a child in order, and waits until it has ended.
    fn stop(&mut self, child: &str) -> impl Future<Output = ()> + Send;

    /// A child on request has ended and is not started again: its name is free.
    fn forget(&mut self, child: &str);
}

/// One supervisor with its children.
#[derive(Debug)]
pub struct Supervisor<F> {
    family: F,
    strategy: Strategy,
    intensity: u32,
    period: Duration,
    /// Whether time is to pass before each restart.
    waits: bool,
    /// In the order in which they are started.
    children: Ordered<Child>,
    restarts: Restarts,
}

#[derive(Debug)]
struct Child {
    restart: Restart,
    /// Whether it was asked for, and is not one that the manifest says to start: it is forgotten with
    /// its end, as those of OTP's `simple_one_for_one`.
    on_request: bool,
    life: Life,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// It lives, in this incarnation.
    Running(u32),
    /// It shall be started again: it could not be so far, or some time is to pass first.
    Restarting,
    /// It has ended, or was never started.
    Ended,
}

/// What a supervisor has done about an exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// All that was to be done.
    Settled,
    /// This child is to be started again later: it did not start, or the supervisor waits before
    /// restarts. [`Supervisor::try_again`] is to follow.
    TryAgain(String),
    /// It has stopped all its children and ends itself.
    GaveUp(GaveUp),
}

/// Why a supervisor gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveUp {
    /// The child whose exit was one too many.
    pub child: String,
    /// How many restarts there had been within the period.
    pub restarts: u32,
}

/// Why a supervisor did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStart {
    /// The child that did not start.
    pub child: String,
    /// Why.
    pub reason: String,
}

impl<F: Family> Supervisor<F> {
    /// A supervisor whose children do not live yet: those of the manifest, and behind them those `asked`
    /// for, by their names.
    pub fn new(family: F, supervision: &Supervision, asked: Vec<(String, Restart)>) -> Self {
        let ended = |restart, on_request| Child { restart, on_request, life: Life::Ended };
        let children = supervision.static_children();
        let children =
            children.map(|child| (child.name.value.clone(), ended(child.restart, false)));
        let asked = asked.into_iter().map(|(name, restart)| (name, ended(restart, true)));
        Self {
            family,
            strategy: supervision.strategy,
            intensity: supervision.intensity,
            period: supervision.period,
            waits: supervision.backoff.is_some(),
            children: children.chain(asked).collect(),
            restarts: Restarts::default(),
        }
    }

    /// Starts all children in order, but for those that had `ended` by themselves when their node
    /// ended. If one of the manifest does not start, those before it are stopped again, in reverse order; one
    /// on request is forgotten.
    ///
    /// # Errors
    ///
    /// When a child of the manifest does not start.
    pub async fn start(&mut self, ended: &[String]) -> Result<(), FailedStart> {
        for name in ended {
            if self.children.get(name).is_some_and(|c| c.restart == Restart::Temporary) {
                self.children.remove(name);
            }
        }
        let ended: HashSet<&str> = ended.iter().map(String::as_str).collect();
        let names = |on_request: bool| -> Vec<String> {
            let wanted = |(_, child): &(&str, &Child)| child.on_request == on_request;
            let names = self.children.iter().filter(wanted).map(|(name, _)| name);
            names.filter(|name| !ended.contains(name)).map(str::to_owned).collect()
        };
        let (asked, fixed) = (names(true), names(false));
        let started = self.start_these(&fixed).await;
        if started.is_err() {
            self.stop().await;
            return started;
        }
        for name in asked {
            // Nobody relies on those that were asked for.
            if self.start_these(std::slice::from_ref(&name)).await.is_err() {
                self.forget_ended(&name);
            }
        }
        Ok(())
    }

    /// Stops all children, in reverse order of their start. Those on request stay known: they are
    /// started again with their supervisor.
    pub async fn stop(&mut self) {
        let names = self.names();
        self.stop_these(&names).await;
    }

    /// Starts one more child, behind all others. Should it not start, it is forgotten.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn add_child(&mut self, child: &str, restart: Restart) -> Result<(), FailedStart> {
        let added = Child { restart, on_request: true, life: Life::Ended };
        self.children.push(child.to_owned(), added);
        let started = self.start_these(&[child.to_owned()]).await;
        if started.is_err() {
            self.forget_ended(child);
        }
        started
    }

    /// A child has ended by itself. `now` is the time on a clock that only goes forward.
    ///
    /// An exit of an incarnation that is not the present one is old news.
    pub async fn exited(
        &mut self,
        child: &str,
        incarnation: u32,
        reason: ExitReason,
        now: Duration,
    ) -> After {
        let found = self.children.get_mut(child);
        let Some(found) = found.filter(|c| c.life == Life::Running(incarnation)) else {
            return After::Settled;
        };
        found.life = Life::Ended;
        match found.restart.follows(reason) {
            false => {
                self.forget_ended(child);
                After::Settled
            }
            true if self.waits => {
                found.life = Life::Restarting;
                After::TryAgain(child.to_owned())
            }
            true => self.restart(child, now).await,
        }
    }

    /// Starts a child that is to be started again. Each try counts as a restart.
    pub async fn try_again(&mut self, child: &str, now: Duration) -> After {
        if self.children.get(child).is_some_and(|c| c.life == Life::Restarting) {
            return self.restart(child, now).await;
        }
        After::Settled
    }

    /// Stops one child, on somebody's wish. It is not started again by itself.
    pub async fn stop_child(&mut self, child: &str) {
        self.stop_these(&[child.to_owned()]).await;
        self.forget_ended(child);
    }

    /// Starts one child again, on somebody's wish; one that runs is stopped first. That counts as no
    /// restart.
    ///
    /// # Errors
    ///
    /// When it does not start, or is no child any more: a temporary one is none once it has ended.
    pub async fn restart_child(&mut self, child: &str) -> Result<(), FailedStart> {
        self.stop_these(&[child.to_owned()]).await;
        let started = match self.children.get(child) {
            Some(_) => self.start_these(&[child.to_owned()]).await,
            None => Err(FailedStart {
                child: child.to_owned(),
                reason: format!("`{child}` is no child any more"),
            }),
        };
        if started.is_err() {
            self.forget_ended(child);
        }
        started
    }

    /// The children themselves.
    pub fn family(&mut self) -> &mut F {
        &mut self.family
    }

    /// The children, for whoever supervises them next.
    pub fn into_family(self) -> F {
        self.family
    }

    async fn restart(&mut self, child: &str, now: Duration) -> After {
        let restarts = self.restarts.count(now, self.period);
        if restarts > self.intensity {
            self.stop().await;
            return After::GaveUp(GaveUp { child: child.to_owned(), restarts });
        }
        let names = match self.strategy {
            Strategy::OneForAll => self.names(),
            Strategy::OneForOne => vec![child.to_owned()],
            Strategy::RestForOne => self.children.names_from(child),
        };
        self.stop_these(&names).await;
        for name in &names {
            self.forget_temporary(name);
        }
        match self.start_these(&names).await {
            Ok(()) => After::Settled,
            Err(failed) => {
                self.set(&failed.child, Life::Restarting);
                After::TryAgain(failed.child)
            }
        }
    }

    /// Starts these in order, as far as they are still children.
    async fn start_these(&mut self, names: &[String]) -> Result<(), FailedStart> {
        for name in names {
            if self.children.get(name).is_none() {
                continue;
            }
            match self.family.start(name).await {
                Ok(incarnation) => self.set(name, Life::Running(incarnation)),
                Err(reason) => return Err(FailedStart { child: name.clone(), reason }),
            }
        }
        Ok(())
    }

    /// Stops these in reverse order, as far as they run.
    async fn stop_these(&mut self, names: &[String]) {
        for name in names.iter().rev() {
            let life = self.children.get(name).map(|child| child.life);
            if let Some(Life::Running(_)) = life {
                self.family.stop(name).await;
            }
            self.set(name, Life::Ended);
        }
    }

    /// A child that has ended and is not to be started again is gone if it is temporary or on request.
    fn forget_ended(&mut self, child: &str) {
        let Some(Child { restart, on_request, life }) = self.children.get(child) else { return };
        let (gone, on_request) = (*on_request || *restart == Restart::Temporary, *on_request);
        if *life != Life::Ended || !gone {
            return;
        }
        self.children.remove(child);
        if on_request {
            self.family.forget(child);
        }
    }

    fn forget_temporary(&mut self, child: &str) {
        if self.children.get(child).is_some_and(|c| c.restart == Restart::Temporary) {
            self.forget_ended(child);
        }
    }

    fn set(&mut self, child: &str, life: Life) {
        if let Some(child) = self.children.get_mut(child) {
            child.life = life;
        }
    }

    /// The names of all children, in their order.
    fn names(&self) -> Vec<String> {
        self.children.iter().map(|(name, _)| name.to_owned()).collect()
    }
}
