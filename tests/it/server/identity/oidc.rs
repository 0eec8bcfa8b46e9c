//! Access tokens of an issuer: keys over HTTPS, rotation, and every claim that can be wrong.

use super::{Lab, append, lab, restart, whoami};
use crate::support::certificates;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cardwright::server::{self, Server, StartError, UserChange};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use time::OffsetDateTime;

const ISSUER: &str = "http://adfs.example.test/adfs/services/trust";
const AUDIENCE: &str = "https://cm.example.test/certificatemanagement";
const CLIENT: &str = "70A8B8B1-862C-4473-80AB-4E55BAE45B4F";

/// An issuer's signing key, made by openssl.
pub struct Key {
    pub id: String,
    pub encoding: EncodingKey,
    pub public: Value,
}

pub fn key(id: &str) -> Key {
    let made = Command::new("openssl")
        .args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .unwrap();
    let made = if made.status.success() {
        made
    } else {
        Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
            .output()
            .unwrap()
    };
    let encoding = EncodingKey::from_rsa_pem(&made.stdout).unwrap();
    let mut public = serde_json::to_value(Jwk::from_encoding_key(&encoding, Algorithm::RS256).unwrap()).unwrap();
    public["kid"] = json!(id);
    public["use"] = json!("sig");
    Key { id: id.into(), encoding, public }
}

/// An issuer: an HTTPS server of its own that gives out what it is told to.
pub struct Issuer {
    url: String,
    trust: String,
    keys: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    pub fn new(keys: &[&Key]) -> Self {
        let (trust, config) = certificates::localhost();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/adfs/discovery/keys", listener.local_addr().unwrap().port());
        let issuer = Self { url, trust, keys: Arc::default(), asked: Arc::default() };
        issuer.gives(keys);
        let (answers, asked) = (Arc::clone(&issuer.keys), Arc::clone(&issuer.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut tls = rustls::StreamOwned::new(connection, stream);
                let mut request = [0; 4096];
                if tls.read(&mut request).is_ok() {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let body = answers.lock().unwrap().clone();
                    let head =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                    let _ = tls.write_all(format!("{head}{body}").as_bytes()).and_then(|()| tls.flush());
                }
            }
        });
        issuer
    }

    /// From now on these are its keys, with some of kinds nobody knows or wants among them.
    fn gives(&self, keys: &[&Key]) {
        let shared = json!({"kty": "oct", "kid": "shared", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode([7; 32])});
        let mut all = vec![json!({"kty": "LEMON", "kid": "odd"}), json!(7), shared];
        all.extend(keys.iter().map(|key| key.public.clone()));
        *self.keys.lock().unwrap() = json!({"keys": all}).to_string();
    }

    /// From now on they come with so much white space that they have this length, in bytes.
    pub fn pads(&self, length: usize) {
        let mut keys = self.keys.lock().unwrap();
        let more = length - keys.len();
        keys.push_str(&" ".repeat(more));
    }

    /// Keeps it from answering.
    pub fn holds(&self) -> MutexGuard<'_, String> {
        self.keys.lock().unwrap()
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn settings(&self, lab: &Lab, more: &str) -> String {
        std::fs::write(lab.data().join("issuer.pem"), &self.trust).unwrap();
        // Where an issuer makes no accounts, these tests have its names find those there are.
        let linked = more.contains("link =") || more.contains("create_users = true");
        let link = if linked { "" } else { "link = \"name\"\n" };
        format!(
            "[identity.oidc]\nissuer = \"{ISSUER}\"\naudience = [\"{AUDIENCE}\"]\njwks_url = \"{}\"\n\
             trust = \"issuer.pem\"\n{link}{more}\n",
            self.url
        )
    }
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

pub fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "iat": now(), "nbf": now(), "exp": now() + 300, "appid": CLIENT,
        "upn": "Alice@Example.TEST", "winaccountname": "EXAMPLE\\alice", "sub": "0815", "group": "staff",
        "email": "alice@mail.test", "sid": "S-1-5-21-1-2-3-1104",
    })
}

pub fn token(key: &Key, claims: &Value) -> String {
    let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &key.encoding).unwrap()
}

/// A lab that trusts a new issuer with this key.
fn trusting(key: &Key, more: &str) -> (Lab, Issuer) {
    let issuer = Issuer::new(&[key]);
    let mut lab = lab(true, "");
    let settings = issuer.settings(&lab, more);
    restart(&mut lab, &settings);
    (lab, issuer)
}

#[test]
fn a_token_of_the_issuer_stands_for_the_known_user_it_speaks_of() {
    let key = key("one");
    let (lab, issuer) = trusting(&key, "");
    lab.user("alice", &["local"]);
    let good = token(&key, &claims());
    let alice = whoami(&lab, &good).ok();
    assert_eq!((alice["Name"].as_str(), &alice["Groups"]), (Some("alice"), &json!(["local"])));
    whoami(&lab, &good).ok();
    assert_eq!(issuer.asked(), 1, "keys are kept");
    // The thumbprint names the key as well; the audience may be one of several.
    let header = Header { x5t: Some("one".into()), ..Header::new(Algorithm::RS256) };
    let mut several = claims();
    several["aud"] = json!(["urn:other", AUDIENCE]);
    whoami(&lab, &encode(&header, &several, &key.encoding).unwrap()).ok();
    let mut stranger = claims();
    stranger["upn"] = json!("mallory@example.test");
    stranger["sub"] = json!("0816");
    assert_eq!(whoami(&lab, &token(&key, &stranger)).refusal(), (403, "user-unknown".into()));
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    server::user_change(&lab.data(), "alice", disabled).unwrap();
    assert_eq!(whoami(&lab, &good).refusal(), (403, "user-disabled".into()));
}

#[test]
fn every_claim_that_is_wrong_is_refused() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, &format!("clients = [\"{CLIENT}\"]\ndomains = [\"example.test\"]"));
    lab.user("alice", &[]);
    whoami(&lab, &token(&key, &claims())).ok();
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        token(&key, &claims)
    };
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        token(&key, &claims)
    };
    whoami(&lab, &with("exp", json!(now() - 30))).ok();
    assert_eq!(whoami(&lab, &with("exp", json!(now() - 90))).refusal(), (401, "token-expired".into()));
    for (what, bad) in [
        ("another issuer", with("iss", json!("http://adfs.example.test/adfs/services/trust/"))),
        ("a list of issuers", with("iss", json!([ISSUER]))),
        ("a list with others", with("iss", json!([ISSUER, "urn:other"]))),
        ("no issuer", without("iss")),
        ("another audience", with("aud", json!(AUDIENCE.to_uppercase()))),
        ("no audience", without("aud")),
        ("no end", without("exp")),
        ("not yet", with("nbf", json!(now() + 90))),
        ("from the future", with("iat", json!(now() + 90))),
        ("issued at a word", with("iat", json!("today"))),
        ("another client", with("appid", json!("somebody"))),
        ("no client", without("appid")),
        ("no user", without("upn")),
        ("a user of control characters", with("upn", json!("ali\u{0}ce@example.test"))),
        ("a user that is a number", with("upn", json!(7))),
        ("a user without a name", with("upn", json!(""))),
        ("a user of a long name", with("upn", json!(format!("{}@example.test", "a".repeat(300))))),
    ] {
        assert_eq!(whoami(&lab, &bad).refusal(), (401, "not-authenticated".into()), "{what}");
    }
    let elsewhere = with("upn", json!("alice@example.test.evil"));
    assert_eq!(whoami(&lab, &elsewhere).refusal(), (403, "user-unknown".into()));
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let (one, other) = (key("one"), key("other"));
    let (lab, _issuer) = trusting(&one, "");
    lab.user("alice", &[]);
    let good = token(&one, &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let header = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let shared = EncodingKey::from_secret(&[7; 32]);
    let by_shared = Header { kid: Some("shared".into()), ..Header::new(Algorithm::HS256) };
    let critical = json!({"alg": "RS256", "kid": "one", "crit": ["exp"]});
    for (what, bad) in [
        ("another key of that id", token(&Key { id: "one".into(), ..other }, &claims())),
        ("no algorithm", format!("{}.{}.", header(json!({"alg": "none", "kid": "one"})), parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("a shared secret that the set gives out", encode(&by_shared, &claims(), &shared).unwrap()),
        ("something critical", format!("{}.{}.{}", header(critical), parts[1], parts[2])),
        ("no key id", encode(&Header::new(Algorithm::RS256), &claims(), &one.encoding).unwrap()),
        ("an algorithm that is not listed", {
            let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::RS512) };
            encode(&header, &claims(), &one.encoding).unwrap()
        }),
        ("other claims", format!("{}.{}.{}", parts[0], header(json!({"upn": "alice@example.test"})), parts[2])),
        ("dots", "a.b.c".into()),
        ("dots alone", "..".into()),
    ] {
        assert_eq!(whoami(&lab, &bad).refusal(), (401, "not-authenticated".into()), "{what}");
    }
    whoami(&lab, &good).ok();
}

/// A token of this type; `None`: without one.
fn typed(key: &Key, typ: Option<&str>) -> String {
    let header = Header { kid: Some(key.id.clone()), typ: typ.map(str::to_owned), ..Header::new(Algorithm::RS256) };
    encode(&header, &claims(), &key.encoding).unwrap()
}

#[test]
fn a_token_for_something_else_is_no_access_token() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "");
    lab.user("alice", &[]);
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt", "Application/AT+JWT"] {
        whoami(&lab, &typed(&key, Some(typ))).ok();
    }
    for typ in [Some("logout+jwt"), Some("secevent+jwt"), Some("application:at+jwt"), Some(""), None] {
        let refused = whoami(&lab, &typed(&key, typ)).refusal();
        assert_eq!(refused, (401, "not-authenticated".into()), "{typ:?}");
    }
    let (lab, _issuer) = trusting(&key, "types = [\"at+jwt\"]");
    lab.user("alice", &[]);
    whoami(&lab, &typed(&key, Some("at+jwt"))).ok();
    assert_eq!(whoami(&lab, &typed(&key, Some("JWT"))).status, 401);
}

/// A key on a curve, made by openssl.
fn curve(id: &str) -> Key {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .output()
        .unwrap();
    let encoding = EncodingKey::from_ec_pem(&made.stdout).unwrap();
    let mut public = serde_json::to_value(Jwk::from_encoding_key(&encoding, Algorithm::ES256).unwrap()).unwrap();
    public["kid"] = json!(id);
    public["use"] = json!("sig");
    Key { id: id.into(), encoding, public }
}

#[test]
fn keys_of_several_families_stand_in_one_set() {
    let (rsa, twin, other) = (key("one"), curve("one"), curve("other"));
    let issuer = Issuer::new(&[&rsa, &twin, &other]);
    let mut lab = lab(true, "");
    let settings = issuer.settings(&lab, "algorithms = [\"RS256\", \"ES256\"]");
    restart(&mut lab, &settings);
    lab.user("alice", &[]);
    whoami(&lab, &token(&rsa, &claims())).ok();
    for key in [&twin, &other] {
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::ES256) };
        whoami(&lab, &encode(&header, &claims(), &key.encoding).unwrap()).ok();
    }
}

#[test]
fn the_issuers_keys_may_change_and_are_asked_for_so_often() {
    let (old, new) = (key("old"), key("new"));
    let (lab, issuer) = trusting(&old, "refetch_seconds = 0");
    lab.user("alice", &[]);
    whoami(&lab, &token(&old, &claims())).ok();
    issuer.gives(&[&new]);
    whoami(&lab, &token(&new, &claims())).ok();
    assert_eq!(whoami(&lab, &token(&old, &claims())).refusal(), (401, "not-authenticated".into()), "withdrawn");
    let (lab, issuer) = trusting(&old, "refetch_seconds = 600");
    lab.user("alice", &[]);
    whoami(&lab, &token(&old, &claims())).ok();
    for _ in 0..5 {
        assert_eq!(whoami(&lab, &token(&new, &claims())).status, 401);
    }
    assert_eq!(issuer.asked(), 1, "a stranger's key id does not make the server ask");
    whoami(&lab, &token(&old, &claims())).ok();
}

#[test]
fn an_issuer_that_cannot_prove_itself_is_not_believed() {
    let (one, two) = (key("one"), key("two"));
    let (issuer, other) = (Issuer::new(&[&one]), Issuer::new(&[&two]));
    let mut lab = lab(true, "");
    let settings = issuer.settings(&lab, "");
    std::fs::write(lab.data().join("issuer.pem"), &other.trust).unwrap();
    restart(&mut lab, &settings);
    lab.user("alice", &[]);
    assert_eq!(whoami(&lab, &token(&one, &claims())).refusal(), (401, "not-authenticated".into()));
    assert_eq!(issuer.asked(), 0, "nothing was sent over a connection with the wrong certificate");
}

#[test]
fn people_are_added_at_first_sight_where_that_is_wanted() {
    let key = key("one");
    let more = "create_users = true\ngroups_claim = \"group\"\nupn_claim = \"upn\"\nemail_claim = \"email\"\n\
                sid_claim = \"sid\"\nuser_claim = \"winaccountname\"\nuser_by = \"local-part\"\ndomains = [\"example\"]";
    let (lab, _issuer) = trusting(&key, more);
    let first = whoami(&lab, &token(&key, &claims())).ok();
    assert_eq!((first["Name"].as_str(), &first["Groups"]), (Some("alice"), &json!(["staff"])));
    let mut moved = claims();
    moved["group"] = json!(["desk", "staff", 7, "bad\u{7}"]);
    let second = whoami(&lab, &token(&key, &moved)).ok();
    assert_eq!((&second["Uuid"], &second["Groups"]), (&first["Uuid"], &json!(["desk", "staff"])));
    let user = server::user_list(&lab.data()).unwrap().pop().unwrap();
    assert_eq!(user.upn.as_deref(), Some("Alice@Example.TEST"));
    assert_eq!(user.email.as_deref(), Some("alice@mail.test"));
    assert_eq!(user.sid.as_deref(), Some("S-1-5-21-1-2-3-1104"));
    let mut elsewhere = claims();
    elsewhere["winaccountname"] = json!("OTHER\\alice");
    assert_eq!(whoami(&lab, &token(&key, &elsewhere)).refusal(), (403, "user-unknown".into()));
    assert_eq!(server::user_list(&lab.data()).unwrap().len(), 1);
}

#[test]
fn settings_that_would_let_everybody_in_stop_the_server() {
    let issuer = Issuer::new(&[]);
    for (from, to) in [
        ("https://localhost", "http://localhost"),
        (ISSUER, ""),
        ("trust = \"issuer.pem\"", "trust = \"nowhere.pem\""),
        ("trust = \"issuer.pem\"", "trust = \"server.toml\""),
        ("trust = \"issuer.pem\"", "algorithms = [\"HS256\"]"),
        ("trust = \"issuer.pem\"", "algorithms = []"),
        ("trust = \"issuer.pem\"", "user_by = \"local-part\""),
    ] {
        let mut lab = lab(true, "");
        lab.stop();
        let settings = issuer.settings(&lab, "").replacen(from, to, 1);
        append(&lab, &settings);
        assert!(matches!(Server::start(lab.config()), Err(StartError::Identity(_))), "{to}");
    }
    let mut lab = lab(true, "");
    lab.stop();
    append(&lab, &issuer.settings(&lab, "algorithms = [\"none\"]"));
    assert!(matches!(Server::start(lab.config()), Err(StartError::Settings(_))));
}
