//! Decodes and encodes CMCStatusInfo and what may stand in it (RFC 5272, 6.1.1).

use super::status::{CmcStatus, FailInfo};
use crate::pkix::error::Error;
use der::{
    Any, Sequence, Tag, TagNumber, Tagged,
    asn1::{GeneralizedTime, OctetString},
};
use time::OffsetDateTime;

/// Limits the explanation that is kept, in characters.
const MAX_TEXT: usize = 1000;

/// Encodes CMCStatusInfo and CMCStatusInfoV2 (RFC 5272, 6.1.1): they differ in the body list and in tags of
/// `other_info`.
#[derive(Sequence)]
pub(super) struct StatusInfo {
    pub status: u32,
    pub body_list: Vec<Any>,
    #[asn1(optional = "true")]
    pub text: Option<String>,
    #[asn1(optional = "true")]
    pub other_info: Option<Any>,
}

/// Encodes a PendInfo (RFC 5272, 6.1.1).
#[derive(Sequence)]
pub(super) struct PendInfo {
    pub pend_token: OctetString,
    pub pend_time: Any,
}

/// Encodes an ExtendedFailInfo (RFC 5272, 6.1.4).
#[derive(Sequence)]
struct ExtendedFailInfo {
    oid: der::oid::ObjectIdentifier,
    value: Any,
}

const PEND_INFO_V2: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
const EXTENDED_FAIL_INFO: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(1) };

impl CmcStatus {
    /// Reads the value of a status control; an explanation is cut and loses its control characters.
    pub(super) fn read(value: &Any) -> Result<Self, Error> {
        let info: StatusInfo = value.decode_as().map_err(Error::malformed("CMC status"))?;
        let text = info.text.map(|text| text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect());
        Ok(match info.status {
            0 => Self::Success { text },
            2 => Self::Failed { reason: info.other_info.as_ref().map(FailInfo::read).transpose()?, text },
            3 => {
                let pending = info.other_info.as_ref().map(read_pending).transpose()?;
                let (pend_token, time) = pending.unwrap_or_default();
                Self::Pending { text, pend_token, time }
            }
            4 => Self::NoSupport { text },
            5 => Self::ConfirmRequired { text },
            6 => Self::PopRequired { text },
            7 => Self::Partial { text },
            code => Self::Unknown { code, text },
        })
    }
}

impl FailInfo {
    /// Reads a failInfo or an extendedFailInfo.
    fn read(info: &Any) -> Result<Self, Error> {
        let malformed = Error::malformed("CMC fail info");
        if info.tag() == EXTENDED_FAIL_INFO {
            let info = Any::new(Tag::Sequence, info.value()).map_err(&malformed)?;
            let info: ExtendedFailInfo = info.decode_as().map_err(&malformed)?;
            return Ok(Self::Extended(info.oid.to_string()));
        }
        let number: u32 = info.decode_as().map_err(&malformed)?;
        let standard = usize::try_from(number).ok().and_then(|at| Self::STANDARD.get(at));
        Ok(standard.cloned().unwrap_or(Self::Unknown(number)))
    }
}

/// Reads a pendInfo: the token of the pending request, and when to ask again where a time is given.
fn read_pending(info: &Any) -> Result<(Vec<u8>, Option<OffsetDateTime>), Error> {
    let malformed = Error::malformed("CMC pending info");
    // The ASN.1 module of RFC 5272 tags implicitly.
    let info = match info.tag() {
        PEND_INFO_V2 => Any::new(Tag::Sequence, info.value()).map_err(&malformed)?,
        _ => info.clone(),
    };
    let info: PendInfo = info.decode_as().map_err(&malformed)?;
    let time = info.pend_time.decode_as::<GeneralizedTime>().ok();
    let seconds = time.and_then(|time| i64::try_from(time.to_unix_duration().as_secs()).ok());
    let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    Ok((info.pend_token.as_bytes().to_vec(), time))
}
