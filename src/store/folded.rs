//! Keeps what names people, folded, so that two names that differ by letter case or Unicode form alone are seen as one.

use super::error::Error;
use super::link::sql;
use super::names::{NameKind, folded};
use super::open::Store;
use super::record::{LIST_LIMIT, UserRecord};
use super::users;
use super::versions::COUNTERS;
use super::watched::RawRow;
use super::writer::Tx;

const TABLE: &str = "folded_names";
/// Asks whether there are users of an earlier release whose names are not folded yet.
const UNFOLDED: &str = "SELECT value FROM meta WHERE name = 'unfolded-names'";

impl Store {
    /// Lists the users with this name of a kind, in whatever letter case and Unicode form, oldest first, at most
    /// [`LIST_LIMIT`].
    pub async fn users_named(&self, kind: NameKind, text: &str) -> Result<Vec<UserRecord>, Error> {
        self.ask(users::users_named(kind, folded(text))).await
    }

    /// Lists users that share a name of one kind with another, by kind and then by name, at most [`LIST_LIMIT`] a kind.
    pub async fn users_alike(&self, kind: NameKind) -> Result<Vec<UserRecord>, Error> {
        self.ask(users::users_alike(kind)).await
    }

    /// Folds the names of all users, where an earlier release has written some.
    pub(super) async fn fold_names(&self) -> Result<(), Error> {
        let unfolded: Vec<RawRow> = self.ask(sql(UNFOLDED).asking()).await?;
        if unfolded.is_empty() {
            return Ok(());
        }
        while self.write(|tx| Box::pin(tx.fold_page())).await? {}
        Ok(())
    }
}

impl Tx {
    /// Lists the users with this name of a kind, in whatever letter case and Unicode form, oldest first.
    pub async fn users_named(&mut self, kind: NameKind, text: &str) -> Result<Vec<UserRecord>, Error> {
        self.ask(users::users_named(kind, folded(text))).await
    }

    /// Writes a user's names, folded, in place of those before.
    pub(super) async fn fold(&mut self, user: &UserRecord) -> Result<(), Error> {
        self.execute(TABLE, sql("DELETE FROM folded_names WHERE owner = $1").bind(user.uuid)).await?;
        for kind in NameKind::ALL {
            let Some(text) = kind.of(user) else { continue };
            let statement = "INSERT INTO folded_names (owner, kind, folded) VALUES ($1, $2, $3)";
            let statement = sql(statement).bind(user.uuid).bind(kind.word()).bind(folded(text));
            self.execute(TABLE, statement).await?;
        }
        Ok(())
    }

    /// Folds the names of some users whose names are not folded; says whether there may be more.
    async fn fold_page(&mut self) -> Result<bool, Error> {
        self.housekeeping();
        let page: Vec<UserRecord> = self.ask(users::users_unfolded()).await?;
        for user in &page {
            self.fold(user).await?;
        }
        if u32::try_from(page.len()).is_ok_and(|found| found == LIST_LIMIT) {
            return Ok(true);
        }
        self.execute("meta", sql("DELETE FROM meta WHERE name = 'unfolded-names'")).await?;
        Ok(false)
    }

    /// Has jobs of other servers that write users wait until this one is through, and waits for theirs, so that each sees
    /// the names that another has written.
    pub async fn lock_names(&mut self) -> Result<(), Error> {
        self.execute(COUNTERS, sql("UPDATE counters SET value = value + 1 WHERE name = 'people'")).await.map(drop)
    }
}
