//! What is known of problems, for editors that ask for them: a report for each file, whose number tells whether it is
//! another one than before.

use super::convert::uri;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tower_lsp::ls_types as lsp;

/// The reports of all files.
#[derive(Debug, Default)]
pub struct Reports {
    files: BTreeMap<PathBuf, Report>,
    /// The number of the last report that was made.
    last: u64,
}

/// The problems of a file.
#[derive(Debug)]
struct Report {
    number: u64,
    version: Option<i32>,
    diagnostics: Vec<lsp::Diagnostic>,
}

/// What an editor is given with a report, and says when it asks again. An answer that it threw away, because it had asked
/// once more meanwhile, is then given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    /// The number of the file's report; 0 if nothing had been found.
    number: u64,
    /// The last report of any file that had been made then.
    last: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.last)
    }
}

impl FromStr for Seen {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, last) = text.split_once('.').ok_or(())?;
        let read = |text: &str| text.parse().map_err(drop);
        Ok(Self { number: read(number)?, last: read(last)? })
    }
}

impl Reports {
    /// The problems of a file, as they are now. Answers whether they are other ones than before.
    pub fn found(
        &mut self,
        path: &Path,
        version: Option<i32>,
        diagnostics: Vec<lsp::Diagnostic>,
    ) -> bool {
        match self.files.get_mut(path) {
            Some(before) if before.diagnostics == diagnostics => {
                before.version = version;
                return false;
            }
            None if diagnostics.is_empty() => return false,
            _ => {}
        }
        self.last += 1;
        let report = Report { number: self.last, version, diagnostics };
        self.files.insert(path.to_owned(), report);
        true
    }

    /// The report of one file, for an editor that says what it has. With `related` come those of other open texts that
    /// were made since: what changes in one file can have its consequence in any. Files that are not open are told of
    /// where the whole workspace is asked for.
    pub fn of(
        &self,
        path: &Path,
        previous: Option<&str>,
        related: bool,
    ) -> lsp::DocumentDiagnosticReport {
        let previous: Option<Seen> = previous.and_then(|previous| previous.parse().ok());
        let seen = previous.unwrap_or_default().last;
        let others = self.files.iter().filter(|(other, _)| related && *other != path);
        let news = others.filter(|(_, report)| report.number > seen);
        let news = news
            .filter(|(_, report)| report.version.is_some())
            .filter(|(_, report)| seen > 0 || !report.diagnostics.is_empty());
        let news = news.filter_map(|(other, report)| {
            // With it come none of others, as far as the editor is concerned.
            let id = Seen { number: report.number, last: 0 };
            Some((uri(other)?, full(id, report.diagnostics.clone()).into()))
        });
        let news: HashMap<lsp::Uri, lsp::DocumentDiagnosticReportKind> = news.collect();
        let report = self.files.get(path);
        let number = report.map_or(0, |report| report.number);
        let id = Seen { number, last: self.last };
        // Some editors look at nothing else where a report is unchanged.
        if news.is_empty() && previous.is_some_and(|previous| previous.number == number) {
            let unchanged_document_diagnostic_report = unchanged(id);
            return lsp::RelatedUnchangedDocumentDiagnosticReport {
                related_documents: None,
                unchanged_document_diagnostic_report,
            }
            .into();
        }
        let diagnostics = report.map_or(Vec::new(), |report| report.diagnostics.clone());
        lsp::RelatedFullDocumentDiagnosticReport {
            related_documents: (!news.is_empty()).then_some(news),
            full_document_diagnostic_report: full(id, diagnostics),
        }
        .into()
    }

    /// The reports of all files, for an editor that says what it has. One that it has is told to be unchanged.
    pub fn all(
        &self,
        previous: &HashMap<PathBuf, String>,
    ) -> Vec<lsp::WorkspaceDocumentDiagnosticReport> {
        let had = |path: &Path| previous.get(path).and_then(|id| id.parse::<Seen>().ok());
        let mut reports = Vec::new();
        for (path, report) in &self.files {
            let Some(uri) = uri(path) else { continue };
            let version = report.version.map(i64::from);
            let had = had(path);
            // Of a text that is open an editor may prefer what was said of it alone, and forget this.
            let last = had.map_or(0, |had| had.last);
            let id = Seen { number: report.number, last };
            reports.push(match had.is_some_and(|had| had.number == report.number) {
                true => {
                    let unchanged_document_diagnostic_report = unchanged(id);
                    lsp::WorkspaceUnchangedDocumentDiagnosticReport {
                        uri,
                        version,
                        unchanged_document_diagnostic_report,
                    }
                    .into()
                }
                false => whole(uri, version, full(id, report.diagnostics.clone())),
            });
        }
        let gone = previous.keys().filter(|path| {
            !self.files.contains_key(*path) && had(path).is_none_or(|had| had.number != 0)
        });
        let nothing = || full(Seen::default(), Vec::new());
        reports.extend(gone.filter_map(|path| Some(whole(uri(path)?, None, nothing()))));
        reports
    }
}

fn full(id: Seen, items: Vec<lsp::Diagnostic>) -> lsp::FullDocumentDiagnosticReport {
    lsp::FullDocumentDiagnosticReport { result_id: Some(id.to_string()), items }
}

fn unchanged(id: Seen) -> lsp::UnchangedDocumentDiagnosticReport {
    lsp::UnchangedDocumentDiagnosticReport { result_id: id.to_string() }
}

fn whole(
    uri: lsp::Uri,
    version: Option<i64>,
    full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport,
) -> lsp::WorkspaceDocumentDiagnosticReport {
    lsp::WorkspaceFullDocumentDiagnosticReport { uri, version, full_document_diagnostic_report }
        .into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::{Value, json};

    fn pulled(reports: &Reports, name: &str, previous: Option<&Value>) -> Value {
        let previous = previous.map(|previous| previous.as_str().unwrap());
        serde_json::to_value(reports.of(Path::new(name), previous, true)).unwrap()
    }

    #[test]
    fn news_are_given_until_they_have_arrived() {
        let problem =
            |message: &str| vec![lsp::Diagnostic { message: message.into(), ..Default::default() }];
        let (one, other) = (Path::new("/one"), Path::new("/other"));
        let mut reports = Reports::default();
        let empty = pulled(&reports, "/one", None);
        assert_eq!(empty, json!({ "kind": "full", "resultId": "0.0", "items": [] }));
        assert!(reports.found(one, Some(1), problem("a")));
        assert!(!reports.found(one, Some(2), problem("a")));
        let first = pulled(&reports, "/one", Some(&empty["resultId"]));
        assert_eq!((&first["kind"], &first["items"][0]["message"]), (&json!("full"), &json!("a")));
        assert_eq!(pulled(&reports, "/one", Some(&first["resultId"]))["kind"], "unchanged");

        assert!(reports.found(other, Some(1), problem("b")));
        // Thrown away by the editor, and so given again.
        for _ in 0..2 {
            let news = pulled(&reports, "/one", Some(&first["resultId"]));
            assert_eq!(news["kind"], "full", "{news:#}");
            assert_eq!(news["relatedDocuments"]["file:///other"]["items"][0]["message"], "b");
        }
        let news = pulled(&reports, "/one", Some(&first["resultId"]));
        let after = pulled(&reports, "/one", Some(&news["resultId"]));
        assert_eq!((&after["kind"], after.get("relatedDocuments")), (&json!("unchanged"), None));
        // One that is not open belongs to the workspace.
        assert!(reports.found(Path::new("/closed"), None, problem("c")));
        assert_eq!(pulled(&reports, "/one", Some(&news["resultId"]))["kind"], "unchanged");
        // That a problem has gone is news as well, but not for somebody who never heard of it.
        assert!(reports.found(other, Some(2), Vec::new()));
        let gone = pulled(&reports, "/one", Some(&news["resultId"]));
        assert_eq!(gone["relatedDocuments"]["file:///other"]["items"], json!([]));
        assert_eq!(pulled(&reports, "/one", None).get("relatedDocuments"), None);
    }

    #[test]
    fn what_an_editor_says_may_be_anything() {
        let reports = Reports::default();
        for previous in ["", ".", "1", "a.b", "1.2.3", "99999999999999999999999.1"] {
            assert_eq!(pulled(&reports, "/one", Some(&json!(previous)))["kind"], "full");
        }
        let previous = HashMap::from([(PathBuf::from("/gone"), "1.2".to_owned())]);
        let [gone] = &*reports.all(&previous) else { panic!("one") };
        let gone = serde_json::to_value(gone).unwrap();
        assert_eq!((&gone["kind"], &gone["items"]), (&json!("full"), &json!([])));
    }
}
