//! Says what the rows of some tables became, as the acts of the log keep it: who owns the database can write the rows,
//! but not the log.
//!
//! In: rows as a database returns them. Out: a name for each row, how often it was changed, and a digest of it, the same
//! with both databases. A column that is NULL, 0 or empty is left out of the digest, so that a column can be added.

use super::error::Error;
use super::link::{Ask, Cell, Columns, FromRow, Row, Statement, sql};
use aws_lc_rs::digest::{Context, SHA256};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Asks whether there are rows of an earlier release that no act has named yet.
pub(super) const UNLOGGED: &str = "SELECT value FROM meta WHERE name = 'unlogged-rows'";
/// Stands in the log in place of the digest of a row that is gone.
pub(super) const GONE: [u8; 16] = [0; 16];
/// Bounds the columns of a row.
const MOST_COLUMNS: usize = 64;

/// Names a table whose rows the log vouches for.
pub(super) struct Watched {
    pub table: &'static str,
    /// The columns that name a row.
    pub key: &'static [&'static str],
    /// All other columns but the row's place, its count of changes, and when a token was used last, which is no act.
    pub columns: &'static [&'static str],
}

pub(super) const WATCHED: &[Watched] = &[
    Watched {
        table: "users",
        key: &["uuid"],
        columns: &["name", "groups", "upn", "email", "sid", "disabled", "source", "attributes"],
    },
    Watched { table: "identities", key: &["uuid"], columns: &["owner", "issuer", "subject", "unlinked"] },
    Watched {
        table: "tokens",
        key: &["uuid"],
        columns: &[
            "owner",
            "label",
            "hash",
            "created",
            "expires",
            "revoked",
            "activation",
            "activation_ends",
            "activated",
            "activated_from",
        ],
    },
    Watched { table: "links", key: &["uuid"], columns: &["owner", "hash", "created", "ends", "used", "used_from"] },
    Watched {
        table: "visits",
        key: &["uuid"],
        columns: &["owner", "kiosk", "hash", "request", "created", "ends", "serial"],
    },
    Watched {
        table: "proposals",
        key: &["uuid"],
        columns: &["account", "change", "proposer", "proposed", "ends", "decider", "decided", "confirmed"],
    },
    Watched { table: "stock", key: &["card_id"], columns: &["kind", "serial", "note", "added", "removed"] },
    Watched {
        table: "requests",
        key: &["uuid"],
        columns: &[
            "request_type",
            "status",
            "originator",
            "target",
            "profile_template",
            "template_version",
            "priority",
            "comment",
            "data",
            "old_profile",
            "new_profile",
            "old_smartcard",
            "new_smartcard",
            "submitted",
            "completed",
            "is_smartcard",
            "is_enrollment_agent",
            "loss_reason",
            "revocation_reason",
            "revocation_delay_hours",
            "suspends",
        ],
    },
    Watched { table: "approvals", key: &["request", "approver"], columns: &["approved", "comment", "at"] },
    Watched {
        table: "smartcards",
        key: &["uuid"],
        columns: &[
            "card_id",
            "atr",
            "status",
            "assigned_user",
            "profile_template",
            "template_version",
            "admin_key",
            "master_key_version",
            "parent",
            "primary_smartcard",
            "permanent",
            "comment",
            "puk_state",
            "puk_version",
            "puk_before",
            "role",
            "superseded",
            "reused",
            "expires",
            "master_key_next",
            "puk_master",
            "puk_before_master",
            "generation",
            "admin_generation",
            "admin_generation_next",
            "puk_generation",
            "puk_before_generation",
        ],
    },
    Watched {
        table: "profiles",
        key: &["uuid"],
        columns: &[
            "status",
            "assigned_user",
            "smartcard",
            "profile_template",
            "template_version",
            "parent",
            "primary_profile",
            "comment",
            "role",
            "superseded",
            "reused",
            "expires",
        ],
    },
    Watched {
        table: "certificates",
        key: &["serial"],
        columns: &[
            "request",
            "profile",
            "smartcard",
            "owner",
            "template_common_name",
            "thumbprint",
            "public_key_sha256",
            "csr_sha256",
            "der",
            "not_before",
            "not_after",
            "revoked_at",
            "revocation_reason",
            "superseded",
            "hold_released",
            "issued",
            "user_held",
        ],
    },
];

/// Says what a row has become: the text in the log is `table/key/changes/digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowState {
    pub row: RowName,
    /// How often it was changed since it was added.
    pub changes: i64,
    /// The first half of a SHA-256.
    pub digest: [u8; 16],
}

/// Names a row: `table/key`, the key in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowName {
    pub table: &'static str,
    pub key: Vec<u8>,
}

impl fmt::Display for RowName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.table, hex::encode(&self.key))
    }
}

impl fmt::Display for RowState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.row, self.changes, hex::encode(self.digest))
    }
}

/// Says that a text in the log names no row of a table that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRow;

impl FromStr for RowState {
    type Err = NoRow;

    fn from_str(text: &str) -> Result<Self, NoRow> {
        let mut parts = text.split('/');
        let mut part = || parts.next().ok_or(NoRow);
        let (table, key, changes, digest) = (part()?, part()?, part()?, part()?);
        let table = WATCHED.iter().find(|watched| watched.table == table).ok_or(NoRow)?.table;
        let bytes = |text| hex::decode(text).map_err(|_| NoRow);
        let digest = bytes(digest)?.try_into().map_err(|_| NoRow)?;
        let changes = changes.parse().map_err(|_| NoRow)?;
        Ok(Self { row: RowName { table, key: bytes(key)? }, changes, digest })
    }
}

/// Says where a row stands among those of its table.
pub(super) enum Place {
    Number(i64),
    Keys(Uuid, Uuid),
}

/// Holds a row as it was returned, each cell spelled alike with both databases.
#[derive(PartialEq, Eq)]
pub(super) struct RawRow(Vec<Vec<u8>>);

impl RawRow {
    pub fn of(row: &dyn Row) -> Self {
        Self((0..MOST_COLUMNS).map_while(|column| row.cell(column).map(spelled)).collect())
    }
}

/// Reads the rows of a page, of whichever table.
impl FromRow for RawRow {
    const TABLE: &'static str = "a watched table";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self::of(columns.row()))
    }
}

/// Spells a cell; what counts as nothing is empty. A truth value is a number, as SQLite keeps it.
fn spelled(cell: Cell<'_>) -> Vec<u8> {
    match cell {
        Cell::Null | Cell::Integer(0) | Cell::Bool(false) => Vec::new(),
        Cell::Integer(number) => number.to_be_bytes().to_vec(),
        Cell::Bool(true) => 1_i64.to_be_bytes().to_vec(),
        Cell::Text(text) => text.as_bytes().to_vec(),
        Cell::Bytes(bytes) => bytes.to_vec(),
    }
}

impl Watched {
    /// Returns the table that a statement writes, if the log vouches for its rows.
    pub fn written_by(table: &str) -> Option<&'static Self> {
        WATCHED.iter().find(|watched| watched.table == table)
    }

    /// Lists what is read of a row: how often it was changed, its key, its columns.
    pub fn list(&self) -> String {
        let columns = self.key.iter().chain(self.columns);
        columns.fold("changes".to_owned(), |list, column| list + ", " + column)
    }

    /// Has a statement that adds or changes rows count the change, and return the rows as they are then.
    pub fn watching<'a>(&self, statement: Statement<'a>) -> Statement<'a> {
        let begin = format!("UPDATE {} SET ", self.table);
        let counted = match statement.text.strip_prefix(&begin) {
            Some(rest) => format!("{begin}changes = changes + 1, {rest}"),
            None => statement.text.into_owned(),
        };
        Statement { text: Cow::Owned(format!("{counted} RETURNING {}", self.list())), values: statement.values }
    }

    /// Asks for the rows after a place, `limit` at most, in the order of their places.
    pub fn page<'a>(&self, after: Option<&'a Place>, limit: u32) -> Ask<'a, Vec<RawRow>> {
        let (table, list) = (self.table, self.list());
        // What has two keys has no number of its own.
        let (place, order) = match self.key {
            [_] => ("seq".to_owned(), "seq".to_owned()),
            key => (format!("({})", key.join(", ")), key.join(", ")),
        };
        let statement = |condition: &str| {
            let number = if self.key.len() == 1 { "seq, " } else { "" };
            format!("SELECT {number}{list} FROM {table} {condition}ORDER BY {order} LIMIT {limit}")
        };
        match after {
            None => sql(statement("")).asking(),
            Some(Place::Number(number)) => sql(statement(&format!("WHERE {place} > $1 "))).bind(*number).asking(),
            Some(Place::Keys(first, second)) => {
                sql(statement(&format!("WHERE {place} > ($1, $2) "))).bind(*first).bind(*second).asking()
            }
        }
    }

    /// Returns the place of a row of a page.
    pub fn place(&self, row: &RawRow) -> Result<Place, Error> {
        let damaged = Error::Damaged { table: self.table, column: 0 };
        let cell = |column: usize| row.0.get(column).map(Vec::as_slice).unwrap_or_default();
        let uuid = |column| Uuid::from_slice(cell(column)).ok();
        let place = match self.key {
            [_] => cell(0).try_into().ok().map(|bytes| Place::Number(i64::from_be_bytes(bytes))),
            _ => uuid(1).zip(uuid(2)).map(|(first, second)| Place::Keys(first, second)),
        };
        place.ok_or(damaged)
    }

    /// Returns what a row of a page is.
    pub fn state_of_page(&self, row: &RawRow) -> Result<RowState, Error> {
        let number = usize::from(self.key.len() == 1);
        self.state(row.0.get(number..).unwrap_or_default())
    }

    /// Returns what a row that was written has become.
    pub fn written(&self, row: &RawRow) -> Result<RowState, Error> {
        self.state(&row.0)
    }

    /// Returns what a row has become, of which [`Self::list`] was read.
    fn state(&self, cells: &[Vec<u8>]) -> Result<RowState, Error> {
        let damaged = |column| Error::Damaged { table: self.table, column };
        let (changes, cells) = cells.split_first().ok_or(damaged(0))?;
        let changes = match changes.as_slice() {
            [] => 0,
            bytes => i64::from_be_bytes(bytes.try_into().map_err(|_| damaged(0))?),
        };
        if cells.len() != self.key.len() + self.columns.len() {
            return Err(damaged(cells.len() + 1));
        }
        let (key, cells) = cells.split_at(self.key.len());
        let mut digest = Context::new(&SHA256);
        for (column, cell) in self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            for part in [column.as_bytes(), cell] {
                digest.update(&(part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
        let digest = digest.finish();
        let digest = digest.as_ref().first_chunk::<16>().copied().ok_or(damaged(0))?;
        Ok(RowState { row: RowName { table: self.table, key: key.concat() }, changes, digest })
    }
}
