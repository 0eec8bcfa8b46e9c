//! What strangers wrote, our driver reads, uses and unblocks.

use std::io::Write as _;

use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::secret::AdminKey;
use cardwright::token::{
    Admin, CardIdentifier, Counters, Credentials, Error, LastTry, Oddity, SecretKind, Token, Tries, User,
};
use cardwright::virtual_card::PivOptions;
use flate2::{Compression, GzBuilder};
use time::macros::date;

use super::{Desk, OTHER_KEY, OpenSc, PivTool, YubicoPivTool, enroll, field, id, log_in, opensc};
use crate::support::certificates::certificate_for;
use crate::support::piv::{self, ADMIN_KEY, PIN, PUK};

const MESSAGE: &[u8] = b"a message to be signed";

#[test]
fn keys_and_certificates_of_yubico_piv_tool_are_found_and_sign() {
    for options in [PivOptions::yubikey(), piv::plain()] {
        let is_yubikey = options.yubikey;
        let desk = Desk::new(options);
        opensc::furnish(&desk);
        if is_yubikey {
            // A key from elsewhere, in the place of one that the card made.
            desk.openssl("genrsa -traditional -out key.pem 2048");
            desk.openssl("rsa -in key.pem -pubout -out 9d.pub");
            desk.does(YubicoPivTool, "-a import-key -s 9d -i key.pem");
            desk.certify("9d");
            desk.does(YubicoPivTool, "-a import-certificate -s 9d -i 9d.pem");
        }
        our_driver_finds_and_signs(&desk);
    }
}

fn our_driver_finds_and_signs(desk: &Desk) {
    let mut token = desk.driver();
    let stored = token.public_objects().unwrap();
    assert_eq!(stored.len(), 4);
    let pin = piv::pin(PIN);
    let mut session = token.log_in(Credentials::user(&pin, LastTry::Keep)).unwrap();
    for (stored, slot) in stored.iter().zip(["9a", "9c", "9d", "9e"]) {
        let public = desk.public_key(&format!("{slot}.pub"));
        assert_eq!(hex::encode(&stored.id.0), slot);
        assert!(stored.certificate == Some(desk.read(&format!("{slot}.der"))), "{slot}");
        assert!(stored.public_key.as_ref() == Some(&public), "{slot}");
        assert!(session.holds(&stored.id, &public).unwrap(), "{slot}");
        assert!(session.read_certificate(&stored.id).unwrap() == stored.certificate, "{slot}");
        let algorithm = SignatureAlgorithm::default_for(public.algorithm().unwrap());
        let signature = session.sign(&stored.id, algorithm, MESSAGE).unwrap();
        desk.write("signature", signature);
        desk.is_signed(&format!("{slot}.pub"), &algorithm.hash_name().to_lowercase().replace('-', ""));
    }
    let certificate = desk.read("9a.der");
    let refused = session.write_certificate(&id(0x9A), "none", &certificate).unwrap_err();
    assert!(matches!(refused, Error::AdminNeeded), "{refused:?}");
}

#[test]
fn a_pin_that_a_stranger_blocked_is_unblocked_by_our_driver() {
    for options in [PivOptions::yubikey(), piv::plain()] {
        let told_by_metadata = options.yubikey;
        let puk_left = |left| Some(if told_by_metadata { left } else { Tries::Untold });
        let desk = Desk::new(options);
        desk.is_refused(YubicoPivTool, "-a verify-pin -P 111111");
        desk.is_refused(OpenSc, "--login --pin 111111 --list-objects");
        let mut token = desk.driver();
        assert_eq!(token.counters().unwrap().user, Tries::Left(1));
        let pin = piv::pin(PIN);
        let kept = token.log_in(Credentials::user(&pin, LastTry::Keep)).map(drop).unwrap_err();
        assert!(matches!(kept, Error::LastTryKept { secret: SecretKind::Pin }), "{kept:?}");
        drop(token);
        assert_eq!(field(&desk.does(YubicoPivTool, "-a status"), "PIN tries left"), "1");
        desk.is_refused(YubicoPivTool, "-a verify-pin -P 111111");

        let mut token = desk.driver();
        let told = |user, puk| Counters { user, admin: Tries::Untold, puk: puk_left(puk) };
        assert_eq!(token.counters().unwrap(), told(Tries::Locked, Tries::Left(3)));
        let locked = token.log_in(Credentials::user(&pin, LastTry::Spend)).map(drop).unwrap_err();
        assert!(matches!(locked, Error::Locked { secret: SecretKind::Pin }), "{locked:?}");
        let new = piv::pin("222222");
        let wrong = token.set_pin(Admin::Puk(&piv::puk("99999999")), &new, LastTry::Spend).unwrap_err();
        assert!(matches!(wrong, Error::SecretRefused { secret: SecretKind::Puk, left: Tries::Left(2) }), "{wrong:?}");
        assert_eq!(token.counters().unwrap(), told(Tries::Locked, Tries::Left(2)));
        token.set_pin(Admin::Puk(&piv::puk(PUK)), &new, LastTry::Keep).unwrap();
        assert_eq!(token.counters().unwrap(), told(Tries::Left(3), Tries::Left(3)));
        drop(token);
        desk.does(YubicoPivTool, "-a verify-pin -P 222222");
        desk.does(OpenSc, "--login --pin 222222 --list-objects");
        assert!(desk.is_refused(YubicoPivTool, &format!("-a verify-pin -P {PIN}")).contains("2 tries left"));
    }
}

#[test]
fn the_management_key_that_yubico_piv_tool_set_is_the_one_our_driver_needs() {
    let desk = Desk::new(PivOptions::yubikey());
    desk.does(YubicoPivTool, &format!("-a set-mgm-key -n {OTHER_KEY}"));
    let before = desk.holdings();
    let mut token = desk.driver();
    let old = piv::admin_key();
    let credentials = Credentials { user: None, admin: Some(Admin::Key(&old)) };
    let refused = token.log_in(credentials).map(drop).unwrap_err();
    // The card tells that its key is no longer the factory's, so that is not tried.
    assert!(matches!(refused, Error::Contradicted { secret: SecretKind::Admin, is_default: false }), "{refused:?}");
    assert!(desk.holdings() == before);
    let condition = token.condition().unwrap();
    assert_eq!((condition.admin_key_is_default, condition.pin_is_default), (Some(false), Some(true)));

    let (_, certificate) =
        enroll(log_in(&mut token, &AdminKey::from_hex(OTHER_KEY).unwrap()).as_mut(), 0x9A, KeyAlgorithm::P384);
    drop(token);
    desk.does(YubicoPivTool, "-a read-certificate -s 9a -K DER -o back.der");
    assert!(desk.read("back.der") == certificate);
}

/// Yubico's manager keeps the management key in the printed information, or derives it from the PIN; what it wrote is
/// read with the PIN, and is gone once the key is another.
#[test]
fn a_management_key_that_yubicos_manager_keeps_behind_the_pin_is_read_with_it() {
    let next = AdminKey::new(vec![0x4f; 24]);
    for derived in [false, true] {
        let desk = Desk::new(PivOptions::yubikey());
        let key = if derived {
            let salt = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
            desk.write("manager", [&[0x80, 0x12, 0x82, 0x10], hex::decode(salt).unwrap().as_slice()].concat());
            let kdf = format!("kdf -keylen 24 -kdfopt digest:SHA1 -kdfopt pass:{PIN} -kdfopt hexsalt:{salt}");
            desk.openssl(&format!("{kdf} -kdfopt iter:10000 -binary -out derived PBKDF2"));
            hex::encode(desk.read("derived"))
        } else {
            // The PUK is blocked, the key is stored; the time of the last change of the PIN.
            desk.write("manager", hex::decode("80098101038304671b2c3d").unwrap());
            let copy = [&[0x88, 0x1A, 0x89, 0x18], hex::decode(OTHER_KEY).unwrap().as_slice()].concat();
            desk.write("copy", copy);
            desk.does(YubicoPivTool, "-a write-object --id 0x5FC109 -i copy -f binary");
            OTHER_KEY.to_owned()
        };
        desk.does(YubicoPivTool, "-a write-object --id 0x5FFF00 -i manager -f binary");
        desk.does(YubicoPivTool, &format!("-a set-mgm-key -n {key}"));

        let mut token = desk.driver();
        assert!(token.keeps_admin_key().unwrap());
        let wrong = token.kept_admin_key(User::Pin(&piv::pin("864209"), LastTry::Spend)).map(drop).unwrap_err();
        assert!(matches!(wrong, Error::SecretRefused { secret: SecretKind::Pin, .. }), "{wrong:?}");
        let pin = piv::pin(PIN);
        let user = || User::Pin(&pin, LastTry::Keep);
        let kept = token.kept_admin_key(user()).unwrap().unwrap();
        assert_eq!(hex::encode(kept.expose()), key);
        token.change_admin_key(Admin::Key(&kept), &next, LastTry::Keep).unwrap();
        assert!(!token.keeps_admin_key().unwrap() && token.kept_admin_key(user()).unwrap().is_none());
        drop(token);
        if !derived {
            // What else the manager noted stays.
            desk.does(YubicoPivTool, "-a read-object --id 0x5FFF00 -f binary -o left");
            assert_eq!(hex::encode(desk.read("left")), "80098101018304671b2c3d");
        }
    }
    // A card without such a note keeps none, whatever is printed on it.
    let desk = Desk::new(piv::plain());
    assert!(!desk.driver().keeps_admin_key().unwrap());
}

#[test]
fn compressed_certificates_of_strangers_are_read() {
    let desk = Desk::new(piv::plain());
    desk.does(YubicoPivTool, "-a generate -s 9a -A ECCP256 -o 9a.pub");
    let certificate = certificate_for(&desk.public_key("9a.pub"), &"a-long-name".repeat(200));
    // As gzip does it: with the file's name and time.
    let mut packer = GzBuilder::new().filename("9a.der").mtime(1_700_000_000).write(vec![], Compression::best());
    packer.write_all(&certificate).unwrap();
    desk.write("9a.der.gz", packer.finish().unwrap());

    desk.does(YubicoPivTool, "-a import-certificate -s 9a -K GZIP -i 9a.der.gz");
    our_driver_reads(&desk, 0x9A, &certificate);
    desk.write_management_key(ADMIN_KEY);
    desk.run(PivTool, "-A M:9B:03 -Z 9D -i 9a.der.gz");
    our_driver_reads(&desk, 0x9D, &certificate);

    // What says it is compressed and is not, is told as what it is, and the others are still read.
    desk.write("broken.gz", b"no gzip at all");
    desk.does(YubicoPivTool, "-a import-certificate -s 9a -K GZIP -i broken.gz");
    let mut token = desk.driver();
    let mut session = log_in(&mut token, &piv::admin_key());
    assert_eq!(session.read_certificate(&id(0x9A)).unwrap(), None);
    let told: Vec<_> = session.list().unwrap().into_iter().map(|stored| stored.odd).collect();
    assert_eq!(told, [Some(Oddity::NotACertificate), None]);
    assert!(session.read_certificate(&id(0x9D)).unwrap() == Some(certificate));
}

fn our_driver_reads(desk: &Desk, reference: u8, certificate: &[u8]) {
    let stored = desk.driver().public_objects().unwrap();
    let found = stored.iter().find(|stored| stored.id == id(reference)).unwrap();
    assert!(found.certificate.as_deref() == Some(certificate), "{reference:x}");
}

#[test]
fn a_card_that_yubico_piv_tool_named_keeps_its_name() {
    let desk = Desk::new(PivOptions::default());
    assert_eq!(desk.driver().identity().serial, "");
    desk.does(YubicoPivTool, "-a set-chuid");
    let identity = desk.driver().identity().clone();
    let (named, guid) = (identity.serial, identity.earlier_serial.unwrap());
    let chuid = field(&desk.does(YubicoPivTool, "-a status"), "CHUID").to_owned();
    assert!(guid.len() == 28 && chuid.contains(&format!("3410{guid}")), "{guid}: {chuid}");
    let CardIdentifier::Present { expires } = desk.driver().condition().unwrap().card_identifier else { panic!() };
    assert_eq!(expires, Some(date!(2030 - 01 - 01)));

    // An enrollment renews the CHUID; the name stays.
    let mut token = desk.driver();
    enroll(log_in(&mut token, &piv::admin_key()).as_mut(), 0x9A, KeyAlgorithm::P256);
    drop(token);
    assert_eq!(desk.driver().identity().serial, named);
    assert!(field(&desk.does(YubicoPivTool, "-a status"), "CHUID") != chuid);

    // The container that the tool writes names the card anew.
    desk.does(YubicoPivTool, "-a set-ccc");
    let container = field(&desk.does(YubicoPivTool, "-a status"), "CCC").to_owned();
    let serial = desk.driver().identity().serial.clone();
    assert!(container.starts_with(&format!("f015a000000116ff02{serial}")), "{serial}: {container}");
    assert_ne!(serial, named);
}
