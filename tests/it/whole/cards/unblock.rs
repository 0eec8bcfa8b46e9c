//! A PIN is blocked by wrong tries, and set anew by the server or over the telephone.

use cardwright::cm::offline::{CodeKind, read_code, write_code};
use rexpect::session::{PtySession, spawn_command};
use serde_json::json;

use super::kind::{GIDS, YUBIKEY};
use super::{Desk, HELP_DESK, NEW_PIN, PIN, WRONG_PIN};
use crate::pages::lab;
use crate::support::program::{Ended, PATH};
use crate::support::site::{API, Answer, EXTENSION, last_segment};

/// Milliseconds.
const PATIENCE: Option<u64> = Some(120_000);
const CODE: &str = "[0-9A-F]{4}(-[0-9A-F]{4}){3}-[0-9]{2}";
/// What erases the line that was typed.
const ERASE: &str = "\x7f";

impl Desk {
    fn change_pin(&self, current: &str, options: &[&str]) -> Ended {
        self.run(current, &[&["token", "change-pin"], options].concat())
    }

    /// Spends the PIN's tries; the last one only when that is said.
    pub fn block(&self, pin: &str) {
        let puk = self.kind.tries.1;
        assert_eq!(self.tries(), self.kind.tries);
        for left in [2, 1] {
            self.change_pin(WRONG_PIN, &[]).refused(4, "wrong-pin");
            assert_eq!(self.tries(), (Some(left), puk));
        }
        for pin in [WRONG_PIN, pin] {
            self.change_pin(pin, &[]).refused(4, "last-try-kept");
        }
        self.run(WRONG_PIN, &["renew"]).refused(4, "last-try-kept");
        assert_eq!(self.tries(), (Some(1), puk));
        self.change_pin(WRONG_PIN, &["--spend-last-try"]).refused(4, "wrong-pin");
        assert_eq!(self.tries(), (Some(0), puk));
        self.change_pin(pin, &["--spend-last-try"]).refused(4, "pin-locked");
    }

    /// Only the new PIN holds, and no try is missing.
    fn is_unblocked(&self, new_pin: &str) {
        assert_eq!(self.tries(), self.kind.tries);
        self.change_pin(WRONG_PIN, &[]).refused(4, "wrong-pin");
        self.change_pin(new_pin, &[]).done();
        assert_eq!(self.tries(), self.kind.tries);
    }

    /// By the server: its PUK, or its answer to the card's challenge. The admin key itself stays with it.
    pub fn unblock(&self, new_pin: &str) {
        let done = self.run(new_pin, &["unblock"]).done();
        assert_eq!(self.admin_key_given_out(&done["request"]), 0);
        self.is_unblocked(new_pin);
    }

    fn code_kind(&self) -> CodeKind {
        if self.kind.is_gids() { CodeKind::Challenge } else { CodeKind::PukRequest }
    }

    /// Has the help desk ask for an offline unblock of this card.
    fn asked_by_phone(&self) -> String {
        let smartcard = self.at_server()["Uuid"].clone();
        let order = json!({
            "datacollection": [], "type": "OfflineUnblock", "smartcard": smartcard, "comment": "by phone",
        });
        last_segment(&self.site.send(HELP_DESK, "POST", &format!("{API}/requests"), &order).ok())
    }

    fn answer(&self, who: &str, request: &str, code: &str) -> Answer {
        let path = format!("{EXTENSION}/requests/{request}/offlineunblock");
        self.site.send(who, "POST", &path, &json!({ "Challenge": code }))
    }

    /// Calls from a terminal that reaches no server; gives the session and the code that is shown.
    fn call(&self, new_pin: &str) -> (PtySession, String) {
        let mut command = self.site.program.interactive(PATH);
        command.args(["unblock", "--offline", "--reader", self.card.reader()]);
        command.env("CARDWRIGHT_STATE", &self.state).env("CARDWRIGHT_NEW_PIN", new_pin);
        let mut session = spawn_command(command, PATIENCE).unwrap();
        session.exp_string("Read out: ").unwrap();
        let (_, code) = session.exp_regex(CODE).unwrap();
        session.exp_string("Response:").unwrap();
        read_code(self.code_kind(), &code).unwrap();
        (session, code)
    }

    /// Over the telephone: code and answer, a slip of the tongue included.
    pub fn unblock_offline(&self, new_pin: &str) {
        let request = self.asked_by_phone();
        let (mut session, code) = self.call(new_pin);
        assert_eq!(self.answer(self.person, &request, &code).refusal(&self.site), (403, "forbidden".into()));
        let misread = mistyped(&code);
        assert_eq!(self.answer(HELP_DESK, &request, &misread).refusal(&self.site), (400, "code-mistyped".into()));
        let answer = self.answer(HELP_DESK, &request, &code).ok();
        let response = answer["Response"].as_str().unwrap();
        // One request answers one code.
        let mut bytes = read_code(self.code_kind(), &code).unwrap();
        bytes[7] ^= 1;
        let another = self.answer(HELP_DESK, &request, &write_code(self.code_kind(), bytes));
        assert_eq!(another.refusal(&self.site), (409, "challenge-answered".into()));

        let before = self.card.card().headers();
        session.send_line(&mistyped(response)).unwrap();
        session.exp_string("mistyped").unwrap();
        assert_eq!(self.card.card().headers(), before, "something went to the card");
        session.send(&ERASE.repeat(response.len())).unwrap();
        session.send_line(&response.to_lowercase()).unwrap();
        let shown = session.exp_eof().unwrap();
        assert_eq!(exit_code(&mut session), 0, "{shown}");
        assert!(shown.contains("the new PIN is set"), "{shown}");
        self.is_unblocked(new_pin);
        let completed = json!({ "status": "Completed" });
        self.site.send(HELP_DESK, "PUT", &format!("{API}/requests/{request}"), &completed).ok();
    }
}

#[test]
fn a_blocked_pin_is_opened_by_what_the_page_of_the_help_desk_shows() {
    let desk = Desk::new("hedda", GIDS);
    desk.enrolled();
    desk.block(PIN);
    let (mut session, code) = desk.call(NEW_PIN);
    let browser = lab::browser(&desk.site, HELP_DESK);
    browser.open(&format!("{}/help-desk?q=hedda", desk.site.origin));
    browser.click("hedda");
    browser.fill("Code that is read out", &mistyped(&code));
    browser.click("Show the answer");
    browser.sees("the last two digits do not fit");
    browser.fill("Code that is read out", &code);
    browser.click("Show the answer");
    browser.sees("Read this to hedda");
    session.send_line(&browser.texts(".spoken .large").join("-")).unwrap();
    let shown = session.exp_eof().unwrap();
    assert_eq!(exit_code(&mut session), 0, "{shown}");
    assert!(shown.contains("the new PIN is set"), "{shown}");
    desk.is_unblocked(NEW_PIN);
    browser.click("The new PIN is set: complete the request");
    browser.sees("the request is completed");
}

/// The same with another first digit.
fn mistyped(code: &str) -> String {
    let other = if code.starts_with('0') { "1" } else { "0" };
    format!("{other}{}", &code[1..])
}

fn exit_code(session: &mut PtySession) -> i32 {
    let status = format!("{:?}", session.process().wait().unwrap());
    let code = status.split(", ").nth(1).and_then(|text| text.trim_end_matches(')').parse().ok());
    code.unwrap_or_else(|| panic!("{status}"))
}

#[test]
fn a_code_of_another_card_opens_none() {
    let (piv, gids, other) = (Desk::new("ovid", YUBIKEY), Desk::new("paola", GIDS), Desk::new("gudrun", GIDS));
    for desk in [&piv, &gids, &other] {
        desk.enrolled();
    }
    // A PUK's request names its card: the server refuses it for another one.
    let (mut session, code) = piv.call(NEW_PIN);
    let answer = gids.answer(HELP_DESK, &gids.asked_by_phone(), &code);
    assert_eq!(answer.refusal(&gids.site), (409, "code-of-other-card".into()));
    session.send_control('c').unwrap();
    let shown = session.exp_eof().unwrap();
    assert!(exit_code(&mut session) == 4 && shown.contains("responder-failed"), "{shown}");

    // A challenge names none. It is answered by the key of the request's card, and the other one refuses that.
    gids.change_pin(WRONG_PIN, &[]).refused(4, "wrong-pin");
    let (mut session, code) = gids.call(NEW_PIN);
    let no_challenge = piv.answer(HELP_DESK, &piv.asked_by_phone(), &code);
    assert_eq!(no_challenge.refusal(&piv.site), (409, "code-of-other-card".into()));
    let answer = other.answer(HELP_DESK, &other.asked_by_phone(), &code).ok();
    session.send_line(answer["Response"].as_str().unwrap()).unwrap();
    let shown = session.exp_eof().unwrap();
    assert!(exit_code(&mut session) == 4 && shown.contains("wrong-so-pin"), "{shown}");
    assert_eq!((gids.tries().0, piv.tries()), (Some(2), piv.kind.tries));
    gids.change_pin(PIN, &[]).done();
    piv.change_pin(PIN, &[]).done();
}
