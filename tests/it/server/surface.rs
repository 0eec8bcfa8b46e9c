//! What all paths have in common: spellings, verbs, virtual directory, and being switched off.

use super::support::{API, EXTENSION, Lab, Person};
use cardwright::cm::route::{DECLARATIONS, Declaration, Method};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use uuid::Uuid;

/// MIM's documented codes, and those of the extension.
const CODES: [u16; 9] = [200, 201, 204, 400, 403, 404, 409, 415, 500];

fn changed(lab: &mut Lab, add: &str) {
    lab.stop();
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n{add}")).unwrap();
    lab.start();
}

/// A path of the pattern that names these objects.
fn filled(pattern: &str, lab: &Lab, request: &str, smartcard: &str) -> String {
    let path = pattern.replace("{template}", &lab.template.to_string()).replace("{workflow}", "enroll");
    let path = path.replace("{request}", request).replace("{smartcard}", smartcard);
    path.split('/')
        .map(|part| if part.starts_with('{') { Uuid::nil().to_string() } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("/")
}

fn spellings(path: &str) -> Vec<String> {
    let encoded = path.replacen('a', "%61", 1);
    let of_fixed_parts = |change: fn(&str) -> String| change(path);
    vec![
        format!("/CertificateManagement/{path}"),
        format!("/certificatemanagement/{path}"),
        format!("/CertificateManagement/{path}/"),
        format!("/CERTIFICATEMANAGEMENT/{}", of_fixed_parts(|path| path.to_ascii_uppercase())),
        format!("/CertificateManagement/{encoded}"),
        format!("/{path}"),
    ]
}

fn query(declaration: &Declaration, card_id: Uuid) -> String {
    let values = [
        ("cardid", card_id.to_string()),
        ("challenge", "AQIDBAUGBwg%3D".into()),
        ("diversified", "true".into()),
        ("name", "alice".into()),
    ];
    let named = declaration.parameters.iter().filter(|(_, required)| *required);
    let pairs: Vec<String> = named
        .filter_map(|(name, _)| values.iter().find(|(known, _)| known == name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

#[test]
fn every_spelling_of_every_route_is_answered_alike_to_everybody() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let others =
        [lab.user("stranger", &[]), lab.user("operator", &["operators"]), lab.user("approver", &["approvers"])];
    let card = lab.enrolled(&alice);
    // The one call after which a caller's credentials are no longer the same is asked elsewhere.
    let ends = |declaration: &&Declaration| declaration.patterns[0].ends_with("/token/revoke");
    for declaration in DECLARATIONS.iter().filter(|declaration| !ends(declaration)) {
        let verb = declaration.method.name();
        // A body without sense: nothing changes, whoever sends it.
        let body = (declaration.method != Method::Get).then(|| json!([]));
        for who in [None, Some(&alice)].into_iter().chain(others.iter().map(Some)) {
            let token = who.map(|who| who.token.as_str());
            let mut first = None;
            for pattern in declaration.patterns {
                let path = filled(pattern, &lab, &card.request, &card.smartcard);
                for path in spellings(&path) {
                    let path = path + &query(declaration, card.card_id);
                    let answer = lab.call(token, verb, &path, body.as_ref());
                    let words = String::from_utf8_lossy(&answer.bytes).into_owned();
                    let expected = *first.get_or_insert(answer.status);
                    assert_eq!(answer.status, expected, "{verb} {path}: {words}");
                    // Who makes a bearer token has none to show.
                    let open = declaration.patterns[0].ends_with("/token/activate");
                    let known = if who.is_none() && !open { expected == 401 } else { CODES.contains(&expected) };
                    assert!(known && expected != 500, "{verb} {path}: {expected} {words}");
                }
            }
        }
    }
}

#[test]
fn head_is_get_without_the_body_and_options_tells_the_verbs() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let token = Some(alice.token.as_str());
    for path in
        [format!("{API}/profiletemplates"), format!("{EXTENSION}/whoami"), "/pki/ca.cer".into(), "/openapi.json".into()]
    {
        let (get, head) = (lab.call(token, "GET", &path, None), lab.call(token, "HEAD", &path, None));
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        for header in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.headers.get(header), get.headers.get(header), "{path} {header}");
        }
    }
    assert_eq!(lab.call(None, "HEAD", &format!("{API}/requests"), None).status, 401);
    assert_eq!(lab.call(token, "HEAD", &format!("{API}/requests/{}", Uuid::new_v4()), None).status, 404);
    let allowed = |path: &str| {
        let answer = lab.call(None, "OPTIONS", path, None);
        (answer.status, answer.headers.get("allow").map(|allow| allow.to_str().unwrap().to_owned()))
    };
    assert_eq!(allowed(&format!("{API}/requests")), (204, Some("POST, GET, HEAD, OPTIONS".into())));
    assert_eq!(allowed(&format!("{API}/requests/{}", Uuid::nil())), (204, Some("GET, PUT, HEAD, OPTIONS".into())));
    assert_eq!(allowed("/pki/ca.crl"), (204, Some("GET, HEAD, OPTIONS".into())));
    assert_eq!(allowed(&format!("{API}/nothing")).0, 404);
    for verb in ["DELETE", "PATCH", "TRACE", "BREW"] {
        let answer = lab.call(token, verb, &format!("{API}/certificates"), None);
        assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS");
        assert_eq!(answer.refusal(), (405, "wrong-method".into()), "{verb}");
    }
}

#[test]
fn odd_paths_and_queries_are_refused_clearly() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let cases = [
        (format!("{API}//requests"), 404),
        (format!("{API}/../v1.0/requests"), 404),
        (format!("{API}/./requests"), 404),
        (format!("{API}/%2e%2e/v1.0/requests"), 404),
        (format!("{API}/requests%2F{}", Uuid::nil()), 404),
        (format!("{API}/requests/%00"), 400),
        (format!("{API}/requests/%zz"), 400),
        (format!("{API}/requests/%FF"), 404),
        (format!("{API}{}", "/x".repeat(3000)), 404),
        (format!("{API}/requests/{}", "9".repeat(6000)), 400),
        (format!("{API}/requests?status=Approved&status=Pending"), 400),
        (format!("{API}/requests?unknown=1&unknown=2"), 204),
        (format!("/CertificateManagement{API}/requests"), 404),
        (format!("/Other{}/requests", "/api/v1.0"), 404),
    ];
    for (path, expected) in cases {
        assert_eq!(lab.get(&alice, &path).status, expected, "{}", &path[..path.len().min(100)]);
    }
    // A body where none belongs, and an Accept that cannot be met, disturb nobody.
    let body = lab.call(Some(&alice.token), "GET", &format!("{EXTENSION}/whoami"), Some(&json!({"x": 1})));
    assert_eq!(body.status, 200);
    let mut stream = TcpStream::connect(lab.server.as_ref().unwrap().addr).unwrap();
    let whoami = format!(
        "GET {EXTENSION}/whoami HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        alice.token
    );
    stream.write_all(whoami.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("application/json"), "{answer}");
    let mut stream = TcpStream::connect(lab.server.as_ref().unwrap().addr).unwrap();
    stream.write_all(format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(40_000)).as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
}

fn statuses(lab: &Lab, person: &Person, paths: &[&str]) -> Vec<u16> {
    paths.iter().map(|path| lab.get(person, path).status).collect()
}

#[test]
fn the_calls_may_be_switched_off_or_stand_elsewhere() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    changed(&mut lab, "[api]\nvirtual_directory = \"Cards\"\n");
    let paths = ["/cards/api/v1.0/requests", "/Cards/api/cardwright/v1/whoami", "/api/v1.0/requests"];
    assert_eq!(statuses(&lab, &alice, &paths), [204, 200, 204]);
    let elsewhere = ["/CertificateManagement/api/v1.0/requests", "/Cards/CertificateManagement/api/v1.0/requests"];
    assert_eq!(statuses(&lab, &alice, &elsewhere), [404, 404]);
    assert_eq!(lab.get(&alice, "/openapi.json").json()["servers"][0]["url"], "/Cards");
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("virtual_directory = \"Cards\"", "enabled = false")).unwrap();
    lab.stop();
    lab.start();
    let switched_off =
        [&format!("{API}/requests")[..], &format!("{EXTENSION}/whoami"), "/openapi.json", "/api/v1.0/requests"];
    assert_eq!(statuses(&lab, &alice, &switched_off), [404; 4]);
    assert_eq!(lab.call(None, "GET", &format!("{API}/requests"), None).refusal(), (404, "not-found".into()));
    assert_eq!(statuses(&lab, &alice, &["/pki/ca.crl", "/healthz"]), [200, 200]);
}
