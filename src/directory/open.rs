//! Opens a directory: connected, protected, bound.

use super::connection::{Connection, MOST_BEFORE, Stream, code, whole};
use super::error::{Error, Outcome};
use super::message::{self, Answer};
use super::place::{Login, Place, Protection};
use super::ticket;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Connects, begins TLS and binds.
pub async fn open(place: &Place) -> Result<Connection, Error> {
    let patience = place.bounds.patience;
    let late = || Error::TooSlow { place: place.told(), seconds: patience.as_secs() };
    let connecting = TcpStream::connect((place.host.as_str(), place.port));
    let stream = tokio::time::timeout(patience, connecting).await.map_err(|_| late())?;
    let mut stream = stream.map_err(|source| Error::Unreachable { place: place.told(), source })?;
    if let Protection::StartTls(_) = &place.protection {
        let outcome = tokio::time::timeout(patience, start_tls(&mut stream)).await.map_err(|_| late())??;
        if outcome.code != code::SUCCESS {
            return Err(Error::StartTls(outcome));
        }
    }
    let mut certificate = None;
    let stream: Box<dyn Stream> = match &place.protection {
        Protection::Plain => Box::new(stream),
        Protection::Tls(config) | Protection::StartTls(config) => {
            let securing = TlsConnector::from(Arc::clone(config)).connect(place.server.clone(), stream);
            let secured = tokio::time::timeout(patience, securing).await.map_err(|_| late())?;
            let secured = secured.map_err(|source| Error::Tls { place: place.told(), source })?;
            let shown = secured.get_ref().1.peer_certificates();
            certificate = shown.and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
            Box::new(secured)
        }
    };
    bound(Connection::new(stream, place), place, certificate.as_deref()).await
}

/// Binds; what comes afterwards comes from a directory that is known.
async fn bound(mut connection: Connection, place: &Place, certificate: Option<&[u8]>) -> Result<Connection, Error> {
    match &place.login {
        Login::Keytab(keytab) => ticket::bind(&mut connection, &place.host, keytab, certificate).await?,
        Login::Password(name, password) => match connection.ask(|id| message::bind(id, name, password)).await? {
            Answer::Bound(Outcome { code: code::SUCCESS, .. }, _) => {}
            Answer::Bound(outcome, _) => return Err(Error::Bind { name: name.clone(), outcome }),
            Answer::Entry(_) | Answer::Reference | Answer::Done(..) | Answer::Extended(_) => {
                return Err(Error::NoLdap);
            }
        },
    }
    Ok(connection.known())
}

/// Has the directory begin TLS; nothing that it sent with its answer comes into what follows.
async fn start_tls(stream: &mut TcpStream) -> Result<Outcome, Error> {
    const ID: u32 = 1;
    stream.write_all(&message::start_tls(ID)).await.map_err(Error::Broken)?;
    let mut read = Vec::new();
    let length = whole(stream, &mut read, MOST_BEFORE).await?;
    match message::read(&read)? {
        (ID, Answer::Extended(outcome)) if length == read.len() => Ok(outcome),
        _ => Err(Error::NoLdap),
    }
}
