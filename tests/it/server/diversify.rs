//! Admin keys and responses, against Microsoft's vectors and OpenSSL.

use cardwright::secret::{AdminKey, MasterKey};
use cardwright::server::diversify::{self, KeyError, MasterKeys};
use cardwright::store::Derivation;
use cardwright::template;
use std::process::Command;
use uuid::Uuid;

/// As the releases before there were generations derived it.
fn of(master: u32) -> Derivation {
    Derivation { master, generation: None }
}

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../../data/mim-cm/vectors.json")).unwrap()
}

fn hex_of(vectors: &serde_json::Value, key: &str) -> Vec<u8> {
    hex::decode(vectors[key].as_str().unwrap()).unwrap()
}

#[test]
fn microsofts_challenge_is_answered() {
    let vectors = &vectors()["challenge_response_default_key"];
    let challenge = hex_of(vectors, "challenge_hex");
    let key = AdminKey::new(hex_of(vectors, "admin_key_hex"));
    assert_eq!(diversify::respond(&key, &challenge).unwrap().to_vec(), hex_of(vectors, "response_hex"));
    let default = template::default_admin_key("").unwrap();
    assert_eq!(diversify::respond(&default, &challenge).unwrap().to_vec(), hex_of(vectors, "response_hex"));
}

#[test]
fn openssl_answers_alike() {
    let key = "0123456789abcdef23456789abcdef01456789abcdef0123";
    let challenge = "0011223344556677";
    let directory = crate::support::directory::temporary();
    let file = directory.path().join("challenge");
    std::fs::write(&file, hex::decode(challenge).unwrap()).unwrap();
    let enc = ["enc", "-des-ede3", "-nopad", "-K", key, "-in"];
    let output = Command::new("openssl").args(enc).arg(&file).output().unwrap();
    let ours = diversify::respond(&AdminKey::from_hex(key).unwrap(), &hex::decode(challenge).unwrap()).unwrap();
    assert_eq!(output.stdout, ours.to_vec());
}

#[test]
fn openssl_derives_alike() {
    let master = [0x5A_u8; diversify::MASTER_KEY_LEN];
    let card_id = Uuid::from_u128(0xbc88_f13f_83ba_4037_8262_46eb_a129_1c6e);
    let output = Command::new("openssl")
        .args(["kdf", "-keylen", "24", "-binary", "-kdfopt", "mac:HMAC", "-kdfopt", "digest:SHA256"])
        .args(["-kdfopt", "mode:COUNTER", "-kdfopt", &format!("hexkey:{}", hex::encode(master))])
        .args(["-kdfopt", &format!("hexsalt:{}", hex::encode(diversify::LABEL))])
        .args(["-kdfopt", &format!("hexinfo:{}", card_id.simple()), "KBKDF"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let keys = MasterKeys::new(vec![MasterKey::new(master.to_vec())]).unwrap();
    let ours = keys.admin_key(of(1), card_id).unwrap();
    assert_eq!(output.stdout.len(), 24);
    for (theirs, ours) in output.stdout.iter().zip(ours.expose()) {
        assert_eq!(theirs & 0xFE, ours & 0xFE);
    }
}

#[test]
fn openssl_derives_a_puk_alike() {
    let master = [0x5A_u8; diversify::MASTER_KEY_LEN];
    let card_id = Uuid::from_u128(0xbc88_f13f_83ba_4037_8262_46eb_a129_1c6e);
    let output = Command::new("openssl")
        .args(["kdf", "-keylen", "8", "-binary", "-kdfopt", "mac:HMAC", "-kdfopt", "digest:SHA256"])
        .args(["-kdfopt", "mode:COUNTER", "-kdfopt", &format!("hexkey:{}", hex::encode(master))])
        .args(["-kdfopt", &format!("hexsalt:{}", hex::encode(diversify::PUK_LABEL))])
        .args(["-kdfopt", &format!("hexinfo:{}00000003", card_id.simple()), "KBKDF"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: String = output
        .stdout
        .iter()
        .map(|byte| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".as_bytes()[usize::from(byte % 32)] as char)
        .collect();
    let keys = MasterKeys::new(vec![MasterKey::new(master.to_vec())]).unwrap();
    assert_eq!(keys.puk(of(1), card_id, 3).unwrap().expose(), theirs);
    assert_ne!(keys.puk(of(1), card_id, 4).unwrap().expose(), theirs);
    assert!(keys.puk(of(2), card_id, 3).is_err());
}

#[test]
fn openssl_derives_a_puk_of_digits_alike() {
    let master = [0x5A_u8; diversify::MASTER_KEY_LEN];
    let card_id = Uuid::from_u128(0xbc88_f13f_83ba_4037_8262_46eb_a129_1c6e);
    // The third one, whichever form those before it had.
    let version = diversify::next_puk(diversify::next_puk(diversify::next_puk(0, true), false), true);
    let output = Command::new("openssl")
        .args(["kdf", "-keylen", "16", "-binary", "-kdfopt", "mac:HMAC", "-kdfopt", "digest:SHA256"])
        .args(["-kdfopt", "mode:COUNTER", "-kdfopt", &format!("hexkey:{}", hex::encode(master))])
        .args(["-kdfopt", &format!("hexsalt:{}", hex::encode(diversify::PUK_LABEL))])
        .args(["-kdfopt", &format!("hexinfo:{}40000003", card_id.simple()), "KBKDF"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let digit = |pair: &[u8]| char::from(b'0' + (u16::from_be_bytes([pair[0], pair[1]]) % 10) as u8);
    let theirs: String = output.stdout.chunks(2).map(digit).collect();
    let keys = MasterKeys::new(vec![MasterKey::new(master.to_vec())]).unwrap();
    assert_eq!((keys.puk(of(1), card_id, version).unwrap().expose(), theirs.len()), (theirs.as_str(), 8));
}

/// Cards in the field have these: nothing may ever change them.
#[test]
fn what_the_releases_before_derived_is_derived_still() {
    let keys = MasterKeys::new(vec![MasterKey::new(vec![0x5A; diversify::MASTER_KEY_LEN])]).unwrap();
    let card_id = Uuid::from_u128(0xbc88_f13f_83ba_4037_8262_46eb_a129_1c6e);
    let key = keys.admin_key(of(1), card_id).unwrap();
    assert_eq!(hex::encode(key.expose()), "e37af1e620f286cd4aef4c34d6f4bf5152d67c511c585ea8");
    assert_eq!(keys.puk(of(1), card_id, 3).unwrap().expose(), "2YV2G47H");
    assert_eq!(keys.puk(of(1), card_id, 3 | 1 << 30).unwrap().expose(), "66533835");
}

#[test]
fn openssl_derives_alike_with_a_generation() {
    let master = [0x5A_u8; diversify::MASTER_KEY_LEN];
    let (card_id, generation) = (Uuid::from_u128(0xbc88), Uuid::from_u128(0x6e));
    let output = Command::new("openssl")
        .args(["kdf", "-keylen", "24", "-binary", "-kdfopt", "mac:HMAC", "-kdfopt", "digest:SHA256"])
        .args(["-kdfopt", "mode:COUNTER", "-kdfopt", &format!("hexkey:{}", hex::encode(master))])
        .args(["-kdfopt", &format!("hexsalt:{}", hex::encode(diversify::LABEL))])
        .args(["-kdfopt", &format!("hexinfo:{}{}", card_id.simple(), generation.simple()), "KBKDF"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let keys = MasterKeys::new(vec![MasterKey::new(master.to_vec())]).unwrap();
    let from = Derivation { master: 1, generation: Some(generation) };
    let ours = keys.admin_key(from, card_id).unwrap();
    assert!(output.stdout.iter().zip(ours.expose()).all(|(theirs, ours)| theirs & 0xFE == ours & 0xFE));
    assert!(ours.expose() != keys.admin_key(of(1), card_id).unwrap().expose());
    let puk = |generation| keys.puk(Derivation { master: 1, generation }, card_id, 1).unwrap().expose().to_owned();
    assert_ne!(puk(Some(generation)), puk(None));
    assert_ne!(puk(Some(generation)), puk(Some(card_id)));
}

#[test]
fn openssl_answers_by_aes_alike() {
    let challenge = "00112233445566778899aabbccddeeff";
    let directory = crate::support::directory::temporary();
    let file = directory.path().join("challenge");
    std::fs::write(&file, hex::decode(challenge).unwrap()).unwrap();
    for (cipher, length) in [("-aes-128-ecb", 16), ("-aes-192-ecb", 24), ("-aes-256-ecb", 32)] {
        let key = hex::encode(&[0x31_u8; 32][..length]);
        let output = Command::new("openssl").args(["enc", cipher, "-nopad", "-K", &key, "-in"]).arg(&file).output();
        let ours = diversify::respond(&AdminKey::from_hex(&key).unwrap(), &hex::decode(challenge).unwrap()).unwrap();
        assert_eq!(output.unwrap().stdout, ours.to_vec(), "{cipher}");
    }
}

#[test]
fn derived_keys_have_odd_parity_and_differ_by_card_and_version() {
    let key = |byte: u8| MasterKey::new(vec![byte; diversify::MASTER_KEY_LEN]);
    let keys = MasterKeys::new(vec![key(1), key(2)]).unwrap();
    assert_eq!(keys.current_version(), 2);
    let first = keys.admin_key(of(1), Uuid::from_u128(1)).unwrap();
    let second = keys.admin_key(of(1), Uuid::from_u128(2)).unwrap();
    let newer = keys.admin_key(of(2), Uuid::from_u128(1)).unwrap();
    assert_eq!(first.expose().len(), 24);
    assert!(first.expose().iter().all(|byte| byte.count_ones() % 2 == 1));
    assert!(first.expose() != second.expose() && first.expose() != newer.expose());
    let again = keys.admin_key(of(1), Uuid::from_u128(1)).unwrap();
    assert_eq!(first.expose(), again.expose());
}

#[test]
fn what_cannot_be_computed_is_refused() {
    let key = || AdminKey::new(vec![0; 24]);
    assert!(matches!(diversify::respond(&key(), &[0; 7]), Err(KeyError::ChallengeLength(7))));
    assert!(matches!(diversify::respond(&key(), &[0; 24]), Err(KeyError::ChallengeLength(24))));
    assert!(matches!(diversify::respond(&AdminKey::new(vec![0; 8]), &[0; 16]), Err(KeyError::KeyLength(8))));
    assert!(matches!(diversify::respond(&AdminKey::new(vec![0; 16]), &[0; 8]), Err(KeyError::KeyLength(16))));
    assert!(template::default_admin_key("00").is_err());
    assert!(MasterKeys::new(Vec::new()).is_err());
    assert!(MasterKeys::new(vec![MasterKey::new(vec![0; 31])]).is_err());
    let keys = MasterKeys::new(vec![MasterKey::new(vec![7; 32])]).unwrap();
    assert!(matches!(keys.admin_key(of(0), Uuid::nil()), Err(KeyError::NoSuchVersion(0))));
    assert!(matches!(keys.admin_key(of(2), Uuid::nil()), Err(KeyError::NoSuchVersion(2))));
}

/// Computed with Python's hmac module: HMAC-SHA-256 over 00000001, the label, 00, request, card id and, from the second
/// attempt on, its number, and 00000100.
#[test]
fn a_pin_is_chosen_by_request_card_and_attempt() {
    let keys = MasterKeys::new(vec![MasterKey::new((0..32).collect())]).unwrap();
    let block = |attempt| hex::encode(&*keys.pin_block(1, Uuid::from_u128(1), Uuid::from_u128(2), attempt).unwrap());
    assert_eq!(block(0), "0d194dc38352661c70f601485362692297c71f36e09c2c95ba1c692fe0b021ed");
    assert_eq!(block(1), "1393b92b09399ce74e66d69e7f1fdc0d6147388a3bc8e448c9b73dbf757bde4a");
}

#[test]
fn puks_are_counted_apart_from_what_they_consist_of() {
    const OF_DIGITS: u32 = 1 << 30;
    assert_eq!([diversify::next_puk(0, false), diversify::next_puk(0, true)], [1, OF_DIGITS | 1]);
    assert_eq!(diversify::next_puk(OF_DIGITS | 7, false), 8, "one of letters after one of digits");
    assert_eq!(diversify::next_puk(8, true), OF_DIGITS | 9);
    // The last number is never left for a mark.
    assert_eq!(diversify::next_puk(OF_DIGITS - 2, false), OF_DIGITS - 1);
    assert_eq!(diversify::next_puk(OF_DIGITS - 1, false), OF_DIGITS - 1);
    assert_eq!(diversify::next_puk(u32::MAX, true), u32::MAX >> 1);
    for (version, digits) in [(1, false), (OF_DIGITS - 1, false), (OF_DIGITS, true), (OF_DIGITS | 1, true)] {
        assert_eq!(diversify::is_puk_of_digits(version), digits, "{version:#x}");
    }
}
