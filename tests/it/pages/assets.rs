//! What every page loads: little, and nothing that could lie over what has the focus.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::Path;

/// Of the style sheet and the script together, compressed.
const MOST_BYTES: usize = 35 * 1024;

fn source(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages").join(name)).unwrap()
}

#[test]
fn style_sheet_and_script_stay_small() {
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    for name in ["style.css", "script.js"] {
        compressed.write_all(source(name).as_bytes()).unwrap();
    }
    let bytes = compressed.finish().unwrap().len();
    assert!((1000..=MOST_BYTES).contains(&bytes), "{bytes} bytes");
}

/// WCAG 2.4.11: what scrolls with its page covers nothing that a person tabs to.
#[test]
fn nothing_stays_where_it_is_while_its_page_scrolls() {
    let style = source("style.css");
    assert!(style.contains("position: absolute"), "it is read");
    for word in ["fixed", "sticky"] {
        assert!(
            !style.contains(&format!("position: {word}")) && !style.contains(&format!("position:{word}")),
            "{word}"
        );
    }
}
