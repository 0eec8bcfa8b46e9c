//! Reads the `Date` of a reply, by which clocks are compared.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Describes IMF-fixdate (RFC 9110, 5.6.7), the only form that is still written.
const IMF_FIXDATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Returns the time that a `Date` header tells; `None` where it tells none.
pub(super) fn read(header: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(header.trim(), IMF_FIXDATE).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_and_anything_else_is_none() {
        let at = time::macros::datetime!(1994-11-06 08:49:37 UTC);
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(at));
        for other in ["", "1994-11-06", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
