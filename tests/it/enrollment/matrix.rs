//! The matrix of cuts: each flow on each kind of card, cut at each of its points, and taken up again.
//!
//! A row is a flow, a column a kind of card; a point is a command to the card, or a change of a PKCS#11 token, with the card
//! pulled before it or after it, or a call to the server that is lost before it is carried out or after. The work is
//! taken up by the journal, or at another workstation, which has none, and where there is none by the person. Each end is the
//! undisturbed one: the same objects, counters and secrets, and not one certificate more.

mod device;
mod killed;
mod person;

use super::keys::lab;
use super::real::{Lab, Proxy};
use crate::support::{site, torture};
use anyhow::Result;
use device::Device;
use person::{Person, Portrait};

/// The flows, and what is done before.
const FLOWS: [Flow; 8] = [
    Flow { name: "enroll", before: &[], work: person::enroll, command: &["enroll"] },
    Flow { name: "renew", before: &[person::enroll], work: person::renew, command: &["renew"] },
    Flow { name: "unblock", before: &[person::enroll], work: person::unblock, command: &["unblock"] },
    Flow { name: "retire", before: &[person::enroll], work: person::retire, command: &["retire", "--yes"] },
    Flow {
        name: "replace",
        before: &[person::enroll, person::lose, person::get_another],
        work: person::replace,
        command: &["enroll", "--request", "REQUEST"],
    },
    Flow { name: CHANGE_PIN, before: &[person::enroll], work: person::change_pin, command: &["token", "change-pin"] },
    Flow { name: RETIRE_LOST, before: &[person::enroll], work: person::retire_lost, command: &[] },
    Flow { name: "unblock by telephone", before: &[person::enroll], work: person::unblock_by_telephone, command: &[] },
];
/// The first so many are begun by a journal, and go on at another workstation.
const GO_ON_ELSEWHERE: usize = 4;
/// These ask no server, or no card.
const CHANGE_PIN: &str = "change the PIN";
const RETIRE_LOST: &str = "retire a lost card";

/// The kinds of card.
pub const KINDS: [Kind; 4] = [
    Kind { name: "PIV", lab: of_cards, make: device::plain, flows: 8 },
    Kind { name: "YubiKey", lab: of_cards, make: device::yubikey, flows: 8 },
    Kind { name: "GIDS", lab: of_rsa, make: device::gids_card, flows: 8 },
    // It has no challenge that could be read out, and says so before anybody is called.
    Kind { name: "PKCS#11", lab: || Lab::with(true, of_matrix), make: device::memory, flows: 7 },
];

/// Where not all points are tried, one of so many is: of the APDUs of a card, and of what is fewer.
pub const OF_APDUS: usize = 23;
pub const OF_CALLS: usize = 11;
/// More points than any flow has, of one kind.
const MOST: usize = 400;

type Act = fn(&mut Person) -> Result<()>;

struct Flow {
    name: &'static str,
    before: &'static [Act],
    work: Act,
    /// How the program is told to do that with a card in a reader; none: it is not tried.
    command: &'static [&'static str],
}

pub struct Kind {
    name: &'static str,
    lab: fn() -> Lab,
    make: fn() -> Device,
    /// The first so many flows are tried.
    flows: usize,
}

/// What harms the work.
#[derive(Clone, Copy, Debug)]
pub enum Harm {
    /// The card is pulled before or after its command or change of this number.
    Pulled { at: usize, after: bool },
    /// The call to the server of this number gets no answer, carried out or not.
    Unanswered { at: usize, carried_out: bool },
}

/// Where a work that was cut off is taken up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Here,
    /// At another workstation, whose state directory is empty.
    Elsewhere,
}

/// A template by which nobody need approve, whoever shows no old key included.
fn of_matrix(template: String) -> String {
    let template = template.replacen("approvals_needed = 1", "approvals_needed = 0", 1);
    template.replacen("[workflows.recover]\n", "[workflows.recover]\npossession = \"none\"\n", 1)
}

/// A server whose template names the admin key that cards come with.
fn of_cards() -> Lab {
    lab(of_matrix)
}

fn of_rsa() -> Lab {
    lab(|template| site::keys(of_matrix(template), "RSA-2048"))
}

/// One flow on one kind of card, and what is there when nothing disturbs it.
struct Trial<'t> {
    lab: &'t Lab,
    kind: &'t Kind,
    flow: &'t Flow,
    proxy: Proxy,
    again: Again,
    expected: Portrait,
    /// The commands to the card, where it has any.
    headers: Vec<[u8; 4]>,
}

impl<'t> Trial<'t> {
    fn new(lab: &'t Lab, kind: &'t Kind, flow: &'t Flow, again: Again) -> Self {
        let proxy = Proxy::before(lab.server.addr);
        let mut undisturbed = person_before(lab, kind, flow, &proxy);
        (flow.work)(&mut undisturbed).unwrap();
        let headers = undisturbed.device.headers();
        Self { lab, kind, flow, proxy, again, expected: undisturbed.portrait(), headers }
    }

    /// Harms the work, and has it taken up if that cut it off; says whether it did.
    fn is_cut_off_by(&self, harm: Harm) -> bool {
        let told = format!("{} of {}, {harm:?}", self.flow.name, self.kind.name);
        let mut person = person_before(self.lab, self.kind, self.flow, &self.proxy);
        match harm {
            Harm::Pulled { at, after } => person.device.harm(at, after),
            Harm::Unanswered { at, carried_out } => self.proxy.set(Some(at), carried_out),
        }
        let first = (self.flow.work)(&mut person);
        self.proxy.set(None, false);
        person.device.mend();
        if let Err(error) = &first {
            person.was_cut_off = true;
            let again = match self.again {
                Again::Here => (self.flow.work)(&mut person),
                // A card of the plain standard with everybody's admin key may have lost its old key, while nobody has
                // certified the new one; or all of its keys, as a token whose own admin key is put back.
                Again::Elsewhere => {
                    let unprovable =
                        matches!((self.kind.name, self.flow.name), ("PIV", "renew" | "retire") | ("PKCS#11", "retire"));
                    person.works_elsewhere(self.flow.work, self.expected.requests.len(), unprovable)
                }
            };
            again.unwrap_or_else(|later| panic!("{told}: {error:?}, then {later:?}"));
        }
        assert_eq!(person.portrait(), self.expected, "{told}: {first:?}");
        first.is_err()
    }

    /// Pulls the card before and after each of its commands that is of this kind.
    fn pulled_at(&self, is_meant: fn(&[u8; 4]) -> bool) {
        let meant: Vec<_> = (0..self.headers.len()).filter(|at| is_meant(&self.headers[*at])).collect();
        assert!(!meant.is_empty(), "{:02X?}", self.headers);
        for at in meant {
            assert!(self.is_cut_off_by(Harm::Pulled { at, after: false }));
            assert!(self.is_cut_off_by(Harm::Pulled { at, after: true }));
        }
    }
}

/// A person with all that comes before the flow.
fn person_before(lab: &Lab, kind: &Kind, flow: &Flow, proxy: &Proxy) -> Person {
    let mut person = Person::new(lab, kind, proxy);
    for act in flow.before {
        act(&mut person).unwrap();
    }
    person.device.forget_headers();
    person
}

pub const PULLED: [fn(usize) -> Harm; 2] =
    [|at| Harm::Pulled { at, after: false }, |at| Harm::Pulled { at, after: true }];
pub const UNANSWERED: [fn(usize) -> Harm; 2] =
    [|at| Harm::Unanswered { at, carried_out: false }, |at| Harm::Unanswered { at, carried_out: true }];

/// All flows on a kind of card.
pub fn column(kind: &Kind, again: Again, harms: &[fn(usize) -> Harm], part: usize) {
    let lab = (kind.lab)();
    let flows = if again == Again::Elsewhere { GO_ON_ELSEWHERE } else { kind.flows };
    let mut all = 0;
    for flow in FLOWS.iter().take(flows) {
        let trial = Trial::new(&lab, kind, flow, again);
        let mut cut_off = 0;
        for harm in harms {
            let points = torture::points_in(part, 0..MOST);
            cut_off += points.take_while(|at| trial.is_cut_off_by(harm(*at))).count();
        }
        // A part may have no point of a short flow.
        let spared = [CHANGE_PIN, RETIRE_LOST].contains(&flow.name) || !torture::is_whole();
        assert!(cut_off > 0 || spared, "{} of {} was never cut off", flow.name, kind.name);
        all += cut_off;
    }
    assert!(all > 0, "no work on {} was cut off", kind.name);
}

#[test]
fn a_card_that_keeps_the_admin_key_it_came_with_goes_on_at_the_change_of_its_puk() {
    let lab = of_cards();
    Trial::new(&lab, &KINDS[0], &FLOWS[0], Again::Here).pulled_at(|header| header[1] == 0x24 && header[3] == 0x81);
}

#[test]
fn a_renewed_key_is_removed_even_where_its_certificate_went_before() {
    let lab = of_rsa();
    Trial::new(&lab, &KINDS[2], &FLOWS[1], Again::Here).pulled_at(|header| header[1] == 0xE4);
}

#[test]
fn a_pulled_piv_card_comes_to_the_undisturbed_end() {
    column(&KINDS[0], Again::Here, &PULLED, OF_APDUS);
}

#[test]
fn a_pulled_yubikey_comes_to_the_undisturbed_end() {
    column(&KINDS[1], Again::Here, &PULLED, OF_APDUS);
}

#[test]
fn a_pulled_gids_card_comes_to_the_undisturbed_end() {
    column(&KINDS[2], Again::Here, &PULLED, OF_APDUS);
}

#[test]
fn a_pulled_pkcs11_token_comes_to_the_undisturbed_end() {
    column(&KINDS[3], Again::Here, &PULLED, OF_CALLS);
}

#[test]
fn a_server_that_does_not_answer_leaves_a_card_with_the_undisturbed_end() {
    // A PKCS#11 token has tests of its own for that.
    for kind in &KINDS[..3] {
        column(kind, Again::Here, &UNANSWERED, OF_CALLS);
    }
}
