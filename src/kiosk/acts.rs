//! Does what a form asks for. A form that was filled in for another scene is dropped: somebody has sent it before, or the
//! workstation is about something else by now.

use super::card::{CardFacts, is_last};
use super::engine::{Engine, State, Task};
use super::scene::{Doing, Fault, NewPinWhy, Scene};
use super::swap::Swap;
use super::visits::{Proof, whose};
use crate::cm::beyond_mim::OneTimePasswords;
use crate::cm::offline::read_code;
use crate::cm::pin_rules::is_trivial;
use crate::cm::visit::Whom;
use crate::enrollment::Input;
use crate::pages::form::Form;
use crate::pages::texts::Language;
use crate::secret::{OneTimePassword, Pin};
use crate::token::{LastTry, SecretForm};
use crate::workstation::Answer;
use std::sync::Arc;
use std::time::Instant;
use zeroize::Zeroizing;

impl Engine {
    /// Does what a form asks for.
    pub fn act(self: &Arc<Self>, form: &Form, now: Instant) {
        self.with(|state| {
            state.touch(now);
            match form.one("act") {
                "more-time" => {}
                "stop" => state.leave(false),
                "language" => {
                    state.comfort.language = Language::from_tag(form.one("language"));
                    state.redraw();
                }
                "larger" => {
                    state.comfort.larger = form.one("larger") == "yes";
                    state.redraw();
                }
                act if form.one("scene") == state.number.to_string() => self.answer(state, act, form, now),
                _ => {}
            }
        });
    }

    /// Takes the answer to what the scene asks.
    fn answer(self: &Arc<Self>, state: &mut State, act: &str, form: &Form, now: Instant) {
        match (&state.scene, act) {
            (Scene::Card, "choose") => self.choose(state, form.one("task")),
            (Scene::OldPin { .. }, "pin") => self.take_old_pin(state, form, now),
            (Scene::NewPin { .. }, "new-pin") => self.take_new_pin(state, form),
            (Scene::Who { .. }, "who") => self.take_who(state, form, now),
            (Scene::Telephone { .. }, "answer") => state.take_answer(form.one("answer"), now),
            (Scene::Trouble(_) | Scene::Done(_) | Scene::Logon(_), "again")
            | (Scene::OldPin { .. } | Scene::Telephone { .. } | Scene::Who { .. } | Scene::Pages { .. }, "back") => {
                self.look_again(state)
            }
            (Scene::OldCard { .. }, "back") if state.worker.is_some() => self.look_again(state),
            (Scene::Logon(_), "ask-server") => {
                state.task = Some(Task::Logon);
                state.card.clone().into_iter().for_each(|card| self.ask_owner(state, &card));
            }
            (Scene::NewPin { why, .. }, "back") if *why != NewPinWhy::Temporary => self.look_again(state),
            _ => {}
        }
    }

    /// Begins what somebody has chosen of what can be done with the card.
    fn choose(self: &Arc<Self>, state: &mut State, task: &str) {
        let Some(card) = state.card.clone() else { return };
        match task {
            "new-pin" if card.has_usable_pin() => {
                state.task = Some(Task::ChangePin);
                state.show(Scene::OldPin { tries: card.pin, fault: None });
            }
            "telephone" if card.answers_by_telephone => {
                state.task = Some(Task::Telephone);
                state.show(Scene::NewPin { form: card.form, why: NewPinWhy::Wanted, fault: None });
            }
            "pages" => {
                state.task = Some(Task::Password);
                self.send_to_pages(state);
            }
            "logon" => self.judge_logon(state),
            "password" => {
                state.task = Some(Task::Password);
                state.show(Scene::Who { name_known: card.holder.is_some(), fault: None });
            }
            "old-card" if card.holder.is_none() => {
                state.swap = Some(Swap::Old);
                state.show(Scene::OldCard { again: false });
            }
            "renew" | "new-card" if card.has_usable_pin() && card.holder.is_some() => {
                state.task = Some(if task == "renew" { Task::Renew } else { Task::NewCard });
                self.ask_owner(state, &card);
            }
            _ => {}
        }
    }

    /// Asks the owner for the PIN with which the card signs: at the reader's own keys, where it has some.
    pub(super) fn ask_owner(self: &Arc<Self>, state: &mut State, card: &CardFacts) {
        match card.pin_pad && !is_last(card.pin) {
            true => self.is_owner(state, Proof::AtPad),
            false => state.show(Scene::OldPin { tries: card.pin, fault: None }),
        }
    }

    /// Goes on with what the card's owner has chosen.
    fn is_owner(self: &Arc<Self>, state: &mut State, proof: Proof) {
        match state.task {
            Some(Task::NewCard) => self.show_old(state, proof),
            Some(Task::Logon) => self.judge_with_server(state, proof),
            Some(Task::ChangePin | Task::Telephone | Task::Password | Task::Renew) | None => self.renew(state, proof),
        }
    }

    /// Takes the PIN that the card has. It is sent to the card once, and its last try only where somebody has said so.
    fn take_old_pin(self: &Arc<Self>, state: &mut State, form: &Form, now: Instant) {
        let Scene::OldPin { tries, .. } = state.scene else { return };
        let fault = |state: &mut State, fault| state.show(Scene::OldPin { tries, fault: Some(fault) });
        let typed = form.exact("pin");
        let last_try = if form.has("last-try") { LastTry::Spend } else { LastTry::Keep };
        if typed.is_empty() {
            return fault(state, Fault::Empty);
        }
        if let Some(left) = state.card.as_ref().and_then(|card| state.pauses.left(&card.id.to_string(), now)) {
            return fault(state, Fault::Pause(left));
        }
        if is_last(tries) && last_try == LastTry::Keep {
            return fault(state, Fault::LastTry);
        }
        let pin = Pin::new(typed.to_owned());
        match state.task {
            _ if state.switchboard.is_some() => state.reply(Input::Pin(pin, last_try)),
            Some(Task::Renew | Task::NewCard | Task::Logon) => self.is_owner(state, Proof::Typed(pin, last_try)),
            Some(Task::ChangePin | Task::Telephone | Task::Password) | None => {
                // The card compares it when it takes the new one: a PIN goes to the card once for each time that it was typed.
                state.pin = Some((pin, last_try));
                let form = state.card.as_ref().and_then(|card| card.form);
                state.show(Scene::NewPin { form, why: NewPinWhy::Wanted, fault: None });
            }
        }
    }

    /// Takes who somebody is, and the one-time passwords that show it.
    fn take_who(self: &Arc<Self>, state: &mut State, form: &Form, now: Instant) {
        let (Scene::Who { name_known, .. }, Some(card)) = (&state.scene, &state.card) else { return };
        let name_known = *name_known;
        let whom = match name_known {
            true => Whom::Card(card.id),
            false => Whom::Person(form.one("user").to_owned()),
        };
        let typed = |field| Some(form.one(field)).filter(|text| !text.is_empty());
        let password = |field| typed(field).map(|text| OneTimePassword::new(text.to_owned()));
        let missing = typed("password").is_none() || !name_known && typed("user").is_none();
        let fault = match state.pauses.left(&whose(&whom), now) {
            _ if missing => Some(Fault::Empty),
            left => left.map(Fault::Pause),
        };
        if fault.is_some() {
            return state.show(Scene::Who { name_known, fault });
        }
        let passwords = OneTimePasswords { first: password("password"), second: password("second") };
        self.let_in_by_password(state, whom, passwords);
    }

    /// Takes a PIN that somebody has chosen.
    fn take_new_pin(self: &Arc<Self>, state: &mut State, form: &Form) {
        let Scene::NewPin { form: rules, why, .. } = state.scene else { return };
        let typed = form.exact("new-pin");
        let old = state.pin.as_ref().map(|(pin, _)| pin.expose());
        let fault = judge(typed, form.exact("again"), rules, old);
        if fault.is_some() {
            return state.show(Scene::NewPin { form: rules, why, fault });
        }
        let pin = Pin::new(typed.to_owned());
        match state.task {
            Some(Task::ChangePin) => self.change_pin(state, pin),
            Some(Task::Telephone) => self.unblock_by_telephone(state, pin),
            Some(Task::Password | Task::Renew | Task::NewCard | Task::Logon) | None => state.reply(Input::NewPin(pin)),
        }
    }
}

impl State {
    /// Shows the same anew, otherwise.
    fn redraw(&mut self) {
        let scene = std::mem::replace(&mut self.scene, Scene::Reading);
        self.show(scene);
    }

    /// Gives a work what it waits for.
    pub(super) fn reply(&mut self, input: Input) {
        let taken = self.switchboard.as_ref().is_some_and(|work| work.answer(Answer::Input(input)));
        if taken {
            self.doing(Doing::Prepare);
        }
    }

    /// Takes what the help desk has read out; a slip is told, and costs nothing. A wrong answer costs the card a try, so that the next
    /// waits as one after a wrong PIN does.
    fn take_answer(&mut self, typed: &str, now: Instant) {
        let Scene::Telephone { kind, code, .. } = &self.scene else { return };
        let (kind, code) = (*kind, code.clone());
        let left = self.card.as_ref().and_then(|card| self.pauses.left(&card.id.to_string(), now));
        match (read_code(kind.answer(), typed).map(Zeroizing::new), left) {
            (Err(slip), _) => {
                let fault = if typed.is_empty() { Fault::Empty } else { Fault::Slip(slip) };
                self.show(Scene::Telephone { kind, code, fault: Some(fault) });
            }
            (Ok(_), Some(left)) => self.show(Scene::Telephone { kind, code, fault: Some(Fault::Pause(left)) }),
            (Ok(answer), None) => {
                // The line is dropped with the answer: each code is answered once.
                if let Some(line) = self.telephone.take()
                    && line.try_send(answer).is_ok()
                {
                    self.doing(Doing::SetPin);
                }
            }
        }
    }
}

/// Says what is wrong with a PIN that somebody has chosen.
fn judge(typed: &str, again: &str, rules: Option<SecretForm>, old: Option<&str>) -> Option<Fault> {
    let rules = rules.unwrap_or(SecretForm { shortest: 1, longest: 64, digits_only: false });
    if typed.is_empty() {
        return Some(Fault::Empty);
    }
    // Templates count characters, cards bytes.
    if typed.chars().count() < rules.shortest || typed.len() > rules.longest {
        return Some(Fault::Length { shortest: rules.shortest, longest: rules.longest });
    }
    if !rules.takes_characters(typed) {
        return Some(Fault::Digits);
    }
    if typed != again {
        return Some(Fault::Unlike);
    }
    if is_trivial(&Pin::new(typed.to_owned())) {
        return Some(Fault::Trivial);
    }
    (old == Some(typed)).then_some(Fault::Same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_pin_is_judged_before_it_goes_anywhere() {
        let digits = Some(SecretForm { shortest: 6, longest: 8, digits_only: true });
        let length = Some(Fault::Length { shortest: 6, longest: 8 });
        for (typed, again, rules, old, expected) in [
            ("", "", digits, None, Some(Fault::Empty)),
            ("27182", "27182", digits, None, length),
            ("271828182", "271828182", digits, None, length),
            ("27182a", "27182a", digits, None, Some(Fault::Digits)),
            ("271828", "271829", digits, None, Some(Fault::Unlike)),
            ("123456", "123456", digits, None, Some(Fault::Trivial)),
            ("271828", "271828", digits, Some("271828"), Some(Fault::Same)),
            ("271828", "271828", digits, Some("314159"), None),
            ("ab cd", "ab cd", None, None, None),
        ] {
            assert_eq!(judge(typed, again, rules, old), expected, "{typed}");
        }
    }
}
