//! Turns records into what the wire shows.

use crate::cm::certificate::{CertificateDetails, ListedCertificate};
use crate::cm::profile::{Operation, Profile};
use crate::cm::request::Request;
use crate::cm::smartcard::Smartcard;
use crate::cm::vocabulary;
use crate::server::call::app::App;
use crate::server::requests::data_items;
use crate::store::{CertificateRecord, ProfileRecord, RequestRecord, SmartcardRecord};
use crate::template::{ProfileTemplate, Workflow};

/// Names the middleware of Microsoft's samples; used where a card's template is gone.
const MIDDLEWARE: &str = "MSBaseCSP";

/// Shows a request of this template.
pub fn request_of(record: RequestRecord, template: Option<&ProfileTemplate>) -> Request {
    let workflow = template.and_then(|template| template.workflow(record.request_type));
    request(record, workflow)
}

/// Shows a request whose workflow is known.
pub fn request(record: RequestRecord, workflow: Option<&Workflow>) -> Request {
    let smartcard = if record.is_smartcard { vocabulary::REQUEST_FLAG_SMARTCARD } else { 0 };
    let agent = if record.is_enrollment_agent { vocabulary::REQUEST_FLAG_ENROLLMENT_AGENT } else { 0 };
    Request {
        is_data_collection_complete: workflow
            .is_none_or(|workflow| data_items::missing(workflow, &record.data, None).is_none()),
        uuid: record.uuid,
        request_type: record.request_type,
        status: record.status,
        flags: smartcard | agent,
        data_collection_flags: data_items::flags(workflow, &record.data),
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
        // Rights come from the template's policy here, not from an access list on each request.
        security_descriptor: String::new(),
        is_smartcard: record.is_smartcard,
        is_enrollment_agent: record.is_enrollment_agent,
    }
}

/// Shows a card.
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

/// Shows a profile, with what may be asked for it.
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

/// Shows a certificate in the list of a card or profile.
pub fn listed(record: &CertificateRecord) -> ListedCertificate {
    ListedCertificate {
        is_key_history: false,
        archived_on_ca: false,
        certificate_type: vocabulary::CERTIFICATE_TYPE,
        template_common_name: record.template_common_name.clone(),
        serial_number: hex::encode_upper(&record.serial),
        thumbprint: hex::encode_upper(record.thumbprint),
        certificate: None,
        details: None,
    }
}

/// Shows a certificate in the list of a person's certificates.
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
