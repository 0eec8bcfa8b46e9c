//! The pictures of pages that documents show: each is there, taken by `make screenshots`, in light and dark, and says in words
//! what is on it; and none lies about that no document shows.

use super::every::addresses;
use crate::{desk, kiosk};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The documents, as they lie on a forge.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let within = |directory: &str| std::fs::read_dir(root.join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let all = within(".").chain(within("docs")).chain(within("docs/guides")).chain(within("docs/decisions"));
    all.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect()
}

/// The values of an attribute of HTML.
fn values<'t>(text: &'t str, attribute: &str) -> Vec<&'t str> {
    text.split(&format!(" {attribute}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn each_picture_is_shown_in_both_colours_and_in_words_and_each_that_is_shown_is_there() {
    let mut shown = BTreeSet::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        assert!(!text.contains(".png)"), "{}: a picture without its dark one", document.display());
        for picture in text.split("<picture>").skip(1).map(|rest| rest.split("</picture>").next().unwrap()) {
            let ([dark], [light], [words]) =
                (&values(picture, "srcset")[..], &values(picture, "src")[..], &values(picture, "alt")[..])
            else {
                panic!("{}: {picture}", document.display());
            };
            assert!(words.split(' ').count() > 8, "{}: {words}", document.display());
            assert_eq!(light.replace("-light.png", "-dark.png"), **dark, "{}", document.display());
            for link in [light, dark] {
                let path = document.parent().unwrap().join(link).canonicalize();
                shown.insert(path.unwrap_or_else(|error| panic!("{}: {link}: {error}", document.display())));
            }
        }
    }
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures").canonicalize().unwrap();
    let there: BTreeSet<PathBuf> = std::fs::read_dir(pictures).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(shown, there);
    let pages = addresses("", "", "", "");
    let screens = kiosk::lab::SCREENS.iter().chain(desk::SCREENS).copied();
    let taken: Vec<&str> = pages.iter().map(|(name, _)| *name).chain(screens).collect();
    for path in there {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let page = name.strip_suffix("-light").or(name.strip_suffix("-dark")).unwrap();
        assert!(taken.contains(&page), "no test takes {name}");
    }
}
