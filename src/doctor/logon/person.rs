//! What the server and its directory know: of the card, of its certificates, and of whoever holds it. And the clocks.

use super::asked::{Asked, Server};
use super::card::LogonCertificate;
use super::code::Code;
use super::finding::Finding;
use crate::cm::logon::{Binding, CertificateStanding, DirectoryAnswer, Naming};
use crate::cm::smartcard::SmartcardStatus;
use time::Duration;

/// Is how far clocks may differ before Kerberos refuses (MIT's and Windows' usual bound).
const SKEW: Duration = Duration::minutes(5);

/// Compares the clocks.
pub(super) fn clock(asked: &Asked<'_>) -> Finding {
    let server = match asked.server {
        Server::Told(view) => Some(view.now),
        Server::NotAsked(_) | Server::Silent(_) | Server::Unknown => asked.server_time,
    };
    let Some(server) = server else { return Finding::new(Code::ClockNotCompared) };
    let off = asked.now - server;
    if off.abs() <= SKEW {
        return Finding::new(Code::ClockAgrees);
    }
    Finding::new(Code::ClockDiffers).with("seconds", off.whole_seconds())
}

/// Judges what is no matter of one certificate.
pub(super) fn judge(server: &Server) -> Vec<Finding> {
    let view = match server {
        Server::NotAsked(reason) => return vec![Finding::new(Code::ServerNotAsked).with("reason", reason)],
        Server::Silent(reason) => return vec![Finding::new(Code::ServerSilent).with("reason", reason)],
        Server::Unknown => return vec![Finding::new(Code::CardUnknown)],
        Server::Told(view) => view,
    };
    let mut findings = vec![match view.status {
        SmartcardStatus::Active => Finding::new(Code::CardActive),
        status => Finding::new(Code::CardNotActive).with("status", status),
    }];
    findings.extend(view.account_disabled.then(|| Finding::new(Code::AccountDisabled)));
    findings.push(match view.directory {
        DirectoryAnswer::NotAsked | DirectoryAnswer::Other => {
            Finding::new(Code::DirectoryNotAsked).with("reason", &view.reason)
        }
        DirectoryAnswer::Away => Finding::new(Code::DirectoryAway).with("reason", &view.reason),
        DirectoryAnswer::Gone => Finding::new(Code::PersonGone),
        DirectoryAnswer::Answered if view.disabled => Finding::new(Code::PersonDisabled),
        DirectoryAnswer::Answered => Finding::new(Code::PersonEnabled),
    });
    findings
}

/// Judges a certificate by what the server and the directory know of it.
pub(super) fn judge_certificate(candidate: &LogonCertificate, server: &Server) -> Vec<Finding> {
    let Server::Told(view) = server else { return Vec::new() };
    let certificate = &candidate.certificate;
    let thumbprint = certificate.thumbprint_sha1();
    let record = view.certificates.iter().find(|it| it.thumbprint.eq_ignore_ascii_case(&thumbprint));
    let mut findings = vec![Finding::new(match record.map(|record| record.standing) {
        Some(CertificateStanding::Current) => Code::RecordCurrent,
        Some(CertificateStanding::Superseded) => Code::RecordSuperseded,
        Some(CertificateStanding::Held) => Code::RecordHeld,
        Some(CertificateStanding::Revoked) => Code::RecordRevoked,
        Some(CertificateStanding::Other) | None => Code::RecordUnknown,
    })];
    let Some(record) = record else { return findings };
    let upn = certificate.alt_names().ok().and_then(|names| names.upns.into_iter().next()).unwrap_or_default();
    let directory = if view.upn.is_empty() { "somebody else" } else { &view.upn };
    findings.extend(match record.naming {
        Naming::Same => Some(Finding::new(Code::UpnAgrees).with("upn", upn)),
        Naming::Different => Some(Finding::new(Code::UpnDiffers).with("upn", upn).with("directory", directory)),
        Naming::NotCompared | Naming::Other => None,
    });
    let bound = match record.binding {
        Binding::Account => Some(Code::SidAgrees),
        Binding::AnotherAccount => Some(Code::SidDiffers),
        Binding::Strong => Some(Code::MappedStrongly),
        Binding::Weak => Some(Code::MappedWeakly),
        Binding::Unbound => Some(Code::NotMapped),
        Binding::NotCompared | Binding::Other => None,
    };
    findings.extend(bound.map(Finding::new));
    findings
}
