//! The children of a supervisor, as actors.

use super::member::{Member, Over};
use super::{Inner, Node};
use crate::actor::{Actor, Control, Exit};
use crate::manifest::Shutdown;
use crate::supervisor::{Family, Ordered};
use crate::surroundings::Group;
use crate::trace::{ActorId, Kind, LogFailed};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// How often a child that is to be killed is told so.
const KILL_EVERY: Duration = Duration::from_millis(50);

/// The children of one supervisor.
pub(super) struct Household {
    node: Weak<Inner>,
    /// The order in which they are started, for when they are handed on.
    order: Ordered<()>,
    at_rest: BTreeMap<String, Box<Member>>,
    living: Group<(String, Over)>,
    /// Ends that were found while another one was waited for.
    ends: VecDeque<(String, Over)>,
    shutdown: HashMap<String, Shutdown>,
    /// Those that have been started.
    actors: HashMap<String, Arc<Actor>>,
}

impl Household {
    pub fn new(node: Weak<Inner>, children: Vec<Member>) -> Self {
        let rule = |child: &Member| child.spec.as_ref().map_or(Shutdown::Infinity, |s| s.shutdown);
        Self {
            node,
            order: children.iter().map(|child| (child.child_name(), ())).collect(),
            shutdown: children.iter().map(|child| (child.child_name(), rule(child))).collect(),
            at_rest: children.into_iter().map(|c| (c.child_name(), Box::new(c))).collect(),
            actors: HashMap::new(),
            living: Group::new(),
            ends: VecDeque::new(),
        }
    }

    /// One more child, which rests.
    pub fn add(&mut self, child: Member) {
        let name = child.child_name();
        let rule = child.spec.as_ref().map_or(Shutdown::Infinity, |spec| spec.shutdown);
        self.shutdown.insert(name.clone(), rule);
        self.order.push(name.clone(), ());
        self.at_rest.insert(name, Box::new(child));
    }

    /// A child that was asked for, and that the node keeps until its supervisor comes to it.
    pub fn newborn(&self, supervisor: &Actor, child: &str) -> Option<Member> {
        let inner = self.node.upgrade()?;
        let path = format!("{}/{child}", supervisor.name);
        Node { inner }.registry().newborn.remove(path.as_str())
    }

    /// All children in their order. None of them lives any more.
    pub fn into_members(mut self) -> Vec<Member> {
        let resting = self.order.iter().filter_map(|(name, ())| self.at_rest.remove(name));
        resting.map(|member| *member).collect()
    }

    /// The next child that ends: its name, how, and as which incarnation. Safe to be dropped while it
    /// waits.
    pub async fn next_end(&mut self) -> (String, Option<Exit>, u32) {
        let (name, over) = match self.ends.pop_front() {
            Some(end) => end,
            None => self.join().await,
        };
        let (exit, incarnation) = (over.exit, over.member.task.life.incarnation);
        self.rest(&name, over.member);
        (name, exit, incarnation)
    }

    /// Records something that concerns the supervisor.
    pub fn append(&self, actor: ActorId, kind: Kind) -> Result<(), LogFailed> {
        match self.node.upgrade() {
            Some(inner) => Node { inner }.append(actor, kind),
            None => Ok(()),
        }
    }

    async fn join(&mut self) -> (String, Over) {
        match self.living.join_next().await {
            Some(Ok(end)) => end,
            Some(Err(panicked)) => std::panic::resume_unwind(panicked),
            None => std::future::pending().await,
        }
    }

    /// Waits for the end of one child.
    async fn end_of(&mut self, child: &str) -> Over {
        loop {
            if let Some(index) = self.ends.iter().position(|(name, _)| name == child)
                && let Some((_, over)) = self.ends.remove(index)
            {
                return over;
            }
            let end = self.join().await;
            self.ends.push_back(end);
        }
    }

    fn rest(&mut self, name: &str, member: Box<Member>) {
        self.at_rest.insert(name.to_owned(), member);
    }

    /// Those that rest take no more messages. Those that wait are answered with an error.
    pub fn close_resting(&mut self) {
        for member in self.at_rest.values_mut() {
            // What cannot be recorded here is not recorded anywhere: the node stops.
            let _ = member.close();
        }
    }

    /// Ends a child at once, and what it supervises.
    async fn kill(&mut self, child: &str, actor: &Actor) -> Over {
        loop {
            if let Some(inner) = self.node.upgrade() {
                Node { inner }.cancel_below(&actor.name);
            }
            if let Ok(over) = tokio::time::timeout(KILL_EVERY, self.end_of(child)).await {
                return over;
            }
        }
    }

    /// Tells a child's present incarnation. It may have ended by itself meanwhile.
    fn tell(&self, actor: &Actor, control: Control) {
        if let Some(inner) = self.node.upgrade() {
            Node { inner }.tell(actor, Control::For(actor.incarnation(), Box::new(control)));
        }
    }
}

impl Family for Household {
    async fn start(&mut self, child: &str) -> Result<u32, String> {
        let Some(member) = self.at_rest.remove(child) else {
            return Err(format!("`{child}` is no child any more"));
        };
        member.task.mailbox.open();
        member.actor().tell_to_end(false);
        self.actors.insert(child.to_owned(), member.actor().clone());
        let (ready, started) = oneshot::channel();
        let (name, node) = (child.to_owned(), self.node.clone());
        self.living.spawn(async move { (name, member.live(node, ready).await) });
        match started.await {
            Ok(Ok(incarnation)) => Ok(incarnation),
            not_started => {
                let over = self.end_of(child).await;
                self.rest(child, over.member);
                Err(match not_started {
                    Ok(Err(problem)) => problem.message,
                    _ => format!("`{child}` could not be recorded"),
                })
            }
        }
    }

    async fn stop(&mut self, child: &str) {
        let Some(actor) = self.actors.get(child).cloned() else { return };
        actor.tell_to_end(true);
        let rule = self.shutdown.get(child).copied().unwrap_or(Shutdown::Infinity);
        let over = match rule {
            Shutdown::Kill => {
                self.tell(&actor, Control::Kill);
                self.kill(child, &actor).await
            }
            Shutdown::Infinity => {
                self.tell(&actor, Control::Stop);
                self.end_of(child).await
            }
            Shutdown::Within(time) => {
                self.tell(&actor, Control::Stop);
                match tokio::time::timeout(time, self.end_of(child)).await {
                    Ok(over) => over,
                    Err(_) => self.kill(child, &actor).await,
                }
            }
        };
        self.rest(child, over.member);
    }

    fn forget(&mut self, child: &str) {
        self.order.remove(child);
        self.shutdown.remove(child);
        self.actors.remove(child);
        let Some(mut member) = self.at_rest.remove(child) else { return };
        // What cannot be recorded here is not recorded anywhere: the node stops.
        let _ = member.end(&self.node);
        if let Some(inner) = self.node.upgrade() {
            Node { inner }.registry().forget(member.actor());
        }
    }
}
