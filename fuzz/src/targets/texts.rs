//! JSON, TOML, and what people and addresses say.

use super::{shown, text};
use cardwright::cm::account::{AccountChange, NewAccount, NewBearer};
use cardwright::cm::audit::LoggedAct;
use cardwright::cm::beyond_mim::{DataCollection, Decision, Myself, OneTimePasswords, SealedKey, User as Person};
use cardwright::cm::card_secrets::{AdminKeyNews, NextAdminKey, PukNews};
use cardwright::cm::certificate::{Certificate as Issued, CertificateData, ListedCertificate};
use cardwright::cm::foresight::Foresight;
use cardwright::cm::offline::{self, OfflineChallenge};
use cardwright::cm::problem::Problem;
use cardwright::cm::profile::{Operations, Profile};
use cardwright::cm::request::{CloseRequest, CreateRequest, Request};
use cardwright::cm::route::{Method, Route};
use cardwright::cm::smartcard::{AssignSmartcard, Smartcard, UpdateSmartcard};
use cardwright::cm::template::{GenerationOptions, Policy, ProfileTemplateView, SmartcardConfig};
use cardwright::cm::wire;
use cardwright::enrollment::Record;
use cardwright::secret::{self, AdminKey};
use cardwright::store::AuditItem;
use cardwright::template::{Import, ProfileTemplate};
use cardwright::virtual_card::Dial;
use std::hint::black_box;
use std::path::Path;

/// Reads the bytes behind the first one as the type that this one chooses.
macro_rules! read_as {
    ($data:expr, $($type:ty),* $(,)?) => {{
        let readers: &[fn(&[u8])] = &[$(|bytes| drop(black_box(shown(wire::read_one_or_many::<$type>(bytes))))),*];
        if let Some((choice, bytes)) = $data.split_first() {
            if let Some(read) = readers.get(usize::from(*choice) % readers.len()) {
                read(bytes);
            }
        }
    }};
}

pub(super) fn body(data: &[u8]) {
    read_as!(
        data,
        CreateRequest,
        CloseRequest,
        CertificateData,
        AssignSmartcard,
        UpdateSmartcard,
        Decision,
        DataCollection,
        OfflineChallenge,
        PukNews,
        AdminKeyNews,
        NewAccount,
        AccountChange,
        NewBearer,
    );
    let bytes = data.get(1..).unwrap_or_default();
    black_box(wire::read_body::<CreateRequest>(bytes).ok().and_then(|body| shown(body.check())));
    black_box(wire::read_body::<CertificateData>(bytes).ok().and_then(|body| shown(body.check())));
}

pub(super) fn answer(data: &[u8]) {
    read_as!(
        data,
        Request,
        Issued,
        ListedCertificate,
        GenerationOptions,
        Profile,
        Operations,
        ProfileTemplateView,
        SmartcardConfig,
        Smartcard,
        Policy,
        Foresight,
        Myself,
        OneTimePasswords,
        SealedKey,
        Person,
        NextAdminKey,
        Problem,
        LoggedAct,
        wire::Created,
        wire::DiversifiedKey,
        wire::AuthenticationResponse,
    );
}

pub(super) fn route(data: &[u8]) {
    let Some((method, path)) = text(data).and_then(|text| text.split_once(' ')) else { return };
    let method = Method::from_name(method).unwrap_or(Method::Get);
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    if let Some(route) = shown(Route::parse(method, path, query)) {
        black_box((route.pattern(), route.method(), format!("{route:?}")));
    }
}

pub(super) fn template(data: &[u8]) {
    let Some(text) = text(data) else { return };
    black_box(shown(ProfileTemplate::parse(Path::new("fuzz.toml"), text)));
}

pub(super) fn import(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let mut import = Import::default();
    // Several files, as an operator gives them.
    for (number, part) in text.splitn(8, '\u{1}').enumerate() {
        black_box(shown(import.add("fuzz.json", &number.to_string(), part)));
    }
    black_box(shown(import.write()).is_some());
}

pub(super) fn code(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(heard) = shown(offline::read_heard(text)) {
        black_box(heard.write_answer([0xA5; offline::CODE_BYTES]).len());
    }
    if let Some((kind, bytes)) = shown(offline::read_spoken(text)) {
        let again = offline::read_code(kind, &offline::write_code(kind, bytes));
        assert!(again == Ok(bytes), "{bytes:02X?} is not read back");
    }
}

pub(super) fn spelling(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(moment) = wire::read_moment(text) {
        black_box(wire::moment_text(moment));
    }
    black_box((wire::read_guid(text), wire::read_base64(text), wire::read_challenge(text), wire::read_bool(text)));
    black_box((wire::Created::from_location(text).is_ok(), AdminKey::from_hex(text).is_some()));
    black_box(secret::meant(text).is_ok());
}

pub(super) fn journal(data: &[u8]) {
    if let Some(record) = shown(Record::from_file(data)) {
        black_box((record.request(), format!("{record:?}")));
    }
}

pub(super) fn audit_line(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(item) = shown(AuditItem::from_line(text)) {
        black_box(shown(item.to_line()));
    }
}

pub(super) fn dial(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(dial) = shown(text.parse::<Dial>()) {
        black_box(dial.to_string());
    }
}
