//! Loads template files and checks them.

use super::additional::check_additional;
use super::inherited::Approvals;
use super::located::{Misplaced, Source, each, parsed};
use super::naming::Naming;
use super::pin::{pin_policy, user_pin_policy};
use super::principal::Principal;
use super::profile_template::{Kind, ProfileTemplate, TemplateText, Workflow};
use super::raw::{RawKind, RawRevocation, RawSmartcard, RawTemplate, RawWorkflow, RawWorkflows};
use super::read_key::{check_certificate, check_key};
use super::uses::Uses;
use super::words::{self, released};
use super::{data_item, document, given, lifecycle, one_time, recovery};
use crate::cm::hidden::is_hidden;
use crate::cm::request::RequestType;
use crate::cm::template::{SmartcardConfig, SmartcardPrintPolicy, UserPinOption};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use uuid::Uuid;

/// Bounds the template files of a directory.
const MAX_TEMPLATES: usize = 500;
/// Bounds a template file, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// Bounds the approvals that a request can need.
const MAX_APPROVALS: u32 = 16;

/// Says why the templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} is larger than {MAX_FILE_BYTES} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} holds more than {MAX_TEMPLATES} templates", path.display())]
    TooMany { path: PathBuf },
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    #[error("{} and {} are the same template {uuid}", first.display(), second.display())]
    Twice { first: PathBuf, second: PathBuf, uuid: Uuid },
}

/// Holds all templates of a server, sorted by name.
#[derive(Debug, Default)]
pub struct Templates {
    sorted: Vec<Arc<ProfileTemplate>>,
    by_uuid: HashMap<Uuid, Arc<ProfileTemplate>>,
}

impl Templates {
    /// Reads and checks every `*.toml` of a directory; fails at the first that is wrong.
    pub fn load(directory: &Path) -> Result<Self, LoadError> {
        let mut files = HashMap::new();
        let mut templates = Self::default();
        for path in toml_files(directory)? {
            let template = Arc::new(read_file(&path)?);
            if let Some(first) = files.insert(template.uuid, path.clone()) {
                return Err(LoadError::Twice { first, second: path, uuid: template.uuid });
            }
            templates.by_uuid.insert(template.uuid, Arc::clone(&template));
            templates.sorted.push(template);
        }
        templates.sorted.sort_by(|a, b| a.name.cmp(&b.name).then(a.uuid.cmp(&b.uuid)));
        Ok(templates)
    }

    /// Returns the template with this UUID.
    pub fn get(&self, uuid: Uuid) -> Option<&Arc<ProfileTemplate>> {
        self.by_uuid.get(&uuid)
    }

    /// Lists all templates, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ProfileTemplate>> {
        self.sorted.iter()
    }
}

/// Lists the template files of a directory, sorted.
fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: directory.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
        if files.len() > MAX_TEMPLATES {
            return Err(LoadError::TooMany { path: directory.to_owned() });
        }
    }
    files.sort();
    Ok(files)
}

/// Reads and checks a template file.
fn read_file(path: &Path) -> Result<ProfileTemplate, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(ProfileTemplate::parse(path, &text)?)
}

impl ProfileTemplate {
    /// Reads and checks the text of a template file; `file` is named in errors.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Misplaced> {
        let source = Source::new(file, text);
        let raw: RawTemplate = source.read()?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { file: TemplateText { name, text: text.to_owned() }, ..check(&source, raw)? })
    }
}

/// Says why a name is refused that would look like another.
const UNSEEN: &str =
    "a name has no characters that are not seen: control characters, or those of no width or of direction";

/// Checks a whole template.
fn check(source: &Source<'_>, raw: RawTemplate) -> Result<ProfileTemplate, Misplaced> {
    if raw.name.get_ref().trim().is_empty() {
        return Err(source.wrong(&raw.name, "a template needs a name"));
    }
    if raw.name.get_ref().chars().any(is_hidden) {
        return Err(source.wrong(&raw.name, UNSEEN));
    }
    let uuid = parsed(source, &raw.uuid, |text| Uuid::parse_str(text.trim()).map_err(|_| "this is not a UUID"))?;
    if uuid.is_nil() {
        return Err(source.wrong(&raw.uuid, "the empty UUID names no template"));
    }
    if *raw.version.get_ref() == 0 {
        return Err(source.wrong(&raw.version, "versions begin at 1"));
    }
    let kind = match raw.kind {
        RawKind::Smartcard => Kind::Smartcard,
        RawKind::VirtualSmartcard => Kind::VirtualSmartcard,
        RawKind::Software => Kind::Software,
    };
    let (release_admin_key, presence) = match &raw.smartcard {
        Some(table) => released_to(source, table.get_ref())?,
        None => released_to(source, &RawSmartcard::default())?,
    };
    let stock_only = raw.smartcard.as_ref().is_some_and(|table| table.get_ref().stock_only);
    let smartcard = match (kind, raw.smartcard) {
        (Kind::Software, Some(table)) => {
            return Err(source.wrong(&table, "a software template has no smart card configuration"));
        }
        (Kind::Software, None) => None,
        (_, table) => {
            let raw = table.map(Spanned::into_inner).unwrap_or_default();
            Some(check_smartcard(source, raw, kind == Kind::VirtualSmartcard)?)
        }
    };
    let first_name = raw.certificate.template_name.get_ref().clone();
    let key = check_key(source, raw.key)?;
    let mut uses = Uses::default();
    let naming = Naming::read(source, &raw.subject, &mut uses)?;
    let additional = check_additional(source, raw.additional_certificates, &first_name, &naming, &mut uses)?;
    let mut workflows = check_workflows(source, raw.workflows, kind, &raw.revocation)?;
    given::settle(source, &uses, &mut workflows)?;
    Ok(ProfileTemplate {
        recovery: recovery::policy(source, raw.recovery, key.source, &additional)?,
        naming,
        certificate: check_certificate(source, raw.certificate, &key.source)?,
        key,
        additional,
        narrowing: lifecycle::narrowing(source, &raw.lifecycle)?,
        request_time: lifecycle::request_time(source, &raw.lifecycle)?,
        limits: raw.limits.into(),
        holds_of_disabled: raw.revocation.hold_of_disabled,
        loss_reasons: lifecycle::loss_reasons(source, &raw.loss_reasons)?,
        workflows,
        name: raw.name.into_inner(),
        description: raw.description,
        version: raw.version.into_inner(),
        digest: source.digest()?,
        uuid,
        kind,
        smartcard,
        stock_only,
        release_admin_key,
        presence,
        file: TemplateText::default(),
    })
}

/// Reads for which requests a card's own admin key may leave the server, and whether the card must show itself before.
fn released_to(source: &Source<'_>, raw: &RawSmartcard) -> Result<(Vec<RequestType>, bool), Misplaced> {
    Ok((each(source, &raw.release_admin_key, released)?, parsed(source, &raw.presence, words::presence)?))
}

/// Checks `[smartcard]`.
fn check_smartcard(source: &Source<'_>, raw: RawSmartcard, is_virtual: bool) -> Result<SmartcardConfig, Misplaced> {
    parsed(source, &raw.default_admin_key_hex, |hex| {
        super::admin_key::default_admin_key(hex)
            .map_err(|_| "48 hexadecimal digits, or empty for what its kind comes with")
    })?;
    parsed(source, &raw.admin_pin_policy.default_value, |puk| match puk.len() {
        0 | 6..=8 => Ok(()),
        _ => Err("a PUK of 6 to 8 characters, or empty for what its kind comes with"),
    })?;
    Ok(SmartcardConfig {
        user_pin_option: parsed(source, &raw.user_pin_option, |text| match text {
            "user-provided" => Ok(UserPinOption::UserProvided),
            "server-proposed" => Ok(UserPinOption::ServerDistributed),
            "random" => Ok(UserPinOption::Randomized),
            "none" => Ok(UserPinOption::None),
            _ => Err("known are \"user-provided\", \"server-proposed\", \"random\" and \"none\""),
        })?,
        user_pin_policy: user_pin_policy(source, raw.user_pin_policy, &raw.user_pin_option)?,
        admin_pin_policy: pin_policy(source, raw.admin_pin_policy)?,
        default_admin_key_hex: raw.default_admin_key_hex.into_inner(),
        provider_name: raw.provider_name,
        provider_id: raw.provider_id,
        provider_type: 2,
        diversify_admin_key: raw.diversify_admin_key,
        card_initialization_type: String::new(),
        card_initialization_data: String::new(),
        initialize_new_smartcard: raw.initialize_new_smartcard,
        use_secure_key_injection: false,
        do_not_install_ca_certificates: raw.do_not_install_ca_certificates,
        certificate_label: raw.certificate_label,
        max_number_of_certificates: raw.max_number_of_certificates,
        allow_smartcard_reuse: raw.allow_smartcard_reuse,
        erase_on_overflow: false,
        use_virtual_smartcards: is_virtual,
        smartcard_print_policy: SmartcardPrintPolicy::default(),
        reset_on_retire: raw.reset_on_retire,
    })
}

/// Checks the tables of all workflows, in the order of the list.
fn check_workflows(
    source: &Source<'_>,
    raw: RawWorkflows,
    kind: Kind,
    revocation: &RawRevocation,
) -> Result<Vec<Workflow>, Misplaced> {
    let of_enroll = Approvals::of_enroll(raw.enroll.as_ref());
    let tables = [
        (RequestType::Enroll, raw.enroll),
        (RequestType::Duplicate, raw.duplicate),
        (RequestType::OfflineUnblock, raw.offline_unblock),
        (RequestType::OnlineUpdate, raw.online_update),
        (RequestType::Renew, raw.renew),
        (RequestType::Recover, raw.recover),
        (RequestType::RecoverOnBehalf, raw.recover_on_behalf),
        (RequestType::Reinstate, raw.reinstate),
        (RequestType::Retire, raw.retire),
        (RequestType::Revoke, raw.revoke),
        (RequestType::TemporaryCards, raw.temporary_cards),
        (RequestType::Unblock, raw.unblock),
    ];
    let mut workflows = Vec::new();
    for (request_type, table) in tables {
        let Some(mut table) = table else { continue };
        of_enroll.inherited_by(request_type, table.get_mut());
        if kind == Kind::Software && request_type.is_smartcard_only() && table.get_ref().enabled {
            return Err(source.wrong(&table, "only a smart card template can have this workflow"));
        }
        workflows.push(check_workflow(source, request_type, table, revocation)?);
    }
    Ok(workflows)
}

/// Checks the table of a workflow.
fn check_workflow(
    source: &Source<'_>,
    request_type: RequestType,
    table: Spanned<RawWorkflow>,
    revocation: &RawRevocation,
) -> Result<Workflow, Misplaced> {
    let principals = |texts: &[Spanned<String>]| each(source, texts, |text: &str| text.parse::<Principal>());
    let raw = table.get_ref();
    let approvers = principals(&raw.approvers)?;
    let approvals_needed = raw.approvals_needed.unwrap_or_default();
    if approvals_needed > MAX_APPROVALS {
        return Err(source.wrong(&table, format!("at most {MAX_APPROVALS} approvals can be needed")));
    }
    if raw.enabled && approvals_needed > 0 && approvers.is_empty() {
        return Err(source.wrong(&table, "approvals are needed, but approvers names nobody who could approve"));
    }
    if raw.enabled && request_type == RequestType::RecoverOnBehalf && approvals_needed == 0 {
        return Err(source.wrong(&table, "keys of another person are brought back only after an approval"));
    }
    let enrollment_agents = principals(&raw.enrollment_agents)?;
    if raw.enabled && raw.enrollment_agent_required && enrollment_agents.is_empty() {
        return Err(source.wrong(&table, "an enrollment agent is required, but enrollment_agents names nobody"));
    }
    if request_type == RequestType::RecoverOnBehalf && raw.enabled && raw.self_service {
        return Err(source.wrong(&table, "nobody recovers another person's keys by himself: name initiators or agents"));
    }
    let data_items = data_item::rules(source, &raw.data_items)?;
    Ok(Workflow {
        request_type,
        revocation: lifecycle::revocation_options(source, request_type, raw, revocation)?,
        passage: lifecycle::passage(source, request_type, raw)?,
        enabled: raw.enabled,
        approvals_needed,
        self_service: raw.self_service,
        initiators: principals(&raw.initiators)?,
        approvers,
        enrollment_agents,
        enrollment_agent_required: raw.enrollment_agent_required,
        approver_may_execute: raw.approver_may_execute,
        default_priority: raw.default_priority,
        collect_comments: raw.collect_comments || raw.require_comments,
        require_comments: raw.require_comments,
        collect_priority: raw.collect_priority,
        documents: document::all(source, &raw.documents, &data_items)?,
        data_items,
        one_time_password: one_time::policy(source, raw)?,
    })
}
