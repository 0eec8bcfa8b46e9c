//! Modules in use: loaded once a process, finalised when the last use of one ends.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};

use super::error::Error;
use super::open::Sessions;

/// Modules in use, by canonical path: a second C_Initialize in one process is refused (PKCS#11 v2.40 base, 5.4).
static LOADED: LazyLock<Mutex<HashMap<PathBuf, Loaded>>> = LazyLock::new(Mutex::default);

struct Loaded {
    pkcs11: Pkcs11,
    users: usize,
    /// False when somebody else in this process had initialised it: then it is theirs to finalise.
    ours: bool,
    shared: Shared,
}

/// What all leases of a module share.
#[derive(Clone)]
pub(super) struct Shared {
    pub sessions: Arc<Sessions>,
    /// Held while a token is initialised: two threads would take the same blank one.
    pub initialising: Arc<Mutex<()>>,
}

/// One use of a loaded module.
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
            Err(source) => return Err(Error::Initialise { path, source: source.into() }),
        };
        let shared = Shared { sessions: Arc::new(Sessions::new(ours)), initialising: Arc::default() };
        let entry = Loaded { pkcs11: pkcs11.clone(), users: 1, ours, shared: shared.clone() };
        loaded.insert(path.clone(), entry);
        Ok(Self { path, pkcs11, shared })
    }
}

fn loaded() -> MutexGuard<'static, HashMap<PathBuf, Loaded>> {
    lock(&LOADED)
}

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
        // Still under the lock: a load on another thread must not meet a module half finalised.
        if let Some(Loaded { pkcs11, ours: true, .. }) = loaded.remove(&self.path)
            && let Err(error) = pkcs11.finalize()
        {
            tracing::warn!(module = %self.path.display(), %error, "C_Finalize failed");
        }
    }
}
