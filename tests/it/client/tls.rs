//! The client's TLS: what breaks before a call was sent is told from what breaks after it, and half an answer is none.

use super::{ID, client_waiting, order};
use crate::support::by_hand::receive;
use crate::support::certificates::{self, Connection, accepted};
use cardwright::client::{CmClient, Error, Timeouts, Trust};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// A server called localhost that deals with its connections in order, each in its way; and a client of it.
fn dealing(ways: Vec<Box<dyn FnOnce(Connection) + Send>>) -> (CmClient, std::thread::JoinHandle<()>) {
    dealing_as(certificates::localhost(), ways)
}

/// Likewise, with this TLS.
fn dealing_as(
    (pem, config): (String, Arc<rustls::ServerConfig>),
    ways: Vec<Box<dyn FnOnce(Connection) + Send>>,
) -> (CmClient, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let serving = std::thread::spawn(move || {
        ways.into_iter().for_each(|deal| deal(accepted(&listener, &config)));
    });
    (client_waiting(&url, Trust::Pem(pem.into()), Timeouts::default()).unwrap(), serving)
}

/// Has a server that asks for client certificates, and speaks TLS 1.3, learn that there is none once the call is on its way.
#[test]
fn a_server_that_wants_a_certificate_has_done_nothing() {
    let refuse = |mut connection: Connection| {
        let error = receive(&mut connection).unwrap_err();
        assert!(error.to_string().contains("ertificate"), "{error}");
        // What came is read, so that the alert is not lost to a reset.
        connection.sock.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let _ = std::io::copy(&mut connection.sock, &mut std::io::sink());
    };
    let (client, serving) = dealing_as(certificates::localhost_that_asks(), vec![Box::new(refuse)]);
    let error = client.create_request(&order()).unwrap_err();
    assert!(matches!(error, Error::Tls { .. }) && !error.is_unsettled(), "{error:?}");
    serving.join().unwrap();
}

/// Answers one call whole, with the end of the connection (close_notify) in the same packet where it is `over`.
fn answered(connection: &mut Connection, over: bool) {
    receive(connection).unwrap();
    let body = format!("\"api/v1.0/requests/{ID}\"");
    let head = "HTTP/1.1 201 X\r\nContent-Type: application/json\r\nContent-Length: ";
    connection.conn.writer().write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    if over {
        connection.conn.send_close_notify();
    }
    let mut packet = Vec::new();
    while connection.conn.wants_write() {
        connection.conn.write_tls(&mut packet).unwrap();
    }
    connection.sock.write_all(&packet).unwrap();
}

#[test]
fn a_connection_that_breaks_after_a_change_was_sent_leaves_it_open_whether_it_was_made() {
    let nonsense = |mut connection: Connection| {
        receive(&mut connection).unwrap();
        // A record of application data that no key of this connection has made.
        connection.sock.write_all(&[&[0x17, 0x03, 0x03, 0x00, 0x30][..], &[0; 48]].concat()).unwrap();
        let _ = connection.sock.read(&mut [0; 64]);
    };
    let (client, serving) = dealing(vec![Box::new(nonsense)]);
    let error = client.create_request(&order()).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_unsettled(), "{error:?}");
    serving.join().unwrap();

    // Nonsense in place of a handshake: nothing was sent.
    let unspoken =
        |mut connection: Connection| connection.sock.write_all(&[0x17, 0x03, 0x03, 0x00, 0x01, 0x00]).unwrap();
    let (client, serving) = dealing(vec![Box::new(unspoken)]);
    let error = client.create_request(&order()).unwrap_err();
    assert!(matches!(error, Error::Tls { .. }) && !error.is_unsettled(), "{error:?}");
    serving.join().unwrap();
}

#[test]
fn what_ends_without_the_end_that_tls_gives_it_is_not_whole() {
    let answer = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[]";
    let cut = |mut connection: Connection| {
        receive(&mut connection).unwrap();
        connection.write_all(answer).and_then(|()| connection.flush()).unwrap();
        connection.sock.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = connection.sock.read(&mut [0; 64]);
    };
    let ended = |mut connection: Connection| {
        receive(&mut connection).unwrap();
        connection.write_all(answer).unwrap();
        connection.conn.send_close_notify();
        connection.flush().unwrap();
    };
    // It only reads, so it is asked for twice.
    let (client, serving) = dealing(vec![Box::new(cut), Box::new(cut), Box::new(ended)]);
    let error = client.list_profile_templates().unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert_eq!(client.list_profile_templates().unwrap(), []);
    serving.join().unwrap();
}

#[test]
fn a_connection_whose_end_came_with_an_answer_takes_no_other_call() {
    let (held, hold) = std::sync::mpsc::channel();
    let over = move |mut connection: Connection| {
        answered(&mut connection, true);
        // The network does not tell that it is over.
        held.send(connection).unwrap();
    };
    let next = |mut connection: Connection| answered(&mut connection, false);
    let (client, serving) = dealing(vec![Box::new(over), Box::new(next)]);
    assert_eq!(client.create_request(&order()).unwrap(), ID);
    assert_eq!(client.create_request(&order()).unwrap(), ID);
    serving.join().unwrap();
    drop(hold);
}

#[test]
fn a_call_and_its_repetition_have_the_time_of_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limit = Duration::from_secs(2);
    std::thread::spawn(move || {
        for answer in ["", "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n[]"] {
            let (mut stream, _) = listener.accept().unwrap();
            receive(&mut stream).unwrap();
            std::thread::sleep(limit * 6 / 10);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let client = client_waiting(&url, Trust::Platform, Timeouts { call: limit, ..Timeouts::default() }).unwrap();
    let error = client.list_profile_templates().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[test]
fn anchors_of_which_none_can_be_read_are_refused() {
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let trusting = |pem: String| client_waiting("https://localhost", Trust::Pem(pem.into()), Timeouts::default());
    assert!(matches!(trusting(odd.into()), Err(Error::TrustedCertificates { .. })));
    assert!(trusting(odd.to_owned() + certificates::authority()).is_ok());
}
