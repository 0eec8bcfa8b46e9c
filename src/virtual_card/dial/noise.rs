//! Answers of a card that has failed completely; the same seed gives the same answers.

/// Generates numbers that look random (xorshift64*).
#[derive(Clone, Debug)]
pub(super) struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Shortens, changes, lengthens or replaces an answer.
    pub fn garble(&mut self, mut answer: Vec<u8>) -> Vec<u8> {
        match self.below(6) {
            0 => answer.truncate(self.below(answer.len())),
            1 => {
                let at = self.below(answer.len());
                if let Some(byte) = answer.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            2 => {
                let at = answer.len().saturating_sub(2);
                let more = self.bytes(600);
                answer.splice(at..at, more);
            }
            3 => {
                answer = self.bytes(300);
                answer.extend_from_slice(&[0x90, 0x00]);
            }
            4 => {
                answer = self.bytes(300);
                let first = if self.below(2) == 0 { 0x61 } else { 0x6C };
                answer.extend_from_slice(&[first, self.next() as u8]);
            }
            _ => answer = self.bytes(300),
        }
        answer
    }
}
