//! Connects to sockets that are files (unix(7)) and asks what listens there, and has TCP acknowledge at once (tcp(7)).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::linux::net::TcpStreamExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Bounds the path of a socket, in bytes (unix(7)).
pub const LONGEST_PATH: usize = 107;

/// Holds a connection to the listener of a socket; nothing is sent over it.
#[derive(Debug)]
pub struct Link {
    _stream: UnixStream,
}

impl Link {
    /// Connects to a socket; where systemd listens for a service, this starts the service.
    ///
    /// Fails with `PermissionDenied` where this user may not open the socket, and otherwise where nobody listens.
    /// Windows: fails with `Unsupported`, for its PC/SC service has no socket and answers for itself.
    pub fn to(socket: &Path) -> io::Result<Self> {
        Ok(Self { _stream: UnixStream::connect(socket)? })
    }
}

/// Sends a question to the listener of a socket, and returns the beginning of the answer.
///
/// Fails with `WouldBlock` where it takes longer than `patience`, and with `UnexpectedEof` where nothing is answered.
pub fn ask(socket: &Path, question: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(question)?;
    let mut answer = vec![0; 64];
    let length = stream.read(&mut answer)?;
    answer.truncate(length);
    if answer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
}

/// Has the kernel acknowledge at once what comes (TCP_QUICKACK), until it decides otherwise: a peer that sends a
/// message in two parts waits for the acknowledgement of the first.
pub fn acknowledge_at_once(stream: &TcpStream) -> io::Result<()> {
    stream.set_quickack(true)
}
