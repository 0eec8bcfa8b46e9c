//! What one transaction with a card may cost: a card that lies may be long-winded, and each of its answers valid.

/// Limits the command APDUs of a transaction. The largest honest cards hold some 400 KB, which takes 1,600 to read.
const MOST_COMMANDS: u32 = 4096;
/// Limits the bytes of data that go to the card and come from it in a transaction.
const MOST_BYTES: usize = 1024 * 1024;

/// Counts what a transaction has cost so far.
#[derive(Debug, Default)]
pub(super) struct Meter {
    commands: u32,
    bytes: usize,
}

impl Meter {
    /// Counts a command and its data before they are sent; says `false`, and counts nothing, once too much was.
    pub(super) fn admit(&mut self, data: usize) -> bool {
        let is_open = self.commands < MOST_COMMANDS && self.bytes <= MOST_BYTES;
        if is_open {
            self.commands += 1;
            self.received(data);
        }
        is_open
    }

    /// Counts the data of an answer.
    pub(super) fn received(&mut self, data: usize) {
        self.bytes = self.bytes.saturating_add(data);
    }

    /// Returns the commands that were counted.
    pub(super) fn commands(&self) -> u32 {
        self.commands
    }

    /// Returns the bytes of data that were counted.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
