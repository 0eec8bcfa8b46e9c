//! What somebody does alone with a card: sees whose it is, chooses another PIN, has a forgotten one set over the telephone.

use super::lab::{Corridor, NEW_PIN, PIN, card, chooses, judged, takes, tries, yubikey};
use crate::support::site::{API, EXTENSION, last_segment};
use cardwright::cm::offline::{CodeKind, puk_answer, write_code};
use cardwright::secret::Puk;
use cardwright::virtual_card::SharedCard;
use serde_json::json;

#[test]
fn a_card_is_known_and_its_pin_is_changed_and_never_guessed_away() {
    let corridor = Corridor::new(&[]);
    let card = corridor.enrolled("ursula", yubikey());
    let browser = corridor.browser();
    browser.sees("Put in your card");
    browser.sees("0800 2273");
    judged(&browser, "insert");

    corridor.insert(0, &card);
    browser.sees("Card of ursula");
    judged(&browser, "card");
    assert_eq!(browser.texts(".tasks button").len(), 6, "{:?}", browser.texts(".tasks"));
    browser.click("Will this card log on?");
    browser.sees("the PIN can be tried");
    judged(&browser, "logon");
    browser.click("Look at the card again");
    browser.sees("Card of ursula");

    // By the keyboard alone, in another language and larger.
    browser.click("Deutsch");
    browser.sees("Karte von ursula");
    browser.click("Größere Schrift");
    browser.until("larger text", || (browser.style("body", "font-size") == "27px").then_some(()));
    browser.assert_sound();
    browser.click("English");
    browser.sees("Choose another PIN");
    browser.click("Larger text");
    browser.click("Choose another PIN");
    browser.sees("Type the PIN that the card has now.");
    judged(&browser, "old-pin");
    card.forget_headers();
    browser.fill("PIN", "999999");
    browser.press("Enter");
    browser.sees("Choose a new PIN");
    assert_eq!(tries(&card), 0, "the card compares it when it takes the new one");
    chooses(&browser, NEW_PIN);
    browser.sees("The PIN is wrong.");
    browser.sees("2 tries are left.");
    let tried = tries(&card);
    assert_eq!(tried, 1, "it was sent more than once");

    // At once again: nothing is sent to the card. A machine that is slower than the pause is asked for the new PIN.
    browser.fill("PIN", "999998");
    browser.press("Enter");
    let is_slowed = browser.until("a pause, or the next question", || {
        let shown = browser.texts("body").concat();
        let [paused, asked] = ["Nothing was tried: please wait", "Choose a new PIN"].map(|text| shown.contains(text));
        (paused || asked).then_some(paused)
    });
    assert_eq!(tries(&card), tried);
    if is_slowed {
        browser.until("the faults have the focus", || (browser.focused().id == "faults").then_some(()));
        judged(&browser, "old-pin-wrong");
        std::thread::sleep(std::time::Duration::from_secs(4));
        browser.fill("PIN", "999998");
        browser.press("Enter");
    }
    chooses(&browser, NEW_PIN);
    browser.sees("One try is left.");
    // The last try is spent only where somebody says so.
    std::thread::sleep(std::time::Duration::from_secs(7));
    card.forget_headers();
    browser.fill("PIN", PIN);
    browser.press("Enter");
    browser.sees("This would be the last try: nothing was tried.");
    assert_eq!(tries(&card), 0);
    judged(&browser, "last-try");
    browser.fill("PIN", PIN);
    browser.click("I am sure of this PIN. Use the last try.");
    browser.click("Go on");
    browser.sees("Choose a new PIN");
    judged(&browser, "new-pin");
    // None is told twice in a row: the page of before would be taken for the next one.
    for (pin, again, told) in [
        ("12345", "12345", "The PIN must have 6 to 8 characters."),
        (NEW_PIN, "314158", "The two are not alike."),
        // A blank is a character like any other.
        (" 31415926", " 31415926", "The PIN must have 6 to 8 characters."),
        ("123456", "123456", "Others would guess this PIN first."),
        (PIN, PIN, "This is the PIN that the card has now."),
    ] {
        browser.fill("New PIN", pin);
        browser.fill("New PIN, once more", again);
        browser.click("Set this PIN");
        browser.sees(told);
        assert_eq!((browser.value("New PIN"), browser.value("New PIN, once more")), Default::default(), "{told}");
    }
    // The rules are told while somebody types.
    browser.fill("New PIN", "11111");
    assert_eq!(browser.attribute("#rules [data-rule=length]", "data-kept").as_deref(), Some("no"));
    browser.fill("New PIN", NEW_PIN);
    assert_eq!(browser.attribute("#rules [data-rule=length]", "data-kept").as_deref(), Some("yes"));
    assert_eq!(browser.attribute("#rules [data-rule=again]", "data-kept").as_deref(), Some("no"));
    browser.fill("New PIN, once more", NEW_PIN);
    browser.click("Set this PIN");
    browser.sees("The card has the new PIN.");
    assert_eq!(tries(&card), 1, "the old PIN was sent more than once");
    judged(&browser, "done");
    corridor.remove(0);
    browser.sees("Put in your card");
    assert!(takes(&card, NEW_PIN));
    // Nothing that was typed is anywhere.
    let said = corridor.log() + &corridor.site.log() + &browser.source();
    assert!(!said.contains(NEW_PIN) && !said.contains(PIN));
}

#[test]
fn what_is_no_card_of_ones_own_has_its_own_screen() {
    let mut corridor = Corridor::new(&[]);
    let (hers, his) = (corridor.enrolled("ursula", yubikey()), corridor.enrolled("ulf", yubikey()));
    let browser = corridor.browser();
    browser.sees("Put in your card");
    // Two at once: neither is touched until one is taken out.
    corridor.insert(0, &hers);
    browser.sees("Card of ursula");
    corridor.insert(1, &his);
    browser.sees("Take one card out");
    judged(&browser, "several");
    corridor.remove(0);
    browser.sees("Card of ulf");
    // Swapped while a PIN is asked for: the next card begins anew.
    browser.click("Choose another PIN");
    browser.sees("Your PIN");
    corridor.remove(1);
    browser.sees("Put in your card");
    corridor.insert(1, &hers);
    browser.sees("Card of ursula");
    corridor.remove(1);

    // A card of a kind that nobody here knows.
    let strange = SharedCard::new(Box::new(Stranger));
    corridor.insert(0, &strange);
    browser.sees("This workstation does not know cards of this kind.");
    browser.sees("Code: unknown-card");
    judged(&browser, "trouble");
    corridor.remove(0);
    browser.sees("Put in your card");
    // An empty one.
    corridor.insert(0, &card(yubikey()));
    browser.sees("This card is not in use yet");
    // Stopped: it is to be taken out first.
    browser.click("Stop");
    browser.sees("Take your card");
    judged(&browser, "take");
    corridor.remove(0);
    browser.sees("Put in your card");
    corridor.stop();
}

#[test]
fn somebody_who_goes_away_is_warned_and_gets_more_time_before_the_end() {
    let mut corridor = Corridor::new(&["--idle", "2", "--idle-warning", "600"]);
    let hers = corridor.enrolled("ursula", yubikey());
    let browser = corridor.browser();
    browser.sees("Put in your card");
    corridor.insert(0, &hers);
    browser.sees("Card of ursula");
    browser.click("Deutsch");
    browser.click("Eine andere PIN wählen");
    browser.sees("Ihre PIN");
    browser.fill("PIN", "2718");
    browser.sees("Sind Sie noch da?");
    assert_eq!(browser.value("PIN"), "2718", "what was typed is lost");
    judged(&browser, "warning");
    browser.click("Ich brauche mehr Zeit");
    browser.until("the warning goes", || (!browser.texts("body").concat().contains("Sind Sie noch da?")).then_some(()));
    browser.sees("Sind Sie noch da?");
    corridor.stop();
    corridor.start(&["--idle", "2", "--idle-warning", "20"]);
    browser.open(&corridor.link);
    browser.sees("Nobody has done anything here for a while");
    // A page that stood open from before does nothing any more.
    let stale = "return fetch('/act', {method: 'POST', body: new URLSearchParams({act: 'pin', scene: '1', pin: '271828'})}).then(a => a.status)";
    assert_eq!(browser.run(stale, &[]), json!(200));
    browser.sees("Nobody has done anything here for a while");
    corridor.remove(0);
    browser.sees("Put in your card");
    corridor.stop();
}

/// A card of another trade: it answers, and has none of our applications.
struct Stranger;

impl cardwright::virtual_card::VirtualCard for Stranger {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x80, 0x01, 0x81]
    }

    fn transmit(&mut self, _: &[u8]) -> Vec<u8> {
        vec![0x6A, 0x82]
    }

    fn reset(&mut self) {}

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        Default::default()
    }
}

#[test]
fn a_locked_pin_is_opened_over_the_telephone_without_script() {
    let corridor = Corridor::new(&[]);
    let card = corridor.enrolled("ursula", yubikey());
    // Its PIN is locked.
    for _ in 0..3 {
        assert!(!takes(&card, "999999"));
    }
    let browser = corridor.browser();
    browser.script(false);
    corridor.insert(0, &card);
    browser.reload();
    browser.sees("The PIN of this card is locked");
    assert!(!browser.texts("body").concat().contains("Choose another PIN"));
    browser.click("Set a new PIN over the telephone");
    browser.fill("New PIN", NEW_PIN);
    browser.fill("New PIN, once more", NEW_PIN);
    browser.click("Set this PIN");
    browser.sees("Read this code out, group by group:");
    judged(&browser, "telephone");
    let code: String = browser.texts(".groups span").join("-");

    let smartcard = corridor.smartcard_of("ursula");
    let order = json!({"datacollection": [], "type": "OfflineUnblock", "smartcard": smartcard, "comment": "by phone"});
    let request = last_segment(&corridor.site.send("otto", "POST", &format!("{API}/requests"), &order).ok());
    let path = format!("{EXTENSION}/requests/{request}/offlineunblock");
    let answer = corridor.site.send("otto", "POST", &path, &json!({ "Challenge": code })).ok();
    let answer = answer["Response"].as_str().unwrap().to_owned();
    card.forget_headers();
    for (typed, told) in [
        ("", "Nothing was typed."),
        (&answer[1..], "Have it read to you once more."),
        (&code, "This is not the answer, but another code."),
    ] {
        browser.fill("Answer of the help desk", typed);
        browser.click("Go on");
        browser.sees(told);
    }
    assert!(card.headers().is_empty(), "a slip went to the card");
    // What no slip gives away costs the card a try where it is a PUK, and the next answer has to wait.
    let puk = |digits: &str| *puk_answer(&Puk::new(digits.to_owned())).unwrap();
    for (wrong, told) in [([0xEE; 8], "responder-failed"), (puk("99999999"), "wrong-puk")] {
        browser.fill("Answer of the help desk", &write_code(CodeKind::PukAnswer, wrong));
        browser.click("Go on");
        browser.sees(&format!("Code: {told}"));
        browser.click("Look at the card again");
        browser.click("Set a new PIN over the telephone");
        chooses(&browser, NEW_PIN);
        browser.sees("Read this code out, group by group:");
    }
    // A machine that is slower than the pause sets the PIN at once.
    browser.fill("Answer of the help desk", &answer.to_lowercase());
    browser.click("Go on");
    let is_slowed = browser.until("a pause, or the end", || {
        let shown = browser.texts("body").concat();
        let [paused, done] =
            ["Nothing was tried: please wait", "The card has the new PIN."].map(|it| shown.contains(it));
        (paused || done).then_some(paused)
    });
    if is_slowed {
        std::thread::sleep(std::time::Duration::from_secs(4));
        browser.fill("Answer of the help desk", &answer.to_lowercase());
        browser.click("Go on");
    }
    browser.sees("The card has the new PIN. Tell the help desk that it worked.");
    assert!(!browser.source().contains(&answer));
    corridor.remove(0);
    browser.sees("Put in your card");
    assert!(takes(&card, NEW_PIN));
    assert!(!(corridor.log() + &corridor.site.log()).contains(&answer));
}
