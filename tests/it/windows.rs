//! What the program for Windows does in its own way, under Wine and with this machine's server. The other tests that it is put to are
//! those of cards, as they stand: `scripts/check-windows` names them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cardwright::virtual_card::{PivCard, SharedCard};
use serde_json::Value;

use crate::kiosk::lab::{Corridor, PIN, yubikey};
use crate::support::program::{Ended, Program, client_words, end};
use crate::support::site::Site;

/// Runs the program for Windows in this environment.
fn run(program: &Program, arguments: &[&str]) -> Ended {
    let mut command = program.client(["--json"]);
    end(command.args(arguments).env("CARDWRIGHT_STATE", program.path("state")))
}

/// The bits of a file or directory that are for everybody. Wine gives the group what the owner has: the user is in it, too.
fn of_everybody(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o007
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn settings_and_journal_have_their_places_in_the_users_profile() {
    let mut program = Program::new();
    program.unset("CARDWRIGHT_SYSTEM_CONFIG");
    program.unset("CARDWRIGHT_MODULE");
    let mut command = program.client(["--json", "config", "show"]);
    let told = end(command.env_remove("CARDWRIGHT_STATE")).done();
    let files: Vec<&str> = told["files"].as_array().unwrap().iter().filter_map(|file| file["path"].as_str()).collect();
    let [own, everybodys] = files.as_slice() else { panic!("{told}") };
    assert!(own.ends_with(r"\AppData\Roaming\cardwright\config.toml"), "{own}");
    assert_eq!(*everybodys, r"C:\ProgramData\cardwright\config.toml");
    assert!(told["journal"].as_str().unwrap().ends_with(r"\AppData\Local\cardwright"), "{told}");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn settings_that_others_may_write_are_not_believed_and_the_remedy_is_one_of_windows() {
    let mut program = Program::new();
    program.unset("CARDWRIGHT_MODULE");
    let file = program.write("config.toml", "server = \"https://cm.example.test\"\n");
    program.set("CARDWRIGHT_SYSTEM_CONFIG", &file);
    let show = || run(&program, &["config", "show"]);
    let give = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    give(0o644);
    assert_eq!(show().done()["settings"][0]["holds"]["value"], "https://cm.example.test");
    give(0o666);
    let told = show().refused(2, "config");
    assert!(told.message.contains("Everyone may write"), "{told:?}");
    assert!(told.remedy.contains("icacls"), "{told:?}");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn the_journal_is_its_owners_alone_from_the_first_moment() {
    let program = Program::new();
    assert_eq!(run(&program, &["journal", "list"]).done()["unfinished"], Value::Array(Vec::new()));
    for directory in ["state", "state/journal"] {
        assert_eq!(of_everybody(&program.path(directory)), 0, "{directory}");
    }
    std::fs::set_permissions(program.path("state/journal"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let told = run(&program, &["journal", "list"]).refused(10, "journal");
    assert!(told.causes.contains("Everyone may write"), "{told:?}");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn a_bearer_token_is_made_for_its_owner_alone_and_used() {
    let site = Site::new();
    let server = site.program.path("server").display().to_string();
    let added = site.program.json(["server", "user", "add", &server, "ursula", "--days", "30"]).done();
    let bearer = site.program.path("bearer").display().to_string();
    let run = |arguments: &[&str]| {
        let mut command = site.program.client(["--json"]);
        command.args(arguments).env("CARDWRIGHT_ACTIVATION_CODE", added["code"].as_str().unwrap());
        end(command.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file()))
    };
    run(&["activate", "--out", &bearer]).done();
    assert_eq!(of_everybody(bearer.as_ref()), 0);
    run(&["request", "list", "--bearer-from", &format!("file:{bearer}")]).done();
    run(&["activate", "--out", &bearer]).refused(2, "bearer-file");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn a_secret_comes_from_a_file_or_a_variable_and_a_numbered_file_is_refused_in_words() {
    let program = Program::new();
    let activate = |source: &str| {
        let mut command =
            program.client(["--json", "activate", "--server", "https://localhost:1", "--code-from", source]);
        end(command.env("OF_ITS_OWN", "00000-00000-00000-00000"))
    };
    let told = activate("fd:3").refused(2, "secret-source");
    assert!(told.message.contains("Windows gives no numbers"), "{told:?}");
    let missing = activate("file:C:\\nowhere\\code").refused(2, "secret-source");
    assert!(missing.message.contains("cannot open"), "{missing:?}");
    let file = program.write("code", "00000-00000-00000-00000\r\n");
    for source in [&format!("file:{file}"), "env:OF_ITS_OWN"] {
        assert_eq!(activate(source).told().code, "server-unreachable", "{source}");
    }
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn templates_are_checked_without_a_server() {
    let program = Program::new();
    let file = program.write("nothing.toml", "name = 1\n");
    let told = run(&program, &["template", "check", &file]).refused(2, "template-wrong");
    assert_eq!(told.message, "2 errors found");
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn the_doctor_tells_what_windows_takes_a_card_for() {
    const LIST: &str = r"HKLM\Software\Microsoft\Cryptography\Calais\SmartCards\Of the test";
    let corridor = Corridor::new(&[]);
    let card = SharedCard::new(Box::new(PivCard::new(yubikey()).unwrap()));
    corridor.insert(0, &card);
    corridor.wait_until_seen(0);
    let windows = |arguments: &[&str]| {
        let words = client_words();
        end(corridor.site.program.other(&words[0]).args(&words[1..words.len() - 1]).args(arguments))
    };
    let told = || {
        let told = end(&mut corridor.site.command("ursula", PIN, &["doctor"]));
        let told: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
        let mut of_it = told["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == "minidriver");
        let finding = of_it.next().unwrap_or_else(|| panic!("{told}"));
        [&finding["verdict"], &finding["told"], &finding["remedy"]]
            .map(|text| text.as_str().unwrap_or_default().to_owned())
    };
    windows(&["reg", "delete", LIST, "/f"]);
    let [verdict, sentence, _] = told();
    assert!(verdict == "good" && sentence.contains("does not list"), "{sentence}");
    let atr = hex::encode(cardwright::virtual_card::VirtualCard::atr(&PivCard::new(yubikey()).unwrap()));
    let add = |name: &str, kind: &str, value: &str| {
        let added = windows(&["reg", "add", LIST, "/v", name, "/t", kind, "/d", value, "/f"]);
        assert_eq!(added.code, Some(0), "{added:?}");
    };
    add("ATR", "REG_BINARY", &atr);
    add("80000001", "REG_SZ", "of-the-test.dll");
    let [verdict, sentence, remedy] = told();
    assert!(verdict == "attention" && sentence.contains("\"Of the test\" (of-the-test.dll)"), "{sentence}");
    // What is said to mend it does.
    let command = remedy.split('`').nth(1).unwrap().strip_prefix("reg delete ").unwrap().trim_matches('"');
    assert_eq!(windows(&["reg", "delete", command, "/f"]).code, Some(0), "{remedy}");
    assert_eq!(told()[0], "good");
}

/// Longer than two programs take to start under Wine, with what is waited between two browsers.
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn the_kiosks_browser_gets_the_link_and_the_next_one_another() {
    let corridor = Corridor::new(&["--start-link", "LINK", "--renew-link"]);
    let [link, note, state] =
        ["LINK", "noted", "screen"].map(|name| corridor.site.program.path(name).display().to_string());
    let browser = Path::new(client_words().last().unwrap()).with_file_name("browser.exe").display().to_string();
    let words = ["--json", "kiosk-browser", "--start-link", &link, "--browser", &browser];
    let mut shower = corridor.site.program.client(words);
    shower.env("CARDWRIGHT_STATE", &state).env("BROWSER_NOTE", &note);
    let mut shower = shower.stdout(Stdio::null()).spawn().unwrap();
    let noted = || std::fs::read_to_string(&note).unwrap_or_default();
    let since = Instant::now();
    while noted().lines().count() < 2 && since.elapsed() < PATIENCE {
        assert_eq!(shower.try_wait().unwrap(), None, "{}", noted());
        std::thread::sleep(Duration::from_millis(100));
    }
    shower.kill().unwrap();
    shower.wait().unwrap();
    let noted = noted();
    let begins = format!("HTTP/1.1 303 See Other {}start/", corridor.address);
    let links: Vec<&str> = noted.lines().filter_map(|line| line.strip_prefix(&begins)).collect();
    assert!(matches!(&*links, [first, second] if first != second), "{noted}");
}
