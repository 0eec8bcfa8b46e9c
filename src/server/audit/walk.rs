//! Reads a chain of the log on from a place, and refuses what does not follow or was not written here.

use super::contradiction::{Contradiction, WitnessError};
use crate::store::{ActKeys, ChainHead, Store, Vouching, audit_hash};

/// Bounds the records that are read at one time.
const PAGE: u32 = 500;
/// Stands in the first record of a chain as the hash of the record before.
pub(super) const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Says which records must bear a MAC, and under which keys.
pub(super) struct Demand<'a> {
    pub keys: &'a ActKeys,
    /// Records after this number.
    pub after: i64,
}

/// Reads a chain from a record with this number and hash to its end, and refuses a record that does not follow from the
/// one before, or that nobody vouches for. Returns the hash of the record `wanted`.
pub(super) async fn walk(
    store: &Store,
    end: &ChainHead,
    from: (i64, String),
    wanted: i64,
    demand: Option<Demand<'_>>,
) -> Result<Option<String>, WitnessError> {
    let (mut number, mut hash) = from;
    let chain = end.chain;
    let mut found = (number == wanted).then(|| hash.clone());
    while number < end.length {
        let page = store.audit_records(chain, number, PAGE).await?;
        if page.is_empty() {
            return Err(Contradiction::Shorter { chain, signed: end.length, found: number }.into());
        }
        for record in page.iter().take_while(|record| record.number <= end.length) {
            if record.number != number + 1 || record.before().as_deref() != Some(hash.as_str()) {
                return Err(Contradiction::Unlinked { chain, number: number + 1 }.into());
            }
            (number, hash) = (record.number, audit_hash(&record.record));
            let demanded = demand.as_ref().filter(|demand| number > demand.after);
            if demanded.is_some_and(|demand| demand.keys.judge(record) != Vouching::Vouched) {
                return Err(Contradiction::Unvouched { chain, number }.into());
            }
            if number == wanted {
                found = Some(hash.clone());
            }
        }
    }
    if hash != hex::encode(&end.head) {
        return Err(Contradiction::Other { chain, number }.into());
    }
    Ok(found)
}
