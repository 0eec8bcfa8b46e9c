//! Keeps cards and profiles.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, Statement, sql};
use super::record::{Derivation, LIST_LIMIT, ProfileRecord, SmartcardRecord};
use super::spelling::Spelled;
use super::writer::Tx;
use crate::cm::holder_role::HolderRole;
use crate::cm::profile::ProfileStatus;
use crate::cm::smartcard::SmartcardStatus;
use time::OffsetDateTime;
use uuid::Uuid;

const SMARTCARDS: &str = "smartcards";
const PROFILES: &str = "profiles";

macro_rules! select_smartcards {
    ($rest:literal) => {
        concat!(
            "SELECT uuid, card_id, atr, status, assigned_user, profile_template, template_version, admin_key, ",
            "master_key_version, puk_state, puk_version, puk_before, master_key_next, puk_master, puk_before_master, ",
            "generation, admin_generation, admin_generation_next, puk_generation, puk_before_generation, ",
            "parent, primary_smartcard, permanent, comment, role, superseded, reused, expires ",
            "FROM smartcards ",
            $rest
        )
    };
}

pub(super) use select_smartcards;

macro_rules! select_profiles {
    ($rest:literal) => {
        concat!(
            "SELECT uuid, status, assigned_user, smartcard, profile_template, template_version, parent, ",
            "primary_profile, comment, role, superseded, reused, expires FROM profiles ",
            $rest
        )
    };
}

impl FromRow for SmartcardRecord {
    const TABLE: &'static str = SMARTCARDS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let (uuid, card_id, atr) = (columns.take()?, columns.take()?, columns.take()?);
        let (status, assigned_user, profile_template) = (columns.state()?, columns.take()?, columns.take()?);
        let (template_version, admin_key, own) = (columns.number()?, columns.state()?, columns.number()?);
        let (puk_state, puk_version, puk_before) = (columns.state()?, columns.number()?, columns.number()?);
        let (next, puk, before) = (columns.number()?, columns.number()?, columns.number()?);
        let generation = columns.take()?;
        let mut of = |master| Ok::<_, Error>(Derivation { master, generation: columns.take()? });
        let (own_key, next_key, puk_from, puk_before_from) = (of(own)?, of(next)?, of(puk)?, of(before)?);
        Ok(Self {
            uuid,
            card_id,
            atr,
            status,
            assigned_user,
            profile_template,
            template_version,
            generation,
            admin_key,
            own_key,
            next_key: Some(next_key).filter(|next| next.master != 0),
            puk_state,
            puk_version,
            puk_before,
            puk_from,
            puk_before_from,
            parent: columns.take()?,
            primary: columns.take()?,
            permanent: columns.take()?,
            comment: columns.take()?,
            holder_role: holder_role(columns)?,
        })
    }
}

impl FromRow for ProfileRecord {
    const TABLE: &'static str = PROFILES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            status: columns.state()?,
            assigned_user: columns.take()?,
            smartcard: columns.take()?,
            profile_template: columns.take()?,
            template_version: columns.number()?,
            parent: columns.take()?,
            primary: columns.take()?,
            comment: columns.take()?,
            holder_role: holder_role(columns)?,
        })
    }
}

/// Reads the role columns of a card or profile.
fn holder_role(columns: &mut Columns<'_>) -> Result<HolderRole, Error> {
    Ok(HolderRole {
        role: columns.state()?,
        superseded: columns.take()?,
        reused: columns.take()?,
        expires: columns.optional_time()?,
    })
}

/// Binds the role columns, which come last.
fn bind_holder_role(statement: Statement<'_>, holder_role: HolderRole) -> Statement<'_> {
    statement
        .bind(holder_role.role.word())
        .bind(holder_role.superseded)
        .bind(holder_role.reused)
        .bind(holder_role.expires)
}

pub(super) fn smartcard(uuid: Uuid) -> Ask<'static, Option<SmartcardRecord>> {
    sql(select_smartcards!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn smartcard_by_card_id(card_id: Uuid) -> Ask<'static, Option<SmartcardRecord>> {
    sql(select_smartcards!("WHERE card_id = $1 ORDER BY seq DESC LIMIT 1")).bind(card_id).asking()
}

pub(super) fn smartcards_of(user: Uuid) -> Ask<'static, Vec<SmartcardRecord>> {
    let statement = select_smartcards!("WHERE assigned_user = $1 ORDER BY seq DESC LIMIT $2");
    sql(statement).bind(user).bind(LIST_LIMIT).asking()
}

pub(super) fn expired_smartcards(now: OffsetDateTime, limit: u32) -> Ask<'static, Vec<SmartcardRecord>> {
    let statement = select_smartcards!("WHERE expires <= $1 AND status <> 'retired' ORDER BY expires LIMIT $2");
    sql(statement).bind(now).bind(limit.min(LIST_LIMIT)).asking()
}

pub(super) fn profile(uuid: Uuid) -> Ask<'static, Option<ProfileRecord>> {
    sql(select_profiles!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn profiles_of(user: Uuid) -> Ask<'static, Vec<ProfileRecord>> {
    let statement = select_profiles!("WHERE assigned_user = $1 ORDER BY seq DESC LIMIT $2");
    sql(statement).bind(user).bind(LIST_LIMIT).asking()
}

pub(super) fn profiles_on(smartcard: Uuid) -> Ask<'static, Vec<ProfileRecord>> {
    let statement = select_profiles!("WHERE smartcard = $1 ORDER BY seq DESC LIMIT $2");
    sql(statement).bind(smartcard).bind(LIST_LIMIT).asking()
}

/// Binds the last columns of a card; they have the same order where a card is added and where it is changed.
fn bind_card<'a>(statement: Statement<'a>, card: &'a SmartcardRecord) -> Statement<'a> {
    let next = card.next_key.unwrap_or_default();
    let statement = statement
        .bind(card.profile_template)
        .bind(card.template_version)
        .bind(card.admin_key.word())
        .bind(card.own_key.master)
        .bind(card.puk_state.word())
        .bind(card.puk_version)
        .bind(card.puk_before)
        .bind(card.parent)
        .bind(card.primary)
        .bind(card.permanent)
        .bind(&card.comment)
        .bind(next.master)
        .bind(card.puk_from.master)
        .bind(card.puk_before_from.master)
        .bind(card.generation)
        .bind(card.own_key.generation)
        .bind(next.generation)
        .bind(card.puk_from.generation)
        .bind(card.puk_before_from.generation);
    bind_holder_role(statement, card.holder_role)
}

/// Binds the last columns of a profile; they have the same order where a profile is added and where it is changed.
fn bind_profile<'a>(statement: Statement<'a>, profile: &'a ProfileRecord) -> Statement<'a> {
    let statement = statement
        .bind(profile.smartcard)
        .bind(profile.profile_template)
        .bind(profile.template_version)
        .bind(profile.parent)
        .bind(profile.primary)
        .bind(&profile.comment);
    bind_holder_role(statement, profile.holder_role)
}

impl Tx {
    /// Adds a card; [`Error::Duplicate`] when a card with this card id is not retired.
    pub async fn insert_smartcard(&mut self, card: &SmartcardRecord) -> Result<(), Error> {
        let statement = sql(
            "INSERT INTO smartcards (uuid, card_id, atr, status, assigned_user, profile_template, template_version, \
             admin_key, master_key_version, puk_state, puk_version, puk_before, parent, primary_smartcard, permanent, comment, \
             master_key_next, puk_master, puk_before_master, generation, admin_generation, admin_generation_next, \
             puk_generation, puk_before_generation, role, superseded, reused, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
             $21, $22, $23, $24, $25, $26, $27, $28)",
        )
        .bind(card.uuid)
        .bind(card.card_id)
        .bind(&card.atr)
        .bind(card.status.word())
        .bind(card.assigned_user);
        self.execute(SMARTCARDS, bind_card(statement, card)).await.map(drop)
    }

    /// Writes all but card id and user, if the card's status is still `expected`; [`Error::Changed`] otherwise.
    pub async fn update_smartcard(&mut self, card: &SmartcardRecord, expected: SmartcardStatus) -> Result<(), Error> {
        let statement =
            sql("UPDATE smartcards SET status = $3, atr = $4, profile_template = $5, template_version = $6, \
             admin_key = $7, master_key_version = $8, puk_state = $9, puk_version = $10, puk_before = $11, parent = $12, \
             primary_smartcard = $13, permanent = $14, comment = $15, master_key_next = $16, puk_master = $17, \
             puk_before_master = $18, generation = $19, admin_generation = $20, admin_generation_next = $21, \
             puk_generation = $22, puk_before_generation = $23, role = $24, superseded = $25, reused = $26, \
             expires = $27 WHERE uuid = $1 AND status = $2")
            .bind(card.uuid)
            .bind(expected.word())
            .bind(card.status.word())
            .bind(&card.atr);
        self.change(SMARTCARDS, card.uuid, expected.word(), bind_card(statement, card)).await
    }

    /// Adds a profile.
    pub async fn insert_profile(&mut self, profile: &ProfileRecord) -> Result<(), Error> {
        let statement = sql(
            "INSERT INTO profiles (uuid, status, assigned_user, smartcard, profile_template, template_version, parent, \
             primary_profile, comment, role, superseded, reused, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(profile.uuid)
        .bind(profile.status.word())
        .bind(profile.assigned_user);
        self.send(PROFILES, bind_profile(statement, profile)).await
    }

    /// Writes all but the user, if the profile's status is still `expected`; [`Error::Changed`] otherwise.
    pub async fn update_profile(&mut self, profile: &ProfileRecord, expected: ProfileStatus) -> Result<(), Error> {
        let statement =
            sql("UPDATE profiles SET status = $3, smartcard = $4, profile_template = $5, template_version = $6, \
             parent = $7, primary_profile = $8, comment = $9, role = $10, superseded = $11, reused = $12, expires = $13 \
             WHERE uuid = $1 AND status = $2")
            .bind(profile.uuid)
            .bind(expected.word())
            .bind(profile.status.word());
        self.change(PROFILES, profile.uuid, expected.word(), bind_profile(statement, profile)).await
    }
}
