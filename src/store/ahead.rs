//! Has the records that a job is about to read by their keys read together: a database elsewhere is then waited for once.

use super::link::{Answer, Ask};
use super::writer::{Transaction, Tx};
use super::{cards, requests, users};
use uuid::Uuid;

/// Names a record by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    Request(Uuid),
    User(Uuid),
    Profile(Uuid),
}

impl Tx {
    /// Says which records the job is about to read by their keys. On PostgreSQL all are read and locked, in this order, once
    /// it reads one of them; on SQLite nothing is to be gained.
    pub fn read_ahead(&mut self, records: impl IntoIterator<Item = Keyed>) {
        for record in records {
            match record {
                Keyed::Request(uuid) => self.ask_ahead(requests::request(uuid)),
                Keyed::User(uuid) => self.ask_ahead(users::user(uuid)),
                Keyed::Profile(uuid) => self.ask_ahead(cards::profile(uuid)),
            }
        }
    }

    fn ask_ahead<T: Answer>(&mut self, ask: Ask<'_, T>) {
        if let Transaction::Postgres(transaction) = self.transaction() {
            transaction.read_ahead(T::TABLE, &ask.statement);
        }
    }
}
