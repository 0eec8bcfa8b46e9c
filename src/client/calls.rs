//! Calls the routes of the CM API, one method for each; the numbers are those of the table in MIM's reference.

use super::cm_client::CmClient;
use super::error::{Error, Excerpt};
use super::transport::Reply;
use crate::cm::beyond_mim::{
    DataCollection, Decided, Decision, FilledDocument, Myself, OfferedType, OneTimePasswords, SealedKey, User,
};
use crate::cm::certificate::{Certificate, CertificateData, ListedCertificate};
use crate::cm::foresight::Foresight;
use crate::cm::offline::{OfflineChallenge, OfflineResponse};
use crate::cm::possession::Possession;
use crate::cm::profile::{Operation, Operations, Profile};
use crate::cm::request::{CloseRequest, CreateRequest, Request, RequestClosing, RequestStatus, RequestType};
use crate::cm::review::{Queued, Review, Waiting};
use crate::cm::route::{Holder, Route};
use crate::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus, UpdateSmartcard};
use crate::cm::template::{GenerationOptions, Policy, ProfileTemplateView, SmartcardConfig};
use crate::cm::wire::{self, AuthenticationResponse, BodyError, Created, DiversifiedKey, PinText};
use crate::secret::{AdminKey, Pin};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

impl CmClient {
    /// Lists the profile templates that the caller may use (route 1).
    pub fn list_profile_templates(&self) -> Result<Vec<ProfileTemplateView>, Error> {
        self.list(&Route::ListProfileTemplates, "a list of profile templates")
    }

    /// Returns the policy of one workflow of a template (route 2).
    pub fn policy(&self, template: Uuid, workflow: RequestType) -> Result<Policy, Error> {
        self.one(&Route::GetPolicy { template, workflow }, "a workflow's policy")
    }

    /// Returns the policy of one workflow of a template; `None` where the template says nothing of it (route 2).
    pub fn policy_if_any(&self, template: Uuid, workflow: RequestType) -> Result<Option<Policy>, Error> {
        Ok(self.list(&Route::GetPolicy { template, workflow }, "a workflow's policy")?.into_iter().next())
    }

    /// Returns how cards of a template must be prepared (route 3).
    pub fn smartcard_config(&self, template: Uuid) -> Result<SmartcardConfig, Error> {
        self.one(&Route::GetSmartcardConfig { template }, "a smart card configuration")
    }

    /// Creates a request and returns its id (route 4).
    pub fn create_request(&self, order: &CreateRequest) -> Result<Uuid, Error> {
        self.created(&Route::CreateRequest, &encode(order)?, "the address of a request")
    }

    /// Returns a request (route 5).
    pub fn request(&self, request: Uuid) -> Result<Request, Error> {
        self.one(&Route::GetRequest { request }, "a request")
    }

    /// Returns what is told of a request to whoever decides on it, waits for it or carries it out (beyond MIM).
    pub fn review(&self, request: Uuid) -> Result<Review, Error> {
        self.one(&Route::ReviewRequest { request }, "a review of a request")
    }

    /// Lists the requests whose target is the caller (route 5).
    pub fn requests(&self, status: Option<RequestStatus>) -> Result<Vec<Request>, Error> {
        let route = Route::ListRequests { target_user_current: true, status, before: None, limit: None };
        self.list(&route, "a list of requests")
    }

    /// Lists all requests that the caller may see (beyond MIM).
    pub fn visible_requests(&self, status: Option<RequestStatus>) -> Result<Vec<Request>, Error> {
        self.list(&Route::ListVisibleRequests { status }, "a list of requests")
    }

    /// Lists a page of the requests that the caller may see, with what a row of a table shows (beyond MIM); `after` names the last
    /// one of the page before.
    pub fn queue(
        &self,
        status: Option<RequestStatus>,
        after: Option<Uuid>,
        limit: Option<u32>,
    ) -> Result<Vec<Queued>, Error> {
        self.list(&Route::ListQueue { status, smartcard: None, after, limit }, "a list of requests")
    }

    /// Counts the requests of others that wait (beyond MIM).
    pub fn waiting(&self) -> Result<Waiting, Error> {
        self.one(&Route::CountWaiting, "a count of requests")
    }

    /// Closes a request as finished (route 6).
    pub fn complete(&self, request: Uuid) -> Result<(), Error> {
        self.close(request, RequestClosing::Completed)
    }

    /// Closes a request that has not begun (route 6).
    pub fn cancel(&self, request: Uuid) -> Result<(), Error> {
        self.close(request, RequestClosing::Canceled)
    }

    /// Closes a request that was approved and will not be carried out (route 6).
    pub fn abandon(&self, request: Uuid) -> Result<(), Error> {
        self.close(request, RequestClosing::Abandoned)
    }

    /// Closes a request (route 6).
    fn close(&self, request: Uuid, closing: RequestClosing) -> Result<(), Error> {
        let body = encode(&CloseRequest { status: closing })?;
        self.transport.exchange(&Route::CloseRequest { request }, Some(&body)).map(drop)
    }

    /// Returns which keys and certification requests must be made (route 7).
    pub fn generation_options(&self, request: Uuid) -> Result<Vec<GenerationOptions>, Error> {
        self.list(&Route::GetGenerationOptions { request }, "a list of key orders")
    }

    /// Sends certification requests and returns the certificates that the CA issued (route 8).
    pub fn submit_certificate_data(&self, request: Uuid, data: &CertificateData) -> Result<Vec<Certificate>, Error> {
        let route = Route::SubmitCertificateData { request };
        decode_list(self.transport.exchange(&route, Some(&encode(data)?))?, "a list of certificates")
    }

    /// Assigns a card to a request and returns the card's id on the server (route 9).
    pub fn assign_smartcard(&self, assignment: &AssignSmartcard) -> Result<Uuid, Error> {
        self.created(&Route::AssignSmartcard, &encode(assignment)?, "the address of a smart card")
    }

    /// Returns a card (route 10).
    pub fn smartcard(&self, smartcard: Uuid) -> Result<Smartcard, Error> {
        self.one(&Route::GetSmartcard { smartcard }, "a smart card")
    }

    /// Finds the card with this card id; `None` when the server knows none. One in use takes precedence over a retired
    /// one (route 10).
    pub fn find_smartcard(&self, card_id: Uuid) -> Result<Option<Smartcard>, Error> {
        match self.list(&Route::FindSmartcard { card_id }, "a smart card") {
            Ok(cards) => {
                let ours = cards.into_iter().filter(|card: &Smartcard| card.serial_number == card_id);
                Ok(ours.min_by_key(|card| card.status == SmartcardStatus::Retired))
            }
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the caller's cards (route 10).
    pub fn smartcards(&self) -> Result<Vec<Smartcard>, Error> {
        self.list(&Route::ListSmartcards, "a list of smart cards")
    }

    /// Returns the card's own admin key, while a request for that card is being executed (route 11).
    pub fn diversified_key(
        &self,
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        atr: Option<String>,
    ) -> Result<AdminKey, Error> {
        let route = Route::GetDiversifiedKey { request, smartcard, card_id, atr };
        let DiversifiedKey(key) = decode_hidden(self.transport.exchange(&route, None)?, "a key in base64")?;
        Ok(key)
    }

    /// Returns the response to a card's challenge: under the card's own key when `diversified`, else under the default
    /// key (route 12).
    pub fn authentication_response(
        &self,
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        atr: Option<String>,
        challenge: &[u8],
        diversified: bool,
    ) -> Result<Vec<u8>, Error> {
        let challenge = challenge.to_vec();
        let route = Route::GetAuthenticationResponse { request, smartcard, card_id, atr, challenge, diversified };
        let reply = self.transport.exchange(&route, None)?;
        let AuthenticationResponse(response) = decode_hidden(reply, "a response in base64")?;
        Ok(response)
    }

    /// Returns the PIN that the server proposes for the card of a request (route 14).
    pub fn server_proposed_pin(
        &self,
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        atr: Option<String>,
    ) -> Result<Pin, Error> {
        let (request, card_id) = (Some(request), Some(card_id));
        let route = Route::GetServerProposedPin { request, smartcard, card_id, atr, challenge: None };
        let PinText(pin) = decode_hidden(self.transport.exchange(&route, None)?, "a PIN")?;
        Ok(pin)
    }

    /// Lists the operations that may be requested for a card or profile in its present state (route 13).
    pub fn operations(&self, of: Holder) -> Result<Vec<Operation>, Error> {
        let Operations(operations) = self.one(&Route::ListOperations { of }, "a list of operations")?;
        Ok(operations)
    }

    /// Lists every request type that may be requested for a card or profile in its present state (beyond MIM).
    pub fn request_types(&self, of: Holder) -> Result<Vec<OfferedType>, Error> {
        self.list(&Route::ListRequestTypes { of }, "a list of request types")
    }

    /// Marks a card as retired (route 15).
    pub fn retire_smartcard(&self, request: Uuid, smartcard: Uuid) -> Result<(), Error> {
        let body = encode(&UpdateSmartcard { status: SmartcardStatus::Retired })?;
        self.transport.exchange(&Route::UpdateSmartcard { request, smartcard }, Some(&body)).map(drop)
    }

    /// Lists the caller's profiles (route 17).
    pub fn profiles(&self) -> Result<Vec<Profile>, Error> {
        self.list(&Route::ListProfiles { status: None }, "a list of profiles")
    }

    /// Returns a profile (route 17).
    pub fn profile(&self, profile: Uuid) -> Result<Profile, Error> {
        self.one(&Route::GetProfile { profile }, "a profile")
    }

    /// Lists the certificates of a card or profile (route 18).
    pub fn certificates_of(&self, of: Holder) -> Result<Vec<ListedCertificate>, Error> {
        self.list(&Route::ListHolderCertificates { of }, "a list of certificates")
    }

    /// Lists the caller's certificates (route 19).
    pub fn certificates(&self) -> Result<Vec<ListedCertificate>, Error> {
        self.list(&Route::ListCertificates, "a list of certificates")
    }

    /// Returns the user as whom the server knows the caller (beyond MIM).
    pub fn whoami(&self) -> Result<User, Error> {
        self.one(&Route::Whoami, "a user")
    }

    /// Returns who the caller is, and what the caller may do for others (beyond MIM).
    pub fn myself(&self) -> Result<Myself, Error> {
        self.one(&Route::Whoami, "a user")
    }

    /// Finds the user with this name; `None` when the server knows none (beyond MIM).
    pub fn find_user(&self, name: &str) -> Result<Option<User>, Error> {
        match self.transport.exchange(&Route::FindUser { name: name.to_owned() }, None) {
            Ok(reply) if reply.is_empty() => Ok(None),
            Ok(reply) => decode(reply, "a user").map(Some),
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells what a request would come to, on the card with this id if one is named, were it made now (beyond MIM).
    pub fn foresee(&self, order: &CreateRequest, card_id: Option<Uuid>) -> Result<Foresight, Error> {
        let route = Route::ForeseeOrder { card_id };
        decode(self.transport.exchange(&route, Some(&encode(order)?))?, "a foresight")
    }

    /// Tells what an approved request would come to, on the card with this id if one is named; refused to who may not carry
    /// it out (beyond MIM).
    pub fn foresee_request(&self, request: Uuid, card_id: Option<Uuid>) -> Result<Foresight, Error> {
        self.one(&Route::ForeseeRequest { request, card_id }, "a foresight")
    }

    /// Shows that the old key of the request's card or profile is at hand (beyond MIM).
    pub fn show_possession(&self, request: Uuid, shown: &Possession) -> Result<Request, Error> {
        decode(self.transport.exchange(&Route::ShowPossession { request }, Some(&encode(shown)?))?, "a request")
    }

    /// Approves a pending request. The last approval returns the one-time passwords that must be handed over (beyond
    /// MIM).
    pub fn approve(&self, request: Uuid, decision: &Decision) -> Result<Decided, Error> {
        let reply = self.transport.exchange(&Route::Approve { request }, Some(&encode(decision)?))?;
        let read = wire::read_body(&reply.body)
            .and_then(|request| Ok(Decided { request, passwords: wire::read_body::<OneTimePasswords>(&reply.body)? }));
        read.map_err(|_| reply.nonsense("a request", Excerpt::hidden(), None))
    }

    /// Supplies data items for a request that exists already (beyond MIM).
    pub fn collect_data(&self, request: Uuid, items: &DataCollection) -> Result<Request, Error> {
        decode(self.transport.exchange(&Route::CollectData { request }, Some(&encode(items)?))?, "a request")
    }

    /// Lists the documents of a request, filled in (beyond MIM).
    pub fn documents(&self, request: Uuid) -> Result<Vec<FilledDocument>, Error> {
        self.list(&Route::ListDocuments { request }, "a list of documents")
    }

    /// Returns archived keys, sealed to recovery agents, who alone can open them (beyond MIM).
    pub fn sealed_keys(&self, request: Uuid) -> Result<Vec<SealedKey>, Error> {
        let reply = self.transport.exchange(&Route::CollectSealedKeys { request }, Some(b"{}"))?;
        decode_list(reply, "a list of sealed keys")
    }

    /// Proves a request's one-time passwords (beyond MIM).
    pub fn prove_one_time_password(&self, request: Uuid, passwords: &OneTimePasswords) -> Result<Request, Error> {
        let body = encode(passwords)?;
        decode(self.transport.exchange(&Route::ProveOneTimePassword { request }, Some(&body))?, "a request")
    }

    /// Has new one-time passwords made; returns those that must be handed over (beyond MIM).
    pub fn distribute_one_time_password(&self, request: Uuid) -> Result<OneTimePasswords, Error> {
        // An empty object, because no form of another site's page can send JSON.
        let reply = self.transport.exchange(&Route::DistributeOneTimePassword { request }, Some(b"{}"))?;
        decode_hidden(reply, "one-time passwords")
    }

    /// Denies a pending request (beyond MIM).
    pub fn deny(&self, request: Uuid, decision: &Decision) -> Result<Request, Error> {
        decode(self.transport.exchange(&Route::Deny { request }, Some(&encode(decision)?))?, "a request")
    }

    /// Has the server answer a challenge that a user reads out (beyond MIM).
    pub fn offline_unblock(&self, request: Uuid, challenge: &OfflineChallenge) -> Result<OfflineResponse, Error> {
        let reply = self.transport.exchange(&Route::OfflineUnblock { request }, Some(&encode(challenge)?))?;
        decode_hidden(reply, "a response to read out")
    }

    /// Returns the certificate of the server's CA, in DER or PEM as the server sends it (beyond MIM).
    pub fn ca_certificate(&self) -> Result<Vec<u8>, Error> {
        self.bytes(&Route::GetCaCertificate)
    }

    /// Returns the CA's newest revocation list, in DER or PEM as the server sends it (beyond MIM).
    pub fn crl(&self) -> Result<Vec<u8>, Error> {
        self.bytes(&Route::GetCrl)
    }

    /// Gets one object.
    pub(super) fn one<T: DeserializeOwned>(&self, route: &Route, expected: &'static str) -> Result<T, Error> {
        decode(self.transport.exchange(route, None)?, expected)
    }

    /// Sends a body, and reads one object.
    pub(super) fn told<T: DeserializeOwned>(
        &self,
        route: &Route,
        body: &[u8],
        expected: &'static str,
    ) -> Result<T, Error> {
        decode(self.transport.exchange(route, Some(body))?, expected)
    }

    /// Gets a list.
    pub(super) fn list<T: DeserializeOwned>(&self, route: &Route, expected: &'static str) -> Result<Vec<T>, Error> {
        decode_list(self.transport.exchange(route, None)?, expected)
    }

    /// Posts an order and returns the id in the address of what was created. The address is the body, or else the
    /// `Location` header.
    fn created(&self, route: &Route, body: &[u8], expected: &'static str) -> Result<Uuid, Error> {
        let reply = self.transport.exchange(route, Some(body))?;
        let location = Created::from_location(&reply.location);
        let created = if reply.is_empty() { location.ok() } else { None };
        Ok(created.map_or_else(|| decode::<Created>(reply, expected), Ok)?.uuid())
    }

    /// Gets a body as it comes.
    fn bytes(&self, route: &Route) -> Result<Vec<u8>, Error> {
        Ok(self.transport.exchange(route, None)?.body.to_vec())
    }
}

impl Reply {
    /// Says whether the reply has no body, or null.
    fn is_empty(&self) -> bool {
        self.status == 204 || self.body.trim_ascii().is_empty() || self.body.trim_ascii() == b"null"
    }

    /// Makes the error for a reply that cannot be read.
    fn nonsense(&self, expected: &'static str, start: Excerpt, source: Option<BodyError>) -> Error {
        Error::Nonsense {
            expected,
            status: self.status,
            content_type: self.content_type.clone(),
            start,
            source: source.map(Into::into),
        }
    }
}

/// Encodes a body as JSON.
pub(super) fn encode(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|source| Error::Unspeakable { source })
}

/// Decodes one object.
pub(super) fn decode<T: DeserializeOwned>(reply: Reply, expected: &'static str) -> Result<T, Error> {
    wire::read_body(&reply.body).map_err(|source| reply.nonsense(expected, Excerpt::of(&reply.body), Some(source)))
}

/// Decodes a body that holds a secret: an error shows neither the body nor what the decoder quotes of it.
pub(super) fn decode_hidden<T: DeserializeOwned>(reply: Reply, expected: &'static str) -> Result<T, Error> {
    wire::read_body(&reply.body).map_err(|_| reply.nonsense(expected, Excerpt::hidden(), None))
}

/// Decodes a list; an empty body is an empty list.
fn decode_list<T: DeserializeOwned>(reply: Reply, expected: &'static str) -> Result<Vec<T>, Error> {
    if reply.is_empty() {
        return Ok(Vec::new());
    }
    wire::read_one_or_many(&reply.body)
        .map_err(|source| reply.nonsense(expected, Excerpt::of(&reply.body), Some(source)))
}
