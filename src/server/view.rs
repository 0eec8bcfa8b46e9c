//! From what is remembered to what is shown.

use super::app::App;
use super::collecting;
use crate::cm::certificate::{Certificate, CertificateDetails, ListedCertificate};
use crate::cm::profile::{Operation, Profile};
use crate::cm::request::Request;
use crate::cm::smartcard::Smartcard;
use crate::cm::vocabulary;
use crate::store::{CertificateRecord, Origin, ProfileRecord, RequestRecord, SmartcardRecord};
use crate::template::{ProfileTemplate, Workflow};

/// The middleware Microsoft's samples name; used where a card's template is gone.
const MIDDLEWARE: &str = "MSBaseCSP";

/// A request of this template as the wire shows it.
pub fn request_of(record: RequestRecord, template: Option<&ProfileTemplate>) -> Request {
    let workflow = template.and_then(|template| template.workflow(record.request_type));
    request(record, workflow)
}

/// A request as the wire shows it.
pub fn request(record: RequestRecord, workflow: Option<&Workflow>) -> Request {
    let smartcard = if record.is_smartcard { vocabulary::REQUEST_FLAG_SMARTCARD } else { 0 };
    let agent = if record.is_enrollment_agent { vocabulary::REQUEST_FLAG_ENROLLMENT_AGENT } else { 0 };
    Request {
        is_data_collection_complete: workflow
            .is_none_or(|workflow| collecting::missing(workflow, &record.data, None).is_none()),
        uuid: record.uuid,
        request_type: record.request_type,
        status: record.status,
        flags: smartcard | agent,
        data_collection_flags: collecting::flags(workflow, &record.data),
        data_collection: record.data,
        originator: record.originator,
        target: record.target,
        submitted: record.submitted,
        completed: record.completed,
        new_profile: record.new_profile,
        old_profile: record.old_profile,
        new_smartcard: record.new_smartcard,
        old_smartcard: record.old_smartcard,
        priority: record.priority,
        comment: record.comment,
        profile_template: record.profile_template,
        // Rights are the template's policy here, not an access list on each request.
        security_descriptor: String::new(),
        is_smartcard: record.is_smartcard,
        is_enrollment_agent: record.is_enrollment_agent,
    }
}

/// A card as the wire shows it.
pub fn smartcard(record: SmartcardRecord, template: Option<&ProfileTemplate>) -> Smartcard {
    let config = template.and_then(|template| template.smartcard.as_ref());
    Smartcard {
        uuid: record.uuid,
        status: record.status,
        flags: record.holder_role.flags(),
        parent: record.parent,
        primary: record.primary,
        permanent: record.permanent,
        assigned_user: record.assigned_user,
        profile_template: record.profile_template,
        profile_template_version: record.template_version,
        comment: record.comment,
        serial_number: record.card_id,
        middleware: config.map_or(MIDDLEWARE, |config| config.provider_id.as_str()).to_owned(),
        atr: record.atr,
    }
}

/// A profile as the wire shows it.
pub fn profile(record: ProfileRecord, operations: Vec<Operation>) -> Profile {
    Profile {
        operations,
        uuid: record.uuid,
        status: record.status,
        flags: record.holder_role.flags(),
        parent: record.parent,
        primary: record.primary,
        assigned_user: record.assigned_user,
        profile_template: record.profile_template,
        profile_template_version: record.template_version,
        comment: record.comment,
    }
}

/// A certificate in a holder's list.
pub fn listed(record: &CertificateRecord) -> ListedCertificate {
    ListedCertificate {
        is_key_history: false,
        archived_on_ca: false,
        certificate_type: vocabulary::CERTIFICATE_TYPE,
        template_common_name: record.template_common_name.clone(),
        serial_number: hex::encode_upper(&record.serial),
        thumbprint: hex::encode_upper(record.thumbprint),
        details: None,
    }
}

/// A certificate in the list of a person's certificates.
pub fn detailed(app: &App, record: &CertificateRecord, requester: &str) -> ListedCertificate {
    let details = CertificateDetails {
        not_after: record.not_after,
        not_before: record.not_before,
        issuer: app.ca_config.clone(),
        requester_name: requester.to_owned(),
        status: vocabulary::CERTIFICATE_STATUS_LIVE,
    };
    ListedCertificate { details: Some(details), ..listed(record) }
}

/// The answer to a certification request.
pub fn issued(template_name: &str, pkcs7: Vec<u8>) -> Certificate {
    let flags = vocabulary::CERTIFICATE_FLAG_PKCS7;
    Certificate { flags, pkcs7: Some(pkcs7), is_pkcs7: true, ..answer(template_name) }
}

/// A certificate with its private key, as PKCS#12.
pub fn with_key(template_name: &str, pfx: Vec<u8>, origin: Origin) -> Certificate {
    let (server, history) = (origin == Origin::Server, origin == Origin::History);
    let flags = [
        (true, vocabulary::CERTIFICATE_FLAG_PFX),
        (server, vocabulary::CERTIFICATE_FLAG_SERVER_GENERATED),
        (history, vocabulary::CERTIFICATE_FLAG_KEY_HISTORY),
    ];
    Certificate {
        flags: flags.into_iter().filter(|(set, _)| *set).fold(0, |flags, (_, flag)| flags | flag),
        pfx: Some(pfx),
        is_pfx: true,
        is_server_generated: server,
        is_key_history: history,
        ..answer(template_name)
    }
}

fn answer(template_name: &str) -> Certificate {
    Certificate {
        template_common_name: template_name.to_owned(),
        certificate_id: 0,
        flags: 0,
        use_local_machine_store: false,
        error: None,
        pkcs7: None,
        pfx: None,
        is_external: false,
        is_server_generated: false,
        is_pfx: false,
        is_pkcs7: false,
        is_key_history: false,
    }
}
