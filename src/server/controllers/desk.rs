//! `desk/results`: what a desk run has made, compared with this server's records, signed, and an act of the log.

use crate::cm::desk::{DOCUMENT, DeskDocument, DeskOutcome, DeskResults, DeskRow, SignedResults};
use crate::cm::request::RequestStatus;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::{Reply, written};
use crate::server::error::{ApiError, Internal};
use crate::server::permission::{self, Act, caller::Duty, parties};
use crate::store::DeskRecord;
use aws_lc_rs::digest::{SHA256, digest};
use time::Duration;
use uuid::Uuid;

/// Sets by how much the clock of a workstation may be ahead.
const AHEAD: Duration = Duration::minutes(5);
/// Bounds the acts of each chain that are looked through for the new one.
const MOST_ACTS: u32 = 64;

/// Answers `POST desk/results`: all rows as this server knows them, or none.
pub async fn sign(call: &Call<'_>, body: DeskResults) -> Result<Reply, ApiError> {
    body.check()?;
    for (place, row) in body.rows.iter().enumerate() {
        confirm(call, row).await?.map_err(|what| ApiError::DeskRow { row: place + 1, what })?;
    }
    let uuid = Uuid::now_v7();
    let server = call.app.public_names.first().cloned().unwrap_or_default();
    let (kind, by, rows) = (DOCUMENT.to_owned(), call.caller.name.clone(), body.rows);
    let count = rows.len();
    let document = written(&DeskDocument { kind, uuid, server, by, at: call.now, rows })?;
    let signature = call.app.authorities.signing_here(|ca| ca.sign_document(&document));
    let signature = signature.map_err(|source| ApiError::Internal(Internal::Ca(source)))?;
    let document = String::from_utf8(document).map_err(|_| ApiError::Internal(Internal::Dangling("document")))?;
    let entry = call.entry(Deed::DeskResults).with("results", uuid).with("rows", count);
    let entry = entry.with("sha256", sha256(&document));
    let record = DeskRecord { uuid, author: call.caller.uuid, document, signature, act: None };
    let kept = record.clone();
    let job = call.app.store.write(move |tx| {
        Box::pin(async move {
            tx.insert_desk_results(&kept).await?;
            Ok::<_, ApiError>(tx.audit(&entry).await?)
        })
    });
    job.await?;
    let act = act(call, uuid).await?;
    if let Some(act) = act {
        let job = call
            .app
            .store
            .write(move |tx| Box::pin(async move { Ok::<_, ApiError>(tx.note_desk_act(uuid, act).await?) }));
        job.await?;
    }
    tracing::info!(id = %call.id, results = %uuid, rows = count, caller = call.caller.name, "results of a desk run signed");
    Reply::created(&shown(DeskRecord { act, ..record }))
}

/// Answers `GET desk/results/{id}`, for whoever has handed them in and whoever reads the log.
pub async fn get(call: &Call<'_>, results: Uuid) -> Result<Reply, ApiError> {
    let record = call.app.store.desk_results(results).await?;
    let may = |record: &DeskRecord| record.author == call.caller.uuid || permission::has(&call.caller, Duty::ReadAudit);
    Reply::json(&shown(record.filter(may).ok_or(ApiError::NotFound("signed results"))?))
}

fn shown(record: DeskRecord) -> SignedResults {
    let (chain, number) = record.act.unzip();
    SignedResults {
        uuid: record.uuid,
        sha256: sha256(&record.document),
        document: record.document,
        signature: record.signature,
        chain: chain.and_then(|chain| u32::try_from(chain).ok()),
        number: number.and_then(|number| u64::try_from(number).ok()),
    }
}

fn sha256(document: &str) -> String {
    hex::encode(digest(&SHA256, document.as_bytes()))
}

/// Says in what a row differs from what this server knows. A request that the caller cannot execute is none to him.
async fn confirm(call: &Call<'_>, row: &DeskRow) -> Result<Result<(), &'static str>, ApiError> {
    let store = &call.app.store;
    let request = match call.request(row.request).await {
        Ok(request) => request,
        Err(ApiError::NotFound(_)) => return Ok(Err("there is no such request, or you may not see it")),
        Err(error) => return Err(error),
    };
    if !permission::may(&call.caller, Act::Execute, parties(&request.record), request.workflow()) {
        return Ok(Err("the request is not yours to carry out"));
    }
    let record = &request.record;
    let target = store.user(record.target).await?.ok_or(ApiError::Internal(Internal::Dangling("user")))?;
    if target.name != row.person {
        return Ok(Err("the request is for another person"));
    }
    let is_done = record.status == RequestStatus::Completed;
    match row.outcome {
        DeskOutcome::Completed if !is_done => return Ok(Err("the request is not completed")),
        DeskOutcome::Failed | DeskOutcome::Skipped if is_done => return Ok(Err("the request is completed")),
        DeskOutcome::Completed | DeskOutcome::Failed | DeskOutcome::Skipped => {}
    }
    if !(record.submitted..=call.now + AHEAD).contains(&row.at) {
        return Ok(Err("it was done before the request was made, or is to be done yet"));
    }
    let card = match record.new_smartcard.or(record.old_smartcard) {
        Some(card) => store.smartcard(card).await?,
        None => None,
    };
    match (&card, row.card_id) {
        (Some(card), Some(card_id)) if card.card_id != card_id => return Ok(Err("the request has another card")),
        (Some(_), None) if is_done => return Ok(Err("the request has a card")),
        (None, Some(_)) if is_done => return Ok(Err("the request has no card")),
        _ => {}
    }
    let device = match card {
        Some(card) if !row.serial.is_empty() => store.device(card.uuid).await?,
        _ => None,
    };
    let known = device.map(|device| if device.attested { device.attested_serial } else { device.serial });
    match known.is_some_and(|known| !known.is_empty() && known != row.serial) {
        true => Ok(Err("the card has another serial")),
        false => Ok(Ok(())),
    }
}

/// Finds the act that has just been written.
async fn act(call: &Call<'_>, results: Uuid) -> Result<Option<(i64, i64)>, ApiError> {
    let named = results.to_string();
    for head in call.app.store.audit_chains().await? {
        let after = head.length.saturating_sub(MOST_ACTS.into()).max(0);
        let records = call.app.store.audit_records(head.chain, after, MOST_ACTS).await?;
        if let Some(record) = records.iter().rev().find(|record| record.record.contains(&named)) {
            return Ok(Some((record.chain, record.number)));
        }
    }
    Ok(None)
}
