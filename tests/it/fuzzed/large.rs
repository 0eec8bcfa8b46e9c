//! Inputs that fill every limit with what is dear: sets in descending order, depth, keys that repeat, many small parts.

use super::ders::{attribute, descending, filled, integer, nested, oid, sequence, tlv};
use super::feed;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most allocations that an input may cost; the fuzzer has the same ceiling.
const MOST_ALLOCATIONS: u64 = 1_000_000;

#[track_caller]
fn bear(name: &str, inputs: Vec<(&str, Vec<u8>)>) {
    for (what, input) in inputs {
        let cost = feed(name, &input, what);
        println!("{name}, {what}: {} bytes, {cost:?}", input.len());
        assert!(cost.allocations <= MOST_ALLOCATIONS, "{name} works too much for {what}: {cost:?}");
    }
}

/// An RSA or EC key is read from what fuzzing is seeded with.
const SPKI: &[u8] = include_bytes!("../../data/fuzz/public-key/p256.der");

fn ecdsa() -> Vec<u8> {
    sequence(&[&oid("2a8648ce3d040302")])
}

fn signature() -> Vec<u8> {
    tlv(3, &[&[0][..], &sequence(&[&integer(1), &integer(1)])].concat())
}

fn validity() -> Vec<u8> {
    sequence(&[&tlv(0x17, b"260101000000Z"), &tlv(0x17, b"360101000000Z")])
}

fn certificate(subject: &[u8], extensions: &[u8]) -> Vec<u8> {
    let version = tlv(0xA0, &integer(2));
    let issuer = sequence(&[]);
    let body = sequence(&[
        &version,
        &integer(1),
        &ecdsa(),
        &issuer,
        &validity(),
        subject,
        SPKI,
        &tlv(0xA3, &tlv(0x30, extensions)),
    ]);
    sequence(&[&body, &ecdsa(), &signature()])
}

fn extension(id: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(id), &tlv(4, value)])
}

/// A certificate's limit, with room for what stands around what fills it.
const CERTIFICATE: usize = 64 * 1024 - 1024;

fn certificates() -> Vec<(&'static str, Vec<u8>)> {
    let nobody = sequence(&[]);
    let name = |set: Vec<u8>| tlv(0x30, &set);
    let names = filled(CERTIFICATE - 100, |number| tlv(0x82, &number.to_be_bytes().map(|byte| b'a' + byte % 26)));
    let others =
        filled(CERTIFICATE - 100, |_| tlv(0xA0, &[oid("2b060104018237140203"), tlv(0xA0, &tlv(0x0C, b"u"))].concat()));
    let usages = filled(CERTIFICATE - 100, |number| tlv(6, &[0x2A, (number % 128) as u8]));
    vec![
        ("one set in descending order", certificate(&name(tlv(0x31, &descending(CERTIFICATE, attribute))), &[])),
        ("a name of many sets", certificate(&name(filled(CERTIFICATE, |n| tlv(0x31, &attribute(n)))), &[])),
        ("many extensions", certificate(&nobody, &filled(CERTIFICATE, |n| extension("550403", &n.to_be_bytes())))),
        ("empty extensions", certificate(&nobody, &filled(CERTIFICATE, |_| extension("00", &[])))),
        ("many names", certificate(&nobody, &extension("551d11", &tlv(0x30, &names)))),
        ("many principals", certificate(&nobody, &extension("551d11", &tlv(0x30, &others)))),
        ("many usages", certificate(&nobody, &extension("551d25", &tlv(0x30, &usages)))),
        ("a nested name", certificate(&nested(16_000), &[])),
        ("nesting alone", nested(20_000)),
    ]
}

#[test]
fn certificates_as_large_as_may_be() {
    bear("certificate", certificates());
    let text = |der: &[u8]| {
        let body = STANDARD.encode(der);
        let body = body.as_bytes().chunks(64).map(|line| [line, b"\n"].concat()).collect::<Vec<_>>().concat();
        let body = String::from_utf8(body).unwrap();
        format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    };
    let crowded = certificates().swap_remove(0).1;
    bear("pem", vec![("a whole certificate", text(&crowded).into_bytes())]);
    bear("attestation", vec![("eight of them", crowded.repeat(8)), ("nesting", nested(20_000).repeat(8))]);
    let small = include_bytes!("../../data/fuzz/certificate/p256.der");
    bear("chain", vec![("a megabyte of certificates", text(small).repeat(900).into_bytes())]);
}

#[test]
fn requests_as_large_as_may_be() {
    let request = |subject: &[u8], attributes: &[u8]| {
        let info = sequence(&[&integer(0), subject, SPKI, &tlv(0xA0, attributes)]);
        sequence(&[&info, &ecdsa(), &signature()])
    };
    let nobody = sequence(&[]);
    let room = 64 * 1024 - 1024;
    let one = |set: Vec<u8>| sequence(&[&oid("2a864886f70d01090e"), &tlv(0x31, &set)]);
    let extensions = sequence(&[&filled(room - 100, |_| extension("551d11", &[0x30, 0]))]);
    bear(
        "certification-request",
        vec![
            (
                "attributes in descending order",
                request(&nobody, &descending(room, |n| sequence(&[&oid("550403"), &tlv(0x31, &integer(n.into()))]))),
            ),
            ("one attribute of many values", request(&nobody, &one(descending(room, |n| integer(n.into()))))),
            ("one set in descending order", request(&tlv(0x30, &tlv(0x31, &descending(room, attribute))), &[])),
            ("an extension many times", request(&nobody, &one(extensions))),
            ("nesting within a value", request(&nobody, &one(nested(15_000)))),
            ("nesting", nested(16_000)),
            ("nesting without lengths", [0x30, 0x80].repeat(32 * 1024)),
        ],
    );
}

/// A message of signed data in definite lengths.
fn signed(digests: &[u8], content: &[u8], certificates: &[u8], signers: &[u8]) -> Vec<u8> {
    let data = sequence(&[&integer(3), &tlv(0x31, digests), content, &tlv(0xA0, certificates), &tlv(0x31, signers)]);
    sequence(&[&oid("2a864886f70d010702"), &tlv(0xA0, &data)])
}

#[test]
fn signed_messages_as_large_as_may_be() {
    let room = 1024 * 1024 - 1024;
    let data = sequence(&[&oid("2a864886f70d010701")]);
    let small = include_bytes!("../../data/fuzz/certificate/p256.der");
    let signer = |number: u32| {
        let id = sequence(&[&sequence(&[]), &integer(number.into())]);
        sequence(&[&integer(1), &id, &sequence(&[&oid("2a")]), &sequence(&[&oid("2a")]), &tlv(4, &[])])
    };
    let pieces = [&[0x24, 0x80][..], &[4, 1, 0].repeat(room / 3), &[0, 0]].concat();
    let chunked = sequence(&[&oid("2a864886f70d010701"), &tlv(0xA0, &pieces)]);
    let deep = (0..30).fold([5, 0].repeat(room / 2), |inner, _| [&[0x30, 0x80][..], &inner, &[0, 0]].concat());
    let messages = || {
        vec![
            (
                "certificates that are none, in descending order",
                signed(&[], &data, &descending(room, |n| tlv(0x30, &integer(n.into()))), &[]),
            ),
            ("the smallest of certificates", signed(&[], &data, &[0x30, 0].repeat(room / 2), &[])),
            ("a certificate many times", signed(&[], &data, &small.repeat(room / small.len()), &[])),
            ("digests", signed(&descending(room, |n| sequence(&[&oid("2a"), &integer(n.into())])), &data, &[], &[])),
            ("signers", signed(&[], &data, small, &descending(room, signer))),
            ("a string in pieces", signed(&[], &chunked, &[], &[])),
            ("elements of two bytes, deep", deep.clone()),
            ("nesting without end", [0x30, 0x80].repeat(room / 2)),
            ("nesting", nested(100_000)),
        ]
    };
    bear("bundle", messages());
    bear("cmc", messages());
}

#[test]
fn sealed_messages_as_large_as_may_be() {
    let room = 500 * 1024;
    let recipient = |number: u32| {
        let id = sequence(&[&sequence(&[]), &integer(number.into())]);
        sequence(&[&integer(0), &id, &sequence(&[&oid("2a864886f70d010107")]), &tlv(4, &[])])
    };
    let content = sequence(&[
        &oid("2a864886f70d010701"),
        &sequence(&[&oid("60864801650304012e"), &sequence(&[&tlv(4, &[0; 12]), &integer(16)])]),
        &tlv(0x80, &[0; 9]),
    ]);
    let message = |recipients: Vec<u8>| {
        let body = sequence(&[&integer(0), &tlv(0x31, &recipients), &content, &tlv(4, &[0; 16])]);
        sequence(&[&oid("2a864886f70d0109100117"), &tlv(0xA0, &body)])
    };
    bear(
        "sealed-message",
        vec![("recipients in descending order", message(descending(room, recipient))), ("nesting", nested(100_000))],
    );
}

#[test]
fn key_stores_as_large_as_may_be() {
    let room = 256 * 1024 - 512;
    let store = |bags: Vec<u8>| {
        let data = |content: &[u8]| sequence(&[&oid("2a864886f70d010701"), &tlv(0xA0, &tlv(4, content))]);
        sequence(&[&integer(3), &data(&sequence(&[&data(&tlv(0x30, &bags))]))])
    };
    let bag = |number: u32| sequence(&[&oid("2a864886f70d010c0a0106"), &tlv(0xA0, &integer(number.into()))]);
    let named = |set: Vec<u8>| sequence(&[&oid("2a864886f70d010c0a0106"), &tlv(0xA0, &[5, 0]), &tlv(0x31, &set)]);
    let name = |number: u32| sequence(&[&oid("2a864886f70d010914"), &tlv(0x31, &tlv(0x1E, &number.to_be_bytes()))]);
    bear(
        "pfx",
        vec![
            ("bags", store(filled(room, bag))),
            ("attributes in descending order", store(named(descending(room - 100, name)))),
            ("nesting", nested(60_000)),
        ],
    );
    let pem = |length: usize| {
        format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{}\n-----END ENCRYPTED PRIVATE KEY-----\n", "A".repeat(length))
    };
    bear(
        "key-file",
        vec![
            ("one line", pem(60_000).into_bytes()),
            ("many lines", pem(0).replace("KEY-----\n\n", &format!("KEY-----\n{}", "A\n".repeat(30_000))).into_bytes()),
        ],
    );
    bear("private-key", vec![("nesting", nested(20_000)), ("a number", sequence(&[&tlv(2, &[1; 60_000])]))]);
    bear(
        "public-key",
        vec![(
            "a huge modulus",
            sequence(&[
                &sequence(&[&oid("2a864886f70d010101"), &[5, 0]]),
                &tlv(
                    3,
                    &[&[0][..], &sequence(&[&tlv(2, &[&[0][..], &[0xFF; 60_000]].concat()), &integer(65_537)])]
                        .concat(),
                ),
            ]),
        )],
    );
}

#[test]
fn answers_as_large_as_may_be() {
    let algorithm = sequence(&[&oid("2b0e03021a"), &[5, 0]]);
    let time = tlv(0x18, b"20270101000000Z");
    let single = |number: u32| {
        let id = sequence(&[&algorithm, &tlv(4, &[1; 20]), &tlv(4, &[2; 20]), &integer(number.into())]);
        sequence(&[&id, &[0x80, 0], &time])
    };
    let answer = |responses: Vec<u8>, certificates: &[u8]| {
        let data = sequence(&[&tlv(0xA2, &tlv(4, &[3; 20])), &time, &tlv(0x30, &responses)]);
        let basic = sequence(&[&data, &ecdsa(), &signature(), &tlv(0xA0, &tlv(0x30, certificates))]);
        let bytes = sequence(&[&oid("2b0601050507300101"), &tlv(4, &basic)]);
        sequence(&[&[0x0A, 1, 0], &tlv(0xA0, &bytes)])
    };
    let room = 64 * 1024 - 512;
    bear(
        "ocsp-answer",
        vec![
            ("certificates that are asked about", answer(filled(room, single), &[])),
            ("certificates of responders", answer(single(1), &[0x30, 0].repeat(room / 2))),
        ],
    );
}

#[test]
fn questions_as_large_as_may_be() {
    let algorithm = sequence(&[&oid("2b0e03021a"), &[5, 0]]);
    let asked = |number: u32| {
        sequence(&[&sequence(&[&algorithm, &tlv(4, &[1; 20]), &tlv(4, &[2; 20]), &integer(number.into())])])
    };
    let question = |requests: Vec<u8>, extensions: &[u8]| sequence(&[&sequence(&[&tlv(0x30, &requests), extensions])]);
    let room = 16 * 1024 - 256;
    bear(
        "ocsp-question",
        vec![
            ("certificates", question(filled(room, asked), &[])),
            (
                "32 of them and extensions",
                question(
                    (0..32).flat_map(asked).collect(),
                    &tlv(0xA2, &tlv(0x30, &filled(room - 32 * 70, |_| extension("00", &[])))),
                ),
            ),
            ("empty requests", question([0x30, 0].repeat(room / 2), &[])),
            ("nesting", nested(5_000)),
        ],
    );
}

#[test]
fn texts_as_large_as_may_be() {
    let list = |item: &str, room: usize| format!("[{}]", vec![item; room / (item.len() + 1)].join(","));
    let body = 256 * 1024;
    let choose = |choice: u8, text: String| [&[choice][..], text.as_bytes()].concat();
    for choice in 0..24 {
        let bodies = |room| {
            vec![
                ("nested arrays", choose(choice, "[".repeat(room))),
                ("nested objects", choose(choice, "{\"a\":".repeat(room / 5))),
                ("a key many times", choose(choice, format!("{{{}\"b\":1}}", "\"type\":1,".repeat(room / 10)))),
                ("commas too many", choose(choice, format!("[{}{}1]", "1,".repeat(room / 4), ",  ".repeat(room / 12)))),
                ("lists with a comma each", choose(choice, list("[1,]", room))),
                ("empty objects", choose(choice, list("{}", room))),
                ("unknown keys", choose(choice, format!("{{{}\"b\":1}}", "\"\":[],".repeat(room / 7)))),
            ]
        };
        bear("body", bodies(body));
        bear("answer", bodies(4 * body));
    }
    let template = 64 * 1024;
    bear(
        "template",
        vec![
            ("nested arrays", format!("a = {}", "[".repeat(template - 8)).into_bytes()),
            ("dotted keys", format!("a{} = 1", ".a".repeat(template / 2 - 8)).into_bytes()),
            ("tables", (0..template / 12).map(|n| format!("[a{n:05}]\n")).collect::<String>().into_bytes()),
            ("tables in arrays", "[[a]]\n".repeat(template / 6).into_bytes()),
            ("a text", format!("a = \"{}\"", "\\u0041".repeat(template / 6 - 4)).into_bytes()),
        ],
    );
    bear(
        "import",
        vec![("nested arrays", "[".repeat(body).into_bytes()), ("objects", list("{\"Uuid\":1}", body).into_bytes())],
    );
    bear(
        "journal",
        vec![("nested arrays", "[".repeat(4 * body).into_bytes()), ("objects", list("{}", 4 * body).into_bytes())],
    );
    bear("audit-line", vec![("nested", "{\"a\":".repeat(body).into_bytes()), ("a list", list("1", body).into_bytes())]);
    bear(
        "name",
        vec![
            ("types", "CN=a+".repeat(819).into_bytes()),
            ("parts", "CN=a,".repeat(819).into_bytes()),
            ("escapes", format!("CN={}", "\\00".repeat(1300)).into_bytes()),
        ],
    );
    bear(
        "route",
        vec![
            ("segments", format!("GET {}", "/a".repeat(32_000)).into_bytes()),
            ("parameters", format!("GET /api/v1.0/requests?{}", "a=b&".repeat(16_000)).into_bytes()),
        ],
    );
    bear("code", vec![("digits", "0".repeat(body).into_bytes())]);
    bear("spelling", vec![("base64", "AAAA".repeat(body).into_bytes())]);
    bear("dial", vec![("faults", "reset@1,".repeat(8 * 1024).into_bytes())]);
}

#[test]
fn cards_that_say_as_much_as_may_be() {
    let answer = |content: &[u8]| [&[0xFF, 0xFF], content, &vec![0; 65_533 - content.len()], &[0x90, 0x00]].concat();
    let play = |answers: &[u8]| [&[2 | 4][..], answers].concat();
    let object = |content: &[u8]| answer(&tlv(0x53, content));
    let talks = || {
        vec![
            ("objects of two bytes", play(&answer(&[0x80, 0x00].repeat(32_000)).repeat(64))),
            ("certificates", play(&object(&tlv(0x70, &certificates().swap_remove(0).1[..60_000])).repeat(64))),
            ("objects in objects", play(&object(&[0x53, 0x00].repeat(30_000)).repeat(64))),
            ("nothing", play(&[0, 2, 0x90, 0x00].repeat(20_000))),
            ("always more", play(&[0, 3, 0x00, 0x61, 0x00].repeat(20_000))),
        ]
    };
    bear("piv-card", talks());
    bear("gids-card", talks());
    let command = |apdu: &[u8]| [&(apdu.len() as u16).to_be_bytes()[..], apdu].concat();
    let chain = |ins: u8| command(&[&[0x10, ins, 0x3F, 0xFF, 0xFF][..], &[0x5C; 255]].concat()).repeat(4096);
    for name in ["piv-commands", "gids-commands"] {
        bear(name, vec![("a chain without end", chain(0xDB)), ("the same to PUT KEY", chain(0x24))]);
    }
    bear("tlv", vec![("objects of two bytes", [0x80, 0x00].repeat(32 * 1024))]);
    bear("lenient", vec![("objects of two bytes", [0x80, 0x00].repeat(32 * 1024)), ("padding", vec![0xFF; 64 * 1024])]);
    bear("card-state", vec![("nested", "[".repeat(256 * 1024).into_bytes())]);
}

#[test]
fn answers_of_a_directory_cost_little() {
    let entry =
        |attributes: &[u8]| sequence(&[&integer(2), &tlv(0x64, &[tlv(4, b"cn=a"), tlv(0x30, attributes)].concat())]);
    let attribute = |name: &[u8], values: &[u8]| sequence(&[&tlv(4, name), &tlv(0x31, values)]);
    bear(
        "ldap",
        vec![
            ("as many empty values as may be", entry(&attribute(b"member", &[4, 0].repeat(499_999)))),
            ("more than may be", entry(&attribute(b"member", &[4, 0].repeat(600_000)))),
            ("as many attributes as may be", entry(&attribute(b"", b"").repeat(250_000))),
            ("a length that lies", [&[0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF][..], &[4, 0].repeat(1000)].concat()),
            ("elements within each other", nested(5000)),
        ],
    );
    bear(
        "filter",
        vec![
            ("as many parts as may be", format!("(&{})", "(a=)".repeat(1023)).into_bytes()),
            ("stars", format!("(a={})", "b*".repeat(2040)).into_bytes()),
            ("parentheses", "(!".repeat(2500).into_bytes()),
            ("letters that fold to more", "\u{130}".repeat(2500).into_bytes()),
        ],
    );
}
