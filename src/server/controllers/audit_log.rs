//! The log of acts and what proves them, for auditors.

use crate::cm::audit::{AttestationReport, LogChain, LoggedAct};
use crate::pkix::Certificate;
use crate::pkix::attestation::Attestation;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::error::{ApiError, Internal};
use crate::server::permission;
use crate::store::{AuditRecord, ChainHead};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Names the chain that is meant when the caller names none.
const FIRST_CHAIN: u32 = 1;

/// Refuses a caller who may not read the log.
fn check_reads_audit(call: &Call<'_>) -> Result<(), ApiError> {
    if permission::reads_audit(&call.caller) { Ok(()) } else { Err(ApiError::Forbidden("read the log of acts")) }
}

/// Lists the acts of a chain after a number, at most [`MAX_LIST`]; the next page begins after the last number of this
/// one.
pub async fn list(
    call: &Call<'_>,
    chain: Option<u32>,
    after: Option<u64>,
    limit: Option<u32>,
) -> Result<Reply, ApiError> {
    check_reads_audit(call)?;
    let most = u32::try_from(MAX_LIST).unwrap_or(u32::MAX);
    let limit = limit.unwrap_or(most).clamp(1, most);
    let after = i64::try_from(after.unwrap_or(0)).unwrap_or(i64::MAX);
    let records = call.app.store.audit_records(chain.unwrap_or(FIRST_CHAIN).into(), after, limit).await?;
    Reply::list(records.into_iter().filter_map(shown_act).collect())
}

/// Lists the chains, each with its end and its last signed head.
pub async fn chains(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_reads_audit(call)?;
    let mut chains = Vec::new();
    for head in call.app.store.audit_chains().await? {
        chains.extend(shown_chain(call, head).await?);
    }
    Reply::list(chains)
}

/// Answers with the attestation that came with a certificate's key.
pub async fn attestation(call: &Call<'_>, serial: &[u8]) -> Result<Reply, ApiError> {
    check_reads_audit(call)?;
    let kept = call.app.store.attestation(serial).await?.ok_or(ApiError::NotFound("attestation"))?;
    let said = Attestation::from_der(&kept.chain).map_err(|error| ApiError::Internal(Internal::Attestation(error)))?;
    let [major, minor, patch] = said.firmware;
    Reply::json(&AttestationReport {
        proven: kept.proven,
        firmware: format!("{major}.{minor}.{patch}"),
        device: said.serial.map(|serial| serial.to_string()).unwrap_or_default(),
        certificates: said.chain().iter().map(Certificate::to_pem).collect(),
    })
}

/// Shows an act as the wire does.
fn shown_act(record: AuditRecord) -> Option<LoggedAct> {
    let (chain, number) = (u32::try_from(record.chain).ok()?, u64::try_from(record.number).ok()?);
    Some(LoggedAct { chain, number, record: record.record, hash: hex::encode(record.hash) })
}

/// Shows a chain as the wire does.
async fn shown_chain(call: &Call<'_>, head: ChainHead) -> Result<Option<LogChain>, ApiError> {
    let signed = call.app.store.last_audit_signature(head.chain).await?;
    let (Ok(chain), Ok(length)) = (u32::try_from(head.chain), u64::try_from(head.length)) else { return Ok(None) };
    Ok(Some(LogChain {
        chain,
        length,
        head: hex::encode(head.head),
        key: signed.as_ref().map(|signed| hex::encode(&signed.key)).unwrap_or_default(),
        signature: signed.as_ref().map(|signed| STANDARD.encode(&signed.signature)).unwrap_or_default(),
        signed: signed.map(|signed| signed.signed).unwrap_or_default(),
    }))
}
