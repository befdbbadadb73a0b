//! The words of the REPL: one table that feeds parsing, completion, `help` and error messages.

use std::fmt::Write;
use theater_runtime::diagnostic::did_you_mean;

/// What kind of thing an operand is: what completion offers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A project folder, a `theater.toml`, or a component.
    Path,
    /// The name of a running actor.
    Actor,
    /// `ACTOR#TURN`.
    Address,
    /// A turn's number, a part of all turns, or a time.
    Target,
    /// A key of the state.
    Key,
    /// The rest of the line, as a condition.
    Condition,
    /// A word of the REPL.
    Word,
    /// The rest of the line.
    Text,
}

/// One word: how it is written, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The word itself.
    pub name: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// What follows the word, as it is written in a manual: `NAME#TURN`. Empty for nothing.
    pub usage: &'static str,
    /// The operands in their order. Of `spawn` only those before `as` and `with`.
    pub operands: &'static [Operand],
    /// How many of the operands must be there.
    pub required: usize,
    /// One line: what the word does.
    pub summary: &'static str,
    /// More about it, in a few lines.
    pub help: &'static str,
    /// A line that can be typed.
    pub example: &'static str,
}

/// All words, in the order in which `help` shows them.
pub static WORDS: &[Word] = &[
    Word {
        name: "ps",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "list the actors",
        help: "Shows each running actor with its state, its turns and its restarts.",
        example: "ps",
    },
    Word {
        name: "spawn",
        aliases: &[],
        usage: "PATH [as NAME] [with ARGUMENTS]",
        operands: &[Operand::Path],
        required: 1,
        summary: "start an actor",
        help: "PATH is a project folder, a theater.toml, or a component (.wasm or .wat). A path with spaces \
               stands between double quotes.\nThe actor gets the name of its manifest or file, unless `as` gives it another.\n\
               What follows `with` are the arguments of the actor's `init`, written as in a call.",
        example: "spawn ../inventory as stock with {sku: \"A-1\", count: 3}",
    },
    Word {
        name: "stop",
        aliases: &[],
        usage: "NAME",
        operands: &[Operand::Actor],
        required: 1,
        summary: "stop an actor",
        help: "The actor finishes the turn that it is in, and ends; its children before it. Its trace stays.\n\
               A child that is stopped so is not restarted by its supervisor; `restart` starts it again.",
        example: "stop counter",
    },
    Word {
        name: "tree",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "show who supervises whom",
        help: "Shows all actors below their supervisors, in the order in which they are started, with how often \
               they were restarted. Children that have ended are shown, too: `restart` starts them again.",
        example: "tree",
    },
    Word {
        name: "info",
        aliases: &[],
        usage: "NAME",
        operands: &[Operand::Actor],
        required: 1,
        summary: "show all about one actor",
        help: "Shows what the actor is doing, its component, and its manifest with every grant and limit written \
               out, also those that are defaults.",
        example: "info shop/orders",
    },
    Word {
        name: "send",
        aliases: &[],
        usage: "NAME TEXT",
        operands: &[Operand::Actor, Operand::Text],
        required: 2,
        summary: "write to an actor's inbox",
        help: "The actor gets the text as a message, as from the `messenger` of another actor, and the line waits \
               until it has processed it. It must export `theater:actor/inbox`.\n\
               The text is the rest of the line. If it stands between double quotes, these do not belong to it, and \
               in it \\\" means a double quote.",
        example: "send shop/audit sold two of A-1",
    },
    Word {
        name: "kill",
        aliases: &[],
        usage: "NAME",
        operands: &[Operand::Actor],
        required: 1,
        summary: "end an actor at once, as if it had failed",
        help: "The turn that it is in is cut off, and changes nothing. Its supervisor decides whether it is \
               restarted, as after a trap.",
        example: "kill shop/orders",
    },
    Word {
        name: "restart",
        aliases: &[],
        usage: "NAME",
        operands: &[Operand::Actor],
        required: 1,
        summary: "end an actor in order, and start it again",
        help: "A child that has ended is started again. That does not count as a restart of its supervisor.",
        example: "restart shop/orders",
    },
    Word {
        name: "reload",
        aliases: &[],
        usage: "NAME [PATH] [anyway]",
        operands: &[Operand::Actor, Operand::Path],
        required: 1,
        summary: "give a running actor its new build",
        help: "Reads the actor's component and manifest again from where it was spawned, or from PATH: another \
               component or project. First the turns that its present component has executed are executed again on \
               the new one, from the trace. If they do the same, the actor goes on with the new one: state, \
               waiting calls and turn numbers stay. If not, the differences are shown and nothing changes, unless \
               the line ends with `anyway`.\n\
               A component that exports `theater:actor/upgrade` brings the state into its new form first. \
               A changed limit of the mailbox takes effect when the run is resumed.",
        example: "reload counter anyway",
    },
    Word {
        name: "events",
        aliases: &[],
        usage: "[NAME] [where CONDITION]",
        operands: &[Operand::Actor],
        required: 0,
        summary: "show live events, or stop showing them",
        help: "Turns, log lines and exits are shown above the prompt while they happen: of one actor, or of \
               all; with a condition, as `grep` takes it, only those for which it holds. Several such lines add up. The \
               same line again ends it, and `events` alone ends all.",
        example: "events counter where state.count > 5",
    },
    Word {
        name: "trace",
        aliases: &[],
        usage: "[NAME]",
        operands: &[Operand::Actor],
        required: 0,
        summary: "show what an actor has done",
        help: "Lists the recorded turns of one actor, or of all, with their calls and results. `at` goes to one \
               of them.",
        example: "trace counter",
    },
    Word {
        name: "grep",
        aliases: &[],
        usage: "CONDITION",
        operands: &[Operand::Condition],
        required: 1,
        summary: "show the records for which a condition holds",
        help: "A condition compares what records have, such as `outcome = trap`, `state.count > 5` or `text ~ \"A-1\"`; `and`, \
               `or`, `not` and parentheses join them. The fields are actor, turn, time, kind, function, argument, \
               result, outcome, failure, cause, reason, handler, call, changed, log, text, fuel, incarnation, \
               position, and state.KEY; the signs are =, !=, <, <=, >, >=, ~ for \"has in it\", and !~.",
        example: "grep state.count > 5 and not function = reset",
    },
    Word {
        name: "at",
        aliases: &[],
        usage: "[NAME#TURN[.STEP]]",
        operands: &[Operand::Address],
        required: 0,
        summary: "go to a recorded turn",
        help: "Puts the cursor on the moment after the turn, or after a step inside it; without an address, on \
               the last turn. From there `next`, `back`, `step` and `step-back` walk through the trace, and \
               `state` shows the state as it was. `live` returns to the present.\n\
               Turn 0 is the actor's `init`, 1 the first call.\n\
               Calls are always live: also while the cursor is in the past, they reach the actor as it is now.",
        example: "at counter#3",
    },
    Word {
        name: "next",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go to the actor's next turn",
        help: "Moves the cursor to the moment after the next turn of the same actor.",
        example: "next",
    },
    Word {
        name: "back",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go to the actor's previous turn",
        help: "Moves the cursor to the moment after the previous turn of the same actor.",
        example: "back",
    },
    Word {
        name: "step",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go to the next event inside the turn",
        help: "Moves the cursor over one import call or one change of state. At the end of a turn it enters the \
               next one.",
        example: "step",
    },
    Word {
        name: "step-back",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go to the previous event inside the turn",
        help: "Moves the cursor back over one import call or one change of state. At the start of a turn it \
               enters the previous one.",
        example: "step-back",
    },
    Word {
        name: "goto",
        aliases: &[],
        usage: "N|N%|TIME",
        operands: &[Operand::Target],
        required: 1,
        summary: "go to a turn of the same actor by number, part or time",
        help: "Moves the cursor to the moment after the turn with this number; with `%`, to the turn that stands at so \
               many hundredths of the turns; with a time in UTC, to the last turn that had ended by then.",
        example: "goto 50%",
    },
    Word {
        name: "first",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go to the actor's first turn",
        help: "Moves the cursor to the moment after the first turn of the same actor.",
        example: "first",
    },
    Word {
        name: "last",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go to the actor's last turn",
        help: "Moves the cursor to the moment after the last turn of the same actor.",
        example: "last",
    },
    Word {
        name: "follow",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go where a message led",
        help: "Moves the cursor along a message, to the moment after the turn that processed it: the message that was \
               sent in the step at the cursor, or the first one of its turn. `sender` goes the other way.",
        example: "follow",
    },
    Word {
        name: "sender",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "go where the turn's message came from",
        help: "Moves the cursor to the step that sent the message of this turn, in the actor that sent it. `follow` goes \
               the other way.",
        example: "sender",
    },
    Word {
        name: "until",
        aliases: &[],
        usage: "CONDITION",
        operands: &[Operand::Condition],
        required: 1,
        summary: "go on until a condition holds",
        help: "Moves the cursor to the next turn of the same actor for which the condition holds, or of any actor if the \
               condition says of which. If it asks for import calls (`call`, `handler`), the cursor stops at the call. \
               `help grep` tells what a condition is.",
        example: "until outcome = trap",
    },
    Word {
        name: "until-back",
        aliases: &[],
        usage: "CONDITION",
        operands: &[Operand::Condition],
        required: 1,
        summary: "go back until a condition holds",
        help: "Moves the cursor as `until` does, but into the past.",
        example: "until-back state.count < 5",
    },
    Word {
        name: "last-change",
        aliases: &[],
        usage: "KEY",
        operands: &[Operand::Key],
        required: 1,
        summary: "go back to what last changed a key",
        help: "Moves the cursor to the nearest change of this key of the state before it: to the call in which a turn \
               gave it a new value. The same line again goes to the change before that.",
        example: "last-change count",
    },
    Word {
        name: "next-change",
        aliases: &[],
        usage: "KEY",
        operands: &[Operand::Key],
        required: 1,
        summary: "go on to what next changes a key",
        help: "Moves the cursor to the nearest change of this key of the state after it.",
        example: "next-change count",
    },
    Word {
        name: "first-change",
        aliases: &[],
        usage: "KEY",
        operands: &[Operand::Key],
        required: 1,
        summary: "go to what first changed a key",
        help: "Moves the cursor to the first turn that gave this key of the state a value.",
        example: "first-change count",
    },
    Word {
        name: "why",
        aliases: &[],
        usage: "[NAME#TURN]",
        operands: &[Operand::Address],
        required: 0,
        summary: "show what led to a turn",
        help: "Shows the chain of causes of the turn, or of the one at the cursor: the step that sent its message, that \
               of the turn before, and so on back to what came from outside.",
        example: "why shop/audit#3",
    },
    Word {
        name: "effects",
        aliases: &[],
        usage: "[NAME#TURN[.STEP]]",
        operands: &[Operand::Address],
        required: 0,
        summary: "show what followed from a turn",
        help: "Shows the turns to which the calls and messages of the turn, or of the one at the cursor, led, and what \
               followed from these; with a step, what this call alone led to.",
        example: "effects shop/orders#3",
    },
    Word {
        name: "state",
        aliases: &[],
        usage: "[NAME]",
        operands: &[Operand::Actor],
        required: 0,
        summary: "show an actor's state",
        help: "Shows the keys and values that the actor keeps: at the cursor, if there is one, else as they are \
               now.",
        example: "state counter",
    },
    Word {
        name: "stack",
        aliases: &[],
        usage: "[NAME#TURN[.STEP]]",
        operands: &[Operand::Address],
        required: 0,
        summary: "show where in its code an actor was",
        help: "Executes the turn again, up to the step at the cursor or to its end, and shows the functions that the actor \
               was in, the innermost first: in an import call those that led to it, in a turn that aborted those in \
               which it did. With debug information in the component they stand there with file and line; a Rust actor has it \
               with `debug = \"line-tables-only\"` under `[profile.release]` in its Cargo.toml.",
        example: "stack counter#3.1",
    },
    Word {
        name: "diff",
        aliases: &[],
        usage: "NAME#TURN[.STEP] [NAME#TURN[.STEP]]",
        operands: &[Operand::Address, Operand::Address],
        required: 1,
        summary: "show what differs in the state between two moments",
        help: "Shows each key whose value differs, with both values. Without a second moment it is compared with the one \
               at the cursor, or with the present.",
        example: "diff counter#3 counter#7",
    },
    Word {
        name: "fork",
        aliases: &[],
        usage: "NAME#TURN[.STEP] [before] [with CHANGE]",
        operands: &[Operand::Address],
        required: 1,
        summary: "go on live from a recorded moment, in a new run",
        help: "The session ends its run, which stays as it is, and goes on with a new one that has everything that had \
               happened by then, in all actors. What came from outside later has to be sent again.\n\
               `before` leaves the turn itself out. With a call, written without its actor, the turn gets this message in place \
               of its own: `with place(\"A-1\", 2)`. With `with answer VALUE` the import call at the step gets this answer in place of \
               its own. With `with state KEY = VALUE` the actor goes on with another state, from the moment after the turn, or before \
               it; several changes stand between commas, `without KEY` is one as well, and `without state KEY` removes alone. Keys and \
               values are written as `state` shows them. `why` tells what is otherwise.",
        example: "fork shop/orders#3 with place(\"A-1\", 2)",
    },
    Word {
        name: "live",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "leave the trace, return to the present",
        help: "Takes the cursor away. Nothing that was looked at has changed the running actors.",
        example: "live",
    },
    Word {
        name: "view",
        aliases: &[],
        usage: "",
        operands: &[],
        required: 0,
        summary: "look at the trace on the whole screen",
        help: "Shows what happened as a list, the chosen moment in full, and the state there. It begins at the cursor, and \
               leaving it with `q` leaves the cursor where it stands then. `?` tells the keys. It needs a terminal.",
        example: "view",
    },
    Word {
        name: "help",
        aliases: &["?"],
        usage: "[WORD]",
        operands: &[Operand::Word],
        required: 0,
        summary: "list the words, or explain one",
        help: "Without a word it lists all words, with one it says more about it. It also explains handlers \
               (`help random`), the functions of an actor (`help counter`), and the codes of reports \
               (`help TH0403`).",
        example: "help spawn",
    },
    Word {
        name: "quit",
        aliases: &["exit"],
        usage: "",
        operands: &[],
        required: 0,
        summary: "stop all actors and leave",
        help: "Ctrl-d on an empty line does the same. The run stays on disk; `theater repl --resume` goes on with \
               it.",
        example: "quit",
    },
];

/// The word of this name, or of this alias.
pub fn find(name: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.name == name || word.aliases.contains(&name))
}

/// The word that was probably meant by a mistyped one.
pub fn near(name: &str) -> Option<&'static str> {
    did_you_mean(name, WORDS.iter().flat_map(Word::names))
}

impl Word {
    /// The word and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The word with its operands: `stop NAME`.
    pub fn full_usage(&self) -> String {
        format!("{} {}", self.name, self.usage).trim_end().to_owned()
    }

    /// What `help WORD` shows: several lines, the last one without its end.
    pub fn page(&self) -> String {
        let mut page = format!("{}\n    {}\n", self.full_usage(), self.summary);
        if !self.aliases.is_empty() {
            page.push_str(&format!("    also: {}\n", self.aliases.join(", ")));
        }
        format!("{page}\n{}\n\nExample: {}", self.help, self.example)
    }
}

/// What `help` shows: all words, and how calls are written. The last line is without its end.
pub fn overview() -> String {
    let width = WORDS.iter().map(|word| word.full_usage().len()).max().unwrap_or_default();
    let mut text =
        String::from("ACTOR.FUNCTION(ARGUMENTS) calls a function: counter.increment(by: 5)\n\n");
    for word in WORDS {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{:width$}  {}", word.full_usage(), word.summary);
    }
    text + "\nTab completes names, functions and arguments. // starts a comment. help WORD says more."
}
