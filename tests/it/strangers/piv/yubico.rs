//! yubico-piv-tool drives our card: a YubiKey 5.4, a YubiKey 5.7 with an AES management key, a card of the standard.

use aws_lc_rs::digest;
use cardwright::pkix::Certificate;
use cardwright::token::{Counters, Token, Tries};
use cardwright::virtual_card::PivOptions;

use super::{Desk, OTHER_KEY, YubicoPivTool, field};
use crate::support::piv::{self, ADMIN_KEY, PIN, PUK};

/// Slot, algorithm, hash.
const KEYS: [(&str, &str, &str); 4] = [
    ("9a", "ECCP256", "SHA256"),
    ("9c", "RSA2048", "SHA256"),
    ("9d", "RSA2048", "SHA512"),
    ("9e", "ECCP384", "SHA384"),
];

#[test]
fn it_makes_keys_and_uses_them_on_a_yubikey() {
    let desk = Desk::new(PivOptions::yubikey());
    keys_are_made_and_used(&desk);
    let status = desk.does(YubicoPivTool, "-a status");
    assert_eq!((field(&status, "Version"), field(&status, "Serial Number")), ("5.4.3", "10000001"));
    what_the_card_made_is_attested(&desk);
}

#[test]
fn it_makes_keys_and_uses_them_on_a_card_of_the_standard() {
    let desk = Desk::new(piv::plain());
    keys_are_made_and_used(&desk);
    let before = desk.holdings();
    assert!(desk.is_refused(YubicoPivTool, "-a attest -s 9a").contains("Failed to attest data"));
    let change = format!("-a set-mgm-key -n {OTHER_KEY}");
    assert!(desk.is_refused(YubicoPivTool, &change).contains("Failed setting the new key"));
    assert!(desk.is_refused(YubicoPivTool, "-a reset").contains("Reset failed"));
    assert!(desk.holdings() == before);
}

fn keys_are_made_and_used(desk: &Desk) {
    for (slot, algorithm, hash) in KEYS {
        desk.does(YubicoPivTool, &format!("-a generate -s {slot} -A {algorithm} -o {slot}.pub"));
        let certificate = desk.certify(slot);
        desk.does(YubicoPivTool, &format!("-a import-certificate -s {slot} -i {slot}.pem"));
        desk.does(YubicoPivTool, &format!("-a read-certificate -s {slot} -K DER -o back.der"));
        assert!(desk.read("back.der") == certificate, "{slot}");

        let sign = format!("--sign -s {slot} -A {algorithm} -H {hash} -i message -o signature");
        match slot {
            "9e" => desk.does(YubicoPivTool, &format!("-a status {sign}")),
            _ => {
                let refused = desk.is_refused(YubicoPivTool, &format!("-a status {sign}"));
                assert!(refused.contains("Failed signing"), "{refused}");
                desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN} {sign}"))
            }
        };
        desk.is_signed(&format!("{slot}.pub"), &hash.to_lowercase());
        let test = |action: &str| {
            let line = format!("-a verify-pin -P {PIN} -a {action} -s {slot} -i {slot}.pem");
            desk.does(YubicoPivTool, &line)
        };
        let signed = test("test-signature");
        assert!(signed.contains("Successful RSA verification") || signed.contains("Successful ECDSA verification"));
        // The standard's cards decrypt and agree by 9D only.
        if slot == "9d" {
            assert!(test("test-decipher").contains("Successfully performed RSA decryption"));
        }
    }
    let status = desk.does(YubicoPivTool, "-a status");
    for (slot, algorithm, _) in KEYS {
        let (_, told) = status.split_once(&format!("Slot {slot}:")).unwrap();
        let fingerprint = digest::digest(&digest::SHA256, &desk.read(&format!("{slot}.der")));
        assert_eq!(field(told, "Algorithm"), algorithm);
        assert_eq!(field(told, "Subject DN"), format!("CN=holder-of-{slot}"));
        assert_eq!(field(told, "Fingerprint"), hex::encode(fingerprint));
    }
    desk.does(YubicoPivTool, "-a delete-certificate -s 9e");
    assert!(!desk.does(YubicoPivTool, "-a status").contains("Slot 9e"));
}

fn what_the_card_made_is_attested(desk: &Desk) {
    desk.does(YubicoPivTool, "-a read-certificate -s f9 -o authority.pem");
    for (slot, ..) in KEYS {
        desk.does(YubicoPivTool, &format!("-a attest -s {slot} -o attestation.pem"));
        let said = desk.openssl("verify -CAfile authority.pem attestation.pem");
        assert!(said.contains("attestation.pem: OK"), "{said}");
        let attestation = String::from_utf8(desk.read("attestation.pem")).unwrap();
        let attested = Certificate::from_pem(&attestation).unwrap().public_key().unwrap();
        assert!(attested == desk.public_key(&format!("{slot}.pub")), "{slot}");
    }
    // A key from elsewhere works, and the card does not vouch for it.
    desk.openssl("ecparam -genkey -name secp384r1 -noout -out key.pem");
    desk.openssl("ec -in key.pem -pubout -out 9d.pub");
    desk.does(YubicoPivTool, "-a import-key -s 9d -i key.pem");
    desk.does(
        YubicoPivTool,
        &format!("-a verify-pin -P {PIN} --sign -s 9d -A ECCP384 -H SHA384 -i message -o signature"),
    );
    desk.is_signed("9d.pub", "sha384");
    desk.certify("9d");
    let agreed = desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN} -a test-decipher -s 9d -i 9d.pem"));
    assert!(agreed.contains("Successfully performed ECDH exchange"), "{agreed}");
    assert!(desk.is_refused(YubicoPivTool, "-a attest -s 9d").contains("Failed to attest data"));
}

#[test]
fn it_sees_wrong_pins_and_puks_counted() {
    for options in [PivOptions::yubikey(), piv::yubikey(), piv::plain()] {
        let told_by_metadata = options.yubikey;
        let desk = Desk::new(options);
        let refused = |line: &str| desk.is_refused(YubicoPivTool, line);
        let counted = |user, puk| {
            let puk = Some(if told_by_metadata { puk } else { Tries::Untold });
            assert_eq!(desk.driver().counters().unwrap(), Counters { user, admin: Tries::Untold, puk });
        };
        assert!(refused("-a verify-pin -P 111111").contains("2 tries left before pin is blocked"));
        assert_eq!(field(&desk.does(YubicoPivTool, "-a status"), "PIN tries left"), "2");
        counted(Tries::Left(2), Tries::Left(3));
        assert!(refused("-a change-pin -P 111111 -N 654321").contains("1 tries left"));
        counted(Tries::Left(1), Tries::Left(3));
        desk.does(YubicoPivTool, &format!("-a change-pin -P {PIN} -N 654321"));
        counted(Tries::Left(3), Tries::Left(3));

        for left in ["2 tries left", "1 tries left", "blocked"] {
            assert!(refused(&format!("-a verify-pin -P {PIN}")).contains(left));
        }
        assert!(refused("-a verify-pin -P 654321").contains("blocked"));
        counted(Tries::Locked, Tries::Left(3));
        let unblock = |puk: &str| format!("-a unblock-pin -P {puk} -N 222222");
        assert!(refused(&unblock("99999999")).contains("2 tries left"));
        counted(Tries::Locked, Tries::Left(2));
        desk.does(YubicoPivTool, &unblock(PUK));
        desk.does(YubicoPivTool, "-a verify-pin -P 222222");
        counted(Tries::Left(3), Tries::Left(3));

        desk.does(YubicoPivTool, &format!("-a change-puk -P {PUK} -N 87654321"));
        assert!(refused(&unblock(PUK)).contains("2 tries left"));
        counted(Tries::Left(3), Tries::Left(2));
    }
}

#[test]
fn it_changes_the_management_key_and_the_old_one_is_refused() {
    let desk = Desk::new(PivOptions::yubikey());
    let generate = |key: &str| format!("-k{key} -a generate -s 9a -A ECCP256 -o 9a.pub");
    let before = desk.holdings();
    for line in [generate(OTHER_KEY), format!("-k{OTHER_KEY} -a set-mgm-key -n {OTHER_KEY}")] {
        assert!(desk.is_refused(YubicoPivTool, &line).contains("Failed authentication"));
    }
    assert!(desk.holdings() == before);

    desk.does(YubicoPivTool, &format!("-a set-mgm-key -n {OTHER_KEY}"));
    let before = desk.holdings();
    assert!(desk.is_refused(YubicoPivTool, &generate(ADMIN_KEY)).contains("Failed authentication"));
    assert!(desk.holdings() == before);
    desk.does(YubicoPivTool, &generate(OTHER_KEY));
}

#[test]
fn without_aes_it_changes_nothing_on_a_card_with_an_aes_key() {
    let desk = Desk::new(piv::yubikey());
    let before = desk.holdings();
    for line in ["-a generate -s 9a -A ECCP256", "-a set-chuid", &format!("-a set-mgm-key -n {OTHER_KEY}")] {
        assert!(desk.is_refused(YubicoPivTool, line).contains("Failed authentication"));
    }
    assert!(desk.holdings() == before);
    assert_eq!(field(&desk.does(YubicoPivTool, "-a status"), "Version"), "5.7.1");
}

#[test]
fn it_sets_retries_and_resets_a_card_whose_secrets_are_blocked_only() {
    let desk = Desk::new(PivOptions::yubikey());
    desk.does(YubicoPivTool, "-a generate -s 9a -A ECCP256 -o 9a.pub");
    desk.certify("9a");
    desk.does(YubicoPivTool, "-a import-certificate -s 9a -i 9a.pem");
    desk.does(YubicoPivTool, "-a set-chuid");
    desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN} -a pin-retries --pin-retries 2 --puk-retries 1"));
    let told = |user, puk| Counters { user, admin: Tries::Untold, puk: Some(puk) };
    assert_eq!(desk.driver().counters().unwrap(), told(Tries::Left(2), Tries::Left(1)));

    let mut before = desk.holdings();
    for line in ["-a verify-pin -P 111111", "-a verify-pin -P 111111", "-a change-puk -P 99999999 -N 88888888"] {
        assert!(desk.is_refused(YubicoPivTool, "-a reset").contains("are pincodes blocked?"));
        assert!(desk.holdings() == before);
        desk.is_refused(YubicoPivTool, line);
        before = desk.holdings();
    }
    assert_eq!(desk.driver().counters().unwrap(), told(Tries::Locked, Tries::Locked));
    desk.does(YubicoPivTool, "-a reset");
    let status = desk.does(YubicoPivTool, "-a status");
    assert_eq!((field(&status, "CHUID"), field(&status, "PIN tries left")), ("No data available", "3"));
    assert!(!status.contains("Slot"), "{status}");
    assert!(desk.driver().public_objects().unwrap().is_empty());
    desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN}"));
    let without_key = "--sign -s 9a -A ECCP256 -i message -o signature";
    desk.is_refused(YubicoPivTool, &format!("-a verify-pin -P {PIN} {without_key}"));
}

#[test]
fn it_writes_and_reads_objects_and_some_only_with_the_pin() {
    for options in [PivOptions::yubikey(), piv::plain()] {
        let desk = Desk::new(options);
        // Printed Information (SP 800-73-4 part 1, table 2).
        desk.does(YubicoPivTool, "-a write-object --id 0x5fc109 -f binary -i message");
        let read = "-a read-object --id 0x5fc109 -f binary -o back";
        desk.is_refused(YubicoPivTool, read);
        desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN} {read}"));
        assert!(desk.read("back") == desk.read("message"));
        let mut seen = vec![];
        for _ in 0..2 {
            desk.does(YubicoPivTool, "-a set-chuid -a set-ccc");
            let status = desk.does(YubicoPivTool, "-a status");
            seen.extend([field(&status, "CHUID").to_owned(), field(&status, "CCC").to_owned()]);
        }
        assert!(seen[0].starts_with("3019d4e739") && seen[1].starts_with("f015"), "{seen:?}");
        assert!(seen[0] != seen[2] && seen[1] != seen[3], "{seen:?}");
    }
}
