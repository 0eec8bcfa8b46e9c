//! Nitrokey's PIV card, as far as it goes: our driver and strangers enroll on it, and each reads the other.
//!
//! It tells no metadata, attests nothing and imports no keys; every one of them tells the same serial and version.

use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::secret::AdminKey;
use cardwright::token::{
    Admin, CardIdentifier, Counters, Credentials, Error, KeyOrder, KeyWish, LastTry, SecretKind, Session, Token, Tries,
};

use time::macros::date;

use super::{Desk, OTHER_KEY, OpenSc, PivTool, YubicoPivTool, enroll, field, id, log_in};
use crate::support::pcscd;
use crate::support::piv;
use crate::support::piv::{ADMIN_KEY as MANAGEMENT_KEY, PUK};
use crate::support::piv_authenticator::{PIN, PivAuthenticator};

fn desk() -> Desk {
    Desk::with(pcscd::insert(Box::new(PivAuthenticator::new())))
}

fn management_key() -> AdminKey {
    AdminKey::from_hex(MANAGEMENT_KEY).unwrap()
}

#[test]
fn our_driver_enrolls_on_it_and_strangers_use_what_it_wrote() {
    let desk = desk();
    let mut token = desk.driver();
    token.initialise(Admin::Key(&management_key())).unwrap();
    assert_eq!(token.identity().manufacturer, "", "it is no YubiKey, whatever it answers");
    let serial = token.identity().serial.clone();
    let mut session = log_in(&mut token, &management_key());
    for (reference, algorithm) in [(0x9A, KeyAlgorithm::P256), (0x9C, KeyAlgorithm::Rsa2048)] {
        our_driver_makes_a_key(&desk, session.as_mut(), reference, algorithm);
    }
    drop(session);
    drop(token);
    strangers_read_and_sign(&desk);

    let status = desk.does(YubicoPivTool, "-a status");
    assert!(field(&status, "CCC").contains(&serial), "{serial}: {status}");
    let mut token = desk.driver();
    assert_eq!(token.identity().serial, serial);
    let told = token.condition().unwrap();
    assert_eq!((told.algorithms, told.version.as_deref()), (Some(KeyAlgorithm::ALL.into()), Some("6.6.6")));
    assert_eq!(told.largest_certificate, Some(1856), "what the standard promises");
    // As the card had it from the factory.
    assert_eq!(told.card_identifier, CardIdentifier::Present { expires: Some(date!(9999 - 12 - 31)) });
    log_in(&mut token, &management_key()).delete(&id(0x9A)).unwrap();
    drop(token);
    let after = desk.does(YubicoPivTool, "-a status");
    // This card keeps an empty object, which the tool cannot parse.
    assert!(!after.contains("holder-of-9a") && after.contains("holder-of-9c"), "{after}");
    assert_eq!(desk.driver().public_objects().unwrap().len(), 1);
    assert_ne!(field(&after, "CHUID"), field(&status, "CHUID"));
    desk.driver().reset_to_factory().unwrap();
    assert!(!desk.does(YubicoPivTool, "-a status").contains("Slot"));
}

fn our_driver_makes_a_key(desk: &Desk, session: &mut dyn Session, reference: u8, algorithm: KeyAlgorithm) {
    let (public, certificate) = enroll(session, reference, algorithm);
    let slot = format!("{reference:x}");
    desk.write_public_key(&format!("{slot}.pub"), &public);
    desk.write_certificate(&slot, &certificate);
    let how = SignatureAlgorithm::default_for(algorithm);
    desk.write("signature", session.sign(&id(reference), how, &desk.read("message")).unwrap());
    desk.is_signed(&format!("{slot}.pub"), "sha256");
    assert!(session.read_certificate(&id(reference)).unwrap() == Some(certificate));
    assert!(session.holds(&id(reference), &public).unwrap());
}

fn strangers_read_and_sign(desk: &Desk) {
    let listed = desk.does(OpenSc, &format!("--login --pin {PIN} --list-objects"));
    let own = [("01", "9a", "ECCP256", "ECDSA-SHA256"), ("02", "9c", "RSA2048", "SHA256-RSA-PKCS")];
    for (number, slot, algorithm, mechanism) in own {
        assert!(listed.contains(&format!("CN=holder-of-{slot}")), "{listed}");
        desk.does(YubicoPivTool, &format!("-a read-certificate -s {slot} -K DER -o back.der"));
        assert!(desk.read("back.der") == desk.read(&format!("{slot}.der")), "{slot}");
        let sign = format!("--sign -s {slot} -A {algorithm} -i message -o signature");
        desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN} {sign}"));
        desk.is_signed(&format!("{slot}.pub"), "sha256");
        let how = format!("--mechanism {mechanism} --id {number} --signature-format openssl");
        desk.does(OpenSc, &format!("--login --pin {PIN} --sign {how} -i message -o signature"));
        desk.is_signed(&format!("{slot}.pub"), "sha256");
    }
}

#[test]
fn what_strangers_wrote_on_it_our_driver_finds_and_does_not_overwrite() {
    let desk = desk();
    let mut token = desk.driver();
    let wish = |index| KeyWish { name: vec![index], index, decrypts_only: false, supersedes: vec![] };
    let placed = token.place(&wish(1)).unwrap();
    assert!(placed.id == id(0x9A) && !placed.occupied && placed.replaces.is_none());
    drop(token);
    desk.does(YubicoPivTool, "-a generate -s 9a -A ECCP384 -o 9a.pub");
    let certificate = desk.certify("9a");
    desk.does(YubicoPivTool, "-a import-certificate -s 9a -i 9a.pem");
    let public = desk.public_key("9a.pub");

    let mut token = desk.driver();
    let [stored] = token.public_objects().unwrap().try_into().unwrap_or_else(|_| panic!());
    assert!(stored.id == id(0x9A) && stored.certificate == Some(certificate.clone()));
    assert!(stored.public_key == Some(public.clone()));
    assert!(token.place(&wish(1)).unwrap().id == id(0x9C));
    let mut session = log_in(&mut token, &management_key());
    assert!(session.holds(&id(0x9A), &public).unwrap());
    let order = |reference| KeyOrder {
        id: id(reference),
        label: "another".into(),
        algorithm: KeyAlgorithm::P256,
        decrypts: false,
        replace: false,
    };
    assert!(matches!(session.generate(&order(0x9A)), Err(Error::KeyIdTaken(_))));
    let made = session.generate(&order(0x9C)).unwrap();
    assert!(!session.holds(&id(0x9A), &made).unwrap());
    let signature = session.sign(&id(0x9A), SignatureAlgorithm::EcdsaSha384, b"message").unwrap();
    public.verify(SignatureAlgorithm::EcdsaSha384, b"message", &signature).unwrap();
    assert!(session.read_certificate(&id(0x9A)).unwrap() == Some(certificate));
}

#[test]
fn our_driver_unblocks_it_after_strangers_blocked_its_pin() {
    let desk = desk();
    let counted = |user| Counters { user, admin: Tries::Untold, puk: Some(Tries::Untold) };
    for left in [2, 1, 0] {
        desk.is_refused(YubicoPivTool, "-a verify-pin -P 111111");
        let user = if left == 0 { Tries::Locked } else { Tries::Left(left) };
        assert_eq!(desk.driver().counters().unwrap(), counted(user));
    }
    let mut token = desk.driver();
    let (pin, new) = (piv::pin(PIN), piv::pin("222222"));
    let locked = token.log_in(Credentials::user(&pin, LastTry::Spend)).map(drop).unwrap_err();
    assert!(matches!(locked, Error::Locked { secret: SecretKind::Pin }), "{locked:?}");
    let wrong = token.set_pin(Admin::Puk(&piv::puk("99999999")), &new, LastTry::Keep).unwrap_err();
    assert!(matches!(wrong, Error::SecretRefused { secret: SecretKind::Puk, left: Tries::Left(2) }), "{wrong:?}");
    token.set_pin(Admin::Puk(&piv::puk(PUK)), &new, LastTry::Keep).unwrap();
    assert_eq!(token.counters().unwrap(), counted(Tries::Left(3)));
    drop(token);
    assert!(desk.is_refused(YubicoPivTool, &format!("-a verify-pin -P {PIN}")).contains("2 tries left"));
    desk.does(OpenSc, "--login --pin 222222 --list-objects");
}

#[test]
fn our_driver_changes_its_management_key_and_strangers_need_the_new_one() {
    let desk = desk();
    let new = AdminKey::from_hex(OTHER_KEY).unwrap();
    let refused = desk.driver().change_admin_key(Admin::Key(&new), &new, LastTry::Keep).unwrap_err();
    assert!(matches!(refused, Error::SecretRefused { secret: SecretKind::Admin, .. }), "{refused:?}");
    desk.write_management_key(MANAGEMENT_KEY);
    desk.does(PivTool, "-A M:9B:03");
    desk.driver().change_admin_key(Admin::Key(&management_key()), &new, LastTry::Keep).unwrap();
    assert!(desk.run(PivTool, "-A M:9B:03").all().contains("admin_mode failed"));
    assert!(desk.is_refused(YubicoPivTool, "-a set-chuid").contains("Failed authentication"));
    desk.does(YubicoPivTool, &format!("-k{OTHER_KEY} -a set-chuid"));

    // To AES-256, which yubico-piv-tool does not speak.
    let digits = OTHER_KEY.chars().cycle().take(64).collect::<String>();
    let longer = AdminKey::from_hex(&digits).unwrap();
    desk.driver().change_admin_key(Admin::Key(&new), &longer, LastTry::Keep).unwrap();
    desk.write_management_key(&digits);
    desk.does(PivTool, "-A M:9B:0C");
    assert!(desk.is_refused(YubicoPivTool, &format!("-k{OTHER_KEY} -a set-chuid")).contains("Failed authentication"));
    enroll(log_in(&mut desk.driver(), &longer).as_mut(), 0x9A, KeyAlgorithm::P256);
}
