//! A member of the tree of actors: how it begins, lives and ends, its children with it.

use super::household::Household;
use super::{Inner, Node};
use crate::actor::{Actor, Call, CallError, Control, Exit, Next, Task, Wish};
use crate::boundary::export::INIT;
use crate::diagnostic::{CHILD_FAILED, Diagnostic, Result};
use crate::manifest::{self, Restart, RestartState, Supervision};
use crate::supervisor::{After, FailedStart, Supervisor};
use crate::surroundings::{self, Running};
use crate::trace::{Cause, Kind, LogFailed};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use wasmtime::component::Val;

/// An actor with all that it needs to live, at rest.
#[derive(Debug)]
pub(super) struct Member {
    /// Its component, and what it is by now.
    pub task: Task,
    /// The message of its `init`, if it has one.
    pub init: Option<Init>,
    /// How its parent starts and stops it; none under the node's root.
    pub spec: Option<manifest::Child>,
    /// Its children, if it is a supervisor.
    pub supervising: Option<Supervising>,
    /// Whether it has lived before.
    pub begun: bool,
    /// Whether it is recorded that it has started; only for one on request.
    pub started: bool,
    /// Whether it had ended by itself when its node ended.
    pub ended: bool,
}

/// What a member has as a supervisor.
#[derive(Debug)]
pub(super) struct Supervising {
    pub supervision: Supervision,
    /// In the order in which they are started.
    pub children: Vec<Member>,
    /// What it is told from outside. Its component is told when its children have ended.
    pub control: mpsc::UnboundedReceiver<Control>,
    /// What its component is told.
    pub component: mpsc::UnboundedSender<Control>,
}

/// The message of an `init`.
#[derive(Debug, Clone)]
pub(super) struct Init {
    pub arguments: Vec<Val>,
    pub encoded: Vec<u8>,
    /// The words with which somebody outside asked for the actor, for its first turn.
    pub origin: Option<String>,
}

/// A member that rests again, and how its life ended: none if the run could not be written.
pub(super) struct Over {
    pub member: Box<Member>,
    pub exit: Option<Exit>,
}

/// Tells once whether a member has started, and as which incarnation.
pub(super) type Ready = oneshot::Sender<Result<u32>>;

impl Member {
    /// The actor.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.task.actor
    }

    /// Lives under the node's root, which starts it again after every abnormal exit. It ends for good
    /// when it ended in order, or was stopped, or gave up.
    pub async fn live_under_root(mut self: Box<Self>, node: Weak<Inner>, ready: Ready) {
        let mut ready = Some(ready);
        loop {
            let (started, answer) = oneshot::channel();
            let living = self.live(node.clone(), started);
            let (over, start) = tokio::join!(living, forward(answer, ready.take()));
            self = over.member;
            match over.exit {
                // The node ends, or the run cannot be written.
                None | Some(Exit { wish: Wish::Shutdown, .. }) => return self.rest(&node),
                Some(Exit { wish: Wish::Restart, .. }) => {}
                Some(Exit { wish: Wish::Own | Wish::Link(_), reason })
                    if start && !reason.is_orderly() => {}
                Some(_) => {
                    // Should the run not be writable, nothing more can be done about it.
                    let _ = self.end(&node);
                    return;
                }
            }
        }
    }

    /// Lives for one incarnation. Boxed, because children live in the same way; with what takes room only while
    /// something happens in boxes of its own.
    pub fn live(
        self: Box<Self>,
        node: Weak<Inner>,
        ready: Ready,
    ) -> Pin<Box<dyn Future<Output = Over> + Send>> {
        Box::pin(async move {
            let mut member = self;
            match member.begin(&node).await {
                Ok(Ok(())) => member.go_on(node, ready).await,
                Ok(Err((exit, problem))) => {
                    // Whoever starts it may have left.
                    let _ = ready.send(Err(problem));
                    Over { member, exit: Some(exit) }
                }
                Err(_) => Over { member, exit: None },
            }
        })
    }

    /// The incarnation begins: it is recorded, and `init` runs where it is due.
    async fn begin(
        &mut self,
        node: &Weak<Inner>,
    ) -> Result<Result<(), (Exit, Box<Diagnostic>)>, LogFailed> {
        let fresh = self.spec.as_ref().is_some_and(|spec| spec.state == RestartState::Fresh);
        if self.begun {
            if fresh {
                self.task.forsake()?;
                self.forsake_children(node)?;
            }
            self.task.restart(fresh)?;
        }
        let due = !self.task.life.initialized || (self.begun && fresh);
        self.begun = true;
        let Some(init) = self.init.as_ref().filter(|_| due) else { return Ok(Ok(())) };
        let (reply, answer) = oneshot::channel();
        let call = Call {
            function: INIT.to_owned(),
            // The message is for the component that it was spawned with.
            generation: 0,
            arguments: init.arguments.clone(),
            encoded: init.encoded.clone(),
            cause: Cause::Runtime,
            sender: None,
            depth: 0,
            origin: init.origin.clone().filter(|_| !self.task.life.initialized),
            reply: Some(reply),
        };
        let next = Box::pin(self.task.process(call)).await?;
        self.task.log.flush().await?;
        let name = || self.actor().name.to_string();
        match (next, answer.await.unwrap_or_else(|_| Err(CallError::Ended(name())))) {
            (Next::Ended(exit), Err(error)) => Ok(Err((exit, Box::new(error.diagnostic())))),
            // An actor that ends itself in its `init` has started, and lives on until its first
            // message would come; it is told here.
            (Next::Ended(exit), Ok(_)) => {
                let message = format!("`{}` ended itself in its `init`", name());
                Ok(Err((exit, Box::new(Diagnostic::error(CHILD_FAILED, message)))))
            }
            (Next::Continue, _) => Ok(Ok(())),
        }
    }

    async fn go_on(mut self: Box<Self>, node: Weak<Inner>, ready: Ready) -> Over {
        let incarnation = self.task.life.incarnation;
        match self.supervising.take() {
            None => {
                if self.has_started().is_err() {
                    return Over { member: self, exit: None };
                }
                let _ = ready.send(Ok(incarnation));
                let exit = self.task.run().await.ok();
                Over { member: self, exit }
            }
            Some(supervising) => Box::pin(supervise(self, supervising, node, ready)).await,
        }
    }

    /// Records that it has started, if it was asked for.
    fn has_started(&mut self) -> Result<(), LogFailed> {
        if self.started || !self.is_on_request() {
            return Ok(());
        }
        self.started = true;
        self.task.append(Kind::Started { incarnation: self.task.life.incarnation })
    }

    fn is_on_request(&self) -> bool {
        self.spec.as_ref().is_some_and(manifest::Child::is_template)
    }

    /// The end for good, of its children too, also of those that it has not come to.
    pub fn end(&mut self, node: &Weak<Inner>) -> Result<(), LogFailed> {
        for mut child in self.unborn(node) {
            child.end(node)?;
        }
        for child in self.children_mut().rev() {
            child.end(node)?;
        }
        self.task.end()
    }

    /// Begins without state: the children that were asked for are gone with it.
    fn forsake_children(&mut self, node: &Weak<Inner>) -> Result<(), LogFailed> {
        let mut gone = self.unborn(node);
        if let Some(supervising) = &mut self.supervising {
            gone.extend(supervising.children.extract_if(.., |child| child.is_on_request()));
        }
        for mut child in gone {
            child.end(node)?;
            if let Some(inner) = node.upgrade() {
                Node { inner }.registry().forget(child.actor());
            }
        }
        Ok(())
    }

    /// The children that were asked for and that it has not come to.
    fn unborn(&mut self, node: &Weak<Inner>) -> Vec<Member> {
        let Some(inner) = node.upgrade().filter(|_| self.supervising.is_some()) else {
            return Vec::new();
        };
        let node = Node { inner };
        let name = self.actor().name.clone();
        let mut registry = node.registry();
        let is_child = |path: &Arc<str>, _: &mut Member| {
            path.rsplit_once('/').is_some_and(|(parent, _)| *parent == *name)
        };
        registry.newborn.extract_if(is_child).map(|(_, child)| child).collect()
    }

    /// Takes no more messages. Those that wait are answered with an error, or recorded as undelivered.
    pub fn close(&mut self) -> Result<(), LogFailed> {
        self.children_mut().try_for_each(Member::close)?;
        self.task.close()
    }

    /// Takes no more messages, because the node ends.
    fn rest(&mut self, node: &Weak<Inner>) {
        for mut child in self.unborn(node) {
            child.rest(node);
        }
        for child in self.children_mut() {
            child.rest(node);
        }
        self.task.rest();
    }

    /// Its name among its siblings.
    pub fn child_name(&self) -> String {
        let name = &self.actor().name;
        name.rsplit_once('/').map_or(&**name, |(_, last)| last).to_owned()
    }

    fn children_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Member> {
        self.supervising.iter_mut().flat_map(|supervising| supervising.children.iter_mut())
    }
}

/// Passes on whether a member has started, to whoever asked, if somebody did.
async fn forward(answer: oneshot::Receiver<Result<u32>>, ready: Option<Ready>) -> bool {
    let Ok(started) = answer.await else { return false };
    let has = started.is_ok();
    if let Some(ready) = ready {
        let _ = ready.send(started);
    }
    has
}

/// A supervisor at work.
struct Work {
    actor: Arc<Actor>,
    incarnation: u32,
    supervisor: Supervisor<Household>,
    /// The component, and when it has ended: with what.
    component: Running<(Task, Result<Exit, LogFailed>)>,
    to_component: mpsc::UnboundedSender<Control>,
    control: mpsc::UnboundedReceiver<Control>,
    backoff: Duration,
    /// The children that are to be started again, and when.
    tries: VecDeque<(Instant, String)>,
    began: Instant,
}

/// What a supervisor hears.
enum News {
    Component(Box<Task>, Result<Exit, LogFailed>),
    Child(String, Option<Exit>, u32),
    Control(Option<Control>),
    Try(String),
}

async fn supervise(
    mut member: Box<Member>,
    supervising: Supervising,
    node: Weak<Inner>,
    ready: Ready,
) -> Over {
    let Supervising { supervision, children, control, component: to_component } = supervising;
    let actor = member.task.actor.clone();
    let incarnation = member.task.life.incarnation;
    let ended: Vec<String> = children.iter().filter(|c| c.ended).map(Member::child_name).collect();
    let asked = children.iter().filter(|child| child.is_on_request());
    let restart = |child: &Member| child.spec.as_ref().map_or(Restart::Temporary, |s| s.restart);
    let asked = asked.map(|child| (child.child_name(), restart(child))).collect();
    let mut supervisor = Supervisor::new(Household::new(node, children), &supervision, asked);
    let started = supervisor.start(&ended).await;
    // If that cannot be recorded, nothing can be, and all end soon.
    let _ = started.is_ok().then(|| member.has_started());
    let mut task = member.task;
    let component = surroundings::spawn(async move {
        let exit = task.run().await;
        (task, exit)
    });
    let mut work = Work {
        actor,
        incarnation,
        supervisor,
        component,
        to_component,
        control,
        backoff: supervision.backoff.unwrap_or_default(),
        tries: VecDeque::new(),
        began: Instant::now(),
    };
    let (task, exit) = match started {
        Ok(()) => {
            let _ = ready.send(Ok(incarnation));
            work.go_on().await
        }
        Err(failed) => {
            let problem = did_not_start(&work.actor.name, &failed);
            let over = work.end_component(Control::Stop).await;
            let _ = ready.send(Err(problem));
            over
        }
    };
    let Work { supervisor, control, to_component: component, .. } = work;
    let children = supervisor.into_family().into_members();
    member.task = task;
    member.supervising = Some(Supervising { supervision, children, control, component });
    Over { member, exit: exit.ok() }
}

impl Work {
    /// Supervises until the incarnation ends. The children have ended then.
    async fn go_on(&mut self) -> (Task, Result<Exit, LogFailed>) {
        self.settle();
        loop {
            let done = match self.hear().await {
                News::Component(task, exit) => {
                    self.supervisor.stop().await;
                    return (*task, exit);
                }
                News::Child(name, Some(Exit { reason, .. }), incarnation) => {
                    let now = self.began.elapsed();
                    let after = self.supervisor.exited(&name, incarnation, reason, now).await;
                    self.act(after).await
                }
                // The run cannot be written.
                News::Child(_, None, _) => Some(self.end_component(Control::Stop).await),
                News::Try(name) => {
                    let after = self.supervisor.try_again(&name, self.began.elapsed()).await;
                    self.act(after).await
                }
                News::Control(control) => self.obey(control).await,
            };
            if let Some(over) = done {
                return over;
            }
            self.settle();
        }
    }

    /// Those that rest and shall not be started again take no more messages. While one is to be
    /// started again, others may be waiting for it.
    fn settle(&mut self) {
        if self.tries.is_empty() {
            self.supervisor.family().close_resting();
        }
    }

    async fn hear(&mut self) -> News {
        let due = self.tries.front().map(|(due, _)| *due);
        let next_try = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            control = self.control.recv() => News::Control(control),
            (name, exit, incarnation) = self.supervisor.family().next_end() => {
                News::Child(name, exit, incarnation)
            }
            ended = &mut self.component => match ended {
                Ok((task, exit)) => News::Component(Box::new(task), exit),
                Err(panicked) => std::panic::resume_unwind(panicked),
            },
            () = next_try => {
                News::Try(self.tries.pop_front().map_or(String::new(), |(_, name)| name))
            }
        }
    }

    async fn act(&mut self, after: After) -> Option<(Task, Result<Exit, LogFailed>)> {
        match after {
            After::Settled => None,
            After::TryAgain(child) => {
                self.tries.push_back((Instant::now() + self.backoff, child));
                None
            }
            After::GaveUp(gave_up) => {
                let kind = Kind::GaveUp { child: gave_up.child, restarts: gave_up.restarts };
                let recorded = self.supervisor.family().append(self.actor.id, kind);
                // It ends as OTP's supervisors do: with `shutdown`, and on nobody's wish.
                let (task, exit) = self.end_component(Control::GiveUp).await;
                Some((task, recorded.and(exit)))
            }
        }
    }

    async fn obey(&mut self, control: Option<Control>) -> Option<(Task, Result<Exit, LogFailed>)> {
        let control = match control {
            Some(Control::For(incarnation, control)) if incarnation == self.incarnation => {
                Some(*control)
            }
            Some(Control::For(..)) => return None,
            control => control,
        };
        match control {
            Some(Control::StopChild(child, done)) => {
                self.supervisor.stop_child(&child).await;
                self.settle();
                // Whoever asked may have left.
                let _ = done.send(());
                None
            }
            Some(Control::RestartChild(child, done)) => {
                let started = self.supervisor.restart_child(&child).await;
                self.settle();
                let problem = |failed: FailedStart| {
                    let problem = Diagnostic::error(CHILD_FAILED, failed.reason);
                    Box::new(problem.help("See what it did with `trace`."))
                };
                let _ = done.send(started.map_err(problem));
                None
            }
            Some(Control::AddChild(child)) => {
                let family = self.supervisor.family();
                let member = family.newborn(&self.actor, &child);
                if let Some(member) = member {
                    let restart = member.spec.as_ref().map(|spec| spec.restart);
                    family.add(member);
                    // If it does not start, its records tell why, and its supervisor is told.
                    let restart = restart.unwrap_or(Restart::Temporary);
                    let _ = self.supervisor.add_child(&child, restart).await;
                }
                None
            }
            // That concerns the component alone.
            Some(reload @ Control::Reload(_)) => {
                let _ = self.to_component.send(reload);
                None
            }
            control => {
                let control = control.unwrap_or(Control::Shutdown);
                let wish = match control {
                    Control::Stop => Some(Wish::Stop),
                    Control::Shutdown => Some(Wish::Shutdown),
                    _ => None,
                };
                self.supervisor.stop().await;
                let (task, exit) = self.end_component(control).await;
                // It may have ended by itself at the same time: what somebody wants holds all the same.
                let wished = |exit: Exit| Exit { wish: wish.unwrap_or(exit.wish), ..exit };
                Some((task, exit.map(wished)))
            }
        }
    }

    async fn end_component(&mut self, control: Control) -> (Task, Result<Exit, LogFailed>) {
        // If it has ended by now, it need not be told, and its next incarnation is not meant; but whoever
        // wants it to begin again waits to be told.
        let control = match control {
            Control::Restart(_) => control,
            control => Control::For(self.incarnation, Box::new(control)),
        };
        let _ = self.to_component.send(control);
        match (&mut self.component).await {
            Ok(ended) => ended,
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    }
}

fn did_not_start(name: &str, failed: &FailedStart) -> Box<Diagnostic> {
    let message = format!("`{name}` did not start: its child {}", failed.reason);
    Box::new(Diagnostic::error(CHILD_FAILED, message).help(
        "The children that had started before it were stopped again. See what it did with `trace`.",
    ))
}
