//! Who calls: every way in with its success and its refusals.

mod accounts;
mod certificate;
mod limits;
pub mod negotiate;
pub mod oidc;
mod session;
mod told;

use super::support::{Answer, EXTENSION, Lab};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A server over plain HTTP or TLS with more in its `server.toml`.
pub fn lab(plain: bool, settings: &str) -> Lab {
    let mut lab = if plain { Lab::plain(|template| template) } else { Lab::new() };
    restart(&mut lab, settings);
    lab
}

/// Adds to `server.toml` and starts the server anew.
pub fn restart(lab: &mut Lab, settings: &str) {
    if lab.server.is_some() {
        lab.stop();
    }
    append(lab, settings);
    lab.start();
}

pub fn append(lab: &Lab, settings: &str) {
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{text}\n{settings}")).unwrap();
}

/// Calls `whoami` over plain HTTP with just these header lines; gives the status and the whole answer.
pub fn raw(lab: &Lab, lines: &str) -> (u16, String) {
    let address = lab.base().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let request = format!("GET {EXTENSION}/whoami HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{lines}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// `whoami` with a bearer token.
pub fn whoami(lab: &Lab, token: &str) -> Answer {
    lab.call(Some(token), "GET", &format!("{EXTENSION}/whoami"), None)
}
