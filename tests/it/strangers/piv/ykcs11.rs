//! ykcs11, Yubico's PKCS#11 module, drives our card as a YubiKey.

use cardwright::piv::KeyReference;
use cardwright::pkix::SignatureAlgorithm;
use cardwright::token::{Credentials, LastTry, Token, Tries};
use cardwright::virtual_card::{PivCard, PivOptions};

use super::{Desk, OTHER_KEY, Ykcs11, opensc};
use crate::support::pcscd;
use crate::support::piv::{self, ADMIN_KEY, PIN};

#[test]
fn it_lists_signs_makes_keys_and_sees_wrong_pins_counted() {
    let desk = Desk::with(pcscd::insert_yubikey(Box::new(PivCard::new(PivOptions::yubikey()).unwrap())));
    opensc::furnish(&desk);
    it_lists_and_signs(&desk);
    it_sees_wrong_pins_counted(&desk);
    it_makes_keys(&desk);
}

fn it_lists_and_signs(desk: &Desk) {
    let slots = desk.does(Ykcs11, "--list-slots");
    assert!(slots.contains("YubiKey PIV #10000001"), "{slots}");
    let listed = desk.does(Ykcs11, &format!("--login --pin {PIN} --list-objects"));
    for (number, slot) in [("01", "9a"), ("02", "9c"), ("03", "9d"), ("04", "9e")] {
        assert!(listed.contains(&format!("DN: CN=holder-of-{slot}")), "{slot}: {listed}");
        // Its module makes an attestation of each key, and shows it as a certificate.
        assert!(listed.contains(&format!("CN=YubiKey PIV Attestation {slot}")), "{slot}: {listed}");
        desk.does(Ykcs11, &format!("--read-object --type cert --id {number} --output-file back.der"));
        assert!(desk.read("back.der") == desk.read(&format!("{slot}.der")), "{slot}");
    }
    for (number, slot, mechanism) in [("01", "9a", "ECDSA-SHA256"), ("02", "9c", "SHA256-RSA-PKCS")] {
        let how = format!("--mechanism {mechanism} --id {number} --signature-format openssl");
        desk.does(Ykcs11, &format!("--login --pin {PIN} --sign {how} -i message -o signature"));
        desk.is_signed(&format!("{slot}.pub"), "sha256");
    }
    desk.openssl("pkeyutl -encrypt -pubin -inkey 9d.pub -in message -out secret");
    desk.does(Ykcs11, &format!("--login --pin {PIN} --decrypt --mechanism RSA-PKCS --id 03 -i secret -o plain"));
    assert!(desk.read("plain") == desk.read("message"));
}

fn it_sees_wrong_pins_counted(desk: &Desk) {
    let slots = || desk.does(Ykcs11, "--list-slots");
    let wrong = "--login --pin 111111 --list-objects";
    assert!(desk.is_refused(Ykcs11, wrong).contains("CKR_PIN_INCORRECT"));
    assert!(slots().contains("user PIN count low"), "{}", slots());
    desk.is_refused(Ykcs11, wrong);
    assert!(slots().contains("final user PIN try"), "{}", slots());
    assert_eq!(desk.driver().counters().unwrap().user, Tries::Left(1));
    desk.does(Ykcs11, &format!("--change-pin --pin {PIN} --new-pin 654321"));
    assert_eq!(desk.driver().counters().unwrap().user, Tries::Left(3));
    desk.does(Ykcs11, &format!("--change-pin --pin 654321 --new-pin {PIN}"));
}

/// The management key is its SO PIN. It writes a certificate of its own beside the key.
fn it_makes_keys(desk: &Desk) {
    let generate =
        |key: &str| format!("--login --login-type so --so-pin {key} --keypairgen --key-type EC:secp384r1 --id 05");
    let before = desk.holdings();
    assert!(desk.is_refused(Ykcs11, &generate(OTHER_KEY)).contains("CKR_PIN_INCORRECT"));
    assert!(desk.holdings() == before);
    desk.does(Ykcs11, &generate(ADMIN_KEY));

    let mut token = desk.driver();
    let retired = KeyReference::retired().next().unwrap().id();
    let stored = token.public_objects().unwrap().into_iter().find(|stored| stored.id == retired).unwrap();
    let mut session = token.log_in(Credentials::user(&piv::pin(PIN), LastTry::Keep)).unwrap();
    let signature = session.sign(&retired, SignatureAlgorithm::EcdsaSha384, b"a message").unwrap();
    stored.public_key.unwrap().verify(SignatureAlgorithm::EcdsaSha384, b"a message", &signature).unwrap();
}
