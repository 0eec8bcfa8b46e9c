//! Brings the certificates of the authorities above an issued one onto the token, where the template wants that, and takes
//! them off at the end of the card's life. A card without them works as well, so that nothing fails for their sake.

use super::driver::Enrollment;
use super::error::Error;
use super::record::{HexBytes, IssuedWork, Tie};
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::cm::certificate::Certificate as Answer;
use crate::pkix::{self, Certificate, authorities_above};
use crate::token::{self, Session};

/// Bounds the bytes of certificates that are kept; no chain is longer, and no card has room for more.
const MOST_BYTES: usize = 32 * 1024;

impl Enrollment<'_> {
    /// Keeps the authorities above the issued certificates that came with the answer, unless the template wants none on
    /// its cards; the next milestone writes them to the journal.
    pub(super) fn keep_authorities(
        &mut self,
        tie: Tie,
        answers: &[Answer],
        issued: &[IssuedWork],
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let read = answers.iter().filter_map(|answer| pkix::cmc::read(answer.pkcs7.as_deref()?).ok());
        let came: Vec<_> = read.flat_map(|response| response.certificates).collect();
        let leaves: Vec<_> = issued.iter().filter_map(|work| Certificate::from_der(&work.certificate.0).ok()).collect();
        let mut room = MOST_BYTES;
        let above = authorities_above(&leaves, &came);
        let fitting = above.iter().take_while(|authority| {
            let fits = authority.der().len() <= room;
            room = room.saturating_sub(authority.der().len());
            fits
        });
        let kept: Vec<_> = fitting.map(|authority| HexBytes(authority.der().to_vec())).collect();
        if kept.is_empty() || self.config(tie, observer)?.do_not_install_ca_certificates {
            return Ok(());
        }
        if let Some(entry) = &mut self.entry {
            entry.keep_authorities(kept);
        }
        Ok(())
    }

    /// Writes the authorities that were kept; a token that does not take them is gone on with.
    pub(super) fn install_authorities(
        &mut self,
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let kept = self.record().map(|record| record.authorities.as_slice()).unwrap_or_default();
        if kept.is_empty() {
            return Ok(());
        }
        let kept: Vec<_> = kept.iter().map(|authority| authority.0.clone()).collect();
        observer(Event::Doing(Stage::WriteAuthorities));
        match session.write_ca_certificates(&kept) {
            Ok(0) => {}
            Ok(count) => observer(Event::AuthoritiesWritten { count }),
            Err(error) => observer(passed_over(Stage::WriteAuthorities, error)?),
        }
        Ok(())
    }

    /// Takes off the authorities above the certificates that are about to be removed.
    pub(super) fn remove_authorities(
        &mut self,
        leaves: &[Vec<u8>],
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        match session.remove_ca_certificates(leaves) {
            Ok(0) => {}
            Ok(count) => observer(Event::AuthoritiesRemoved { count }),
            Err(error) => observer(passed_over(Stage::RemoveKeys, error)?),
        }
        Ok(())
    }
}

/// Returns the event of a refusal that the work goes on after. A card that is gone ends it: it goes on from here once the
/// card is back.
fn passed_over(stage: Stage, error: token::Error) -> Result<Event, Error> {
    if error.is_loss() || matches!(error, token::Error::Busy | token::Error::Timeout) {
        return Err(Error::new(stage, error));
    }
    let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
    Ok(Event::AuthoritiesLeft { reason: format!("{error}{}", source.unwrap_or_default()) })
}
