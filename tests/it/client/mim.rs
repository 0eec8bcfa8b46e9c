//! The client against a MIM CM that is not ours, and against what stands before one.

use super::{Canned, ID, client, order};
use cardwright::client::{Error, Offer};
use cardwright::cm::beyond_mim::Decision;
use cardwright::cm::card_secrets::{AdminKeyState, PukState};

/// An answer with headers of its own.
fn raw(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into()
}

fn page(status: u16) -> Vec<u8> {
    raw(status, "Content-Type: text/html\r\nServer: Microsoft-IIS/8.5\r\n", "<!DOCTYPE html><html>IIS</html>")
}

/// What IIS, ASP.NET and a login page say about a path they do not know.
fn absences() -> Vec<Vec<u8>> {
    let json = "Content-Type: application/json\r\n";
    vec![
        page(404),
        raw(404, json, "{\"Message\":\"No HTTP resource was found that matches the request URI\"}"),
        raw(404, json, "{\"Message\":\"no\",\"Code\":17}"),
        page(405),
        raw(302, "Location: https://adfs.example.test/adfs/ls/\r\n", ""),
        page(400),
        page(403),
        raw(403, "", ""),
        page(500),
        raw(500, json, "{\"Message\":\"Internal Error 00000000-0000-0000-0000-000000000007\"}"),
        page(501),
        page(200),
        raw(200, "", ""),
        raw(200, "Content-Type: text/plain\r\n", "It works!"),
    ]
}

#[test]
fn whatever_a_server_without_our_routes_says_to_one_of_them_means_that_it_lacks_them() {
    for absence in absences() {
        let told = String::from_utf8(absence.clone()).unwrap();
        // To a route that reads, also where nothing else can be asked.
        let canned = Canned::new(vec![absence.clone()]);
        let error = client(&canned.url).admin_key_state(ID).unwrap_err();
        assert!(matches!(error, Error::ExtensionAbsent { .. }), "{error:?} after {told}");
        // To one that writes, and to every other: the server is asked at most once who calls.
        let canned = Canned::new(vec![absence.clone(); 5]);
        let client = client(&canned.url);
        let error = client.tell_admin_key(ID, ID, AdminKeyState::Active).unwrap_err();
        assert!(matches!(error, Error::ExtensionAbsent { .. }), "{error:?} after {told}");
        assert!(!error.is_unsettled());
        let error = client.tell_puk(ID, ID, PukState::Active).unwrap_err();
        assert!(matches!(error, Error::ExtensionAbsent { .. }), "{error:?} after {told}");
        let error = client.approve(ID, &Decision::default()).err().unwrap();
        assert!(matches!(error, Error::ExtensionAbsent { .. }), "{error:?} after {told}");
        let asked = canned.heard().iter().filter(|call| call.contains("/whoami")).count();
        assert!(asked <= 1, "{asked} times after {told}");
    }
}

#[test]
fn a_file_of_our_ca_is_told_from_a_web_page() {
    for (reply, there) in [
        (raw(200, "", "-----BEGIN CERTIFICATE-----\n"), true),
        (raw(200, "", "0\u{1}"), true),
        (page(200), false),
        (raw(200, "", ""), false),
    ] {
        let canned = Canned::new(vec![reply]);
        assert_eq!(client(&canned.url).ca_certificate().is_ok(), there);
    }
}

#[test]
fn a_failure_of_our_own_server_stays_one() {
    let json = "Content-Type: application/json\r\n";
    let ours = raw(500, json, "{\"Message\":\"failed\",\"Code\":\"internal\"}");
    let canned = Canned::new(vec![ours]);
    let error = client(&canned.url).tell_puk(ID, ID, PukState::Active).unwrap_err();
    assert!(matches!(error, Error::Refused { status: 500, .. }) && error.is_unsettled(), "{error:?}");
    // A page in its place by something before it: the server has shown before, or shows when it is asked, that it has
    // the routes.
    let me = format!("{{\"Uuid\":\"{ID}\",\"Name\":\"alice\",\"Groups\":[]}}");
    for status in [302, 400, 403, 500] {
        let canned = Canned::new(vec![page(status), raw(200, json, &me)]);
        let error = client(&canned.url).tell_puk(ID, ID, PukState::Active).unwrap_err();
        assert!(!matches!(error, Error::ExtensionAbsent { .. }), "{error:?}");
        let canned = Canned::new(vec![raw(200, json, "{\"State\":\"Active\"}"), page(status)]);
        let client = client(&canned.url);
        client.admin_key_state(ID).unwrap();
        let error = client.tell_admin_key(ID, ID, AdminKeyState::Default).unwrap_err();
        assert!(!matches!(error, Error::ExtensionAbsent { .. }), "{error:?}");
    }
}

#[test]
fn what_is_not_about_the_route_is_not_taken_for_its_absence() {
    for status in [401, 407, 408, 413, 429, 502, 503, 504] {
        let canned = Canned::new(vec![page(status)]);
        let error = client(&canned.url).admin_key_state(ID).unwrap_err();
        assert!(matches!(error, Error::Refused { status: said, .. } if said == status), "{error:?}");
    }
    // A change that may have been made, and nobody there to ask whether the route is.
    let canned = Canned::new(vec![page(500)]);
    let error = client(&canned.url).tell_puk(ID, ID, PukState::Active).unwrap_err();
    assert!(matches!(error, Error::Refused { status: 500, .. }) && error.is_unsettled(), "{error:?}");
}

#[test]
fn what_was_created_is_read_from_the_header_where_the_body_is_empty() {
    for location in [
        format!("api/v1.0/requests/{ID}"),
        format!("/certificatemanagement/api/v1.0/requests/{ID}/"),
        format!("https://cm.example.test/CertificateManagement/api/v1.0/requests/{}", ID.to_string().to_uppercase()),
    ] {
        for body in ["", "null", " \r\n"] {
            let canned = Canned::new(vec![raw(201, &format!("Location: {location}\r\n"), body)]);
            assert_eq!(client(&canned.url).create_request(&order()).unwrap(), ID);
        }
    }
    for headers in ["", "Location: /login\r\n"] {
        let canned = Canned::new(vec![raw(201, headers, "")]);
        let error = client(&canned.url).create_request(&order()).unwrap_err();
        assert!(matches!(error, Error::Nonsense { status: 201, .. }) && error.is_unsettled(), "{error:?}");
    }
}

#[test]
fn a_cookie_goes_back_as_long_as_the_client_lives_and_no_further_than_it_may() {
    let set = "Set-Cookie: ARRAffinity=node2; Path=/; HttpOnly\r\nSet-Cookie: narrow=1; Path=/elsewhere\r\n\
               Set-Cookie: other=1; Domain=example.test\r\n";
    let canned = Canned::new(vec![raw(200, set, "[]"), raw(200, "", "[]"), raw(200, "", "[]")]);
    let client = client(&canned.url);
    for _ in 0..3 {
        client.list_profile_templates().unwrap();
    }
    let heard = canned.heard();
    let cookies = |call: &str| -> Vec<String> {
        call.lines().filter_map(|line| line.to_ascii_lowercase().strip_prefix("cookie: ").map(str::to_owned)).collect()
    };
    assert_eq!(cookies(&heard[0]), Vec::<String>::new());
    assert_eq!(cookies(&heard[1]), ["arraffinity=node2"]);
    assert_eq!(cookies(&heard[2]), ["arraffinity=node2"]);
}

#[test]
fn a_cookie_for_tls_alone_does_not_go_back_over_plain_http() {
    for path in ["; Path=/", "; Path=/CertificateManagement", "", "; path=nowhere"] {
        let set = format!("Set-Cookie: node=1; Path=/\r\nSet-Cookie: hush=2{path}; HttpOnly; secure\r\n");
        let canned = Canned::new(vec![raw(200, &set, "[]"), raw(200, "", "[]")]);
        let client = client(&canned.url);
        client.list_profile_templates().unwrap();
        client.list_profile_templates().unwrap();
        let heard = canned.heard()[1].to_ascii_lowercase();
        assert!(heard.contains("cookie: node=1\r\n") && !heard.contains("hush"), "{path:?}: {heard}");
    }
}

#[test]
fn a_flood_of_cookies_is_forgotten() {
    let flood: String = (0..80).map(|number| format!("Set-Cookie: c{number}=1; Path=/\r\n")).collect();
    let canned = Canned::new(vec![raw(200, &flood, "[]"), raw(200, "", "[]")]);
    let client = client(&canned.url);
    client.list_profile_templates().unwrap();
    client.list_profile_templates().unwrap();
    assert!(!canned.heard()[1].to_ascii_lowercase().contains("cookie:"));
}

#[test]
fn a_401_tells_how_else_to_log_in() {
    let offers = [
        ("WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n", Offer::Negotiate, "--negotiate"),
        ("WWW-Authenticate: NTLM, Negotiate\r\n", Offer::Negotiate, "--negotiate"),
        ("WWW-Authenticate: NTLM\r\n", Offer::NtlmOnly, "NTLM"),
        ("WWW-Authenticate: Bearer realm=\"cm\", NTLM\r\n", Offer::Other, "bearer token"),
        ("", Offer::Other, "bearer token"),
    ];
    for (headers, expected, said) in offers {
        let canned = Canned::new(vec![raw(401, headers, "")]);
        let error = client(&canned.url).list_profile_templates().unwrap_err();
        assert!(matches!(error, Error::Refused { status: 401, offer, .. } if offer == expected), "{error:?}");
        let stage = cardwright::enrollment::Stage::FindTemplate;
        let error = cardwright::enrollment::Error { stage, request: None, cause: error.into() };
        assert!(error.remedy().contains(said), "{}", error.remedy());
        assert_eq!(error.code(), "not-authenticated");
    }
}
