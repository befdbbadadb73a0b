//! The kinds of problems of this crate: `TH08`.

use theater_runtime::diagnostic::Code;

macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal;)*) => {
        $(#[doc = $title] pub const $name: &Code = &Code {
            id: $id,
            title: $title,
            page: include_str!(concat!("pages/", $id, ".md")),
        };)*

        /// Every code of this crate, in order.
        pub static CODES: &[&Code] = &[$($name),*];
    };
}

codes! {
    PATH_EXISTS = "TH0801", "a path is taken";
    CANNOT_CREATE = "TH0802", "a project cannot be written";
    NO_TEMPLATE = "TH0803", "a template does not exist";
    NOTHING_TO_BUILD = "TH0804", "a manifest does not say how to build";
    BUILD_COMMAND = "TH0805", "a build command failed";
    BUILD_OUTPUT = "TH0806", "a build made no component";
    CANNOT_WRITE = "TH0807", "a component cannot be written";
}
