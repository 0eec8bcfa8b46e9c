//! Refuses what may not be certified, whatever a certification request says: asked before anything is signed, and again
//! in the job that remembers it.

use crate::ca::RevocationReason;
use crate::server::error::ApiError;
use crate::store::Tx;
use uuid::Uuid;

/// Refuses keys that were revoked as compromised, whoever had them, and keys that somebody else has a certificate for.
/// Keys are named by the SHA-256 of their SubjectPublicKeyInfo.
pub async fn check_keys(tx: &mut Tx, keys: &[[u8; 32]], owner: Uuid) -> Result<(), ApiError> {
    for key in keys {
        if tx.certificate_revoked_for(key, RevocationReason::KeyCompromise.number()).await?.is_some() {
            return Err(ApiError::KeyCompromised);
        }
        if tx.certificate_of_another(key, owner).await?.is_some() {
            return Err(ApiError::KeyTaken);
        }
    }
    Ok(())
}
