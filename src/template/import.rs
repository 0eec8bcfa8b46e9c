//! Makes a template file out of a MIM CM template's JSON: the view, the smart card configuration, the key orders, the
//! policies.
//!
//! Bodies are told apart by their keys. What has no counterpart here is reported, so that a person can decide.

use super::report::Report;
use crate::cm::request::RequestType;
use crate::cm::template::{GenerationOptions, Policy, ProfileTemplateView, SmartcardConfig, UserPinOption};
use crate::cm::wire::read_body;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use uuid::Uuid;

/// Lists the keys of a smart card configuration that are known here.
const CONFIG_KEYS: [&str; 19] = [
    "UserPinOption",
    "UserPinPolicy",
    "AdminPinPolicy",
    "DefaultAdminKeyHex",
    "ProviderName",
    "ProviderId",
    "ProviderType",
    "DiversifyAdminKey",
    "CardInitializationType",
    "CardInitializationData",
    "InitializeNewSmartcard",
    "UseSecureKeyInjection",
    "DoNotInstallCaCertificates",
    "CertificateLabel",
    "MaxNumberOfCertificates",
    "AllowSmartcardReuse",
    "EraseOnOverflow",
    "UseVirtualSmartcards",
    "SmartcardPrintPolicy",
];

/// Lists the keys of a policy that are known here.
const POLICY_KEYS: [&str; 15] = [
    "ApprovalsNeeded",
    "AuthorizedApprover",
    "AuthorizedEnrollmentAgent",
    "AuthorizedInitiator",
    "CollectComments",
    "CollectRequestPriority",
    "DefaultRequestPriority",
    "Documents",
    "Enabled",
    "EnrollAgentRequired",
    "OneTimePasswordPolicy",
    "Personalization",
    "PolicyDataCollection",
    "DataCollection",
    "SelfServiceEnabled",
];

/// Gathers what was found in the files.
#[derive(Default)]
pub struct Import {
    views: Vec<ProfileTemplateView>,
    config: Option<SmartcardConfig>,
    orders: Vec<GenerationOptions>,
    policies: Vec<(RequestType, Policy)>,
    notes: Vec<String>,
}

/// Holds a template file, and notes on what it could not take over.
pub struct Imported {
    pub toml: String,
    pub notes: Vec<String>,
}

/// Says why nothing can be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0} is not JSON")]
    NotJson(String, #[source] serde_json::Error),
    #[error("{file} looks like {what}, but cannot be read as such")]
    Unreadable { file: String, what: &'static str, source: crate::cm::wire::BodyError },
    #[error("{0} is none of the bodies of a MIM template")]
    Unknown(String),
    #[error("{0} is a policy: say of which workflow with NAME=FILE, as in enroll={0}")]
    NoWorkflow(String),
    #[error("no file has the template itself (the body of GET profiletemplates/{{id}})")]
    NoView,
}

impl Import {
    /// Takes in the text of a file; `name` says to which workflow a policy belongs.
    pub fn add(&mut self, file: &str, name: &str, text: &str) -> Result<(), ImportError> {
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{FEFF}'))
            .map_err(|error| ImportError::NotJson(file.to_owned(), error))?;
        self.take(file, name, value)
    }

    /// Takes in a body, or each body in a list or an object.
    fn take(&mut self, file: &str, name: &str, value: Value) -> Result<(), ImportError> {
        let has = |key: &str| lookup(&value, key).is_some();
        if has("IsSmartcardProfileTemplate") {
            self.views.push(body(file, "a profile template", &value)?);
        } else if has("UserPinOption") {
            self.tell_unknown(&value, "configuration", &CONFIG_KEYS);
            self.config = Some(body(file, "a smart card configuration", &value)?);
        } else if has("KeyAlgorithmName") {
            self.orders.push(body(file, "a key order", &value)?);
        } else if has("ApprovalsNeeded") || has("SelfServiceEnabled") {
            let request_type = workflow_named(name).ok_or_else(|| ImportError::NoWorkflow(file.to_owned()))?;
            self.tell_unknown(&value, request_type.name(), &POLICY_KEYS);
            self.policies.push((request_type, body(file, "a policy", &value)?));
        } else if let Value::Array(entries) = value {
            /// Bounds the bodies that are read from a list.
            const MOST: usize = 256;
            for entry in entries.into_iter().take(MOST) {
                self.take(file, name, entry)?;
            }
        } else if let Value::Object(entries) = value {
            let before = (self.views.len(), self.config.is_some(), self.orders.len(), self.policies.len());
            for (key, entry) in entries {
                if entry.is_object() || entry.is_array() {
                    self.take(file, &key, entry)?;
                } else if !entry.is_null() {
                    self.notes.push(format!("{file}: \"{key}\" is not known"));
                }
            }
            if before == (self.views.len(), self.config.is_some(), self.orders.len(), self.policies.len()) {
                return Err(ImportError::Unknown(file.to_owned()));
            }
        } else {
            return Err(ImportError::Unknown(file.to_owned()));
        }
        Ok(())
    }

    /// Notes the keys of a body that are not known here.
    fn tell_unknown(&mut self, value: &Value, what: &str, known: &[&str]) {
        let keys = value.as_object().into_iter().flatten();
        let strange =
            keys.filter(|(key, value)| !value.is_null() && !known.iter().any(|known| known.eq_ignore_ascii_case(key)));
        self.notes.extend(strange.map(|(key, _)| format!("{what}: \"{key}\" has no counterpart here")));
    }

    /// Returns the template that is meant: the first, or the first for smart cards where a card configuration was
    /// given.
    fn chosen(&mut self) -> Result<ProfileTemplateView, ImportError> {
        let for_cards = self.config.is_some();
        let fits = |view: &ProfileTemplateView| view.is_smartcard || view.is_virtual_smartcard || !for_cards;
        let at = self.views.iter().position(fits).unwrap_or(0);
        let mut views = std::mem::take(&mut self.views);
        if views.is_empty() {
            return Err(ImportError::NoView);
        }
        let view = views.remove(at);
        self.notes
            .extend(views.iter().map(|other| format!("\"{}\" is left out; \"{}\" is taken", other.name, view.name)));
        Ok(view)
    }

    /// Writes the template file, with notes on what was left out or guessed.
    pub fn write(mut self) -> Result<Imported, ImportError> {
        let view = self.chosen()?;
        let mut toml = String::new();
        let kind = match (view.is_virtual_smartcard, view.is_smartcard) {
            (true, _) => "virtual-smartcard",
            (false, true) => "smartcard",
            (false, false) => "software",
        };
        let uuid = if view.uuid.is_nil() { Uuid::new_v4() } else { view.uuid };
        pair(&mut toml, "name", quoted(&view.name));
        pair(&mut toml, "description", quoted(&view.description));
        pair(&mut toml, "uuid", quoted(&uuid.to_string()));
        pair(&mut toml, "version", "1");
        pair(&mut toml, "kind", quoted(kind));
        toml += "\n[subject]\nname = \"CN={User!name}\"\n";
        self.notes.push("subject and alternative names come from Active Directory in MIM: [subject] is a guess".into());
        self.keys(&mut toml);
        if kind != "software" {
            match self.config.take() {
                Some(config) => self.smartcard(&mut toml, &config),
                None => self.notes.push("no smart card configuration was given: [smartcard] has the defaults".into()),
            }
        }
        for (request_type, policy) in std::mem::take(&mut self.policies) {
            self.workflow(&mut toml, request_type, &policy);
        }
        let report = Report::of(Path::new("template"), &toml);
        self.notes.extend(report.problems.iter().map(|problem| format!("to be mended by hand: {problem}")));
        let weaknesses = report.template.map(|template| template.weaknesses()).unwrap_or_default();
        self.notes.extend(weaknesses.into_iter().map(|(key, told)| format!("{key}: {told}")));
        Ok(Imported { toml, notes: self.notes })
    }

    /// Writes `[key]` and `[certificate]`.
    fn keys(&mut self, toml: &mut String) {
        let order = self.orders.first();
        let (family, size) = order.map_or(("RSA", 2048), |order| (order.key_algorithm_name.as_str(), order.key_size));
        let generate = match (family.to_ascii_uppercase().as_str(), size) {
            ("RSA", 2048) => "RSA-2048",
            ("RSA", 3072) => "RSA-3072",
            ("RSA", 4096) => "RSA-4096",
            ("ECDSA_P384", _) => "P-384",
            ("ECDSA_P256", _) => "P-256",
            _ => {
                self.notes.push(format!("keys of {family} {size} are not made here: RSA-2048 is"));
                "RSA-2048"
            }
        };
        *toml += "\n[key]\n";
        pair(toml, "generate", quoted(generate));
        let hash = order.map_or("SHA256", |order| order.hash_algorithm_name.as_str()).to_ascii_uppercase();
        if hash == "SHA1" {
            self.notes.push("requests are signed with SHA-1 as in MIM; choose SHA256 once all clients can".into());
        }
        pair(toml, "hash", quoted(&hash));
        if let Some(provider) = order.and_then(|order| order.key_storage_provider_names.first()) {
            pair(toml, "provider", quoted(provider));
        }
        let usages = order.map_or(3, |order| order.key_usages);
        let mut names = Vec::new();
        if usages & 2 != 0 {
            names.push("\"digitalSignature\"");
        }
        if usages & 1 != 0 {
            names.push("\"keyEncipherment\"");
        }
        *toml += "\n[certificate]\ntemplate_name = \"SmartcardLogon\"\n";
        pair(toml, "key_usages", format!("[{}]", names.join(", ")));
        *toml += "extended_key_usages = [\"clientAuth\", \"smartcardLogon\"]\nvalidity_days = 365\n";
        self.notes.push("[certificate] is a guess: MIM leaves it to the CA's certificate templates".into());
        if self.orders.len() > 1 {
            self.notes.push(format!("the first of {} key orders is taken", self.orders.len()));
        }
        if order.is_some_and(|order| order.exportable != 0 || order.key_protection_level != 0) {
            self.notes.push("exportable keys and consent at use are not asked for here".into());
        }
    }

    /// Writes `[smartcard]` and its PIN policies.
    fn smartcard(&mut self, toml: &mut String, config: &SmartcardConfig) {
        let option = match config.user_pin_option {
            UserPinOption::None => "none",
            UserPinOption::Randomized => "random",
            UserPinOption::UserProvided => "user-provided",
            UserPinOption::ServerDistributed | UserPinOption::CustomServerDistributed => "server-proposed",
        };
        *toml += "\n[smartcard]\n";
        pair(toml, "diversify_admin_key", config.diversify_admin_key);
        pair(toml, "default_admin_key_hex", quoted(&config.default_admin_key_hex));
        pair(toml, "user_pin_option", quoted(option));
        pair(toml, "provider_name", quoted(&config.provider_name));
        pair(toml, "provider_id", quoted(&config.provider_id));
        pair(toml, "initialize_new_smartcard", config.initialize_new_smartcard);
        pair(toml, "do_not_install_ca_certificates", config.do_not_install_ca_certificates);
        pair(toml, "certificate_label", quoted(&config.certificate_label));
        pair(toml, "max_number_of_certificates", config.max_number_of_certificates);
        pair(toml, "allow_smartcard_reuse", config.allow_smartcard_reuse);
        for (name, policy) in [("user", &config.user_pin_policy), ("admin", &config.admin_pin_policy)] {
            let _ = write!(toml, "\n[smartcard.{name}_pin_policy]\n");
            pair(toml, "min_length", policy.min_length);
            pair(toml, "max_length", policy.max_length);
            pair(toml, "character_set", policy.character_set);
            pair(toml, "rollover", policy.rollover);
            if !policy.refused.is_empty() {
                let refused: Vec<String> = policy.refused.iter().map(|pin| quoted(pin)).collect();
                pair(toml, "refused", format!("[{}]", refused.join(", ")));
            }
            // A user's default PIN and MIM's own admin PIN are no PUKs.
            if name == "admin" && (6..=8).contains(&policy.default_value.len()) {
                pair(toml, "default_value", quoted(&policy.default_value));
            }
        }
        let lost = [
            (!config.card_initialization_type.is_empty(), "CardInitializationType"),
            (!config.card_initialization_data.is_empty(), "CardInitializationData: admin keys are derived anew"),
            (config.use_secure_key_injection, "UseSecureKeyInjection"),
            (config.erase_on_overflow, "EraseOnOverflow"),
            (config.smartcard_print_policy.print, "SmartcardPrintPolicy: nothing is printed on cards"),
        ];
        let lost = lost.into_iter().filter(|(is_lost, _)| *is_lost);
        self.notes.extend(lost.map(|(_, name)| format!("configuration: {name} is not carried over")));
    }

    /// Writes the table of a workflow.
    fn workflow(&mut self, toml: &mut String, request_type: RequestType, policy: &Policy) {
        let name = super::words::table(request_type);
        let _ = write!(toml, "\n[{name}]\n");
        pair(toml, "enabled", policy.enabled);
        pair(toml, "self_service", policy.self_service_enabled);
        let mut principals = |key: &str, names: &[String]| {
            let (mut known, mut strange) = (Vec::new(), 0);
            for name in names {
                match name.parse::<super::Principal>() {
                    Ok(principal) => known.push(quoted(&principal.to_string())),
                    Err(_) => strange += 1,
                }
            }
            if strange > 0 {
                let text = format!("{name}.{key}: name users and groups for an access list of Windows");
                self.notes.push(text);
            }
            pair(toml, key, format!("[{}]", known.join(", ")));
        };
        principals("initiators", &policy.authorized_initiator);
        principals("approvers", &policy.authorized_approver);
        principals("enrollment_agents", &policy.authorized_enrollment_agent);
        pair(toml, "approvals_needed", policy.approvals_needed);
        pair(toml, "enrollment_agent_required", policy.enroll_agent_required);
        if request_type.shows_old_key() {
            pair(toml, "possession", quoted("demanded"));
            let text =
                "clients that know MIM CM alone show no old key: they need an approval, or possession = \"none\"";
            self.notes.push(format!("{name}.possession: {text}"));
        }
        pair(toml, "default_priority", policy.default_request_priority);
        pair(toml, "collect_comments", policy.collect_comments);
        pair(toml, "collect_priority", policy.collect_request_priority);
        let items: Vec<String> = policy.policy_data_collection.iter().map(|item| quoted(&item.name)).collect();
        pair(toml, "data_items", format!("[{}]", items.join(", ")));
        if !items.is_empty() {
            self.notes.push(format!("{name}.data_items: only names are carried over; add kinds, sides and bounds"));
        }
        if !policy.documents.is_empty() {
            self.notes.push(format!("{name}: documents are not carried over: {}", policy.documents.join(", ")));
        }
        if policy.one_time_password_policy.is_some() {
            self.notes.push(format!("{name}: the one-time password policy is not carried over"));
        }
        if policy.personalization {
            self.notes.push(format!("{name}: personalization is not carried over"));
        }
    }
}

/// Returns the value of a key, in any letter case.
fn lookup<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// Reads a body of the API.
fn body<T: serde::de::DeserializeOwned>(file: &str, what: &'static str, value: &Value) -> Result<T, ImportError> {
    read_body(value.to_string().as_bytes()).map_err(|source| ImportError::Unreadable {
        file: file.to_owned(),
        what,
        source,
    })
}

/// Reads the request type in a name: `enroll`, `policy-enroll` and `policies/enroll.json` all mean Enroll.
fn workflow_named(name: &str) -> Option<RequestType> {
    let words = name.split(&['/', '\\', '.', '-', '_', ' ']).filter(|word| !word.is_empty());
    words.rev().find_map(RequestType::from_name)
}

/// Writes a key and its value.
fn pair(toml: &mut String, key: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(toml, "{key} = {value}");
}

/// Writes a text as TOML does.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
