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

    MANIFEST_MISSING = "TH0101", "a folder holds no manifest";
    MANIFEST_SYNTAX = "TH0102", "a manifest is not valid TOML";
    DUPLICATE_KEY = "TH0103", "a key is written twice";
    UNKNOWN_KEY = "TH0104", "a key is unknown";
    UNKNOWN_HANDLER = "TH0105", "a handler is unknown";
    MISSING_KEY = "TH0106", "a key is missing";
    WRONG_TYPE = "TH0107", "a value is of the wrong type";
    BAD_NAME = "TH0108", "a name is not allowed";
    BAD_QUANTITY = "TH0109", "a size or duration cannot be read";
    OUT_OF_RANGE = "TH0110", "a number is out of range";
    UNKNOWN_CHOICE = "TH0111", "a word is none of the choices";
    MIXED_KEYS = "TH0112", "keys of two forms are mixed";
    BAD_TEXT = "TH0113", "a text does not have the right form";
    GRANTED_ALWAYS = "TH0114", "a handler that every actor has is granted";

    IMPORT_NOT_GRANTED = "TH0351", "a component imports what its manifest does not grant";
    IMPORT_UNKNOWN = "TH0352", "a component imports what nothing provides";
    COMPONENT_UNSUPPORTED = "TH0353", "a component cannot be loaded";
    INIT_SHAPE = "TH0354", "init has another shape than the runtime calls";

    CALL_SYNTAX = "TH0401", "a call is not written as one";
    VALUE_SYNTAX = "TH0402", "a value is not WAVE";
    ARGUMENT_COUNT = "TH0403", "a call has too few or too many arguments";
    ARGUMENT_NAME = "TH0404", "the names of a call's arguments are wrong";
    VALUE_TYPE = "TH0405", "a value is not of the type that is needed";
    VALUE_RANGE = "TH0406", "a number is too small or too large for its type";
    ACTOR_UNKNOWN = "TH0407", "there is no actor of this name";
    FUNCTION_UNKNOWN = "TH0408", "an actor has no such function";
    FUNCTION_AMBIGUOUS = "TH0409", "several interfaces of an actor have this function";
    WORD_UNKNOWN = "TH0410", "the REPL has no such word";
    WORD_OPERANDS = "TH0411", "a word of the REPL is used wrongly";
    NAME_TAKEN = "TH0412", "an actor of this name is running already";
    OVERLOADED = "TH0413", "an actor's mailbox is full";

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
