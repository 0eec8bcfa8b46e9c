//! Finds what an order is about, checks what can be checked before there is a request, and opens the journal.

use super::driver::{Enrollment, Leg, present};
use super::error::{Cause, Error};
use super::foreseen::Opening;
use super::record::{Milestone, PinWork, Record};
use super::slots::VERSION;
use super::stage::Stage;
use super::step::{Event, Observer, Order};
use super::workflow::Workflow;
use crate::client;
use crate::cm::foresight::OpenRequest;
use crate::cm::smartcard::{Smartcard, SmartcardStatus};
use crate::token::Token;
use uuid::Uuid;

impl Enrollment<'_> {
    /// Checks what can be checked before a request exists, and opens the journal entry.
    pub(super) fn start(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Leg, Error> {
        let opening = match self.facts.opening.clone() {
            Some(opening) => opening,
            None => {
                let found = self.find_opening(token, observer)?;
                self.facts.opening.insert(found).clone()
            }
        };
        let workflow = self.order.workflow();
        if let (Workflow::Enroll, Some(template)) = (workflow, opening.template) {
            let config = self.config_of(template, observer)?;
            self.foresee_secrets(&config, present(token)?)?;
        }
        if workflow != Workflow::RetireLost && opening.given.is_none() {
            self.foresee_order(&opening, present(token)?, observer)?;
        }
        // What waits for an approval is tried once it is approved: the room may go to others meanwhile.
        if let (Some(template), Some(true)) = (opening.template, self.facts.at_once) {
            let config = self.config_of(template, observer)?;
            self.foresee_room(&config, present(token)?, observer)?;
        }
        let known = opening.template.or(opening.card.as_ref().map(|card| card.profile_template));
        if let (Some(template), Some(token)) = (known, token.as_mut())
            && let Some(stop) = self.secrets_first(template, opening.card.as_ref(), &mut **token, observer)?
        {
            return Ok(stop);
        }
        if workflow == Workflow::Enroll
            && let Some(stop) = self.name_token(present(token)?, observer)?
        {
            return Ok(stop);
        }
        let Opening { given, template, target, card: _ } = opening;
        let record = Record {
            version: VERSION,
            marker: self.marker,
            server: self.client.base_url().to_string(),
            card_id: self.card_id,
            token_label: self.token_label.clone(),
            workflow,
            template,
            target,
            milestone: given.map_or(Milestone::Asking, |request| Milestone::Requested { request }),
            was_given: given.is_some(),
            elsewhere: false,
            pin: PinWork::None,
            owes_key: self.owes_by_proof(),
            owes_possession: self.facts.possession,
            left: Vec::new(),
            puk_locked: false,
            unclear: Vec::new(),
            received: Vec::new(),
            authorities: Vec::new(),
        };
        let begun = self.journal.begin(record).map_err(|source| Error::new(Stage::WriteJournal, source))?;
        self.entry = Some(begun);
        Ok(Leg::Onward)
    }

    /// Has the server tell, once in a process, what the request would come to, and plans its keys. A server that does
    /// not tell is gone on with.
    fn foresee_order(&mut self, opening: &Opening, token: &mut dyn Token, observer: Observer<'_>) -> Result<(), Error> {
        if self.facts.foreseen {
            return Ok(());
        }
        observer(Event::Doing(Stage::Foresee));
        let card = opening.card.as_ref();
        let order = self.request_order(opening.template, opening.target, card);
        let named = Some(self.card_id).filter(|_| token.identity().is_named());
        match self.client.foresee(&order, named) {
            Ok(foresight) => {
                if let Some(open) = foresight.open.first().filter(|_| !self.beside_others) {
                    let OpenRequest { request, request_type, status } = *open;
                    let cause = Cause::AnotherOpen { request, request_type, status };
                    return Err(Error::new(Stage::MakeRequest, cause).about(Some(request)));
                }
                self.facts.at_once = Some(foresight.at_once);
                self.facts.possession = foresight.possession;
                if matches!(self.order.workflow(), Workflow::Enroll | Workflow::Renew) {
                    self.plan_keys(foresight.key_orders.clone(), card.map(|card| card.uuid), token, observer)?;
                    self.foresee_arrivals(&foresight, token, observer)?;
                    self.facts.arrivals_foreseen = foresight.keys_to_come.is_some() || foresight.at_once;
                }
            }
            Err(client::Error::ExtensionAbsent { .. }) => {}
            Err(error) => return Err(Error::new(Stage::Foresee, error)),
        }
        self.facts.foreseen = true;
        Ok(())
    }

    /// Finds what the order is about: its template, or the card that is at the server and proves to be this one.
    fn find_opening(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Opening, Error> {
        let found = Opening { given: self.given, template: None, target: None, card: None };
        match &self.order {
            Order::Enroll(order) => {
                if self.given.is_some() {
                    return Ok(found);
                }
                let (asked, target) = (order.template.clone(), order.target);
                let template = Some(self.find_template(asked.as_deref(), observer)?);
                self.refuse_card_in_use(present(token)?, observer)?;
                Ok(Opening { template, target, ..found })
            }
            Order::RetireLost { .. } => self.find_card(observer).map(|_| found),
            Order::Renew(_) | Order::Unblock { .. } | Order::Retire { .. } => {
                let token = present(token)?;
                self.go_by_known_id(token, observer)?;
                let card = self.find_card(observer)?;
                self.prove_card(&card, token, observer)?;
                Ok(Opening { card: Some(card), ..found })
            }
        }
    }

    /// Finds a template for smart cards by name or id, or the only one there is.
    pub(super) fn find_template(&mut self, asked: Option<&str>, observer: Observer<'_>) -> Result<Uuid, Error> {
        observer(Event::Doing(Stage::FindTemplate));
        let failed = |cause| Error::new(Stage::FindTemplate, cause);
        let templates = self.client.list_profile_templates().map_err(|source| failed(source.into()))?;
        let known = || templates.iter().map(|template| template.name.clone()).collect::<Vec<_>>();
        let found = match asked {
            Some(asked) => {
                let id = asked.trim().parse::<Uuid>().ok();
                templates
                    .iter()
                    .find(|template| Some(template.uuid) == id || template.name.eq_ignore_ascii_case(asked.trim()))
                    .ok_or_else(|| failed(Cause::TemplateUnknown { asked: asked.to_owned(), known: known() }))?
            }
            None => match templates.iter().filter(|template| template.is_smartcard).collect::<Vec<_>>().as_slice() {
                [only] => only,
                _ => return Err(failed(Cause::TemplateNeeded { known: known() })),
            },
        };
        if !found.is_smartcard {
            return Err(failed(Cause::TemplateNotForCards { name: found.name.clone() }));
        }
        self.facts.template_name = Some(found.name.clone());
        Ok(found.uuid)
    }

    /// Refuses to enroll a card that is in use: a request for it could never be carried out. By the id of earlier versions
    /// it is in use only if it shows that record's certificate.
    fn refuse_card_in_use(&mut self, token: &mut dyn Token, observer: Observer<'_>) -> Result<(), Error> {
        let named = Some(self.card_id).filter(|_| token.identity().is_named());
        let shared = if named.is_some() { self.earlier_id } else { Some(self.card_id) };
        let mut found = None;
        for card_id in named.into_iter().chain(shared) {
            let known = self.card_known_by(card_id, observer)?;
            if card_id == self.card_id {
                self.facts.at_server = Some(known.clone());
            }
            let Some(card) = known else { continue };
            if card.status != SmartcardStatus::Retired
                && (named == Some(card_id) || self.shows_a_certificate(card.uuid, token, observer)?)
            {
                found = Some(card);
                break;
            }
        }
        match found {
            Some(card) => Err(Error::new(Stage::FindCard, Cause::CardInUse { status: card.status })),
            None => Ok(()),
        }
    }

    /// Goes by the id of earlier versions where the server knows the card by that alone and it shows that it is the one.
    fn go_by_known_id(&mut self, token: &mut dyn Token, observer: Observer<'_>) -> Result<(), Error> {
        let Some(earlier) = self.earlier_id else { return Ok(()) };
        if self.card_known_by(self.card_id, observer)?.is_some() {
            return Ok(());
        }
        let Some(card) = self.card_known_by(earlier, observer)? else { return Ok(()) };
        if !self.shows_a_certificate(card.uuid, token, observer)? {
            return Err(Error::new(Stage::ProveCard, Cause::CardUnproven { smartcard: card.uuid }));
        }
        let lock = self.journal.lock(earlier).map_err(|source| Error::new(Stage::ReadJournal, source))?;
        self.locks.push(lock);
        self.card_id = earlier;
        Ok(())
    }

    /// Asks the server for a card by its id.
    pub(super) fn card_known_by(&self, card_id: Uuid, observer: Observer<'_>) -> Result<Option<Smartcard>, Error> {
        observer(Event::Doing(Stage::FindCard));
        self.client.find_smartcard(card_id).map_err(|source| Error::new(Stage::FindCard, source))
    }

    /// Finds the card at the server; refuses one in a state that the workflow cannot begin from.
    pub(super) fn find_card(&mut self, observer: Observer<'_>) -> Result<Smartcard, Error> {
        let failed = |cause| Error::new(Stage::FindCard, cause);
        let card_id = self.card_id;
        let card = self.card_known_by(card_id, observer)?;
        let card = card.ok_or_else(|| failed(Cause::CardUnknown { card_id }))?;
        let suits = match self.order.workflow() {
            Workflow::Enroll => true,
            Workflow::Renew | Workflow::Unblock => card.status == SmartcardStatus::Active,
            // Where the request is open, its end may be all that is missing.
            Workflow::Retire if self.given.is_some() => true,
            Workflow::Retire | Workflow::RetireLost => card.status != SmartcardStatus::Retired,
        };
        if suits { Ok(card) } else { Err(failed(Cause::CardNotActive { status: card.status })) }
    }
}
