//! What our driver wrote, strangers read and use: keys, certificates, CHUID, Card Capability Container, secrets.

use aws_lc_rs::digest;
use cardwright::iso7816::tlv;
use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, LastTry, Token};
use cardwright::virtual_card::{ManagementAlgorithm, PivCard, PivOptions};

use super::{Desk, OTHER_KEY, OpenSc, PivTool, Pkcs15Tool, Stranger, Ykcs11, YubicoPivTool, enroll, field, id, log_in};
use crate::support::certificates::certificate_for;
use crate::support::pcscd;
use crate::support::piv::{self, ADMIN_KEY, PIN, PUK};

const PLACES: [(u8, KeyAlgorithm); 3] =
    [(0x9A, KeyAlgorithm::P256), (0x9C, KeyAlgorithm::Rsa2048), (0x9D, KeyAlgorithm::Rsa2048)];
/// The object that OpenSC knows as the CHUID (SP 800-73-4 part 1, table 3).
const CHUID: &str = "--read-object --type data --application-id 2.16.840.1.101.3.7.2.48.0 -o chuid";

/// Keys and certificates by our driver; their files are named as strangers name the slots.
fn enrolled(desk: &Desk, key: &AdminKey) {
    let mut token = desk.driver();
    let mut session = log_in(&mut token, key);
    for (reference, algorithm) in PLACES {
        let (public, certificate) = enroll(session.as_mut(), reference, algorithm);
        let slot = format!("{reference:x}");
        desk.write_public_key(&format!("{slot}.pub"), &public);
        desk.write_certificate(&slot, &certificate);
    }
}

#[test]
fn a_yubikey_of_ours_is_used_by_yubicos_and_openscs_programs() {
    let desk = Desk::with(pcscd::insert_yubikey(Box::new(PivCard::new(PivOptions::yubikey()).unwrap())));
    enrolled(&desk, &piv::admin_key());
    yubico_piv_tool_reads_and_signs(&desk);
    pkcs11_tool_reads_and_signs(&desk, OpenSc);
    pkcs11_tool_reads_and_signs(&desk, Ykcs11);
    let listed = desk.does(Ykcs11, "--list-objects");
    assert!(listed.contains("CN=YubiKey PIV Attestation 9a"), "{listed}");
    chuid_is_read(&desk);
    what_our_driver_deletes_is_gone(&desk);
}

#[test]
fn a_card_of_the_standard_is_initialised_by_our_driver_and_used_by_strangers() {
    let algorithm = Some(ManagementAlgorithm::Aes256);
    let desk = Desk::new(PivOptions { management_algorithm: algorithm, ..PivOptions::default() });
    let key = AdminKey::from_hex(&ADMIN_KEY.chars().cycle().take(64).collect::<String>()).unwrap();
    assert_eq!(field(&desk.does(YubicoPivTool, "-a status"), "CHUID"), "No data available");
    let mut token = desk.driver();
    token.initialise(Admin::Key(&key)).unwrap();
    let serial = token.identity().serial.clone();
    drop(token);
    let container = field(&desk.does(YubicoPivTool, "-a status"), "CCC").to_owned();
    assert!(container.starts_with(&format!("f015a000000116ff02{serial}f10121")), "{container}");

    enrolled(&desk, &key);
    yubico_piv_tool_reads_and_signs(&desk);
    pkcs11_tool_reads_and_signs(&desk, OpenSc);
    chuid_is_read(&desk);
    // The container keeps the card's name, whatever becomes of the CHUID.
    assert_eq!(field(&desk.does(YubicoPivTool, "-a status"), "CCC"), container);
    assert_eq!(desk.driver().identity().serial, serial);
    a_certificate_that_had_to_be_compressed_is_read(&desk, &key);
}

fn yubico_piv_tool_reads_and_signs(desk: &Desk) {
    let status = desk.does(YubicoPivTool, "-a status");
    for (reference, algorithm) in PLACES {
        let slot = format!("{reference:x}");
        let (_, told) = status.split_once(&format!("Slot {slot}:")).unwrap();
        let certificate = desk.read(&format!("{slot}.der"));
        let name = if algorithm == KeyAlgorithm::P256 { "ECCP256" } else { "RSA2048" };
        assert_eq!(field(told, "Algorithm"), name);
        assert_eq!(field(told, "Fingerprint"), hex::encode(digest::digest(&digest::SHA256, &certificate)));
        desk.does(YubicoPivTool, &format!("-a read-certificate -s {slot} -K DER -o back.der"));
        assert!(desk.read("back.der") == certificate, "{slot}");
        let sign = format!("--sign -s {slot} -A {name} -i message -o signature");
        desk.does(YubicoPivTool, &format!("-a verify-pin -P {PIN} {sign}"));
        desk.is_signed(&format!("{slot}.pub"), "sha256");
    }
}

fn pkcs11_tool_reads_and_signs(desk: &Desk, module: Stranger) {
    let listed = desk.does(module, &format!("--login --pin {PIN} --list-objects"));
    let own = [("01", "9a", "ECDSA-SHA256"), ("02", "9c", "SHA256-RSA-PKCS")];
    for (number, slot, mechanism) in own {
        assert!(listed.contains(&format!("CN=holder-of-{slot}")), "{listed}");
        desk.does(module, &format!("--read-object --type cert --id {number} -o back.der"));
        assert!(desk.read("back.der") == desk.read(&format!("{slot}.der")), "{slot}");
        let how = format!("--mechanism {mechanism} --id {number} --signature-format openssl");
        desk.does(module, &format!("--login --pin {PIN} --sign {how} -i message -o signature"));
        desk.is_signed(&format!("{slot}.pub"), "sha256");
    }
    desk.openssl("pkeyutl -encrypt -pubin -inkey 9d.pub -in message -out secret");
    desk.does(module, &format!("--login --pin {PIN} --decrypt --mechanism RSA-PKCS --id 03 -i secret -o plain"));
    assert!(desk.read("plain") == desk.read("message"));
}

/// SP 800-73-4 part 1, table 9: FASC-N, GUID, expiration date, signature, error detection code, in this order.
fn chuid_is_read(desk: &Desk) {
    desk.does(OpenSc, CHUID);
    let object = desk.read("chuid");
    let content = tlv::read_one(&object).unwrap();
    let fields = tlv::read_all(content.value).unwrap();
    let shape: Vec<(u32, usize)> = fields.iter().map(|field| (field.tag, field.value.len())).collect();
    assert_eq!(shape, [(0x30, 25), (0x34, 16), (0x35, 8), (0x3E, 0), (0xFE, 0)]);
    assert_eq!(content.tag, 0x53);
    assert_eq!(fields[2].value, b"20991231");
    assert_eq!(field(&desk.does(YubicoPivTool, "-a status"), "CHUID"), hex::encode(content.value));
    let guid = hex::encode(fields[1].value);
    let told = desk.does(PivTool, "--serial").to_lowercase().replace(' ', "");
    assert!(told.contains(&guid), "{guid}: {told}");
}

fn what_our_driver_deletes_is_gone(desk: &Desk) {
    let before = field(&desk.does(YubicoPivTool, "-a status"), "CHUID").to_owned();
    let mut token = desk.driver();
    log_in(&mut token, &piv::admin_key()).delete(&id(0x9C)).unwrap();
    drop(token);
    let status = desk.does(YubicoPivTool, "-a status");
    assert!(status.contains("Slot 9a") && !status.contains("Slot 9c"), "{status}");
    assert!(field(&status, "CHUID") != before, "software that keeps what it knows of a card would not look again");
    desk.driver().reset_to_factory().unwrap();
    let status = desk.does(YubicoPivTool, "-a status");
    assert!(!status.contains("Slot"), "{status}");
    assert_eq!((field(&status, "CHUID"), field(&status, "PIN tries left")), ("No data available", "3"));
}

/// Longer than the 1856 bytes that a card of the standard takes.
fn a_certificate_that_had_to_be_compressed_is_read(desk: &Desk, key: &AdminKey) {
    let (public, _) = enroll(log_in(&mut desk.driver(), key).as_mut(), 0x9A, KeyAlgorithm::P256);
    let certificate = certificate_for(&public, &"a-long-name".repeat(200));
    assert!(certificate.len() > 1856);
    log_in(&mut desk.driver(), key).write_certificate(&id(0x9A), "long", &certificate).unwrap();
    desk.does(Pkcs15Tool, "--read-certificate 01 --output back.pem");
    desk.openssl("x509 -in back.pem -outform DER -out back.der");
    assert!(desk.read("back.der") == certificate);
}

#[test]
fn opensc_uses_the_longer_keys_and_the_aes_key_of_firmware_5_7() {
    let desk = Desk::new(piv::yubikey());
    let (public, _) = enroll(log_in(&mut desk.driver(), &piv::admin_key()).as_mut(), 0x9A, KeyAlgorithm::Rsa3072);
    desk.write_public_key("9a.pub", &public);
    let how = "--mechanism SHA256-RSA-PKCS --id 01 -i message -o signature";
    desk.does(OpenSc, &format!("--login --pin {PIN} --sign {how}"));
    desk.is_signed("9a.pub", "sha256");
    let before = desk.holdings();
    desk.write_management_key(OTHER_KEY);
    assert!(desk.run(PivTool, "-A M:9B:0A").all().contains("admin_mode failed -1211"));
    assert!(desk.holdings() == before);
    desk.write_management_key(ADMIN_KEY);
    desk.does(PivTool, "-A M:9B:0A");
}

#[test]
fn secrets_that_our_driver_changed_are_those_that_strangers_need() {
    let desk = Desk::new(PivOptions::yubikey());
    let mut token = desk.driver();
    let (new_pin, new_puk) = (piv::pin("654321"), piv::puk("87654321"));
    token.change_pin(&piv::pin(PIN), &new_pin, LastTry::Keep).unwrap();
    token.change_puk(&piv::puk(PUK), &new_puk, LastTry::Keep).unwrap();
    token
        .change_admin_key(Admin::Key(&piv::admin_key()), &AdminKey::from_hex(OTHER_KEY).unwrap(), LastTry::Keep)
        .unwrap();
    drop(token);
    let refused = |line: &str| desk.is_refused(YubicoPivTool, line);
    assert!(refused(&format!("-a verify-pin -P {PIN}")).contains("2 tries left"));
    desk.does(YubicoPivTool, "-a verify-pin -P 654321");
    assert!(refused(&format!("-a unblock-pin -P {PUK} -N 111111")).contains("2 tries left"));
    desk.does(YubicoPivTool, "-a unblock-pin -P 87654321 -N 111111");
    desk.does(OpenSc, "--login --pin 111111 --list-objects");

    for (key, accepts) in [(ADMIN_KEY, false), (OTHER_KEY, true)] {
        desk.write_management_key(key);
        assert_eq!(desk.run(PivTool, "-A M:9B:03").success(), accepts, "{key}");
        assert_eq!(desk.run(YubicoPivTool, &format!("-k{key} -a set-chuid")).success(), accepts, "{key}");
    }
    // From 3DES to AES, which only piv-tool speaks of the two.
    let (old, new) = (AdminKey::from_hex(OTHER_KEY).unwrap(), AdminKey::from_hex(&OTHER_KEY[..32]).unwrap());
    desk.driver().change_admin_key(Admin::Key(&old), &new, LastTry::Keep).unwrap();
    assert!(!desk.run(PivTool, "-A M:9B:03").success());
    desk.write_management_key(&OTHER_KEY[..32]);
    desk.does(PivTool, "-A M:9B:08");
    assert!(refused(&format!("-k{OTHER_KEY} -a set-chuid")).contains("Failed authentication"));
}
