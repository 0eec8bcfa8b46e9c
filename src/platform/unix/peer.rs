//! Finds out who is at the other end of a loopback connection, for any local user can listen at a port (Linux,
//! proc(5)).

use std::net::{SocketAddr, TcpStream};
use std::path::Path;

/// Names the kernel's table of IPv4 connections (proc(5)).
const TABLE: &str = "/proc/self/net/tcp";

/// Says whether the other end belongs to this user. It must have accepted the connection; `false` also where the kernel
/// does not tell, and for IPv6.
pub fn is_own(link: &TcpStream) -> bool {
    let (Ok(peer), Ok(own)) = (link.peer_addr(), link.local_addr()) else { return false };
    let Ok(table) = std::fs::read_to_string(Path::new(TABLE)) else { return false };
    owner(&table, peer, own) == Some(rustix::process::geteuid().as_raw())
}

/// Says whether this user listens at `port` of every IPv4 interface; `false` also where the kernel does not tell.
pub fn listens(port: u16) -> bool {
    let at = |port| SocketAddr::from(([0, 0, 0, 0], port));
    let Ok(table) = std::fs::read_to_string(Path::new(TABLE)) else { return false };
    owner(&table, at(port), at(0)) == Some(rustix::process::geteuid().as_raw())
}

/// Returns the user (a number) who owns the end `there` of a loopback connection whose other end is `here`; `None` where the kernel does not
/// tell, and for IPv6.
///
/// Windows: the SID of whoever runs the process that `GetExtendedTcpTable` names.
pub fn user_of(there: SocketAddr, here: SocketAddr) -> Option<String> {
    owner(&std::fs::read_to_string(Path::new(TABLE)).ok()?, there, here).map(|user| user.to_string())
}

/// Returns the user who owns the end `local` of a connection.
fn owner(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let (local, remote) = (spelled(local)?, spelled(remote)?);
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_it = fields.get(1) == Some(&local.as_str()) && fields.get(2) == Some(&remote.as_str());
        if is_it { fields.get(7)?.parse().ok() } else { None }
    })
}

/// Spells an address as the table does: a number in the processor's byte order, then the port.
fn spelled(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_link_of_ones_own_is_known_and_another_ones_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _accepted = listener.accept().unwrap();
        assert!(is_own(&link));
        let (there, here) = (link.local_addr().unwrap(), link.peer_addr().unwrap());
        assert_eq!(user_of(there, here), Some(rustix::process::geteuid().as_raw().to_string()));
        let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
        assert!(listens(everywhere.local_addr().unwrap().port()));
        assert!(!listens(listener.local_addr().unwrap().port()));
        let others = "  head\n 0: 0100007F:0010 0100007F:0020 01 0:0 00:00000000 00000000  4711 0 1\n";
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(owner(others, address(0x10), address(0x20)), Some(4711));
        assert_eq!(owner(others, address(0x10), address(0x21)), None);
    }
}
