//! Reads CK_TOKEN_INFO (PKCS#11 v2.40 base, 3.2) of a token whose clock tells its time in a form of its own.
//!
//! openCryptoki 3.8 writes the time of day into utcTime, and `cryptoki` then returns nothing of the token. It has no
//! call that leaves the time out, so this one file makes the call itself, and takes the clock from what it hands on.

#![allow(unsafe_code)]

use cryptoki::context::Function;
use cryptoki::error::{Error as Cryptoki, Rv};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki_sys::{CK_FUNCTION_LIST, CK_TOKEN_INFO, CKF_CLOCK_ON_TOKEN, Pkcs11 as Functions};
use std::path::Path;

/// Reads the token in `slot` without its time. The module at `path` must be loaded and initialised, and stay so
/// meanwhile.
pub(super) fn token_info(path: &Path, slot: Slot) -> Result<TokenInfo, Cryptoki> {
    let mut info = CK_TOKEN_INFO::default();
    let mut list: *mut CK_FUNCTION_LIST = std::ptr::null_mut();
    // SAFETY: the module is loaded already, so that loading it again runs none of its code and gives the same functions;
    // the types are those of the standard's header. `list` and `info` are ours, of the type that each call writes, and
    // outlive it; the list that the module hands out is read while the module is loaded, and only if it is there.
    let answer = unsafe {
        let functions = Functions::new(path).map_err(Cryptoki::LibraryLoading)?;
        let get_list =
            functions.C_GetFunctionList.as_ref().map_err(|_| Cryptoki::MissingSymbol("C_GetFunctionList"))?;
        Rv::from(get_list(&mut list)).into_result(Function::GetFunctionList)?;
        let get_info = list.as_ref().and_then(|list| list.C_GetTokenInfo).ok_or(Cryptoki::NullFunctionPointer)?;
        get_info(slot.into(), &mut info)
    };
    Rv::from(answer).into_result(Function::GetTokenInfo)?;
    info.flags &= !CKF_CLOCK_ON_TOKEN;
    TokenInfo::try_from(info)
}
