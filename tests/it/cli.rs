//! The program at a person's hands: what it refuses and how, where its secrets come from, what it prints.

mod activation;
mod acts;
mod again;
mod approving;
pub mod cards;
mod database;
mod doctor;
mod face;
mod found;
mod help_desk;
mod http;
mod keys;
mod mim;
mod odd;
mod people;
mod printing;
mod refusals;
mod requests;
mod secrets;
mod server_ca;
mod sites;
mod stock;
mod templates;
mod tokens;
mod upgrade;

use crate::enrollment::fake::FakeCm;
use crate::support::program::Program;

const PIN: &str = "271828";
const WRONG_PIN: &str = "000000";
const ENROLL: [&str; 3] = ["enroll", "--label", "card"];

/// The program with a PIN at hand and a server that misbehaves when told to.
struct Desk {
    program: Program,
    fake: FakeCm,
}

impl Desk {
    /// A desk with a token fresh from the factory.
    fn new() -> Self {
        let fake = FakeCm::start();
        let mut program = Program::new();
        program.set("CARDWRIGHT_SERVER", fake.url.as_str());
        program.set("CARDWRIGHT_BEARER", "a-bearer-token");
        program.set("CARDWRIGHT_PIN", PIN);
        program.set("CARDWRIGHT_NEW_PIN", PIN);
        program.factory_token("card");
        Self { program, fake }
    }

    /// The good command, after whatever went wrong: exactly one key pair and certificate, one request.
    #[track_caller]
    fn enrolls_in_the_end(&self) {
        self.fake.behave(None);
        let done = self.program.json(ENROLL).done();
        assert_eq!(done["certificates"].as_array().unwrap().len(), 1);
        assert_eq!(self.program.objects("card", PIN), [1, 1, 1]);
        assert_eq!(self.fake.requests(), [(1, 8)]);
        assert!(self.program.journal().is_empty());
    }
}
