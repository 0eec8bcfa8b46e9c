//! The words of a source file: comments and strings never count, nor does what stands behind `#[cfg(test)]`.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// A word or a mark (`::` is one), and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub line: usize,
}

impl Word {
    /// Says whether this is a name or a keyword, not a mark.
    pub fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Reads the words of a source text.
pub fn words(source: &str) -> Vec<Word> {
    let mut into = Vec::new();
    flatten(source.parse().unwrap(), &mut into);
    into
}

fn is_test_only(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "").starts_with("cfg(test)")
}

/// Adds the words of the tokens, groups with their brackets, leaving out every item behind `#[cfg(test)]`.
fn flatten(stream: TokenStream, into: &mut Vec<Word>) {
    let mut skips_item = false;
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        let mut add = |text: &str| into.push(Word { text: text.to_owned(), line });
        match tree {
            TokenTree::Group(group) if is_test_only(&group) => skips_item = true,
            TokenTree::Group(group) if skips_item => skips_item = group.delimiter() != Delimiter::Brace,
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis | Delimiter::None => ("(", ")"),
                };
                add(open);
                flatten(group.stream(), into);
                into.push(Word { text: close.to_owned(), line: group.span_close().start().line });
            }
            TokenTree::Punct(mark) if skips_item => skips_item = mark.as_char() != ';',
            TokenTree::Punct(mark) => {
                let next = trees.peek();
                let doubled = matches!(next, Some(TokenTree::Punct(next)) if next.as_char() == ':');
                if mark.as_char() == ':' && mark.spacing() == Spacing::Joint && doubled {
                    trees.next();
                    add("::");
                } else {
                    add(&mark.as_char().to_string());
                }
            }
            TokenTree::Ident(word) if !skips_item => add(&word.to_string()),
            TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
    }
}
