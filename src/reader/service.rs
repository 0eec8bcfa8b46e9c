//! Facts about the PC/SC service itself: whether it runs, whether this user may use it, and who else does.

use crate::platform::process;
use crate::platform::socket::Link;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Names where libpcsclite looks for the service unless PCSCLITE_CSOCK_NAME says otherwise.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// Are the libraries of PC/SC: pcsc-lite's, and that of Windows.
const LIBRARIES: [&str; 2] = ["libpcsclite.so", "winscard.dll"];
/// Names the service. It has the library's name in its own maps on some systems, but holds no card for itself.
const SERVICE: &str = "pcscd";

/// Says where the service listens, and whether it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    /// `None` where the service has no socket, as on Windows.
    pub socket: Option<PathBuf>,
    pub state: SocketState,
}

/// Says how the service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Somebody listens, and this user may connect.
    Reachable,
    /// There is no such socket, nobody listens at it, or the service itself is away.
    NobodyListens,
    /// This user may not open it.
    Closed,
}

/// Names a process that uses PC/SC and so may hold a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub name: String,
}

/// Looks at the service's socket; asks the service itself where it has none. With socket activation this starts the service, as
/// any use does.
pub fn service() -> ServiceFacts {
    let socket = std::env::var_os(SOCKET_VARIABLE).map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
    let state = match Link::to(&socket) {
        Ok(_) => SocketState::Reachable,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => SocketState::Closed,
        Err(error) if error.kind() == ErrorKind::Unsupported => return ServiceFacts { socket: None, state: answer() },
        Err(_) => SocketState::NobodyListens,
    };
    ServiceFacts { socket: Some(socket), state }
}

/// Says whether the service answers. Windows ends it with the last reader.
fn answer() -> SocketState {
    match pcsc::Context::establish(pcsc::Scope::User) {
        Err(pcsc::Error::NoService | pcsc::Error::ServiceStopped) => SocketState::NobodyListens,
        Ok(_) | Err(_) => SocketState::Reachable,
    }
}

/// Lists the other processes that have a library of PC/SC loaded, as far as this user may see them. An empty list proves
/// nothing.
pub fn holders() -> Vec<Holder> {
    let loaded = process::with_library(&LIBRARIES).into_iter();
    loaded
        .filter(|process| process.name != SERVICE)
        .map(|process| Holder { pid: process.pid, name: process.name })
        .collect()
}
