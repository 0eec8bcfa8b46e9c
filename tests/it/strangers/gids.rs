//! OpenSC judges our GIDS card through a real pcscd: `gids-tool` makes it ready, `pkcs11-tool` uses it.

use std::io::Write;
use std::path::PathBuf;
use std::process::Output;

use cardwright::secret::{AdminKey, Pin};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised};

use super::told;
use crate::support::{directory, pcscd};

const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
const PIN: &str = "123456";
const KEY: &str = "010203040506070801020304050607080102030405060708";
const OTHER_KEY: &str = "a1a2a3a4a5a6a7a8b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8";
const CARD_ID: &str = "00112233445566778899aabbccddeeff";

/// A card in a reader, and a directory for what the strangers read and write.
struct Bench {
    card: pcscd::Inserted,
    directory: PathBuf,
}

impl Bench {
    /// A card from the factory.
    fn fresh() -> Self {
        Self::new(GidsOptions::default())
    }

    /// A card that we made ready.
    fn ready() -> Self {
        let (pin, admin_key) = (Pin::new(PIN.into()), AdminKey::from_hex(KEY).unwrap());
        let card_id = hex::decode(CARD_ID).unwrap().try_into().unwrap();
        Self::new(GidsOptions { initialised: Some(Initialised { pin, admin_key, card_id }), ..Default::default() })
    }

    fn new(options: GidsOptions) -> Self {
        let card = pcscd::insert(Box::new(GidsCard::new(options).unwrap()));
        let directory = directory::fresh("strangers-gids");
        let conf = card.opensc_configuration(&directory);
        let conf = std::fs::OpenOptions::new().append(true).open(conf);
        // Else each run asks for two dozen other kinds of card first; `opensc-tool` still does, once.
        let only = b"app opensc-pkcs11 { card_drivers = gids; }\napp gids-tool { card_drivers = gids; }\n";
        conf.and_then(|mut conf| conf.write_all(only)).unwrap();
        std::fs::write(directory.join("message"), b"a message to be signed").unwrap();
        Self { card, directory }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = pcscd::program(program, 60);
        command.args(arguments).current_dir(&self.directory);
        command.env("OPENSC_CONF", self.directory.join("opensc.conf")).env("XDG_CACHE_HOME", &self.directory);
        command.output().unwrap()
    }

    fn succeeds(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        let said = told(&output);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    fn fails(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        let said = told(&output);
        assert!(!output.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    fn gids_tool(&self, arguments: &[&str]) -> String {
        self.succeeds("gids-tool", &[&["--reader", self.card.reader()], arguments].concat())
    }

    fn gids_tool_fails(&self, arguments: &[&str]) -> String {
        self.fails("gids-tool", &[&["--reader", self.card.reader()], arguments].concat())
    }

    /// `pkcs11-tool`, logged in with the PIN.
    fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        self.succeeds("pkcs11-tool", &[&["--module", MODULE, "--login", "--pin", PIN], arguments].concat())
    }

    /// What OpenSC's module says of the token, its flags among it.
    fn token(&self) -> String {
        self.succeeds("pkcs11-tool", &["--module", MODULE, "--list-slots"])
    }

    fn signs_with(&self, id: &str, public_key: &str) {
        let sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", id, "-i", "message", "-o", "signature"];
        self.pkcs11_tool(&sign);
        let verify = ["dgst", "-sha256", "-verify", public_key, "-signature", "signature", "message"];
        assert!(self.succeeds("openssl", &verify).contains("Verified OK"));
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

const INITIALISE: [&str; 7] = ["--initialize", "--admin-key", KEY, "--pin", PIN, "--serial-number", CARD_ID];

#[test]
fn gids_tool_makes_a_fresh_card_ready_once() {
    let bench = Bench::fresh();
    assert!(bench.succeeds("opensc-tool", &["--reader", bench.card.reader(), "--name"]).contains("GIDS Smart Card"));
    assert!(!bench.gids_tool(&INITIALISE).contains("failed"));
    let dump = bench.gids_tool(&[]);
    for told in ["Found 5 entries in the masterfile", r"File: mscp\cmapfile", r"File: \cardid", "no container found"] {
        assert!(dump.contains(told), "{told}: {dump}");
    }
    assert!(bench.token().contains(&CARD_ID[16..]), "the serial number, as much as PKCS #11 has room for");
    assert!(bench.gids_tool(&INITIALISE).contains("Card is invalid"), "a second time it refuses, with exit code 0");
}

#[test]
fn gids_tool_unblocks_and_changes_the_administrators_key() {
    let bench = Bench::ready();
    let refused = "Security status not satisfied";
    assert!(bench.gids_tool_fails(&["--unblock", "--admin-key", OTHER_KEY, "--pin", "654321"]).contains(refused));
    bench.pkcs11_tool(&["--list-objects"]);
    let change = ["--change-admin-key", "--admin-key", KEY, "--new-admin-key", OTHER_KEY];
    bench.gids_tool(&change);
    assert!(bench.gids_tool_fails(&change).contains(refused));
    assert!(bench.gids_tool_fails(&["--unblock", "--admin-key", KEY, "--pin", "654321"]).contains(refused));
    let unblocked = bench.gids_tool(&["--unblock", "--admin-key", OTHER_KEY, "--pin", "654321"]);
    assert!(unblocked.contains("Unblock PIN done successfully"), "{unblocked}");
    bench.succeeds("pkcs11-tool", &["--module", MODULE, "--login", "--pin", "654321", "--list-objects"]);
}

#[test]
fn three_wrong_pins_lock_the_card_until_it_is_unblocked() {
    let bench = Bench::ready();
    let log_in = |pin| ["--module", MODULE, "--login", "--pin", pin, "--list-objects"];
    for flag in ["user PIN count low", "final user PIN try", "user PIN locked"] {
        assert!(bench.fails("pkcs11-tool", &log_in("000000")).contains("CKR_PIN_INCORRECT"));
        assert!(bench.token().contains(flag), "{flag}");
    }
    assert!(bench.fails("pkcs11-tool", &log_in(PIN)).contains("CKR_PIN_LOCKED"));
    bench.gids_tool(&["--unblock", "--admin-key", KEY, "--pin", "24681357"]);
    bench.succeeds("pkcs11-tool", &log_in("24681357"));
    let change = ["--module", MODULE, "--login", "--pin", "24681357", "--change-pin", "--new-pin", PIN];
    bench.succeeds("pkcs11-tool", &change);
    bench.succeeds("pkcs11-tool", &log_in(PIN));
}

#[test]
fn opensc_makes_a_key_signs_and_decrypts_with_it() {
    let bench = Bench::ready();
    bench.pkcs11_tool(&["--keypairgen", "--key-type", "rsa:2048", "--label", "made"]);
    let listed = bench.pkcs11_tool(&["--list-objects"]);
    assert!(listed.contains("sensitive, always sensitive, never extractable, local"), "{listed}");
    bench.pkcs11_tool(&["--read-object", "--type", "pubkey", "--id", "00", "--output-file", "public.der"]);
    bench.succeeds("openssl", &["pkey", "-pubin", "-inform", "DER", "-in", "public.der", "-out", "public.pem"]);
    bench.signs_with("00", "public.pem");
    let encrypt = ["pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", "-in", "message", "-out", "secret"];
    bench.succeeds("openssl", &encrypt);
    let decrypted = bench.pkcs11_tool(&["--decrypt", "--mechanism", "RSA-PKCS", "--id", "00", "-i", "secret"]);
    assert!(decrypted.contains("a message to be signed"), "{decrypted}");
    assert!(bench.gids_tool(&[]).contains("wKeyExchangeKeySizeBits: 2048"));
}

#[test]
fn opensc_brings_in_a_key_and_its_certificate_and_deletes_them() {
    let bench = Bench::ready();
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=brought in", "-keyout", "key.pem"];
    bench.succeeds("openssl", &[make.as_slice(), &["-out", "certificate.pem"]].concat());
    bench.succeeds("openssl", &["pkey", "-in", "key.pem", "-outform", "DER", "-out", "key.der"]);
    bench.succeeds("openssl", &["x509", "-in", "certificate.pem", "-outform", "DER", "-out", "certificate.der"]);
    bench.succeeds("openssl", &["x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"]);
    let key = ["--write-object", "key.der", "--type", "privkey", "--id", "00", "--label", "brought", "--usage-decrypt"];
    bench.pkcs11_tool(&key);
    bench.pkcs11_tool(&["--write-object", "certificate.der", "--type", "cert", "--id", "00", "--label", "brought"]);
    bench.signs_with("00", "public.pem");
    bench.pkcs11_tool(&["--read-object", "--type", "cert", "--id", "00", "--output-file", "read.der"]);
    let read = |name| std::fs::read(bench.directory.join(name)).unwrap();
    assert!(read("read.der") == read("certificate.der"));
    let dump = bench.gids_tool(&[]);
    assert!(dump.contains(r"File: mscp\kxc00"), "{dump}");

    bench.pkcs11_tool(&["--delete-object", "--type", "cert", "--id", "00"]);
    bench.pkcs11_tool(&["--delete-object", "--type", "privkey", "--id", "00"]);
    let dump = bench.gids_tool(&[]);
    assert!(!dump.contains("kxc00") && dump.contains("Empty container"), "{dump}");
}
