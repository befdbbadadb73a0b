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
}
