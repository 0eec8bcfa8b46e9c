//! Mails the activation code of a bearer token to its owner. Whoever has it made waits and is told whether it went, for
//! a code that is kept for later attempts would lie in a database.

use super::plain::plain;
use super::sent::Failed;
use super::smtp::{Letter, LetterError, MailServer};
use super::texts::Text;
use crate::secret::ActivationCode;
use crate::store::UserRecord;
use time::OffsetDateTime;
use uuid::Uuid;

/// Says why a code was not mailed.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Failed(#[from] Failed),
}

impl MailServer {
    /// Sends the code to this address of its owner's, once.
    pub async fn send_code(
        &self,
        owner: &UserRecord,
        address: &str,
        code: &ActivationCode,
        ends: OffsetDateTime,
    ) -> Result<(), CodeError> {
        let body = format!(
            "An administrator has made a bearer token for you, {name}, which waits for you.\n\n\
             Activation code: {code}\n\n\
             It is good until {ends}, once: \"cardwright activate\" asks for it and gives you the token. Who did not expect \
             this mail, or is told that the code was used, should tell an auditor.\n",
            name = plain(&owner.name),
            code = code.expose(),
        );
        let text = Text { subject: "Activation code for your bearer token".to_owned(), body };
        let id = Uuid::new_v4().to_string();
        let letter = Letter { name: &owner.name, address, id: &id, kind: "activation-code", repeated: false };
        let message = self.written(&letter, text)?;
        Ok(self.send(message).await?)
    }
}
