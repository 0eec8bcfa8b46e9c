//! The guides: every command on their pages is run, in the order of the page, and ends as the page says.
//!
//! A line that is indented by four columns and begins with `cardwright` or `mkdir` is a command; `exit code N` in its remark
//! says how it ends, otherwise well. `REQUEST` stands for the request that was told of last.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::PIN;
use super::cards::kind::YUBIKEY;
use crate::support::pcscd;
use crate::support::program::{Ended, PATH, Program, end};
use crate::support::site::Site;
use crate::support::softhsm;
use cardwright::cm::request::RequestStatus;
use cardwright::farm::pcscd::CLIENTS_VARIABLE;

/// The longest a command may take, in seconds; for a busy machine.
const BOUND: &str = "240";
const VCARD_PASSPHRASE: &str = "for cards in trials alone";

/// A command of a guide, and the exit code that the page tells.
fn commands(guide: &str) -> Vec<(String, i32)> {
    let path = format!("{}/docs/guides/{guide}.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(path).unwrap();
    let indented = page.lines().filter_map(|line| line.strip_prefix("    "));
    let commands = indented.filter(|line| line.starts_with("cardwright ") || line.starts_with("mkdir "));
    let read = |line: &str| {
        let (command, remark) = line.split_once(" #").unwrap_or((line, ""));
        let code = remark.split_once("exit code ").map_or(0, |(_, code)| code.trim().parse().unwrap());
        (command.trim().to_owned(), code)
    };
    commands.map(read).collect()
}

/// A person at a shell, with the program on the path.
struct Reader<'a> {
    program: &'a Program,
    variables: Vec<(&'static str, String)>,
    unset: &'static [&'static str],
    request: Option<String>,
    ran: usize,
}

impl<'a> Reader<'a> {
    fn new(program: &'a Program) -> Self {
        for directory in ["bin", "work", "home"] {
            std::fs::create_dir_all(program.path(directory)).unwrap();
        }
        if !program.path("bin/cardwright").exists() {
            symlink(PATH, program.path("bin/cardwright")).unwrap();
        }
        let path = format!("{}:{}", program.path("bin").display(), std::env::var("PATH").unwrap());
        // What is set for the program's other tests is not set for a reader of the guide.
        Self { program, variables: vec![("PATH", path)], unset: &["XDG_CONFIG_HOME"], request: None, ran: 0 }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// As one of the site's people, with a PIN at hand.
    fn of(site: &'a Site, who: &str) -> Self {
        let reader = Self::new(&site.program);
        let reader = reader.with("CARDWRIGHT_SERVER", &*site.origin).with("CARDWRIGHT_BEARER", site.bearer(who));
        reader.with("CARDWRIGHT_CA_FILE", site.ca_file().display().to_string()).pins()
    }

    fn pins(self) -> Self {
        self.with("CARDWRIGHT_PIN", PIN).with("CARDWRIGHT_NEW_PIN", PIN)
    }

    /// Runs a command as it stands, which must end with this code.
    #[track_caller]
    fn run(&mut self, command: &str, code: i32) -> Ended {
        let request = self.request.clone().unwrap_or_default();
        let typed = command.replace("REQUEST", &request);
        let mut shell: Command = self.program.other("timeout");
        shell.args(["--kill-after=5", BOUND, "sh", "-c", &typed]).current_dir(self.program.path("work"));
        shell.envs(self.variables.iter().map(|(name, value)| (name, value)));
        for name in self.unset {
            shell.env_remove(name);
        }
        let ended = end(&mut shell);
        assert_eq!(ended.code, Some(code), "{typed}: {ended:?}");
        let words = ended.stdout.split(|letter: char| !(letter.is_ascii_hexdigit() || letter == '-'));
        let told = words.filter(|word| word.len() == 36 && uuid::Uuid::parse_str(word).is_ok());
        if command.contains("request list") {
            self.request = told.map(String::from).next();
        }
        self.ran += 1;
        ended
    }
}

#[test]
fn the_operators_desk() {
    let mut site = Site::with_approval();
    site.person("adam", &["approvers"]);
    site.person("ursula", &[]);
    let card = pcscd::insert((YUBIKEY.make)());
    let directory = site.program.path("server").display().to_string();
    let olga = site.program.json(["server", "user", "add", &directory, "olga", "--group", "operators"]).done();
    std::fs::create_dir_all(site.program.path("everybody")).unwrap();
    let handed_out = format!(
        "server = {:?}\nca_file = {:?}\nbearer_file = \"~/.config/cardwright/bearer\"\n",
        site.origin,
        site.ca_file().display().to_string()
    );
    site.program.write("everybody/config.toml", handed_out);

    let mut olga = Reader::new(&site.program)
        .pins()
        .with("CARDWRIGHT_ACTIVATION_CODE", olga["code"].as_str().unwrap())
        .with("CARDWRIGHT_READER", card.reader())
        .with(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
    olga.unset = &["XDG_CONFIG_HOME", "CARDWRIGHT_MODULE"];
    for (command, code) in commands("desk") {
        let ended = olga.run(&command, code);
        if code == 7 {
            let waiting = site.client("adam").visible_requests(Some(RequestStatus::Pending)).unwrap();
            assert_eq!(waiting.len(), 1, "{ended:?}");
            site.run("adam", PIN, &["request", "approve", &waiting[0].uuid.to_string(), "--yes"]).done();
        }
    }
    assert!(olga.ran >= 12, "{}", olga.ran);
}

#[test]
fn the_approver() {
    let mut site = Site::with_approval();
    site.person("adam", &["approvers"]);
    site.person("olga", &["operators"]);
    site.person("ursula", &[]);
    site.person("petra", &[]);
    let created = |whom: &str| {
        let arguments = ["request", "create", "--type", "enroll", "--template", "Smart card logon", "--for", whom];
        site.run("olga", PIN, &arguments).done()
    };
    created("ursula");
    let mut adam = Reader::of(&site, "adam");
    for (command, code) in commands("approver") {
        if command.contains("request deny") {
            created("petra");
            adam.run("cardwright request list --status pending", 0);
        }
        adam.run(&command, code);
    }
    let mut statuses: Vec<_> =
        site.client("olga").visible_requests(None).unwrap().iter().map(|it| it.status.name()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["Approved", "Denied"]);
}

#[test]
fn the_tester() {
    let mut site = Site::new();
    site.person("ursula", &[]);
    let mut reader = Reader::of(&site, "ursula").with("CARDWRIGHT_VCARD_PASSPHRASE", VCARD_PASSPHRASE);
    reader.unset = &["XDG_CONFIG_HOME", "CARDWRIGHT_MODULE"];
    for (command, code) in commands("tester") {
        reader.run(&command.replace("/usr/lib/softhsm/libsofthsm2.so", softhsm::MODULE), code);
    }
    assert!(reader.ran >= 11, "{}", reader.ran);
}

#[test]
fn the_administrator() {
    let program = Program::new();
    let place = program.path("srv").display().to_string();
    let mut administrator = Reader::new(&program).with("CARDWRIGHT_PASSPHRASE", "a passphrase of several plain words");
    for (command, code) in commands("administrator") {
        let command = command.replace("/srv/", &format!("{place}/")).replace("0.0.0.0:8443", "127.0.0.1:0");
        if command.starts_with("cardwright serve ") {
            // It runs until it is told to end.
            let ended = administrator.run(&format!("timeout --signal=TERM 10 {command}"), 124);
            assert!(ended.all().contains("listening"), "{ended:?}");
            continue;
        }
        if command.starts_with("cardwright server init") {
            std::fs::create_dir_all(&place).unwrap();
        }
        administrator.run(&command, code);
    }
    assert!(administrator.ran >= 10, "{}", administrator.ran);
}
