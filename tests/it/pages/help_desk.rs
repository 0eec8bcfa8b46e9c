//! The help desk: a code in, its slips told by the group, the answer in groups and spelled. With a real card: `whole::cards`.

use cardwright::cm::offline::{CodeKind, read_code, write_code};
use cardwright::cm::request::RequestType;

use super::every::judged;
use super::lab::{asks, browser, card, cookie, form, page, session, site_of};
use crate::support::site::{EXTENSION, Site};

fn called() -> (Site, String) {
    let site = site_of(|template| template);
    let card = card(&site, "ursula");
    (site, card)
}

fn open_calls(site: &Site, status: &str) -> usize {
    let answer = site.get("otto", &format!("{EXTENSION}/requests?status={status}"));
    let all = if answer.status == 204 { Vec::new() } else { answer.ok().as_array().unwrap().clone() };
    all.iter().filter(|request| request["RequestType"] == RequestType::OfflineUnblock.number()).count()
}

#[test]
fn a_code_is_answered_by_the_keyboard_alone() {
    let (site, _) = called();
    let browser = browser(&site, "otto");
    browser.click("Help desk");
    browser.fill("Who calls?", "ursu");
    browser.press("Enter");
    browser.sees("1 card");
    browser.assert_sound();
    browser.click("ursula");
    browser.sees("ursula calls");
    judged(&browser, "otto", "help-desk-call", "/help-desk", false);
    let code = write_code(CodeKind::Challenge, [0x0b; 8]).to_string();
    browser.fill("Code that is read out", &code.to_lowercase().replace('-', " "));
    browser.press("Tab Tab Enter");
    browser.sees("Read this to ursula, group by group");
    judged(&browser, "otto", "help-desk-answer", "/help-desk", false);
    let answer = browser.texts(".spoken .large").join("-");
    read_code(CodeKind::Response, &answer).unwrap();
    assert_eq!(browser.texts(".spoken .large").iter().map(String::len).collect::<Vec<_>>(), [4, 4, 4, 4, 2]);
    // Each digit and letter stands there in words.
    let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "Alfa", "Bravo"];
    let words = [&words[..], &["Charlie", "Delta", "Echo", "Foxtrot"]].concat();
    let spelled: Vec<String> = browser.texts(".spoken tbody td:last-child");
    for (group, told) in answer.split('-').zip(&spelled) {
        let expected: Vec<&str> = group.chars().map(|digit| words[digit.to_digit(16).unwrap() as usize]).collect();
        assert!(told.ends_with(&expected.join(", ")), "{group}: {told}");
    }
    assert!(!site.log().contains(&answer), "the answer is in the log");
    browser.click("The new PIN is set: complete the request");
    browser.sees("the request is completed");
    assert_eq!((open_calls(&site, "Completed"), open_calls(&site, "Executing")), (1, 0));
}

#[test]
fn slips_are_told_by_the_group_and_spend_nothing_without_script() {
    let (site, card) = called();
    let browser = browser(&site, "otto");
    browser.script(false);
    browser.open(&format!("{}/help-desk/{card}", site.origin));
    let good = write_code(CodeKind::Challenge, [7; 8]).to_string();
    let response = write_code(CodeKind::Response, [7; 8]).to_string();
    for (code, told) in [
        ("".to_owned(), "Type the code that the caller reads out."),
        (
            good.replacen("0707-0707-0707", "0707-0707-0O07", 1),
            "Group 3, place 2: O is neither a digit nor a letter from A to F.",
        ),
        (good[..10].to_owned(), "The code has 8 digits, not 18"),
        (good.replacen("07", "08", 1), "the last two digits do not fit"),
        (format!("{}x", &good[..good.len() - 1]), "The last group, place 2: x is no digit."),
        (response, "This is an answer, not the code from the card."),
        ("<img src=x>\u{202e}".to_owned(), "Group 1, place 1: < is neither"),
    ] {
        browser.fill("Code that is read out", &code);
        browser.click("Show the answer");
        browser.sees(told);
        assert_eq!(browser.focused().id, "faults", "{code}");
        assert!(browser.axe().violations.is_empty(), "{code}");
        assert_eq!(browser.value("Code that is read out"), code.trim(), "{code}");
    }
    assert_eq!(open_calls(&site, "Approved") + open_calls(&site, "Executing"), 0, "nothing was asked for");
}

#[test]
fn a_code_without_check_digits_is_repeated_first() {
    let (site, card) = called();
    let browser = browser(&site, "otto");
    browser.open(&format!("{}/help-desk/{card}", site.origin));
    browser.fill("Code that is read out", "0707 0707 0707 0707");
    browser.click("Show the answer");
    browser.sees("This code has no check digits");
    browser.assert_sound();
    browser.sees("zero, seven, zero, seven");
    assert_eq!(open_calls(&site, "Executing"), 0);
    browser.click("All sixteen are right: show the answer");
    browser.sees("No check digits guard this answer");
    let answer = browser.texts(".spoken .large").concat();
    assert!(answer.len() == 16 && hex::decode(&answer).is_ok(), "{answer}");
    browser.assert_sound();
}

#[test]
fn one_call_answers_one_code_and_the_next_begins_another() {
    let (site, card) = called();
    let otto = session(&cookie(&site, "otto"));
    let path = format!("/help-desk/{card}");
    let answer = |byte: u8, more: &str| {
        let code = write_code(CodeKind::Challenge, [byte; 8]).to_string();
        form(&site, &[("cookie", &otto)], &path, &format!("act=answer&code={code}{more}"))
    };
    let (first, again, asked) = (answer(1, ""), answer(1, ""), answer(2, ""));
    assert_eq!([first.status, again.status, asked.status], [200; 3]);
    // Nothing is ended before somebody has said so.
    assert!(
        asked.body.contains("Another call is still open") && !asked.body.contains("class=\"large\""),
        "{}",
        asked.body
    );
    assert_eq!(open_calls(&site, "Executing"), 1);
    let end = asked.body.split("name=\"end\" value=\"").nth(1).unwrap()[..36].to_owned();
    let next = answer(2, &format!("&end={end}"));
    assert_eq!(next.status, 200);
    let shown =
        |body: &str| body.split("class=\"large\">").skip(1).map(|part| part[..4].to_owned()).collect::<String>();
    assert_eq!(shown(&first.body), shown(&again.body), "the same code has the same answer");
    assert_ne!(shown(&first.body), shown(&next.body));
    assert_eq!((open_calls(&site, "Executing"), open_calls(&site, "Canceled")), (1, 1));
    assert_eq!(first.header("cache-control"), "no-store");
    // Codes that ask for a PUK name their card, and this card is another.
    let code = write_code(CodeKind::PukRequest, [9; 8]).to_string();
    let other = form(&site, &[("cookie", &otto)], &path, &format!("act=answer&code={code}"));
    assert!(other.status == 422 && other.body.contains("This code comes from another card."), "{}", other.body);
}

#[test]
fn nobody_answers_a_code_without_the_part() {
    let (site, card) = called();
    let code = write_code(CodeKind::Challenge, [7; 8]).to_string();
    let path = format!("/help-desk/{card}");
    for (who, expected) in [("ursula", 403), ("ulf", 404), ("vera", 404), ("audrey", 404)] {
        let cookie = session(&cookie(&site, who));
        let answer = form(&site, &[("cookie", &cookie)], &path, &format!("act=answer&code={code}"));
        assert!(answer.status == expected || (who == "audrey" && answer.status == 403), "{who}: {}", answer.body);
        assert!(!answer.body.contains("class=\"large\""), "{who}");
        assert!(!page(&site, &[("cookie", &cookie)], "/").body.contains("href=\"/help-desk\""), "{who}");
    }
    // Another's request by hand.
    let request = asks(&site, "ulf", "");
    let ursula = session(&cookie(&site, "ursula"));
    let answer = form(&site, &[("cookie", &ursula)], &path, &format!("act=complete&request={request}"));
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(open_calls(&site, "Approved") + open_calls(&site, "Executing"), 0);
}
