//! Carries a plan out: has certificates signed, then remembers them in one transaction, together with archived keys and
//! with what is brought back.

use super::allowance::{self, DailyLimit};
use super::entitlement::{self, Entitlement};
use super::judge::{self, Attested, Judged};
use super::plan::{Item, Plan};
use super::stock;
use crate::ca::IssueOrder;
use crate::cm::holder_role::HolderRole;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::RequestType;
use crate::pkix::{MemoryKey, PublicKey, Signer};
use crate::server::audit::deed::Deed;
use crate::server::authority::signer::{Signed, signed};
use crate::server::call::Call;
use crate::server::call::app::App;
use crate::server::error::{ApiError, Internal};
use crate::server::keys::archive::{RecoveryKeys, SealedKey};
use crate::server::keys::succession;
use crate::server::workflow::{execute, people};
use crate::store::{
    AuditEntry, CertificateRecord, HoldingRecord, Origin, ProfileRecord, RequestRecord, Tx, UserRecord,
};
use crate::template::{Entry, KeySource, ProfileTemplate};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::Duration;
use uuid::Uuid;

/// Holds a new certificate that is about to be remembered.
struct NewCertificate {
    certificate: CertificateRecord,
    /// What the client is sent for it: a CMC Full PKI Response.
    response: Vec<u8>,
    origin: Origin,
    /// Of a key that the server made.
    key: Option<SealedKey>,
    attestation: Option<Attested>,
}

/// Holds all that one request brings.
struct Batch {
    profile: ProfileRecord,
    /// In the order of the answer; what is brought back has a serial number only.
    contents: Vec<Content>,
    /// One act each.
    entries: Vec<AuditEntry>,
    entitlement: Entitlement,
    /// The person, by whose record the names were written.
    user: UserRecord,
    limit: DailyLimit,
}

/// Holds one certificate that a profile is to hold.
enum Content {
    New(Box<NewCertificate>),
    /// One of an earlier profile, with its archived key.
    BroughtBack {
        serial: Vec<u8>,
        origin: Origin,
    },
}

/// Tells what came of a plan.
pub struct Certified {
    pub profile: Uuid,
    /// What the profile holds, unless another call has made it, or something of an earlier profile is in it.
    pub made: Option<Vec<Held>>,
}

/// Holds a certificate of a profile, and what the client is sent for it; `None`: that is to be read.
pub struct Held {
    pub holding: HoldingRecord,
    pub response: Option<Vec<u8>>,
}

impl Certified {
    /// Tells of a profile that another call has made.
    pub fn earlier(profile: Uuid) -> Self {
        Self { profile, made: None }
    }
}

/// Issues what the plan wants, and remembers it.
pub async fn certify(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    plan: Plan<'_>,
    judged: &[Judged],
) -> Result<Certified, ApiError> {
    let entitlement = Entitlement::of(call.app, template, request.request_type, judged);
    let limit = DailyLimit { most: call.app.certificates_per_day, now: call.now };
    let coming = plan.items.iter().filter(|item| matches!(item, Item::Fresh(_))).count();
    let store = &call.app.store;
    let keys: Vec<_> = judged.iter().map(|judged| judged.public_key_sha256).collect();
    let user = async { Ok::<_, ApiError>(store.user(request.target).await?) };
    // What the job below would refuse is not signed in the first place.
    let ((), (), (), user) = tokio::try_join!(
        entitled(call, request, &entitlement),
        entitlement::precheck_keys(store, &keys, request.target),
        limit.check(store.issued_after(request.target, limit.since()), coming),
        user,
    )?;
    let user = user.ok_or(ApiError::Internal(Internal::Dangling("user")))?;
    check_admin_key(call, request, template).await?;
    stock::check_device(call, request, template, judged).await?;
    let profile = new_profile(request, template);
    let lent_time_left = lent_time_left(call, request).await?;
    let certifier = Certifier { call, request, template, user: &user, profile: profile.uuid, lent_time_left };
    let mut judged = judged.iter();
    let mut contents = Vec::new();
    // Signed before it is written, and sent only after: no write waits for a signature, and nobody ever sees what was
    // signed in vain.
    for item in plan.items {
        contents.push(match item {
            Item::Copied(record) => Content::BroughtBack { serial: record.serial, origin: Origin::Recovered },
            Item::Fresh(entry) => Content::New(Box::new(certifier.fresh(entry, &mut judged).await?)),
        });
    }
    let history = plan.history.into_iter();
    contents.extend(history.map(|record| Content::BroughtBack { serial: record.serial, origin: Origin::History }));
    let entries = contents.iter().map(|content| act_of(call, content)).collect();
    let batch = Batch { profile, contents, entries, entitlement, user, limit };
    let asked = request.clone();
    let certified = store.write(move |tx| Box::pin(async move { remember(tx, &asked, batch).await })).await?;
    let profile = certified.profile;
    tracing::info!(id = %call.id, request = %request.uuid, %profile, caller = call.caller.name, "certificates issued");
    Ok(certified)
}

/// Refuses a request whose old key has to be shown, and was not.
async fn entitled(call: &Call<'_>, request: &RequestRecord, entitlement: &Entitlement) -> Result<(), ApiError> {
    if !entitlement.possession {
        return Ok(());
    }
    let (request, entitlement, now) = (request.clone(), entitlement.clone(), call.now);
    call.app.store.write(move |tx| Box::pin(async move { entitlement.check(tx, &request, now).await })).await
}

/// Makes the record of the profile that a request brings.
fn new_profile(request: &RequestRecord, template: &ProfileTemplate) -> ProfileRecord {
    ProfileRecord {
        uuid: Uuid::now_v7(),
        status: ProfileStatus::New,
        assigned_user: request.target,
        smartcard: request.new_smartcard,
        profile_template: template.uuid,
        template_version: template.version,
        parent: request.old_profile,
        primary: None,
        comment: String::new(),
        holder_role: HolderRole::default(),
    }
}

/// Makes the log's entry of one certificate.
fn act_of(call: &Call<'_>, content: &Content) -> AuditEntry {
    let new = match content {
        Content::New(new) => new,
        Content::BroughtBack { serial, .. } => {
            return call.entry(Deed::CertificateBroughtBack).with("serial", hex::encode_upper(serial));
        }
    };
    let certificate = &new.certificate;
    let entry = call
        .entry(Deed::CertificateIssued)
        .with("serial", hex::encode_upper(&certificate.serial))
        .with("thumbprint", hex::encode_upper(certificate.thumbprint))
        .with("csr_sha256", hex::encode(certificate.csr_sha256))
        .with("public_key_sha256", hex::encode(certificate.public_key_sha256));
    let entry = match &new.attestation {
        Some(attested) => with_attestation(entry, attested),
        None => entry,
    };
    match &new.key {
        Some(SealedKey { for_agents: Some(_), .. }) => entry.with("key", "archived for agents"),
        Some(SealedKey { lasts: true, .. }) => entry.with("key", "archived"),
        Some(_) => entry.with("key", "made here"),
        None => entry,
    }
}

/// Adds what a card has said of its key to an entry, whole, so that the log alone proves it.
fn with_attestation(entry: AuditEntry, attested: &Attested) -> AuditEntry {
    let Attested { attestation, proven } = attested;
    let [major, minor, patch] = attestation.firmware;
    let entry = entry
        .with("attestation", STANDARD.encode(attestation.der()))
        .with("attestation_proven", proven)
        .with("device_firmware", format!("{major}.{minor}.{patch}"));
    match attestation.serial {
        Some(serial) => entry.with("device_serial", serial),
        None => entry,
    }
}

/// Holds what all certificates of one request have in common.
struct Certifier<'a> {
    call: &'a Call<'a>,
    request: &'a RequestRecord,
    template: &'a ProfileTemplate,
    user: &'a UserRecord,
    profile: Uuid,
    /// How much longer a temporary card is lent.
    lent_time_left: Option<Duration>,
}

/// Refuses keys on a card that the request has brought while that has an admin key of an earlier holder, who may know it.
async fn check_admin_key(call: &Call<'_>, request: &RequestRecord, template: &ProfileTemplate) -> Result<(), ApiError> {
    let brought = request.new_smartcard.filter(|card| request.old_smartcard != Some(*card));
    let diversifies = template.smartcard.as_ref().is_some_and(|config| config.diversify_admin_key);
    let Some(card) = brought.filter(|_| diversifies) else { return Ok(()) };
    let card = call.app.store.smartcard(card).await?.ok_or(ApiError::Internal(Internal::Dangling("smart card")))?;
    if succession::lacks_own_key(&card) { Err(ApiError::AdminKeySpoken) } else { Ok(()) }
}

/// Returns how much longer the card of a request is lent, or refuses when that time is over; `None`: it is not lent.
async fn lent_time_left(call: &Call<'_>, request: &RequestRecord) -> Result<Option<Duration>, ApiError> {
    let Some(card) = request.new_smartcard.filter(|_| request.request_type == RequestType::TemporaryCards) else {
        return Ok(None);
    };
    let card = call.app.store.smartcard(card).await?.ok_or(ApiError::Internal(Internal::Dangling("smart card")))?;
    let left = card.holder_role.expires.map(|expires| expires - call.now);
    if left.is_some_and(|left| left < Duration::SECOND) { Err(ApiError::LentTimeOver) } else { Ok(left) }
}

impl Certifier<'_> {
    /// Certifies a fresh key: the one of the next certification request, or one that the server makes and seals.
    async fn fresh<'j>(
        &self,
        entry: Entry<'_>,
        judged: &mut impl Iterator<Item = &'j Judged>,
    ) -> Result<NewCertificate, ApiError> {
        match entry.key.source {
            KeySource::Client => {
                // As many were judged as there are such entries.
                let judged = judged.next().ok_or(ApiError::CsrCount { given: 0, wanted: 1 })?;
                let csr = |_: &IssueOrder| Ok(judged.request.der().to_vec());
                let key = judged.request.public_key();
                let new = self.certified(entry, key, csr, judged.csr_sha256, Origin::Client, None).await?;
                Ok(NewCertificate { attestation: judged.attestation.clone(), ..new })
            }
            KeySource::Server { archived, .. } => {
                let key = tokio::task::block_in_place(|| MemoryKey::generate(entry.key.generate));
                let key = key.map_err(|error| ApiError::Internal(Internal::MakeKey(error)))?;
                let sealed =
                    recovery_keys(self.call.app)?.seal(self.template.uuid, self.request.uuid, &key, archived)?;
                // The owner made no certification request; the digest of the key stands for it.
                let digest = key.public_key().sha256();
                let csr = |order: &IssueOrder| Ok(order.request(&key)?.der().to_vec());
                self.certified(entry, key.public_key(), csr, digest, Origin::Server, Some(sealed)).await
            }
        }
    }

    /// Has a certificate signed for a key; `csr` makes the certification request that only a CA elsewhere wants to see.
    async fn certified(
        &self,
        entry: Entry<'_>,
        public_key: &PublicKey,
        csr: impl FnOnce(&IssueOrder) -> Result<Vec<u8>, ApiError>,
        csr_sha256: [u8; 32],
        origin: Origin,
        key: Option<SealedKey>,
    ) -> Result<NewCertificate, ApiError> {
        let Self { call, request, template, user, profile, lent_time_left } = self;
        if call.app.witness.doubts() {
            return Err(ApiError::Doubtful);
        }
        let order = judge::order(call.app, (request, template), entry, user, public_key, *lent_time_left)?;
        allowance::check_names(call.app, &order, user).await?;
        let csr = if call.app.authorities.issues_elsewhere() { Some(csr(&order)?) } else { None };
        let order = IssueOrder { csr, ..order };
        let Signed { certificate: issued, response } =
            signed(&call.app.authorities, &call.app.store, &order, call.now).await?;
        let certificate = CertificateRecord {
            request: request.uuid,
            profile: *profile,
            smartcard: request.new_smartcard,
            user: request.target,
            template_common_name: entry.certificate.template_name.clone(),
            thumbprint: issued.sha1(),
            public_key_sha256: public_key.sha256(),
            csr_sha256,
            serial: issued.serial_bytes(),
            der: issued.der().to_vec(),
            not_before: issued.not_before(),
            not_after: issued.not_after(),
            revocation: None,
            superseded: false,
        };
        Ok(NewCertificate { certificate, response, origin, key, attestation: None })
    }
}

/// Returns the keys to the archive; that there are none is a fault of the server.
pub fn recovery_keys(app: &App) -> Result<&RecoveryKeys, ApiError> {
    app.recovery.as_ref().ok_or(ApiError::Internal(Internal::NoRecoveryKey))
}

/// Lists the keys of the new certificates, each by its SHA-256.
fn new_keys(contents: &[Content]) -> Vec<[u8; 32]> {
    let new = contents.iter().filter_map(|content| match content {
        Content::New(new) => Some(new.certificate.public_key_sha256),
        Content::BroughtBack { .. } => None,
    });
    new.collect()
}

/// Remembers a batch and begins the execution, unless another call has done so already.
async fn remember(tx: &mut Tx, asked: &RequestRecord, batch: Batch) -> Result<Certified, ApiError> {
    let Batch { profile, contents, entries, entitlement, user, limit } = batch;
    tx.read_ahead(people::concerned(asked));
    let mut request = tx.request(asked.uuid).await?.ok_or(ApiError::NotFound("request"))?;
    if let Some(earlier) = request.new_profile {
        // Another call was faster.
        return Ok(Certified::earlier(earlier));
    }
    request.new_profile = Some(profile.uuid);
    // First, as it reads the people by their keys: whoever revokes something of theirs at another server is waited for.
    execute::execute(tx, &mut request).await?;
    // Signing takes time, in which a key may have been revoked, or certified by another server.
    entitlement.check(tx, &request, limit.now).await?;
    let keys = new_keys(&contents);
    tx.lock_keys(&keys).await?;
    entitlement::check_keys(tx, &keys, request.target).await?;
    if tx.user(user.uuid).await?.as_ref() != Some(&user) {
        // The names in the certificates may be no longer the person's.
        return Err(ApiError::Conflict);
    }
    let coming = contents.iter().filter(|content| matches!(content, Content::New(_))).count();
    limit.check(tx.issued_after(request.target, limit.since()), coming).await?;
    tx.insert_profile(&profile).await?;
    let mut made = Some(Vec::new());
    for content in contents {
        match content {
            Content::BroughtBack { serial, origin } => {
                made = None;
                tx.insert_holding(profile.uuid, &serial, origin).await?;
            }
            Content::New(new) => {
                tx.insert_certificate(&new.certificate, &new.response, limit.now).await?;
                if let Some(Attested { attestation, proven }) = &new.attestation {
                    tx.insert_attestation(&new.certificate.serial, &attestation.der(), *proven).await?;
                    if let Some(card) = new.certificate.smartcard.filter(|_| *proven) {
                        let [major, minor, patch] = attestation.firmware;
                        let serial = attestation.serial.map(|serial| serial.to_string()).unwrap_or_default();
                        tx.attest_device(card, &format!("{major}.{minor}.{patch}"), &serial).await?;
                    }
                }
                if let Some(SealedKey { sealed, lasts, for_agents }) = &new.key {
                    tx.insert_archived_key(&new.certificate.serial, sealed, *lasts).await?;
                    if let Some(sealed) = for_agents {
                        tx.insert_agents_key(&new.certificate.serial, sealed).await?;
                    }
                }
                tx.insert_holding(profile.uuid, &new.certificate.serial, new.origin).await?;
                if let Some(made) = &mut made {
                    let NewCertificate { certificate, response, origin, .. } = *new;
                    made.push(Held { holding: HoldingRecord { origin, certificate }, response: Some(response) });
                }
            }
        }
    }
    for entry in entries {
        tx.audit(&entry.on(&request)).await?;
    }
    Ok(Certified { profile: profile.uuid, made })
}
