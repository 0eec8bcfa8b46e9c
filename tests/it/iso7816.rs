//! Commands and answers of cards: bytes, chains, long answers, and cards that answer nonsense.

mod atr;
mod chaining;
mod conversations;
mod encoding;
mod lenient;
mod long_answers;
mod tlv;
mod transactions;
mod wild;

use cardwright::iso7816::{CommandApdu, Expect};

/// A command that reads, 00 CB 3F FF.
fn reads(data: &[u8], expect: Expect) -> CommandApdu {
    CommandApdu::new(0xCB, 0x3F, 0xFF).with_data(data).expecting(expect).reading()
}

/// A command that changes the card, 00 DB 3F FF.
fn changes(data: &[u8], expect: Expect) -> CommandApdu {
    CommandApdu::new(0xDB, 0x3F, 0xFF).with_data(data).expecting(expect)
}

/// `count` bytes in hexadecimal digits, each `byte`.
fn many(byte: &str, count: usize) -> String {
    byte.repeat(count)
}
