//! Signing in, and what nobody reaches without it.

use cardwright::cm::request::RequestStatus;
use cardwright::console::PATTERNS;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer, cmc, csr};

use super::lab::{
    age_sessions, asks, browser, cookie, form, idle_sessions, last_used, page, session, sign_in, site, status,
};
use crate::support::browser::Browser;
use crate::support::site::{Site, pkcs7};

/// The addresses that anybody may open.
const OPEN: [&str; 2] = ["/sign-in", "/sign-in/certificate"];

fn some(pattern: &str) -> String {
    pattern.replace("{}", "11111111-2222-4333-8444-555555555555")
}

#[test]
fn nobody_is_shown_a_page_before_signing_in_and_every_answer_is_guarded() {
    let site = site();
    let stolen = session("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for path in PATTERNS.iter().map(|pattern| some(pattern)).chain(["/nowhere".into(), "/assets/0/style.css".into()]) {
        for headers in [&[][..], &[("cookie", &*stolen)]] {
            let answer = page(&site, headers, &path);
            let open = OPEN.contains(&&*path);
            assert_eq!(
                answer.status == 303 && answer.header("location").starts_with("/sign-in"),
                !open,
                "{path}: {}",
                answer.status
            );
            assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
            assert!(!answer.header("content-security-policy").contains("unsafe"), "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        }
    }
    // Who comes from elsewhere is led back to an address of ours alone, or to no other site.
    for (path, back) in [("/requests?state=all", "0; url=/requests?state=all"), ("//evil.example/x", "0; url=/")] {
        let answer = page(&site, &[("sec-fetch-site", "cross-site")], path);
        assert!(
            answer.status == 200 && answer.body.contains(&format!("content=\"{back}\"")),
            "{path}: {}",
            answer.body
        );
        assert!(!answer.body.contains("evil"), "{path}: {}", answer.body);
    }
    // The API stays as it was: no page answers there.
    let answer = page(&site, &[], "/CertificateManagement/api/v1.0/nothing");
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/json; charset=utf-8"));
    assert_eq!(page(&site, &[], "/api/v1.0/requests").status, 401);
}

#[test]
fn a_form_of_another_site_is_refused_and_changes_nothing() {
    let site = site();
    let request = asks(&site, "ursula", "for the laboratory");
    let cookie = session(&cookie(&site, "vera"));
    let path = format!("/requests/{request}");
    let foreign: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", ""), ("origin", "https://evil.example")],
        // A browser that says nothing of where a form comes from is none that we know.
        &[("sec-fetch-site", "")],
    ];
    for headers in foreign {
        let headers: Vec<_> = headers.iter().copied().chain([("cookie", &*cookie)]).collect();
        let answer = form(&site, &headers, &path, "act=approve");
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number(), "it still waits");
    let host = site.origin.clone();
    let own = [("sec-fetch-site", ""), ("origin", &*host), ("cookie", &*cookie)];
    assert_eq!(form(&site, &own, &path, "act=approve").status, 303);
    assert_eq!(status(&site, "vera", &request), RequestStatus::Approved.number());
}

#[test]
fn the_cookie_is_for_this_host_alone_and_ends_with_signing_out() {
    let site = site();
    let browser = browser(&site, "vera");
    let cookies = browser.cookies();
    let kept = cookies.iter().find(|cookie| cookie["name"] == "__Host-cardwright").unwrap();
    assert_eq!((&kept["httpOnly"], &kept["secure"], &kept["sameSite"]), (&true.into(), &true.into(), &"Strict".into()));
    browser.sees("Signed in as vera");
    browser.click("Sign out");
    browser.sees("You are signed out.");
    // The browser notes that it has forgotten the pages that it kept.
    assert!(browser.console().iter().all(|line| line.contains("Cleared data types: \"cache\"")));
    browser.assert_sound();
    assert!(browser.cookies().iter().all(|cookie| cookie["name"] != "__Host-cardwright"));
    // The server has forgotten the session too: whoever kept the cookie has nothing.
    let value = session(kept["value"].as_str().unwrap());
    assert_eq!(page(&site, &[("cookie", &value)], "/requests").status, 303);
    browser.back();
    browser.sees("Sign in");
}

#[test]
fn what_was_typed_outlives_a_session() {
    let site = site();
    let request = asks(&site, "ursula", "for the laboratory");
    let browser = browser(&site, "vera");
    browser.open(&format!("{}/requests/{request}", site.origin));
    browser.fill("Comment (optional)", "not before <Monday> & \"Tuesday\"");
    browser.delete_cookie("__Host-cardwright");
    browser.click("Deny");
    browser.sees("Your session has ended; what you typed is kept");
    assert!(browser.axe().violations.is_empty());
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    sign_in(&browser, &site, "vera");
    browser.click("Send again");
    browser.sees("Denied. Whoever asked is told why.");
    browser.sees("not before <Monday> & \"Tuesday\"");
}

#[test]
fn a_link_from_elsewhere_finds_the_session() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let browser = browser(&site, "vera");
    // The page of another site links here: the cookie stays behind, and the page comes back for it by itself.
    let link = format!("<a href=\"{}/requests/{request}\">in a mail</a>", site.origin);
    browser.open(&format!("data:text/html,{link}"));
    browser.click("in a mail");
    browser.sees("New card for ursula");
}

#[test]
fn somebody_without_a_ticket_is_told_what_is_missing() {
    let site = site();
    let browser = Browser::new();
    browser.open(&format!("{}/requests", site.origin));
    browser.sees("One-time code");
    browser.assert_sound();
    assert!(browser.url().ends_with("/sign-in?then=%2Frequests"), "{}", browser.url());
    let answer = form(&site, &[], "/sign-in/ticket", "then=%2Frequests");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Negotiate"));
    assert!(answer.body.contains("Your browser has shown no ticket"));
    // Nobody is sent on to another site.
    let bearer = format!("Bearer {}", site.bearer("vera"));
    for then in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let body = format!("then={}", then.replace('/', "%2F").replace('\\', "%5C"));
        let answer = form(&site, &[("authorization", &bearer)], "/sign-in/ticket", &body);
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{then}");
    }
}

#[test]
fn a_link_lets_its_owner_in_once() {
    let mut site = site();
    site.person("nora", &["users"]);
    let directory = site.program.path("server").display().to_string();
    let made = site.program.json(["server", "user", "sign-in-link", &directory, "nora"]).done();
    let code = made["code"].as_str().unwrap();
    let browser = Browser::new();
    browser.open(&format!("{}/sign-in?then=%2Fhelp#code={code}", site.origin));
    assert_eq!(browser.value("#secret-code"), code);
    assert!(!browser.url().contains(code), "the code does not stay in the address");
    browser.press("Enter");
    browser.sees("Signed in as nora");
    assert!(browser.url().ends_with("/help"));
    let again = form(&site, &[], "/sign-in/code", &format!("secret-code={code}"));
    assert_eq!((again.status, again.header("set-cookie")), (409, ""), "{}", again.body);
    assert!(!again.body.contains(code) && !site.log().contains(code));
}

#[test]
fn what_decides_wants_a_proof_of_five_minutes() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let browser = browser(&site, "vera");
    browser.open(&format!("{}/requests/{request}", site.origin));
    browser.fill("Comment (optional)", "seen & good");
    age_sessions(&site, 301);
    browser.click("Approve");
    browser.sees("Please show again who you are");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    // The same by a call of the API with the session's cookie: it is the server that insists, not the page.
    let value = browser.cookies().iter().find(|it| it["name"] == "__Host-cardwright").unwrap()["value"].clone();
    let headers = [("cookie", &*session(value.as_str().unwrap())), ("content-type", "application/json")];
    let path = format!("/CertificateManagement/api/cardwright/v1/requests/{request}/approve");
    let answer = form(&site, &headers, &path, "{}");
    assert!(answer.status == 403 && answer.body.contains("proof-too-old"), "{}", answer.body);
    sign_in(&browser, &site, "vera");
    browser.click("Send again");
    browser.sees("Approved.");
    browser.sees("seen & good");
}

/// What `openssl s_client` says of a listener's handshake.
fn handshake(address: &str) -> String {
    let mut client = std::process::Command::new("openssl");
    let done = client.args(["s_client", "-connect", address]).stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn a_card_lets_in_at_a_listener_of_its_own_and_no_other_asks_for_certificates() {
    let settings = "\n[identity.certificate]\n[console]\ncertificates = \"127.0.0.1:0\"\n";
    let mut site = Site::with_settings(settings, |template| template);
    site.person("ursula", &["users"]);
    let request = site.executing_request("ursula");
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let csr = csr::build(&csr::RequestContent::default(), &key).unwrap();
    let issued = site.certificatedata("ursula", &request, csr.der()).ok();
    site.client("ursula").complete(request.parse().unwrap()).unwrap();
    let answer = cmc::read(&pkcs7(&issued)).unwrap();
    let certificate = answer.leaf_for(key.public_key()).unwrap();
    let certificate_file = site.program.write("ursula.pem", certificate.to_pem());
    let key_file = site.program.write("ursula.key", key.expose_pkcs8());

    let main = site.origin.strip_prefix("https://").unwrap().to_owned();
    let there = page(&site, &[], "/sign-in/certificate?then=%2Fhelp");
    let location = there.header("location").to_owned();
    let asking = location.strip_prefix("https://").unwrap().split('/').next().unwrap();
    assert!(there.status == 303 && asking != main, "{location}");
    assert!(!handshake(&main).contains("Acceptable client certificate CA names"));
    assert!(handshake(asking).contains("Acceptable client certificate CA names"));

    let shown = |more: &[&str]| {
        let mut curl = site.program.other("curl");
        curl.args(["--silent", "--max-time", "60", "--noproxy", "*", "--include", "--cacert"]).arg(site.ca_file());
        let done = curl.args(more).arg(&location).output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let entered = shown(&["--cert", &certificate_file, "--key", &key_file, "--key-type", "DER"]);
    assert!(entered.contains(&format!("location: {}/help", site.origin)), "{entered}");
    let cookie = entered.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert!(page(&site, &[("cookie", &cookie)], "/help").body.contains("Signed in as ursula"));
    let without = shown(&[]);
    assert!(without.starts_with("HTTP/1.1 401") && !without.contains("set-cookie"), "{without}");
}

#[test]
fn a_page_that_stays_open_keeps_no_session_from_ending() {
    let site = site();
    let cookie = session(&cookie(&site, "vera"));
    let headers = [("cookie", &*cookie)];
    idle_sessions(&site, 19 * 60);
    let since = last_used(&site);
    // What a page asks by itself: the stream ends at once, for the newest request is another.
    asks(&site, "ursula", "");
    let told = page(&site, &headers, "/requests/news?since=none");
    assert!(told.body.contains("event: news"), "{}", told.body);
    assert_eq!(last_used(&site), since);
    // What the person asks is a use.
    assert_eq!(page(&site, &headers, "/requests").status, 200);
    // It is noted beside the answer.
    let begun = std::time::Instant::now();
    while last_used(&site) == since {
        assert!(begun.elapsed().as_secs() < 120);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    idle_sessions(&site, 21 * 60);
    assert_eq!(page(&site, &headers, "/requests").status, 303);
}
