//! Certificates, requests, keys and the messages that carry them.

use super::{shown, text};
use cardwright::ca::{self, keyfile, ocsp};
use cardwright::pkix::attestation::Attestation;
use cardwright::pkix::crl::RevocationList;
use cardwright::pkix::ocsp::Answer;
use cardwright::pkix::{
    Certificate, CertificateBundle, CertificationRequest, KeyAlgorithm, MemoryKey, PublicKey, SignatureAlgorithm,
    Signer, cmc, enveloped, name, pfx,
};
use cardwright::secret::Passphrase;
use cardwright::template::Principal;
use std::hint::black_box;
use std::sync::LazyLock;
use time::OffsetDateTime;

/// An authority of OpenSSL's making.
static AUTHORITY: LazyLock<Option<Certificate>> =
    LazyLock::new(|| Certificate::from_der(include_bytes!("../../../tests/data/fuzz/certificate/authority.der")).ok());
/// The key that sealed messages are for.
static RECEIVER: LazyLock<Option<MemoryKey>> =
    LazyLock::new(|| MemoryKey::from_pkcs8(include_bytes!("../../../tests/data/fuzz/private-key/p256.der")).ok());
/// A day on which the seeds' certificates are valid.
const NOW: OffsetDateTime = time::macros::datetime!(2027-01-01 00:00 UTC);
/// The passphrase of seeds.
const PASSPHRASE: &str = "fuzz";

pub(super) fn ocsp_question(data: &[u8]) {
    let Some(question) = shown(ocsp::Question::read(data)) else { return };
    black_box(question.has_nonce());
    if let Some(authority) = &*AUTHORITY {
        black_box(shown(question.serials(authority)));
    }
}

pub(super) fn ocsp_answer(data: &[u8]) {
    let Some(authority) = &*AUTHORITY else { return };
    black_box(shown(Answer::read(data, authority, authority, NOW)));
}

pub(super) fn revocation_list(data: &[u8]) {
    let Some(authority) = &*AUTHORITY else { return };
    let Some(list) = shown(RevocationList::read(data, authority)) else { return };
    black_box((list.names(authority), list.next_update));
}

fn look_at(certificate: &Certificate) {
    black_box((certificate.subject(), certificate.issuer(), certificate.serial(), certificate.thumbprint_sha1()));
    black_box((certificate.not_before(), certificate.not_after(), certificate.to_pem()));
    black_box((
        shown(certificate.key_usage()),
        shown(certificate.extended_key_usage()),
        shown(certificate.alt_names()),
    ));
    black_box((shown(certificate.is_ca()), shown(certificate.path_length()), shown(certificate.subject_key_id())));
    black_box((
        shown(certificate.authority_key_id()),
        shown(certificate.logs_on()),
        shown(certificate.keeps_secrets()),
    ));
    black_box((shown(certificate.addresses()), shown(certificate.stated_sid()), shown(certificate.names_principal())));
    black_box((shown(certificate.describe()), format!("{certificate:?}")));
    if let Some(key) = shown(certificate.public_key()) {
        black_box(certificate.is_for(&key));
    }
    if let Some(authority) = &*AUTHORITY {
        black_box(shown(certificate.verify_issued_by(authority)));
    }
}

pub(super) fn certificate(data: &[u8]) {
    if let Some(certificate) = shown(Certificate::from_der(data)) {
        look_at(&certificate);
    }
    black_box(shown(Certificate::first_in(data)));
}

pub(super) fn pem(data: &[u8]) {
    let Some(text) = text(data) else { return };
    black_box((shown(Certificate::from_pem(text)), shown(CertificationRequest::from_pem(text))));
}

pub(super) fn chain(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(certificates) = shown(ca::certificates(text)) else { return };
    if let Some(key) = certificates.first().and_then(|first| shown(first.public_key())) {
        black_box(shown(ca::verified_chain(text, &key, NOW)));
    }
}

pub(super) fn certification_request(data: &[u8]) {
    let Some(request) = shown(CertificationRequest::read(data)) else { return };
    black_box((shown(request.verify()), request.to_pem(), format!("{request:?}")));
    black_box((shown(request.attributes()), shown(request.alt_names()), shown(request.key_usage())));
    black_box((shown(request.extended_key_usage()), shown(request.subject_key_id()), request.os_version()));
    black_box((shown(request.client_info()), shown(request.enrollment_csp())));
}

pub(super) fn attestation(data: &[u8]) {
    let Some(attestation) = shown(Attestation::from_der(data)) else { return };
    if let Some(first) = attestation.chain().first() {
        look_at(first);
        if let Some(key) = shown(first.public_key()) {
            black_box(shown(attestation.is_about(&key)));
        }
    }
    black_box(shown(attestation.leads_to(AUTHORITY.as_slice(), NOW)));
}

pub(super) fn cmc_response(data: &[u8]) {
    let Some(response) = shown(cmc::read(data)) else { return };
    black_box((format!("{response:?}"), response.issued_certificate_hash().map(<[u8]>::len)));
    black_box(shown(response.verify_signature()));
    if let Some(receiver) = &*RECEIVER {
        black_box(shown(response.leaf_for(receiver.public_key())));
    }
}

pub(super) fn bundle(data: &[u8]) {
    let Some(mut bundle) = shown(CertificateBundle::read(data)) else { return };
    black_box((bundle.is_empty(), bundle.certificates().iter().for_each(look_at)));
    black_box((
        shown(bundle.add(AUTHORITY.as_slice())),
        shown(bundle.to_der()),
        shown(bundle.remove(AUTHORITY.as_slice())),
    ));
}

pub(super) fn sealed_message(data: &[u8]) {
    if let Some(receiver) = &*RECEIVER {
        black_box(shown(enveloped::open(data, receiver, None)));
    }
}

pub(super) fn pfx_file(data: &[u8]) {
    if let Some((_, chain)) = shown(pfx::read(data, PASSPHRASE)) {
        chain.iter().for_each(look_at);
    }
}

pub(super) fn key_file(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let passphrase = Passphrase::new(PASSPHRASE.into());
    black_box(shown(keyfile::open_private_key(text, &passphrase)).is_some());
    black_box(shown(keyfile::open("MASTER KEY", text, &passphrase)).is_some());
}

pub(super) fn private_key(data: &[u8]) {
    let Some(key) = shown(MemoryKey::from_pkcs8(data)) else { return };
    black_box(shown(key.expose_numbers()).is_some());
}

pub(super) fn public_key(data: &[u8]) {
    let keys = [
        shown(PublicKey::from_spki(data)),
        shown(PublicKey::from_ec_point(KeyAlgorithm::P256, data)),
        data.split_last_chunk::<3>().and_then(|(modulus, exponent)| shown(PublicKey::from_rsa(modulus, exponent))),
    ];
    for key in keys.into_iter().flatten() {
        black_box((key.key_identifier(), key.algorithm(), format!("{key:?}")));
        black_box(shown(key.verify(SignatureAlgorithm::EcdsaSha256, data, data)));
    }
}

pub(super) fn distinguished_name(data: &[u8]) {
    let Some(text) = text(data) else { return };
    black_box((name::escape(text), text.parse::<Principal>().is_ok()));
    let Some(read) = shown(name::parse(text)) else { return };
    let written = name::to_text(&read);
    // What is written for people is not always read: others put into C what may not stand there.
    if let Some(again) = shown(name::parse(&written)) {
        let again = name::to_text(&again);
        assert!(again == written, "{written:?} is read back as {again:?}");
    }
    black_box(name::values(&read, "CN"));
}
