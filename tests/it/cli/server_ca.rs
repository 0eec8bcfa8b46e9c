//! `server init --ca-csr-out`, `server ca install` and `server ca secret`: a CA above the server's own, or elsewhere.

use crate::ca::subordinate::{Root, SUBORDINATE};
use crate::support::program::{Ended, Program, end};
use crate::support::site::PASSPHRASE;

const OTHER: &str = "another passphrase";

/// A program with the passphrase of key files at hand, and a directory whose CA waits for its certificate.
struct Waiting {
    program: Program,
    directory: String,
    csr: String,
}

fn waiting() -> Waiting {
    let mut program = Program::new();
    program.set("CARDWRIGHT_PASSPHRASE", PASSPHRASE);
    let directory = program.path("server").display().to_string();
    let csr = program.path("sub.csr").display().to_string();
    let made = program.json(["server", "init", &directory, "--ca-csr-out", &csr]).done();
    assert_eq!((made["directory"].as_str(), made["ca_request"].as_str()), (Some(&*directory), Some(&*csr)));
    Waiting { program, directory, csr }
}

impl Waiting {
    fn install(&self, chain: &str) -> Ended {
        let path = self.program.write("chain.pem", chain);
        self.program.json(["server", "ca", "install", &self.directory, &path])
    }
}

#[test]
fn a_chain_is_installed_once_and_only_if_it_holds() {
    let place = waiting();
    let serve = place.program.json(["serve", &place.directory]).told();
    assert_eq!((serve.exit, serve.code.as_str()), (2, "ca-not-installed"));
    let csr = std::fs::read_to_string(&place.csr).unwrap();
    let (root, other) = (Root::new(1), Root::new(1));
    let good = root.sign(&csr, SUBORDINATE) + &root.pem();
    for chain in [
        "",
        "no certificate",
        &root.pem(),
        &root.sign(&csr, SUBORDINATE),
        &(root.sign(&csr, SUBORDINATE) + &other.pem()),
        &(root.sign(&csr, "basicConstraints=critical,CA:FALSE\n") + &root.pem()),
        &good.repeat(6),
    ] {
        let told = place.install(chain).refused(2, "ca-chain");
        assert!(told.remedy.contains("Nothing was installed"), "{told:?}");
    }
    let absent = place.program.path("absent.pem").display().to_string();
    place.program.json(["server", "ca", "install", &place.directory, &absent]).refused(2, "file");
    let path = place.program.write("chain.pem", &good);
    place.program.json(["server", "ca", "install", "/nowhere", &path]).refused(2, "no-data-directory");
    assert!(!place.program.path("server/ca.cer.pem").exists(), "nothing is installed that does not hold");

    let installed = place.install(&good).done();
    let subjects: Vec<&str> = installed["chain"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert_eq!(subjects, ["CN=cardwright CA", "CN=Example Root,O=Example"]);
    place.install(&good).refused(2, "ca-not-asked-for");
}

#[test]
fn people_are_told_what_the_ca_is_and_what_to_do_next() {
    let place = waiting();
    let root = Root::new(1);
    let chain = root.sign(&std::fs::read_to_string(&place.csr).unwrap(), SUBORDINATE) + &root.pem();
    let path = place.program.write("chain.pem", chain);
    let told = place.program.text(["server", "ca", "install", &place.directory, &path]);
    assert!(told.success() && told.stdout.contains("under CN=Example Root,O=Example"), "{told:?}");
    assert!(told.stdout.contains("cardwright serve"), "{told:?}");
    let again = place.program.text(["server", "ca", "install", &place.directory, &path]);
    assert!(again.code == Some(2) && again.stderr.contains("code: ca-not-asked-for"), "{again:?}");
}

#[test]
fn the_secret_for_a_ca_elsewhere_is_kept_sealed_under_the_servers_own_passphrase() {
    let place = waiting();
    let secret = place.program.write("secret", "hunter2-of-the-ca");
    let source = format!("file:{secret}");
    let keep = ["server", "ca", "secret", &place.directory, "--secret-from", &source];
    let mut wrong = place.program.command(["--json"]);
    let refused = end(wrong.args(keep).env("CARDWRIGHT_PASSPHRASE", OTHER)).refused(2, "server-keys");
    assert!(refused.remedy.contains("passphrase"), "{refused:?}");
    let holds = |text: &str| {
        let files = std::fs::read_dir(&place.directory).unwrap().flatten().map(|entry| entry.path());
        files
            .filter(|path| path.is_file())
            .any(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(text))
    };
    let before = std::fs::read_dir(&place.directory).unwrap().count();
    for _ in 0..2 {
        assert_eq!(place.program.json(keep).done()["directory"], place.directory.as_str());
        assert_eq!(std::fs::read_dir(&place.directory).unwrap().count(), before + 1, "one that is there is replaced");
    }
    assert!(!holds("hunter2-of-the-ca"), "the secret lies open");
    let nowhere = ["server", "ca", "secret", "/nowhere", "--secret-from", &source];
    place.program.json(nowhere).refused(2, "no-data-directory");
    let empty = format!("file:{}", place.program.write("empty", ""));
    let told = place.program.json(["server", "ca", "secret", &place.directory, "--secret-from", &empty]).told();
    assert_eq!((told.exit, told.code.as_str()), (2, "secret-empty"));
    let typed = place.program.text(["server", "ca", "secret", &place.directory, "--secret-from", "hunter2-of-the-ca"]);
    assert!(typed.code == Some(2) && !typed.all().contains("hunter2"), "{typed:?}");
}
