//! The contract in single points, for modules that cannot do them all: what a module does instead stands in a table, and
//! a point that it can do after all fails the test until the row is gone.

use cardwright::pkix::{KeyAlgorithm, MemoryKey, SignatureAlgorithm, Signer};
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, Error, KeyId, LastTry, SecretKind, Tries};

use super::fixture::{Fixture, order};
use super::{PIN, pin};
use crate::support::certificates::{certificate_for, certificate_with};

/// A point of the contract, by name.
type Point = (&'static str, fn(&mut Fixture, &KeyId) -> Result<(), Error>);

pub const REPLACES: &str = "replaces a certificate";
pub const MAKES_RSA: &str = "makes an RSA key and certifies it";
pub const MAKES_CURVE: &str = "makes a key on a curve and certifies it";
pub const TAKES_RSA: &str = "takes an RSA key from elsewhere";
pub const TAKES_CURVE: &str = "takes a key on a curve from elsewhere";
pub const SETS_PIN: &str = "sets a forgotten PIN";
pub const CHANGES_ADMIN: &str = "changes its administrator's secret";
pub const DELETES: &str = "deletes";

/// In this order, on a token that has one key with a certificate.
const POINTS: &[Point] = &[
    ("shows its certificate without a PIN", shows),
    ("signs", signs),
    ("tells of a wrong PIN", tells_of_a_wrong_pin),
    ("changes its PIN", changes_pin),
    (REPLACES, replaces),
    (MAKES_RSA, |fixture, _| makes(fixture, 1, KeyAlgorithm::Rsa2048)),
    (MAKES_CURVE, |fixture, _| makes(fixture, 2, KeyAlgorithm::P256)),
    (TAKES_RSA, |fixture, _| takes(fixture, 3, KeyAlgorithm::Rsa2048)),
    (TAKES_CURVE, |fixture, _| takes(fixture, 4, KeyAlgorithm::P256)),
    (SETS_PIN, sets_forgotten_pin),
    (CHANGES_ADMIN, changes_admin_key),
    (DELETES, deletes),
];

/// A point that a module cannot do, and words of what it answers instead.
pub type Exception = (&'static str, &'static str);

/// Asserts that the token does every point but these.
pub fn judge(fixture: &mut Fixture, key: &KeyId, exceptions: &[Exception]) {
    for (name, _) in exceptions {
        assert!(POINTS.iter().any(|(known, _)| known == name), "there is no point {name:?}");
    }
    let mut faults = Vec::new();
    for (name, point) in POINTS {
        let done = point(fixture, key);
        match (done, exceptions.iter().find(|(excepted, _)| excepted == name)) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => faults.push(format!("{name}: it can by now; take the row away")),
            (Err(error), None) => faults.push(format!("{name}: {}", told(&error))),
            (Err(error), Some((_, said))) if !told(&error).contains(said) => {
                faults.push(format!("{name}: {} instead of {said:?}", told(&error)));
            }
            (Err(_), Some(_)) => {}
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The error and what it comes from.
fn told(error: &Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Makes the key, with a certificate, that the points are about.
pub fn furnish(fixture: &mut Fixture) -> KeyId {
    let (id, algorithm) = (fixture.place(0, false), fixture.quick[0]);
    let mut session = fixture.session();
    let made = session.generate(&order(&id, algorithm)).unwrap();
    session.write_certificate(&id, "first", &certificate_for(&made, "first")).unwrap();
    session.named(&id)
}

fn shows(fixture: &mut Fixture, key: &KeyId) -> Result<(), Error> {
    let stored = fixture.token.public_objects()?.into_iter().find(|stored| stored.id == *key).unwrap();
    assert!(stored.certificate.is_some() && stored.public_key.is_some());
    Ok(())
}

fn signs(fixture: &mut Fixture, key: &KeyId) -> Result<(), Error> {
    let mut session = fixture.session();
    let stored = session.find(key)?.unwrap();
    let public_key = stored.public_key.unwrap();
    assert!(stored.has_private_key && session.holds(key, &public_key)?);
    let algorithm = SignatureAlgorithm::default_for(public_key.algorithm().unwrap());
    let signature = session.sign(key, algorithm, b"message")?;
    public_key.verify(algorithm, b"message", &signature).unwrap();
    Ok(())
}

fn tells_of_a_wrong_pin(fixture: &mut Fixture, _: &KeyId) -> Result<(), Error> {
    match fixture.log_in(&pin("000000")).err() {
        Some(Error::SecretRefused { secret: SecretKind::Pin, left }) => {
            assert!(!matches!(left, Tries::Full | Tries::Locked), "{left:?}");
        }
        other => panic!("{other:?} is no refusal of the PIN"),
    }
    fixture.log_in(&pin(PIN)).map(drop)
}

fn changes_pin(fixture: &mut Fixture, _: &KeyId) -> Result<(), Error> {
    fixture.token.change_pin(&pin(PIN), &pin("654321"), LastTry::Keep)?;
    drop(fixture.log_in(&pin("654321"))?);
    fixture.token.change_pin(&pin("654321"), &pin(PIN), LastTry::Keep)?;
    fixture.log_in(&pin(PIN)).map(drop)
}

fn replaces(fixture: &mut Fixture, key: &KeyId) -> Result<(), Error> {
    let mut session = fixture.session();
    let public_key = session.find(key)?.and_then(|stored| stored.public_key).unwrap();
    // No CA gives two certificates one serial number, and NSS takes none.
    let another = certificate_with(&public_key, "another", |params| params.serial_number = Some(2.into()));
    session.write_certificate(key, "another", &another)?;
    drop(session);
    assert!(fixture.session().read_certificate(key)? == Some(another));
    Ok(())
}

fn makes(fixture: &mut Fixture, index: u8, algorithm: KeyAlgorithm) -> Result<(), Error> {
    let id = fixture.place(index, false);
    let mut session = fixture.session();
    let made = session.generate(&order(&id, algorithm))?;
    session.write_certificate(&id, "made", &certificate_for(&made, "made"))?;
    drop(session);
    let mut session = fixture.session();
    assert!(session.holds(&id, &made)?);
    session.delete(&id).map(drop)
}

fn takes(fixture: &mut Fixture, index: u8, algorithm: KeyAlgorithm) -> Result<(), Error> {
    let id = fixture.place(index, true);
    let key = MemoryKey::generate(algorithm).unwrap();
    fixture.session().import(&order(&id, algorithm), &key)?;
    let mut session = fixture.session();
    assert!(session.holds(&id, key.public_key())?);
    session.delete(&id).map(drop)
}

fn sets_forgotten_pin(fixture: &mut Fixture, _: &KeyId) -> Result<(), Error> {
    let secret = fixture.unblocks.clone();
    fixture.set_pin(&secret, &pin("222222"))?;
    drop(fixture.log_in(&pin("222222"))?);
    fixture.set_pin(&secret, &pin(PIN))
}

fn changes_admin_key(fixture: &mut Fixture, _: &KeyId) -> Result<(), Error> {
    let key = AdminKey::from_hex("00112233445566778899aabbccddeeff0011223344556677").unwrap();
    let first = pin(&fixture.admin);
    fixture.token.change_admin_key(Admin::SoPin(&first), &key, LastTry::Keep)?;
    fixture.token.prove_admin(Admin::Key(&key), LastTry::Keep)
}

fn deletes(fixture: &mut Fixture, key: &KeyId) -> Result<(), Error> {
    fixture.session().delete(key)?;
    assert!(fixture.session().find(key)?.is_none());
    Ok(())
}
