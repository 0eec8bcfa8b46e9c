//! Facts about the PC/SC service itself: whether it runs, whether this user may use it, and who else does.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Names where libpcsclite looks for the service unless PCSCLITE_CSOCK_NAME says otherwise.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

const LIBRARY: &str = "libpcsclite.so";
/// Names the service. It has the library's name in its own maps on some systems, but holds no card for itself.
const SERVICE: &str = "pcscd";
/// Limits how much is read of a process's table of mappings, in bytes.
const LONGEST_MAPS: u64 = 1 << 22;

/// Says where the service listens, and whether it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    pub socket: PathBuf,
    pub state: SocketState,
}

/// Says how the service's socket answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Somebody listens, and this user may connect.
    Reachable,
    /// There is no such socket, or nobody listens at it.
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

/// Looks at the service's socket. With socket activation this starts the service, as any use does.
pub fn service() -> ServiceFacts {
    let socket = std::env::var_os(SOCKET_VARIABLE).map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
    let state = match UnixStream::connect(&socket) {
        Ok(_) => SocketState::Reachable,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => SocketState::Closed,
        Err(_) => SocketState::NobodyListens,
    };
    ServiceFacts { socket, state }
}

/// Lists the other processes that have libpcsclite loaded, as far as this user may see them. An empty list proves
/// nothing.
pub fn holders() -> Vec<Holder> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let others = pids.filter(|pid| *pid != std::process::id());
    let mut holders: Vec<Holder> = others.filter_map(holder).collect();
    holders.sort_by_key(|holder| holder.pid);
    holders
}

/// Returns the process if it has the library loaded.
fn holder(pid: u32) -> Option<Holder> {
    use std::io::{BufRead, BufReader, Read};
    let maps = std::fs::File::open(format!("/proc/{pid}/maps")).ok()?.take(LONGEST_MAPS);
    let loaded = BufReader::new(maps).split(b'\n').map_while(Result::ok);
    loaded.into_iter().find(|line| line.windows(LIBRARY.len()).any(|window| window == LIBRARY.as_bytes()))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned();
    (name != SERVICE).then_some(Holder { pid, name })
}
