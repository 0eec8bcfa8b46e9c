//! Loads each module once in a process, and finalises it when its last use ends.

use super::clock;
use super::error::Error;
use super::open::Sessions;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::slot::{Slot, TokenInfo};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Holds the modules in use, by canonical path: a second C_Initialize in one process is refused (PKCS#11 v2.40 base,
/// 5.4).
static LOADED: LazyLock<Mutex<HashMap<PathBuf, Loaded>>> = LazyLock::new(Mutex::default);

/// Holds a loaded module and the number of its leases.
struct Loaded {
    pkcs11: Pkcs11,
    users: usize,
    /// False when other code in this process had initialised the module: that code must finalise it then.
    ours: bool,
    shared: Shared,
}

/// Holds what all leases of a module share.
#[derive(Clone)]
pub(super) struct Shared {
    pub sessions: Arc<Sessions>,
    /// Held while a token is initialised: two threads would take the same blank one.
    pub initialising: Arc<Mutex<()>>,
}

/// Represents one use of a loaded module; dropping the last one finalises the module.
pub(super) struct Lease {
    pub path: PathBuf,
    pub pkcs11: Pkcs11,
    pub shared: Shared,
}

impl Lease {
    /// Loads the module at `path`, or shares it when this process has it already.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let path = path.canonicalize().map_err(|source| Error::Missing { path: path.into(), source })?;
        let mut loaded = loaded();
        if let Some(entry) = loaded.get_mut(&path) {
            entry.users = entry.users.saturating_add(1);
            let (pkcs11, shared) = (entry.pkcs11.clone(), entry.shared.clone());
            return Ok(Self { path, pkcs11, shared });
        }
        let pkcs11 = match Pkcs11::new(&path) {
            Ok(pkcs11) => pkcs11,
            Err(source) => return Err(Error::NotAModule { path, source: source.into() }),
        };
        let ours = match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) => true,
            Err(Cryptoki::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            Err(source) => {
                let wants_parameters = matches!(source, Cryptoki::Pkcs11(RvError::ArgumentsBad, _));
                return Err(Error::Initialise { path, wants_parameters, source: source.into() });
            }
        };
        let shared = Shared { sessions: Arc::new(Sessions::new(ours)), initialising: Arc::default() };
        let entry = Loaded { pkcs11: pkcs11.clone(), users: 1, ours, shared: shared.clone() };
        loaded.insert(path.clone(), entry);
        Ok(Self { path, pkcs11, shared })
    }
}

impl Lease {
    /// Reads CK_TOKEN_INFO, also where the token's time is in another form than the standard's.
    pub fn token_info(&self, slot: Slot) -> Result<TokenInfo, Cryptoki> {
        match self.pkcs11.get_token_info(slot) {
            // Nothing else in it is text with numbers.
            Err(Cryptoki::ParseInt(_)) => clock::token_info(&self.path, slot),
            answer => answer,
        }
    }
}

/// Locks the table of modules.
fn loaded() -> MutexGuard<'static, HashMap<PathBuf, Loaded>> {
    lock(&LOADED)
}

/// Locks a mutex, also one whose holder has panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut loaded = loaded();
        let Some(entry) = loaded.get_mut(&self.path) else { return };
        entry.users = entry.users.saturating_sub(1);
        if entry.users > 0 {
            return;
        }
        // Still under the lock: another thread must not load a module that is being finalised.
        if let Some(Loaded { pkcs11, ours: true, .. }) = loaded.remove(&self.path)
            && let Err(error) = pkcs11.finalize()
        {
            tracing::warn!(module = %self.path.display(), %error, "C_Finalize failed");
        }
    }
}
