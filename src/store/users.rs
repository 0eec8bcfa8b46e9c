//! Keeps users.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::names::NameKind;
use super::open::Store;
use super::record::{LIST_LIMIT, UserRecord};
use super::spelling::Spelled;
use super::walks::Bound;
use super::writer::Tx;
use uuid::Uuid;

const TABLE: &str = "users";

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT uuid, name, groups, upn, email, sid, attributes, disabled, source FROM users ", $rest)
    };
}
pub(super) use select;

impl FromRow for UserRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            name: columns.take()?,
            groups: columns.json()?,
            upn: columns.take()?,
            email: columns.take()?,
            sid: columns.take()?,
            attributes: columns.json()?,
            disabled: columns.take()?,
            source: columns.state()?,
        })
    }
}

pub(super) fn user(uuid: Uuid) -> Ask<'static, Option<UserRecord>> {
    sql(select!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn user_by_name(name: &str) -> Ask<'_, Option<UserRecord>> {
    sql(select!("WHERE name = $1")).bind(name).asking()
}

pub(super) fn users_named(kind: NameKind, folded: String) -> Ask<'static, Vec<UserRecord>> {
    let statement =
        select!("WHERE uuid IN (SELECT owner FROM folded_names WHERE kind = $1 AND folded = $2) ORDER BY seq LIMIT $3");
    sql(statement).bind(kind.word()).bind(folded).bind(LIST_LIMIT).asking()
}

pub(super) fn users_alike(kind: NameKind) -> Ask<'static, Vec<UserRecord>> {
    let statement = select!(
        "WHERE uuid IN (SELECT owner FROM folded_names WHERE kind = $1 AND folded IN (SELECT folded FROM folded_names \
         WHERE kind = $1 GROUP BY folded HAVING count(*) > 1)) ORDER BY seq LIMIT $2"
    );
    sql(statement).bind(kind.word()).bind(LIST_LIMIT).asking()
}

pub(super) fn users_unfolded() -> Ask<'static, Vec<UserRecord>> {
    sql(select!("WHERE uuid NOT IN (SELECT owner FROM folded_names) ORDER BY seq LIMIT $1")).bind(LIST_LIMIT).asking()
}

pub(super) fn user_by_identity<'a>(issuer: &'a str, subject: &'a str) -> Ask<'a, Option<UserRecord>> {
    sql(select!("WHERE uuid = (SELECT owner FROM identities WHERE issuer = $1 AND subject = $2 AND unlinked IS NULL)"))
        .bind(issuer)
        .bind(subject)
        .asking()
}

pub(super) fn users() -> Ask<'static, Vec<UserRecord>> {
    sql(select!("ORDER BY seq LIMIT $1")).bind(LIST_LIMIT).asking()
}

pub(super) fn users_of_directory(after: Uuid) -> Ask<'static, Vec<UserRecord>> {
    sql(select!("WHERE source = 'directory' AND uuid > $1 ORDER BY uuid LIMIT $2"))
        .bind(after)
        .bind(LIST_LIMIT)
        .asking()
}

pub(super) fn users_in(group: &str) -> Ask<'_, Vec<UserRecord>> {
    // A list of groups holds each as JSON spells it, with its quotation marks.
    let spelled = serde_json::json!(group).to_string();
    sql(select!("WHERE replace(groups, $1, '') <> groups ORDER BY seq LIMIT $2"))
        .bind(spelled)
        .bind(LIST_LIMIT)
        .asking()
}

impl Store {
    /// Lists the users with these uuids, at most [`LIST_LIMIT`], in whatever order.
    pub async fn users_of(&self, uuids: &[Uuid]) -> Result<Vec<UserRecord>, Error> {
        if uuids.is_empty() {
            return Ok(Vec::new());
        }
        let mut bound = Bound::default();
        let text = format!("{} ({}) LIMIT {LIST_LIMIT}", select!("WHERE uuid IN"), bound.list(uuids));
        self.ask(bound.statement(text).asking()).await
    }
}

impl Tx {
    /// Adds a user; [`Error::Duplicate`] when the name is taken.
    pub async fn insert_user(&mut self, user: &UserRecord) -> Result<(), Error> {
        let statement = "INSERT INTO users (uuid, name, groups, upn, email, sid, attributes, disabled, source) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        self.execute(TABLE, bind(sql(statement), user)).await?;
        self.fold(user).await
    }

    /// Replaces what is known of the user with this uuid; [`Error::Missing`] when there is none.
    pub async fn update_user(&mut self, user: &UserRecord) -> Result<(), Error> {
        let statement = "UPDATE users SET name = $2, groups = $3, upn = $4, email = $5, sid = $6, attributes = $7, disabled = $8, \
                         source = $9 WHERE uuid = $1";
        match self.execute(TABLE, bind(sql(statement), user)).await? {
            0 => Err(Error::Missing { table: TABLE, record: user.uuid }),
            _ => self.fold(user).await,
        }
    }
}

/// Binds all columns of a user, in their order.
fn bind<'a>(statement: Statement<'a>, user: &'a UserRecord) -> Statement<'a> {
    statement
        .bind(user.uuid)
        .bind(&user.name)
        .bind(serde_json::json!(user.groups).to_string())
        .bind(user.upn.as_ref())
        .bind(user.email.as_ref())
        .bind(user.sid.as_ref())
        .bind(serde_json::json!(user.attributes).to_string())
        .bind(user.disabled)
        .bind(user.source.word())
}
