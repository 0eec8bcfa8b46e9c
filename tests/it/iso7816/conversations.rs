//! Conversations that others had with their cards, spoken again.

use cardwright::iso7816::tlv::{find, read_all, read_one};
use cardwright::iso7816::{CommandApdu, Expect, ResponseApdu, StatusWord};
use std::path::PathBuf;

use crate::support::script::{SHORT, Script, bytes};

const SELECT: u8 = 0xA4;
const GET_RESPONSE: u8 = 0xC0;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/apdu/piv").join(name)
}

/// The command that is meant by a short APDU.
fn command_of(apdu: &[u8]) -> CommandApdu {
    let (header, body) = apdu.split_first_chunk::<4>().unwrap();
    let (data, le): (&[u8], &[u8]) = match body {
        [] | [_] => (&[], body),
        [lc, rest @ ..] => rest.split_at(usize::from(*lc)),
    };
    let expect = match le {
        [] => Expect::Nothing,
        [0] => Expect::All,
        le => Expect::Bytes(le[0].into()),
    };
    let [cla, ins, p1, p2] = *header;
    CommandApdu { cla, ..CommandApdu::new(ins, p1, p2).with_data(data).expecting(expect) }
}

/// Speaks the conversation again, and returns the whole answers but those to SELECT.
fn speak(name: &str) -> Vec<ResponseApdu> {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let script = Script::read(SHORT, &text);
    let mut card = script.card();
    let commands = text.lines().filter_map(|line| line.strip_prefix('>')).map(bytes);
    let mut answers = Vec::new();
    for command in commands.filter(|command| command[1] != GET_RESPONSE) {
        let answer = card.exchange(&command_of(&command)).unwrap();
        if command[1] == SELECT {
            let template = read_one(&answer.data).unwrap();
            assert_eq!(find(template.value, 0x79).unwrap().value, bytes("4F 05 A000000308"), "{name}");
        } else {
            answers.push(answer);
        }
    }
    script.finish();
    answers
}

#[test]
fn each_conversation_is_spoken_to_its_end() {
    let names = std::fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.map(|name| speak(&name)).filter(|answers| !answers.is_empty()).count(), 6);
}

#[test]
fn a_chuid_is_read() {
    let object = &speak("chuid.txt")[0].data;
    let inside = read_all(read_one(object).unwrap().value).unwrap();
    assert_eq!(inside.iter().map(|o| o.tag).collect::<Vec<_>>(), [0x30, 0x34, 0x35, 0x3E, 0xFE]);
    assert_eq!(inside[2].value, b"20300101");
}

#[test]
fn an_rsa_key_is_collected_in_two_parts() {
    let answers = speak("metadata.txt");
    for answer in &answers {
        assert_eq!(find(&answer.data, 0x01).unwrap().value.len(), 1, "each tells its algorithm");
    }
    let key = find(&answers[1].data, 0x04).unwrap();
    assert_eq!(find(key.value, 0x81).unwrap().value.len(), 256);
    assert_eq!(find(key.value, 0x82).unwrap().value, [1, 0, 1]);
}

#[test]
fn a_challenge_is_found_and_a_refusal_is_an_answer() {
    let answers = speak("management-key.txt");
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    let refused = StatusWord::SECURITY_STATUS_NOT_SATISFIED;
    assert_eq!(statuses, [StatusWord::OK, refused, StatusWord::OK, refused]);
    let template = read_one(&answers[0].data).unwrap();
    assert_eq!(find(template.value, 0x81).unwrap().value, bytes("D4BD9B1DA5D26CDA"));
}
