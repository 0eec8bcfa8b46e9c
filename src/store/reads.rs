//! Every read, once; on [`Store`] it sees what is on disk, within a job also what the job itself has written.

use super::audit_log::{self, AuditRecord, AuditSignature, SentRecord};
use super::chain::ChainHead;
use super::error::Error;
use super::lists::{ListKind, ListRecord, ListedCertificate};
use super::open::Store;
use super::record::{
    ApprovalRecord, ArchivedRecord, AttestationRecord, CertificateRecord, CertificateScope, HoldingRecord, MailRecord,
    MasterKeyUse, OfflineAnswerRecord, OneTimeRecord, Owned, ProfileRecord, RequestCount, RequestFilter, RequestRecord,
    SessionRecord, SmartcardRecord, TokenRecord, UserRecord,
};
use super::upstream::UpstreamOrder;
use super::writer::Tx;
use super::{
    archive, attestations, cards, certificates, lists, offline, one_time, requests, sessions, tokens, upstream, users,
};
use time::OffsetDateTime;
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
    /// The users with this UPN in any letter case, at most two.
    users::users_by_upn(upn: &str) -> Vec<UserRecord>;
    /// The users with this e-mail address in any letter case, at most two.
    users::users_by_email(email: &str) -> Vec<UserRecord>;
    /// The bearer token with this SHA-256 and whose it is; whether it still holds is the caller's to see.
    tokens::token_by_hash(hash: &[u8; 32]) -> Option<Owned<TokenRecord>>;
    /// The bearer token with this uuid.
    tokens::token(uuid: Uuid) -> Option<TokenRecord>;
    /// The user's tokens, revoked ones among them, newest first, at most [`super::LIST_LIMIT`].
    tokens::tokens_of(owner: Uuid) -> Vec<TokenRecord>;
    /// The session whose cookie has this SHA-256 and whose it is; whether it still holds is the caller's to see.
    sessions::session_by_hash(hash: &[u8; 32]) -> Option<Owned<SessionRecord>>;
    /// The user's sessions, newest first, at most [`super::LIST_LIMIT`].
    sessions::sessions_of(owner: Uuid) -> Vec<SessionRecord>;
    /// All users, oldest first, at most [`super::LIST_LIMIT`].
    users::users() -> Vec<UserRecord>;
    /// The request with this uuid.
    requests::request(uuid: Uuid) -> Option<RequestRecord>;
    /// The decisions on a request, oldest first.
    requests::approvals(request: Uuid) -> Vec<ApprovalRecord>;
    /// The challenge a request's offline unblock was answered for.
    offline::offline_answer(request: Uuid) -> Option<OfflineAnswerRecord>;
    /// What proves a request's one-time passwords.
    one_time::one_time(request: Uuid) -> Option<OneTimeRecord>;
    /// The one-time passwords that are to be mailed by now, at most 16.
    one_time::due_mail(now: OffsetDateTime) -> Vec<MailRecord>;
    /// The card with this uuid.
    cards::smartcard(uuid: Uuid) -> Option<SmartcardRecord>;
    /// The latest assignment of the card with this card id, retired or not.
    cards::smartcard_by_card_id(card_id: Uuid) -> Option<SmartcardRecord>;
    /// The user's cards, newest first, at most [`super::LIST_LIMIT`].
    cards::smartcards_of(user: Uuid) -> Vec<SmartcardRecord>;
    /// Cards that end by themselves and should have by now, the first to end first, at most `limit`.
    cards::expired_smartcards(now: OffsetDateTime, limit: u32) -> Vec<SmartcardRecord>;
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
    /// The latest revocation list of a kind, without its bytes.
    lists::list(kind: ListKind) -> Option<ListRecord>;
    /// The revocations a list made now must name, oldest record first, in pages: those after the record `after`, of
    /// certificates valid after `valid_after`, revoked after `since` and until `due`.
    lists::revoked_page(after: i64, valid_after: OffsetDateTime, since: OffsetDateTime, due: OffsetDateTime) -> Vec<ListedCertificate>;
    /// The certificates taken off hold after `since`, in pages.
    lists::released_page(after: i64, valid_after: OffsetDateTime, since: OffsetDateTime) -> Vec<ListedCertificate>;
    /// The latest order at a CA elsewhere for a public key (SHA-256 over the SubjectPublicKeyInfo).
    upstream::upstream_order(public_key_sha256: &[u8; 32]) -> Option<UpstreamOrder>;
    /// The orders at a CA elsewhere to be asked for again by `now`, a few at a time.
    upstream::upstream_waiting(now: OffsetDateTime) -> Vec<UpstreamOrder>;
    /// The certificates of a CA elsewhere that were revoked by `now` and of which it was not told, a few at a time.
    upstream::upstream_revoked(now: OffsetDateTime) -> Vec<(UpstreamOrder, u8)>;
    /// What a profile holds, in the order in which its owner was sent it, at most [`super::LIST_LIMIT`].
    archive::holdings(profile: Uuid) -> Vec<HoldingRecord>;
    /// Those certificates of a profile whose keys are archived for good, in the same order.
    archive::archived(profile: Uuid) -> Vec<ArchivedRecord>;
    /// What a card has said of the key of the certificate with this serial.
    attestations::attestation(serial: &[u8]) -> Option<AttestationRecord>;
    /// How many cards need each version of the master key, also cards that were retired and kept its keys.
    archive::master_key_uses() -> Vec<MasterKeyUse>;
    /// The log's chains and where each ends.
    audit_log::audit_chains() -> Vec<ChainHead>;
    /// The acts of a chain after this number, in their order, at most [`super::LIST_LIMIT`] and `limit`.
    audit_log::audit_records(chain: i64, after: i64, limit: u32) -> Vec<AuditRecord>;
    /// The signed heads of a chain after this number and up to that one, at most [`super::LIST_LIMIT`].
    audit_log::audit_signatures(chain: i64, after: i64, up_to: i64) -> Vec<AuditSignature>;
    /// The latest signed head of a chain.
    audit_log::last_audit_signature(chain: i64) -> Option<AuditSignature>;
    /// How far the log was sent to a receiver.
    audit_log::audit_sent(receiver: &str) -> Vec<SentRecord>;
    /// How many requests wait for a decision.
    requests::pending_requests() -> Option<RequestCount>;
}

impl Store {
    /// The requests that pass the filter, newest first.
    pub async fn requests(&self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(requests::requests(filter)?).await
    }

    /// The private key of a certificate, sealed to the recovery agents alone.
    pub async fn agents_key(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(archive::agents_key(serial)).await?.map(|sealed| sealed.0))
    }

    /// The sealed private key of a certificate, as it lies in the archive.
    pub async fn archived_key(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(archive::archived_key(serial)).await?.map(|sealed| sealed.0))
    }

    /// The answer a certificate was sent in, byte for byte.
    pub async fn response(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(certificates::response(serial)).await?.map(|response| response.0))
    }

    /// The latest revocation list of a kind: its number, and it, DER.
    pub async fn list_bytes(&self, kind: ListKind) -> Result<Option<(u64, Vec<u8>)>, Error> {
        Ok(self.ask(lists::list_bytes(kind)).await?.map(|list| (list.0, list.1)))
    }

    /// How many jobs have changed what the lists must name.
    pub async fn revocations(&self) -> Result<u64, Error> {
        Ok(self.ask(lists::revocations()).await?.map_or(0, |count| count.0))
    }

    /// When the next revocation comes due that has a time after `after`.
    pub async fn next_due(&self, after: OffsetDateTime) -> Result<Option<OffsetDateTime>, Error> {
        Ok(self.ask(lists::next_due(after)).await?.and_then(|due| due.0))
    }
}

impl Tx {
    /// The requests that pass the filter, newest first.
    pub async fn requests(&mut self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(requests::requests(filter)?).await
    }
}
