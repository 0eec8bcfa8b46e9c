//! The browser of the kiosk's screen.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::support::program::end;

/// Longer than any browser takes to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A kiosk as its browser meets it: a link that opens the page once, by a cookie for the same site alone. Tells what is asked of
/// it. A browser opens connections ahead, too, on which it asks nothing.
fn kiosk(listener: TcpListener) -> Receiver<String> {
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, sender) = (stream.unwrap(), sender.clone());
            std::thread::spawn(move || answer(stream, &sender));
        }
    });
    asked
}

/// Answers one question, if one comes.
fn answer(mut stream: TcpStream, asked: &Sender<String>) {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let lines: Vec<String> = lines.collect();
    let Some(path) = lines.first().and_then(|first| first.split(' ').nth(1)) else { return };
    let cookie =
        lines.iter().any(|line| line.to_lowercase().starts_with("cookie: ") && line.contains("__Host-kiosk=1"));
    let is_link = path.starts_with("/start/");
    let answer = match is_link {
        true => {
            "HTTP/1.1 303 See Other\r\nLocation: /\r\n\
             Set-Cookie: __Host-kiosk=1; Path=/; Secure; HttpOnly; SameSite=Strict\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        }
        false => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    };
    // Nobody hears of it once the test is over.
    if path == "/" || is_link {
        let _ = asked.send(format!("{path} {cookie}"));
    }
    let _ = stream.write_all(answer.as_bytes());
}

/// The launcher with its browser; both end with it, however the test does.
struct Launched(Child);

impl Drop for Launched {
    fn drop(&mut self) {
        end(Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]));
        let _ = self.0.wait();
    }
}

#[test]
fn the_kiosks_browser_opens_each_link_once_and_no_argument_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    // A real browser, which notes its arguments, and needs neither a screen nor a user of its own.
    let note = at("arguments").display().to_string();
    let browser =
        format!("#!/bin/sh\necho \"$@\" >>{note}\nexec /usr/bin/chromium --headless=new --no-sandbox \"$@\"\n");
    std::fs::write(at("chromium"), browser).unwrap();
    std::fs::set_permissions(at("chromium"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/client/cardwright-kiosk-browser");
    let launch = |link: &str| {
        std::fs::write(at("link"), format!("{link}\n")).unwrap();
        let mut launch = Command::new(&launcher);
        launch.env("PATH", &path).env("CARDWRIGHT_KIOSK_LINK", at("link")).env("TMPDIR", directory.path());
        launch.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap()
    };
    // What is not this workstation is not opened.
    assert_eq!(launch("http://elsewhere.example.com/start/once").wait().unwrap().code(), Some(1));
    assert!(!at("arguments").exists());

    let launched = Launched(launch(&format!("{origin}/start/once")));
    let asked = kiosk(listener);
    // All up to the page.
    let asked = || {
        let mut all: Vec<String> = Vec::new();
        while all.last().is_none_or(|last| !last.starts_with("/ ")) {
            all.push(asked.recv_timeout(PATIENCE).expect("the browser came to no page"));
        }
        all
    };
    let first = asked();
    // The kiosk was started anew while its page was shown.
    std::fs::write(at("link"), format!("{origin}/start/anew\n")).unwrap();
    let second = asked();
    drop(launched);
    assert_eq!(first, ["/start/once false", "/ true"]);
    assert_eq!(second, ["/start/anew false", "/ true"]);
    let arguments = std::fs::read_to_string(at("arguments")).unwrap();
    assert!(arguments.contains("--kiosk") && !arguments.contains("start/once"), "{arguments}");
}
