//! German pages: nothing on them is left in English but what people have named, and what a template's author reads.

use super::cards::enrolled;
use super::every::addresses;
use super::lab::{Answer, asks, cookie, form, page, person, session, site};

const GERMAN: (&str, &str) = ("accept-language", "de");

/// The content of a page, without its frame.
#[track_caller]
fn content(answer: &Answer) -> &str {
    let begin = answer.body.find("<main").unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
    &answer.body[begin..answer.body.find("</main>").unwrap()]
}

#[test]
fn no_page_leaves_a_sentence_of_the_server_in_english() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let (owner, card) = (person(&site, "ursula"), enrolled(&site));
    for who in ["ada", "vera", "audrey"] {
        let cookie = session(&cookie(&site, who));
        for (name, path) in addresses(&request, &owner, &card, &site.template_uuid) {
            let shown = page(&site, &[("cookie", &cookie), GERMAN], &path);
            let file = shown.header("content-disposition").starts_with("attachment");
            // The check speaks of the words of the file.
            if !file && name != "template-check" {
                assert!(!content(&shown).contains("lang=\"en\""), "{who} at {path}: {}", content(&shown));
            }
        }
    }
}

#[test]
fn a_refusal_is_told_in_german_with_what_it_names() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let (vera, ursula) = (session(&cookie(&site, "vera")), session(&cookie(&site, "ursula")));
    let path = format!("/requests/{request}");
    let refused = |who: &str, path: &str, body: &str| form(&site, &[("cookie", who), GERMAN], path, body);
    assert_eq!(refused(&ursula, &path, "act=cancel").status, 303);
    let cases = [
        (refused(&vera, &path, "act=approve"), 409, ["Der Stand des Antrags", "Zustand: ", "zurückgezogen"]),
        (refused(&ursula, &path, "act=approve"), 403, ["Das dürfen Sie nicht", "Für den Helpdesk: ", ""]),
        (
            page(&site, &[("cookie", &vera), GERMAN], "/search?q=%00"),
            400,
            ["Eine Angabe in der Adresse", "bad-parameter", ""],
        ),
        (
            page(&site, &[("cookie", &vera), GERMAN], &path.replace(&request[..4], "0000")),
            404,
            ["Das gibt es hier nicht", "not-found", ""],
        ),
    ];
    for (answer, status, told) in cases {
        assert_eq!(answer.status, status, "{}", content(&answer));
        for told in told {
            assert!(content(&answer).contains(told), "{told}: {}", content(&answer));
        }
        assert!(!content(&answer).contains("lang=\"en\""), "{}", content(&answer));
    }
    // In English the server's own sentence stands there, once.
    let english = form(&site, &[("cookie", &vera)], &path, "act=approve");
    assert!(
        content(&english).contains("lang=\"en\"") && !content(&english).contains("Zustand"),
        "{}",
        content(&english)
    );
}
