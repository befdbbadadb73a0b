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
}
