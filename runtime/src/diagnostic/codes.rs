/// Defines the kinds of problems of a crate: a constant for each, and the table `CODES` of all. The
/// page of each stands in the folder `pages` beside the file that calls this.
#[macro_export]
macro_rules! codes {
    ($(#[$doc:meta])* $($name:ident = $id:literal, $title:literal;)*) => {
        $(#[doc = $title] pub const $name: &$crate::diagnostic::Code = &$crate::diagnostic::Code {
            id: $id,
            title: $title,
            page: include_str!(concat!("pages/", $id, ".md")),
        };)*

        $(#[$doc])*
        pub static CODES: &[&$crate::diagnostic::Code] = &[$($name),*];
    };
}

codes! {
    /// Every code of this crate, in order. `TH00`: files. `TH01`: the manifest. `TH02`: WIT, and WIT
    /// against the manifest. `TH03`: components. `TH04`: calls. `TH05`: turns and nodes. `TH06`: runs
    /// and their traces. `TH07`: replay.

    FILE_UNREADABLE = "TH0001", "a file cannot be read";
    OUTPUT_UNWRITABLE = "TH0002", "output cannot be written";

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
    INIT_SYNTAX = "TH0115", "the arguments of `init` are not WAVE";

    FOLDER_TWICE = "TH0130", "two folders have the same guest path";
    CHILD_NAMED_TWICE = "TH0140", "two children have one name";
    CHILD_UNASKED = "TH0141", "nobody can ask for a child";
    LINK_TWICE = "TH0150", "two links are for one import";
    LINK_TO_HOST = "TH0151", "a link is for an interface of the host";

    WIT_SYNTAX = "TH0201", "WIT is not valid";
    WIT_UNKNOWN_NAME = "TH0202", "a name is not defined in WIT";
    WIT_FOLDER = "TH0203", "a project's WIT files are missing";
    WORLD_UNKNOWN = "TH0204", "a world does not exist";
    IMPORT_NOT_GRANTED = "TH0205", "an import is not granted";
    IMPORT_UNKNOWN = "TH0206", "an import is answered by nobody";
    FUNCTION_UNANSWERED = "TH0207", "a function is not answered";
    GRANT_UNUSED = "TH0208", "a grant has no use";
    INIT_SHAPE = "TH0209", "`init` has the wrong type";
    WASI_0_3 = "TH0210", "a world needs WASI 0.3";
    CALLBACK_NEVER_CALLED = "TH0211", "nobody calls a callback";
    CALLBACK_MISSING = "TH0212", "a callback is missing";
    WIT_DUPLICATE = "TH0213", "a name is declared twice in WIT";
    WIT_CYCLE = "TH0214", "something in WIT needs itself";
    WIT_VERSION = "TH0215", "versions of a WIT package do not fit together";
    WIT_GATED = "TH0216", "a part of WIT is behind a gate";
    WORLD_UNUSED = "TH0217", "no manifest uses a world";

    CHILD_GRANT = "TH0240", "a child is granted more than its supervisor";
    CHILD_UNNAMED = "TH0241", "a project below an application belongs to nobody";
    INIT_MISFIT = "TH0242", "arguments do not fit the `init` that gets them";
    LINK_UNUSED = "TH0250", "a link has no use";
    LINK_UNSUPPORTED = "TH0251", "a function cannot be used over a link";
    LINK_UNKNOWN = "TH0252", "a link leads to nobody";
    LINK_NOT_EXPORTED = "TH0253", "a link leads to an actor without the interface";
    LINK_VERSION = "TH0254", "the two ends of a link have different versions";
    LINK_TYPES = "TH0255", "the two ends of a link have different types";
    LINK_CYCLE = "TH0256", "links form a circle";
    MESSENGER_UNHEARD = "TH0257", "an actor may write to nobody";
    PATTERN_UNMATCHED = "TH0258", "a pattern matches nothing";

    NOT_WASM = "TH0301", "a file is not WebAssembly";
    INVALID_WASM = "TH0302", "a component is not valid";
    CORE_MODULE = "TH0303", "a file is a core module, not a component";
    WIT_PACKAGE = "TH0304", "a file is a WIT package, not a component";
    COMPONENT_TOO_NEW = "TH0305", "a component needs WASI 0.3";
    NOTHING_TO_CALL = "TH0306", "a component has no function to call";
    COMPONENT_WORLD = "TH0307", "a component differs from its world";
    NOT_BUILT = "TH0308", "a component has not been built";
    TEXT_SYNTAX = "TH0309", "WebAssembly text is not valid";
    COMPONENT_UNSUPPORTED = "TH0310", "a component cannot be loaded";
    NO_WIT_FORM = "TH0311", "a component cannot be described in WIT";
    COMPONENT_STALE = "TH0312", "a component is older than its sources";

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
    FUNCTION_UNCALLABLE = "TH0414", "a function cannot be called";

    TURN_ABORTED = "TH0501", "a turn aborted";
    INIT_REFUSED = "TH0502", "an actor refuses to start";
    NODE_STOPPED = "TH0503", "the node is ending";
    ENGINE_CANNOT_START = "TH0504", "the engine cannot start";
    CACHE_UNTRUSTED = "TH0510", "the cache of compiled components is not used";
    FOLDER_MISSING = "TH0530", "a granted folder cannot be used";
    FOLDER_HOLDS_ACTOR = "TH0531", "an actor could write its own manifest or trace";
    RELOAD_REFUSED = "TH0540", "a reload is refused";
    MESSAGE_MISFIT = "TH0541", "a message does not fit a reloaded actor";

    CHILD_FAILED = "TH0560", "a child does not start";
    CHILD_CYCLE = "TH0561", "a tree of actors does not end";
    GAVE_UP = "TH0562", "a supervisor gave up";

    RUN_MISSING = "TH0601", "there is no such run";
    RUN_LOCKED = "TH0602", "another process writes the run";
    RUN_UNWRITABLE = "TH0603", "a run cannot be written";
    TRACE_DAMAGED = "TH0604", "a trace is damaged";
    RUN_DIFFERS = "TH0605", "a run goes on with what it recorded";
    ARCHIVE_DAMAGED = "TH0606", "a file is no trace that can be read";
    TRACE_PART = "TH0607", "a part of a run does not have everything";

    REPLAY_IMPOSSIBLE = "TH0701", "a turn cannot be replayed";
    NO_SUCH_TURN = "TH0703", "there is no such turn";
    FORK_IMPOSSIBLE = "TH0704", "a run cannot be forked with this change";
    CONDITION_SYNTAX = "TH0711", "a condition is not written as one";
    CONDITION_FIELD = "TH0712", "a condition asks for what no record has";
    CONDITION_VALUE = "TH0713", "a condition compares with what cannot be";
}
