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
}
