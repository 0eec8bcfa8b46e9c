//! Tickets that are bound to the TLS connection (RFC 5929, 4): whoever reads one there can show it nowhere else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use cardwright::gssapi::Acceptor;
use cardwright::pkix::{Certificate, server_end_point};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;

use super::kerberos::{named, site_that_says};
use crate::reader::{PATIENCE, alone};
use crate::support::by_hand::receive;
use crate::support::certificates::{self, Connection, accepted};
use crate::support::kerberos::Realm;
use crate::support::program::{Ended, end};
use crate::support::site::{API, Site};

/// Is more often than the program connects before it gives up.
const MOST_CONNECTIONS: usize = 30;

/// Stands between callers and a site until the process ends: ends TLS with a certificate of its own (PEM), and passes on what
/// comes. Returns its origin.
fn between(site: &Site) -> (String, String) {
    let (pem, config) = certificates::localhost();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let behind: SocketAddr = site.origin.strip_prefix("https://").unwrap().parse().unwrap();
    let anchors = std::fs::read(site.ca_file()).unwrap();
    std::thread::spawn(move || {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&anchors).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let calling = rustls::ClientConfig::builder_with_provider(provider);
        let calling = calling.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let calling = tokio_rustls::TlsConnector::from(Arc::new(calling.with_no_client_auth()));
        let serving = tokio_rustls::TlsAcceptor::from(config);
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (caller, _) = listener.accept().await.unwrap();
                let (calling, serving) = (calling.clone(), serving.clone());
                tokio::spawn(async move {
                    let mut caller = serving.accept(caller).await.ok()?;
                    let site = tokio::net::TcpStream::connect(behind).await.ok()?;
                    let mut site = calling.connect(ServerName::try_from("localhost").unwrap(), site).await.ok()?;
                    tokio::io::copy_bidirectional(&mut caller, &mut site).await.ok()
                });
            }
        });
    });
    (origin, pem)
}

/// The program asks a server for its requests, by alice's ticket.
fn list(realm: &Realm, site: &Site, (server, trusted): (&str, &str)) -> Ended {
    let trusted = site.program.write("trusted.pem", trusted);
    let mut list = site.program.client(["--json", "request", "list", "--negotiate", "--server", server]);
    list.env("CARDWRIGHT_CA_FILE", trusted).envs(realm.variables());
    end(&mut list)
}

#[test]
fn a_ticket_is_of_no_use_over_another_connection() {
    let realm = Realm::new("LAB.TEST");
    realm.log_in("alice", "1h");
    // What this program shows is bound, what curl shows is not.
    for (setting, ours_between, theirs, theirs_between) in
        [("checked", false, 204, 204), ("required", false, 401, 401), ("ignored", true, 204, 204)]
    {
        let mut site = site_that_says(&realm, &format!("channel_binding = \"{setting}\"\n"));
        let (origin, pem) = between(&site);
        let trusted = std::fs::read_to_string(site.ca_file()).unwrap() + &pem;
        assert_eq!(list(&realm, &site, (&named(&site), &trusted)).done(), json!([]), "{setting}");
        let passed_on = list(&realm, &site, (&origin, &trusted));
        match ours_between {
            true => assert_eq!(passed_on.done(), json!([])),
            false => assert_ne!(passed_on.refused(6, "ticket-refused").remedy, ""),
        }
        let file = site.program.write("all.pem", &trusted);
        let curl = |origin: &str| {
            let url = format!("{origin}{API}/requests");
            let done = realm.curl(&["--cacert", &file, "--write-out", "\n%{http_code}", &url]);
            let told = String::from_utf8(done.stdout).unwrap();
            assert!(String::from_utf8_lossy(&done.stderr).contains("Authorization: Negotiate "));
            told.rsplit_once('\n').unwrap().1.parse::<u16>().unwrap()
        };
        assert_eq!((curl(&named(&site)), curl(&origin)), (theirs, theirs_between), "{setting}");
        let log = site.log();
        assert_eq!(log.contains("for a TLS connection with another certificate"), setting != "ignored", "{log}");
        assert_eq!(log.contains("not bound to the TLS connection"), setting == "required", "{log}");
        site.stop_server();
    }
}

/// Receives the next call over a connection, or over another one to the same server (`anew`): a busy machine may take longer to get a
/// ticket than a client keeps what is idle.
fn receive_next(connection: &mut Connection, anew: impl FnOnce() -> Connection) -> String {
    let received = receive(connection).or_else(|_| {
        *connection = anew();
        receive(connection)
    });
    received.unwrap().0
}

/// Answers the next call over a connection; `answer` is given the ticket that it has shown.
fn answer(connection: &mut Connection, anew: impl FnOnce() -> Connection, answer: impl FnOnce(&str) -> String) {
    let head = receive_next(connection, anew);
    assert!(!head.to_lowercase().contains("\r\ncookie:"), "{head}");
    let lines = head.lines().map(|line| line.split_once(": ").unwrap_or_default());
    let mut shown = lines.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let answer = answer(shown.next().map_or("", |(_, value)| value.strip_prefix("Negotiate ").unwrap()));
    connection.write_all(answer.as_bytes()).and_then(|()| connection.flush()).unwrap();
}

/// Whoever takes over from a server, or has come in between, is shown nothing that was meant for another.
#[test]
fn a_server_with_another_certificate_is_sent_nothing_before_there_is_another_ticket() {
    let realm = Realm::new("LAB.TEST");
    realm.log_in("alice", "1h");
    let site = Site::new();
    let [(first, first_tls), (second, second_tls)] = [(); 2].map(|()| certificates::localhost());
    let channel = server_end_point(Certificate::from_pem(&second).unwrap().der());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let text = |path: std::path::PathBuf| path.display().to_string();
    let acceptor = Acceptor::open(&text(realm.keytab()), &text(realm.path("replays"))).unwrap();
    let serving = std::thread::spawn(move || {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n";
        let connect = |config: &Arc<rustls::ServerConfig>| accepted(&listener, config);
        let mut before = connect(&first_tls);
        answer(
            &mut before,
            || panic!("it asked nothing"),
            |ticket| {
                assert_eq!(ticket, "", "what asks for the certificate says nothing of the caller");
                format!("{refusal}Set-Cookie: session=of-the-first; Path=/\r\nConnection: close\r\n\r\n")
            },
        );
        drop(before);
        let mut sent = Vec::new();
        let ended = connect(&second_tls).read_to_end(&mut sent);
        assert!(sent.is_empty(), "{ended:?}: {}", String::from_utf8_lossy(&sent));
        let mut after = connect(&second_tls);
        answer(
            &mut after,
            || panic!("it asked nothing"),
            |ticket| {
                assert_eq!(ticket, "");
                format!("{refusal}\r\n")
            },
        );
        answer(
            &mut after,
            || connect(&second_tls),
            |ticket| {
                let accepted = acceptor.accept(&STANDARD.decode(ticket).unwrap(), Some(&channel)).unwrap();
                assert_eq!((accepted.principal.as_str(), accepted.is_bound), ("alice@LAB.TEST", true));
                let proof = STANDARD.encode(accepted.proof);
                format!(
                    "HTTP/1.1 200 OK\r\nWWW-Authenticate: Negotiate {proof}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
                )
            },
        );
    });
    assert_eq!(list(&realm, &site, (&server, &(first + &second))).done(), json!([]));
    serving.join().unwrap();
}

#[test]
fn a_server_that_never_shows_one_certificate_twice_is_shown_no_ticket() {
    let realm = Realm::new("LAB.TEST");
    realm.log_in("alice", "1h");
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let all: Vec<_> = (0..MOST_CONNECTIONS).map(|_| certificates::localhost()).collect();
    let trusted: String = all.iter().map(|(pem, _)| pem.as_str()).collect();
    let (heard, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for (_, config) in all {
            let mut connection = accepted(&listener, &config);
            let mut sent = [0; 4096];
            let length = connection.read(&mut sent).unwrap_or_default();
            heard.send(String::from_utf8_lossy(&sent[..length]).to_lowercase()).unwrap();
            let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = connection.write_all(refusal.as_bytes());
        }
    });
    let refused = list(&realm, &site, (&server, &trusted)).refused(5, "server-not-trusted");
    assert!(refused.causes.contains("another certificate than before"), "{refused:?}");
    let heard: Vec<String> = told.try_iter().collect();
    assert!(heard.len() > 2 && heard.iter().any(|call| call.starts_with("get ")), "{heard:?}");
    assert!(heard.iter().all(|call| !call.contains("authorization")), "{heard:?}");
}

/// Somebody in between, with a certificate that is trusted, who has the server itself answer one of two calls of one client and holds
/// what comes over to him: what he is shown is bound to his own certificate, and the other call has no cookie of his.
#[test]
fn a_ticket_of_one_call_is_bound_to_its_own_connection_whatever_another_call_meets() {
    const NAME: &str =
        "whole::binding::a_ticket_of_one_call_is_bound_to_its_own_connection_whatever_another_call_meets";
    alone(NAME, || {
        let realm = Realm::new("LAB.TEST");
        realm.log_in("alice", "1h");
        // SAFETY: nothing else runs in this process yet.
        realm.variables().iter().for_each(|(name, value)| unsafe { std::env::set_var(name, value) });
        let [(own, own_tls), (between, between_tls)] = [(); 2].map(|()| certificates::localhost());
        let channel = |pem: &str| server_end_point(Certificate::from_pem(pem).unwrap().der());
        let (of_own, of_between) = (channel(&own), channel(&between));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = CmClient::new(ClientConfig {
            base_url: format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap(),
            trust: Trust::Pem((own + &between).into()),
            login: Login::Negotiate,
            timeouts: Timeouts { connect: PATIENCE, call: PATIENCE },
        });
        let client = client.unwrap();
        let acceptor =
            Acceptor::open(&realm.keytab().display().to_string(), &realm.path("replays").display().to_string());
        let acceptor = acceptor.unwrap();
        let accept = |config: &Arc<rustls::ServerConfig>| accepted(&listener, config);
        let refusal =
            |more: &str| format!("HTTP/1.1 401 X\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n{more}\r\n");
        let shown = |ticket: &str, channel: &[u8]| {
            let accepted = acceptor.accept(&STANDARD.decode(ticket).unwrap(), Some(channel)).unwrap();
            assert!(accepted.is_bound, "a ticket for whoever has it");
            let proof = STANDARD.encode(accepted.proof);
            let head =
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 2\r\nWWW-Authenticate: Negotiate";
            format!("{head} {proof}\r\n\r\n[]")
        };
        std::thread::scope(|scope| {
            let call = || scope.spawn(|| client.list_profile_templates().unwrap());
            let first = call();
            let mut held = accept(&between_tls);
            let (head, _) = receive(&mut held).unwrap();
            assert!(!head.to_lowercase().contains("authorization"), "{head}");
            let second = call();
            let mut sent = Vec::new();
            let ended = accept(&own_tls).read_to_end(&mut sent);
            assert!(sent.is_empty(), "{ended:?}: {}", String::from_utf8_lossy(&sent));
            // The second call begins anew, and waits for the server.
            let mut other = accept(&own_tls);
            held.write_all(refusal("Set-Cookie: session=of-the-first; Path=/\r\n").as_bytes()).unwrap();
            held.flush().unwrap();
            let head = receive_next(&mut held, || accept(&between_tls));
            let ticket =
                head.lines().find_map(|line| line.split_once("Negotiate ")).map(|(_, ticket)| ticket.to_owned());
            held.write_all(shown(&ticket.unwrap(), &of_between).as_bytes()).and_then(|()| held.flush()).unwrap();
            answer(
                &mut other,
                || panic!("it asked nothing"),
                |ticket| {
                    assert_eq!(ticket, "");
                    refusal("")
                },
            );
            answer(&mut other, || accept(&own_tls), |ticket| shown(ticket, &of_own));
            assert_eq!((first.join().unwrap(), second.join().unwrap()), (vec![], vec![]));
        });
    });
}
