//! Connects to sockets that are files (unix(7)), and has TCP acknowledge at once (tcp(7)).

use std::io;
use std::net::TcpStream;
use std::os::linux::net::TcpStreamExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

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
    /// Windows: its PC/SC service has no socket; `SCardEstablishContext` and the service manager tell whether it runs.
    pub fn to(socket: &Path) -> io::Result<Self> {
        Ok(Self { _stream: UnixStream::connect(socket)? })
    }
}

/// Has the kernel acknowledge at once what comes (TCP_QUICKACK), until it decides otherwise: a peer that sends a
/// message in two parts waits for the acknowledgement of the first.
///
/// Windows: `SIO_TCP_SET_ACK_FREQUENCY` with a frequency of 1.
pub fn acknowledge_at_once(stream: &TcpStream) -> io::Result<()> {
    stream.set_quickack(true)
}
