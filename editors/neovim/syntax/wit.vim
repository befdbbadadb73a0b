" WIT, the interface language of the WebAssembly component model.
if exists('b:current_syntax')
  finish
endif

syntax iskeyword @,48-57,-
syntax keyword witStatement package use as import export include with interface world
syntax keyword witStructure record variant enum flags type resource
syntax keyword witFunction func static constructor async
syntax keyword witType bool char string s8 s16 s32 s64 u8 u16 u32 u64 f32 f64
syntax keyword witType list option result tuple own borrow stream future
syntax match witVersion /@\d\+\.\d\+\.\d\+[-+.0-9A-Za-z]*/
syntax match witGate /@\(since\|unstable\|deprecated\)\>/
syntax match witEscaped /%[a-z][-a-z0-9]*/
syntax match witComment /\/\/.*$/ contains=@Spell
syntax match witDocumentation /\/\/\/.*$/ contains=@Spell
syntax region witComment start=/\/\*/ end=/\*\// contains=witComment,@Spell

highlight default link witStatement Statement
highlight default link witStructure Structure
highlight default link witFunction Keyword
highlight default link witType Type
highlight default link witVersion Constant
highlight default link witGate PreProc
highlight default link witEscaped Identifier
highlight default link witComment Comment
highlight default link witDocumentation SpecialComment

let b:current_syntax = 'wit'
