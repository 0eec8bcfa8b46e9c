//! One host that takes all the room: connections, places, and answers that never arrive.

use crate::server::identity::restart;
use crate::server::support::{API, EXTENSION, Lab};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

fn plain() -> Lab {
    Lab::plain(|template| template)
}

fn address(lab: &Lab) -> SocketAddr {
    lab.server.as_ref().unwrap().addr
}

fn connected(lab: &Lab) -> TcpStream {
    let stream = TcpStream::connect(address(lab)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// The status of `whoami` called from this address, without credentials; 0: there was no answer.
fn called_from(lab: &Lab, from: &str) -> u16 {
    let url = format!("{}{EXTENSION}/whoami", lab.base());
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--max-time",
        "20",
        "--noproxy",
        "*",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
    ]);
    let done = curl.args(["--interface", from, &url]).output().unwrap();
    String::from_utf8_lossy(&done.stdout).parse().unwrap()
}

#[test]
fn idle_connections_of_one_host_lock_nobody_else_out() {
    let lab = plain();
    let mut idle: Vec<TcpStream> = (0..1024).map(|_| connected(&lab)).collect();
    assert_eq!(called_from(&lab, "127.0.0.2"), 401, "another host");
    assert_eq!(called_from(&lab, "127.0.0.1"), 0, "the host itself has its share already");
    // What it gives back it may have again.
    idle.truncate(10);
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        called_from(&lab, "127.0.0.1") == 401
    });
    assert!(again);
}

#[test]
fn bodies_that_do_not_come_keep_no_place() {
    let mut lab = plain();
    restart(&mut lab, "[limits]\nconnections_per_address = 0\n");
    let alice = lab.user("alice", &[]);
    let head = format!(
        "POST {API}/requests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        alice.token
    );
    // As many as there are places.
    let waiting: Vec<TcpStream> = (0..520)
        .map(|_| {
            let mut stream = connected(&lab);
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    // One after the other is taken up; all have been once this many more were.
    for _ in 0..20 {
        assert_eq!(lab.get(&alice, &format!("{EXTENSION}/whoami")).status, 200);
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(waiting);
}

/// The first line that comes back for a call of `token/activate` whose body waits to be asked for.
fn asked_for_a_body(lab: &Lab) -> String {
    let mut stream = connected(lab);
    let head = format!(
        "POST {EXTENSION}/token/activate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 262144\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn an_address_that_guesses_codes_is_asked_for_no_body_any_more() {
    let mut lab = plain();
    restart(&mut lab, "[limits]\nfailures_per_address = { burst = 3, per_minute = 1 }\n");
    let guess = || {
        let body = serde_json::json!({"Code": "00000-00000-00000-00000"});
        lab.call(None, "POST", &format!("{EXTENSION}/token/activate"), Some(&body)).refusal()
    };
    assert!(asked_for_a_body(&lab).contains(" 100 "));
    for _ in 0..3 {
        assert_eq!(guess(), (403, "activation-unknown".into()));
    }
    assert_eq!(guess(), (429, "too-many-requests".into()));
    let told = asked_for_a_body(&lab);
    assert!(told.contains(" 429 "), "{told}");
}

#[test]
fn nobody_without_a_login_has_the_server_read_more_than_a_code_takes() {
    let lab = plain();
    let body = serde_json::json!({"Code": "0".repeat(5000)});
    let refused = lab.call(None, "POST", &format!("{EXTENSION}/token/activate"), Some(&body)).refusal();
    assert_eq!(refused, (413, "body-too-large".into()));
}

#[test]
fn who_is_refused_is_told_whatever_he_still_sends() {
    let lab = plain();
    for announced in [true, false] {
        for _ in 0..8 {
            let mut stream = connected(&lab);
            let body = vec![b' '; 1024 * 1024];
            let length = if announced {
                format!("Content-Length: {}", body.len())
            } else {
                "Transfer-Encoding: chunked".to_owned()
            };
            let head = format!("POST {API}/requests HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n");
            let chunk = format!("{:x}\r\n", body.len());
            // Whatever becomes of the sending, the answer is read.
            let sent = stream.write_all(head.as_bytes()).and_then(|()| match announced {
                true => stream.write_all(&body),
                false => [chunk.as_bytes(), &body, b"\r\n0\r\n\r\n"].iter().try_for_each(|part| stream.write_all(part)),
            });
            let mut answer = Vec::new();
            let mut buffer = [0; 512];
            while !answer.starts_with(b"HTTP/1.1 401 ") {
                match stream.read(&mut buffer) {
                    Ok(read @ 1..) => answer.extend_from_slice(&buffer[..read]),
                    end => panic!("{end:?} after {sent:?}: {}", String::from_utf8_lossy(&answer)),
                }
            }
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
