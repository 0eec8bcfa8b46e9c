//! Finds out who is at the other end of a loopback connection, for any user of this computer can connect to a port.

use super::security::sid_of_process;
use std::net::{IpAddr, SocketAddr};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::ERROR_INSUFFICIENT_BUFFER;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, MIB_TCPROW_OWNER_PID, TCP_TABLE_OWNER_PID_CONNECTIONS,
};
use windows_sys::Win32::Networking::WinSock::AF_INET;
use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION};

/// Bounds how often the table is asked for, as it may grow in between.
const TRIES: usize = 5;

/// Returns the user (a SID) who owns the end `there` of a loopback connection whose other end is `here`; `None` where the
/// system does not tell, as of other users' processes, and for IPv6.
pub fn user_of(there: SocketAddr, here: SocketAddr) -> Option<String> {
    let is = |address: SocketAddr, number: u32, port: u32| {
        // Both as the network has them; a port is in the lower half.
        let port = u16::from_be((port & 0xFFFF) as u16);
        address.port() == port && address.ip() == IpAddr::from(number.to_ne_bytes())
    };
    let row = connections()?
        .into_iter()
        .find(|row| is(there, row.dwLocalAddr, row.dwLocalPort) && is(here, row.dwRemoteAddr, row.dwRemotePort))?;
    // SAFETY: takes numbers; the handle that comes back, if one does, is open, and owned from then on.
    let process = unsafe {
        let process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, row.dwOwningPid);
        if process.is_null() {
            return None;
        }
        OwnedHandle::from_raw_handle(process)
    };
    sid_of_process(process.as_raw_handle()).ok()
}

/// Reads the system's table of IPv4 connections: a number of rows, and the rows.
fn connections() -> Option<Vec<MIB_TCPROW_OWNER_PID>> {
    let mut table: Vec<u32> = Vec::new();
    for _ in 0..TRIES {
        let mut bytes = size_of_val(table.as_slice()) as u32;
        // SAFETY: the buffer is writable for the length that is given; with none, only the length is told.
        let code = unsafe {
            let buffer = if table.is_empty() { null_mut() } else { table.as_mut_ptr().cast() };
            GetExtendedTcpTable(buffer, &mut bytes, 0, u32::from(AF_INET), TCP_TABLE_OWNER_PID_CONNECTIONS, 0)
        };
        match code {
            0 => return Some(rows(&table)),
            ERROR_INSUFFICIENT_BUFFER => table = vec![0; (bytes as usize).div_ceil(size_of::<u32>())],
            _ => return None,
        }
    }
    None
}

/// Reads the rows: six words each.
fn rows(table: &[u32]) -> Vec<MIB_TCPROW_OWNER_PID> {
    let Some((count, words)) = table.split_first() else { return Vec::new() };
    let (rows, _) = words.as_chunks::<6>();
    let row = |[state, address, port, there, port_there, process]: &[u32; 6]| MIB_TCPROW_OWNER_PID {
        dwState: *state,
        dwLocalAddr: *address,
        dwLocalPort: *port,
        dwRemoteAddr: *there,
        dwRemotePort: *port_there,
        dwOwningPid: *process,
    };
    rows.iter().take(*count as usize).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::system::security::own_sid;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_link_of_ones_own_is_known() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _accepted = listener.accept().unwrap();
        let (there, here) = (link.local_addr().unwrap(), link.peer_addr().unwrap());
        assert_eq!(user_of(there, here), Some(own_sid().unwrap()));
        let elsewhere = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(user_of(there, elsewhere), None);
    }
}
