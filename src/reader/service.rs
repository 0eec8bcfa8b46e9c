//! Facts about the PC/SC service itself: is it there, may we use it, who else does.

use super::Error;
use crate::platform::process;
use crate::platform::socket::Link;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Where libpcsclite looks for the service unless PCSCLITE_CSOCK_NAME says otherwise.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

const LIBRARY: &str = "libpcsclite.so";
/// The service has the library's name in its own maps on some systems; it holds no card for itself.
const SERVICE: &str = "pcscd";

/// Where the service listens, and whether it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    pub socket: PathBuf,
    pub state: SocketState,
}

/// How the service's socket answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Somebody listens, and this user may speak to it.
    Reachable,
    /// There is no such socket, or nobody listens at it.
    NobodyListens,
    /// This user may not open it.
    Closed,
}

impl ServiceFacts {
    pub(super) fn error(self) -> Error {
        match self.state {
            SocketState::Closed => Error::SocketClosed { socket: self.socket },
            SocketState::NobodyListens => Error::NoService { socket: self.socket },
            // It listens now, and has just turned us away.
            SocketState::Reachable => Error::ServiceStopped,
        }
    }
}

/// A process that uses PC/SC, and so may hold a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub name: String,
}

/// Looks at the service's socket; with socket activation this starts the service, as any use does.
pub fn service() -> ServiceFacts {
    let socket = std::env::var_os(SOCKET_VARIABLE).map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
    let state = match Link::to(&socket) {
        Ok(_) => SocketState::Reachable,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => SocketState::Closed,
        Err(_) => SocketState::NobodyListens,
    };
    ServiceFacts { socket, state }
}

/// The other processes that have libpcsclite loaded, as far as this user may see them; none is an answer, not proof.
pub fn holders() -> Vec<Holder> {
    let loaded = process::with_library(LIBRARY).into_iter();
    loaded
        .filter(|process| process.name != SERVICE)
        .map(|process| Holder { pid: process.pid, name: process.name })
        .collect()
}
