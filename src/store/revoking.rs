//! Supersedes, revokes, holds and releases certificates: those that were issued somewhere, or those whose keys a card
//! or profile holds, brought back ones included.

use super::certificates::TABLE;
use super::error::Error;
use super::link::sql;
use super::record::{CertificateScope, Holder, Reach, Revocation, Touched};
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

/// Names CRLReason keyCompromise (RFC 5280, 5.3.1).
const COMPROMISED: u8 = 1;
/// Names CRLReason certificateHold, likewise.
const HOLD: u8 = 6;

/// Finds, within a statement on certificates, the profiles that hold the certificate.
const HELD: &str = "SELECT 1 FROM profile_certificates h JOIN profiles p ON p.uuid = h.profile \
                    WHERE h.serial = certificates.serial";
const IN_USE: &str = "h.origin <> 'history'";
const LIVES: &str = "p.status IN ('new', 'active', 'suspended')";

/// Holds how statements spell a holder; `$1` is its uuid.
struct Spelt {
    /// The table that names its owner.
    table: &'static str,
    /// The profile is the holder, or is on it.
    is_it: &'static str,
    is_another: &'static str,
}

impl Holder {
    fn spelt(self) -> Spelt {
        match self {
            Self::Smartcard(_) => {
                Spelt { table: "smartcards", is_it: "p.smartcard = $1", is_another: "p.smartcard IS DISTINCT FROM $1" }
            }
            Self::Profile(_) => Spelt { table: "profiles", is_it: "p.uuid = $1", is_another: "p.uuid <> $1" },
        }
    }
}

impl Touched {
    /// Returns the condition on certificates; `$1` in it is [`Self::uuid`].
    fn condition(self) -> String {
        let (holder, reach) = match self {
            Self::Issued(CertificateScope::Request(_)) => return "request = $1".into(),
            Self::Issued(CertificateScope::Profile(_)) => return "profile = $1".into(),
            Self::Issued(CertificateScope::Smartcard(_)) => return "smartcard = $1".into(),
            Self::Issued(CertificateScope::User(_)) => return "owner = $1".into(),
            Self::Held(holder, reach) => (holder, reach),
        };
        let Spelt { table, is_it, is_another } = holder.spelt();
        let all = format!(
            "serial IN (SELECT h.serial FROM profile_certificates h JOIN profiles p ON p.uuid = h.profile WHERE {is_it})"
        );
        let own = format!("{all} AND owner = (SELECT assigned_user FROM {table} WHERE uuid = $1)");
        match reach {
            Reach::All => all,
            Reach::Own => own,
            Reach::Unshared => format!(
                "{own} AND EXISTS ({HELD} AND {IN_USE} AND {is_it}) \
                 AND NOT EXISTS ({HELD} AND {IN_USE} AND {LIVES} AND {is_another})"
            ),
        }
    }

    /// Returns the condition that keeps a certificate on hold while another card or profile that holds it is suspended.
    fn not_suspended_elsewhere(self) -> String {
        match self {
            Self::Issued(_) => String::new(),
            Self::Held(holder, _) => {
                let Spelt { is_another, .. } = holder.spelt();
                format!(" AND NOT EXISTS ({HELD} AND p.status = 'suspended' AND {is_another})")
            }
        }
    }

    fn uuid(self) -> Uuid {
        match self {
            Self::Issued(scope) => scope.uuid(),
            Self::Held(Holder::Smartcard(uuid) | Holder::Profile(uuid), _) => uuid,
        }
    }
}

/// Returns a statement that changes the certificates meant, if they also meet `only`.
fn update(touched: Touched, change: &str, only: &str) -> String {
    changed(&touched.condition(), change, only)
}

fn changed(meant: &str, change: &str, only: &str) -> String {
    format!("UPDATE certificates SET {change} WHERE {only} AND {meant}")
}

impl Tx {
    /// Marks certificates as superseded; returns how many were not superseded before.
    pub async fn supersede_certificates(&mut self, touched: impl Into<Touched>) -> Result<usize, Error> {
        let touched = touched.into();
        let statement = update(touched, "superseded = TRUE", "superseded = FALSE");
        self.execute(TABLE, sql(statement).bind(touched.uuid())).await
    }

    /// Revokes certificates that are not revoked, or only from a later time; returns how many. A certificate on hold is
    /// revoked from the time of the hold. An earlier revocation stays as it is. A key that is compromised takes every
    /// certificate for it along, whatever else holds it.
    pub async fn revoke_certificates(
        &mut self,
        touched: impl Into<Touched>,
        revocation: Revocation,
    ) -> Result<usize, Error> {
        let touched = touched.into();
        let mut meant = touched.condition();
        if revocation.reason == COMPROMISED {
            meant = format!("public_key_sha256 IN (SELECT public_key_sha256 FROM certificates WHERE {meant})");
        }
        let statement = changed(&meant, "revocation_reason = $2", "revocation_reason = 6");
        let held = self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(revocation.reason)).await?;
        let change = "revoked_at = $2, revocation_reason = $3, hold_released = NULL";
        let statement = changed(&meant, change, "(revoked_at IS NULL OR revoked_at > $2)");
        let statement = sql(statement).bind(touched.uuid()).bind(revocation.at).bind(revocation.reason);
        let revoked = held + self.execute(TABLE, statement).await?;
        self.outdate_lists_after(revoked).await
    }

    /// Puts certificates that are not revoked on hold; returns how many. A revocation that was put off takes effect
    /// now, as it would be forgotten after a hold.
    pub async fn hold_certificates(&mut self, touched: impl Into<Touched>, at: OffsetDateTime) -> Result<usize, Error> {
        let touched = touched.into();
        let statement = update(touched, "revoked_at = $2", "revoked_at > $2");
        let due = self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(at)).await?;
        let change = "revoked_at = $2, revocation_reason = 6, hold_released = NULL";
        let statement = update(touched, change, "revoked_at IS NULL");
        let held = due + self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(at)).await?;
        self.outdate_lists_after(held).await
    }

    /// Releases certificates that are on hold; returns how many. Other revocations are for good.
    pub async fn release_certificates(
        &mut self,
        touched: impl Into<Touched>,
        at: OffsetDateTime,
    ) -> Result<usize, Error> {
        let touched = touched.into();
        let change = "revoked_at = NULL, revocation_reason = NULL, hold_released = $2";
        let statement = update(touched, change, "revocation_reason = $3") + &touched.not_suspended_elsewhere();
        let released = self.execute(TABLE, sql(statement).bind(touched.uuid()).bind(at).bind(HOLD)).await?;
        self.outdate_lists_after(released).await
    }

    /// Puts a disabled user's certificates of these profile templates on hold; returns how many. Those that are on hold
    /// for another reason are left alone. A revocation that was put off takes effect now.
    pub async fn hold_certificates_of(
        &mut self,
        owner: Uuid,
        templates: &[Uuid],
        at: OffsetDateTime,
    ) -> Result<usize, Error> {
        let mut held = 0;
        for template in templates {
            let of_template = "owner = $1 AND profile IN (SELECT uuid FROM profiles WHERE profile_template = $2)";
            let due = format!("UPDATE certificates SET revoked_at = $3 WHERE revoked_at > $3 AND {of_template}");
            held += self.execute(TABLE, sql(due).bind(owner).bind(*template).bind(at)).await?;
            let hold = format!(
                "UPDATE certificates SET revoked_at = $3, revocation_reason = 6, hold_released = NULL, user_held = TRUE \
                 WHERE revoked_at IS NULL AND {of_template}"
            );
            held += self.execute(TABLE, sql(hold).bind(owner).bind(*template).bind(at)).await?;
        }
        self.outdate_lists_after(held).await
    }

    /// Releases what [`Self::hold_certificates_of`] has put on hold, unless a suspended card or profile holds it by
    /// now; returns how many.
    pub async fn release_certificates_of(&mut self, owner: Uuid, at: OffsetDateTime) -> Result<usize, Error> {
        let release = format!(
            "UPDATE certificates SET revoked_at = NULL, revocation_reason = NULL, hold_released = $2 \
             WHERE owner = $1 AND user_held = TRUE AND revocation_reason = 6 \
             AND NOT EXISTS ({HELD} AND p.status = 'suspended')"
        );
        let released = self.execute(TABLE, sql(release).bind(owner).bind(at)).await?;
        let unmark = "UPDATE certificates SET user_held = FALSE WHERE owner = $1 AND user_held = TRUE";
        self.execute(TABLE, sql(unmark).bind(owner)).await?;
        self.outdate_lists_after(released).await
    }
}
