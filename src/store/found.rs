//! Finds cards, certificates and people by what somebody knows of them.

use super::cards::select_smartcards;
use super::certificates::{TABLE as CERTIFICATES, select as select_certificates};
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::names::folded;
use super::open::Store;
use super::record::{CertificateRecord, LIST_LIMIT, SmartcardRecord, UserRecord, Visibility};
use super::spelling::Spelled;
use super::users;
use super::walks::{Bound, check_width, later, newest};
use crate::cm::smartcard::SmartcardStatus;
use time::OffsetDateTime;
use uuid::Uuid;

/// Selects cards; every field that is given must match.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CardFilter {
    /// The person's own cards, and all of these templates; `None`: whoever they belong to.
    pub visible_to: Option<Visibility>,
    pub owner: Option<Uuid>,
    pub status: Option<SmartcardStatus>,
    pub template: Option<Uuid>,
    /// Only cards that were assigned before this one; the next page starts before the last one shown.
    pub before: Option<Uuid>,
    /// `None`, or more than [`LIST_LIMIT`]: that many.
    pub limit: Option<u32>,
}

/// Selects certificates on cards that will end soon, neither revoked nor superseded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingFilter<'a> {
    /// The person's own, and those of these templates' cards; `None`: of all.
    pub visible_to: Option<&'a Visibility>,
    pub after: OffsetDateTime,
    pub until: OffsetDateTime,
    /// Only certificates that end after the one with this serial number.
    pub beyond: Option<&'a [u8]>,
    /// More than [`LIST_LIMIT`]: that many.
    pub limit: u32,
}

/// Holds when the last of a card's certificates ends that is neither revoked nor superseded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastEnd(pub Option<OffsetDateTime>);

impl FromRow for LastEnd {
    const TABLE: &'static str = CERTIFICATES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.optional_time().map(Self)
    }
}

/// Asks for cards, those assigned last first. Each way in which a card may be visible is a walk of its own.
fn cards(filter: &CardFilter) -> Result<Ask<'static, Vec<SmartcardRecord>>, Error> {
    let mut bound = Bound::default();
    let mut common = String::new();
    if let Some(owner) = filter.owner {
        common += &format!(" AND assigned_user = ${}", bound.number(owner));
    }
    // SQLite, which has no statistics, would else walk a whole template or status for one person's cards.
    if let Some(template) = filter.template {
        let number = bound.number(template);
        let walks = filter.owner.is_none() && filter.visible_to.is_none();
        common += &if walks {
            format!(" AND profile_template = ${number}")
        } else {
            format!(" AND NOT profile_template <> ${number}")
        };
    }
    if let Some(status) = filter.status {
        let number = bound.number(status.word());
        let walks = filter.owner.or(filter.template).is_none() && filter.visible_to.is_none();
        common += &if walks { format!(" AND status = ${number}") } else { format!(" AND NOT status <> ${number}") };
    }
    if let Some(before) = filter.before {
        common += &format!(" AND seq < (SELECT seq FROM smartcards WHERE uuid = ${})", bound.number(before));
    }
    let limit = filter.limit.unwrap_or(LIST_LIMIT).min(LIST_LIMIT);
    let text = match &filter.visible_to {
        None => format!("{}{common} ORDER BY seq DESC LIMIT {limit}", select_smartcards!("WHERE 1 = 1")),
        Some(visible) => {
            check_width(&visible.templates)?;
            let mut ways = vec![format!("assigned_user = ${}", bound.number(visible.user))];
            for template in &visible.templates {
                ways.push(format!("profile_template = ${}", bound.number(*template)));
            }
            let newest = newest("smartcards", &ways, &common, limit);
            format!("{} {newest} ORDER BY seq DESC", select_smartcards!("WHERE seq IN"))
        }
    };
    Ok(bound.statement(text).asking())
}

/// Writes which certificates on cards will end.
pub(super) fn ending_rows<'a>(bound: &mut Bound<'a>, filter: &EndingFilter<'a>) -> Result<String, Error> {
    // Where the walk goes on after a certificate, that alone bounds it from below.
    let after = if filter.beyond.is_some() { "NOT not_after <=" } else { "not_after >" };
    let mut rows = format!(
        "revoked_at IS NULL AND superseded = FALSE AND smartcard IS NOT NULL AND {after} ${} AND not_after <= ${}",
        bound.number(filter.after),
        bound.number(filter.until),
    );
    if let Some(Visibility { user, templates }) = filter.visible_to {
        check_width(templates)?;
        let user = bound.number(*user);
        let numbers: Vec<_> = templates.iter().map(|template| format!("${}", bound.number(*template))).collect();
        // Alone, the owner is looked up by an index of his own.
        rows += &match numbers.is_empty() {
            true => format!(" AND owner = ${user}"),
            false => format!(
                " AND (owner = ${user} OR (SELECT profile_template FROM smartcards \
                 WHERE smartcards.uuid = certificates.smartcard) IN ({}))",
                numbers.join(", ")
            ),
        };
    }
    Ok(rows)
}

/// Asks for certificates on cards that will end, the first to end first.
fn ending<'a>(filter: &EndingFilter<'a>) -> Result<Ask<'a, Vec<CertificateRecord>>, Error> {
    let mut bound = Bound::default();
    let mut rows = ending_rows(&mut bound, filter)?;
    let limit = filter.limit.min(LIST_LIMIT);
    if let Some(beyond) = filter.beyond {
        let key = format!("serial = ${}", bound.number(beyond));
        rows = format!("seq IN {}", later("certificates", "not_after", &rows, &key, limit));
    }
    let text = format!("{} {rows} ORDER BY not_after, seq LIMIT {limit}", select_certificates!("WHERE"));
    Ok(bound.statement(text).asking())
}

/// Asks for people of whom a name, UPN or e-mail address begins with a folded text, by name.
fn people_beginning(begins: &str, limit: u32) -> Ask<'static, Vec<UserRecord>> {
    let walks = ["name", "upn", "email"].map(|kind| {
        format!(
            "SELECT owner FROM (SELECT owner FROM folded_names WHERE kind = '{kind}' AND folded >= $1 AND folded < $2 \
             ORDER BY folded LIMIT {limit}) AS {kind}s"
        )
    });
    let text = format!("{} ({}) ORDER BY name LIMIT {limit}", users::select!("WHERE uuid IN"), walks.join(" UNION "));
    sql(text).bind(begins.to_owned()).bind(format!("{begins}{}", char::MAX)).asking()
}

impl Store {
    /// Lists the cards that pass the filter, those assigned last first.
    pub async fn cards(&self, filter: &CardFilter) -> Result<Vec<SmartcardRecord>, Error> {
        self.ask(cards(filter)?).await
    }

    /// Lists certificates on cards that will end, neither revoked nor superseded, the first to end first.
    pub async fn ending(&self, filter: &EndingFilter<'_>) -> Result<Vec<CertificateRecord>, Error> {
        self.ask(ending(filter)?).await
    }

    /// Returns when the last of a card's certificates ends that is neither revoked nor superseded.
    pub async fn last_end(&self, card: Uuid) -> Result<Option<OffsetDateTime>, Error> {
        let statement = "SELECT max(not_after) FROM certificates \
                         WHERE smartcard = $1 AND revoked_at IS NULL AND superseded = FALSE";
        let found: Option<LastEnd> = self.ask(sql(statement).bind(card).asking()).await?;
        Ok(found.and_then(|end| end.0))
    }

    /// Lists people of whom a name, UPN or e-mail address begins with this text, in whatever letter case and Unicode
    /// form, at most `limit`.
    pub async fn people_beginning(&self, text: &str, limit: u32) -> Result<Vec<UserRecord>, Error> {
        self.ask(people_beginning(&folded(text), limit.min(LIST_LIMIT))).await
    }

    /// Returns the certificate with this SHA-1 over it.
    pub async fn certificate_by_thumbprint(&self, thumbprint: &[u8; 20]) -> Result<Option<CertificateRecord>, Error> {
        let statement = select_certificates!("WHERE thumbprint = $1 ORDER BY seq DESC LIMIT 1");
        self.ask(sql(statement).bind(thumbprint).asking()).await
    }
}
