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
    ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, InitializeSecurityContextW,
    SEC_CHANNEL_BINDINGS, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN, SECBUFFER_VERSION, SECPKG_CRED_OUTBOUND,
    SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc,
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
    /// What the exchange is bound to, as [`bindings`] lays it out.
    bindings: Option<Vec<u8>>,
}

impl Initiation {
    /// Begins an exchange with the HTTP service of `host`; returns the token to be sent. It is of use over the channel of this
    /// name alone, where one is given and the service looks.
    ///
    /// Asks a domain controller where Windows has no ticket for the service yet; Windows limits how long that takes.
    pub fn begin(host: &str, channel: Option<Vec<u8>>) -> Result<(Self, Vec<u8>), Error> {
        let (credential, service) = (Credential::own()?, wide(&format!("HTTP/{host}")));
        let bindings = channel.map(|channel| bindings(&channel)).transpose()?;
        let mut new = Self { context: None, credential, service, bindings };
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
        let token = input.map(|token| lent(token, SECBUFFER_TOKEN)).transpose()?;
        let bindings = self.bindings.as_ref().map(|bytes| lent(bytes, SECBUFFER_CHANNEL_BINDINGS)).transpose()?;
        let mut given: Vec<_> = token.into_iter().chain(bindings).collect();
        let given = (!given.is_empty()).then(|| described(&mut given));
        let mut token = SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_TOKEN, pvBuffer: null_mut() };
        let mut taken = described(std::slice::from_mut(&mut token));
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

/// Lends bytes of a kind to a call that only reads them; they must outlive the call.
fn lent(bytes: &[u8], kind: u32) -> Result<SecBuffer, Error> {
    let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= LONGEST).ok_or(Error::Unfinished)?;
    Ok(SecBuffer { cbBuffer: length, BufferType: kind, pvBuffer: bytes.as_ptr().cast_mut().cast() })
}

/// Describes the two buffers that there are at most; they must outlive what describes them.
fn described(buffers: &mut [SecBuffer]) -> SecBufferDesc {
    SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: buffers.len() as u32, pBuffers: buffers.as_mut_ptr() }
}

/// Lays out a SEC_CHANNEL_BINDINGS without addresses, with the channel's name behind it.
fn bindings(channel: &[u8]) -> Result<Vec<u8>, Error> {
    let header = size_of::<SEC_CHANNEL_BINDINGS>();
    let length = u32::try_from(channel.len()).map_err(|_| Error::Unfinished)?;
    let [initiator, acceptor] = [[0; 3]; 2];
    let fields = [initiator, acceptor].concat().into_iter().chain([length, header as u32]);
    Ok(fields.flat_map(u32::to_ne_bytes).chain(channel.iter().copied()).collect())
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

    #[test]
    fn a_channel_is_described_as_windows_reads_it() {
        let laid_out = bindings(b"tls-server-end-point:abc").unwrap();
        assert_eq!(laid_out.len(), 32 + 24);
        assert_eq!((laid_out[..24].iter().all(|byte| *byte == 0), laid_out[24], laid_out[28]), (true, 24, 32));
        assert!(laid_out.ends_with(b"tls-server-end-point:abc"));
    }

    /// Whoever runs this is logged on to no domain, or none has a service of this name: nobody is sent anything.
    #[test]
    fn a_service_that_is_nowhere_gets_no_token() {
        let refused = Initiation::begin("nowhere.invalid", None).err().unwrap();
        assert_ne!(refused.to_string(), "");
    }
}
