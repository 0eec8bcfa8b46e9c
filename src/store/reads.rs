//! Every read, once; on [`Store`] it sees what is on disk, within a job also what the job itself has written.

use super::error::Error;
use super::open::Store;
use super::record::{
    ApprovalRecord, ArchivedRecord, CertificateRecord, CertificateScope, HoldingRecord, MasterKeyUse,
    OfflineAnswerRecord, ProfileRecord, RequestFilter, RequestRecord, SmartcardRecord, UserRecord,
};
use super::writer::Tx;
use super::{archive, cards, certificates, offline, requests, users};
use uuid::Uuid;

macro_rules! reads {
    ($($(#[$doc:meta])* $room:ident::$name:ident($($argument:ident: $kind:ty),*) -> $found:ty;)*) => {
        impl Store {
            $($(#[$doc])*
            pub async fn $name(&self $(, $argument: $kind)*) -> Result<$found, Error> {
                self.ask($room::$name($($argument),*)).await
            })*
        }

        impl Tx {
            $($(#[$doc])*
            pub async fn $name(&mut self $(, $argument: $kind)*) -> Result<$found, Error> {
                self.ask($room::$name($($argument),*)).await
            })*
        }
    };
}

reads! {
    /// The user with this uuid.
    users::user(uuid: Uuid) -> Option<UserRecord>;
    /// The user with exactly this name.
    users::user_by_name(name: &str) -> Option<UserRecord>;
    /// The user whose bearer token has this SHA-256; whether it has expired is the caller's to see.
    users::user_by_token_hash(hash: &[u8; 32]) -> Option<UserRecord>;
    /// All users, oldest first, at most [`super::LIST_LIMIT`].
    users::users() -> Vec<UserRecord>;
    /// The request with this uuid.
    requests::request(uuid: Uuid) -> Option<RequestRecord>;
    /// The decisions on a request, oldest first.
    requests::approvals(request: Uuid) -> Vec<ApprovalRecord>;
    /// The challenge a request's offline unblock was answered for.
    offline::offline_answer(request: Uuid) -> Option<OfflineAnswerRecord>;
    /// The card with this uuid.
    cards::smartcard(uuid: Uuid) -> Option<SmartcardRecord>;
    /// The latest assignment of the card with this card id, retired or not.
    cards::smartcard_by_card_id(card_id: Uuid) -> Option<SmartcardRecord>;
    /// The user's cards, newest first, at most [`super::LIST_LIMIT`].
    cards::smartcards_of(user: Uuid) -> Vec<SmartcardRecord>;
    /// The profile with this uuid.
    cards::profile(uuid: Uuid) -> Option<ProfileRecord>;
    /// The user's profiles, newest first, at most [`super::LIST_LIMIT`].
    cards::profiles_of(user: Uuid) -> Vec<ProfileRecord>;
    /// The profiles on a card, newest first, at most [`super::LIST_LIMIT`].
    cards::profiles_on(smartcard: Uuid) -> Vec<ProfileRecord>;
    /// The certificate with this serial number (bytes, big endian).
    certificates::certificate(serial: &[u8]) -> Option<CertificateRecord>;
    /// The certificate a request has for a public key (SHA-256 over the SubjectPublicKeyInfo).
    certificates::certificate_for_key(request: Uuid, public_key_sha256: &[u8; 32]) -> Option<CertificateRecord>;
    /// The latest certificate for a public key (SHA-256 over the SubjectPublicKeyInfo), whatever request it was for.
    certificates::certificate_with_key(public_key_sha256: &[u8; 32]) -> Option<CertificateRecord>;
    /// The certificates of a request, profile, card or user, newest first, at most [`super::LIST_LIMIT`].
    certificates::certificates(scope: CertificateScope) -> Vec<CertificateRecord>;
    /// What a profile holds, in the order in which its owner was sent it, at most [`super::LIST_LIMIT`].
    archive::holdings(profile: Uuid) -> Vec<HoldingRecord>;
    /// Those certificates of a profile whose keys are archived for good, in the same order.
    archive::archived(profile: Uuid) -> Vec<ArchivedRecord>;
    /// How many cards need each version of the master key, also cards that were retired and kept its keys.
    archive::master_key_uses() -> Vec<MasterKeyUse>;
}

impl Store {
    /// The requests that pass the filter, newest first.
    pub async fn requests(&self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(requests::requests(filter)?).await
    }

    /// The sealed private key of a certificate.
    pub async fn archived_key(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(archive::archived_key(serial)).await?.map(|sealed| sealed.0))
    }

    /// The answer a certificate was sent in, byte for byte.
    pub async fn response(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(certificates::response(serial)).await?.map(|response| response.0))
    }
}

impl Tx {
    /// The requests that pass the filter, newest first.
    pub async fn requests(&mut self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(requests::requests(filter)?).await
    }
}
