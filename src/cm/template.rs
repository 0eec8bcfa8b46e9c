//! Profile templates: the limited view, the policy of each workflow, the smart card configuration, key orders.

use super::policy::{OneTimePasswordPolicy, PolicyDataItem, PolicyDataItems};
use super::wire::body::body;
use super::wire::{
    CrlfOrNothing, Guid, Numbered, Plain, PlainOr, PlainOrNull, Text, TextList, TextListOrNothing, TrueOrAnything,
    TrueOrNothing,
};
use uuid::Uuid;

/// Describes a template as `GET profiletemplates` shows it (ProfileTemplateLimitedView).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileTemplateView {
    pub name: String,
    pub description: String,
    pub uuid: Uuid,
    pub is_smartcard: bool,
    pub is_virtual_smartcard: bool,
}

body!(ProfileTemplateView {
    name: "Name" => Plain<String>,
    description: "Description" => Text,
    uuid: "Uuid" => Guid,
    is_smartcard: "IsSmartcardProfileTemplate" => PlainOr<bool>,
    is_virtual_smartcard: "IsVirtualSmartcardProfileTemplate" => PlainOr<bool>,
});

/// Holds the policy of one workflow of a template. No body of Microsoft's is known; the names are those of the SDK.
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
    /// `None` where no password is asked for.
    pub one_time_password_policy: Option<OneTimePasswordPolicy>,
    pub personalization: bool,
    pub policy_data_collection: Vec<PolicyDataItem>,
    pub self_service_enabled: bool,
}

// The walkthrough calls PolicyDataCollection "DataCollection".
body!(Policy {
    approvals_needed: "ApprovalsNeeded" => PlainOr<u32>,
    authorized_approver: "AuthorizedApprover" => TextList,
    authorized_enrollment_agent: "AuthorizedEnrollmentAgent" => TextList,
    authorized_initiator: "AuthorizedInitiator" => TextList,
    collect_comments: "CollectComments" => PlainOr<bool>,
    collect_request_priority: "CollectRequestPriority" => PlainOr<bool>,
    default_request_priority: "DefaultRequestPriority" => PlainOr<u8>,
    documents: "Documents" => TextList,
    enabled: "Enabled" => Plain<bool>,
    enroll_agent_required: "EnrollAgentRequired" => PlainOr<bool>,
    one_time_password_policy: "OneTimePasswordPolicy" => PlainOrNull<OneTimePasswordPolicy>,
    personalization: "Personalization" => TrueOrAnything,
    policy_data_collection: "PolicyDataCollection" | "DataCollection" => PolicyDataItems,
    self_service_enabled: "SelfServiceEnabled" => PlainOr<bool>,
});

/// Says who chooses the user's PIN (UserPinOption).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserPinOption {
    None,
    Randomized,
    ServerDistributed,
    UserProvided,
    CustomServerDistributed,
}

/// Holds the rules for a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPolicy {
    pub min_length: u32,
    pub max_length: u32,
    pub character_set: u32,
    pub rollover: bool,
    pub default_value: String,
    /// Beyond MIM: PINs that are refused, besides those that everybody would guess.
    pub refused: Vec<String>,
}

body!(PinPolicy {
    min_length: "MinLength" => Plain<u32>,
    max_length: "MaxLength" => Plain<u32>,
    character_set: "CharacterSet" => PlainOr<u32>,
    rollover: "Rollover" => PlainOr<bool>,
    default_value: "DefaultValue" => Text,
    refused: "RefusedPins" => TextListOrNothing,
});

/// Answers `GET profiletemplates/{id}/configuration/smartcards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmartcardConfig {
    pub user_pin_option: UserPinOption,
    pub user_pin_policy: PinPolicy,
    /// Its default value is the PUK of a card fresh from the factory, which is public; empty: the one of its kind.
    pub admin_pin_policy: PinPolicy,
    /// The admin key of a card fresh from the factory, which is public; empty: the one of its kind.
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
    /// 0 means no limit.
    pub max_number_of_certificates: u32,
    pub allow_smartcard_reuse: bool,
    pub erase_on_overflow: bool,
    pub use_virtual_smartcards: bool,
    pub smartcard_print_policy: SmartcardPrintPolicy,
    /// Beyond MIM: retirement resets the whole card to the factory's state, where the card can.
    pub reset_on_retire: bool,
}

body!(SmartcardConfig {
    user_pin_option: "UserPinOption" => Numbered<UserPinOption>,
    user_pin_policy: "UserPinPolicy" => Plain<PinPolicy>,
    admin_pin_policy: "AdminPinPolicy" => Plain<PinPolicy>,
    default_admin_key_hex: "DefaultAdminKeyHex" => Text,
    provider_name: "ProviderName" => Text,
    provider_id: "ProviderId" => Text,
    provider_type: "ProviderType" => PlainOr<u32>,
    diversify_admin_key: "DiversifyAdminKey" => Plain<bool>,
    card_initialization_type: "CardInitializationType" => Text,
    card_initialization_data: "CardInitializationData" => Text,
    initialize_new_smartcard: "InitializeNewSmartcard" => PlainOr<bool>,
    use_secure_key_injection: "UseSecureKeyInjection" => PlainOr<bool>,
    do_not_install_ca_certificates: "DoNotInstallCaCertificates" => PlainOr<bool>,
    certificate_label: "CertificateLabel" => Text,
    max_number_of_certificates: "MaxNumberOfCertificates" => PlainOr<u32>,
    allow_smartcard_reuse: "AllowSmartcardReuse" => PlainOr<bool>,
    erase_on_overflow: "EraseOnOverflow" => PlainOr<bool>,
    use_virtual_smartcards: "UseVirtualSmartcards" => PlainOr<bool>,
    smartcard_print_policy: "SmartcardPrintPolicy" => PlainOr<SmartcardPrintPolicy>,
    reset_on_retire: "ResetOnRetire" => TrueOrNothing,
});

impl SmartcardConfig {
    /// Returns the PUK that the template names for cards fresh from the factory; `None` where it names none, or what it
    /// names is no PUK, as MIM's own admin PINs are none.
    pub fn named_puk(&self) -> Option<&str> {
        Some(self.admin_pin_policy.default_value.as_str()).filter(|puk| (6..=8).contains(&puk.len()))
    }

    /// Returns the same without the keys that cards come with: neither admin key, PUK nor PIN.
    pub fn without_default_keys(&self) -> Self {
        let mut shown = self.clone();
        shown.default_admin_key_hex.clear();
        shown.user_pin_policy.default_value.clear();
        shown.admin_pin_policy.default_value.clear();
        shown
    }

    /// Says whether the server chooses the user's PIN, at every enrollment.
    pub fn proposes_pin(&self) -> bool {
        match self.user_pin_option {
            UserPinOption::ServerDistributed | UserPinOption::CustomServerDistributed | UserPinOption::Randomized => {
                true
            }
            UserPinOption::UserProvided | UserPinOption::None => false,
        }
    }
}

/// Says how the card's surface is printed; it is passed on, and nothing here acts on it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SmartcardPrintPolicy {
    pub field_mapping: String,
    pub project_name: String,
    pub card_name: String,
    pub print: bool,
}

body!(SmartcardPrintPolicy {
    field_mapping: "FieldMapping" => Text,
    project_name: "ProjectName" => Text,
    card_name: "CardName" => Text,
    print: "Print" => PlainOr<bool>,
});

/// Orders one key and certification request; one entry of `GET requests/{id}/certificaterequestgenerationoptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationOptions {
    /// Empty where the server decides.
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
    /// Beyond MIM: the card must attest that the key was made on it.
    pub attestation_needed: bool,
    /// Beyond MIM: the certificate (DER) that the server has issued for this order already, in this request.
    pub certificate: Option<Vec<u8>>,
}

body!(GenerationOptions {
    subject: "Subject" => Text,
    key_algorithm_name: "KeyAlgorithmName" => Plain<String>,
    key_size: "KeySize" => Plain<u32>,
    friendly_name: "FriendlyName" => Text,
    hash_algorithm_name: "HashAlgorithmName" => Plain<String>,
    key_storage_provider_names: "KeyStorageProviderNames" => TextList,
    exportable: "Exportable" => PlainOr<u32>,
    key_protection_level: "KeyProtectionLevel" => PlainOr<u32>,
    key_usages: "KeyUsages" => PlainOr<u32>,
    attestation_needed: "AttestationNeeded" => TrueOrNothing,
    certificate: "Certificate" => CrlfOrNothing,
});
