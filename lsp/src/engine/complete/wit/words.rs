//! The words of WIT, each with what is said about it.

pub const FIRST: &[(&str, &str)] = &[
    ("package", "The package that the file belongs to: `package shop:inventory@0.1.0;`."),
    TOP[0],
    TOP[1],
    TOP[2],
];

pub const TOP: &[(&str, &str)] = &[
    ("interface", "Types and functions under one name."),
    ("world", "What a component imports and exports."),
    ("use", "Brings an interface into the file under its own or another name."),
    ("package", "A package within the file: `package a:b { ... }`."),
];

pub const INTERFACE: &[(&str, &str)] = &[
    ("record", "A value with fields: `record point { x: u32, y: u32 }`."),
    (
        "variant",
        "One of several cases, each with or without a value: `variant shape { dot, circle(u32) }`.",
    ),
    ("enum", "One of several names: `enum colour { red, green }`."),
    ("flags", "Any of several names together: `flags rights { read, write }`."),
    ("type", "Another name for a type: `type number = u32;`."),
    ("resource", "Something that is passed by handle, with functions of its own."),
    ("use", "Brings in types of another interface: `use stock.{item};`."),
];

pub const WORLD: &[(&str, &str)] = &[
    ("import", "What the component needs: an interface or a function."),
    ("export", "What the component offers: an interface or a function."),
    ("include", "Takes over the imports and exports of another world."),
    INTERFACE[6],
    INTERFACE[4],
    INTERFACE[0],
    INTERFACE[1],
    INTERFACE[2],
    INTERFACE[3],
    INTERFACE[5],
];

pub const RESOURCE: &[(&str, &str)] =
    &[("constructor", "Makes one: `constructor(name: string);`.")];

pub const FUNCTION: &[(&str, &str)] = &[
    ("func", "A function: `func(a: u32) -> string`."),
    (
        "static func",
        "A function of the resource that needs none: `static func(name: string) -> file`.",
    ),
];

/// Name, what stands before a value to type over, that value, what stands behind it, and what is said.
pub const GATES: &[(&str, &str, &str, &str, &str)] = &[
    ("since", "version = ", "0.1.0", ")", "Since this version of the package."),
    (
        "unstable",
        "feature = ",
        "name",
        ")",
        "Part of a feature that is off unless it is asked for.",
    ),
    ("deprecated", "version = ", "0.1.0", ")", "Not to be used any more, from this version on."),
];

pub const PLAIN_TYPES: &[(&str, &str)] = &[
    ("string", "Text, in Unicode."),
    ("bool", "`true` or `false`."),
    ("u8", "0 to 255."),
    ("u16", "0 to 65,535."),
    ("u32", "0 to 4,294,967,295."),
    ("u64", "0 to 18,446,744,073,709,551,615."),
    ("s8", "-128 to 127."),
    ("s16", "-32,768 to 32,767."),
    ("s32", "-2,147,483,648 to 2,147,483,647."),
    ("s64", "-9,223,372,036,854,775,808 to 9,223,372,036,854,775,807."),
    ("f32", "A floating-point number of 32 bits."),
    ("f64", "A floating-point number of 64 bits."),
    ("char", "One Unicode scalar value."),
];

/// Name, an argument to type over, and what is said.
pub const GENERIC_TYPES: &[(&str, &str, &str)] = &[
    ("list", "u8", "Any number of values of one type."),
    ("option", "u8", "A value, or none."),
    (
        "result",
        "_, string",
        "A value of the first type, or an error of the second. `_` stands for nothing.",
    ),
    ("tuple", "u8, u8", "Values of several types, in order."),
    ("borrow", "name", "A handle of a resource that is lent for the time of a call."),
    ("own", "name", "A handle of a resource that is given away."),
];
