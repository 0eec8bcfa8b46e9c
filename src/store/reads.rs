//! Lists every read once. On [`Store`] it sees what is on disk; within a job it also sees what the job has written.

use super::audit_log::{self, AuditRecord, AuditSignature, SentRecord};
use super::certificates::IssueTime;
use super::chain::ChainHead;
use super::desk::DeskRecord;
use super::devices::DeviceRecord;
use super::entrance::{BearerRecord, LinkRecord, ProposalRecord, VisitRecord};
use super::error::Error;
use super::identities::IdentityRecord;
use super::lists::{ListKind, ListRecord, ListedCertificate};
use super::open::Store;
use super::outbox::NoticeRecord;
use super::presence::PresenceRecord;
use super::record::{
    ApprovalRecord, ArchivedRecord, AttestationRecord, CertificateRecord, CertificateScope, HoldingRecord,
    MasterKeyUse, OfflineAnswerRecord, OneTimeRecord, Owned, PossessionRecord, ProfileRecord, RequestCount,
    RequestFilter, RequestRecord, SessionRecord, SmartcardRecord, UserRecord,
};
use super::reports::{CardCount, VersionCount};
use super::stock::StockRecord;
use super::upstream::UpstreamOrder;
use super::writer::Tx;
use super::{
    archive, attestations, bearer, cards, certificates, desk, devices, identities, links, lists, offline, one_time,
    outbox, possession, presence, proposals, reports, requests, sessions, stock, upstream, users, visits,
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
    /// Returns the user with this uuid.
    users::user(uuid: Uuid) -> Option<UserRecord>;
    /// Returns the user with exactly this name.
    users::user_by_name(name: &str) -> Option<UserRecord>;
    /// Returns the user whom this issuer means by this subject.
    users::user_by_identity(issuer: &str, subject: &str) -> Option<UserRecord>;
    /// Lists the identities that stand or stood for a user, oldest first, at most [`super::LIST_LIMIT`].
    identities::identities_of(owner: Uuid) -> Vec<IdentityRecord>;
    /// Returns the identity with this uuid.
    identities::identity(uuid: Uuid) -> Option<IdentityRecord>;
    /// Returns the identity of this subject of an issuer, also one that was unlinked.
    identities::identity_named(issuer: &str, subject: &str) -> Option<IdentityRecord>;
    /// Returns the card in stock that has this card id.
    stock::stock_card(card_id: Uuid) -> Option<StockRecord>;
    /// Lists the cards in stock whose card id comes after this one, in that order, at most [`super::LIST_LIMIT`].
    stock::stock_after(card_id: Uuid) -> Vec<StockRecord>;
    /// Returns when certificates were issued to a user after the time `after`, the latest first, at most
    /// [`super::LIST_LIMIT`].
    certificates::issued_after(owner: Uuid, after: OffsetDateTime) -> Vec<IssueTime>;
    /// Returns the bearer token with this SHA-256, and its owner; the caller must check whether it is still valid.
    bearer::bearer_by_hash(hash: &[u8; 32]) -> Option<Owned<BearerRecord>>;
    /// Returns the bearer token whose activation code has this SHA-256, and its owner; the caller must check whether the
    /// code is still good.
    bearer::bearer_by_activation(code: &[u8; 32]) -> Option<Owned<BearerRecord>>;
    /// Returns the bearer token with this uuid.
    bearer::bearer(uuid: Uuid) -> Option<BearerRecord>;
    /// Lists the user's tokens, with revoked ones, newest first, at most [`super::LIST_LIMIT`].
    bearer::bearers_of(owner: Uuid) -> Vec<BearerRecord>;
    /// Returns the session whose cookie has this SHA-256, and its owner; the caller must check whether it is still
    /// valid.
    sessions::session_by_hash(hash: &[u8; 32]) -> Option<Owned<SessionRecord>>;
    /// Lists the user's sessions, newest first, at most [`super::LIST_LIMIT`].
    sessions::sessions_of(owner: Uuid) -> Vec<SessionRecord>;
    /// Returns the visit whose bearer token has this SHA-256, and the person; the caller must check whether it is still
    /// under way.
    visits::visit_by_hash(hash: &[u8; 32]) -> Option<Owned<VisitRecord>>;
    /// Returns signed results of a desk run.
    desk::desk_results(uuid: Uuid) -> Option<DeskRecord>;
    /// Lists all users, oldest first, at most [`super::LIST_LIMIT`].
    users::users() -> Vec<UserRecord>;
    /// Lists the users who come from a directory that has not disabled them, those whose uuid comes after this one, in that
    /// order, at most [`super::LIST_LIMIT`].
    users::users_of_directory(after: Uuid) -> Vec<UserRecord>;
    /// Lists the users who are in this group, at most [`super::LIST_LIMIT`].
    users::users_in(group: &str) -> Vec<UserRecord>;
    /// Returns the proposal with this uuid.
    proposals::proposal(uuid: Uuid) -> Option<ProposalRecord>;
    /// Lists the proposals, newest first, at most [`super::LIST_LIMIT`].
    proposals::proposals() -> Vec<ProposalRecord>;
    /// Returns the request with this uuid.
    requests::request(uuid: Uuid) -> Option<RequestRecord>;
    /// Lists the decisions on a request, oldest first.
    requests::approvals(request: Uuid) -> Vec<ApprovalRecord>;
    /// Returns the challenge that a request's offline unblock was answered for.
    offline::offline_answer(request: Uuid) -> Option<OfflineAnswerRecord>;
    /// Returns what proves a request's one-time passwords.
    one_time::one_time(request: Uuid) -> Option<OneTimeRecord>;
    /// Returns the notice with this uuid.
    outbox::notice(uuid: Uuid) -> Option<NoticeRecord>;
    /// Lists the notices that are due on a way, the longest due first, at most 16.
    outbox::due_notices(way: &str, now: OffsetDateTime) -> Vec<NoticeRecord>;
    /// Lists notices that wait longer than they may.
    outbox::overdue_notices(now: OffsetDateTime) -> Vec<NoticeRecord>;
    /// Returns the card with this uuid.
    cards::smartcard(uuid: Uuid) -> Option<SmartcardRecord>;
    /// Returns the latest assignment of the card with this card id, retired or not.
    cards::smartcard_by_card_id(card_id: Uuid) -> Option<SmartcardRecord>;
    /// Lists the user's cards, newest first, at most [`super::LIST_LIMIT`].
    cards::smartcards_of(user: Uuid) -> Vec<SmartcardRecord>;
    /// Lists the cards that should have ended by themselves by now, the first to end first, at most `limit`.
    cards::expired_smartcards(now: OffsetDateTime, limit: u32) -> Vec<SmartcardRecord>;
    /// Returns the profile with this uuid.
    cards::profile(uuid: Uuid) -> Option<ProfileRecord>;
    /// Lists the user's profiles, newest first, at most [`super::LIST_LIMIT`].
    cards::profiles_of(user: Uuid) -> Vec<ProfileRecord>;
    /// Lists the profiles on a card, newest first, at most [`super::LIST_LIMIT`].
    cards::profiles_on(smartcard: Uuid) -> Vec<ProfileRecord>;
    /// Returns the certificate with this serial number (bytes, big endian).
    certificates::certificate(serial: &[u8]) -> Option<CertificateRecord>;
    /// Returns the certificate that a request has for a public key (SHA-256 over the SubjectPublicKeyInfo).
    certificates::certificate_for_key(request: Uuid, public_key_sha256: &[u8; 32]) -> Option<CertificateRecord>;
    /// Returns a certificate for a public key (SHA-256 over the SubjectPublicKeyInfo) that was, or will be, revoked for this
    /// CRLReason; where there is none, one that is somebody else's.
    certificates::certificate_against(key: &[u8; 32], reason: u8, owner: Uuid) -> Option<CertificateRecord>;
    /// Lists the certificates of a request, profile, card or user, newest first, at most [`super::LIST_LIMIT`].
    /// Returns the link whose code has this hash, with its owner.
    links::link_by_hash(hash: &[u8; 32]) -> Option<Owned<LinkRecord>>;
    certificates::certificates(scope: CertificateScope) -> Vec<CertificateRecord>;
    /// Returns the latest revocation list of a kind, without its bytes.
    lists::list(kind: ListKind) -> Option<ListRecord>;
    /// Lists a page of the revocations that a list made now must name, oldest record first: those after the record
    /// `after`, of certificates valid after `valid_after`, revoked after `since` and until `due`.
    lists::revoked_page(after: i64, valid_after: OffsetDateTime, since: OffsetDateTime, due: OffsetDateTime) -> Vec<ListedCertificate>;
    /// Lists a page of the certificates that were taken off hold after `since`.
    lists::released_page(after: i64, valid_after: OffsetDateTime, since: OffsetDateTime) -> Vec<ListedCertificate>;
    /// Returns the latest order at a CA elsewhere for a public key (SHA-256 over the SubjectPublicKeyInfo).
    upstream::upstream_order(public_key_sha256: &[u8; 32]) -> Option<UpstreamOrder>;
    /// Lists orders at a CA elsewhere that are to be asked for again by `now`, a few at a time.
    upstream::upstream_waiting(now: OffsetDateTime) -> Vec<UpstreamOrder>;
    /// Lists certificates of a CA elsewhere that were revoked by `now` and that the CA was not told of, a few at a
    /// time.
    upstream::upstream_revoked(now: OffsetDateTime) -> Vec<(UpstreamOrder, u8)>;
    /// Lists what a profile holds, in the order in which its owner was sent it, at most [`super::LIST_LIMIT`].
    archive::holdings(profile: Uuid) -> Vec<HoldingRecord>;
    /// Lists the certificates of a profile whose keys are archived for good, in the same order.
    archive::archived(profile: Uuid) -> Vec<ArchivedRecord>;
    /// Returns what a card has attested of the key of the certificate with this serial number.
    attestations::attestation(serial: &[u8]) -> Option<AttestationRecord>;
    /// Returns what is known of a card as a device.
    devices::device(smartcard: Uuid) -> Option<DeviceRecord>;
    /// Lists the cards that bear this serial as their maker attests, at most [`super::LIST_LIMIT`].
    devices::devices_attested(serial: &str) -> Vec<DeviceRecord>;
    /// Lists the cards that bear this serial as their clients said, at most [`super::LIST_LIMIT`].
    devices::devices_said(serial: &str) -> Vec<DeviceRecord>;
    /// Counts the cards by state and template.
    reports::card_counts() -> Vec<CardCount>;
    /// Counts the cards of a template by version and state, the newest version first.
    reports::version_counts(template: Uuid) -> Vec<VersionCount>;
    /// Returns that, and how, the old key of a request's card or profile was shown.
    possession::possession(request: Uuid) -> Option<PossessionRecord>;
    /// Returns how a card shows, or has shown, for a request that it is there.
    presence::presence(request: Uuid, smartcard: Uuid) -> Option<PresenceRecord>;
    /// Counts the cards that need each version of the master key, with retired cards that kept its keys.
    archive::master_key_uses() -> Vec<MasterKeyUse>;
    /// Lists the log's chains and where each ends.
    audit_log::audit_chains() -> Vec<ChainHead>;
    /// Lists the acts of a chain after the number `after`, in order, at most [`super::LIST_LIMIT`] and `limit`.
    audit_log::audit_records(chain: i64, after: i64, limit: u32) -> Vec<AuditRecord>;
    /// Lists the signed heads of a chain after the number `after` and up to `up_to`, at most [`super::LIST_LIMIT`].
    audit_log::audit_signatures(chain: i64, after: i64, up_to: i64) -> Vec<AuditSignature>;
    /// Returns the latest signed head of a chain.
    audit_log::last_audit_signature(chain: i64) -> Option<AuditSignature>;
    /// Returns the signed head of a chain at this number.
    audit_log::audit_signature(chain: i64, number: i64) -> Option<AuditSignature>;
    /// Lists how far each chain of the log was sent to a receiver.
    audit_log::audit_sent(receiver: &str) -> Vec<SentRecord>;
    /// Counts the requests that wait for a decision.
    requests::pending_requests() -> Option<RequestCount>;
}

impl Store {
    /// Lists the requests that pass the filter, newest first.
    pub async fn requests(&self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(requests::requests(filter)?).await
    }

    /// Returns the private key of a certificate that is sealed to the recovery agents alone.
    pub async fn agents_key(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(archive::agents_key(serial)).await?.map(|sealed| sealed.0))
    }

    /// Returns the sealed private key of a certificate, as it is archived.
    pub async fn archived_key(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(archive::archived_key(serial)).await?.map(|sealed| sealed.0))
    }

    /// Returns the answer that a certificate was sent in, byte for byte.
    pub async fn response(&self, serial: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.ask(certificates::response(serial)).await?.map(|response| response.0))
    }

    /// Returns the number and the DER bytes of the latest revocation list of a kind.
    pub async fn list_bytes(&self, kind: ListKind) -> Result<Option<(u64, Vec<u8>)>, Error> {
        Ok(self.ask(lists::list_bytes(kind)).await?.map(|list| (list.0, list.1)))
    }

    /// Returns how many jobs have changed what the lists must name.
    pub async fn revocations(&self) -> Result<u64, Error> {
        Ok(self.ask(lists::revocations()).await?.map_or(0, |count| count.0))
    }

    /// Returns when the first revocation after the time `after` comes due.
    pub async fn next_due(&self, after: OffsetDateTime) -> Result<Option<OffsetDateTime>, Error> {
        Ok(self.ask(lists::next_due(after)).await?.and_then(|due| due.0))
    }
}

impl Tx {
    /// Lists the requests that pass the filter, newest first.
    pub async fn requests(&mut self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, Error> {
        self.ask(requests::requests(filter)?).await
    }
}
