//! Mails the activation code of a bearer token, or the code of a link to sign in by, to its owner. Whoever has it made waits
//! and is told whether it went, for a code that is kept for later attempts would lie in a database.

use super::plain::plain;
use super::sent::Failed;
use super::smtp::{Letter, LetterError, MailServer};
use super::texts::Text;
use crate::secret::{ActivationCode, LinkCode};
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
        self.send_now(owner, address, "activation-code", text).await
    }

    /// Likewise, the code of a link by which its owner signs in once.
    pub async fn send_link(
        &self,
        owner: &UserRecord,
        address: &str,
        code: &LinkCode,
        ends: OffsetDateTime,
    ) -> Result<(), CodeError> {
        let body = format!(
            "An administrator has made a code for you, {name}, by which you sign in once.\n\n\
             Code: {code}\n\n\
             It is good until {ends}, once: the page on which you sign in takes it. Whoever reads it can come in as you. Who did \
             not expect this mail, or is told that the code was used, should tell an auditor.\n",
            name = plain(&owner.name),
            code = code.expose(),
        );
        let text = Text { subject: "Code to sign in by, once".to_owned(), body };
        self.send_now(owner, address, "link", text).await
    }

    async fn send_now(&self, owner: &UserRecord, address: &str, kind: &str, text: Text) -> Result<(), CodeError> {
        let id = Uuid::new_v4().to_string();
        let letter = Letter { name: &owner.name, address, id: &id, kind, repeated: false };
        let message = self.written(&letter, text)?;
        Ok(self.send(message).await?)
    }
}
