//! Reads outside any transaction. A record by its key is read over a connection that many share, their statements one
//! behind the other without waiting; a list, which may take longer, has a connection of its own.

use super::super::error::Error;
use super::super::link::{Answer, Ask, Counts};
use super::connections::{connection, connection_by_keys};
use super::link::{asked, gather, refusal};
use deadpool_postgres::{Client, Object, Pool};
use std::sync::{Arc, Mutex, PoisonError};

/// Lists the words of a question whose one answer comes from many rows.
const LONG: [&str; 4] = ["count(", "max(", "min(", "sum("];

/// Holds the connections of readers.
pub(super) struct Readers {
    pool: Pool,
    counts: Arc<Counts>,
    shared: Mutex<Option<Arc<Client>>>,
}

impl Readers {
    pub fn new(pool: Pool, counts: Arc<Counts>) -> Self {
        Self { pool, counts, shared: Mutex::default() }
    }

    /// Answers a question.
    pub async fn read<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        // Where there are two connections in all, a lane has the other one.
        let shares =
            self.pool.status().max_size < 3 || (T::ONE && !LONG.iter().any(|word| ask.statement.text.contains(word)));
        let client = if shares { self.shared().await? } else { Arc::new(connection(&self.pool).await?) };
        match asked(&client, &self.counts, &ask.statement).await {
            Ok(rows) => gather(&rows),
            Err(cause) => {
                let refused = refusal(cause, Error::Read);
                if matches!(refused, Error::Unreachable(_)) {
                    self.give_up(client);
                }
                Err(refused)
            }
        }
    }

    /// Closes every connection once nobody uses it.
    pub fn close(&self) {
        self.pool.close();
        drop(self.kept().take());
    }

    /// Returns the connection that is shared; makes another one where it has ended.
    async fn shared(&self) -> Result<Arc<Client>, Error> {
        if let Some(client) = self.kept().as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let new = Arc::new(connection_by_keys(&self.pool).await?);
        // Of several that are made at once the last stays; the others go back when they were used.
        *self.kept() = Some(new.clone());
        Ok(new)
    }

    /// Has nobody use a connection any more that gave no answer: one may still be on its way.
    fn give_up(&self, client: Arc<Client>) {
        self.kept().take_if(|kept| Arc::ptr_eq(kept, &client));
        if let Some(client) = Arc::into_inner(client) {
            drop(Object::take(client));
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Arc<Client>>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
