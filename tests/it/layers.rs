//! Holds the table of the house: who may import whom, and which word may stand in which room.
//!
//! The tokens of every file are read (comments and strings never count), so `use crate::a`, `use crate::{a, b}`,
//! `use super::super::a` and a full path without `use` are all seen. What stands behind `#[cfg(test)]` is exempt.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may import. `main` is the binary; it reaches the library by the crate's name.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("platform", &[]),
    ("pkix", &[]),
    ("cm", &["secret"]),
    ("iso7816", &["secret"]),
    ("token", &["secret", "pkix"]),
    ("piv", &["iso7816", "token", "pkix", "secret"]),
    ("gids", &["iso7816", "token", "pkix", "secret"]),
    ("virtual_card", &["iso7816", "secret"]),
    ("reader", &["iso7816", "token", "piv", "gids", "secret", "platform"]),
    ("farm", &["iso7816", "virtual_card", "secret", "platform"]),
    ("doctor", &["token", "reader", "iso7816", "pkix"]),
    ("pkcs11", &["token", "pkix", "secret"]),
    ("gssapi", &[]),
    ("client", &["cm", "secret", "pkix", "gssapi"]),
    ("ca", &["pkix", "token", "pkcs11", "secret", "platform"]),
    ("store", &["cm", "pkix", "secret", "platform"]),
    ("enrollment", &["token", "client", "cm", "pkix", "secret", "platform"]),
    ("server", &["cm", "ca", "store", "pkix", "secret", "gssapi", "platform"]),
    (
        "cli",
        &[
            "secret",
            "platform",
            "pkix",
            "cm",
            "token",
            "pkcs11",
            "gssapi",
            "piv",
            "gids",
            "reader",
            "farm",
            "doctor",
            "virtual_card",
            "client",
            "ca",
            "store",
            "enrollment",
            "server",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates (and words) with one door, and the rooms that are the door.
const DOORS: &[(&str, &[&str])] = &[
    ("cryptoki", &["pkcs11"]),
    ("pcsc", &["reader"]),
    ("rsa", &["virtual_card"]),
    ("rusqlite", &["store"]),
    ("tar", &["server"]),
    ("tokio_postgres", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("tokio_postgres_rustls", &["store"]),
    ("axum", &["server"]),
    ("prometheus_client", &["server"]),
    ("axum_server", &["server"]),
    ("ureq", &["client", "ca", "server"]),
    ("libloading", &["gssapi"]),
    ("libc", &["platform"]),
    ("rustix", &["platform"]),
    // As in `std::os::unix` and `tokio::signal::unix`.
    ("unix", &["platform"]),
    ("jsonwebtoken", &["server"]),
    ("clap", &["cli", "main"]),
    ("inquire", &["cli"]),
    ("indicatif", &["cli"]),
    ("rcgen", &["pkix"]),
    ("tokio", &["server", "store", "cli", "platform"]),
    ("tokio_util", &["server"]),
    ("await", &["server", "store", "cli"]),
    ("println", &["cli"]),
    ("eprintln", &["cli"]),
    ("print", &["cli"]),
    ("eprint", &["cli"]),
    ("now_utc", &["server", "cli"]),
    ("SystemTime", &["server", "cli"]),
];

/// Words that floors 0 to 2 never say: no socket, file, clock or thread lives there.
const ABOVE_FLOOR_2: &[&str] = &["TcpStream", "TcpListener", "UdpSocket", "File", "Instant", "SystemTime", "thread"];
const FLOORS_0_TO_2: &[&str] =
    &["secret", "pkix", "cm", "token", "pkcs11", "gssapi", "iso7816", "piv", "gids", "virtual_card"];

fn source_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The module path of a file below `src`, its room first: `src/cm/wire.rs` is `["cm", "wire"]`.
fn module_path(file: &Path) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut parts: Vec<String> =
        file.strip_prefix(src).unwrap().with_extension("").iter().map(|p| p.to_str().unwrap().to_string()).collect();
    if parts.last().is_some_and(|p| p == "mod") {
        parts.pop();
    }
    parts
}

fn is_test_only(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "").starts_with("cfg(test)")
}

/// Flattens the tokens to words and punctuation, leaving out every item behind `#[cfg(test)]`.
fn flatten(stream: TokenStream, into: &mut Vec<(String, usize)>) {
    let mut skip_item = false;
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                if is_test_only(&group) {
                    skip_item = true;
                } else if skip_item {
                    skip_item = group.delimiter() != Delimiter::Brace;
                } else {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        _ => ("(", ")"),
                    };
                    into.push((open.into(), line));
                    flatten(group.stream(), into);
                    into.push((close.into(), line));
                }
            }
            TokenTree::Ident(word) if !skip_item => into.push((word.to_string(), line)),
            TokenTree::Punct(punct) if !skip_item => into.push((punct.to_string(), line)),
            TokenTree::Punct(punct) if punct.as_char() == ';' => skip_item = false,
            _ => {}
        }
    }
}

fn words(file: &Path) -> Vec<(String, usize)> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut into = Vec::new();
    flatten(text.parse::<TokenStream>().unwrap(), &mut into);
    into
}

/// The heads of a path's continuation at `at`, which stands just behind a `::`: one word, or those of a `{...}` group.
fn heads(words: &[(String, usize)], at: usize) -> Vec<String> {
    if words.get(at).is_none_or(|w| w.0 != "{") {
        return words.get(at).map(|w| w.0.clone()).into_iter().collect();
    }
    let (mut depth, mut heads, mut fresh) = (0, Vec::new(), true);
    for (word, _) in &words[at..] {
        match word.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," if depth == 1 => fresh = true,
            _ if depth == 1 && fresh => {
                heads.push(word.clone());
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

/// The rooms a file names, with lines. `root` is how the file says "this crate": `crate`, or `cardwright` in the binary.
fn rooms_named(words: &[(String, usize)], module: &[String], root: &str) -> BTreeSet<(String, usize)> {
    let path_follows =
        |i: usize| words.get(i).is_some_and(|w| w.0 == ":") && words.get(i + 1).is_some_and(|w| w.0 == ":");
    let mut named = BTreeSet::new();
    let mut i = 0;
    while i < words.len() {
        let (word, line) = &words[i];
        if word == root && path_follows(i + 1) {
            named.extend(heads(words, i + 3).into_iter().map(|head| (head, *line)));
        } else if word == "super" && path_follows(i + 1) {
            let mut up = 1;
            let mut at = i + 3;
            while words.get(at).is_some_and(|w| w.0 == "super") && path_follows(at + 1) {
                up += 1;
                at += 3;
            }
            if up >= module.len() {
                named.extend(heads(words, at).into_iter().map(|head| (head, *line)));
            }
            i = at - 1;
        }
        i += 1;
    }
    named
}

fn each_file(mut check: impl FnMut(&str, &[String], &Path, &[(String, usize)])) {
    let mut files = Vec::new();
    source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "the walk found {} files only", files.len());
    for file in files {
        let module = module_path(&file);
        if module == ["lib"] {
            continue;
        }
        check(&module[0], &module, &file, &words(&file));
    }
}

#[test]
fn rooms_import_only_from_their_row_of_the_table() {
    let mut broken = Vec::new();
    each_file(|room, module, file, words| {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{}: room {room} is not in the table", file.display()));
            return;
        };
        let root = if room == "main" { "cardwright" } else { "crate" };
        for (named, line) in rooms_named(words, module, root) {
            if named != room && !allowed.contains(&named.as_str()) {
                broken.push(format!("{}:{line}: {room} may not import {named}", file.display()));
            }
        }
    });
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn each_outside_crate_has_its_one_door() {
    let mut broken = Vec::new();
    each_file(|room, _, file, words| {
        for (i, (word, line)) in words.iter().enumerate() {
            let followed_by = |mark: &str| words.get(i + 1).is_some_and(|next| next.0 == mark);
            let counts = match word.as_str() {
                word if word.contains("print") => followed_by("!"),
                // Other crates have modules of this name.
                "rsa" => i > 0 && words[i - 1].0 == "use",
                // So is a flag of the command line called.
                "pcsc" => followed_by(":") && words.get(i + 2).is_some_and(|next| next.0 == ":"),
                _ => true,
            };
            if let Some((_, rooms)) = DOORS.iter().find(|(name, _)| name == word)
                && counts
                && !rooms.contains(&room)
            {
                broken.push(format!("{}:{line}: {word} does not belong in {room}", file.display()));
            }
        }
    });
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_lower_floors_hold_no_socket_file_clock_or_thread() {
    let mut broken = Vec::new();
    each_file(|room, _, file, words| {
        for (word, line) in words {
            if FLOORS_0_TO_2.contains(&room) && ABOVE_FLOOR_2.contains(&word.as_str()) {
                broken.push(format!("{}:{line}: {word} does not belong in {room}", file.display()));
            }
        }
    });
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_every_spelling() {
    let see = |text: &str| {
        let mut tokens = Vec::new();
        flatten(text.parse().unwrap(), &mut tokens);
        rooms_named(&tokens, &["cm".into(), "wire".into()], "crate").into_iter().map(|(r, _)| r).collect::<Vec<_>>()
    };
    assert_eq!(see("use crate::server::x;"), ["server"]);
    assert_eq!(see("use crate::{ca, store::{a, b}, server};"), ["ca", "server", "store"]);
    assert_eq!(see("fn f() { let x = crate::token::Error::Full; }"), ["token"]);
    assert_eq!(see("use super::super::client::CmClient;"), ["client"]);
    assert_eq!(see("use super::request::Request;"), [""; 0]);
    assert_eq!(see("format!(\"{}\", crate::ca::x());"), ["ca"]);
    assert_eq!(see("// crate::server\n#[cfg(test)] mod tests { use crate::server::x; }"), [""; 0]);
}
