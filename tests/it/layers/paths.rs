//! The paths that a file spells: in `use` declarations, in code, and names that stand alone.

use super::words::Word;

/// Where a path stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a `use` of the file's own.
    Use,
    /// In a `pub use`, with whatever visibility.
    ReExport,
    /// In code.
    Code,
}

/// A path, taken out of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// As written, but for `self` at the end; a path that begins with `::` has that as its first segment.
    pub segments: Vec<String>,
    /// What the file calls it.
    pub name: String,
    pub line: usize,
    pub kind: Kind,
}

/// What a file spells.
#[derive(Default)]
pub struct Spellings {
    pub paths: Vec<Spelled>,
    /// Names without a path, with their lines.
    pub bare: Vec<(String, usize)>,
}

/// Reads every path of a file.
pub fn spellings(words: &[Word]) -> Spellings {
    let mut found = Spellings::default();
    let mut at = 0;
    while at < words.len() {
        let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.text == text);
        let before = if at == 0 { "" } else { &words[at - 1].text };
        // `impl Trait + use<'a>` is no declaration.
        if is(at, "use") && !is(at + 1, "<") {
            let kind = if is_published(&words[..at]) { Kind::ReExport } else { Kind::Use };
            at += 1;
            tree(words, &mut at, &[], kind, &mut found.paths);
        } else if words[at].is_name() && before != "::" {
            let line = words[at].line;
            let mut segments = vec![words[at].text.clone()];
            while is(at + 1, "::") && words.get(at + 2).is_some_and(Word::is_name) {
                segments.push(words[at + 2].text.clone());
                at += 2;
            }
            let name = words[at].text.clone();
            if segments.len() > 1 || is(at + 1, "::") {
                found.paths.push(Spelled { segments, name, line, kind: Kind::Code });
            } else if !matches!(before, "." | "'" | "fn" | "mod" | "let") {
                found.bare.push((name, line));
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// Says whether what follows these words is `pub`, `pub(super)` or the like.
fn is_published(before: &[Word]) -> bool {
    let open = match before.last() {
        Some(last) if last.text == ")" => before.iter().rposition(|word| word.text == "("),
        _ => Some(before.len()),
    };
    open.and_then(|open| before.get(open.checked_sub(1)?)).is_some_and(|word| word.text == "pub")
}

/// Takes one tree of a `use` declaration apart; `at` is left behind it.
fn tree(words: &[Word], at: &mut usize, stem: &[String], kind: Kind, into: &mut Vec<Spelled>) {
    let mut segments = stem.to_vec();
    while let Some(word) = words.get(*at) {
        *at += 1;
        let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.text == text);
        match word.text.as_str() {
            "::" if segments.is_empty() => segments.push("::".into()),
            "::" => {}
            "{" => {
                while *at < words.len() && !is(*at, "}") {
                    tree(words, at, &segments, kind, into);
                    if is(*at, ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            text => {
                if text != "self" || segments.is_empty() {
                    segments.push(text.to_owned());
                }
                if !is(*at, "::") {
                    let mut name = segments.last().cloned().unwrap_or_default();
                    if is(*at, "as") {
                        name = words.get(*at + 1).map_or_else(String::new, |word| word.text.clone());
                        *at += 2;
                    }
                    into.push(Spelled { segments, name, line: word.line, kind });
                    return;
                }
            }
        }
    }
}
