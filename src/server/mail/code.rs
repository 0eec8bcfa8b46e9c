//! Mails the activation code of a bearer token to its owner. Whoever has it made waits and is told whether it went, for
//! a code that is kept for later attempts would lie in a database.

use super::outbox::{DeliveryError, Mailer};
use crate::secret::ActivationCode;
use crate::store::UserRecord;
use lettre::AsyncTransport;
use lettre::Message;
use lettre::message::{Mailbox, header};
use time::OffsetDateTime;

impl Mailer {
    /// Sends the code to this address of its owner's, once.
    pub async fn send_code(
        &self,
        owner: &UserRecord,
        address: &str,
        code: &ActivationCode,
        ends: OffsetDateTime,
    ) -> Result<(), DeliveryError> {
        let wrong = |error: &dyn std::fmt::Display| DeliveryError::Message(error.to_string());
        let to = address.parse().map_err(|error: lettre::address::AddressError| wrong(&error))?;
        let text = format!(
            "An administrator has made a bearer token for you, {name}, which waits for you.\r\n\r\n\
             Activation code: {code}\r\n\r\n\
             It is good until {ends}, once: \"cardwright activate\" asks for it and gives you the token. Who did not expect \
             this mail, or is told that the code was used, should tell an auditor.\r\n",
            name = owner.name,
            code = code.expose(),
        );
        let message = Message::builder()
            .from(self.server.from.clone())
            .to(Mailbox::new(Some(owner.name.clone()), to))
            .subject("Activation code for your bearer token")
            .header(header::ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| wrong(&error))?;
        self.server.transport.send(message).await?;
        Ok(())
    }
}
