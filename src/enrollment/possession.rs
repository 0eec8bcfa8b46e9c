//! Shows the server the old key of a card that is renewed, where it demands that, before anything on the card changes.
//!
//! A card of the plain standard overwrites the old key when the new one is made, so the old key signs before: a text for
//! this server, request, card and purpose ([`crate::cm::possession`]). Where it cannot, an approval stands in for it, and
//! the request waits for one.

use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::login::Login;
use super::proven::Proof;
use super::record::Tie;
use super::stage::Stage;
use super::step::{Event, Observer, Step};
use crate::cm::possession::{Possession, signed_text};
use crate::cm::problem::ProblemCode;
use crate::cm::route::Holder;
use crate::pkix::SignatureAlgorithm;
use crate::token::{self, Operation, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Has the old key sign for the request, if it must be shown, and hands that in. Returns the step that asks for the
    /// PIN, or that waits for the approval in place of a key that is not there or counts no more.
    pub(super) fn show_old_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<Leg>, Error> {
        if !self.record().is_some_and(|record| record.owes_possession) {
            return Ok(None);
        }
        let Some((id, certificate)) = self.facts.old_certificate.clone() else {
            return Ok(Some(self.await_approval(tie.request, observer)));
        };
        let failed = |cause: Cause| Error::new(Stage::ShowOldKey, cause);
        let key = certificate.public_key().map_err(|source| failed(source.into()))?;
        let host = self.client.base_url().host_str().unwrap_or_default();
        let server = host.trim_matches(['[', ']']).to_owned();
        let request = self.request(tie.request, observer)?;
        let card = request.old_smartcard.unwrap_or(tie.smartcard);
        let purpose = request.request_type;
        let text = signed_text(&server, tie.request, Holder::Smartcard(card), purpose);
        let algorithm = SignatureAlgorithm::usual_for(key.kind());
        let mut session = match self.log_in_for(tie, &[Operation::Sign], token, observer)? {
            Login::In(session) => session,
            Login::Need(leg) => return Ok(Some(leg)),
        };
        observer(Event::Doing(Stage::ShowOldKey));
        let signed = session.sign(&id, algorithm, text.as_bytes());
        let there = match &signed {
            Ok(signature) => key.verify(algorithm, text.as_bytes(), signature).is_ok(),
            Err(token::Error::NoSuchKey(_)) => false,
            // A card that does not tell of its keys refuses in its own way where it has none.
            Err(token::Error::Device { .. }) => session.holds(&id, &key).map_err(|source| failed(source.into()))?,
            Err(_) => true,
        };
        drop(session);
        match self.facts.proof {
            _ if there => {}
            // The certificate alone has proven the card, and its key is not there.
            Proof::Certificate => return self.refuse_card(tie),
            _ => return Ok(Some(self.await_approval(tie.request, observer))),
        }
        let signature = signed.map_err(|error| failed(error.into()))?;
        let shown = Possession { server, thumbprint: certificate.thumbprint_sha1(), signature };
        match self.client.show_possession(tie.request, &shown) {
            Ok(_) => {}
            Err(error) if error.refusal_code() == Some(ProblemCode::PossessionOfOther.name()) => {
                return Ok(Some(self.await_approval(tie.request, observer)));
            }
            Err(error) => return Err(failed(error.into())),
        }
        observer(Event::OldKeyShown);
        self.note(|record| (record.owes_key, record.owes_possession) = (false, false))?;
        Ok(None)
    }

    /// Returns the step that waits for an approval in place of the old key; the server is asked again afterwards whether
    /// the key must be shown.
    pub(super) fn await_approval(&mut self, request: Uuid, observer: Observer<'_>) -> Leg {
        observer(Event::OldKeyMissing);
        (self.facts.request, self.facts.keys) = (None, None);
        Leg::Stop(Step::Pending { request, approvals_needed: Some(1) })
    }
}
