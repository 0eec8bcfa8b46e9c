//! Spelling: GUID text, base64 with CRLF, dates, the year 1, numbers in responses and names in requests.
