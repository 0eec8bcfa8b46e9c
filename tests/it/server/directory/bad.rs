//! Directories that cannot be trusted, are away, or misbehave: each is refused in words of its own, and in time.

use super::{import, server, site, table};
use crate::support::site::Site;
use crate::support::slapd::{PASSWORD, Slapd};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

#[track_caller]
fn refused(site: &Site, exit: i32, code: &str, word: &str) {
    let ended = import(site, &["--apply"]);
    let told = ended.refused(exit, code);
    assert!(told.all().contains(word), "{told:?}");
    assert!(!ended.all().contains(PASSWORD), "the password is told nowhere");
}

#[test]
fn tls_is_demanded_and_must_come_from_the_trust_file_and_bear_the_name() {
    let slapd = Slapd::new();
    slapd.person("alice", "");
    let trust = format!("trust = {:?}", slapd.path("ca.pem"));
    let site = site(&table(&slapd.secure_url(), &trust));
    assert_eq!(import(&site, &[]).done()["new"], 1, "TLS from the first byte");
    super::set(&site, &table(&slapd.url(), &trust));
    assert_eq!(import(&site, &[]).done()["new"], 1, "TLS begun in the connection");
    for url in [slapd.secure_url(), slapd.url()] {
        super::set(&site, &table(&url, "trust = \"ca.cer.pem\""));
        refused(&site, 1, "directory", "its certificate must come from the trust file");
        super::set(&site, &table(&url.replace("localhost", "127.0.0.1"), &trust));
        refused(&site, 1, "directory", "bear that name");
    }
    super::set(&site, &table(&slapd.secure_url(), ""));
    refused(&site, 1, "directory", "trust names no file");
    super::set(&site, &table("ldap://directory.example.test", "plain = true"));
    refused(&site, 1, "directory", "only a loopback address");
    super::set(&site, &table("ldap://root:secret@localhost", &trust));
    refused(&site, 1, "directory", "the password in a file");
}

#[test]
fn wrong_settings_and_a_directory_that_is_away_say_what_to_look_at() {
    let mut slapd = Slapd::new();
    let site = site(&table(&slapd.url(), "plain = true\nfilter = \"(cn=\""));
    refused(&site, 1, "directory", "wrong at byte 4");
    super::set(
        &site,
        &table(&slapd.url(), "plain = true").replace("base = \"dc=cards,dc=test\"", "base = \"dc=other\""),
    );
    refused(&site, 1, "directory", "look at base");
    super::set(&site, &table(&slapd.url(), "plain = true"));
    site.program.write("server/directory.password", "another\n");
    refused(&site, 1, "directory", "let \"cn=root,dc=cards,dc=test\" not in");
    site.program.write("server/directory.password", "");
    refused(&site, 2, "directory-settings", "is empty");
    site.program.write("server/directory.password", PASSWORD);
    slapd.stop();
    refused(&site, 1, "directory", "cannot be reached");
    super::set(&site, "");
    refused(&site, 2, "directory-settings", "no [directory] table");
}

/// Answers one connection: the bind well, and what is asked then with `answer`.
fn rogue(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).unwrap() > 0);
        stream.write_all(&hex("300c 020101 6107 0a0100 0400 0400")).unwrap();
        assert!(stream.read(&mut buffer).unwrap() > 0);
        answer(&mut stream);
        // Whoever hangs up first decides nothing.
        std::thread::sleep(Duration::from_secs(20));
    });
    url
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

/// An entry without a name, of the second message.
const ENTRY: &str = "3009 020102 6404 0400 3000";

/// What a directory does instead of answering.
type Misdeed = Box<dyn FnOnce(&mut TcpStream) + Send>;

#[test]
fn directories_that_misbehave_are_left_in_time() {
    let cases: [(&str, Misdeed); 8] = [
        ("within 2 seconds", Box::new(|_| {})),
        (
            "within 2 seconds",
            Box::new(|stream| {
                // A byte at a time, so that something always comes.
                for byte in hex("3084 01000000").into_iter().chain([0; 40]) {
                    let _ = stream.write_all(&[byte]);
                    std::thread::sleep(Duration::from_millis(200));
                }
            }),
        ),
        ("33554432 bytes", Box::new(|stream| drop(stream.write_all(&hex("3084 7fffffff 020102"))))),
        ("no LDAP", Box::new(|stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")))),
        ("no LDAP", Box::new(|stream| drop(stream.write_all(&[0x30, 0x80].repeat(5000))))),
        (
            "of a page",
            Box::new(|stream| {
                let _ = stream.write_all(&hex(ENTRY).repeat(2000));
            }),
        ),
        ("closed the connection", Box::new(|stream| drop(stream.shutdown(std::net::Shutdown::Both)))),
        ("a referral", Box::new(|stream| drop(stream.write_all(&hex("300c 020102 6507 0a010a 0400 0400"))))),
    ];
    for (word, answer) in cases {
        let site = site(&table(&rogue(answer), "plain = true\ntimeout_seconds = 2"));
        let asked = Instant::now();
        let told = server(&site, &["directory", "check", "alice"]).refused(1, "directory");
        assert!(told.all().contains(word), "{word}: {told:?}");
        assert!(asked.elapsed() < Duration::from_secs(60), "{word}");
    }
}

/// The end of a page without entries, of the third message, with a cookie that leads to the next.
const EMPTY_PAGE: &str = "3033 020103 6507 0a0100 0400 0400 a025 3023 0416 312e322e3834302e3131333535362e312e342e333139 0409 3007 \
                          020100 0402beef";

#[test]
fn pages_without_end_come_to_one() {
    let url = rogue(|stream| {
        for number in 2..100 {
            let mut page = hex(EMPTY_PAGE);
            page[4] = number;
            if stream.write_all(&page).is_err() || stream.read(&mut [0; 4096]).is_err() {
                return;
            }
        }
    });
    let site = site(&table(&url, "plain = true\nmost = 20"));
    refused(&site, 1, "directory", "more than 20 such entries");
}
