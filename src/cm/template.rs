//! Profile templates: the limited view, the policy of each workflow, the smart card configuration, key orders.

use uuid::Uuid;

/// A template as `GET profiletemplates` shows it (ProfileTemplateLimitedView).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileTemplateView {
    pub name: String,
    pub description: String,
    pub uuid: Uuid,
    pub is_smartcard: bool,
    pub is_virtual_smartcard: bool,
}

/// The policy of one workflow of a template. No body of Microsoft's is known; names are those of the SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub approvals_needed: u32,
    pub authorized_approver: Vec<String>,
    pub authorized_enrollment_agent: Vec<String>,
    pub authorized_initiator: Vec<String>,
    pub collect_comments: bool,
    pub collect_request_priority: bool,
    pub default_request_priority: u8,
    pub documents: Vec<String>,
    pub enabled: bool,
    pub enroll_agent_required: bool,
    pub policy_data_collection: Vec<String>,
    pub self_service_enabled: bool,
}

/// Who chooses the user's PIN (UserPinOption).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserPinOption {
    None,
    Randomized,
    ServerDistributed,
    UserProvided,
    CustomServerDistributed,
}

/// Rules for a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPolicy {
    pub min_length: u32,
    pub max_length: u32,
    pub character_set: u32,
    pub rollover: bool,
    pub default_value: String,
}

/// `GET profiletemplates/{id}/configuration/smartcards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmartcardConfig {
    pub user_pin_option: UserPinOption,
    pub user_pin_policy: PinPolicy,
    pub admin_pin_policy: PinPolicy,
    /// The key of a card fresh from the factory, public by nature; empty: 24 zero bytes.
    pub default_admin_key_hex: String,
    pub provider_name: String,
    pub provider_id: String,
    pub provider_type: u32,
    pub diversify_admin_key: bool,
    pub card_initialization_type: String,
    pub card_initialization_data: String,
    pub initialize_new_smartcard: bool,
    pub use_secure_key_injection: bool,
    pub do_not_install_ca_certificates: bool,
    pub certificate_label: String,
    /// 0: no limit.
    pub max_number_of_certificates: u32,
    pub allow_smartcard_reuse: bool,
    pub erase_on_overflow: bool,
    pub use_virtual_smartcards: bool,
    pub smartcard_print_policy: SmartcardPrintPolicy,
}

/// How the card's surface is printed; carried, not acted on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SmartcardPrintPolicy {
    pub field_mapping: String,
    pub project_name: String,
    pub card_name: String,
    pub print: bool,
}

/// One entry of `GET requests/{id}/certificaterequestgenerationoptions`: the key and request to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationOptions {
    /// May be empty: the server decides.
    pub subject: String,
    /// "RSA", "ECDSA_P256" or "ECDSA_P384" (CNG's names).
    pub key_algorithm_name: String,
    /// In bits.
    pub key_size: u32,
    pub friendly_name: String,
    /// "SHA256" and so on; old policies name "SHA1".
    pub hash_algorithm_name: String,
    pub key_storage_provider_names: Vec<String>,
    pub exportable: u32,
    pub key_protection_level: u32,
    /// EnrollKeyUsages bits: 1 decryption, 2 signing, 4 key agreement.
    pub key_usages: u32,
}
