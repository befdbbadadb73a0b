use super::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal;)*) => {
        $($(#[$doc])* #[doc = $title] pub const $name: &Code = &Code {
            id: $id,
            title: $title,
            page: include_str!(concat!("pages/", $id, ".md")),
        };)*

        /// Every code of this crate, in order. `TH01`: the manifest. `TH02`: WIT, and WIT against the
        /// manifest. `TH03`: components. `TH04`: calls. `TH05`: turns. `TH06`: runs and their traces.
        /// `TH07`: replay.
        pub static CODES: &[&Code] = &[$($name),*];
    };
}

codes! {
    FILE_UNREADABLE = "TH0001", "a file cannot be read";

    IMPORT_NOT_GRANTED = "TH0351", "a component imports what its manifest does not grant";
    IMPORT_UNKNOWN = "TH0352", "a component imports what nothing provides";
    COMPONENT_UNSUPPORTED = "TH0353", "a component cannot be loaded";
    INIT_SHAPE = "TH0354", "init has another shape than the runtime calls";

    NO_SUCH_ACTOR = "TH0450", "there is no actor of this name";
    NO_SUCH_FUNCTION = "TH0451", "an actor exports no such function";
    NAME_TAKEN = "TH0452", "an actor of this name is running already";
    OVERLOADED = "TH0453", "an actor's mailbox is full";

    TURN_ABORTED = "TH0501", "a turn aborted";
    INIT_REFUSED = "TH0502", "an actor refuses to start";
    NODE_STOPPED = "TH0503", "the node is ending";

    RUN_MISSING = "TH0601", "there is no such run";
    RUN_LOCKED = "TH0602", "another process writes the run";
    RUN_UNWRITABLE = "TH0603", "a run cannot be written";
    TRACE_DAMAGED = "TH0604", "a trace is damaged";

    REPLAY_IMPOSSIBLE = "TH0701", "a turn cannot be replayed";
    REPLAY_DIVERGED = "TH0702", "a replay differs from its record";
    NO_SUCH_TURN = "TH0703", "there is no such turn";
}
