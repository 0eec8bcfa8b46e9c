use super::error::Error;
use super::link::{Columns, Link, Query, Record, micros};
use super::record::UserRecord;
use super::writer::Tx;
use sqlx::query;
use uuid::Uuid;

const TABLE: &str = "users";

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT uuid, name, groups, upn, email, token_hash, token_expires FROM users ", $rest)
    };
}

impl Record for UserRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            name: columns.take()?,
            groups: columns.json()?,
            upn: columns.take()?,
            email: columns.take()?,
            token_hash: columns.digest()?,
            token_expires: columns.time()?,
        })
    }
}

pub(super) async fn user(link: &mut Link<'_>, uuid: Uuid) -> Result<Option<UserRecord>, Error> {
    link.optional(query(select!("WHERE uuid = $1")).bind(uuid)).await
}

pub(super) async fn user_by_name(link: &mut Link<'_>, name: &str) -> Result<Option<UserRecord>, Error> {
    link.optional(query(select!("WHERE name = $1")).bind(name)).await
}

pub(super) async fn user_by_token_hash(link: &mut Link<'_>, hash: &[u8; 32]) -> Result<Option<UserRecord>, Error> {
    link.optional(query(select!("WHERE token_hash = $1")).bind(hash.as_slice())).await
}

pub(super) async fn users(link: &mut Link<'_>) -> Result<Vec<UserRecord>, Error> {
    link.all(query(select!("ORDER BY seq LIMIT $1")).bind(i64::from(super::LIST_LIMIT))).await
}

impl Tx {
    /// Adds a user; [`Error::Duplicate`] when the name or the token is taken.
    pub async fn insert_user(&mut self, user: &UserRecord) -> Result<(), Error> {
        let statement = "INSERT INTO users (uuid, name, groups, upn, email, token_hash, token_expires) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7)";
        self.execute(TABLE, bind(query(statement), user)).await.map(drop)
    }

    /// Replaces what is known of the user with this uuid.
    pub async fn update_user(&mut self, user: &UserRecord) -> Result<(), Error> {
        let statement = "UPDATE users SET name = $2, groups = $3, upn = $4, email = $5, token_hash = $6, \
                         token_expires = $7 WHERE uuid = $1";
        match self.execute(TABLE, bind(query(statement), user)).await? {
            0 => Err(Error::Missing { table: TABLE, record: user.uuid }),
            _ => Ok(()),
        }
    }
}

fn bind(query: Query, user: &UserRecord) -> Query {
    query
        .bind(user.uuid)
        .bind(&user.name)
        .bind(serde_json::json!(user.groups).to_string())
        .bind(&user.upn)
        .bind(&user.email)
        .bind(user.token_hash.as_slice())
        .bind(micros(user.token_expires))
}
