//! Converts instants to the times of X.509.

use super::error::Error;
use ::time::OffsetDateTime;
use der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::time::Time;

/// Returns a UTCTime through 2049, a GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5).
pub(super) fn time(at: OffsetDateTime) -> Result<Time, Error> {
    let wrong = || Error::Time { at };
    let since = std::time::Duration::from_secs(u64::try_from(at.unix_timestamp()).map_err(|_| wrong())?);
    if at.to_offset(::time::UtcOffset::UTC).year() < 2050 {
        UtcTime::from_unix_duration(since).map(Time::UtcTime).map_err(|_| wrong())
    } else {
        GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime).map_err(|_| wrong())
    }
}
