//! Whatever a card answers, and from whatever moment on: every call comes to an end, and within so many commands.

use cardwright::virtual_card::{Dial, Fault, VirtualCard};
use proptest::prelude::*;

use super::cards::{Forged, KINDS, Kind};
use super::everything::{Life, everything};

/// Commands of a whole life on a card that is only noisy; an honest card takes less than half of them.
const MOST_OF_A_LIFE: usize = 500;
/// Commands of a call whose card never lets an answer end: 512 GET RESPONSE and what else a call asks.
const MOST_OF_A_CALL: usize = 2_000;

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(KINDS.to_vec())
}

fn fault() -> impl Strategy<Value = Fault> {
    let at = 1u32..140;
    let words = vec![
        0x6100, 0x6110, 0x61FF, 0x6282, 0x6300, 0x63C0, 0x63C1, 0x63CF, 0x6581, 0x6700, 0x6881, 0x6884, 0x6982, 0x6983,
        0x6984, 0x6985, 0x6A80, 0x6A81, 0x6A82, 0x6A84, 0x6A86, 0x6A88, 0x6A89, 0x6C00, 0x6C01, 0x6CFF, 0x6D00, 0x6E00,
        0x6F00, 0x9000, 0x0000, 0xFFFF,
    ];
    prop_oneof![
        1 => any::<u64>().prop_map(Fault::Noise),
        2 => at.clone().prop_map(Fault::Truncate),
        1 => at.clone().prop_map(Fault::Oversize),
        4 => (at.clone(), prop::sample::select(words)).prop_map(|(at, word)| Fault::Status(at, word)),
        1 => at.prop_map(Fault::ResetAfter),
    ]
}

/// What a card answers once it has turned.
#[derive(Clone, Debug)]
enum Madness {
    /// Always the same.
    Always(Vec<u8>),
    /// Bytes that look random, of at most this many.
    Random(u64, usize),
    /// One of these, in turn.
    Turns(Vec<Vec<u8>>),
}

impl Madness {
    fn answer(&self, n: usize) -> Vec<u8> {
        match self {
            Madness::Always(answer) => answer.clone(),
            Madness::Turns(answers) => answers[n % answers.len()].clone(),
            Madness::Random(seed, most) => {
                let mut state = seed.wrapping_add(n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                let mut next = || {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state as usize
                };
                let length = next() % (most + 1);
                (0..length).map(|_| next() as u8).collect()
            }
        }
    }
}

fn madness() -> impl Strategy<Value = Madness> {
    let sw1 = prop_oneof![3 => Just(0x61u8), 2 => Just(0x6C), 3 => Just(0x90), 1 => Just(0x63), 1 => any::<u8>()];
    let sw2 = prop_oneof![2 => Just(0x00u8), 1 => any::<u8>()];
    let answer = (prop::collection::vec(any::<u8>(), 0..40), sw1, sw2)
        .prop_map(|(data, sw1, sw2)| [data, vec![sw1, sw2]].concat());
    prop_oneof![
        (any::<u64>(), prop::sample::select(vec![2, 40, 300])).prop_map(|(seed, most)| Madness::Random(seed, most)),
        prop::collection::vec(answer, 1..6).prop_map(Madness::Turns),
    ]
}

/// A card that is honest for `after` commands and then answers as the madness has it: to everything, or to what proves
/// nobody.
fn turncoat(kind: Kind, after: usize, madness: Madness, only_data: bool) -> Life {
    let mut n = 0;
    let slot = Forged::slot(kind.card(), move |command, _: &mut dyn VirtualCard| {
        n += 1;
        // A card may be let through everything that proves somebody, to see what is asked of it then.
        let proves = matches!(command.get(1), Some(0x20 | 0x24 | 0x2C | 0x87 | 0x22 | 0xA4));
        (n > after && !(only_data && proves)).then(|| madness.answer(n))
    });
    everything(kind, &slot)
}

#[test]
fn an_honest_card_lives_through_it_all() {
    for kind in KINDS {
        let life = everything(kind, &kind.slot());
        let refused: Vec<_> = life.calls.iter().filter(|(_, error)| error.is_some()).collect();
        println!("{kind:?}: {} commands, at most {} a call, refused: {refused:?}", life.total, life.most);
        let lacking: &[&str] = match kind {
            Kind::YubiKey => &[],
            Kind::PlainPiv => &["import", "change_admin_key", "attest", "reset_to_factory"],
            Kind::Gids => &["change_puk"],
        };
        assert_eq!(refused.iter().map(|(name, _)| *name).collect::<Vec<_>>(), lacking);
        assert!(life.total <= MOST_OF_A_LIFE / 2, "{}", life.total);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn faults_anywhere_are_lived_through(kind in kind(), faults in prop::collection::vec(fault(), 1..6)) {
        let slot = kind.slot();
        slot.set_dial(Dial::from_iter(faults));
        let life = everything(kind, &slot);
        prop_assert!(life.total <= MOST_OF_A_LIFE, "{} commands: {:?}", life.total, life.calls);
    }

    #[test]
    fn a_card_that_turns_is_given_up(kind in kind(), after in 0usize..120, madness in madness(), only_data: bool) {
        let life = turncoat(kind, after, madness, only_data);
        prop_assert!(life.most <= MOST_OF_A_CALL, "{} commands: {:?}", life.most, life.calls);
    }
}

/// The answers that a loop could hang on.
#[test]
fn answers_without_end_end() {
    let whole = [vec![0x30; 256], vec![0x61, 0x00]].concat();
    let endless = [
        vec![0x61, 0x00],
        vec![0x61, 0xFF],
        vec![0x00, 0x61, 0x01],
        whole,
        vec![0x6C, 0x00],
        vec![0x6C, 0x01],
        vec![0x6C, 0xFF],
        vec![],
        vec![0x90],
        vec![0x90, 0x00],
        vec![0x63, 0xCF],
        vec![0x63, 0x00],
        vec![0xFF; 65_538],
    ];
    for kind in KINDS {
        for answer in &endless {
            for after in [0, 3, 12, 20] {
                for only_data in [false, true] {
                    let life = turncoat(kind, after, Madness::Always(answer.clone()), only_data);
                    let shown = &answer[..answer.len().min(4)];
                    assert!(life.most <= MOST_OF_A_CALL, "{kind:?}, {shown:02X?} after {after}: {}", life.most);
                }
            }
        }
    }
}
