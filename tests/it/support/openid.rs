//! An OpenID Connect provider that misbehaves where it is told to: discovery, authorization endpoint, tokens and keys.
//!
//! It keeps to RFC 6749 and 7636 otherwise: a code counts once, and with the verifier of its challenge alone.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use url::Url;

use crate::server::identity::oidc::{Key, key};
use crate::support::{certificates, directory};

pub const CLIENT: &str = "cardwright of the lab";
pub const SECRET: &str = "a secret: of the client+";

/// How the token endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    Well,
    /// With white space that has no end.
    Endless,
    /// Not at all, until the caller gives up.
    Never,
    Status(u16),
    Refusing(&'static str),
}

/// How ID tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    Well,
    Unsigned,
    /// With the public key as if it were a shared secret.
    ByPublicKey,
    ByAnother,
}

/// What the provider does; a test changes it at will.
pub struct Ways {
    /// What the ID token says besides.
    pub person: Value,
    pub bend: fn(&mut Value),
    pub signed: Signed,
    pub tokens: Tokens,
    pub checks_verifiers: bool,
    /// More of the description.
    pub described: Value,
    codes: HashMap<String, HashMap<String, String>>,
    /// All that must be in no log: codes and tokens.
    pub given: Vec<String>,
}

pub struct Provider {
    pub issuer: String,
    directory: TempDir,
    ways: Arc<Mutex<Ways>>,
}

struct Serving {
    issuer: String,
    key: Key,
    other: Key,
    ways: Arc<Mutex<Ways>>,
}

impl Provider {
    pub fn new() -> Self {
        let (trust, config) = certificates::localhost();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let directory = directory::temporary();
        std::fs::write(directory.path().join("tls.pem"), trust).unwrap();
        std::fs::write(directory.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let ways = Arc::new(Mutex::new(Ways {
            person: json!({"sub": "0815", "upn": "vera@example.test"}),
            bend: |_| (),
            signed: Signed::Well,
            tokens: Tokens::Well,
            checks_verifiers: true,
            described: json!({}),
            codes: HashMap::new(),
            given: Vec::new(),
        }));
        let ways_there = Arc::clone(&ways);
        let serving = Serving { issuer: issuer.clone(), key: key("one"), other: key("one"), ways: ways_there };
        let serving = Arc::new(serving);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serving, config) = (Arc::clone(&serving), Arc::clone(&config));
                std::thread::spawn(move || {
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    serving.serve(rustls::StreamOwned::new(connection, stream))
                });
            }
        });
        Self { issuer, directory, ways }
    }

    pub fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings of a server that trusts it, whose pages browsers have at `pages`.
    pub fn settings(&self, pages: &str, more: &str) -> String {
        let own = |file: &str| self.directory.path().join(file).display().to_string();
        format!(
            "\n[identity.session]\n[identity.oidc]\nissuer = {issuer:?}\naudience = [\"urn:calls\"]\njwks_url = \"{issuer}/keys\"\n\
             trust = {:?}\nlink = \"name\"\n[identity.oidc.sign_in]\nclient_id = {CLIENT:?}\npages = {pages:?}\n\
             client_secret_file = {:?}\n{more}\n",
            own("tls.pem"),
            own("secret"),
            issuer = self.issuer,
        )
    }

    /// Has whoever was sent to `address` be known already; gives what the browser goes back with.
    pub fn authorize(&self, address: &str) -> String {
        let asked: HashMap<String, String> = Url::parse(address).unwrap().query_pairs().into_owned().collect();
        for (field, value) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(asked[field], value);
        }
        let code = uuid::Uuid::new_v4().to_string();
        let back = format!("code={code}&state={}", asked["state"]);
        let mut ways = self.ways();
        ways.given.push(code.clone());
        ways.codes.insert(code, asked);
        back
    }
}

impl Serving {
    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut tls: impl Read + Write) {
        let mut reader = BufReader::new(&mut tls);
        let mut head = Vec::new();
        while let Some(line) = reader.by_ref().lines().next().and_then(Result::ok).filter(|line| !line.is_empty()) {
            head.push(line);
        }
        let header = |name: &str| {
            head.iter().find_map(|line| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name)))
        };
        let length = header("content-length").map_or(0, |(_, length)| length.parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
        let tokens = self.ways().tokens;
        let (status, answer) = match (&*path, tokens) {
            ("/.well-known/openid-configuration", _) => (200, self.description()),
            ("/keys", _) => (200, json!({"keys": [self.key.public]})),
            ("/token", Tokens::Never) => {
                let _ = reader.read(&mut [0]);
                return;
            }
            ("/token", Tokens::Endless) => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n".as_slice();
                let mut sent = tls.write_all(head);
                while sent.is_ok() {
                    sent = tls.write_all(&[b' '; 16 * 1024]);
                }
                return;
            }
            ("/token", Tokens::Status(status)) => (status, json!({})),
            ("/token", Tokens::Refusing(error)) => (400, json!({"error": error, "error_description": "<b>no</b>"})),
            ("/token", Tokens::Well) => {
                let form = url::form_urlencoded::parse(&body).into_owned().collect();
                self.tokens(&form, header("authorization").map_or("", |(_, value)| value))
            }
            _ => (404, json!({})),
        };
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
        let _ = tls.write_all(format!("{head}{answer}").as_bytes()).and_then(|()| tls.flush());
    }

    fn description(&self) -> Value {
        let mut told = json!({
            "issuer": self.issuer, "authorization_endpoint": format!("{}/authorize?tenant=lab", self.issuer),
            "token_endpoint": format!("{}/token", self.issuer),
        });
        for (name, value) in self.ways().described.as_object().unwrap() {
            told[name] = value.clone();
        }
        told
    }

    fn tokens(&self, form: &HashMap<String, String>, shown: &str) -> (u16, Value) {
        let spelled = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let known = format!("Basic {}", STANDARD.encode(format!("{}:{}", spelled(CLIENT), spelled(SECRET))));
        let refused = |error: &str| (400, json!({"error": error}));
        if shown != known {
            return refused("invalid_client");
        }
        let mut ways = self.ways();
        // Whatever comes of it, the code is spent.
        let Some(asked) = ways.codes.remove(&form["code"]) else { return refused("invalid_grant") };
        let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
        let proven = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == asked["code_challenge"];
        if form["grant_type"] != "authorization_code" || form["redirect_uri"] != asked["redirect_uri"] {
            return refused("invalid_grant");
        }
        if ways.checks_verifiers && !proven {
            return refused("invalid_grant");
        }
        let access = uuid::Uuid::new_v4().to_string();
        let id_token = self.id_token(&ways, &asked["nonce"], &access);
        ways.given.extend([access.clone(), id_token.clone(), verifier.to_owned()]);
        (200, json!({"token_type": "Bearer", "access_token": access, "id_token": id_token}))
    }

    fn id_token(&self, ways: &Ways, nonce: &str, access: &str) -> String {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let hash = digest(&SHA256, access.as_bytes());
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "azp": CLIENT, "iat": now, "exp": now + 60, "auth_time": now, "nonce": nonce,
            "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]),
        });
        for (name, value) in ways.person.as_object().unwrap() {
            claims[name] = value.clone();
        }
        (ways.bend)(&mut claims);
        let header = |algorithm| Header { kid: Some("one".into()), ..Header::new(algorithm) };
        match ways.signed {
            Signed::Well => encode(&header(Algorithm::RS256), &claims, &self.key.encoding).unwrap(),
            Signed::ByAnother => encode(&header(Algorithm::RS256), &claims, &self.other.encoding).unwrap(),
            Signed::ByPublicKey => {
                let public = self.key.public.to_string();
                encode(&header(Algorithm::HS256), &claims, &EncodingKey::from_secret(public.as_bytes())).unwrap()
            }
            Signed::Unsigned => {
                let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
                format!("{}.{}.", part(json!({"alg": "none", "kid": "one"})), part(claims))
            }
        }
    }
}
