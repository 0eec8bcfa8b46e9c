//! How requests end in the model, and what follows.

use super::world::{ADDING, AGENT, Holder, World, is_open};
use crate::server::support::API;
use crate::server::workflow::course::Held;
use serde_json::{Value, json};

impl World {
    pub(super) fn revoke(&mut self, holder: usize, alone: bool, reason: u8) {
        for serial in self.taken(holder, alone) {
            self.revoke_one(serial, reason);
        }
    }

    fn revoke_one(&mut self, serial: String, reason: u8) {
        let before = self.revoked.entry(serial).or_insert(reason);
        if *before == 6 {
            *before = reason;
        }
    }

    pub(super) fn complete(&mut self, person: usize, request: usize) {
        let asked = &self.requests[request];
        let at_once = matches!(asked.kind, "Revoke" | "Reinstate" | "Unblock");
        let in_state = asked.state == 'E' || (at_once && asked.state == 'O');
        let ready = match asked.kind {
            "Retire" => self.holders[asked.holder.unwrap()].state == 'R',
            "Unblock" => true,
            "Renew" | "OnlineUpdate" | "Recover" => asked.issued.is_some() && self.may_still(request),
            kind if ADDING.contains(&kind) => asked.issued.is_some(),
            _ => self.may_still(request),
        };
        let again = asked.state == 'C';
        let expected = self.executes(person, request) && (again || (in_state && ready));
        let path = format!("{API}/requests/{}", asked.uuid);
        let answer = self.lab.put(&self.people[person], &path, json!({"status": "Completed"}));
        self.expect("complete", Some(request), &answer, expected);
        if expected && !again {
            self.acts.push("request-completed");
            self.requests[request].state = 'C';
            self.completed(request, &answer.json());
            let ends = ["Revoke", "Renew", "OnlineUpdate", "Recover"].contains(&self.requests[request].kind);
            if let Some(holder) = self.requests[request].holder.filter(|_| ends) {
                self.close(holder);
            }
        }
    }

    fn completed(&mut self, request: usize, answer: &Value) {
        let asked = &self.requests[request];
        let (kind, target, old, suspends) = (asked.kind, asked.target, asked.holder, asked.suspends);
        let made = Held::of(answer);
        if asked.issued.is_some() {
            let old_profile = old.map(|old| self.holders[old].held.profile.clone());
            let replaced = old_profile.filter(|_| self.has_cards && matches!(kind, "Renew" | "OnlineUpdate"));
            self.activated(&made.profile, replaced.as_deref());
        }
        match kind {
            "Revoke" => {
                self.holders[old.unwrap()].state = 'D';
                self.ended(old.unwrap());
                self.revoke(old.unwrap(), false, 0);
            }
            "Reinstate" => {
                let holder = &mut self.holders[old.unwrap()];
                holder.state = if suspends { 'S' } else { 'A' };
                for serial in self.taken(old.unwrap(), false) {
                    if suspends {
                        self.revoked.entry(serial).or_insert(6);
                    } else if self.revoked.get(&serial) == Some(&6) && !self.suspended_elsewhere(old.unwrap(), &serial)
                    {
                        self.revoked.remove(&serial);
                    }
                }
            }
            "Retire" | "Unblock" => {}
            "Renew" | "OnlineUpdate" if self.has_cards => self.holders[old.unwrap()].held = made,
            _ => {
                if let Some(old) = old.filter(|_| !ADDING.contains(&kind)) {
                    let recovers = kind == "Recover";
                    self.holders[old].superseded = true;
                    self.holders[old].state = if recovers { 'D' } else { 'R' };
                    if recovers {
                        self.ended(old);
                        self.revoke(old, false, 4);
                    }
                }
                let passing = matches!(kind, "TemporaryCards" | "RecoverOnBehalf");
                self.holders.push(Holder { owner: target, held: made, state: 'A', superseded: false, passing });
            }
        }
    }

    pub(super) fn cancel(&mut self, person: usize, request: usize) {
        let asked = &self.requests[request];
        let may = person == AGENT || person == asked.target || person == asked.originator;
        let for_good = asked.kind == "Retire" && asked.state == 'E';
        let again = asked.state == 'W';
        let expected = may && (again || (is_open(asked.state) && !for_good));
        let path = format!("{API}/requests/{}", asked.uuid);
        let answer = self.lab.put(&self.people[person], &path, json!({"status": "Canceled"}));
        self.expect("cancel", Some(request), &answer, expected);
        if expected && !again {
            self.withdrawn(request);
        }
    }

    fn withdrawn(&mut self, request: usize) {
        self.acts.push("request-withdrawn");
        self.requests[request].state = 'W';
        let asked = &self.requests[request];
        if let Some(made) = asked.profile.as_ref().and_then(|profile| self.keys.profiles.get_mut(profile)) {
            made.state = 'R';
        }
        for serial in asked.issued.clone().unwrap_or_default() {
            self.revoke_one(serial, 5);
        }
    }

    /// What was asked for a card or profile that has ended or was replaced, and cannot be done any more, is closed with it;
    /// only what has retired it stays to be completed.
    pub(super) fn close(&mut self, holder: usize) {
        for request in 0..self.requests.len() {
            let asked = &self.requests[request];
            let has_retired = asked.kind == "Retire" && asked.state == 'E' && self.holders[holder].state == 'R';
            if asked.holder == Some(holder) && is_open(asked.state) && !has_retired && !self.may_still(request) {
                self.withdrawn(request);
            }
        }
    }
}
