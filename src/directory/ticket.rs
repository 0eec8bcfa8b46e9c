//! Binds by a ticket (RFC 4513, 5.2; RFC 4752), bound to the TLS channel (RFC 5929, 4).

use super::connection::{Connection, code};
use super::error::{Error, Outcome};
use super::message::{self, Answer};
use crate::gssapi::{self, Bind};
use crate::pkix::server_end_point;
use std::path::Path;

/// Bounds the messages of a bind: two with tokens of Kerberos, an empty one, one about layers, and one to spare.
const MOST_ROUNDS: usize = 5;
/// Names the mechanism.
const GSSAPI: &str = "GSSAPI";

/// Binds as whom a keytab is for.
pub async fn bind(
    connection: &mut Connection,
    host: &str,
    keytab: &Path,
    certificate: Option<&[u8]>,
) -> Result<(), Error> {
    let keytab = keytab.to_str().ok_or(Error::KeytabPath)?.to_owned();
    let (host, name) = (host.to_owned(), keytab.clone());
    let channel = certificate.map(server_end_point).unwrap_or_default();
    let (mut bind, mut token) = elsewhere(connection, move || Bind::begin(&host, &keytab, channel)).await?;
    for _ in 0..MOST_ROUNDS {
        match connection.ask(|id| message::sasl(id, GSSAPI, &token)).await? {
            Answer::Bound(Outcome { code: code::SUCCESS, .. }, _) if bind.is_done() => return Ok(()),
            Answer::Bound(Outcome { code: code::IN_PROGRESS, .. }, given) => {
                let answering = move || {
                    let token = bind.answer(&given)?;
                    Ok((bind, token))
                };
                (bind, token) = elsewhere(connection, answering).await?;
            }
            Answer::Bound(outcome, _) if outcome.code != code::SUCCESS => return Err(Error::Bind { name, outcome }),
            Answer::Bound(..) | Answer::Entry(_) | Answer::Reference | Answer::Done(..) | Answer::Extended(_) => {
                return Err(Error::NoLdap);
            }
        }
    }
    Err(Error::NoLdap)
}

/// Does what asks a KDC where it keeps nobody waiting, and in time.
async fn elsewhere<T: Send + 'static>(
    connection: &mut Connection,
    work: impl FnOnce() -> Result<T, gssapi::Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::time::timeout(connection.patience(), tokio::task::spawn_blocking(work)).await;
    // A task that was taken down with the server is none that anybody waits for.
    done.map_err(|_| connection.late())?.map_err(|_| Error::Closed)?.map_err(Error::Ticket)
}
