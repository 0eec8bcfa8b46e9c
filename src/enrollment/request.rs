//! Gets the request that an order needs, waits until it may be carried out, and ties it to the card.

use super::driver::{Enrollment, Leg, present};
use super::error::{Cause, Error};
use super::plan::LeftOpen;
use super::record::{Ended, Milestone, PinWork, Record, Tie, VERSION};
use super::stage::Stage;
use super::step::{EnrollOrder, Event, Observer, Order, Step};
use super::workflow::Workflow;
use crate::client;
use crate::cm::data_item::DataItem;
use crate::cm::request::{CreateRequest, Request, RequestStatus};
use crate::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus};
use crate::token::Token;
use uuid::Uuid;

impl Enrollment<'_> {
    /// Checks what can be checked before a request exists, and opens the journal entry.
    pub(super) fn start(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Leg, Error> {
        let workflow = self.order.workflow();
        let (given, template, target) = match &self.order {
            Order::Enroll(order) => match order.request {
                Some(request) => (Some(request), None, order.target),
                None => {
                    let (asked, target) = (order.template.clone(), order.target);
                    let template = self.find_template(asked.as_deref(), observer)?;
                    self.refuse_card_in_use(present(token)?, observer)?;
                    (None, Some(template), target)
                }
            },
            Order::RetireLost { .. } => {
                self.find_card(observer)?;
                (None, None, None)
            }
            Order::Renew(_) | Order::Unblock { .. } | Order::Retire { .. } => {
                let token = present(token)?;
                self.go_by_known_id(token, observer)?;
                let card = self.find_card(observer)?;
                self.prove_card(&card, token, observer)?;
                (None, None, None)
            }
        };
        if workflow == Workflow::Enroll
            && let Some(stop) = self.name_token(present(token)?, observer)?
        {
            return Ok(stop);
        }
        let record = Record {
            version: VERSION,
            marker: Uuid::new_v4(),
            server: self.client.base_url().to_string(),
            card_id: self.card_id,
            token_label: self.token_label.clone(),
            workflow,
            template,
            target,
            milestone: given.map_or(Milestone::Asking, |request| Milestone::Requested { request }),
            pin: PinWork::None,
            left: Vec::new(),
            received: Vec::new(),
        };
        let begun = self.journal.begin(record).map_err(|source| Error::new(Stage::WriteJournal, source))?;
        self.entry = Some(begun);
        Ok(Leg::Onward)
    }

    /// Finds a template for smart cards by name or id, or the only one there is.
    fn find_template(&mut self, asked: Option<&str>, observer: Observer<'_>) -> Result<Uuid, Error> {
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
            let Some(card) = self.card_known_by(card_id, observer)? else { continue };
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
    fn card_known_by(&self, card_id: Uuid, observer: Observer<'_>) -> Result<Option<Smartcard>, Error> {
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
            Workflow::Retire | Workflow::RetireLost => card.status != SmartcardStatus::Retired,
        };
        if suits { Ok(card) } else { Err(failed(Cause::CardNotActive { status: card.status })) }
    }

    /// Makes the request, unless an earlier try made it and only the answer was lost.
    pub(super) fn ask(&mut self, observer: Observer<'_>) -> Result<Leg, Error> {
        let Some(record) = self.record().cloned() else {
            return Err(Error::new(Stage::MakeRequest, Cause::NoProgress));
        };
        if self.unsettled {
            observer(Event::Resumed { request: None });
            if let Some(request) = self.find_request(&record)? {
                return self.reach(Milestone::Requested { request });
            }
            if self.is_another_order(observer)? {
                self.close()?;
                return Ok(self.begin_anew());
            }
        }
        let order = self.request_order(&record, observer)?;
        observer(Event::Doing(Stage::MakeRequest));
        // From here on the request may exist even if no answer comes.
        self.unsettled = true;
        match self.client.create_request(&order) {
            Ok(request) => {
                self.unsettled = false;
                observer(Event::RequestMade { request });
                self.reach(Milestone::Requested { request })
            }
            Err(error) => {
                if !error.is_unsettled() {
                    self.close()?;
                }
                Err(Error::new(Stage::MakeRequest, error))
            }
        }
    }

    /// Returns the call that makes the request; its comment ends with the record's tag.
    fn request_order(&mut self, record: &Record, observer: Observer<'_>) -> Result<CreateRequest, Error> {
        let (comment, data, priority) = match &self.order {
            Order::Enroll(order) => (order.comment.clone(), order.data.clone(), order.priority),
            Order::Renew(order) => (order.comment.clone(), order.data.clone(), None),
            Order::Unblock { comment, .. } | Order::Retire { comment } | Order::RetireLost { comment } => {
                (comment.clone(), Vec::<DataItem>::new(), None)
            }
        };
        let (profile_template, smartcard) = match record.workflow {
            Workflow::Enroll => (record.template, None),
            _ => {
                let card = self.find_card(observer)?;
                (Some(card.profile_template), Some(card.uuid))
            }
        };
        Ok(CreateRequest {
            profile_template,
            data_collection: data,
            target: record.target,
            request_type: record.workflow.request_type(),
            comment: format!("{comment} {}", record.tag()).trim_start().to_owned(),
            priority,
            smartcard,
            profile: None,
            terms: None,
        })
    }

    /// Finds the request whose comment bears the record's tag, if the server made it.
    fn find_request(&mut self, record: &Record) -> Result<Option<Uuid>, Error> {
        let failed = |source: client::Error| Error::new(Stage::ReadRequest, source);
        let mut requests = self.client.requests(None).map_err(failed)?;
        if record.target.is_some() || record.workflow != Workflow::Enroll {
            match self.client.visible_requests(None) {
                Ok(more) => requests.extend(more),
                Err(client::Error::ExtensionAbsent { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let tag = record.tag();
        Ok(requests.iter().find(|request| request.comment.contains(&tag)).map(|request| request.uuid))
    }

    /// Reads the request at the server, once in a process unless it may have changed; closes the journal over one of
    /// another kind.
    pub(super) fn request(&mut self, request: Uuid, observer: Observer<'_>) -> Result<Request, Error> {
        if let Some(known) = &self.facts.request {
            return Ok(known.clone());
        }
        observer(Event::Doing(Stage::ReadRequest));
        let read = self.client.request(request).map_err(|source| Error::new(Stage::ReadRequest, source))?;
        let wanted = self.order.workflow().request_type();
        if read.request_type != wanted {
            let cause = Cause::OtherKindOfRequest { wanted, found: read.request_type };
            let refused = Error::new(Stage::ReadRequest, cause).about(Some(request));
            self.close()?;
            return Err(refused);
        }
        self.facts.request = Some(read.clone());
        Ok(read)
    }

    /// Looks how far the request has come, and begins to carry it out once it is approved.
    pub(super) fn take_request(
        &mut self,
        request: Uuid,
        token: &mut Option<&mut dyn Token>,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let read = self.request(request, observer)?;
        match read.status {
            RequestStatus::Pending | RequestStatus::None => {
                self.facts.request = None;
                let policy = self.client.policy(read.profile_template, read.request_type).ok();
                let approvals_needed = policy.map(|policy| policy.approvals_needed);
                return Ok(Leg::Stop(Step::Pending { request, approvals_needed }));
            }
            RequestStatus::Approved | RequestStatus::Executing => {}
            // Nothing is on the token, and only the last answer can have been lost.
            RequestStatus::Completed if self.order.workflow() == Workflow::RetireLost => {}
            RequestStatus::Denied => return self.end(request, Ended::Denied),
            RequestStatus::Canceled => return self.end(request, Ended::Canceled),
            RequestStatus::Failed => return self.end(request, Ended::Failed),
            RequestStatus::Completed => return self.end(request, Ended::Completed),
            status @ RequestStatus::Other(_) => {
                self.facts.request = None;
                return Err(Error::new(Stage::ReadRequest, Cause::RequestStatusUnknown { status }));
            }
        }
        let tie = self.tie(&read, observer)?;
        if self.order.workflow() != Workflow::RetireLost {
            self.prove_by_admin_key(tie, present(token)?, observer)?;
        }
        match self.order.workflow() {
            Workflow::Enroll => self.prepare(tie, LeftOpen::Nothing, present(token)?, observer),
            Workflow::Renew => self.begin_renewal(tie, None, present(token)?, observer),
            Workflow::Unblock => self.unblock(tie, None, present(token)?, observer),
            Workflow::Retire => self.begin_removal(tie, observer),
            Workflow::RetireLost => self.finish_retire(tie, Vec::new(), observer),
        }
    }

    /// Assigns this card to the request, or checks that the card assigned to it is this one.
    fn tie(&mut self, read: &Request, observer: Observer<'_>) -> Result<Tie, Error> {
        let failed = |cause: Cause| Error::new(Stage::AssignCard, cause).about(Some(read.uuid));
        let tied = match self.order.workflow() {
            Workflow::Enroll | Workflow::Renew => read.new_smartcard,
            _ => read.new_smartcard.or(read.old_smartcard),
        };
        if let Some(smartcard) = tied {
            let tie = Tie { request: read.uuid, smartcard };
            if self.facts.tied == Some(tie) {
                return Ok(tie);
            }
            let card = self.client.smartcard(smartcard).map_err(|source| failed(source.into()))?;
            if card.serial_number != self.card_id {
                return Err(failed(Cause::OtherCard { found: card.serial_number }));
            }
            self.facts.tied = Some(tie);
            return Ok(tie);
        }
        observer(Event::Doing(Stage::AssignCard));
        let assignment = AssignSmartcard { request: read.uuid, card_id: self.card_id, atr: self.facts.atr.clone() };
        let smartcard = self.client.assign_smartcard(&assignment).map_err(|source| failed(source.into()))?;
        observer(Event::CardAssigned { smartcard });
        let tie = Tie { request: read.uuid, smartcard };
        self.facts.tied = Some(tie);
        self.facts.request = Some(Request { new_smartcard: Some(smartcard), ..read.clone() });
        Ok(tie)
    }

    /// Asks, once in a process that took up older work, whether the request has ended meanwhile; begins to undo the
    /// work if so.
    pub(super) fn recheck(&mut self, milestone: &Milestone, observer: Observer<'_>) -> Result<Option<Leg>, Error> {
        let Some(request) = milestone.request() else { return Ok(None) };
        if !self.unsettled || self.facts.request.is_some() {
            return Ok(None);
        }
        observer(Event::Resumed { request: Some(request) });
        let status = self.request(request, observer)?.status;
        let last_answer_lost = matches!(
            milestone,
            Milestone::Issued { .. }
                | Milestone::Superseding { .. }
                | Milestone::PinSet { .. }
                | Milestone::Removed { .. }
        );
        let ended = match status {
            RequestStatus::Denied => Some(Ended::Denied),
            RequestStatus::Canceled => Some(Ended::Canceled),
            RequestStatus::Failed => Some(Ended::Failed),
            // Nothing was on the token of a lost card, so the last answer can have been lost at any time.
            RequestStatus::Completed if !last_answer_lost && self.order.workflow() != Workflow::RetireLost => {
                Some(Ended::Completed)
            }
            _ => None,
        };
        let keys = milestone.keys();
        let another = self.is_another_order(observer)?;
        match ended {
            None if another && status != RequestStatus::Completed => {
                Err(Error::new(Stage::ReadJournal, Cause::OtherRequestOpen))
            }
            // What was begun is over, so that it does not stand in the way of what is wanted now.
            None | Some(_) if another && (ended.is_none() || keys.is_empty()) => {
                self.close()?;
                Ok(Some(self.begin_anew()))
            }
            _ if matches!(milestone, Milestone::Undoing { .. }) => Ok(None),
            None => Ok(None),
            Some(ended) if keys.is_empty() => self.end(request, ended).map(Some),
            Some(ended) => self.reach(Milestone::Undoing { request, keys, ended }).map(Some),
        }
    }

    /// Says whether the order wants something else than the work in the journal: another request, person or template.
    fn is_another_order(&mut self, observer: Observer<'_>) -> Result<bool, Error> {
        let Some(record) = self.record().cloned() else { return Ok(false) };
        if self.order.differs_from(&record) {
            return Ok(true);
        }
        let Order::Enroll(EnrollOrder { template: Some(asked), request: None, .. }) = self.order.clone() else {
            return Ok(false);
        };
        Ok(record.template.is_some() && Some(self.find_template(Some(&asked), observer)?) != record.template)
    }

    /// Closes the journal over a request that will not be carried out, and returns the error that says so.
    pub(super) fn end(&mut self, request: Uuid, ended: Ended) -> Result<Leg, Error> {
        self.close()?;
        Err(Error::new(Stage::ReadRequest, Cause::RequestEnded { ended }).about(Some(request)))
    }

    /// Says whether the server is known to have the request as completed.
    pub(super) fn is_completed(&self) -> bool {
        self.facts.request.as_ref().is_some_and(|known| known.status == RequestStatus::Completed)
    }

    /// Tells the server that the request is carried out, unless it knows.
    pub(super) fn complete(&mut self, request: Uuid, observer: Observer<'_>) -> Result<(), Error> {
        if self.is_completed() {
            return Ok(());
        }
        observer(Event::Doing(Stage::CompleteRequest));
        // If the answer is lost, the server is asked before anything is repeated.
        self.unsettled = true;
        self.client.complete(request).map_err(|source| Error::new(Stage::CompleteRequest, source))
    }
}
