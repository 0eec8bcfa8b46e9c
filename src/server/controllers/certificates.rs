//! Certificates: ordered, handed in for, issued and listed.

use crate::ca::IssueOrder;
use crate::cm::certificate::CertificateData;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::RequestType;
use crate::cm::route::Holder;
use crate::cm::standing::Standing;
use crate::server::app::Reply;
use crate::server::audit::Deed;
use crate::server::error::{ApiError, Internal};
use crate::server::issue::{self, Judged};
use crate::server::router::Call;
use crate::server::seen::SeenRequest;
use crate::server::signing::{Signed, signed};
use crate::server::template::ProfileTemplate;
use crate::server::{closing, view};
use crate::store::{AuditEntry, CertificateRecord, CertificateScope, ProfileRecord, Tx, UserRecord};
use std::sync::Arc;
use uuid::Uuid;

/// Requests of these types end in a certificate.
const ISSUING: &[RequestType] = &[
    RequestType::Enroll,
    RequestType::Duplicate,
    RequestType::Renew,
    RequestType::Recover,
    RequestType::RecoverOnBehalf,
    RequestType::OnlineUpdate,
    RequestType::TemporaryCards,
];

/// `certificaterequestgenerationoptions`: the keys and requests to be made.
pub async fn generation_options(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let template = request.executed(call, ISSUING)?;
    Reply::json(&template.generation_options())
}

/// `certificatedata`: certifies the key of a certification request.
///
/// The same key handed in again on the same request gets the very same answer; nothing is issued twice.
pub async fn submit(call: &Call<'_>, request: Uuid, body: CertificateData) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    let template = request.executed(call, ISSUING)?;
    if template.is_smartcard() && request.record.new_smartcard.is_none() {
        return Err(ApiError::SmartcardNotAssigned);
    }
    let [csr] = body.certificate_requests.as_slice() else {
        return Err(ApiError::CsrCount { given: body.certificate_requests.len() });
    };
    let judged = issue::judge(template, csr)?;
    let response = match earlier(call, &request, &judged).await? {
        Some(response) => response,
        None => certify(call, &request, template, judged).await?,
    };
    Reply::json(&[view::issued(&template.certificate.template_name, response)])
}

/// The answer this request has had for this key.
async fn earlier(call: &Call<'_>, request: &SeenRequest, judged: &Judged) -> Result<Option<Vec<u8>>, ApiError> {
    let store = &call.app.store;
    if request.record.new_profile.is_some() {
        let issued = store.certificate_for_key(request.record.uuid, &judged.public_key_sha256).await?;
        let issued = issued.ok_or(ApiError::OtherKey)?;
        return sent(call, &issued.serial).await.map(Some);
    }
    let known = store.certificate_with_key(&judged.public_key_sha256).await?;
    if known.is_some_and(|known| known.user != request.record.target) {
        return Err(ApiError::KeyTaken);
    }
    Ok(None)
}

async fn sent(call: &Call<'_>, serial: &[u8]) -> Result<Vec<u8>, ApiError> {
    let response = call.app.store.response(serial).await?;
    response.ok_or(ApiError::Internal(Internal::Dangling("response")))
}

async fn certify(
    call: &Call<'_>,
    request: &SeenRequest,
    template: &Arc<ProfileTemplate>,
    judged: Judged,
) -> Result<Vec<u8>, ApiError> {
    let (app, record) = (call.app, &request.record);
    let user = subject(call, record.target).await?;
    let order = issue::order(app, template, &user, judged.request.public_key())?;
    let order = IssueOrder { csr: Some(judged.request.der().to_vec()), ..order };
    // Signed before it is written, and sent only after: the writer is not kept waiting for signatures, and what is
    // signed in vain is never seen by anybody.
    let Signed { certificate: issued, response } = signed(app, &order, call.now).await?;
    let profile = ProfileRecord {
        uuid: Uuid::now_v7(),
        status: ProfileStatus::New,
        assigned_user: record.target,
        smartcard: record.new_smartcard,
        profile_template: template.uuid,
        template_version: template.version,
        parent: record.old_profile,
        primary: None,
        comment: String::new(),
        standing: Standing::default(),
    };
    let certificate = CertificateRecord {
        request: record.uuid,
        profile: profile.uuid,
        smartcard: record.new_smartcard,
        user: record.target,
        template_common_name: template.certificate.template_name.clone(),
        thumbprint: issued.sha1(),
        public_key_sha256: judged.public_key_sha256,
        csr_sha256: judged.csr_sha256,
        serial: issued.serial_bytes(),
        der: issued.der().to_vec(),
        not_before: issued.not_before(),
        not_after: issued.not_after(),
        revocation: None,
        superseded: false,
    };
    let entry = call
        .entry(Deed::CertificateIssued)
        .with("serial", hex::encode_upper(&certificate.serial))
        .with("csr_sha256", hex::encode(certificate.csr_sha256))
        .with("public_key_sha256", hex::encode(certificate.public_key_sha256));
    let new = New { profile, certificate, response, entry };
    match app.store.write(move |tx| Box::pin(async move { kept(tx, new).await })).await? {
        Outcome::Kept { response, serial } => {
            let serial = hex::encode_upper(serial);
            tracing::info!(id = %call.id, request = %record.uuid, serial, caller = call.caller.name, "certificate issued");
            Ok(response)
        }
        Outcome::Earlier { serial } => sent(call, &serial).await,
    }
}

async fn subject(call: &Call<'_>, target: Uuid) -> Result<UserRecord, ApiError> {
    let user = call.app.store.user(target).await?;
    user.ok_or(ApiError::Internal(Internal::Dangling("user")))
}

struct New {
    profile: ProfileRecord,
    certificate: CertificateRecord,
    response: Vec<u8>,
    entry: AuditEntry,
}

enum Outcome {
    Kept {
        response: Vec<u8>,
        serial: Vec<u8>,
    },
    /// Another call for the same key was faster.
    Earlier {
        serial: Vec<u8>,
    },
}

async fn kept(tx: &mut Tx, new: New) -> Result<Outcome, ApiError> {
    let New { profile, certificate, response, entry } = new;
    let mut request = tx.request(certificate.request).await?.ok_or(ApiError::NotFound("request"))?;
    if request.new_profile.is_some() {
        let earlier = tx.certificate_for_key(request.uuid, &certificate.public_key_sha256).await?;
        return earlier.map(|earlier| Outcome::Earlier { serial: earlier.serial }).ok_or(ApiError::OtherKey);
    }
    request.new_profile = Some(profile.uuid);
    closing::execute(tx, &mut request).await?;
    tx.insert_profile(&profile).await?;
    tx.insert_certificate(&certificate, &response).await?;
    tx.audit(&entry.on(&request)).await?;
    Ok(Outcome::Kept { response, serial: certificate.serial })
}

/// The certificates on a profile or card.
pub async fn of_holder(call: &Call<'_>, of: Holder) -> Result<Reply, ApiError> {
    let scope = match of {
        Holder::Profile(profile) => CertificateScope::Profile(call.profile(profile).await?.uuid),
        Holder::Smartcard(smartcard) => CertificateScope::Smartcard(call.smartcard(smartcard).await?.uuid),
    };
    let certificates = call.app.store.certificates(scope).await?;
    Reply::list(certificates.iter().map(view::listed).collect())
}

/// The caller's own certificates in use; what was revoked, superseded or has expired is left out.
pub async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let certificates = call.app.store.certificates(CertificateScope::User(call.caller.uuid)).await?;
    let in_use = certificates.iter().filter(|certificate| {
        certificate.revocation.is_none() && !certificate.superseded && certificate.not_after > call.now
    });
    Reply::list(in_use.map(|certificate| view::detailed(call.app, certificate, &call.caller.name)).collect())
}
