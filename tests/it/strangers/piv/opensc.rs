//! OpenSC drives our card: piv-tool, pkcs15-tool, and pkcs11-tool through OpenSC's own module.

use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use cardwright::token::{Token, Tries};
use cardwright::virtual_card::{ManagementAlgorithm, PivOptions};

use super::{Desk, OTHER_KEY, OpenSc, PivTool, Pkcs15Tool, YubicoPivTool, id};
use crate::support::certificates::certificate_for;
use crate::support::piv::{self, ADMIN_KEY, PIN, PUK};

fn furnished(options: PivOptions) -> Desk {
    let desk = Desk::new(options);
    furnish(&desk);
    desk
}

/// Has yubico-piv-tool make keys in the four places and write certificates for them.
pub(super) fn furnish(desk: &Desk) {
    for (slot, algorithm) in [("9a", "ECCP256"), ("9c", "RSA2048"), ("9d", "RSA2048"), ("9e", "ECCP384")] {
        desk.does(YubicoPivTool, &format!("-a generate -s {slot} -A {algorithm} -o {slot}.pub"));
        desk.certify(slot);
        desk.does(YubicoPivTool, &format!("-a import-certificate -s {slot} -i {slot}.pem"));
    }
}

#[test]
fn piv_tool_proves_the_management_key_by_every_cipher() {
    let ciphers = [
        (ManagementAlgorithm::TripleDes, "03"),
        (ManagementAlgorithm::Aes128, "08"),
        (ManagementAlgorithm::Aes192, "0A"),
        (ManagementAlgorithm::Aes256, "0C"),
    ];
    for (algorithm, identifier) in ciphers {
        let desk = Desk::new(PivOptions { management_algorithm: Some(algorithm), ..piv::plain() });
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let certificate = certificate_for(key.public_key(), "holder-of-9a");
        desk.write_certificate("9a", &certificate);
        let digits = |of: &str| of.chars().cycle().take(2 * algorithm.key_length()).collect::<String>();
        let before = desk.holdings();
        desk.write_management_key(&digits(OTHER_KEY));
        let write = format!("-A M:9B:{identifier} -C 9A -i 9a.pem");
        let refused = desk.run(PivTool, &write).all();
        assert!(refused.contains("admin_mode failed -1211"), "{algorithm:?}: {refused}");
        assert!(desk.holdings() == before, "{algorithm:?}");

        desk.write_management_key(&digits(ADMIN_KEY));
        // Its exit code is made of the number of bytes that it wrote.
        desk.run(PivTool, &write);
        let [stored] = desk.driver().public_objects().unwrap().try_into().unwrap_or_else(|_| panic!("{algorithm:?}"));
        assert!(stored.id == id(0x9A) && stored.certificate == Some(certificate), "{algorithm:?}");
    }
}

#[test]
fn piv_tool_names_the_card_and_tells_its_guid() {
    let guid: [u8; 16] = std::array::from_fn(|at| 0xA0 + u8::try_from(at).unwrap());
    let desk = Desk::new(PivOptions { guid: Some(guid), ..PivOptions::default() });
    assert!(desk.does(PivTool, "-n").contains("Personal Identity Verification Card"));
    let told = desk.does(PivTool, "--serial").to_lowercase().replace(' ', "");
    assert!(told.contains(&hex::encode(guid)), "{told}");
}

#[test]
fn pkcs11_tool_lists_signs_and_decrypts() {
    for options in [PivOptions::yubikey(), piv::plain()] {
        let desk = furnished(options);
        let listed = desk.does(OpenSc, &format!("--login --pin {PIN} --list-objects"));
        for (number, slot) in [("01", "9a"), ("02", "9c"), ("03", "9d"), ("04", "9e")] {
            assert!(listed.contains(&format!("DN: CN=holder-of-{slot}")), "{slot}: {listed}");
            assert_eq!(listed.matches(&format!("ID:         {number}\n")).count(), 3, "{slot}: {listed}");
            let read = format!("--read-certificate {number} --output back.pem");
            desk.does(Pkcs15Tool, &read);
            desk.openssl("x509 -in back.pem -outform DER -out back.der");
            assert!(desk.read("back.der") == desk.read(&format!("{slot}.der")), "{slot}");
        }
        assert_eq!(listed.matches("sensitive, always sensitive, never extractable, local").count(), 4, "{listed}");

        let sign = |number: &str, mechanism: &str| {
            let how = format!("--mechanism {mechanism} --id {number} --signature-format openssl");
            desk.does(OpenSc, &format!("--login --pin {PIN} --sign {how} -i message -o signature"));
        };
        sign("01", "ECDSA-SHA256");
        desk.is_signed("9a.pub", "sha256");
        sign("02", "SHA512-RSA-PKCS");
        desk.is_signed("9c.pub", "sha512");
        sign("04", "ECDSA-SHA384");
        desk.is_signed("9e.pub", "sha384");

        desk.openssl("pkeyutl -encrypt -pubin -inkey 9d.pub -in message -out secret");
        desk.does(OpenSc, &format!("--login --pin {PIN} --decrypt --mechanism RSA-PKCS --id 03 -i secret -o plain"));
        assert!(desk.read("plain") == desk.read("message"));
    }
}

#[test]
fn pkcs11_tool_sees_the_pin_locked_changes_and_unblocks_it() {
    // OpenSC leaves the PIN verified, and then the standard's card does not tell its counter.
    for (options, full) in [(PivOptions::yubikey(), Tries::Left(3)), (piv::plain(), Tries::Full)] {
        let desk = furnished(options);
        let flags =
            || desk.does(OpenSc, "--list-slots").lines().find(|line| line.contains("token flags")).unwrap().to_owned();
        let log_in = |pin: &str| format!("--login --pin {pin} --list-objects");
        let user = || desk.driver().counters().unwrap().user;
        assert!(!flags().contains("user PIN"), "{}", flags());
        assert!(desk.is_refused(OpenSc, &log_in("111111")).contains("CKR_PIN_INCORRECT"));
        assert_eq!(user(), Tries::Left(2));
        desk.is_refused(OpenSc, &log_in("111111"));
        assert!(flags().contains("final user PIN try"), "{}", flags());
        assert_eq!(user(), Tries::Left(1));
        desk.is_refused(OpenSc, &log_in("111111"));
        assert!(flags().contains("user PIN locked"), "{}", flags());
        assert!(desk.is_refused(OpenSc, &log_in(PIN)).contains("CKR_PIN_LOCKED"));
        assert_eq!(user(), Tries::Locked);

        let unblock = |puk: &str| format!("--unlock-pin --puk {puk} --new-pin 222222");
        assert!(desk.is_refused(OpenSc, &unblock("99999999")).contains("CKR_PIN_INCORRECT"));
        assert_eq!(user(), Tries::Locked);
        desk.does(OpenSc, &unblock(PUK));
        assert!(!flags().contains("user PIN"), "{}", flags());
        assert!(desk.is_refused(OpenSc, "--change-pin --pin 111111 --new-pin 333333").contains("CKR_PIN_INCORRECT"));
        desk.does(OpenSc, "--change-pin --pin 222222 --new-pin 333333");
        desk.does(OpenSc, &log_in("333333"));
        assert_eq!(user(), full);
    }
}
