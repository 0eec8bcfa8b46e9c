//! Certification requests that are meant to hurt: refused with a code, and nothing is changed.

use super::support::{API, Lab, Person, new_csr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use serde_json::json;
use uuid::Uuid;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        short @ ..0x80 => vec![short as u8],
        length => [vec![0x84], (length as u32).to_be_bytes().to_vec()].concat(),
    };
    // DER wants the shortest length.
    let length = if length.len() == 1 {
        length
    } else {
        let digits: Vec<u8> = length[1..].iter().copied().skip_while(|byte| *byte == 0).collect();
        [vec![0x80 | digits.len() as u8], digits].concat()
    };
    [vec![tag], length, content.to_vec()].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A request with this subject, key and attributes, rightly signed by `key`.
fn request(key: &MemoryKey, subject: &[u8], spki: &[u8], attributes: &[u8]) -> Vec<u8> {
    let info = sequence(&[&tlv(2, &[0]), subject, spki, &tlv(0xA0, attributes)]);
    let algorithm = hex::decode("300a06082a8648ce3d040302").unwrap();
    let signature = key.sign(&info).unwrap();
    sequence(&[&info, &algorithm, &tlv(3, &[&[0], signature.as_slice()].concat())])
}

fn attribute(number: u32, value: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = number.to_be_bytes();
    let oid = tlv(6, &[0x2B, 6, 1, 4, 1, 0x80 | (high & 0x7F) | 1, 0x80 | (middle & 0x7F), low & 0x7F]);
    sequence(&[&oid, &tlv(0x31, value)])
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(tlv(5, &[]), |inner, _| tlv(0x30, &inner))
}

/// An RSA key of so many bits, none of them meant.
fn rsa(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let mut modulus = vec![0xFF; bits / 8];
    modulus.insert(0, 0);
    let key = sequence(&[&tlv(2, &modulus), &tlv(2, exponent)]);
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    sequence(&[&algorithm, &tlv(3, &[&[0], key.as_slice()].concat())])
}

fn begun(lab: &Lab, person: &Person) -> String {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    request
}

#[test]
fn bombs_are_refused_and_nothing_changes() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let into = begun(&lab, &alice);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let spki = key.public_key().spki();
    let nobody = sequence(&[]);
    let long = |number| attribute(number, &tlv(4, &vec![0x41; 20 * 1024]));
    let name = |length| {
        let value = sequence(&[&hex::decode("0603550403").unwrap(), &tlv(0x0C, &vec![b'x'; length])]);
        sequence(&[&tlv(0x31, &value)])
    };
    let bombs = [
        ("a long attribute", request(&key, &nobody, spki, &long(1))),
        (
            "many attributes",
            request(&key, &nobody, spki, &(1..900).flat_map(|n| attribute(n, &nested(1))).collect::<Vec<_>>()),
        ),
        ("a long name", request(&key, &name(30 * 1024), spki, &[])),
        ("a nested name", request(&key, &nested(2000), spki, &[])),
        ("a nested key", request(&key, &nobody, &nested(2000), &[])),
        ("a huge RSA key", request(&key, &nobody, &rsa(16384, &[1, 0, 1]), &[])),
        ("an enormous RSA key", request(&key, &nobody, &rsa(100_000, &[1, 0, 1]), &[])),
        ("a long exponent", request(&key, &nobody, &rsa(2048, &[1; 255]), &[])),
        ("an exponent of one", request(&key, &nobody, &rsa(2048, &[1]), &[])),
        ("an even modulus' kin", request(&key, &nobody, &rsa(512, &[1, 0, 1]), &[])),
        ("nesting alone", nested(5000)),
        ("a length that lies", hex::decode("3084ffffffff0201").unwrap()),
        ("an endless length", [hex::decode("3080").unwrap(), [0x30, 0x80].repeat(4000)].concat()),
        ("nothing", Vec::new()),
    ];
    for (what, bomb) in &bombs {
        let answer = lab.certificatedata(&alice, &into, bomb);
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
        assert!(!answer.code().is_empty() && answer.code() != "internal", "{what}");
    }
    let url = format!("{API}/requests/{into}/certificatedata");
    let many = |count: usize| json!({"certificaterequests": vec![STANDARD.encode(new_csr()); count], "comments": ""});
    assert_eq!(lab.post(&alice, &url, many(33)).refusal(), (400, "bad-field".into()));
    assert_eq!(lab.post(&alice, &url, many(32)).refusal(), (400, "csr-count".into()));
    let large = json!({"certificaterequests": [STANDARD.encode(vec![0x30; 300 * 1024])], "comments": ""});
    assert_eq!(lab.post(&alice, &url, large).refusal(), (413, "body-too-large".into()));
    for _ in 0..20 {
        lab.certificatedata(&alice, &into, &bombs[0].1).refusal();
    }
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).status, 204);
    assert_eq!(lab.get(&alice, &format!("{API}/profiles")).status, 204);
    lab.certificatedata(&alice, &into, &new_csr()).ok();
}

#[test]
fn what_is_strange_but_small_is_certified_without_it() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let (spki, nobody) = (key.public_key().spki(), sequence(&[]));
    let strange = request(&key, &nobody, spki, &attribute(7, &nested(400)));
    let into = begun(&lab, &alice);
    let issued = lab.certificatedata(&alice, &into, &strange).ok();
    let response = cardwright::pkix::cmc::read(&super::support::pkcs7(&issued)).unwrap();
    assert_eq!(response.leaf_for(key.public_key()).unwrap().subject(), "CN=alice");
}
