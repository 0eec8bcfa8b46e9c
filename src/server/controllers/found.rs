//! What is found: cards, people, and whatever a text names. What the caller may not see is not found.

use super::accounts;
use crate::cm::found::{Found, FoundCard, FoundKind, TakeOver};
use crate::cm::wire::read_guid;
use crate::server::call::Call;
use crate::server::call::reply::{MAX_LIST, Reply};
use crate::server::data_directory::settings::notices::NoticeKind;
use crate::server::error::ApiError;
use crate::server::permission;
use crate::server::permission::caller::Duty;
use crate::server::provisioning::apply::Asker;
use crate::server::provisioning::pass::Pass;
use crate::server::workflow::disabling;
use crate::store::{
    CardFilter, CertificateRecord, DeviceRecord, EndingFilter, SmartcardRecord, UserRecord, Visibility,
};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Bounds the people that a search finds.
const MOST_PEOPLE: u32 = 50;
/// Bounds how far ahead ends are looked for, in days.
const MOST_DAYS: u32 = 3660;
/// Counts the bytes of a thumbprint (SHA-1).
const THUMBPRINT: usize = 20;

/// Remembers the names of people, so that each is read once an answer.
#[derive(Default)]
pub struct Names(HashMap<Uuid, String>);

impl Names {
    /// Reads the names of several users at once.
    pub async fn gather(&mut self, call: &Call<'_>, users: impl Iterator<Item = Uuid>) -> Result<(), ApiError> {
        let unknown: BTreeSet<_> = users.filter(|user| !self.0.contains_key(user)).collect();
        let found = call.app.store.users_of(&Vec::from_iter(unknown)).await?;
        self.0.extend(found.into_iter().map(|user| (user.uuid, user.name)));
        Ok(())
    }

    /// Returns the name of a user; empty where there is none.
    pub async fn of(&mut self, call: &Call<'_>, user: Uuid) -> Result<String, ApiError> {
        if let Some(name) = self.0.get(&user) {
            return Ok(name.clone());
        }
        let name = call.app.store.user(user).await?.map(|user| user.name).unwrap_or_default();
        self.0.insert(user, name.clone());
        Ok(name)
    }
}

/// Returns the templates of which the caller sees everybody's cards; `None`: the caller sees all cards.
fn seen_templates(call: &Call<'_>) -> Option<Vec<Uuid>> {
    if permission::has(&call.caller, Duty::SeeEverything) {
        return None;
    }
    let seen = call
        .app
        .templates
        .iter()
        .filter(|template| permission::sees_holdings(&call.caller, Uuid::nil(), Some(template)));
    Some(seen.map(|template| template.uuid).collect())
}

/// Says whose cards the caller sees; `None`: all.
pub fn seen_by(call: &Call<'_>) -> Option<Visibility> {
    seen_templates(call).map(|templates| Visibility { user: call.caller.uuid, templates })
}

/// Returns the moment up to which ends are looked for.
pub fn ends_until(call: &Call<'_>, days: u32) -> OffsetDateTime {
    call.now + Duration::days(days.min(MOST_DAYS).into())
}

/// Returns how many entries a page has; one more than a list answers with, so that it can say that there are more.
pub fn page(limit: Option<u32>) -> Option<u32> {
    let most = u32::try_from(MAX_LIST + 1).ok()?;
    Some(limit.map_or(most, |limit| limit.min(most)))
}

/// Answers `GET cards`: the cards that the caller may see, those assigned last first.
pub async fn cards(call: &Call<'_>, filter: CardFilter) -> Result<Reply, ApiError> {
    let visible_to = seen_by(call);
    let limit = page(filter.limit);
    let cards = call.app.store.cards(&CardFilter { visible_to, limit, ..filter }).await?;
    let mut names = Names::default();
    let mut found = Vec::with_capacity(cards.len());
    for card in cards {
        let expires = call.app.store.last_end(card.uuid).await?;
        found.push(FoundCard { expires, ..described(call, card, &mut names).await? });
    }
    Reply::list(found)
}

/// Answers `GET cards/ending`: the cards that the caller may see with certificates that end within so many days.
pub async fn ending(call: &Call<'_>, days: u32, beyond: Option<&[u8]>, limit: Option<u32>) -> Result<Reply, ApiError> {
    let visible_to = seen_by(call);
    let mut names = Names::default();
    let mut found = Vec::new();
    let mut told: HashMap<Uuid, Option<OffsetDateTime>> = HashMap::new();
    let until = ends_until(call, days);
    let limit = page(limit).unwrap_or_default();
    let filter = EndingFilter { visible_to: visible_to.as_ref(), after: call.now, until, beyond, limit };
    for certificate in call.app.store.ending(&filter).await? {
        let Some(card) = certificate.smartcard else { continue };
        let Some(card) = call.app.store.smartcard(card).await? else { continue };
        let serial = hex::encode_upper(&certificate.serial);
        let expires = Some(certificate.not_after);
        let told = match told.entry(card.assigned_user) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let kind = NoticeKind::CertificateEnds.word();
                *unknown.insert(call.app.store.person_told(card.assigned_user, kind).await?)
            }
        };
        found.push(FoundCard { serial, expires, told, ..described(call, card, &mut names).await? });
    }
    Reply::list(found)
}

/// Describes a card with the names of what it belongs to.
async fn described(call: &Call<'_>, card: SmartcardRecord, names: &mut Names) -> Result<FoundCard, ApiError> {
    let template = call.app.templates.get(card.profile_template);
    let stock = call.app.store.stock_card(card.card_id).await?.map(|stock| stock.serial);
    let device = call.app.store.device(card.uuid).await?;
    let device = device.unwrap_or_else(|| DeviceRecord::unknown(card.uuid));
    let DeviceRecord { holder, model, firmware, serial, attested, attested_firmware, attested_serial, atr, .. } =
        device;
    let serials = [("attested", attested_serial), ("stock", stock.unwrap_or_default()), ("client", serial)];
    let (printed_by, printed) = serials.into_iter().find(|(_, serial)| !serial.is_empty()).unwrap_or_default();
    Ok(FoundCard {
        uuid: card.uuid,
        card_id: card.card_id,
        status: card.status,
        owner: card.assigned_user,
        owner_name: names.of(call, card.assigned_user).await?,
        template: card.profile_template,
        template_name: template.map(|template| template.name.clone()).unwrap_or_default(),
        atr: if card.atr.is_empty() { atr } else { card.atr },
        printed,
        printed_by: printed_by.to_owned(),
        model,
        firmware: if attested { attested_firmware } else { firmware },
        attested,
        assigned_as: holder,
        comment: card.comment,
        serial: String::new(),
        expires: None,
        told: None,
    })
}

/// Lists the people whom the caller may look for and of whom a name begins with a text.
async fn people_beginning(call: &Call<'_>, begins: &str) -> Result<Vec<UserRecord>, ApiError> {
    let mut people = call.app.store.people_beginning(begins, MOST_PEOPLE).await?;
    if !call.looks_for_anybody() {
        people.retain(|person| person.uuid == call.caller.uuid);
    }
    Ok(people)
}

/// Answers `GET people`: people of whom a name, UPN or e-mail address begins with a text. By whose security identifier Windows
/// knows others is told to nobody who merely has a part.
pub async fn people(call: &Call<'_>, begins: &str) -> Result<Reply, ApiError> {
    let everything = permission::has(&call.caller, Duty::SeeEverything);
    let shown = |person: UserRecord| {
        let sid = person.sid.clone().filter(|_| everything || person.uuid == call.caller.uuid);
        accounts::shown(UserRecord { sid, ..person })
    };
    Reply::list(people_beginning(call, begins).await?.into_iter().map(shown).collect())
}

/// Answers `GET people/elsewhere`: people of the directory that the server takes people over from.
pub async fn elsewhere(call: &Call<'_>, text: &str) -> Result<Reply, ApiError> {
    if !call.looks_for_anybody() {
        return Err(ApiError::Forbidden("look for other people"));
    }
    let elsewhere = call.app.elsewhere.as_ref().ok_or(ApiError::NoDirectory)?;
    Reply::json(&elsewhere.find(&call.app.store, text, call.now).await?)
}

/// Answers `POST people/elsewhere`: takes one person over, for whoever asks for others.
pub async fn take_over(call: &Call<'_>, body: TakeOver) -> Result<Reply, ApiError> {
    if !call.asks_for_others() {
        return Err(ApiError::Forbidden("take people over from the directory"));
    }
    let elsewhere = call.app.elsewhere.as_ref().ok_or(ApiError::NoDirectory)?;
    let pass = Pass {
        store: call.app.store.clone(),
        domains: Arc::clone(&call.app.domains),
        holding: disabling::holding(&call.app.templates),
        now: call.now,
        at: None,
        asker: Some(Asker { uuid: call.caller.uuid, name: call.caller.name.clone(), call: call.id }),
        apply: true,
        add: true,
        adopt: false,
        many_gone: false,
    };
    let (user, outdated) = elsewhere.take_over(&pass, body.id).await?;
    if outdated {
        call.app.publication.outdate();
    }
    let sid = user.sid.clone().filter(|_| permission::has(&call.caller, Duty::SeeEverything));
    Reply::json(&accounts::shown(UserRecord { sid, ..user }))
}

/// Answers `GET search`: whatever a text names.
pub async fn search(call: &Call<'_>, text: &str) -> Result<Reply, ApiError> {
    let mut found = Search { call, names: Names::default(), found: Vec::new() };
    for person in people_beginning(call, text).await? {
        found.person(person);
    }
    if let Some(uuid) = read_guid(text) {
        found.by_guid(uuid).await?;
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ' | '-')).collect();
    if let Ok(bytes) = hex::decode(&digits) {
        found.by_bytes(&bytes).await?;
    }
    found.by_printed_serial(text).await?;
    Reply::list(found.found)
}

/// Gathers what a search finds.
struct Search<'a> {
    call: &'a Call<'a>,
    names: Names,
    found: Vec<Found>,
}

impl Search<'_> {
    /// Adds what is not there yet.
    fn add(&mut self, found: Found) {
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }

    fn person(&mut self, person: UserRecord) {
        let UserRecord { uuid, name, upn, .. } = person;
        self.add(Found { kind: FoundKind::Person, uuid, owner: uuid, owner_name: name, text: upn.unwrap_or_default() });
    }

    /// Adds a card that the caller may see.
    async fn card(&mut self, card: Option<SmartcardRecord>) -> Result<(), ApiError> {
        let Some(card) = card.filter(|card| self.call.sees(card.assigned_user, card.profile_template)) else {
            return Ok(());
        };
        let owner_name = self.names.of(self.call, card.assigned_user).await?;
        let text = card.status.to_string();
        self.add(Found { kind: FoundKind::Smartcard, uuid: card.uuid, owner: card.assigned_user, owner_name, text });
        Ok(())
    }

    /// Adds a certificate that the caller may see.
    async fn certificate(&mut self, certificate: Option<CertificateRecord>) -> Result<(), ApiError> {
        let Some(certificate) = certificate else { return Ok(()) };
        let Some(profile) = self.call.app.store.profile(certificate.profile).await? else { return Ok(()) };
        if !self.call.sees(certificate.user, profile.profile_template) {
            return Ok(());
        }
        let owner_name = self.names.of(self.call, certificate.user).await?;
        let (uuid, text) = (certificate.smartcard.unwrap_or(profile.uuid), hex::encode_upper(&certificate.serial));
        self.add(Found { kind: FoundKind::Certificate, uuid, owner: certificate.user, owner_name, text });
        Ok(())
    }

    /// Adds what a GUID names: a card by either of its ids, a request, a person.
    async fn by_guid(&mut self, uuid: Uuid) -> Result<(), ApiError> {
        let store = &self.call.app.store;
        self.card(store.smartcard(uuid).await?).await?;
        self.card(store.smartcard_by_card_id(uuid).await?).await?;
        if let Some(request) = store.request(uuid).await?.filter(|request| self.call.sees_request(request)) {
            let owner_name = self.names.of(self.call, request.target).await?;
            let text = format!("{} {}", request.request_type, request.status);
            self.add(Found { kind: FoundKind::Request, uuid, owner: request.target, owner_name, text });
        }
        if let Some(person) = store.user(uuid).await?.filter(|person| self.call.looks_for(person.uuid)) {
            self.person(person);
        }
        Ok(())
    }

    /// Adds the cards that bear a serial. What clients have said counts where neither a maker nor the stock knows the
    /// serial: nobody comes by another's card by saying that it is his.
    async fn by_printed_serial(&mut self, serial: &str) -> Result<(), ApiError> {
        let store = &self.call.app.store;
        let (attested, stock) = (store.devices_attested(serial).await?, store.stock_by_serial(serial).await?);
        let said = match attested.is_empty() && stock.is_empty() {
            true => store.devices_said(serial).await?,
            false => Vec::new(),
        };
        for device in attested.into_iter().chain(said) {
            self.card(store.smartcard(device.smartcard).await?).await?;
        }
        for card in stock {
            self.card(store.smartcard_by_card_id(card.card_id).await?).await?;
        }
        Ok(())
    }

    /// Adds what bytes name: a certificate by its serial number or thumbprint.
    async fn by_bytes(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        let store = &self.call.app.store;
        if (1..=THUMBPRINT).contains(&bytes.len()) {
            self.certificate(store.certificate(bytes).await?).await?;
        }
        if let Ok(thumbprint) = bytes.try_into() {
            self.certificate(store.certificate_by_thumbprint(thumbprint).await?).await?;
        }
        Ok(())
    }
}
