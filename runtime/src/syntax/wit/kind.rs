//! The kinds of tokens and nodes.

macro_rules! kinds {
    ($($name:ident $words:literal,)*) => {
        /// What a token or node is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum SyntaxKind {
            $(#[doc = $words] $name,)*
        }

        impl SyntaxKind {
            /// Every kind, in the order of their numbers.
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// How it is named in messages.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

kinds! {
    // What may stand between any two tokens.
    Space "space",
    Comment "a comment",
    Unknown "a character that WIT does not know",

    // Marks.
    Equals "`=`",
    Comma "`,`",
    Colon "`:`",
    Period "`.`",
    Semicolon "`;`",
    LeftParen "`(`",
    RightParen "`)`",
    LeftBrace "`{`",
    RightBrace "`}`",
    LessThan "`<`",
    GreaterThan "`>`",
    Arrow "`->`",
    Star "`*`",
    At "`@`",
    Slash "`/`",
    Plus "`+`",
    Minus "`-`",

    // Words.
    Name "a name",
    ExplicitName "a name after `%`",
    Integer "a number",
    Text "a string",
    Underscore "`_`",
    As "`as`",
    Async "`async`",
    Bool "`bool`",
    Borrow "`borrow`",
    Char "`char`",
    Constructor "`constructor`",
    Enum "`enum`",
    ErrorContext "`error-context`",
    Export "`export`",
    F32 "`f32`",
    F64 "`f64`",
    Flags "`flags`",
    From "`from`",
    Func "`func`",
    Future "`future`",
    Import "`import`",
    Include "`include`",
    Interface "`interface`",
    List "`list`",
    Map "`map`",
    OptionType "`option`",
    Own "`own`",
    Package "`package`",
    Record "`record`",
    Resource "`resource`",
    ResultType "`result`",
    S16 "`s16`",
    S32 "`s32`",
    S64 "`s64`",
    S8 "`s8`",
    Static "`static`",
    Stream "`stream`",
    StringType "`string`",
    Tuple "`tuple`",
    Type "`type`",
    U16 "`u16`",
    U32 "`u32`",
    U64 "`u64`",
    U8 "`u8`",
    Use "`use`",
    Variant "`variant`",
    With "`with`",
    World "`world`",

    End "the end of the file",

    // Nodes.
    File "a file",
    Error "what could not be understood",
    PackageHeader "a package's header",
    NestedPackage "a nested package",
    InterfaceItem "an interface",
    WorldItem "a world",
    Body "a body in braces",
    TopUse "a `use` at the top",
    UseItem "a `use`",
    UseList "the names of a `use`",
    UseName "one name of a `use`",
    IncludeItem "an `include`",
    IncludeList "the renames of an `include`",
    IncludeName "one rename of an `include`",
    ImportItem "an import",
    ExportItem "an export",
    AliasItem "a type alias",
    RecordItem "a record",
    Field "a field",
    VariantItem "a variant",
    VariantCase "a case of a variant",
    EnumItem "an enum",
    EnumCase "a case of an enum",
    FlagsItem "flags",
    Flag "a flag",
    ResourceItem "a resource",
    FuncItem "a function",
    ConstructorItem "a constructor",
    FuncType "a function's type",
    ParamList "parameters",
    Param "a parameter",
    Gate "an attribute",
    Version "a version",
    PackageName "a package's name",
    Path "the name of an interface or world",
    Declared "a name that is declared",
    Reference "a name that is used",
    TypeRef "a type",
}

impl SyntaxKind {
    /// Whether it may stand between any two tokens.
    pub fn is_trivia(self) -> bool {
        self <= Self::Unknown
    }

    /// Whether it is a word with a meaning of its own, which is a name only after `%`.
    pub fn is_keyword(self) -> bool {
        self >= Self::Underscore && self <= Self::World
    }
}
