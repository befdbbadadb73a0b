//! What is made of a log record by record, and how its parts are written into a snapshot.

use super::{
    ActorId, Answer, Cause, Code, Durability, EndedBy, ExitReason, Hash, ImportCall, OpenTurn,
    Record, RunDir, Step,
};
use crate::diagnostic::Result;
use crate::turn::{Failure, OutcomeKind};
use crate::wire::{Wire, WireError, Writer, wire_names, wire_record, wire_variant};
use minicbor::decode::Decoder;

/// Something that is made of a log by taking its records in order, and of nothing else. The same records
/// give the same bytes, so that anybody can find out whether a snapshot follows from the log.
pub(crate) trait Fold: Wire + Default {
    /// Takes the next record.
    ///
    /// # Errors
    ///
    /// When nobody could go on from here.
    fn follow(&mut self, run: &RunDir, record: Record) -> Result<()>;
}

wire_names!(Durability, ExitReason, OutcomeKind);
wire_record!(Step, 3 { actor = "actor", turn = "turn", step = "step" });
wire_record!(Code, 2 { component = "component", manifest = "manifest" });
wire_record!(OpenTurn, 5 {
    turn = "turn",
    step = "step",
    incarnation = "incarnation",
    cause = "cause",
    function = "function",
});
wire_record!(ImportCall, 3 { function = "function", arguments = "arguments", answer = "answer" });
wire_record!(Failure, 3 { message = "message", frames = "frames", stderr = "stderr" });
wire_variant!(Cause {
    Outside = "outside", Runtime = "runtime", Fork = "fork";
    Actor = "actor", Timer = "timer", Event = "event"
});
wire_variant!(EndedBy {
    Itself = "itself", Supervisor = "supervisor", Node = "node";
    Link = "link"
});
wire_variant!(Answer { None = "none"; Returned = "returned", Digest = "digest" });

impl Wire for ActorId {
    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> std::result::Result<Self, WireError> {
        u64::read(decoder).map(Self)
    }
}

impl Wire for Hash {
    fn write(&self, writer: &mut Writer) {
        writer.bytes(&self.0);
    }

    fn read(decoder: &mut Decoder<'_>) -> std::result::Result<Self, WireError> {
        let bytes = decoder.bytes()?;
        bytes.try_into().map(Self).map_err(|_| WireError::new(decoder, "a hash of 32 bytes"))
    }
}
