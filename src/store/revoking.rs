//! What is superseded, revoked, put on hold and released: what was issued somewhere, or all whose keys a card or profile
//! holds, with what was brought back to it.

use super::certificates::TABLE;
use super::error::Error;
use super::link::sql;
use super::record::{CertificateScope, Holder, Reach, Revocation, Touched};
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

/// CRLReason certificateHold (RFC 5280, 5.3.1).
const HOLD: u8 = 6;

const HELD_ON_CARD: &str = "serial IN (SELECT h.serial FROM profile_certificates h \
                            JOIN profiles p ON p.uuid = h.profile WHERE p.smartcard = $1)";
const HELD_IN_PROFILE: &str = "serial IN (SELECT h.serial FROM profile_certificates h WHERE h.profile = $1)";
const OF_CARDS_OWNER: &str = " AND owner = (SELECT assigned_user FROM smartcards WHERE uuid = $1)";
const OF_PROFILES_OWNER: &str = " AND owner = (SELECT assigned_user FROM profiles WHERE uuid = $1)";
const IN_USE_ON_CARD: &str = " AND EXISTS (SELECT 1 FROM profile_certificates h JOIN profiles p ON p.uuid = h.profile \
                              WHERE h.serial = certificates.serial AND h.origin <> 'history' AND p.smartcard = $1)";
const IN_USE_IN_PROFILE: &str = " AND EXISTS (SELECT 1 FROM profile_certificates h \
                                 WHERE h.serial = certificates.serial AND h.origin <> 'history' AND h.profile = $1)";
const NOT_ON_ANOTHER_CARD: &str = " AND NOT EXISTS (SELECT 1 FROM profile_certificates h \
                                   JOIN profiles p ON p.uuid = h.profile WHERE h.serial = certificates.serial \
                                   AND h.origin <> 'history' AND p.status IN ('new', 'active', 'suspended') \
                                   AND p.smartcard IS DISTINCT FROM $1)";
const NOT_IN_ANOTHER_PROFILE: &str = " AND NOT EXISTS (SELECT 1 FROM profile_certificates h \
                                      JOIN profiles p ON p.uuid = h.profile WHERE h.serial = certificates.serial \
                                      AND h.origin <> 'history' AND p.status IN ('new', 'active', 'suspended') \
                                      AND p.uuid <> $1)";
const SUSPENDED_ON_NO_OTHER_CARD: &str = " AND NOT EXISTS (SELECT 1 FROM profile_certificates h \
                                          JOIN profiles p ON p.uuid = h.profile WHERE h.serial = certificates.serial \
                                          AND p.status = 'suspended' AND p.smartcard IS DISTINCT FROM $1)";
const SUSPENDED_IN_NO_OTHER_PROFILE: &str = " AND NOT EXISTS (SELECT 1 FROM profile_certificates h \
                                             JOIN profiles p ON p.uuid = h.profile WHERE h.serial = certificates.serial \
                                             AND p.status = 'suspended' AND p.uuid <> $1)";

impl Touched {
    /// The condition on certificates; `$1` in it is [`Self::uuid`].
    fn condition(self) -> String {
        match self {
            Self::Issued(CertificateScope::Request(_)) => "request = $1".into(),
            Self::Issued(CertificateScope::Profile(_)) => "profile = $1".into(),
            Self::Issued(CertificateScope::Smartcard(_)) => "smartcard = $1".into(),
            Self::Issued(CertificateScope::User(_)) => "owner = $1".into(),
            Self::Held(Holder::Smartcard(_), reach) => match reach {
                Reach::All => HELD_ON_CARD.into(),
                Reach::Own => [HELD_ON_CARD, OF_CARDS_OWNER].concat(),
                Reach::Unshared => [HELD_ON_CARD, OF_CARDS_OWNER, IN_USE_ON_CARD, NOT_ON_ANOTHER_CARD].concat(),
            },
            Self::Held(Holder::Profile(_), reach) => match reach {
                Reach::All => HELD_IN_PROFILE.into(),
                Reach::Own => [HELD_IN_PROFILE, OF_PROFILES_OWNER].concat(),
                Reach::Unshared => {
                    [HELD_IN_PROFILE, OF_PROFILES_OWNER, IN_USE_IN_PROFILE, NOT_IN_ANOTHER_PROFILE].concat()
                }
            },
        }
    }

    /// What another card or profile still has suspended stays on hold.
    fn not_suspended_elsewhere(self) -> &'static str {
        match self {
            Self::Issued(_) => "",
            Self::Held(Holder::Smartcard(_), _) => SUSPENDED_ON_NO_OTHER_CARD,
            Self::Held(Holder::Profile(_), _) => SUSPENDED_IN_NO_OTHER_PROFILE,
        }
    }

    fn uuid(self) -> Uuid {
        match self {
            Self::Issued(scope) => scope.uuid(),
            Self::Held(Holder::Smartcard(uuid) | Holder::Profile(uuid), _) => uuid,
        }
    }
}

fn update(touched: Touched, change: &str, only: &str) -> String {
    format!("UPDATE certificates SET {change} WHERE {only} AND {}", touched.condition())
}

impl Tx {
    /// Marks certificates as superseded, and says how many were not so before.
    pub async fn supersede_certificates(&mut self, touched: impl Into<Touched>) -> Result<usize, Error> {
        let touched = touched.into();
        let statement = update(touched, "superseded = TRUE", "superseded = FALSE");
        self.execute(TABLE, sql(statement).bind(touched.uuid())).await
    }

    /// Revokes what is not revoked yet, or only later than this, and says how many that were; what is on hold is revoked
    /// from the hold on. An earlier revocation stays as it is.
    pub async fn revoke_certificates(
        &mut self,
        touched: impl Into<Touched>,
        revocation: Revocation,
    ) -> Result<usize, Error> {
        let touched = touched.into();
        let statement = update(touched, "revocation_reason = $2", "revocation_reason = 6");
        let held = self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(revocation.reason)).await?;
        let change = "revoked_at = $2, revocation_reason = $3, hold_released = NULL";
        let statement = update(touched, change, "(revoked_at IS NULL OR revoked_at > $2)");
        let statement = sql(statement).bind(touched.uuid()).bind(revocation.at).bind(revocation.reason);
        let revoked = held + self.execute(TABLE, statement).await?;
        self.outdate_lists_after(revoked).await
    }

    /// Puts what is not revoked on hold, and says how many that were; a revocation that was put off takes effect now, for
    /// after a hold nobody would remember it.
    pub async fn hold_certificates(&mut self, touched: impl Into<Touched>, at: OffsetDateTime) -> Result<usize, Error> {
        let touched = touched.into();
        let statement = update(touched, "revoked_at = $2", "revoked_at > $2");
        let due = self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(at)).await?;
        let change = "revoked_at = $2, revocation_reason = 6, hold_released = NULL";
        let statement = update(touched, change, "revoked_at IS NULL");
        let held = due + self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(at)).await?;
        self.outdate_lists_after(held).await
    }

    /// Takes what is on hold off the lists, and says how many that were; other revocations are for good.
    pub async fn release_certificates(
        &mut self,
        touched: impl Into<Touched>,
        at: OffsetDateTime,
    ) -> Result<usize, Error> {
        let touched = touched.into();
        let change = "revoked_at = NULL, revocation_reason = NULL, hold_released = $2";
        let statement = update(touched, change, "revocation_reason = $3") + touched.not_suspended_elsewhere();
        let released = self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(at).bind(HOLD)).await?;
        self.outdate_lists_after(released).await
    }
}
