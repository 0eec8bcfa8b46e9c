//! Presents tickets on Windows: the side of whoever is logged on, through SSPI, whose tokens are GSSAPI's (RFC 4121).
//!
//! It asks for the package Kerberos by name. That of Negotiate would fall back on NTLM; a service that takes SPNEGO takes
//! Kerberos' own token in its place, as those of Windows and MIT's library do.

use super::error::{Error, Reason};
use crate::platform::text::wide;
use std::io;
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{
    SEC_E_CONTEXT_EXPIRED, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_CREDENTIALS, SEC_E_NO_KERB_KEY, SEC_E_OK,
    SEC_E_TARGET_UNKNOWN, SEC_E_TIME_SKEW, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_WRONG_PRINCIPAL, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, DeleteSecurityContext, FreeContextBuffer, FreeCredentialsHandle,
    ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, InitializeSecurityContextW, SECBUFFER_TOKEN,
    SECBUFFER_VERSION, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc,
};
use windows_sys::Win32::Security::Credentials::SecHandle;

/// Names the package.
const KERBEROS: &str = "Kerberos";
/// Is the longest token that is taken from a service, in bytes.
const LONGEST: usize = 64 * 1024;

/// Holds an exchange with a service that has not proven itself yet.
pub struct Initiation {
    /// `None` before the first step. Before the credential, by which it was made.
    context: Option<Context>,
    credential: Credential,
    /// The service's principal, in UTF-16 with NUL behind it.
    service: Vec<u16>,
}

impl Initiation {
    /// Begins an exchange with the HTTP service of `host`; returns the token to be sent.
    ///
    /// Asks a domain controller where Windows has no ticket for the service yet; Windows limits how long that takes.
    pub fn begin(host: &str) -> Result<(Self, Vec<u8>), Error> {
        let mut new = Self { context: None, credential: Credential::own()?, service: wide(&format!("HTTP/{host}")) };
        let (token, _) = new.step(None)?;
        Ok((new, token))
    }

    /// Checks the service's token; one that does not prove the service is an error.
    pub fn finish(mut self, token: &[u8]) -> Result<(), Error> {
        match self.step(Some(token))? {
            (_, Some(flags)) if flags & ISC_RET_MUTUAL_AUTH != 0 => Ok(()),
            _ => Err(Error::Unfinished),
        }
    }

    /// Returns the next token to send, and the agreed flags once the exchange is over.
    fn step(&mut self, input: Option<&[u8]>) -> Result<(Vec<u8>, Option<u32>), Error> {
        let mut given = input.map(lent).transpose()?;
        let given = given.as_mut().map(described);
        let mut token = SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_TOKEN, pvBuffer: null_mut() };
        let mut taken = described(&mut token);
        let mut next = SecHandle::default();
        let (mut flags, mut ends) = (0, 0);
        let before = self.context.as_ref().map(|context| context.0);
        // SAFETY: every pointer lives through the call; the system writes through neither the service's name nor the input, and
        // allocates the output. A context that goes on keeps its handle.
        let status = unsafe {
            InitializeSecurityContextW(
                &self.credential.0,
                before.as_ref().map_or(null(), |handle| handle),
                self.service.as_ptr(),
                ISC_REQ_MUTUAL_AUTH | ISC_REQ_ALLOCATE_MEMORY,
                0,
                SECURITY_NATIVE_DREP,
                given.as_ref().map_or(null(), |given| given),
                0,
                &mut next,
                &mut taken,
                &mut flags,
                &mut ends,
            )
        };
        let token = Allocated(token);
        if ![SEC_E_OK, SEC_I_CONTINUE_NEEDED].contains(&status) {
            return Err(refusal(status));
        }
        if self.context.is_none() {
            self.context = Some(Context(next));
        }
        Ok((token.bytes().to_vec(), (status == SEC_E_OK).then_some(flags)))
    }
}

/// Owns the credential of who is logged on.
struct Credential(SecHandle);

impl Credential {
    fn own() -> Result<Self, Error> {
        let package = wide(KERBEROS);
        let (mut made, mut ends) = (SecHandle::default(), 0);
        // SAFETY: the package's name ends with NUL; NULL stands for who is logged on, and for what is not given; one handle and
        // one time are written.
        let status = unsafe {
            AcquireCredentialsHandleW(
                null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                null(),
                null(),
                None,
                null(),
                &mut made,
                &mut ends,
            )
        };
        if status == SEC_E_OK { Ok(Self(made)) } else { Err(refusal(status)) }
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // SAFETY: the system has made the handle, and it is freed once.
        unsafe { FreeCredentialsHandle(&self.0) };
    }
}

/// Owns a security context.
struct Context(SecHandle);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the system has made the handle, and it is deleted once.
        unsafe { DeleteSecurityContext(&self.0) };
    }
}

/// Owns a buffer that the system has allocated, or none.
struct Allocated(SecBuffer);

impl Allocated {
    fn bytes(&self) -> &[u8] {
        if self.0.pvBuffer.is_null() {
            return &[];
        }
        // SAFETY: the system has filled so many bytes there, and nobody else holds them until they are freed.
        unsafe { std::slice::from_raw_parts(self.0.pvBuffer.cast(), self.0.cbBuffer as usize) }
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        if !self.0.pvBuffer.is_null() {
            // SAFETY: the system has allocated it, and it is freed once.
            unsafe { FreeContextBuffer(self.0.pvBuffer) };
        }
    }
}

/// Lends a token to a call that only reads it; it must outlive the call.
fn lent(token: &[u8]) -> Result<SecBuffer, Error> {
    let length = u32::try_from(token.len()).ok().filter(|_| token.len() <= LONGEST).ok_or(Error::Unfinished)?;
    Ok(SecBuffer { cbBuffer: length, BufferType: SECBUFFER_TOKEN, pvBuffer: token.as_ptr().cast_mut().cast() })
}

/// Describes one buffer; it must outlive what describes it.
fn described(buffer: &mut SecBuffer) -> SecBufferDesc {
    SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: buffer }
}

/// Makes an error of a status that is no success, with what Windows says of it.
fn refusal(status: i32) -> Error {
    let reason = match status {
        SEC_E_NO_CREDENTIALS | SEC_E_UNKNOWN_CREDENTIALS | SEC_E_NO_KERB_KEY => Reason::NoTicket,
        SEC_E_CONTEXT_EXPIRED => Reason::Expired,
        SEC_E_TIME_SKEW => Reason::ClockSkew,
        SEC_E_TARGET_UNKNOWN | SEC_E_WRONG_PRINCIPAL => Reason::ServerUnknown,
        SEC_E_NO_AUTHENTICATING_AUTHORITY => Reason::KdcAway,
        _ => Reason::Other,
    };
    let told = io::Error::from_raw_os_error(status);
    Error::Refused { reason, text: format!("SSPI answers {:#010X}: {told}", status.cast_unsigned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_says_has_a_cause() {
        let reasons = [
            (SEC_E_NO_CREDENTIALS, Reason::NoTicket),
            (SEC_E_TIME_SKEW, Reason::ClockSkew),
            (SEC_E_TARGET_UNKNOWN, Reason::ServerUnknown),
            (SEC_E_NO_AUTHENTICATING_AUTHORITY, Reason::KdcAway),
        ];
        for (status, reason) in reasons {
            assert_eq!(refusal(status).reason(), reason, "{status:#x}");
        }
    }

    /// Whoever runs this is logged on to no domain, or none has a service of this name: nobody is sent anything.
    #[test]
    fn a_service_that_is_nowhere_gets_no_token() {
        let refused = Initiation::begin("nowhere.invalid").err().unwrap();
        assert_ne!(refused.to_string(), "");
    }
}
