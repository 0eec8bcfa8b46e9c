//! Cards of our own: the slot they are shared in, the fault dial, and each command as the standards write it.

mod dial;
mod gids;
mod piv;
mod slot;
mod wire;

use cardwright::virtual_card::VirtualCard;
use zeroize::Zeroizing;

/// Sends a command given in hexadecimal digits and returns the answer's.
fn say(card: &mut dyn VirtualCard, command: &str) -> String {
    hex::encode_upper(card.transmit(&bytes(command)))
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal.replace(' ', "")).unwrap()
}

/// A card that answers each command with its data, and counts commands, resets and screws that are turned.
#[derive(Default)]
struct Echo {
    carried_out: u32,
    resets: u32,
    capacity: Option<usize>,
    tries: Option<u8>,
}

impl VirtualCard for Echo {
    fn atr(&self) -> Vec<u8> {
        bytes("3BFD1300008131FE158073C021C057597562694B657940")
    }

    fn reset(&mut self) {
        self.resets += 1;
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.carried_out += 1;
        let data = if command.len() > 5 { command[5..5 + usize::from(command[4])].to_vec() } else { vec![0xEC; 20] };
        [data, vec![0x90, 0x00]].concat()
    }

    fn state(&self) -> Zeroizing<Vec<u8>> {
        let told = format!("{} {} {:?} {:?}", self.carried_out, self.resets, self.capacity, self.tries);
        Zeroizing::new(told.into_bytes())
    }

    fn set_capacity(&mut self, bytes: Option<usize>) {
        self.capacity = bytes;
    }

    fn set_tries_left(&mut self, tries: u8) {
        self.tries = Some(tries);
    }
}
