//! Which card is meant.

use std::time::Duration;

use cardwright::farm::pcscd::PrivatePcscd;
use cardwright::iso7816::{CardChannel, EndWith};
use cardwright::reader::{Error, Found, Listed, Patience, PcscChannel, Readers, Selector};
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::Tries;
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivCard, PivOptions, SharedCard, VirtualCard};

use super::{ATR, Blank, PATIENCE, alone, private_pcscd, until};

const SHORT: Duration = Duration::from_millis(700);
const LEFT: &str = "Desk 00 00";
const RIGHT: &str = "Desk 00 01";

fn yubikey(serial: u32) -> Box<dyn VirtualCard> {
    Box::new(PivCard::new(PivOptions { serial, ..PivOptions::yubikey() }).unwrap())
}

fn gids() -> Box<dyn VirtualCard> {
    let admin_key = AdminKey::from_hex(&"01".repeat(24)).unwrap();
    let initialised = Initialised { pin: Pin::new("123456".into()), admin_key, card_id: [0x47; 16] };
    Box::new(GidsCard::new(GidsOptions { initialised: Some(initialised), ..GidsOptions::default() }).unwrap())
}

struct Desk {
    pcscd: PrivatePcscd,
    readers: Readers,
}

impl Desk {
    fn new() -> Self {
        let pcscd = private_pcscd();
        let readers = Readers::open_with(Patience { busy: SHORT, ..Patience::default() }).unwrap();
        Self { pcscd, readers }
    }

    /// Puts a card into the left (0) or right (1) reader and waits until it is seen.
    fn insert(&self, slot: usize, card: Box<dyn VirtualCard>) -> SharedCard {
        let card = SharedCard::new(card);
        self.pcscd.readers()[slot].seat().insert(card.clone());
        until(|| !self.readers.list().unwrap()[slot].atr.is_empty());
        card
    }

    fn remove(&self, slot: usize) {
        self.pcscd.readers()[slot].seat().remove();
        until(|| self.readers.list().unwrap()[slot].atr.is_empty());
    }

    fn find(&self, selector: &Selector) -> Result<Found, Error> {
        self.readers.find(selector)
    }

    #[track_caller]
    fn refuses(&self, selector: &Selector) -> Error {
        self.find(selector).map(|found| panic!("{} was found", found.reader)).unwrap_err()
    }
}

fn by_serial(serial: &str) -> Selector {
    Selector { serial: Some(serial.into()), ..Selector::default() }
}

fn in_reader(reader: &str) -> Selector {
    Selector { reader: Some(reader.into()), ..Selector::default() }
}

#[test]
fn the_only_card_is_taken_and_of_two_the_one_that_is_named() {
    alone("reader::choice::the_only_card_is_taken_and_of_two_the_one_that_is_named", || {
        let desk = Desk::new();
        let any = Selector::default();
        assert!(matches!(desk.refuses(&any), Error::NoToken { present, .. } if present.is_empty()));
        assert!(matches!(desk.refuses(&in_reader(LEFT)), Error::NoCard { reader } if reader == LEFT));
        let absent = desk.refuses(&in_reader("Shelf"));
        assert!(matches!(&absent, Error::NoReader { .. }) && absent.to_string().contains(RIGHT), "{absent}");

        desk.insert(1, yubikey(4711));
        let found = desk.find(&any).unwrap();
        assert_eq!((found.reader.as_str(), found.token.identity().kind), (RIGHT, "PIV"));
        assert_eq!(found.token.identity().serial, "4711");
        drop(found);

        desk.insert(0, gids());
        let several = desk.refuses(&any);
        assert!(matches!(&several, Error::Ambiguous { matching, .. } if matching.len() == 2), "{several:?}");
        assert!(several.to_string().contains("4711") && several.to_string().contains(LEFT), "{several}");
        assert_eq!(desk.find(&by_serial("4711")).unwrap().reader, RIGHT);
        let found = desk.find(&in_reader("00 00")).unwrap();
        assert_eq!(found.token.identity().kind, "GIDS");
        let serial = found.token.identity().serial.clone();
        drop(found);
        assert_eq!(desk.find(&by_serial(&serial)).unwrap().reader, LEFT);
        // A reader narrows and never stands in for a serial that is not there.
        let both = Selector { reader: Some(LEFT.into()), ..by_serial("4711") };
        assert!(matches!(desk.refuses(&both), Error::NoToken { .. }));
        let none = desk.refuses(&by_serial("4712"));
        assert!(matches!(&none, Error::NoToken { present, .. } if present.len() == 2), "{none:?}");

        let listed = desk.readers.tokens(None).unwrap();
        assert_eq!(listed.len(), 2);
        let card = listed[1].card.as_ref().unwrap();
        assert_eq!((listed[1].reader.as_str(), card.identity.serial.as_str()), (RIGHT, "4711"));
        assert_eq!((card.counters.user, card.counters.puk), (Tries::Left(3), Some(Tries::Left(3))));
        assert_eq!(desk.readers.tokens(Some("00 00")).unwrap()[0].reader, LEFT);
    });
}

#[test]
fn the_same_card_in_two_readers_is_not_guessed_at() {
    alone("reader::choice::the_same_card_in_two_readers_is_not_guessed_at", || {
        let desk = Desk::new();
        desk.insert(0, yubikey(4711));
        desk.insert(1, yubikey(4711));
        for selector in [Selector::default(), by_serial("4711")] {
            let error = desk.refuses(&selector);
            let Error::SameSerial { serial, readers } = &error else { panic!("{error:?}") };
            assert_eq!((serial.as_str(), &readers[..]), ("4711", &[LEFT.to_owned(), RIGHT.to_owned()][..]));
        }
        assert_eq!(desk.find(&in_reader(RIGHT)).unwrap().reader, RIGHT);
    });
}

#[test]
fn a_card_of_an_unknown_kind_is_named_and_left_alone() {
    alone("reader::choice::a_card_of_an_unknown_kind_is_named_and_left_alone", || {
        let desk = Desk::new();
        let blank = desk.insert(0, Box::new(Blank::default()));
        let error = desk.refuses(&Selector::default());
        assert!(matches!(&error, Error::UnknownCard { reader, atr } if reader == LEFT && hex::encode(atr) == ATR));
        assert!(error.to_string().contains(&ATR.to_uppercase()), "{error}");
        // It was asked for its applications and for nothing else.
        assert!(blank.headers().iter().all(|header| header[..3] == [0x00, 0xA4, 0x04]), "{:?}", blank.headers());
        let listed = desk.readers.tokens(None).unwrap();
        assert!(matches!(&listed[..], [Listed { card: Err(Error::UnknownCard { .. }), .. }]));
        // It cannot be the one that is meant.
        desk.insert(1, yubikey(4711));
        assert_eq!(desk.find(&Selector::default()).unwrap().reader, RIGHT);
        assert!(matches!(desk.refuses(&by_serial("4712")), Error::NoToken { .. }));
        assert!(matches!(desk.refuses(&in_reader(LEFT)), Error::UnknownCard { .. }));
    });
}

#[test]
fn a_busy_card_could_be_the_one_that_is_meant() {
    alone("reader::choice::a_busy_card_could_be_the_one_that_is_meant", || {
        let desk = Desk::new();
        desk.insert(0, yubikey(4711));
        desk.insert(1, yubikey(4712));
        let mut held = PcscChannel::connect(LEFT, Patience::default()).unwrap();
        held.begin().unwrap();
        for selector in [Selector::default(), in_reader(LEFT), by_serial("4711")] {
            let error = desk.refuses(&selector);
            assert!(
                matches!(&error, Error::Busy { reader, waited } if reader == LEFT && *waited == SHORT),
                "{error:?}"
            );
        }
        assert_eq!(desk.find(&by_serial("4712")).unwrap().reader, RIGHT);
        held.end(EndWith::Leave).unwrap();
        assert_eq!(desk.find(&by_serial("4711")).unwrap().reader, LEFT);
    });
}

#[test]
fn a_card_is_known_again_wherever_it_is_inserted_and_another_is_not_taken_for_it() {
    alone("reader::choice::a_card_is_known_again_wherever_it_is_inserted_and_another_is_not_taken_for_it", || {
        let mut desk = Desk::new();
        desk.insert(0, yubikey(4711));
        let expected = desk.find(&Selector::default()).unwrap().token.identity().clone();
        // It never left.
        assert_eq!(desk.readers.find_again(&expected, LEFT, PATIENCE).unwrap().reader, LEFT);

        desk.remove(0);
        let error = desk.readers.find_again(&expected, LEFT, SHORT).err().unwrap();
        assert!(matches!(error, Error::NotInserted { waited, .. } if waited == SHORT), "{error:?}");
        let elsewhere = std::thread::scope(|scope| {
            let Desk { pcscd, readers } = &mut desk;
            let waiting = scope.spawn(|| readers.find_again(&expected, LEFT, PATIENCE).map(|found| found.reader));
            pcscd.readers()[1].seat().insert(SharedCard::new(yubikey(4711)));
            waiting.join().unwrap()
        });
        assert_eq!(elsewhere.unwrap(), RIGHT);
        desk.remove(1);

        // Swapped while nobody looked, and while it is waited for.
        desk.insert(0, yubikey(4712));
        let swapped = desk.readers.find_again(&expected, LEFT, PATIENCE).err().unwrap();
        assert!(matches!(&swapped, Error::OtherCard { found, .. } if found.serial == "4712"), "{swapped:?}");
        desk.remove(0);
        desk.insert(1, Box::new(Blank::default()));
        let other = std::thread::scope(|scope| {
            let Desk { pcscd, readers } = &mut desk;
            let waiting = scope.spawn(|| readers.find_again(&expected, LEFT, PATIENCE).map(|found| found.reader));
            pcscd.readers()[0].seat().insert(SharedCard::new(gids()));
            waiting.join().unwrap()
        });
        assert!(matches!(&other, Err(Error::OtherCard { found, .. }) if found.kind == "GIDS"), "{other:?}");
    });
}
