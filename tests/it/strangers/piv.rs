//! PIV and strangers: Yubico's and OpenSC's programs drive our card and Nitrokey's, read what our driver wrote there,
//! and write what our driver reads.
//!
//! Left out, for these versions fail within themselves whatever the card (OpenSSL 3): `request-certificate` and
//! `selfsign-certificate` of yubico-piv-tool 2.2, `-G` and `-A A:` of piv-tool 0.23.

mod nitrokey;
mod opensc;
mod ours;
mod theirs;
mod ykcs11;
mod yubico;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use cardwright::piv::PivToken;
use cardwright::pkix::{KeyAlgorithm, PublicKey};
use cardwright::reader::Readers;
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, Credentials, KeyId, KeyOrder, LastTry, Session, Token, User};
use cardwright::virtual_card::{PivCard, PivOptions, VirtualCard};
use x509_cert::der::pem;
use zeroize::Zeroizing;

use crate::support::certificates::certificate_for;
use crate::support::directory;
use crate::support::pcscd::{self, Inserted};
use crate::support::piv::{self, PIN};
use crate::support::program::{Ended, end};

/// The longest that a stranger takes for one command, in seconds.
const PATIENCE: u32 = 60;
const YKCS11_MODULE: &str = "/usr/lib/x86_64-linux-gnu/libykcs11.so";
/// With it `--unlock-pin` is by the PUK; without it a try of the PIN is spent.
const UNBLOCK_BY_PUK: &str = "app opensc-pkcs11 { pkcs11 { user_pin_unblock_style = set_pin_in_unlogged_session; } }\n";
/// A management key that is not the factory's, also for 3DES, which overlooks the last bit of each byte.
const OTHER_KEY: &str = "a1a2a3a4a5a6a7a8b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8";

/// Somebody else's program.
#[derive(Clone, Copy, Debug)]
enum Stranger {
    YubicoPivTool,
    PivTool,
    Pkcs15Tool,
    /// pkcs11-tool with OpenSC's own module.
    OpenSc,
    /// pkcs11-tool with Yubico's module; it sees the card in the YubiKey's reader only.
    Ykcs11,
}

use Stranger::{OpenSc, PivTool, Pkcs15Tool, Ykcs11, YubicoPivTool};

/// A card in a reader, and a directory for what strangers read and write.
struct Desk {
    inserted: Inserted,
    directory: PathBuf,
}

impl Desk {
    fn new(options: PivOptions) -> Self {
        Self::with(pcscd::insert(Box::new(PivCard::new(options).unwrap())))
    }

    fn with(inserted: Inserted) -> Self {
        let directory = directory::fresh("piv-strangers");
        let configuration = inserted.opensc_configuration(&directory);
        let seen = std::fs::read_to_string(&configuration).unwrap();
        std::fs::write(configuration, seen + UNBLOCK_BY_PUK).unwrap();
        std::fs::write(directory.join("message"), "a message to be signed").unwrap();
        Self { inserted, directory }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.directory.join(name)).unwrap()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.directory.join(name), content).unwrap();
    }

    /// Runs a stranger with the words of `line`.
    fn run(&self, stranger: Stranger, line: &str) -> Ended {
        let (name, own) = match stranger {
            YubicoPivTool => ("yubico-piv-tool", vec!["-r", self.inserted.reader()]),
            PivTool => ("piv-tool", vec!["-r", self.inserted.reader()]),
            Pkcs15Tool => ("pkcs15-tool", vec!["--reader", self.inserted.reader()]),
            OpenSc => ("pkcs11-tool", vec![]),
            Ykcs11 => ("pkcs11-tool", vec!["--module", YKCS11_MODULE]),
        };
        let mut command = pcscd::program(name, PATIENCE);
        command.current_dir(&self.directory).env("OPENSC_CONF", self.directory.join("opensc.conf"));
        command.env("PIV_EXT_AUTH_KEY", "management.key").env("HOME", &self.directory);
        end(command.args(own).args(line.split_whitespace()).stdin(Stdio::null()))
    }

    /// What a stranger says that does as it is told.
    #[track_caller]
    fn does(&self, stranger: Stranger, line: &str) -> String {
        let ended = self.run(stranger, line);
        assert!(ended.success(), "{stranger:?} {line}: {ended:?}");
        ended.all()
    }

    /// What a stranger says that was refused by the card.
    #[track_caller]
    fn is_refused(&self, stranger: Stranger, line: &str) -> String {
        let ended = self.run(stranger, line);
        assert_eq!(ended.code, Some(1), "{stranger:?} {line}: {ended:?}");
        ended.all()
    }

    #[track_caller]
    fn openssl(&self, line: &str) -> String {
        let mut command = Command::new("openssl");
        let ended = end(command.args(line.split_whitespace()).current_dir(&self.directory));
        assert!(ended.success(), "openssl {line}: {ended:?}");
        ended.all()
    }

    /// Asserts by openssl that the file `signature` is by the key in the file `public` over `message`.
    #[track_caller]
    fn is_signed(&self, public: &str, hash: &str) {
        let said = self.openssl(&format!("dgst -{hash} -verify {public} -signature signature message"));
        assert!(said.contains("Verified OK"), "{said}");
        std::fs::remove_file(self.directory.join("signature")).unwrap();
    }

    /// Our driver on the card, by the same pcscd.
    fn driver(&self) -> PivToken {
        PivToken::open(Readers::open().unwrap().card(self.inserted.reader()).unwrap()).unwrap()
    }

    /// All that the card holds, its counters included: the same bytes while nothing has changed.
    fn holdings(&self) -> Zeroizing<Vec<u8>> {
        self.inserted.card().with_card(|card: &mut dyn VirtualCard| card.state()).unwrap()
    }

    /// The public key in a file that a stranger wrote.
    fn public_key(&self, name: &str) -> PublicKey {
        let armoured = self.read(name);
        let (label, spki) = pem::decode_vec(&armoured).unwrap();
        assert_eq!(label, "PUBLIC KEY");
        PublicKey::from_spki(&spki).unwrap()
    }

    /// A certificate of the tests' authority, for the key in the file `SLOT.pub` that a stranger wrote; also in the
    /// files `SLOT.pem` and `SLOT.der`.
    fn certify(&self, slot: &str) -> Vec<u8> {
        let certificate = certificate_for(&self.public_key(&format!("{slot}.pub")), &format!("holder-of-{slot}"));
        self.write_certificate(slot, &certificate);
        certificate
    }

    fn write_certificate(&self, name: &str, certificate: &[u8]) {
        self.write(&format!("{name}.der"), certificate);
        let armoured = pem::encode_string("CERTIFICATE", pem::LineEnding::LF, certificate).unwrap();
        self.write(&format!("{name}.pem"), armoured);
    }

    fn write_public_key(&self, name: &str, key: &PublicKey) {
        self.write(name, pem::encode_string("PUBLIC KEY", pem::LineEnding::LF, key.spki()).unwrap());
    }

    /// The key that piv-tool proves the administrator with.
    fn write_management_key(&self, digits: &str) {
        let bytes: Vec<String> = hex::decode(digits).unwrap().iter().map(|byte| format!("{byte:02X}")).collect();
        self.write("management.key", bytes.join(":"));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What yubico-piv-tool's `status` says behind `name`.
#[track_caller]
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name:?} in {status}")).trim()
}

fn id(reference: u8) -> KeyId {
    KeyId(vec![reference])
}

/// Our driver with user's and administrator's authority.
fn log_in<'a>(token: &'a mut PivToken, key: &AdminKey) -> Box<dyn Session + 'a> {
    let user = Some(User::Pin(&piv::pin(PIN), LastTry::Keep));
    token.log_in(Credentials { user, admin: Some(Admin::Key(key)) }).unwrap()
}

/// Our driver makes a key and writes a certificate for it, as an enrollment does.
fn enroll(session: &mut dyn Session, reference: u8, algorithm: KeyAlgorithm) -> (PublicKey, Vec<u8>) {
    let decrypts = reference == 0x9D;
    let order = KeyOrder { id: id(reference), label: "enrolled".into(), algorithm, decrypts, replace: true };
    let key = session.generate(&order).unwrap();
    let certificate = certificate_for(&key, &format!("holder-of-{reference:x}"));
    session.write_certificate(&order.id, "enrolled", &certificate).unwrap();
    (key, certificate)
}
