//! Opens sessions and counts them for each token: closing the last one logs out, which saves a call.

use cryptoki::context::Pkcs11;
use cryptoki::error::Error as Cryptoki;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the sessions that this process has open in one module.
pub(super) struct Sessions {
    /// False when other code in this process initialised the module: it may have sessions that are not counted here.
    alone: bool,
    open: Mutex<HashMap<Slot, usize>>,
}

/// Holds an open session; dropping it logs out and closes it.
pub(super) struct Open {
    session: Session,
    logged_in: bool,
    counted: Counted,
}

/// Counts one session down on drop. It is declared after the session, so that the session is closed first.
struct Counted {
    sessions: Arc<Sessions>,
    slot: Slot,
}

impl Sessions {
    /// Starts with no session open.
    pub fn new(alone: bool) -> Self {
        Self { alone, open: Mutex::default() }
    }

    /// Opens a session for reading and writing (C_OpenSession).
    pub fn open(self: &Arc<Self>, pkcs11: &Pkcs11, slot: Slot) -> Result<Open, Cryptoki> {
        let session = pkcs11.open_rw_session(slot)?;
        let mut open = self.lock();
        let count = open.entry(slot).or_default();
        *count = count.saturating_add(1);
        Ok(Open { session, logged_in: false, counted: Counted { sessions: self.clone(), slot } })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Slot, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Logs in, once (C_Login).
    pub fn log_in(&mut self, user: UserType, pin: &AuthPin) -> Result<(), Cryptoki> {
        self.session.login(user, Some(pin))?;
        self.logged_in = true;
        Ok(())
    }
}

impl Deref for Open {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Counted { sessions, slot } = &self.counted;
        // Closing the last session logs out (PKCS#11 v2.40 base, 5.6: C_CloseSession); closing any other does not.
        let last = sessions.alone && sessions.lock().get(slot).is_none_or(|count| *count <= 1);
        if self.logged_in
            && !last
            && let Err(error) = self.session.logout()
        {
            tracing::warn!(%error, "C_Logout failed");
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.sessions.lock();
        if let Some(count) = open.get_mut(&self.slot) {
            *count = count.saturating_sub(1);
        }
    }
}
