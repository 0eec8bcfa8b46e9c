//! Cards that answer whatever they like: the driver may refuse, and must neither panic nor go on for ever.

use cardwright::iso7816::{
    Card, CardChannel, ChannelError, CommandApdu, Continuity, EndWith, ExchangeError, Expect, Limits, ResponseApdu,
};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

use super::{changes, reads};
use crate::support::script::{EXTENDED, SHORT, T0};

/// A card that answers the n-th command, counted from 0, with `answer(n)`; what is sent is written down.
struct Wild<F> {
    limits: Limits,
    answer: F,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl<F: FnMut(usize) -> Vec<u8> + Send> CardChannel for Wild<F> {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn begin(&mut self) -> Result<Continuity, ChannelError> {
        Ok(Continuity::Reset)
    }

    fn end(&mut self, _with: EndWith) -> Result<(), ChannelError> {
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let mut sent = self.sent.lock().unwrap();
        sent.push(command.to_vec());
        Ok(Zeroizing::new((self.answer)(sent.len() - 1)))
    }
}

/// What was sent, and what came of it.
pub fn against(
    limits: Limits,
    command: &CommandApdu,
    answer: impl FnMut(usize) -> Vec<u8> + Send + 'static,
) -> (Vec<Vec<u8>>, Result<ResponseApdu, ExchangeError>) {
    let sent = Arc::default();
    let mut card = Card::new(Box::new(Wild { limits, answer, sent: Arc::clone(&sent) }));
    card.begin().unwrap();
    let outcome = card.exchange(command);
    drop(card);
    (Arc::into_inner(sent).unwrap().into_inner().unwrap(), outcome)
}

/// Everything that is sent to a card with one and the same answer.
pub fn all_sent(limits: Limits, command: &CommandApdu, answer: &[u8]) -> Vec<Vec<u8>> {
    let answer = answer.to_vec();
    against(limits, command, move |_| answer.clone()).0
}

/// The first command APDU that is sent.
pub fn first_sent(limits: Limits, command: &CommandApdu) -> Vec<u8> {
    all_sent(limits, command, &[0x6F, 0x00]).swap_remove(0)
}

/// Status words among which 61xx and 6Cxx are frequent.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let sw1 = prop_oneof![3 => Just(0x61u8), 2 => Just(0x6C), 2 => Just(0x90), 1 => any::<u8>()];
    let whole = (prop::collection::vec(any::<u8>(), 0..20), sw1, prop_oneof![Just(0u8), any::<u8>()])
        .prop_map(|(data, sw1, sw2)| [data, vec![sw1, sw2]].concat());
    prop_oneof![9 => whole, 1 => prop::collection::vec(any::<u8>(), 0..4)]
}

proptest! {
    #[test]
    fn any_answers_come_to_an_end(
        limits in prop::sample::select(vec![SHORT, EXTENDED, T0]),
        nc in prop_oneof![0usize..4, 250usize..800],
        expect in prop_oneof![Just(Expect::Nothing), Just(Expect::All), (1u16..600).prop_map(Expect::Bytes)],
        read_only: bool,
        answers in prop::collection::vec(answers(), 1..30),
    ) {
        let command = if read_only { reads(&vec![1; nc], expect) } else { changes(&vec![1; nc], expect) };
        let (sent, outcome) = against(limits, &command, move |n| answers[n % answers.len()].clone());
        // At most the command and 512 GET RESPONSE, each in blocks and each mended once.
        prop_assert!(sent.len() <= 2 * (nc / 255 + 1) + 2 * 512);
        let longest = match expect {
            Expect::Nothing => 0,
            Expect::All => 65536,
            Expect::Bytes(length) => usize::from(length),
        };
        prop_assert!(outcome.is_err() || outcome.unwrap().data.len() <= longest);
        // Never is what changes the card sent twice: each block of it went once.
        let of_command = sent.iter().filter(|apdu| apdu[1] == command.ins).count();
        prop_assert!(read_only || of_command <= nc.div_ceil(255).max(1));
    }
}
