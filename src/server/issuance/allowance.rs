//! Bounds what a person is issued: which names a certificate may bear, and how many certificates a day.

use crate::ca::{IssueOrder, SID_URI, SubjectAltName};
use crate::server::call::app::App;
use crate::server::error::ApiError;
use crate::store::{self, IssueTime, NameKind, UserRecord};
use time::{Duration, OffsetDateTime};

/// Sets for how long a certificate counts among those of a day.
const DAY: Duration = Duration::days(1);

/// Refuses a certificate whose UPN, Kerberos principal or e-mail address is in no allowed domain, and one that bears a
/// name of another person: whichever way a name came in, it is judged as the certificate would have it. A URI that maps
/// to an account of Windows maps to the owner's.
pub async fn check_names(app: &App, order: &IssueOrder, owner: &UserRecord) -> Result<(), ApiError> {
    let mut names = Vec::new();
    for name in &order.subject_alt_names {
        let (kind, text, allowed) = match name {
            SubjectAltName::Upn(text) | SubjectAltName::Kerberos(text) => {
                (NameKind::Upn, text, app.domains.allow_upn(text))
            }
            SubjectAltName::Email(text) => (NameKind::Email, text, app.domains.allow_email(text)),
            SubjectAltName::Uri(uri) => match sid_of_uri(uri) {
                Some(sid) if owner.sid.as_deref() != Some(sid) => return Err(ApiError::SidOfOther),
                _ => continue,
            },
            SubjectAltName::Dns(_) | SubjectAltName::Ip(_) | SubjectAltName::Directory(_) => continue,
        };
        if !allowed {
            return Err(ApiError::Domain(text.clone()));
        }
        names.push((kind, text));
    }
    names.extend(order.sid.iter().map(|sid| (NameKind::Sid, sid)));
    for (kind, text) in names {
        if app.store.users_named(kind, text).await?.iter().any(|user| user.uuid != owner.uuid) {
            return Err(ApiError::NotUnique(kind.told()));
        }
    }
    Ok(())
}

/// Returns the security identifier in a URI that Windows maps by (KB5014754).
fn sid_of_uri(uri: &str) -> Option<&str> {
    let (begin, sid) = uri.split_at_checked(SID_URI.len())?;
    begin.eq_ignore_ascii_case(SID_URI).then_some(sid)
}

/// Limits how many certificates a person is issued within a day.
#[derive(Clone, Copy, Debug)]
pub struct DailyLimit {
    /// `None`: any number.
    pub most: Option<usize>,
    pub now: OffsetDateTime,
}

impl DailyLimit {
    /// Returns after which time certificates count.
    pub fn since(self) -> OffsetDateTime {
        self.now - DAY
    }

    /// Refuses so many more certificates than a person may be issued now; those that count are asked for with `issued`, and only
    /// where there is a limit.
    pub async fn check(
        self,
        issued: impl Future<Output = Result<Vec<IssueTime>, store::Error>>,
        coming: usize,
    ) -> Result<(), ApiError> {
        match self.most {
            Some(most) => self.judge(&issued.await?, coming, most),
            None => Ok(()),
        }
    }

    /// Judges by the certificates of the last day, the latest first; says when there will be room.
    pub fn judge(self, issued: &[IssueTime], coming: usize, limit: usize) -> Result<(), ApiError> {
        let Some(too_many) = (issued.len() + coming).checked_sub(limit).filter(|too_many| *too_many > 0) else {
            return Ok(());
        };
        // So many of the earliest must have been a day ago.
        let last = issued.len().checked_sub(too_many).and_then(|index| issued.get(index));
        let left = last.map_or(DAY, |issued| issued.0 + DAY - self.now);
        Err(ApiError::DailyLimit { limit, seconds: u64::try_from(left.whole_seconds()).unwrap_or(0).max(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(issued: &[i64], coming: usize) -> Option<u64> {
        let now = OffsetDateTime::UNIX_EPOCH + DAY;
        let issued: Vec<_> = issued.iter().map(|ago| IssueTime(now - Duration::seconds(*ago))).collect();
        match (DailyLimit { most: Some(3), now }).judge(&issued, coming, 3) {
            Err(ApiError::DailyLimit { limit: 3, seconds }) => Some(seconds),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        }
    }

    #[test]
    fn there_is_room_again_a_day_after_the_earliest_that_stand_in_the_way() {
        assert_eq!(refused(&[], 3), None);
        assert_eq!(refused(&[10, 20], 1), None);
        assert_eq!(refused(&[10, 20], 2), Some(86_400 - 20));
        assert_eq!(refused(&[10, 20, 30], 1), Some(86_400 - 30));
        assert_eq!(refused(&[10, 20, 30], 2), Some(86_400 - 20));
        assert_eq!(refused(&[], 4), Some(86_400), "never");
    }
}
