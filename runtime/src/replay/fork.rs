use super::{ActorHistory, History};
use crate::diagnostic::Result;
use crate::trace::{Kind, RunDir, fork};
use std::path::Path;

impl History {
    /// Makes a new run below `data` that goes on from the moment after a turn, or from the moment before it.
    /// Before a turn, the message that led to it is not processed yet: one that an actor or a timer sent comes again,
    /// one from outside has to be sent again, or another one instead.
    ///
    /// # Errors
    ///
    /// When there is no such turn, the run is damaged before it, it is only a part, or the new one cannot be written.
    pub fn fork(
        &self,
        actor: &ActorHistory,
        index: usize,
        before: bool,
        data: &Path,
    ) -> Result<RunDir> {
        // Actors go on with all that they were told.
        if let Some(problem) = self.left_out("what the actors were told") {
            return Err(problem);
        }
        let turn = self.past(actor, index)?;
        let position = self.run().record_at(turn.location)?.header.position;
        let records = match before {
            true => self.beginning(actor, turn.header.turn, position)?,
            false => position + 1,
        };
        fork(self.run(), records, data)
    }

    /// The position of the first record that tells of a turn: its own, or the one from when it first asked another
    /// actor.
    fn beginning(&self, actor: &ActorHistory, turn: u64, position: u64) -> Result<u64> {
        let mut beginning = position;
        for earlier in (0..position).rev() {
            let Some((id, location)) = self.record(earlier) else { break };
            if id != actor.id {
                continue;
            }
            match self.run().record_at(location)?.header.kind {
                Kind::Open(open) if open.turn == turn => beginning = earlier,
                // An incarnation that died in the middle of it went on with it.
                Kind::Exited { .. } | Kind::Restarted { .. } => {}
                _ => break,
            }
        }
        Ok(beginning)
    }
}
