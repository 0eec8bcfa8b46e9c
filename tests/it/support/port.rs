//! Ports for servers of other people, which are told where to listen before they do.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bounds the ports: below those that the system gives to whoever asks for any (ip_local_port_range), or a connection gets.
const LOWEST: u16 = 10_000;
const HOW_MANY: u32 = 20_000;

/// A port of the loopback address at which nobody listens, and which nobody is given by chance.
pub fn unused_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Of several processes each begins elsewhere.
    let mut ports = (0..HOW_MANY).map(|_| {
        let nth = std::process::id().wrapping_mul(997).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        LOWEST + u16::try_from(nth % HOW_MANY).unwrap()
    });
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
