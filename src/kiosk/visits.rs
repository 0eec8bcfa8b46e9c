//! Has a person let in: by the one-time password of a request, or by the card, which signs for its owner.

use super::engine::{Engine, State};
use super::office::{Office, Visited};
use super::scene::{Doing, Fault, Scene, Trouble};
use crate::client;
use crate::cm::beyond_mim::OneTimePasswords;
use crate::cm::problem::ProblemCode;
use crate::cm::request::{Request, RequestStatus, RequestType};
use crate::cm::visit::{CardShown, Visit, Whom, signed_text};
use crate::enrollment::{self, Cause, EnrollOrder, Order, RenewOrder, Stage, Workflow};
use crate::pkix::{Certificate, SignatureAlgorithm};
use crate::secret::{LinkCode, Pin};
use crate::token::{self, Credentials, KeyId, LastTry, Token, User};
use crate::web::loopback;
use std::sync::Arc;
use uuid::Uuid;

/// Says how the person proves to the card to be its owner.
pub enum Proof {
    Typed(Pin, LastTry),
    AtPad,
}

impl Proof {
    pub(super) fn as_user(&self) -> User<'_> {
        match self {
            Self::Typed(pin, last_try) => User::Pin(pin, *last_try),
            Self::AtPad => User::PinPad(LastTry::Keep),
        }
    }
}

impl Engine {
    /// Has a person let in by one-time passwords, and the request of theirs carried out.
    pub(super) fn let_in_by_password(self: &Arc<Self>, state: &mut State, whom: Whom, passwords: OneTimePasswords) {
        let Scene::Who { name_known, .. } = state.scene else { return };
        let whose = whose(&whom);
        state.doing(Doing::LetIn);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| {
            let begun = engine.settings.office.own.visit_by_password(whom, passwords);
            match begun.and_then(|visit| order_of(&engine.settings.office, &visit)) {
                Ok((visited, (order, request))) => {
                    engine.news(turn, |state| state.pauses.was_right(&whose));
                    engine.carry_out(turn, token, &visited, (order, request), None);
                }
                Err(error) => engine.news(turn, |state| {
                    let fault = match error.refusal_code() {
                        Some(code) if code == ProblemCode::VisitRefused.name() => Fault::NotLetIn,
                        Some(code) if code == ProblemCode::OneTimePasswordSpent.name() => Fault::Over,
                        _ => return state.fail(&refused(error)),
                    };
                    state.pauses.was_wrong(&whose, std::time::Instant::now());
                    state.show(Scene::Who { name_known, fault: Some(fault) });
                }),
            }
        });
    }

    /// Has the card's owner let in by the card, and the card renewed.
    pub(super) fn renew(self: &Arc<Self>, state: &mut State, proof: Proof) {
        self.let_in_by_card(state, proof, |engine, turn, token, visited, proof| {
            engine.carry_out(turn, token, &visited, (Order::Renew(RenewOrder::default()), None), Some(proof));
        });
    }

    /// Has the card's owner let in by the card, and goes on with that on the card's thread.
    pub(super) fn let_in_by_card(
        self: &Arc<Self>,
        state: &mut State,
        proof: Proof,
        then: impl FnOnce(&Arc<Self>, u64, &mut dyn Token, Visited, Proof) + Send + 'static,
    ) {
        match proof {
            Proof::Typed(..) => state.doing(Doing::LetIn),
            Proof::AtPad => state.show(Scene::AtPad),
        }
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| {
            let office = &engine.settings.office;
            let shown = match shown(office, token, &proof) {
                Ok(shown) => shown,
                Err(Cause::Token(error)) => return engine.news(turn, |state| state.pin_refused(error)),
                Err(cause) => {
                    let error = enrollment::Error { stage: Stage::LogIn, request: None, cause };
                    return engine.news(turn, |state| state.fail(&error));
                }
            };
            engine.news(turn, |state| {
                state.was_right();
                state.doing(Doing::LetIn);
            });
            match office.own.visit_by_card(shown).and_then(|visit| office.visited(&visit)) {
                Ok(visited) => then(&engine, turn, token, visited, proof),
                Err(error) => engine.news(turn, |state| state.fail(&refused(error))),
            }
        });
    }
}

impl Engine {
    /// Has somebody sign in at the server's pages, who leads them back with a code.
    pub(super) fn send_to_pages(self: &Arc<Self>, state: &mut State) {
        state.doing(Doing::LetIn);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |_| {
            let office = &engine.settings.office;
            let led = office.own.myself().map(|me| me.uuid);
            engine.news(turn, |state| match (led, loopback::random()) {
                (Ok(kiosk), Ok(secret)) => {
                    let address = office.pages(kiosk, engine.port, &secret);
                    state.signed_in = true;
                    state.show(Scene::Pages { address, state: secret });
                }
                (Err(error), _) => state.fail(&refused(error)),
                (_, Err(_)) => state.show(Scene::Trouble(Trouble::of("no-random"))),
            });
        });
    }

    /// Takes who comes back from the server's pages with a code; says whether somebody was sent there from here.
    pub(super) fn returned(self: &Arc<Self>, shown: &str, code: LinkCode) -> bool {
        self.with(|state| {
            let is_meant = matches!(&state.scene, Scene::Pages { state, .. } if loopback::is_same(state, shown));
            if is_meant {
                state.touch(std::time::Instant::now());
                self.let_in_by_code(state, code);
            }
            is_meant
        })
    }

    /// Has a person let in by a code, and what waits for them carried out.
    fn let_in_by_code(self: &Arc<Self>, state: &mut State, code: LinkCode) {
        let is_locked = state.card.as_ref().is_some_and(|card| card.holder.is_some() && !card.has_usable_pin());
        state.doing(Doing::LetIn);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| {
            let office = &engine.settings.office;
            let visited = office.own.visit_by_code(code).and_then(|visit| office.visited(&visit));
            let order = visited.and_then(|visited| {
                Ok((waiting(&visited, Some(enrollment::card_id(token.identity())), None, is_locked)?, visited))
            });
            match order {
                Ok((Waits::One(order), visited)) => engine.carry_out(turn, token, &visited, *order, None),
                Ok((none, _)) => engine.news(turn, |state| state.show(Scene::Trouble(Trouble::of(none.trouble())))),
                Err(error) => engine.news(turn, |state| state.fail(&refused(error))),
            }
        });
    }
}

/// Is what waits for a person who was let in.
pub(super) enum Waits {
    Nothing,
    One(Box<Course>),
    /// Several cards wait, and nobody has said which of them the one in the reader is to be.
    Several,
}

impl Waits {
    /// Returns the code of why there is nothing to carry out.
    pub(super) fn trouble(&self) -> &'static str {
        match self {
            Self::Nothing | Self::One(_) => "nothing-waits",
            Self::Several => "several-wait",
        }
    }
}

/// Finds what waits for a person who was let in: a request about the card that is in; for one that is in no use, what brings a card,
/// first in place of the old one; where the PIN is locked, a new one.
pub(super) fn waiting(
    Visited(client): &Visited,
    card_id: Option<Uuid>,
    old: Option<Uuid>,
    is_locked: bool,
) -> Result<Waits, client::Error> {
    let known = |card_id: Option<Uuid>| -> Result<Option<Uuid>, client::Error> {
        let found = card_id.map(|id| client.find_smartcard(id)).transpose()?.flatten();
        Ok(found.filter(|card| card.status.lives()).map(|card| card.uuid))
    };
    let (here, old) = (known(card_id)?, known(old)?);
    let open = client.requests(None)?;
    let is_open = |it: &&Request| matches!(it.status, RequestStatus::Approved | RequestStatus::Executing);
    let open = open.iter().filter(is_open).filter(|it| !it.is_enrollment_agent);
    let order = |it: &Request| {
        let order = Order::Enroll(EnrollOrder::default()).carrying_out(it).or_else(|| unblock().carrying_out(it))?;
        Some(Waits::One(Box::new((order, Some(it.uuid)))))
    };
    if let Some(here) = here {
        let is_about = |it: &&Request| match Workflow::of(it) {
            Some(Workflow::Enroll) => it.new_smartcard == Some(here),
            _ => it.new_smartcard.or(it.old_smartcard) == Some(here),
        };
        let locked = || is_locked.then(|| Waits::One(Box::new((unblock(), None))));
        return Ok(open.filter(is_about).find_map(order).or_else(locked).unwrap_or(Waits::Nothing));
    }
    // A renewal is of the card that it names, whose key has to be shown.
    let brings = |it: &&Request| it.request_type != RequestType::Renew && Workflow::of(it) == Some(Workflow::Enroll);
    let all: Vec<&Request> = open.filter(brings).filter(|it| it.new_smartcard.is_none()).collect();
    let in_place = all.iter().copied().filter(|it| old.is_some() && it.old_smartcard == old).collect::<Vec<_>>();
    Ok(match if in_place.is_empty() { all } else { in_place }.as_slice() {
        [] => Waits::Nothing,
        [one] => order(one).unwrap_or(Waits::Nothing),
        [_, _, ..] => Waits::Several,
    })
}

/// Names whose wrong inputs are counted.
pub fn whose(whom: &Whom) -> String {
    match whom {
        Whom::Person(name) => format!("person {}", name.to_lowercase()),
        Whom::Card(card) => card.to_string(),
    }
}

/// Is what is done for somebody: the order, and the request that it carries out, if there is one already.
pub type Course = (Order, Option<Uuid>);

/// Lets the person call the server, and returns the order that carries the request out which the visit is for.
fn order_of(office: &Office, visit: &Visit) -> Result<(Visited, Course), client::Error> {
    let visited = office.visited(visit)?;
    let enroll = |request| Order::Enroll(EnrollOrder { request, ..EnrollOrder::default() });
    let order = match visit.request {
        Some(request) => {
            let read = visited.0.request(request)?;
            enroll(None)
                .carrying_out(&read)
                .or_else(|| unblock().carrying_out(&read))
                .unwrap_or_else(|| enroll(Some(request)))
        }
        None => enroll(None),
    };
    Ok((visited, (order, visit.request)))
}

fn unblock() -> Order {
    Order::Unblock { comment: String::new(), last_try: LastTry::Keep }
}

/// Has the card sign that its owner is here. The server's challenge is had before the login, as nothing waits within one.
fn shown(office: &Office, token: &mut dyn Token, proof: &Proof) -> Result<CardShown, Cause> {
    let challenge = office.own.visit_challenge()?.challenge;
    let server = office.host();
    let text = signed_text(&server, &challenge);
    let candidates = candidates(token)?;
    let mut session = token.log_in(Credentials { user: Some(proof.as_user()), admin: None })?;
    for (id, certificate) in candidates {
        let key = certificate.public_key()?;
        let algorithm = SignatureAlgorithm::usual_for(key.kind());
        // A certificate whose key is not there, or does not sign, stops nothing.
        let Ok(signature) = session.sign(&id, algorithm, text.as_bytes()) else { continue };
        if key.verify(algorithm, text.as_bytes(), &signature).is_ok() {
            return Ok(CardShown { server, certificate: certificate.der().to_vec(), challenge, signature });
        }
    }
    Err(Cause::KeyGone)
}

/// Lists the certificates that may let their owner in, those for logging on first, then those that end last.
fn candidates(token: &mut dyn Token) -> Result<Vec<(KeyId, Certificate)>, token::Error> {
    let stored = token.public_objects()?.into_iter();
    let read = stored.filter_map(|stored| Some((stored.id, Certificate::from_der(&stored.certificate?).ok()?)));
    let mut all: Vec<_> =
        read.filter(|(_, it)| !it.is_ca().unwrap_or(false) && !it.decrypts_only().unwrap_or(false)).collect();
    all.sort_by_key(|(_, it)| std::cmp::Reverse((it.logs_on().unwrap_or(false), it.not_after())));
    Ok(all)
}

/// Makes the driver's error of what the server has refused before the driver was called.
pub(super) fn refused(error: client::Error) -> enrollment::Error {
    enrollment::Error { stage: Stage::FindCard, request: None, cause: error.into() }
}
