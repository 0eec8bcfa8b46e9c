//! Which texts a source file names: those that it surely means, and every string that could be one.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};

/// What a source file says.
#[derive(Default)]
pub struct Spoken {
    /// The ids that it hands to `t`, `with` or `find`, alone or from an array, or to `done`; and every `menu-…`.
    pub ids: BTreeSet<String>,
    /// All its strings.
    pub literals: BTreeSet<String>,
    /// The strings of the arrays that it gives a name.
    arrays: BTreeMap<String, BTreeSet<String>>,
}

/// Reads a source text.
pub fn spoken(source: &str) -> Spoken {
    let mut spoken = Spoken::default();
    read(source.parse().unwrap(), &mut spoken);
    let menu: Vec<_> =
        spoken.literals.iter().filter(|literal| is_id(literal) && literal.starts_with("menu-")).cloned().collect();
    spoken.ids.extend(menu);
    spoken
}

/// Says whether a string can be the id of a text.
fn is_id(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !text.ends_with('-')
}

/// Returns what stands in the marks of a string.
fn string(tree: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = tree else { return None };
    Some(literal.to_string().strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

fn strings(stream: TokenStream) -> BTreeSet<String> {
    stream.into_iter().filter_map(|tree| string(&tree)).collect()
}

/// Says whether a closure looks each of its ids up: `|id| visit.t(id)`.
fn looks_up(group: &Group) -> bool {
    let text = group.stream().to_string().replace(' ', "");
    text.strip_prefix('|')
        .and_then(|rest| rest.split_once('|'))
        .is_some_and(|(id, body)| body.ends_with(&format!(".t({id})")))
}

fn read(stream: TokenStream, spoken: &mut Spoken) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let word = |at: Option<usize>| match at.and_then(|at| trees.get(at)) {
        Some(TokenTree::Ident(word)) => word.to_string(),
        Some(TokenTree::Punct(mark)) => mark.as_char().to_string(),
        _ => String::new(),
    };
    for (at, tree) in trees.iter().enumerate() {
        spoken.literals.extend(string(tree));
        let TokenTree::Group(group) = tree else { continue };
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        let (before, mark) = (word(at.checked_sub(1)), word(at.checked_sub(2)));
        match (before.as_str(), group.delimiter()) {
            ("t" | "with" | "find", Delimiter::Parenthesis) if mark == "." => {
                spoken.ids.extend(inner.first().and_then(string));
            }
            ("done", Delimiter::Parenthesis) => {
                spoken.ids.extend(inner.last().and_then(string).map(|done| format!("done-{done}")));
            }
            ("map", Delimiter::Parenthesis) if looks_up(group) => match at.checked_sub(3).map(|at| &trees[at]) {
                Some(TokenTree::Group(array)) => spoken.ids.extend(strings(array.stream())),
                Some(TokenTree::Ident(name)) => {
                    spoken.ids.extend(spoken.arrays.get(&name.to_string()).cloned().unwrap_or_default());
                }
                _ => {}
            },
            ("=", Delimiter::Bracket) => {
                spoken.arrays.insert(mark, strings(group.stream()));
            }
            _ => {}
        }
        read(group.stream(), spoken);
    }
}

#[test]
fn what_a_source_names_is_read() {
    let ids = |source| spoken(source).ids.into_iter().collect::<Vec<_>>();
    assert_eq!(ids("fn f() { html! { p { (visit.t(\"a-b\")) } (visit.with(\"c\", &[(\"n\", n)])) } }"), ["a-b", "c"]);
    assert_eq!(ids("fn f() { let h = [\"a\", \"b\"].map(|id| visit.t(id)); }"), ["a", "b"]);
    assert_eq!(ids("fn f() { let h = [\"a\", \"b\"]; let h = h.map(|id| visit.t(id)); }"), ["a", "b"]);
    assert_eq!(ids("fn f() { Ok(Shown::done(Place::Home, \"asked\")) }"), ["done-asked"]);
    assert_eq!(
        ids("fn f() { let links = [(Place::Home, \"menu-home\", true)]; g(\"other\", \"menu-\"); }"),
        ["menu-home"]
    );
    assert_eq!(ids("fn f() { t(\"x\"); map.find(|c| *c == \"x\"); visit.t(&format!(\"act-{}\", x)); }"), [""; 0]);
}
