use super::{Abort, path};
use crate::call::to_wave;
use crate::trace::{Answer, CallsReader, Hash, ImportCall};
use crate::wire::{self, WireList};
use minicbor::decode::Decoder;
use wasmtime::component::{Type, Val};

/// What replay found to differ from the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The number of the import call in its turn, from 1; 0 if it is not in an import call.
    pub step: usize,
    /// What differs, such as `import`, `arguments`, `result` or `fuel`.
    pub what: String,
    /// What the record has.
    pub expected: String,
    /// What happened now.
    pub actual: String,
    /// Where inside the values the first difference is, such as `[1].items[2].price`. Empty if it is
    /// the whole of them, or nothing that has parts.
    pub path: String,
}

/// The recorded import calls of a turn, from which its replay is answered.
#[derive(Debug)]
pub struct Script {
    calls: CallsReader,
    step: usize,
    current: Option<ImportCall>,
    divergence: Option<Divergence>,
}

impl Script {
    /// Replays these calls.
    pub fn new(calls: CallsReader) -> Self {
        Self { calls, step: 0, current: None, divergence: None }
    }

    /// How many calls are left.
    pub fn left(&self) -> u64 {
        self.calls.left()
    }

    /// What differed; also a call that was recorded and did not come.
    pub fn finish(mut self, ended_early: bool) -> Option<Divergence> {
        if self.divergence.is_none() && !ended_early && self.calls.left() > 0 {
            let next = self.calls.next_call().ok().flatten();
            self.step += 1;
            self.divergence = Some(Divergence {
                step: self.step,
                what: "import".to_owned(),
                expected: next.map_or_else(
                    || "one more call".to_owned(),
                    |call| show_call(&call.function, &call.arguments),
                ),
                actual: "no more calls".to_owned(),
                path: String::new(),
            });
        }
        self.divergence
    }

    /// A call begins: it must be the next recorded one.
    pub(super) fn expect(&mut self, function: &str, arguments: &[u8]) -> Result<(), Abort> {
        self.step += 1;
        let call = match self.calls.next_call() {
            Ok(Some(call)) => call,
            Ok(None) => {
                let actual = show_call(function, arguments);
                return self.diverge("import", "no more calls".to_owned(), actual);
            }
            Err(error) => {
                return self.diverge("import", format!("unreadable: {error}"), String::new());
            }
        };
        if call.function != function {
            let expected = show_call(&call.function, &call.arguments);
            return self.diverge("import", expected, show_call(function, arguments));
        }
        if call.arguments != arguments {
            let expected = show_call(function, &call.arguments);
            let path = path::of_lists(&call.arguments, arguments).unwrap_or_default();
            let actual = show_call(function, arguments);
            return self.diverge_inside("arguments", path, expected, actual);
        }
        self.current = Some(call);
        Ok(())
    }

    /// The recorded answer of the present call.
    pub(super) fn answer<R: WireList>(&mut self) -> Result<R, Abort> {
        let answer = self.current.as_ref().map(|call| call.answer.clone());
        match answer {
            Some(Answer::Returned(bytes)) => match R::read_values(&mut Decoder::new(&bytes)) {
                Ok(results) => Ok(results),
                Err(error) => self
                    .diverge("answer", format!("unreadable: {error}"), String::new())
                    .and(Err(Abort::Diverged)),
            },
            Some(Answer::Digest(_)) => self
                .diverge("answer", "only its digest was recorded".to_owned(), String::new())
                .and(Err(Abort::Diverged)),
            Some(Answer::None) | None => Err(Abort::RecordEnds),
        }
    }

    /// The recorded answer of the present call, by the types of its results.
    pub(super) fn answer_of(&mut self, types: &[Type]) -> Result<Vec<Val>, Abort> {
        let answer = self.current.as_ref().map(|call| call.answer.clone());
        let Some(Answer::Returned(bytes)) = answer else { return Err(Abort::RecordEnds) };
        match wire::decode_all(&mut Decoder::new(&bytes), types) {
            Ok(values) => Ok(values),
            Err(error) => self
                .diverge("answer", format!("unreadable: {error}"), String::new())
                .and(Err(Abort::Diverged)),
        }
    }

    /// Compares an answer with the recorded one.
    pub(super) fn compare_answer(&mut self, results: &[u8]) -> Result<(), Abort> {
        let Some(call) = self.current.take() else { return Ok(()) };
        let (expected, path) = match &call.answer {
            Answer::Returned(bytes) if bytes == results => return Ok(()),
            Answer::Digest(hash) if *hash == Hash::of(results) => return Ok(()),
            Answer::Returned(bytes) => {
                (show_values(bytes), path::of_results(bytes, results).unwrap_or_default())
            }
            Answer::Digest(hash) => (format!("an answer with the SHA-256 {hash}"), String::new()),
            Answer::None => return Err(Abort::RecordEnds),
        };
        self.diverge_inside("answer", path, expected, show_values(results))
    }

    /// What was recorded as a digest only is not there any more.
    pub(super) fn missing_secret(&mut self, found: String) -> Abort {
        let expected = "the secret whose digest was recorded".to_owned();
        match self.diverge("secret", expected, found) {
            Ok(()) => Abort::Diverged,
            Err(abort) => abort,
        }
    }

    fn diverge(&mut self, what: &str, expected: String, actual: String) -> Result<(), Abort> {
        self.diverge_inside(what, String::new(), expected, actual)
    }

    fn diverge_inside(
        &mut self,
        what: &str,
        path: String,
        expected: String,
        actual: String,
    ) -> Result<(), Abort> {
        let (step, what) = (self.step, what.to_owned());
        self.divergence.get_or_insert(Divergence { step, what, expected, actual, path });
        Err(Abort::Diverged)
    }
}

impl Divergence {
    /// A difference of what two functions returned.
    pub(crate) fn of_results(expected: &[u8], actual: &[u8]) -> Self {
        Self {
            step: 0,
            what: "result".to_owned(),
            expected: show_values(expected),
            actual: show_values(actual),
            path: path::of_results(expected, actual).unwrap_or_default(),
        }
    }

    /// A difference of what two import calls answered.
    pub(crate) fn of_answers(expected: &[u8], actual: &[u8]) -> Self {
        Self { what: "answer".to_owned(), ..Self::of_results(expected, actual) }
    }

    /// A difference of two lists of values.
    pub(crate) fn of_lists(what: &str, expected: &[u8], actual: &[u8]) -> Self {
        Self {
            step: 0,
            what: what.to_owned(),
            expected: show_values(expected),
            actual: show_values(actual),
            path: path::of_lists(expected, actual).unwrap_or_default(),
        }
    }

    /// What differs, with the place inside it: `arguments[1].count`.
    pub fn place(&self) -> String {
        format!("{}{}", self.what, self.path)
    }
}

/// A call as people read it: `theater:host/state@0.1.0#get("count")`.
pub(crate) fn show_call(function: &str, arguments: &[u8]) -> String {
    format!("{function}{}", show_values(arguments))
}

/// Values as people read them: `("count", 5)`.
pub(crate) fn show_values(bytes: &[u8]) -> String {
    match wire::decode_any_all(bytes) {
        Ok(values) => {
            let values: Vec<String> = values.iter().map(to_wave).collect();
            format!("({})", values.join(", "))
        }
        Err(error) => format!("(unreadable: {error})"),
    }
}
