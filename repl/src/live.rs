//! What happens while somebody watches: log lines, restarts, and the turns that were asked for.

use crate::output::{Look, Output};
use crate::paint::Role;
use crate::record;
use crate::styled::Line;
use crate::watched::Watched;
use std::borrow::Cow;
use std::collections::HashMap;
use theater_runtime::node::Node;
use theater_runtime::replay::{Condition, History, Subject};
use theater_runtime::trace::{ActorId, Cause, Kind, Live, Record, RecordView, Subscription};

/// How many log lines of one turn are shown.
const LOG_LINES: usize = 50;

/// How many characters of one log line are shown.
const LOG_LENGTH: usize = 1000;

/// The records of a node as they are stored, and what of them is shown.
pub struct LiveLines {
    node: Node,
    subscription: Subscription,
    names: HashMap<ActorId, String>,
    exits: HashMap<ActorId, &'static str>,
    /// The trace as far as it has been read, once somebody has asked for what only the states tell.
    history: Option<History>,
}

/// One thing that happened.
#[derive(Debug)]
pub struct Happened {
    /// The record; none if records were missed.
    view: Option<Box<RecordView>>,
    missed: u64,
    /// Whether its actor is watched.
    watched: bool,
    /// Why the actor exited last.
    exit: Option<&'static str>,
}

impl LiveLines {
    /// Listens from now on.
    pub fn new(node: &Node) -> Self {
        let (node, subscription) = (node.clone(), node.subscribe());
        let (names, exits) = (HashMap::new(), HashMap::new());
        let mut live = Self { node, subscription, names, exits, history: None };
        live.learn_names();
        live
    }

    fn learn_names(&mut self) {
        let actors = self.node.actors();
        self.names.extend(actors.iter().map(|actor| (actor.id, actor.name.to_string())));
    }

    /// The next thing that happens. Waits for ever when the node has ended.
    pub async fn next(&mut self, watched: &Watched) -> Happened {
        match self.subscription.next().await {
            Some(live) => self.follow(live, watched),
            None => std::future::pending().await,
        }
    }

    /// What is there already of the watched actors, for scripts.
    pub fn arrived(&mut self, watched: &Watched) -> Vec<Output> {
        let mut outputs = Vec::new();
        while let Some(happened) = self.try_next(watched) {
            if let (true, Some(view)) = (happened.watched, happened.view) {
                outputs.push(Output::Record(view));
            }
        }
        outputs
    }

    /// What is there already, one by one.
    pub fn try_next(&mut self, watched: &Watched) -> Option<Happened> {
        let live = self.subscription.try_next()?;
        Some(self.follow(live, watched))
    }

    fn follow(&mut self, live: Live, watched: &Watched) -> Happened {
        let record: &Record = match &live {
            Live::Record(record) => record,
            Live::Missed(missed) => {
                let missed = *missed;
                self.learn_names();
                return Happened { view: None, missed, watched: true, exit: None };
            }
        };
        let id = record.header.actor;
        let exit = self.exits.get(&id).copied();
        match &record.header.kind {
            Kind::Spawned { name, .. } => drop(self.names.insert(id, name.clone())),
            Kind::Exited { reason, .. } => drop(self.exits.insert(id, reason.name())),
            _ => {}
        }
        let name = self.names.get(&id).cloned();
        let view = RecordView::new(record, name.as_deref());
        let mut asked = name.iter().flat_map(|name| watched.of(name));
        let watched = asked.any(|watch| match &watch.condition {
            Some(condition) => self.holds(condition, &view),
            None => true,
        });
        Happened { view: Some(Box::new(view)), missed: 0, watched, exit }
    }

    /// Whether a condition holds for a record. If its state cannot be read, none about it does.
    fn holds(&mut self, condition: &Condition, view: &RecordView) -> bool {
        if !condition.asks_for_state() {
            return condition.holds(&Subject { view, call: None, state: None });
        }
        let history = match &mut self.history {
            Some(history) => history.refresh().is_ok().then_some(&*history),
            None => {
                History::load(self.node.run()).ok().map(|history| &*self.history.insert(history))
            }
        };
        history.is_some_and(|history| history.holds(condition, view.position))
    }
}

impl Happened {
    /// The lines for a person, without the end of the last one. None if it is not worth a line.
    pub fn text(&self, look: Look) -> Option<String> {
        let Some(view) = &self.view else {
            let text = format!("… {} events went by too fast to be shown", self.missed);
            return Some(look.paint.text(Role::Faint, &text).into_owned());
        };
        let name = view.actor.as_deref().unwrap_or("node");
        let mut logged = view.log_lines();
        let shown = logged
            .by_ref()
            .take(LOG_LINES)
            .map(|line| look.paint.log_line(name, line.from, &short(&line.text)));
        let mut lines: Vec<String> = shown.collect();
        let more = logged.count();
        if more > 0 {
            let text = format!("  … {more} more lines of {}", view.address());
            lines.push(Line::default().role(Role::Faint, &text).render(look.paint, look.width));
        }
        let line = match self.watched {
            true => Some(record::line(view)),
            false => {
                aborted_unasked(view).or_else(|| record::lifecycle(name, &view.kind, self.exit))
            }
        };
        lines.extend(line.map(|line| line.render(look.paint, look.width)));
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// A log line as far as somebody wants to read it while something else happens.
fn short(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(LOG_LENGTH) {
        Some((end, _)) => Cow::Owned(format!("{}…", &message[..end])),
        None => Cow::Borrowed(message),
    }
}

/// A turn that aborted without a person having called: nobody else reports it.
fn aborted_unasked(view: &RecordView) -> Option<Line> {
    let turn = view.turn()?;
    let unasked = turn.cause != Cause::Outside && !turn.outcome.commits();
    (unasked && turn.turn > 0).then(|| record::line(view))
}
