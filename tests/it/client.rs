//! The client against servers that say odd things: one canned reply a connection.

mod mim;
mod tls;

use cardwright::client::{ClientConfig, CmClient, Error, Login, MAX_REPLY, Timeouts, Trust};
use cardwright::cm::request::{CreateRequest, RequestType};
use cardwright::cm::route::Holder;
use cardwright::secret::BearerToken;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x1234);

struct Canned {
    url: Url,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Answers the nth connection by the nth reply and closes it; an empty reply closes at once.
    fn new(replies: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = heard.clone();
        std::thread::spawn(move || {
            for (stream, reply) in listener.incoming().flatten().zip(replies) {
                ears.lock().unwrap().push(hear(&stream));
                let _ = (&stream).write_all(&reply);
            }
        });
        Self { url, heard }
    }

    fn json(status: u16, body: &str) -> Vec<u8> {
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
            .into()
    }

    fn saying(status: u16, body: &str) -> Self {
        Self::new(vec![Self::json(status, body)])
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Head and body of one call.
fn hear(mut stream: &TcpStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        text.push(char::from(byte[0]));
    }
    let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = stream.read_exact(&mut body);
    text + &String::from_utf8(body).unwrap()
}

fn client(url: &Url) -> CmClient {
    try_client(url.as_str(), Trust::Platform).unwrap()
}

fn try_client(url: &str, trust: Trust) -> Result<CmClient, Error> {
    client_waiting(url, trust, Timeouts::default())
}

fn client_waiting(url: &str, trust: Trust, timeouts: Timeouts) -> Result<CmClient, Error> {
    let login = Login::Bearer(BearerToken::new("t0ken-secret\n".into()));
    CmClient::new(ClientConfig { base_url: url.parse().unwrap(), trust, login, timeouts })
}

fn order() -> CreateRequest {
    CreateRequest {
        profile_template: Some(ID),
        data_collection: Vec::new(),
        target: None,
        request_type: RequestType::Enroll,
        comment: String::new(),
        priority: None,
        smartcard: None,
        profile: None,
        terms: None,
    }
}

#[test]
fn a_call_carries_its_token_and_microsofts_path() {
    let canned =
        Canned::saying(201, "\"/CertificateManagement/api/v1.0/requests/00000000-0000-0000-0000-000000001234\"");
    assert_eq!(client(&canned.url).create_request(&order()).unwrap(), ID);
    let heard = &canned.heard()[0];
    assert!(heard.starts_with("POST /CertificateManagement/api/v1.0/requests HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_ascii_lowercase().contains("authorization: bearer t0ken-secret\r\n"), "{heard}");
    assert!(heard.contains("\"type\":\"Enroll\""), "{heard}");
}

#[test]
fn another_virtual_directory_takes_the_defaults_place() {
    let canned = Canned::saying(200, "[]");
    client(&canned.url.join("/certs/").unwrap()).list_profile_templates().unwrap();
    assert!(canned.heard()[0].starts_with("GET /certs/api/v1.0/profiletemplates HTTP/1.1\r\n"));
}

#[test]
fn lists_may_be_empty_in_every_way_there_is() {
    for (status, body) in [(204, ""), (200, ""), (200, "null"), (200, "[]")] {
        let canned = Canned::saying(status, body);
        assert_eq!(client(&canned.url).certificates_of(Holder::Smartcard(ID)).unwrap(), []);
    }
    let canned = Canned::saying(204, "");
    assert_eq!(client(&canned.url).find_smartcard(ID).unwrap(), None);
}

#[test]
fn a_refusal_is_told_with_its_code_and_correlation_id() {
    let id = Uuid::from_u128(9);
    let body = format!("{{\"Message\":\"no\\u001b[2J\",\"Code\":\"forbidden\",\"CorrelationId\":\"{id}\"}}");
    let canned = Canned::saying(403, &body);
    let refused = client(&canned.url).request(ID).unwrap_err();
    assert_eq!(refused.to_string(), format!("the server refused (403, forbidden): no [2J; correlation id {id}"));
    match refused {
        Error::Refused { status: 403, code, message, correlation_id, .. } => {
            assert_eq!((code.as_deref(), correlation_id), (Some("forbidden"), Some(id)));
            assert_eq!(message, "no [2J", "control characters would reach a terminal");
        }
        other => panic!("{other:?}"),
    }
    let canned = Canned::saying(500, "<html>Internal Error</html>");
    let error = client(&canned.url).request(ID).unwrap_err();
    assert!(matches!(error, Error::Refused { status: 500, code: None, .. }) && error.is_unsettled(), "{error:?}");
}

#[test]
fn only_routes_of_our_own_can_be_absent() {
    let absent = "{\"Message\":\"No HTTP resource was found\"}";
    let canned = Canned::saying(404, absent);
    assert!(matches!(client(&canned.url).whoami().unwrap_err(), Error::ExtensionAbsent { .. }));
    let canned = Canned::saying(404, absent);
    assert!(matches!(client(&canned.url).request(ID).unwrap_err(), Error::Refused { status: 404, .. }));
    let canned = Canned::saying(404, "{\"Message\":\"no such card\",\"Code\":\"not-found\"}");
    assert!(matches!(client(&canned.url).admin_key_state(ID).unwrap_err(), Error::Refused { status: 404, .. }));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Canned::saying(200, "[]");
    let reply = format!("HTTP/1.1 307 X\r\nLocation: {}steal\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
    let canned = Canned::new(vec![reply.into()]);
    let error = client(&canned.url).list_profile_templates().unwrap_err();
    assert!(matches!(error, Error::Redirected { status: 307, .. }), "{error:?}");
    assert_eq!(elsewhere.heard(), Vec::<String>::new());
}

#[test]
fn nonsense_is_shown_in_short_unless_it_may_be_secret() {
    let page = format!("<html>{}</html>", "x".repeat(10_000));
    let canned = Canned::saying(200, &page);
    let error = client(&canned.url).request(ID).unwrap_err();
    assert!(matches!(error, Error::Nonsense { status: 200, .. }) && error.to_string().contains("<html>xxx"));
    assert!(error.to_string().len() < 400);
    let canned = Canned::saying(200, "{\"key\":\"c2VjcmV0\"}");
    let error = client(&canned.url).diversified_key(ID, ID, ID, None).err().unwrap();
    assert!(matches!(error, Error::Nonsense { .. }) && !format!("{error:?}").contains("c2Vj"), "{error:?}");
    let canned = Canned::new(vec![b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()]);
    assert!(client(&canned.url).list_profile_templates().is_err());
}

#[test]
fn a_reply_without_end_is_cut() {
    let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", MAX_REPLY + 1);
    let canned = Canned::new(vec![head.into()]);
    assert!(matches!(client(&canned.url).ca_certificate().unwrap_err(), Error::TooLarge { .. }));
    let mut endless = b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n".to_vec();
    endless.resize(endless.len() + usize::try_from(MAX_REPLY).unwrap() + 1, b'a');
    let canned = Canned::new(vec![endless]);
    assert!(matches!(client(&canned.url).ca_certificate().unwrap_err(), Error::TooLarge { .. }));
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let short = Timeouts { call: Duration::from_millis(700), ..Timeouts::default() };
    let begun = Instant::now();
    let error = client_waiting(&url, Trust::Platform, short).unwrap().list_profile_templates().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    assert!(begun.elapsed() < Timeouts::default().call, "a read is repeated once");
}

#[test]
fn a_broken_read_is_repeated_once_and_a_broken_change_never() {
    let canned = Canned::new(vec![Vec::new(), Canned::json(200, "[]")]);
    client(&canned.url).list_profile_templates().unwrap();
    assert_eq!(canned.heard().len(), 2);
    let canned = Canned::new(vec![Vec::new(), Canned::json(201, &format!("\"api/v1.0/requests/{ID}\""))]);
    let error = client(&canned.url).create_request(&order()).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_unsettled(), "{error:?}");
    assert_eq!(canned.heard().len(), 1);
}

#[test]
fn a_token_never_crosses_plain_http() {
    for url in ["http://ca.example.test", "http://127.0.0.1.example.test", "http://[2001:db8::1]"] {
        assert!(matches!(try_client(url, Trust::Platform), Err(Error::PlainHttp { .. })), "{url}");
    }
    for url in ["ftp://localhost", "https://user:word@localhost", "https://localhost/?a=b"] {
        assert!(matches!(try_client(url, Trust::Platform), Err(Error::Address { .. })), "{url}");
    }
    for url in ["http://localhost:1", "http://[::1]:1", "https://ca.example.test"] {
        assert!(try_client(url, Trust::Platform).is_ok(), "{url}");
    }
}

#[test]
fn a_server_that_speaks_no_tls_gets_no_token() {
    let pem = super::support::certificates::authority().as_bytes().to_vec();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read(&mut [0; 1024]);
    });
    let error = try_client(&url, Trust::Pem(pem)).unwrap().list_profile_templates().unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    let refused = try_client(&url, Trust::Pem(b"no certificate".to_vec()));
    assert!(matches!(refused, Err(Error::TrustedCertificates { .. })));
}
