//! Holds the texts of notices: those that are shipped, and those in the data directory that take their place.
//!
//! A text is a file `notices/LANGUAGE/KIND.txt`: a line `Subject: ...`, an empty line, the body. `{name}` stands for a
//! fact of the kind. One that is wrong is told, and the shipped one is used.

use super::plain::plain;
use crate::cm::hidden::is_hidden;
use crate::server::data_directory::settings::notices::{NoticeKind, is_language};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Names the language that has a text of every kind.
const ENGLISH: &str = "en";
/// Bounds a text, in bytes.
const MOST_BYTES: u64 = 16 * 1024;
/// Bounds a subject with its facts, in characters.
const MOST_SUBJECT: usize = 200;
/// Bounds the languages and files that are looked at.
const MOST_ENTRIES: usize = 256;
/// Names the fact that every text may use: the name of who is told.
const PERSON: &str = "person";
/// Names the fact that every text may use: the address of the server's pages. A line with it is left out where nobody is
/// served any.
const PAGES: &str = "pages";
/// Names the fact of several lines.
pub const LIST: &str = "list";

/// Holds a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub subject: String,
    pub body: String,
}

/// Holds all texts, by language and kind.
pub struct Texts {
    language: String,
    pages: Option<String>,
    texts: BTreeMap<(String, NoticeKind), Text>,
    repeated: BTreeMap<&'static str, &'static str>,
}

/// Says which file is not used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{} is not used, but the shipped text: {problem}", path.display())]
pub struct TextFault {
    pub path: PathBuf,
    pub problem: TextProblem,
}

/// Says what is wrong with a text.
#[derive(Debug, thiserror::Error)]
pub enum TextProblem {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("the directory is named by no language of two or three small letters")]
    Language,
    #[error("no notice is called like this; there are {}", words())]
    Kind,
    #[error("it has more than {MOST_BYTES} bytes, or is no UTF-8")]
    Size,
    #[error("it does not begin with a line \"Subject: ...\" and an empty line")]
    Subject,
    #[error("line {0} has a character that is not seen (a control character, one of no width or of direction)")]
    Hidden(usize),
    #[error("line {line}: {{{name}}} is no fact of this notice; there are {known}")]
    Fact { line: usize, name: String, known: String },
    #[error("line {0} has a brace without its other")]
    Brace(usize),
}

/// Lists the words of all kinds.
fn words() -> String {
    NoticeKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ")
}

macro_rules! shipped {
    ($($kind:ident $word:literal),* $(,)?) => {
        /// Returns the shipped text of a kind, in English and German.
        fn shipped(kind: NoticeKind) -> [(&'static str, &'static str); 2] {
            match kind {
                $(NoticeKind::$kind => [
                    (ENGLISH, include_str!(concat!("texts/en/", $word, ".txt"))),
                    ("de", include_str!(concat!("texts/de/", $word, ".txt"))),
                ]),*
            }
        }
    };
}

shipped! {
    RequestWaits "request-waits",
    RequestApproved "request-approved",
    RequestDenied "request-denied",
    RequestReady "request-ready",
    RequestExpired "request-expired",
    RequestClosed "request-closed",
    CertificateEnds "certificate-ends",
    CertificatesEnd "certificates-end",
    CardLost "card-lost",
    CardSuspended "card-suspended",
    CardRestored "card-restored",
    CardUnblocked "card-unblocked",
    Failing "failing",
    Recovered "recovered",
    Digest "digest",
    OneTimePassword "one-time-password",
    Test "test",
}

impl Texts {
    /// Returns the shipped texts; `language` is that of whoever has none of his own, `pages` the address of the server's pages.
    fn shipped(language: &str, pages: Option<String>) -> Self {
        let mut texts = BTreeMap::new();
        for kind in NoticeKind::ALL {
            for (language, text) in shipped(*kind) {
                // A test reads all of them.
                if let Ok(text) = read(text, *kind) {
                    texts.insert((language.to_owned(), *kind), text);
                }
            }
        }
        let repeated =
            [(ENGLISH, include_str!("texts/en/repeated.txt")), ("de", include_str!("texts/de/repeated.txt"))].into();
        Self { language: language.to_owned(), pages, texts, repeated }
    }

    /// Reads the texts of a directory, which need not be there, over the shipped ones; returns what is wrong with them.
    pub fn load(directory: &Path, language: &str, pages: Option<String>) -> (Self, Vec<TextFault>) {
        let mut all = Self::shipped(language, pages);
        let mut faults = Vec::new();
        let entries = match listed(directory) {
            Ok(entries) => entries,
            Err(error) => {
                faults.push(TextFault { path: directory.to_owned(), problem: error.into() });
                Vec::new()
            }
        };
        for of_language in entries {
            let name = of_language.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if !is_language(&name) {
                faults.push(TextFault { path: of_language, problem: TextProblem::Language });
                continue;
            }
            let files = match listed(&of_language) {
                Ok(files) => files,
                Err(error) => {
                    faults.push(TextFault { path: of_language, problem: error.into() });
                    continue;
                }
            };
            for path in files {
                match of_file(&path) {
                    Ok((kind, text)) => drop(all.texts.insert((name.clone(), kind), text)),
                    Err(problem) => faults.push(TextFault { path, problem }),
                }
            }
        }
        (all, faults)
    }

    /// Returns the text of a kind in a language, else in that of the settings, else in English.
    fn text(&self, language: Option<&str>, kind: NoticeKind) -> Option<&Text> {
        // "de-AT" is German.
        let wanted =
            language.map(|language| language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase());
        let tried = wanted.as_deref().into_iter().chain([self.language.as_str(), ENGLISH]);
        tried.map(|language| (language.to_owned(), kind)).find_map(|key| self.texts.get(&key))
    }

    /// Writes a notice for a person. Facts cannot add lines or headers, nor turn the direction of what stands beside them.
    pub fn written(
        &self,
        language: Option<&str>,
        kind: NoticeKind,
        person: &str,
        facts: &BTreeMap<String, String>,
    ) -> Option<Text> {
        let Text { subject, body } = self.text(language, kind)?;
        let fact = |name: &str| match name {
            PERSON => plain(person),
            PAGES => self.pages.clone().unwrap_or_default(),
            LIST => {
                facts.get(LIST).map(|list| list.lines().map(plain).collect::<Vec<_>>().join("\n")).unwrap_or_default()
            }
            name => facts.get(name).map(|value| plain(value)).unwrap_or_default(),
        };
        let subject = filled(subject, fact).replace('\n', " ").chars().take(MOST_SUBJECT).collect();
        let body = if self.pages.is_none() { without_pages(body) } else { body.clone() };
        Some(Text { subject, body: filled(&body, fact) })
    }

    /// Returns what is said of a notice that may have arrived before.
    pub fn repeated(&self, language: Option<&str>) -> &'static str {
        let wanted = language.and_then(|language| language.get(..2)).unwrap_or(&self.language);
        self.repeated.get(wanted).or(self.repeated.get(ENGLISH)).copied().unwrap_or_default()
    }
}

/// Lists the entries of a directory in order, if it is there.
fn listed(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = entries.take(MOST_ENTRIES).map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Reads the text of a file.
fn of_file(path: &Path) -> Result<(NoticeKind, Text), TextProblem> {
    let word = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".txt"));
    let kind = word.and_then(NoticeKind::of_word).ok_or(TextProblem::Kind)?;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= MOST_BYTES);
    let text = String::from_utf8(bytes).ok().filter(|_| fits).ok_or(TextProblem::Size)?;
    read(&text, kind).map(|text| (kind, text))
}

/// Reads a text, and checks what it says of the kind.
fn read(text: &str, kind: NoticeKind) -> Result<Text, TextProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    for (number, line) in (1..).zip(text.lines()) {
        if line.chars().any(|character| character != '\t' && is_hidden(character)) {
            return Err(TextProblem::Hidden(number));
        }
        for name in names(line).ok_or(TextProblem::Brace(number))? {
            if ![PERSON, PAGES].contains(&name) && !kind.facts().contains(&name) {
                let known = kind.facts().iter().chain(&[PERSON, PAGES]).copied().collect::<Vec<_>>().join(", ");
                return Err(TextProblem::Fact { line: number, name: name.to_owned(), known });
            }
        }
    }
    let (head, body) = text.split_once("\n\n").ok_or(TextProblem::Subject)?;
    let subject =
        head.strip_prefix("Subject: ").filter(|subject| !subject.contains('\n') && !subject.trim().is_empty());
    let subject = subject.ok_or(TextProblem::Subject)?.trim().to_owned();
    Ok(Text { subject, body: body.to_owned() })
}

/// Lists the names in braces of a line; `None` where a brace has no other.
fn names(line: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').filter(|(name, _)| !name.contains('{'))?;
        if before.contains('}') {
            return None;
        }
        names.push(name);
        rest = after;
    }
    if rest.contains('}') { None } else { Some(names) }
}

/// Leaves out the lines that lead to a page, and no gap where they stood.
fn without_pages(body: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in body.lines().filter(|line| !line.contains("{pages}")) {
        if !line.is_empty() || kept.last().is_some_and(|last| !last.is_empty()) {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

/// Puts facts in the place of their names; what stands in a fact is not looked at again.
fn filled(text: &str, fact: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(&fact(name));
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_text_can_be_read_and_says_all_that_matters() {
        for kind in NoticeKind::ALL {
            for (language, text) in shipped(*kind) {
                let read = read(text, *kind).unwrap_or_else(|problem| panic!("{language}/{}: {problem}", kind.word()));
                for fact in
                    kind.facts().iter().filter(|fact| matches!(**fact, "request" | "list" | "what" | "password"))
                {
                    let named = read.body.contains(&format!("{{{fact}}}"));
                    assert!(named, "{language}/{} leaves {fact} out", kind.word());
                }
            }
        }
    }

    #[test]
    fn a_fact_is_not_read_again_and_adds_no_line() {
        let (texts, faults) = Texts::load(Path::new("/nonexistent"), "en", None);
        assert!(faults.is_empty());
        let facts = BTreeMap::from([
            ("type".to_owned(), "{request}\r\nBcc: eve@example.test".to_owned()),
            ("holder".to_owned(), "Eve\u{202e}".to_owned()),
        ]);
        let text = texts.written(Some("en"), NoticeKind::RequestWaits, "bob", &facts).unwrap();
        assert_eq!(
            text.subject,
            "A request waits for your decision: {request}\\r\\nBcc: eve@example.test for Eve\\u202e"
        );
        assert!(!text.body.contains("\r") && !text.body.contains('\u{202e}'), "{}", text.body);
    }

    #[test]
    fn a_mail_leads_to_the_page_where_there_is_one() {
        let facts = BTreeMap::from([("request".to_owned(), "4711".to_owned())]);
        let body = |pages: Option<&str>| {
            let texts = Texts::load(Path::new("/nonexistent"), "en", pages.map(str::to_owned)).0;
            texts.written(None, NoticeKind::RequestWaits, "bob", &facts).unwrap().body
        };
        let led = body(Some("https://cm.example.com"));
        assert!(
            led.contains("\n    https://cm.example.com/requests/4711\n    cardwright request show 4711\n"),
            "{led}"
        );
        let alone = body(None);
        assert!(!alone.contains("/requests/") && alone.contains("decide:\n\n    cardwright request show"), "{alone}");
    }

    #[test]
    fn a_language_of_a_region_is_the_language_and_an_unknown_one_is_that_of_the_settings() {
        let (texts, _) = Texts::load(Path::new("/nonexistent"), "de", None);
        let subject = |language| texts.written(language, NoticeKind::Test, "", &BTreeMap::new()).unwrap().subject;
        assert_eq!(subject(Some("de-AT")), "Test des Mailservers");
        assert_eq!(subject(Some("EN")), "Test of the mail server");
        assert_eq!(subject(Some("xx")), subject(None));
        assert_eq!(subject(None), "Test des Mailservers");
    }
}
