//! Tickets of MIT's KDC at a real site: curl carries an enrollment through with them, and so does the program.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer, cmc};
use serde_json::{Value, json};

use super::{ENROLL, PIN};
use crate::support::kerberos::{Realm, shown};
use crate::support::program::end;
use crate::support::site::{API, Site, certificate_body, last_segment, pkcs7};

/// A site that takes the realm's tickets, and alice.
fn site_in(realm: &Realm) -> Site {
    site_that_says(realm, "")
}

/// Likewise, with more in its settings of tickets.
pub fn site_that_says(realm: &Realm, more: &str) -> Site {
    let (keytab, name) = (realm.keytab(), realm.name);
    let settings =
        format!("\n[identity.negotiate]\nkeytab = {keytab:?}\nrealms = [{name:?}]\nuser_by = \"local-part\"\n{more}");
    let mut site = Site::with_settings(&settings, |template| template);
    site.person("alice", &[]);
    site
}

/// The site by the name that its service has.
pub fn named(site: &Site) -> String {
    site.origin.replace("127.0.0.1", "localhost")
}

/// Status and body of what curl was answered, and what it has sent and got on the way.
fn curl(realm: &Realm, site: &Site, arguments: &[&str]) -> (u16, Value, String) {
    let ca = site.ca_file().display().to_string();
    let done = realm.curl(&[&["--cacert", &ca, "--write-out", "\n%{http_code}"], arguments].concat());
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (
        status.parse().unwrap(),
        serde_json::from_str(body).unwrap_or(Value::Null),
        String::from_utf8_lossy(&done.stderr).into(),
    )
}

#[track_caller]
fn send(realm: &Realm, site: &Site, verb: &str, path: &str, body: &Value) -> Value {
    let url = format!("{}{path}", named(site));
    let (body, json) = (body.to_string(), "content-type: application/json");
    let (status, answer, log) = curl(realm, site, &["--request", verb, "--header", json, "--data", &body, &url]);
    assert_eq!(status / 100, 2, "{answer} {log}");
    assert!(log.contains("Authorization: Negotiate ") && !log.contains("Bearer "), "{log}");
    answer
}

fn order(site: &Site) -> Value {
    json!({"profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": ""})
}

/// The program with alice's tickets and no bearer token.
fn with_tickets(realm: &Realm, site: &Site, arguments: &[&str]) -> Command {
    let mut command = site.command("alice", PIN, arguments);
    command.arg("--negotiate").env_remove("CARDWRIGHT_BEARER").env("CARDWRIGHT_SERVER", named(site));
    command.envs(realm.variables());
    command
}

#[test]
fn curl_enrolls_a_card_by_tickets_alone() {
    let realm = Realm::new("LAB.TEST");
    let site = site_in(&realm);
    realm.log_in("alice", "1h");
    let request = last_segment(&send(&realm, &site, "POST", &format!("{API}/requests"), &order(&site)));
    let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4(), "atr": ""});
    let smartcard = last_segment(&send(&realm, &site, "POST", &format!("{API}/smartcards"), &card));
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let csr = build(&RequestContent::default(), &key).unwrap().der().to_vec();
    let path = format!("{API}/requests/{request}/certificatedata");
    let issued = send(&realm, &site, "POST", &path, &certificate_body(&csr));
    let issued = cmc::read(&pkcs7(&issued)).unwrap();
    let told = issued.leaf_for(key.public_key()).unwrap().describe().unwrap();
    assert!(told.iter().any(|(_, value)| value == "CN=alice"), "{told:?}");
    send(&realm, &site, "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"}));
    let (status, card, log) = curl(&realm, &site, &[&format!("{}{API}/smartcards/{smartcard}", named(&site))]);
    assert_eq!((status, &card["Status"]), (200, &json!(2)), "{log}");
    assert_eq!(site.get("alice", &format!("{API}/requests/{request}")).ok()["Status"], 8);
}

/// What curl has logged of a call that was refused.
#[track_caller]
fn refused((answered, said, log): (u16, String, String), status: u16, code: &str) -> String {
    assert_eq!((answered, said.as_str()), (status, code), "{log}");
    log
}

#[test]
fn curl_is_let_in_by_no_ticket_that_is_missing_foreign_over_used_or_of_a_stranger() {
    let realm = Realm::new("LAB.TEST");
    let mut site = site_in(&realm);
    let body = order(&site).to_string();
    let json = "content-type: application/json";
    let ask = |realm: &Realm, origin: &str, more: &[&str]| {
        let url = format!("{origin}{API}/requests");
        let (status, answer, log) = curl(realm, &site, &[&["--header", json, "--data", &body], more, &[&url]].concat());
        (status, answer["Code"].as_str().unwrap_or_default().to_owned(), log)
    };
    let named = named(&site);
    let log = refused(ask(&realm, &named, &[]), 401, "not-authenticated");
    assert!(log.contains("www-authenticate: Negotiate") && !log.contains("Authorization: Negotiate "), "{log}");
    // The KDC gives tickets for a service whose key this server has not got.
    realm.administer("addprinc -randkey HTTP/127.0.0.1");
    realm.log_in("alice", "1h");
    let log = refused(ask(&realm, &site.origin, &[]), 401, "not-authenticated");
    assert!(shown(&log).len() > 100);
    realm.log_in("mallory", "1h");
    refused(ask(&realm, &named, &[]), 403, "user-unknown");
    realm.log_in("alice", "5s");
    // Well over, by whatever clock.
    std::thread::sleep(std::time::Duration::from_secs(20));
    refused(ask(&realm, &named, &[]), 401, "not-authenticated");
    let made = || site.client("alice").visible_requests(None).unwrap().len();
    assert_eq!(made(), 0, "nothing came of all that");
    realm.log_in("alice", "1h");
    let (status, _, log) = ask(&realm, &named, &[]);
    assert_eq!(status, 201, "{log}");
    let again = format!("Authorization: Negotiate {}", shown(&log));
    refused(ask(&realm, &named, &["--header", &again]), 401, "not-authenticated");
    assert_eq!(made(), 1);
    let log = site.log();
    assert!(!log.contains(&again["Authorization: Negotiate ".len()..]), "no ticket is in the log");
    site.stop_server();
}

#[test]
fn the_program_enrolls_and_retires_a_token_by_tickets_alone() {
    let realm = Realm::new("LAB.TEST");
    let mut site = site_in(&realm);
    site.program.factory_token("card");
    realm.log_in("alice", "1h");
    let done = end(&mut with_tickets(&realm, &site, &ENROLL)).done();
    assert_eq!(done["certificates"][0]["subject"], "CN=alice");
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
    // A setting instead of the option.
    std::fs::create_dir_all(site.program.path("config/cardwright")).unwrap();
    site.program.write("config/cardwright/config.toml", "negotiate = true\n");
    let mut list = site.program.command(["--json", "request", "list", "--server", &named(&site)]);
    list.env("CARDWRIGHT_CA_FILE", site.ca_file()).envs(realm.variables());
    assert_eq!(end(&mut list).done()[0]["request"], done["request"]);
    end(&mut with_tickets(&realm, &site, &["retire", "--label", "card", "--yes"])).done();
    assert_eq!(site.program.objects("card", PIN), [0, 0, 0]);
    site.stop_server();
}

/// On Windows through SSPI, whose tokens are Kerberos' own and not SPNEGO's (`scripts/check-windows`).
#[test]
fn a_client_shows_tickets_and_has_the_server_prove_itself() {
    let realm = Realm::new("LAB.TEST");
    let site = site_in(&realm);
    let list = || {
        let mut list = site.program.client(["--json", "request", "list", "--negotiate", "--server", &named(&site)]);
        list.env("CARDWRIGHT_CA_FILE", site.ca_file()).envs(realm.variables());
        end(&mut list)
    };
    assert_ne!(list().refused(2, "no-ticket").remedy, "");
    realm.log_in("alice", "1h");
    let made = last_segment(&send(&realm, &site, "POST", &format!("{API}/requests"), &order(&site)));
    assert_eq!(list().done()[0]["request"], made);
    realm.log_in("mallory", "1h");
    list().refused(6, "user-unknown");
}

#[test]
fn the_program_says_what_to_do_where_a_ticket_does_not_do() {
    let realm = Realm::new("LAB.TEST");
    let mut site = site_in(&realm);
    site.program.factory_token("card");
    let before = site.program.token_files();
    let refused = |command: &mut Command, exit: i32, code: &str, remedy: &str| {
        let told = end(command).refused(exit, code);
        assert!(told.remedy.contains(remedy), "{told:?}");
    };
    let enroll = || with_tickets(&realm, &site, &ENROLL);
    refused(&mut enroll(), 2, "no-ticket", "Run `kinit`");
    realm.log_in("alice", "5s");
    // Well over, by whatever clock.
    std::thread::sleep(std::time::Duration::from_secs(20));
    refused(&mut enroll(), 2, "ticket-expired", "Run `kinit`");
    realm.log_in("alice", "1h");
    refused(enroll().env("CARDWRIGHT_SERVER", &site.origin), 2, "server-unknown-to-kdc", "HTTP/name");
    let mut late = site.program.other("faketime");
    late.args(["-f", "+20m"]).arg(crate::support::program::PATH).args(enroll().get_args());
    late.envs(enroll().get_envs().filter_map(|(name, value)| Some((name, value?))));
    refused(&mut late, 2, "clock-skew", "clock");
    let away = std::fs::read_to_string(&realm.variables()[0].1).unwrap();
    let away = site.program.write("away.conf", away.replace("kdc = 127.0.0.1:", "kdc = 127.0.0.1:1\n#"));
    refused(enroll().env("KRB5_CONFIG", away), 5, "kdc-unreachable", "KDC");
    realm.administer("addprinc -randkey HTTP/127.0.0.1");
    refused(enroll().env("CARDWRIGHT_SERVER", &site.origin), 6, "ticket-refused", "clock");
    realm.log_in("mallory", "1h");
    refused(&mut enroll(), 6, "user-unknown", "");
    refused(enroll().args(["--bearer-from", "env:NAME"]), 2, "usage", "");
    assert!(site.program.token_files() == before, "the token was touched");
    realm.log_in("alice", "1h");
    end(&mut enroll()).done();
    site.stop_server();
}

#[test]
fn a_client_believes_no_false_proof_and_asks_no_server_that_takes_no_tickets() {
    let realm = Realm::new("LAB.TEST");
    let site = Site::new();
    realm.log_in("alice", "1h");
    let list = |server: &str| {
        let mut command = site.program.client(["--json", "request", "list", "--negotiate", "--server", server]);
        command.env("CARDWRIGHT_CA_FILE", site.ca_file()).envs(realm.variables());
        end(&mut command)
    };
    let told = list(&named(&site)).refused(6, "negotiate-not-offered");
    assert!(told.remedy.contains("bearer token"), "{told:?}");
    for proof in ["AAAA", "!", &STANDARD.encode([0x60; 600]), &STANDARD.encode(b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x00")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nWWW-Authenticate: Negotiate {proof}\r\n\
             Content-Length: 2\r\nConnection: close\r\n\r\n[]"
        );
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 16 * 1024]);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let told = list(&server).refused(5, "server-unproven");
        assert!(told.remedy.contains("check the address"), "{proof}: {told:?}");
        answering.join().unwrap();
    }
}
