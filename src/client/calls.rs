//! One method a route.

use super::cm_client::CmClient;
use super::error::{Error, Excerpt};
use super::transport::Reply;
use crate::cm::beyond_mim::{
    AdminKeyNews, AdminKeyReport, AdminKeyState, DataCollection, Decided, Decision, FilledDocument, NextAdminKey,
    OfferedType, OfflineChallenge, OfflineResponse, OneTimePasswords, PukNews, PukReport, PukState, SealedKey, User,
};
use crate::cm::certificate::{Certificate, CertificateData, ListedCertificate};
use crate::cm::profile::{Operation, Operations, Profile};
use crate::cm::request::{CloseRequest, CreateRequest, Request, RequestClosing, RequestStatus, RequestType};
use crate::cm::route::{Holder, Route};
use crate::cm::smartcard::{AssignSmartcard, Smartcard, SmartcardStatus, UpdateSmartcard};
use crate::cm::template::{GenerationOptions, Policy, ProfileTemplateView, SmartcardConfig};
use crate::cm::wire::{self, AuthenticationResponse, BodyError, Created, DiversifiedKey, PinText};
use crate::secret::{AdminKey, Pin};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

impl CmClient {
    /// The profile templates the caller may use (route 1).
    pub fn list_profile_templates(&self) -> Result<Vec<ProfileTemplateView>, Error> {
        self.list(&Route::ListProfileTemplates, "a list of profile templates")
    }

    /// The policy of one workflow of a template (route 2).
    pub fn policy(&self, template: Uuid, workflow: RequestType) -> Result<Policy, Error> {
        self.one(&Route::GetPolicy { template, workflow }, "a workflow's policy")
    }

    /// How cards of a template are to be prepared (route 3).
    pub fn smartcard_config(&self, template: Uuid) -> Result<SmartcardConfig, Error> {
        self.one(&Route::GetSmartcardConfig { template }, "a smart card configuration")
    }

    /// Makes a request and gives its id (route 4).
    pub fn create_request(&self, order: &CreateRequest) -> Result<Uuid, Error> {
        self.created(&Route::CreateRequest, &encode(order)?, "the address of a request")
    }

    /// One request (route 5).
    pub fn request(&self, request: Uuid) -> Result<Request, Error> {
        self.one(&Route::GetRequest { request }, "a request")
    }

    /// The requests whose target the caller is (route 5).
    pub fn requests(&self, status: Option<RequestStatus>) -> Result<Vec<Request>, Error> {
        self.list(&Route::ListRequests { target_user_current: true, status }, "a list of requests")
    }

    /// All requests the caller may see (extension).
    pub fn visible_requests(&self, status: Option<RequestStatus>) -> Result<Vec<Request>, Error> {
        self.list(&Route::ListVisibleRequests { status }, "a list of requests")
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

    fn close(&self, request: Uuid, closing: RequestClosing) -> Result<(), Error> {
        let body = encode(&CloseRequest { status: closing })?;
        self.transport.exchange(&Route::CloseRequest { request }, Some(&body)).map(drop)
    }

    /// The keys and certification requests to be made (route 7).
    pub fn generation_options(&self, request: Uuid) -> Result<Vec<GenerationOptions>, Error> {
        self.list(&Route::GetGenerationOptions { request }, "a list of key orders")
    }

    /// Sends certification requests and gives what the CA made of them (route 8).
    pub fn submit_certificate_data(&self, request: Uuid, data: &CertificateData) -> Result<Vec<Certificate>, Error> {
        let route = Route::SubmitCertificateData { request };
        decode_list(self.transport.exchange(&route, Some(&encode(data)?))?, "a list of certificates")
    }

    /// Ties a card to a request and gives the card's id at the server (route 9).
    pub fn assign_smartcard(&self, assignment: &AssignSmartcard) -> Result<Uuid, Error> {
        self.created(&Route::AssignSmartcard, &encode(assignment)?, "the address of a smart card")
    }

    /// One card (route 10).
    pub fn smartcard(&self, smartcard: Uuid) -> Result<Smartcard, Error> {
        self.one(&Route::GetSmartcard { smartcard }, "a smart card")
    }

    /// The card with this card id, one in use before a retired one; `None` when the server knows none (route 10).
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

    /// The caller's cards (route 10).
    pub fn smartcards(&self) -> Result<Vec<Smartcard>, Error> {
        self.list(&Route::ListSmartcards, "a list of smart cards")
    }

    /// The card's own admin key, while a request on that card is carried out (route 11).
    pub fn diversified_key(&self, request: Uuid, smartcard: Uuid, card_id: Uuid) -> Result<AdminKey, Error> {
        let route = Route::GetDiversifiedKey { request, smartcard, card_id, atr: None };
        let DiversifiedKey(key) = decode_hidden(self.transport.exchange(&route, None)?, "a key in base64")?;
        Ok(key)
    }

    /// The response to a card's challenge; `diversified`: under the card's own key, else under the default (route 12).
    pub fn authentication_response(
        &self,
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        challenge: &[u8],
        diversified: bool,
    ) -> Result<Vec<u8>, Error> {
        let challenge = challenge.to_vec();
        let route = Route::GetAuthenticationResponse { request, smartcard, card_id, atr: None, challenge, diversified };
        let reply = self.transport.exchange(&route, None)?;
        let AuthenticationResponse(response) = decode_hidden(reply, "a response in base64")?;
        Ok(response)
    }

    /// The PIN the server proposes for the card of a request (route 14).
    pub fn server_proposed_pin(&self, request: Uuid, smartcard: Uuid, card_id: Uuid) -> Result<Pin, Error> {
        let (request, card_id) = (Some(request), Some(card_id));
        let route = Route::GetServerProposedPin { request, smartcard, card_id, atr: None, challenge: None };
        let PinText(pin) = decode_hidden(self.transport.exchange(&route, None)?, "a PIN")?;
        Ok(pin)
    }

    /// What may be asked for a card or profile as it is now (route 13).
    pub fn operations(&self, of: Holder) -> Result<Vec<Operation>, Error> {
        let Operations(operations) = self.one(&Route::ListOperations { of }, "a list of operations")?;
        Ok(operations)
    }

    /// Every request type that may be asked for a card or profile as it is now (extension).
    pub fn request_types(&self, of: Holder) -> Result<Vec<OfferedType>, Error> {
        self.list(&Route::ListRequestTypes { of }, "a list of request types")
    }

    /// Marks a card as retired (route 15).
    pub fn retire_smartcard(&self, request: Uuid, smartcard: Uuid) -> Result<(), Error> {
        let body = encode(&UpdateSmartcard { status: SmartcardStatus::Retired })?;
        self.transport.exchange(&Route::UpdateSmartcard { request, smartcard }, Some(&body)).map(drop)
    }

    /// The caller's profiles (route 17).
    pub fn profiles(&self) -> Result<Vec<Profile>, Error> {
        self.list(&Route::ListProfiles { status: None }, "a list of profiles")
    }

    /// One profile (route 17).
    pub fn profile(&self, profile: Uuid) -> Result<Profile, Error> {
        self.one(&Route::GetProfile { profile }, "a profile")
    }

    /// The certificates of a card or profile (route 18).
    pub fn certificates_of(&self, of: Holder) -> Result<Vec<ListedCertificate>, Error> {
        self.list(&Route::ListHolderCertificates { of }, "a list of certificates")
    }

    /// The caller's certificates (route 19).
    pub fn certificates(&self) -> Result<Vec<ListedCertificate>, Error> {
        self.list(&Route::ListCertificates, "a list of certificates")
    }

    /// Who the bearer token speaks for (extension).
    pub fn whoami(&self) -> Result<User, Error> {
        self.one(&Route::Whoami, "a user")
    }

    /// The user with this name; `None` when the server knows none (extension).
    pub fn find_user(&self, name: &str) -> Result<Option<User>, Error> {
        match self.transport.exchange(&Route::FindUser { name: name.to_owned() }, None) {
            Ok(reply) if reply.is_empty() => Ok(None),
            Ok(reply) => decode(reply, "a user").map(Some),
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Approves a pending request; with the last approval come the one-time passwords to be handed over (extension).
    pub fn approve(&self, request: Uuid, decision: &Decision) -> Result<Decided, Error> {
        let reply = self.transport.exchange(&Route::Approve { request }, Some(&encode(decision)?))?;
        let read = wire::read_body(&reply.body)
            .and_then(|request| Ok(Decided { request, passwords: wire::read_body::<OneTimePasswords>(&reply.body)? }));
        read.map_err(|_| reply.nonsense("a request", Excerpt::hidden(), None))
    }

    /// Gives data items for a request that was made before (extension).
    pub fn collect_data(&self, request: Uuid, items: &DataCollection) -> Result<Request, Error> {
        decode(self.transport.exchange(&Route::CollectData { request }, Some(&encode(items)?))?, "a request")
    }

    /// The forms of a request, filled in (extension).
    pub fn documents(&self, request: Uuid) -> Result<Vec<FilledDocument>, Error> {
        self.list(&Route::ListDocuments { request }, "a list of documents")
    }

    /// Archived keys that recovery agents alone can open, sealed to them (extension).
    pub fn sealed_keys(&self, request: Uuid) -> Result<Vec<SealedKey>, Error> {
        let reply = self.transport.exchange(&Route::CollectSealedKeys { request }, Some(b"{}"))?;
        decode_list(reply, "a list of sealed keys")
    }

    /// Proves a request's one-time passwords (extension).
    pub fn prove_one_time_password(&self, request: Uuid, passwords: &OneTimePasswords) -> Result<Request, Error> {
        let body = encode(passwords)?;
        decode(self.transport.exchange(&Route::ProveOneTimePassword { request }, Some(&body))?, "a request")
    }

    /// Has one-time passwords made anew; gives those to be handed over (extension).
    pub fn distribute_one_time_password(&self, request: Uuid) -> Result<OneTimePasswords, Error> {
        // An object without meaning: no form of another site's page can send one.
        let reply = self.transport.exchange(&Route::DistributeOneTimePassword { request }, Some(b"{}"))?;
        decode_hidden(reply, "one-time passwords")
    }

    /// Denies a pending request (extension).
    pub fn deny(&self, request: Uuid, decision: &Decision) -> Result<Request, Error> {
        decode(self.transport.exchange(&Route::Deny { request }, Some(&encode(decision)?))?, "a request")
    }

    /// How far a card's own admin key has come (extension).
    pub fn admin_key_state(&self, smartcard: Uuid) -> Result<AdminKeyState, Error> {
        let report: AdminKeyReport = self.one(&Route::GetAdminKeyState { smartcard }, "an admin key's state")?;
        Ok(report.state)
    }

    /// Says what became of the admin key on the card: active, about to be taken back, or the default again (extension).
    pub fn tell_admin_key(&self, request: Uuid, smartcard: Uuid, state: AdminKeyState) -> Result<(), Error> {
        let body = encode(&AdminKeyNews { state: Some(state) })?;
        self.transport.exchange(&Route::TellAdminKey { request, smartcard }, Some(&body)).map(drop)
    }

    /// The card's own admin key, to put the default one back at its retirement where the card has no challenge
    /// (extension).
    pub fn surrendered_admin_key(&self, request: Uuid, smartcard: Uuid, card_id: Uuid) -> Result<AdminKey, Error> {
        let route = Route::SurrenderAdminKey { request, smartcard, card_id };
        let DiversifiedKey(key) = decode_hidden(self.transport.exchange(&route, None)?, "a key in base64")?;
        Ok(key)
    }

    /// The next of a card's own admin keys, and where it is asked for the one that holds (extension).
    pub fn next_admin_key(
        &self,
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        with_current: bool,
    ) -> Result<NextAdminKey, Error> {
        let route = Route::GetNextAdminKey { request, smartcard, card_id, with_current };
        decode_hidden(self.transport.exchange(&route, None)?, "an admin key's successor")
    }

    /// The card's PUKs, while a request on that card is carried out (extension).
    pub fn puk(&self, request: Uuid, smartcard: Uuid, card_id: Uuid) -> Result<PukReport, Error> {
        decode_hidden(self.transport.exchange(&Route::GetPuk { request, smartcard, card_id }, None)?, "a PUK's state")
    }

    /// Says what became of the PUK on the card: active, or the default again (extension).
    pub fn tell_puk(&self, request: Uuid, smartcard: Uuid, state: PukState) -> Result<(), Error> {
        self.transport.exchange(&Route::TellPuk { request, smartcard }, Some(&encode(&PukNews { state })?)).map(drop)
    }

    /// Has the server answer a challenge read out by a user (extension).
    pub fn offline_unblock(&self, request: Uuid, challenge: &OfflineChallenge) -> Result<OfflineResponse, Error> {
        let reply = self.transport.exchange(&Route::OfflineUnblock { request }, Some(&encode(challenge)?))?;
        decode_hidden(reply, "a response to read out")
    }

    /// The certificate of the server's CA, DER or PEM as the server gives it (extension).
    pub fn ca_certificate(&self) -> Result<Vec<u8>, Error> {
        self.bytes(&Route::GetCaCertificate)
    }

    /// The CA's newest revocation list, DER or PEM as the server gives it (extension).
    pub fn crl(&self) -> Result<Vec<u8>, Error> {
        self.bytes(&Route::GetCrl)
    }

    fn one<T: DeserializeOwned>(&self, route: &Route, expected: &'static str) -> Result<T, Error> {
        decode(self.transport.exchange(route, None)?, expected)
    }

    fn list<T: DeserializeOwned>(&self, route: &Route, expected: &'static str) -> Result<Vec<T>, Error> {
        decode_list(self.transport.exchange(route, None)?, expected)
    }

    fn created(&self, route: &Route, body: &[u8], expected: &'static str) -> Result<Uuid, Error> {
        let created: Created = decode(self.transport.exchange(route, Some(body))?, expected)?;
        Ok(created.uuid())
    }

    fn bytes(&self, route: &Route) -> Result<Vec<u8>, Error> {
        Ok(self.transport.exchange(route, None)?.body.to_vec())
    }
}

impl Reply {
    fn is_empty(&self) -> bool {
        self.status == 204 || self.body.trim_ascii().is_empty() || self.body.trim_ascii() == b"null"
    }

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

fn encode(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|source| Error::Unspeakable { source })
}

fn decode<T: DeserializeOwned>(reply: Reply, expected: &'static str) -> Result<T, Error> {
    wire::read_body(&reply.body).map_err(|source| reply.nonsense(expected, Excerpt::of(&reply.body), Some(source)))
}

/// Reads a secret: neither the body nor what a decoder quotes of it is told.
fn decode_hidden<T: DeserializeOwned>(reply: Reply, expected: &'static str) -> Result<T, Error> {
    wire::read_body(&reply.body).map_err(|_| reply.nonsense(expected, Excerpt::hidden(), None))
}

fn decode_list<T: DeserializeOwned>(reply: Reply, expected: &'static str) -> Result<Vec<T>, Error> {
    if reply.is_empty() {
        return Ok(Vec::new());
    }
    wire::read_one_or_many(&reply.body)
        .map_err(|source| reply.nonsense(expected, Excerpt::of(&reply.body), Some(source)))
}
