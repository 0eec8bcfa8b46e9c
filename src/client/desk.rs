//! Has the results of a desk run confirmed and signed by the server, and reads them back; beyond MIM.

use super::calls::encode;
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::desk::{DeskResults, SignedResults};
use crate::cm::route::Route;
use uuid::Uuid;

impl CmClient {
    /// Hands in the results of a desk run; returns them as the server has signed them. Refused where the server knows a row otherwise.
    pub fn sign_desk_results(&self, results: &DeskResults) -> Result<SignedResults, Error> {
        self.told(&Route::SignDeskResults, &encode(results)?, "signed results")
    }

    /// Reads signed results of a desk run back.
    pub fn desk_results(&self, results: Uuid) -> Result<SignedResults, Error> {
        self.one(&Route::GetDeskResults { results }, "signed results")
    }
}
