//! What docs/security.md says is held by a test is held by a test that exists; every other line says that nothing does.

use std::path::Path;

const PAGE: &str = include_str!("../../../docs/security.md");

/// The tests that a text names: paths between grave accents with two colons in them.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| word.contains("::"))
}

/// Whether a file of the path's modules has a test of its last part.
fn exists(path: &str) -> bool {
    let (modules, name) = path.rsplit_once("::").unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(modules.replace("::", "/") + ".rs");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    before.lines().rev().take(4).any(|line| line.trim().starts_with("#[test]") || line.contains("::test]"))
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let missing: Vec<&str> = named(PAGE).filter(|path| *path != "module::test" && !exists(path)).collect();
    assert!(missing.is_empty(), "docs/security.md names what is no test: {missing:?}");
    assert!(named(PAGE).count() > 30, "the page is read wrongly");
    assert!(!exists("layers::threats::a_test_that_nobody_wrote"));
}

#[test]
fn every_line_of_the_threat_model_names_a_test_or_says_that_nothing_holds_it() {
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| held by |"));
    let bare: Vec<&str> = rows
        .filter(|row| {
            !row.rsplit('|').nth(1).is_some_and(|held| held.contains("::") || held.contains("nothing holds it"))
        })
        .collect();
    assert!(bare.is_empty(), "{bare:#?}");
}
