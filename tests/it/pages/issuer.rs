//! Signing in at an issuer: the way there and back, and what comes back that must let nobody in.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::Url;

use super::lab::{Answer, asks, form, page, status};
use crate::support::openid::{CLIENT, Provider, SECRET, Signed, Tokens};
use crate::support::site::{Site, approval};
use cardwright::cm::request::RequestStatus;

/// What is wrong with an ID token, and how it comes to be.
type Bend = (&'static str, fn(&mut Value));

/// Where browsers have the pages, as far as the issuer is told.
const PAGES: &str = "https://cards.example.test";

fn lab(more: &str) -> (Site, Provider) {
    let provider = Provider::new();
    let mut site = Site::with_settings(&provider.settings(PAGES, more), approval);
    site.person("vera", &["approvers"]);
    site.person("ursula", &["users"]);
    (site, provider)
}

/// Somebody's way there: the cookie that the browser keeps, where it is sent, and with what.
struct Gone {
    cookie: String,
    address: String,
    asked: HashMap<String, String>,
}

fn goes(site: &Site, query: &str) -> Gone {
    let answer = page(site, &[], &format!("/sign-in/issuer{query}"));
    assert_eq!(answer.status, 303, "{}", answer.body);
    let set = answer.header("set-cookie");
    assert!(
        set.starts_with("__Host-") && set.ends_with("; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    let address = answer.header("location").to_owned();
    let asked = Url::parse(&address).unwrap().query_pairs().into_owned().collect();
    Gone { cookie: set.split(';').next().unwrap().to_owned(), address, asked }
}

/// Comes back with a query in a browser that has these cookies; whatever comes of it, the browser is sent on at once.
fn comes(site: &Site, cookie: &str, query: &str) -> Answer {
    let answer = page(site, &[("cookie", cookie)], &format!("/sign-in/issuer/return?{query}"));
    assert_eq!((answer.status, &*answer.body), (303, ""));
    assert!(answer.header("location").starts_with('/'), "{}", answer.header("location"));
    answer
}

fn session(answer: &Answer) -> Option<String> {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value);
    let found = set.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with("__Host-cardwright="));
    found.map(str::to_owned)
}

/// The code of the refusal that the next page shows, after which nobody is signed in.
fn refusal(site: &Site, answer: &Answer) -> String {
    assert_eq!(session(answer), None);
    assert!(answer.header("location").starts_with("/sign-in?failed=1"), "{}", answer.header("location"));
    let kept = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value);
    let kept =
        kept.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with("__Host-cardwright-refused="));
    let shown = page(site, &[("cookie", kept.unwrap())], answer.header("location"));
    assert!(shown.body.contains("You are not signed in") && shown.body.contains("One-time code"), "{}", shown.body);
    assert!(!shown.body.contains("<b>no</b>"));
    let code = shown.body.split("For the help desk: ").nth(1).unwrap().split(',').next().unwrap();
    code.trim_matches(|it: char| !it.is_ascii_alphanumeric()).to_owned()
}

/// A whole sign-in: there, known there, and back.
fn tries(site: &Site, provider: &Provider, query: &str) -> Answer {
    let gone = goes(site, query);
    let back = provider.authorize(&gone.address);
    comes(site, &gone.cookie, &back)
}

#[test]
fn somebody_signs_in_at_the_issuer_and_each_return_counts_once_in_its_own_browser() {
    let (site, provider) = lab("");
    let gone = goes(&site, "?then=%2Frequests%3Fstate%3DPending");
    assert!(gone.address.starts_with(&format!("{}/authorize?tenant=lab&", provider.issuer)), "{}", gone.address);
    assert_eq!(gone.asked["redirect_uri"], format!("{PAGES}/sign-in/issuer/return"));
    assert_eq!(gone.asked["scope"], "openid profile email");
    assert!(!gone.asked.contains_key("prompt") && gone.asked["code_challenge"].len() == 43);
    let back = provider.authorize(&gone.address);
    // Somebody else's browser, one of nobody, and one that has begun another errand.
    let other = goes(&site, "");
    for cookie in ["", &other.cookie, "__Host-cardwright-errand-x=y"] {
        assert_eq!(refusal(&site, &comes(&site, cookie, &back)), "sign-in-not-begun", "{cookie}");
    }
    let entered = comes(&site, &gone.cookie, &back);
    assert_eq!(entered.header("location"), "/requests?state=Pending");
    let cookie = session(&entered).unwrap();
    assert!(page(&site, &[("cookie", &cookie)], "/help").body.contains("Signed in as vera"));
    let forgets =
        |answer: &Answer| answer.headers.iter().any(|(_, it)| it.contains("-errand-") && it.contains("Max-Age=0"));
    assert!(forgets(&entered));
    // Whoever has the browser's cookies and its history comes back a second time.
    let again = comes(&site, &gone.cookie, &back);
    assert_eq!(refusal(&site, &again), "sign-in-code-refused");
    assert!(forgets(&again));
    // A code that somebody was given elsewhere, put into another's return.
    let (mine, victim) = (goes(&site, ""), goes(&site, ""));
    let injected = provider.authorize(&mine.address).replace(&mine.asked["state"], &victim.asked["state"]);
    assert_eq!(refusal(&site, &comes(&site, &victim.cookie, &injected)), "sign-in-code-refused");
    // Where the issuer does not look at verifiers, the nonce tells it.
    provider.ways().checks_verifiers = false;
    let (mine, victim) = (goes(&site, ""), goes(&site, ""));
    let injected = provider.authorize(&mine.address).replace(&mine.asked["state"], &victim.asked["state"]);
    assert_eq!(refusal(&site, &comes(&site, &victim.cookie, &injected)), "id-token-invalid");
    // Nobody is sent on to another site, and what is there twice is nothing.
    let gone = goes(&site, "?then=https%3A%2F%2Fevil.example");
    let back = provider.authorize(&gone.address);
    assert_eq!(refusal(&site, &comes(&site, &gone.cookie, &format!("{back}&{back}"))), "sign-in-not-begun");
    assert_eq!(comes(&site, &gone.cookie, &back).header("location"), "/");
    let errands = [&gone.cookie, &other.cookie].map(|it| it.split(['=', '.']).nth(1).unwrap().to_owned());
    let log = site.log();
    let told = provider.ways().given.clone().into_iter().chain(errands).chain([SECRET.to_owned()]);
    assert!(told.into_iter().all(|secret| !log.contains(&secret)), "codes, tokens and secrets are in no log");
}

#[test]
fn an_id_token_for_somebody_or_something_else_lets_nobody_in() {
    let (site, provider) = lab("");
    assert!(session(&tries(&site, &provider, "")).is_some());
    let bends: [Bend; 13] = [
        ("audience", |it| it["aud"] = json!("urn:calls")),
        ("more audiences", |it| it["aud"] = json!([CLIENT, "urn:other"])),
        ("another party", |it| it["azp"] = json!("somebody")),
        ("issuer", |it| it["iss"] = json!("https://localhost")),
        ("nonce", |it| it["nonce"] = json!("another")),
        ("no nonce", |it| drop(it.as_object_mut().unwrap().remove("nonce"))),
        ("over", |it| it["exp"] = json!(it["iat"].as_i64().unwrap() - 90)),
        ("no end", |it| drop(it.as_object_mut().unwrap().remove("exp"))),
        ("of the future", |it| it["iat"] = json!(it["iat"].as_i64().unwrap() + 90)),
        ("made at no time", |it| drop(it.as_object_mut().unwrap().remove("iat"))),
        ("another access token", |it| it["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("logged in later", |it| it["auth_time"] = json!(it["iat"].as_i64().unwrap() + 90)),
        ("no subject's name", |it| drop(it.as_object_mut().unwrap().remove("upn"))),
    ];
    for (what, bend) in bends {
        provider.ways().bend = bend;
        let expected = if what == "no subject's name" { "not-authenticated" } else { "id-token-invalid" };
        assert_eq!(refusal(&site, &tries(&site, &provider, "")), expected, "{what}");
    }
    provider.ways().bend = |_| ();
    for signed in [Signed::Unsigned, Signed::ByPublicKey, Signed::ByAnother] {
        provider.ways().signed = signed;
        assert_eq!(refusal(&site, &tries(&site, &provider, "")), "id-token-invalid", "{signed:?}");
    }
    provider.ways().signed = Signed::Well;
    for (who, sub, code) in [("mallory", "666", "user-unknown"), ("vera", "0816", "")] {
        provider.ways().person = json!({"sub": sub, "upn": format!("{who}@example.test")});
        let tried = tries(&site, &provider, "");
        match code {
            "" => assert!(
                session(&tried).is_some(),
                "another identity of the same name, which the settings of this site let in"
            ),
            code => assert_eq!(refusal(&site, &tried), code),
        }
    }
    let directory = site.program.path("server").display().to_string();
    site.program.json(["server", "user", "disable", &directory, "vera"]).done();
    assert_eq!(refusal(&site, &tries(&site, &provider, "")), "user-disabled");
}

#[test]
fn what_goes_wrong_at_the_issuer_is_told_and_lets_nobody_in() {
    let (site, provider) = lab("");
    let came = |answer: &str| {
        let gone = goes(&site, "");
        refusal(&site, &comes(&site, &gone.cookie, &format!("{answer}&state={}", gone.asked["state"])))
    };
    for (error, code) in [
        ("access_denied", "sign-in-denied"),
        ("login_required", "sign-in-unfinished"),
        ("temporarily_unavailable", "issuer-away"),
        ("unauthorized_client", "issuer-refused"),
        ("%3Cb%3Eno%3C%2Fb%3E", "issuer-refused"),
    ] {
        assert_eq!(came(&format!("error={error}&error_description=%3Cb%3Eno%3C%2Fb%3E")), code, "{error}");
    }
    assert_eq!(came("x=y"), "sign-in-not-begun", "neither a code nor an error");
    // Another issuer has answered (RFC 9207), be it with an error.
    assert_eq!(came("error=access_denied&iss=https%3A%2F%2Fevil.example"), "other-issuer");
    assert_eq!(came("code=x&iss=https%3A%2F%2Fevil.example"), "other-issuer");
    assert_eq!(came(&format!("error=access_denied&iss={}", provider.issuer)), "sign-in-denied");
    for (tokens, code) in [
        (Tokens::Refusing("invalid_grant"), "sign-in-code-refused"),
        (Tokens::Refusing("invalid_client"), "issuer-refused"),
        (Tokens::Refusing("odd"), "issuer-refused"),
        (Tokens::Status(200), "issuer-away"),
        (Tokens::Status(503), "issuer-away"),
        (Tokens::Status(302), "issuer-away"),
        (Tokens::Endless, "issuer-away"),
        (Tokens::Never, "issuer-away"),
    ] {
        provider.ways().tokens = tokens;
        assert_eq!(came("code=some"), code, "{tokens:?}");
    }
}

#[test]
fn an_issuer_that_describes_itself_as_another_is_not_gone_to() {
    let (site, provider) = lab("");
    provider.ways().described = json!({"issuer": "https://evil.example"});
    let answer = page(&site, &[], "/sign-in/issuer");
    assert!(answer.status == 503 && answer.body.contains("issuer-away"), "{}", answer.body);
    assert_eq!(answer.header("set-cookie"), "");
    // One that names itself in each answer is not believed where it does not.
    let (site, provider) = lab("");
    provider.ways().described = json!({"authorization_response_iss_parameter_supported": true});
    assert_eq!(refusal(&site, &tries(&site, &provider, "")), "other-issuer");
    let gone = goes(&site, "");
    let back = format!("{}&iss={}", provider.authorize(&gone.address), provider.issuer);
    assert!(session(&comes(&site, &gone.cookie, &back)).is_some());
}

#[test]
fn a_login_of_long_ago_lets_in_and_decides_nothing() {
    let (site, provider) = lab("");
    let request = asks(&site, "ursula", "");
    let path = format!("/requests/{request}");
    let approve = |cookie: &str| form(&site, &[("cookie", cookie)], &path, "act=approve");
    let bends: [fn(&mut Value); 3] = [
        |it| it["auth_time"] = json!(it["iat"].as_i64().unwrap() - 301),
        |it| drop(it.as_object_mut().unwrap().remove("auth_time")),
        // By the ticket of the computer, whoever sits at it.
        |it| it["amr"] = json!(["wia"]),
    ];
    for bend in bends {
        provider.ways().bend = bend;
        let cookie = session(&tries(&site, &provider, "")).unwrap();
        let answer = approve(&cookie);
        assert!(answer.status == 403 && answer.body.contains("/sign-in/issuer?fresh=1&amp;"), "{}", answer.body);
        // Who is asked for a new login comes back with one, or not at all.
        let gone = goes(&site, "?fresh=1");
        assert_eq!((&*gone.asked["prompt"], &*gone.asked["max_age"]), ("login", "0"));
        assert_eq!(refusal(&site, &tries(&site, &provider, "?fresh=1")), "sign-in-not-fresh");
    }
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    provider.ways().bend = |it| it["amr"] = json!(["wia", "pin"]);
    let cookie = session(&tries(&site, &provider, "?fresh=1")).unwrap();
    assert_eq!(approve(&cookie).status, 303);
    assert_eq!(status(&site, "vera", &request), RequestStatus::Approved.number());
}
