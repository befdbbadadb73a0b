//! Of what happens, what somebody asked to see.

use std::fmt;
use theater_runtime::replay::Condition;

/// What is shown while it happens: whatever one of the lines asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watched(Vec<Watch>);

/// One line that asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Whose events; everybody's if there is none.
    pub actor: Option<String>,
    /// Only those for which this holds.
    pub condition: Option<Condition>,
}

impl Watched {
    /// The lines that ask about an actor.
    pub fn of<'w>(&'w self, actor: &'w str) -> impl Iterator<Item = &'w Watch> {
        let is_meant = move |watch: &&Watch| watch.actor.as_deref().is_none_or(|of| of == actor);
        self.0.iter().filter(is_meant)
    }

    /// Adds a line; one that is there already is taken away, and the plain `events` takes all away. Answers whether
    /// its events are shown from now on, and with a sentence about it.
    pub fn toggle(&mut self, watch: Watch) -> (bool, String) {
        let plain = watch.actor.is_none() && watch.condition.is_none();
        let before = self.0.len();
        match plain {
            true => self.0.clear(),
            false => self.0.retain(|other| *other != watch),
        }
        let on = self.0.len() == before;
        let text = match (on, plain) {
            (true, true) => "every turn is shown; `events` again ends it".to_owned(),
            (true, false) => {
                format!("each turn{} is shown; `{watch}` again ends it", watch.which())
            }
            (false, _) => format!("turns{} are not shown any more", watch.which()),
        };
        if on {
            self.0.push(watch);
        }
        (on, text)
    }
}

impl Watch {
    /// Which turns, as it follows the word.
    fn which(&self) -> String {
        let whose = self.actor.iter().map(|actor| format!(" of {actor}"));
        let when = self.condition.iter().map(|condition| format!(" for which {condition}"));
        whose.chain(when).collect()
    }
}

/// The line that asks for it.
impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("events")?;
        match self.actor.as_deref() {
            Some("where") => f.write_str(" \"where\"")?,
            Some(actor) => write!(f, " {actor}")?,
            None => {}
        }
        if let Some(condition) = &self.condition {
            write!(f, " where {condition}")?;
        }
        Ok(())
    }
}
