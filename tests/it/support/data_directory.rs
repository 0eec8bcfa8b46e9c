//! Data directories as `server init` makes them, with key files that open at once.
//!
//! A key file says itself what opening it costs: scrypt's parameters (RFC 7914, 2) stand in it. The program seals at a
//! cost of tenths of a second a file, and a server has up to five; here they are sealed at the least cost there is. Every
//! directory has keys and a CA of its own, as one of `server init` has. What is tried of `server init` and of sealing
//! itself is tried on the program's own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cardwright::ca::{EmbeddedCa, KeyPlace, RootOrder};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use cardwright::secret::Passphrase;
use cardwright::server::{self, InitOptions, Initialised};
use der::pem::{self, LineEnding};
use der::{Decode, Encode};
use pkcs8::EncryptedPrivateKeyInfoOwned;
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::pkcs5::scrypt;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::directory;
use super::program::{Program, end};

const PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";
const CA_KEY: &str = "ca.key.pem";
const CA_CERTIFICATE: &str = "ca.cer.pem";
const MASTER_KEY: &str = "master.key.pem";
/// The keys that a server makes at its first start where they are not there.
const MADE_AT_START: [&str; 2] = ["tls.key.pem", "audit.key.pem"];

/// A directory that the program has made, whose CA has a key of this kind.
pub fn init(key: &str, passphrase: &str) -> PathBuf {
    let made = directory::fresh("site").join("server");
    let mut command = Program::new().command(["--json", "server", "init", "--ca-key", key]);
    let ended = end(command.arg(&made).env("CARDWRIGHT_PASSPHRASE", passphrase));
    assert!(ended.success(), "{ended:?}");
    seal_cheaply(&made, passphrase);
    add_keys(&made, passphrase);
    made
}

/// Makes a data directory with the default options, for a server on a free port of loopback; its template is for small
/// keys.
pub fn make(directory: &Path, passphrase: &str) -> Initialised {
    let original = original();
    copy(&original.directory, directory);
    let template_uuid = Uuid::new_v4();
    let template = directory.join("templates").join(original.template.file_name().unwrap());
    let text = std::fs::read_to_string(&template).unwrap();
    let text = super::template::small(&text).replace(&original.template_uuid.to_string(), &template_uuid.to_string());
    std::fs::write(&template, text).unwrap();

    let InitOptions { ca_subject: subject, ca_key: algorithm, .. } = InitOptions::default();
    let (key, certificate) = (directory.join(CA_KEY), directory.join(CA_CERTIFICATE));
    std::fs::remove_file(&certificate).unwrap();
    write_key(&key, algorithm, passphrase);
    let root = RootOrder { subject, algorithm, validity: Duration::days(3650) };
    let place = KeyPlace::File { path: key, passphrase: Passphrase::new(passphrase.into()) };
    let authority = EmbeddedCa::create(&root, place, &certificate, OffsetDateTime::now_utc()).unwrap();

    let mut master = [0; 32];
    aws_lc_rs::rand::fill(&mut master).unwrap();
    let label = &original.master_key_label;
    let plain = [label.as_bytes(), &[0], &master].concat();
    write(&directory.join(MASTER_KEY), &sealed(label, &plain, passphrase));
    add_keys(directory, passphrase);
    Initialised { ca_certificate: authority.own().der().to_vec(), ca_request: None, template, template_uuid }
}

/// Seals all key files of a directory anew, at the least cost.
pub fn seal_cheaply(directory: &Path, passphrase: &str) {
    for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.to_string_lossy().ends_with(".key.pem") {
            let text = std::fs::read(&path).unwrap();
            let (label, der) = pem::decode_vec(&text).unwrap();
            let file = EncryptedPrivateKeyInfoOwned::from_der(&der).unwrap();
            let plain = file.encryption_algorithm.decrypt(passphrase, file.encrypted_data.as_bytes()).unwrap();
            write(&path, &sealed(label, &plain, passphrase));
        }
    }
}

/// Adds the key that a server makes where it archives what it makes for people.
pub fn add_recovery_key(directory: &Path, passphrase: &str) {
    write_key(&directory.join("recovery.key.pem"), KeyAlgorithm::P384, passphrase);
}

/// Adds the keys that a server makes at its first start.
pub fn add_keys(directory: &Path, passphrase: &str) {
    MADE_AT_START.iter().for_each(|name| write_key(&directory.join(name), KeyAlgorithm::P256, passphrase));
}

fn write_key(path: &Path, algorithm: KeyAlgorithm, passphrase: &str) {
    let key = MemoryKey::generate(algorithm).unwrap();
    write(path, &sealed(PRIVATE_KEY, key.expose_pkcs8(), passphrase));
}

/// What the program seals, PEM: a private key for OpenSSL's eyes too, all else with its label within.
fn sealed(label: &str, plain: &[u8], passphrase: &str) -> String {
    let least = scrypt::Params::new(1, 1, 1).unwrap();
    let mut salt = [0; 16];
    let mut vector = [0; 16];
    aws_lc_rs::rand::fill(&mut salt).and_then(|()| aws_lc_rs::rand::fill(&mut vector)).unwrap();
    let parameters = match label {
        PRIVATE_KEY => Parameters::generate_scrypt_aes256cbc(least, &salt, vector),
        _ => Parameters::scrypt_aes256gcm(least, &salt, vector[..12].try_into().unwrap()),
    }
    .unwrap();
    let encrypted = parameters.encrypt(passphrase, plain).unwrap();
    let file = EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: parameters.into(),
        encrypted_data: der::asn1::OctetString::new(encrypted).unwrap(),
    };
    pem::encode_string(label, LineEnding::LF, &file.to_der().unwrap()).unwrap()
}

/// Writes a file that only its owner may read.
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Copies a data directory, modes too.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (entry, to) = (entry.path(), to.join(entry.file_name()));
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            std::fs::copy(&entry, &to).unwrap();
        }
    }
}

/// What `server init` has made, once for this process.
struct Original {
    directory: PathBuf,
    template: PathBuf,
    template_uuid: Uuid,
    /// What heads a file of a master key.
    master_key_label: String,
}

fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let directory = directory::fresh("original").join("data");
        let options = InitOptions { listen: "127.0.0.1:0".parse().unwrap(), ..InitOptions::default() };
        let made = server::init(&directory, &options, Passphrase::new("a passphrase".into()), None).unwrap();
        let master_key = std::fs::read(directory.join(MASTER_KEY)).unwrap();
        let master_key_label = pem::decode_label(&master_key).unwrap().to_owned();
        Original { directory, template: made.template, template_uuid: made.template_uuid, master_key_label }
    })
}
