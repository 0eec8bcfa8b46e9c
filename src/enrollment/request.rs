//! Gets the request that an order needs, waits until it may be carried out, and ties it to the card.

use super::driver::{Enrollment, Leg, present};
use super::error::{Cause, Error};
use super::plan::LeftOpen;
use super::record::{Ended, Milestone, Record, Tie, tag};
use super::stage::Stage;
use super::step::{EnrollOrder, Event, Observer, Order, Step};
use super::workflow::Workflow;
use crate::client;
use crate::cm::check::MAX_SAID;
use crate::cm::data_item::DataItem;
use crate::cm::hidden::is_hidden;
use crate::cm::problem::ProblemCode;
use crate::cm::request::{CreateRequest, CreateTerms, Request, RequestStatus};
use crate::cm::smartcard::{AssignSmartcard, Smartcard};
use crate::token::{Origin, Token};
use uuid::Uuid;

impl Enrollment<'_> {
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
        let card = if record.workflow == Workflow::Enroll { None } else { Some(self.find_card(observer)?) };
        let order = self.request_order(record.template, record.target, card.as_ref());
        observer(Event::Doing(Stage::MakeRequest));
        // From here on the request may exist even if no answer comes.
        self.unsettled = true;
        match self.client.create_request(&order) {
            Ok(request) => {
                self.unsettled = false;
                self.facts.made_here = true;
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

    /// Returns the call that makes the request; its comment ends with the tag of this work.
    pub(super) fn request_order(
        &self,
        template: Option<Uuid>,
        target: Option<Uuid>,
        card: Option<&Smartcard>,
    ) -> CreateRequest {
        let (comment, data, priority) = match &self.order {
            Order::Enroll(order) => (order.comment.clone(), order.data.clone(), order.priority),
            Order::Renew(order) => (order.comment.clone(), order.data.clone(), None),
            Order::Unblock { comment, .. } | Order::Retire { comment } | Order::RetireLost { comment, .. } => {
                (comment.clone(), Vec::<DataItem>::new(), None)
            }
        };
        let terms = match &self.order {
            // Without the reason the server takes the card for one that is out of use, and its keys for good ones.
            Order::RetireLost { reason, .. } if !reason.is_empty() => {
                Some(CreateTerms { loss_reason: reason.clone(), ..CreateTerms::default() })
            }
            _ => None,
        };
        CreateRequest {
            profile_template: template.or(card.map(|card| card.profile_template)),
            data_collection: data,
            target,
            request_type: self.order.workflow().request_type(),
            comment: format!("{comment} {}", tag(self.marker)).trim_start().to_owned(),
            priority,
            smartcard: card.map(|card| card.uuid),
            profile: None,
            terms,
        }
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
        if !self.order.workflow().carries_out(&read) {
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
        self.look_elsewhere(&read)?;
        self.foresee(&read, token, observer)?;
        if self.order.workflow() == Workflow::Enroll && self.record().is_some_and(|record| record.owes_possession) {
            // The old key is on another card, so that this one cannot show it.
            return Ok(self.await_approval(request, observer));
        }
        if let (Workflow::Enroll, None) = (self.order.workflow(), read.new_smartcard) {
            let config = self.config_of(read.profile_template, observer)?;
            self.foresee_room(&config, present(token)?, observer)?;
        }
        let tie = self.tie(&read, token, observer)?;
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

    /// Checks, before the card is assigned to the request, that the request can be carried out on it. A server that
    /// tells the key orders only afterwards is asked again before anything changes on the card.
    fn foresee(
        &mut self,
        read: &Request,
        token: &mut Option<&mut dyn Token>,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let workflow = self.order.workflow();
        if !matches!(workflow, Workflow::Enroll | Workflow::Renew) {
            return Ok(());
        }
        let token = present(token)?;
        let config = self.config_of(read.profile_template, observer)?;
        self.foresee_secrets(&config, token)?;
        if self.facts.keys.is_some() && self.facts.arrivals_foreseen {
            return Ok(());
        }
        let card = read.new_smartcard.or(read.old_smartcard);
        observer(Event::Doing(Stage::Foresee));
        match self.client.foresee_request(read.uuid, Some(self.card_id)) {
            Ok(foresight) => {
                self.note(|record| record.owes_possession = foresight.possession)?;
                self.plan_keys(foresight.key_orders.clone(), card, token, observer)?;
                self.foresee_arrivals(&foresight, token, observer)?;
                self.facts.arrivals_foreseen = true;
                return Ok(());
            }
            Err(client::Error::ExtensionAbsent { .. }) => {}
            Err(error) => return Err(Error::new(Stage::Foresee, error)),
        }
        if self.facts.keys.is_some() {
            return Ok(());
        }
        observer(Event::Doing(Stage::ReadKeyOrders));
        match self.client.generation_options(read.uuid) {
            Ok(orders) => self.plan_keys(orders, card, token, observer),
            // A MIM CM may want the card to be assigned first; its refusals bear no code that is known here.
            Err(error) if read.new_smartcard.is_none() && is_anothers(&error) => Ok(()),
            Err(error) => Err(Error::new(Stage::ReadKeyOrders, error)),
        }
    }

    /// Assigns this card to the request, or checks that the card assigned to it is this one.
    fn tie(&mut self, read: &Request, token: &Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Tie, Error> {
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
                // Nothing of it is on this card, which is free for another request.
                if self.record().is_some_and(|record| record.was_given) {
                    self.close()?;
                }
                return Err(failed(Cause::OtherCard { found: card.serial_number }));
            }
            self.facts.tied = Some(tie);
            return Ok(tie);
        }
        observer(Event::Doing(Stage::AssignCard));
        let atr = self.facts.atr.clone();
        let assignment = AssignSmartcard { request: read.uuid, card_id: self.card_id, atr, ..self.device(token) };
        let smartcard = self.client.assign_smartcard(&assignment).map_err(|source| failed(source.into()))?;
        observer(Event::CardAssigned { smartcard });
        let tie = Tie { request: read.uuid, smartcard };
        self.facts.tied = Some(tie);
        self.facts.request = Some(Request { new_smartcard: Some(smartcard), ..read.clone() });
        Ok(tie)
    }

    /// Returns what the card says of itself, as far as it was read already and the server asks for it: one that foresees
    /// is none of MIM's.
    fn device(&self, token: &Option<&mut dyn Token>) -> AssignSmartcard {
        let Some(identity) = token.as_deref().map(Token::identity).filter(|_| self.facts.arrivals_foreseen) else {
            return AssignSmartcard::default();
        };
        // An odd card is not kept from being enrolled by what it says.
        let said = |text: &str| {
            let fits = text.chars().count() <= MAX_SAID && !text.chars().any(is_hidden);
            if fits { text.trim().to_owned() } else { String::new() }
        };
        let version = self.facts.condition.as_ref().and_then(|condition| condition.version.as_deref());
        let model = format!("{} {}", identity.manufacturer, identity.model);
        let serial = if identity.origin == Origin::Maker { said(&identity.serial) } else { String::new() };
        let (model, firmware) = (said(&model), said(version.unwrap_or_default()));
        AssignSmartcard { model, firmware, serial, ..AssignSmartcard::default() }
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
                Err(Error::new(Stage::MakeRequest, Cause::OtherRequestOpen))
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
        if let Some(given) = self.given {
            return Ok(record.request() != Some(given));
        }
        if self.order.is_for_another(&record) {
            return Ok(true);
        }
        let Order::Enroll(EnrollOrder { template: Some(asked), .. }) = self.order.clone() else {
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

/// Says whether the server refused without a code that is known here.
fn is_anothers(error: &client::Error) -> bool {
    let refused = matches!(error, client::Error::Refused { .. });
    refused && error.refusal_code().and_then(ProblemCode::from_name).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Offer;

    #[test]
    fn a_refusal_without_a_code_of_ours_is_anothers() {
        let refused = |code: Option<&str>| client::Error::Refused {
            status: 400,
            code: code.map(str::to_owned),
            message: String::new(),
            correlation_id: None,
            offer: Offer::Other,
        };
        assert!(is_anothers(&refused(None)) && is_anothers(&refused(Some("test-refusal"))));
        assert!(!is_anothers(&refused(Some(ProblemCode::Forbidden.name()))));
        assert!(!is_anothers(&client::Error::BearerToken), "it is no refusal");
    }
}
