//! OpenSC reads what the driver wrote, and the driver what OpenSC wrote, on one card through pcscd.

use crate::support::certificates::certificate_for;
use crate::support::gids::{ADMIN_KEY, KEY, PIN, admin_key, blank, id, log_in, order, pin};
use crate::support::pcscd::{self, Inserted};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::pkix::{SignatureAlgorithm, Signer};
use cardwright::reader::Readers;
use cardwright::token::{Admin, Credentials, Error, KeyId, LastTry, SecretKind, Token};
use cardwright::virtual_card::GidsOptions;
use std::process::Output;
use tempfile::TempDir;

const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
const OTHER_KEY: &str = "00112233445566778899aabbccddeeff0011223344556677";
const SERIAL: [u8; 16] = *b"strangers' judge";

/// A card in a reader, and where OpenSC's files are.
pub(super) struct Judged {
    pub inserted: Inserted,
    directory: TempDir,
}

impl Judged {
    /// A card from the factory.
    fn blank() -> Self {
        let inserted = pcscd::insert_shared(blank(GidsOptions::default()));
        Self { inserted, directory: tempfile::tempdir().unwrap() }
    }

    /// One that this driver has given its first use.
    pub fn initialised() -> Self {
        let judged = Self::blank();
        GidsToken::initialise(judged.card(), &admin_key(ADMIN_KEY), &pin(PIN), SERIAL).unwrap();
        judged
    }

    /// The card as this driver reaches it, through PC/SC as well.
    fn card(&self) -> Card {
        pcscd::context();
        Readers::open().unwrap().card(self.inserted.reader()).unwrap()
    }

    pub fn token(&self) -> GidsToken {
        GidsToken::open(self.card()).unwrap()
    }

    pub fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().into()
    }

    fn gids_tool(&self, arguments: &[&str]) -> Output {
        let mut program = pcscd::program("gids-tool", 60);
        program.args(["--reader", self.inserted.reader()]).args(arguments).output().unwrap()
    }

    pub fn pkcs11_tool(&self, arguments: &[&str]) -> Output {
        let mut program = pcscd::program("pkcs11-tool", 60);
        program.env("OPENSC_CONF", self.inserted.opensc_configuration(self.directory.path()));
        program.args(["--module", MODULE]).args(arguments).output().unwrap()
    }
}

#[track_caller]
pub(super) fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), b"\n", &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn opensc_reads_and_uses_what_the_driver_wrote() {
    let judged = Judged::initialised();
    let mut token = judged.token();
    let mut session = log_in(&mut token);
    let made = session.generate(&order(1, true)).unwrap();
    session.import(&order(2, false), &KEY).unwrap();
    let (first, second) = (certificate_for(&made, "first"), certificate_for(KEY.public_key(), "second"));
    session.write_certificate(&id(1), "", &first).unwrap();
    // PC/SC cannot tell whether others spoke to the card meanwhile.
    session.pause();
    session.write_certificate(&id(2), "", &second).unwrap();
    drop(session);

    let listed = said(&judged.pkcs11_tool(&["--list-objects", "--login", "--pin", PIN]));
    assert_eq!(listed.matches("Private Key Object; RSA").count(), 2, "{listed}");
    assert_eq!(listed.matches("Certificate Object; type = X.509 cert").count(), 2, "{listed}");
    assert!(listed.contains("5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01"), "{listed}");
    let slots = said(&judged.pkcs11_tool(&["--list-slots"]));
    // OpenSC shows the last half of the serial.
    assert!(slots.contains(&hex::encode(&SERIAL[8..])), "{slots}");

    let data = judged.file("data");
    std::fs::write(&data, b"message").unwrap();
    for (at, key, der) in [("00", &made, &first), ("01", KEY.public_key(), &second)] {
        let read = judged.file("read.der");
        said(&judged.pkcs11_tool(&["--read-object", "--type", "cert", "--id", at, "--output-file", &read]));
        assert!(std::fs::read(&read).unwrap() == *der);
        let signed = judged.file("signed");
        let sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", at, "--login", "--pin", PIN];
        said(&judged.pkcs11_tool(&[&sign[..], &["--input-file", &data, "--output-file", &signed]].concat()));
        key.verify(SignatureAlgorithm::RsaPkcs1Sha256, b"message", &std::fs::read(&signed).unwrap()).unwrap();
    }

    // What is gone for the driver is gone for OpenSC.
    assert_eq!(log_in(&mut token).delete(&id(1)).unwrap(), 2);
    let listed = said(&judged.pkcs11_tool(&["--list-objects", "--login", "--pin", PIN]));
    // OpenSC shows the free record as a key without a name; it does after its own deletions, too.
    assert!(!listed.contains("5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01"), "{listed}");
    assert!(listed.contains("5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a02"), "{listed}");
}

#[test]
fn the_driver_reads_and_uses_what_opensc_wrote() {
    let judged = Judged::blank();
    let serial = hex::encode(SERIAL);
    let first_use = ["-X", "--admin-key", ADMIN_KEY, "--pin", PIN, "--serial-number", &serial];
    said(&judged.gids_tool(&first_use));
    let mut token = judged.token();
    assert_eq!(token.identity().serial, serial);
    let make = ["--keypairgen", "--key-type", "rsa:2048", "--login", "--pin", PIN, "--label", "theirs"];
    said(&judged.pkcs11_tool(&make));

    let found = token.public_objects().unwrap();
    let [theirs] = found.as_slice() else { panic!("{} objects", found.len()) };
    assert_eq!((&theirs.id, theirs.label.as_str()), (&KeyId(b"theirs".to_vec()), "theirs"));
    let public_key = theirs.public_key.clone().unwrap();
    let der = certificate_for(&public_key, "theirs");
    let file = judged.file("cert.der");
    std::fs::write(&file, &der).unwrap();
    let write = ["--write-object", &file, "--type", "cert", "--id", "00", "--login", "--pin", PIN];
    said(&judged.pkcs11_tool(&write));

    let mut session = log_in(&mut token);
    assert!(session.read_certificate(&theirs.id).unwrap() == Some(der));
    let signature = session.sign(&theirs.id, SignatureAlgorithm::RsaPkcs1Sha384, b"message").unwrap();
    public_key.verify(SignatureAlgorithm::RsaPkcs1Sha384, b"message", &signature).unwrap();
    // Both make keys beside each other.
    session.import(&order(2, true), &KEY).unwrap();
    drop(session);
    let make = ["--keypairgen", "--key-type", "rsa:2048", "--login", "--pin", PIN, "--label", "third"];
    said(&judged.pkcs11_tool(&make));
    let mut session = log_in(&mut token);
    assert_eq!(session.list().unwrap().len(), 3);
    assert_eq!(session.delete(&theirs.id).unwrap(), 2);
    assert_eq!(session.list().unwrap().len(), 2);
}

#[test]
fn gids_tool_unblocks_and_changes_what_the_driver_set_and_the_other_way_round() {
    let judged = Judged::initialised();
    let mut token = judged.token();
    let mut log_in = |text: &str| token.log_in(Credentials::user(&pin(text), LastTry::Spend)).map(drop);
    for _ in 0..3 {
        assert!(matches!(log_in("000000"), Err(Error::SecretRefused { secret: SecretKind::Pin, .. })));
    }
    assert!(matches!(log_in(PIN), Err(Error::Locked { secret: SecretKind::Pin })));
    said(&judged.gids_tool(&["-U", "--admin-key", ADMIN_KEY, "--pin", "654321"]));
    log_in("654321").unwrap();

    said(&judged.gids_tool(&["-C", "--admin-key", ADMIN_KEY, "--new-admin-key", OTHER_KEY]));
    let old = token.set_pin(Admin::Key(&admin_key(ADMIN_KEY)), &pin(PIN), LastTry::Keep);
    assert!(matches!(old, Err(Error::SecretRefused { secret: SecretKind::Admin, .. })));
    token.set_pin(Admin::Key(&admin_key(OTHER_KEY)), &pin(PIN), LastTry::Keep).unwrap();
    token.change_admin_key(Admin::Key(&admin_key(OTHER_KEY)), &admin_key(ADMIN_KEY), LastTry::Keep).unwrap();
    let refused = judged.gids_tool(&["-U", "--admin-key", OTHER_KEY, "--pin", "222222"]);
    assert!(!refused.status.success());
    said(&judged.gids_tool(&["-U", "--admin-key", ADMIN_KEY, "--pin", "222222"]));
    token.log_in(Credentials::user(&pin("222222"), LastTry::Keep)).unwrap();
}
