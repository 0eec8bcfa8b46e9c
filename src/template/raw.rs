//! Holds the keys of a template file exactly as they may be written; unknown keys are refused.

use super::raw_policy::{
    RawDataItem, RawDocument, RawLifecycle, RawLimits, RawLossReason, RawOneTimePassword, RawRecovery,
    RawRevocationOptions,
};
use serde::Deserialize;
use toml::Spanned;

/// Lists the request types that prepare a card or empty it: the default of `release_admin_key`.
const RELEASED: [&str; 8] =
    ["enroll", "duplicate", "renew", "recover", "recover_on_behalf", "temporary_cards", "unblock", "retire"];

type Text = Spanned<String>;

/// Holds the whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTemplate {
    pub name: Text,
    #[serde(default)]
    pub description: String,
    pub uuid: Text,
    pub version: Spanned<u32>,
    pub kind: RawKind,
    pub subject: RawSubject,
    pub key: RawKey,
    pub certificate: RawCertificate,
    #[serde(default)]
    pub additional_certificates: Vec<Spanned<RawAdditional>>,
    pub recovery: Option<Spanned<RawRecovery>>,
    #[serde(default)]
    pub revocation: RawRevocation,
    #[serde(default)]
    pub loss_reasons: Vec<Spanned<RawLossReason>>,
    #[serde(default)]
    pub limits: RawLimits,
    #[serde(default)]
    pub lifecycle: RawLifecycle,
    pub smartcard: Option<Spanned<RawSmartcard>>,
    #[serde(default)]
    pub workflows: RawWorkflows,
}

/// Holds `kind`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum RawKind {
    Smartcard,
    VirtualSmartcard,
    Software,
}

/// Holds `[subject]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSubject {
    pub name: Text,
    pub upn: Option<Text>,
    pub email: Option<Text>,
    #[serde(default)]
    pub emails: Vec<Text>,
    #[serde(default)]
    pub dns_names: Vec<Text>,
    #[serde(default)]
    pub ip_addresses: Vec<Text>,
    #[serde(default)]
    pub uris: Vec<Text>,
    #[serde(default)]
    pub directory_names: Vec<Text>,
    pub kerberos_principal: Option<Text>,
    pub sid: Option<Text>,
}

/// Holds `[key]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawKey {
    pub generate: Text,
    pub allowed: Option<Vec<RawAllowedKey>>,
    pub hash: Option<Text>,
    pub provider: Option<String>,
    #[serde(default)]
    pub generated_by: RawGeneratedBy,
    pub archive: Option<Spanned<bool>>,
    pub legacy_pfx: Option<Spanned<bool>>,
    pub pfx_rounds: Option<Spanned<u32>>,
    pub attestation_roots: Option<Text>,
}

/// Holds `generated_by` of `[key]`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "kebab-case")]
pub enum RawGeneratedBy {
    #[default]
    Client,
    Server,
}

/// Holds a further certificate, with its own key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAdditional {
    /// `None`: that of the first certificate.
    pub subject: Option<RawSubject>,
    pub key: RawKey,
    pub certificate: RawCertificate,
}

/// Holds one entry of `allowed` in `[key]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAllowedKey {
    pub algorithm: Text,
    pub minimum_size: Spanned<u32>,
}

/// Holds `[certificate]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCertificate {
    pub template_name: Text,
    pub key_usages: Vec<Text>,
    pub extended_key_usages: Spanned<Vec<Text>>,
    pub validity_days: Spanned<u32>,
    pub microsoft_template: Option<RawMicrosoftTemplate>,
    #[serde(default)]
    pub microsoft_template_name: bool,
    #[serde(default)]
    pub application_policies: bool,
    #[serde(default)]
    pub policies: Vec<RawPolicy>,
    #[serde(default)]
    pub smime_capabilities: Vec<Text>,
    pub temporary_validity_days: Option<Spanned<u32>>,
    #[serde(default)]
    pub bears_roles: bool,
}

/// Holds `microsoft_template` of `[certificate]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMicrosoftTemplate {
    pub oid: Text,
    pub major_version: u32,
    pub minor_version: u32,
}

/// Holds one entry of `policies` in `[certificate]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPolicy {
    pub oid: Text,
    pub cps_url: Option<Text>,
}

/// Holds `[revocation]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct RawRevocation {
    pub retire_reason: Option<Text>,
    #[serde(default)]
    pub renew_revokes_old: bool,
    #[serde(default)]
    pub hold_of_disabled: bool,
}

/// Holds `[smartcard]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawSmartcard {
    pub diversify_admin_key: bool,
    pub default_admin_key_hex: Text,
    pub user_pin_option: Text,
    pub user_pin_policy: RawPinPolicy,
    pub admin_pin_policy: RawPinPolicy,
    pub provider_name: String,
    pub provider_id: String,
    pub initialize_new_smartcard: bool,
    pub do_not_install_ca_certificates: bool,
    pub certificate_label: String,
    pub max_number_of_certificates: u32,
    pub allow_smartcard_reuse: bool,
    pub stock_only: bool,
    pub reset_on_retire: bool,
    pub release_admin_key: Vec<Text>,
    pub presence: Text,
}

impl Default for RawSmartcard {
    fn default() -> Self {
        Self {
            diversify_admin_key: true,
            default_admin_key_hex: Spanned::new(0..0, String::new()),
            user_pin_option: Spanned::new(0..0, "user-provided".into()),
            user_pin_policy: RawPinPolicy::default(),
            admin_pin_policy: RawPinPolicy::default(),
            provider_name: "Microsoft Base Smart Card Crypto Provider".into(),
            provider_id: "MSBaseCSP".into(),
            initialize_new_smartcard: true,
            do_not_install_ca_certificates: false,
            certificate_label: "{Template!cn}".into(),
            max_number_of_certificates: 0,
            allow_smartcard_reuse: false,
            stock_only: false,
            reset_on_retire: false,
            presence: Spanned::new(0..0, "demanded".into()),
            release_admin_key: RELEASED.map(|text| Spanned::new(0..0, text.into())).into(),
        }
    }
}

/// Holds the rules for a PIN in `[smartcard]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawPinPolicy {
    pub min_length: Spanned<u32>,
    pub max_length: Spanned<u32>,
    pub character_set: u32,
    pub rollover: bool,
    pub default_value: Text,
    pub refused: Vec<String>,
}

impl Default for RawPinPolicy {
    fn default() -> Self {
        Self {
            min_length: Spanned::new(0..0, 6),
            max_length: Spanned::new(0..0, 16),
            character_set: 1,
            rollover: false,
            default_value: Spanned::new(0..0, String::new()),
            refused: Vec::new(),
        }
    }
}

/// Holds a table for each request type.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawWorkflows {
    pub enroll: Option<Spanned<RawWorkflow>>,
    pub duplicate: Option<Spanned<RawWorkflow>>,
    pub offline_unblock: Option<Spanned<RawWorkflow>>,
    pub online_update: Option<Spanned<RawWorkflow>>,
    pub renew: Option<Spanned<RawWorkflow>>,
    pub recover: Option<Spanned<RawWorkflow>>,
    pub recover_on_behalf: Option<Spanned<RawWorkflow>>,
    pub reinstate: Option<Spanned<RawWorkflow>>,
    pub retire: Option<Spanned<RawWorkflow>>,
    pub revoke: Option<Spanned<RawWorkflow>>,
    pub temporary_cards: Option<Spanned<RawWorkflow>>,
    pub unblock: Option<Spanned<RawWorkflow>>,
}

/// Holds the table of a workflow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawWorkflow {
    pub enabled: bool,
    /// `None`: as many as Enroll wants where certificates are issued, and none elsewhere.
    pub approvals_needed: Option<u32>,
    pub self_service: bool,
    pub initiators: Vec<Text>,
    pub approvers: Vec<Text>,
    pub enrollment_agents: Vec<Text>,
    pub enrollment_agent_required: bool,
    pub approver_may_execute: bool,
    pub default_priority: u8,
    pub collect_comments: bool,
    pub require_comments: bool,
    pub collect_priority: bool,
    pub data_items: Vec<Spanned<RawDataItem>>,
    pub documents: Vec<Spanned<RawDocument>>,
    pub one_time_password: Option<Spanned<RawOneTimePassword>>,
    pub reuse_card: Option<Spanned<bool>>,
    pub window_days: Option<Spanned<u32>>,
    pub lifetime_hours: Option<Spanned<u32>>,
    pub possession: Option<Text>,
    pub grace_days: Option<Spanned<u32>>,
    pub revocation: Option<Spanned<RawRevocationOptions>>,
}

impl Default for RawWorkflow {
    fn default() -> Self {
        Self {
            enabled: true,
            approvals_needed: None,
            self_service: false,
            initiators: Vec::new(),
            approvers: Vec::new(),
            enrollment_agents: Vec::new(),
            enrollment_agent_required: false,
            approver_may_execute: false,
            default_priority: 0,
            collect_comments: false,
            require_comments: false,
            collect_priority: false,
            data_items: Vec::new(),
            documents: Vec::new(),
            one_time_password: None,
            reuse_card: None,
            window_days: None,
            lifetime_hours: None,
            possession: None,
            grace_days: None,
            revocation: None,
        }
    }
}
