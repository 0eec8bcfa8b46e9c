//! The CM vocabulary against Microsoft's own bodies, which neither our client nor our server wrote.

mod bodies;
mod bounds;
mod lifecycle;
mod offline;
mod routes;
mod samples;
mod values;

use std::path::PathBuf;

/// Reads one of Microsoft's bodies.
fn sample(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mim-cm/samples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Leaves out the whitespace between the tokens of a JSON text, and nothing else.
fn tokens(json: &str) -> String {
    let mut kept = String::new();
    let (mut in_text, mut escaped) = (false, false);
    for character in json.chars() {
        if in_text {
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            in_text = character == '"';
        }
        kept.push(character);
    }
    kept
}
