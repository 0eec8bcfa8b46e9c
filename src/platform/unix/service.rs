//! Speaks to the service manager that started this process (sd_notify(3)).

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Names the variable that holds where the service manager listens; a name that begins with `@` is no file.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Tells the service manager that this process serves; does nothing where none asked to be told.
pub fn tell_ready() -> io::Result<()> {
    match std::env::var(SOCKET) {
        Ok(name) => tell(&name, b"READY=1"),
        Err(_) => Ok(()),
    }
}

fn tell(name: &str, what: &[u8]) -> io::Result<()> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    UnixDatagram::unbound()?.send_to_addr(what, &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_is_told_by_a_file_or_by_a_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("cardwright-test-{}", std::process::id());
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let by_file = UnixDatagram::bind(&path).unwrap();
        for (socket, at) in [(by_name, format!("@{name}")), (by_file, path.display().to_string())] {
            tell(&at, b"READY=1").unwrap();
            let mut told = [0; 16];
            let length = socket.recv(&mut told).unwrap();
            assert_eq!(&told[..length], b"READY=1");
        }
        assert!(tell("/nowhere/notify", b"READY=1").is_err());
    }
}
