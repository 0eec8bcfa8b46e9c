//! The certificate data object (SP 800-73-4 part 1, table 10): 70 certificate, 71 CertInfo, FE.

use super::error::{Error, malformed};
use super::objects::one;
use crate::iso7816::tlv::{TlvError, read_all, write};
use crate::token;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

/// Limits what is unpacked, in bytes; cards hold a few thousand.
const LONGEST: usize = 16 * 1024;

/// Says how much a card takes in one certificate object, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// A limit for the certificate's field: the standard promises 1856 (SP 800-73-4 part 1, table 10).
    Standard,
    /// A limit for the whole object: 3052 on YubiKeys.
    Whole(usize),
}

impl Container {
    pub const YUBIKEY: Self = Self::Whole(3052);

    const STANDARD: usize = 1856;
    /// Counts the bytes around a certificate: tag and length of a long one (4), CertInfo (3) and the empty error
    /// detection code (2).
    const WRAPPING: usize = 9;

    /// Returns the longest certificate in bytes, without compression.
    pub fn largest_certificate(self) -> usize {
        match self {
            Self::Standard => Self::STANDARD,
            Self::Whole(length) => length.saturating_sub(Self::WRAPPING),
        }
    }
}

/// Says in CertInfo that the certificate is compressed with gzip.
const GZIP: u8 = 0x01;

/// Returns the certificate (DER) in the object's content; `None` if there is none.
pub(super) fn read(content: &[u8]) -> Result<Option<Vec<u8>>, token::Error> {
    const COMMAND: &str = super::command::GET_DATA;
    let fields = |content| -> Result<_, TlvError> {
        let objects = read_all(content)?;
        let certificate = one(&objects, 0x70)?.ok_or(TlvError::Missing { wanted: 0x70 })?;
        Ok((certificate, one(&objects, 0x71)?.unwrap_or(&[0x00])))
    };
    match fields(content).map_err(malformed(COMMAND))? {
        ([], _) => Ok(None),
        (certificate, [0x00]) => Ok(Some(certificate.to_vec())),
        (compressed, [GZIP]) => unpack(compressed).map(Some),
        (_, [info]) => Err(Error::CertificateInfo { info: *info }.at(COMMAND)),
        (_, info) => Err(malformed(COMMAND)(TlvError::ValueLength { tag: 0x71, length: info.len() })),
    }
}

/// Returns the object's content for `certificate`, compressed only if it does not fit otherwise.
pub(super) fn write_object(certificate: &[u8], container: Container) -> Result<Vec<u8>, token::Error> {
    let largest = container.largest_certificate();
    if certificate.len() <= largest {
        return Ok(plain(certificate));
    }
    let packed = pack(certificate);
    if packed.len() > largest {
        return Err(token::Error::CertificateTooLarge { length: packed.len(), largest });
    }
    Ok(object(&packed, GZIP))
}

/// Returns the object's content for a certificate that is not compressed.
pub(super) fn plain(certificate: &[u8]) -> Vec<u8> {
    object(certificate, 0x00)
}

fn object(certificate: &[u8], info: u8) -> Vec<u8> {
    [write(0x70, certificate), write(0x71, &[info]), write(0xFE, &[])].concat()
}

fn pack(certificate: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail; the caller judges the result by its length.
    let _ = packer.write_all(certificate);
    packer.finish().unwrap_or_default()
}

fn unpack(mut compressed: &[u8]) -> Result<Vec<u8>, token::Error> {
    let refused = || Error::Compression { limit: LONGEST }.at(super::command::GET_DATA);
    let mut certificate = Vec::new();
    let limit = LONGEST as u64 + 1;
    GzDecoder::new(&mut compressed).take(limit).read_to_end(&mut certificate).map_err(|_| refused())?;
    if certificate.len() > LONGEST || !compressed.is_empty() {
        return Err(refused());
    }
    Ok(certificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_go_in_and_come_out() {
        let small = vec![0x30; 1856];
        let object = write_object(&small, Container::Standard).unwrap();
        assert_eq!(object.len(), small.len() + Container::WRAPPING);
        assert_eq!(object[object.len() - 5..], [0x71, 0x01, 0x00, 0xFE, 0x00]);
        assert_eq!(read(&object).unwrap(), Some(small));

        let large = vec![0x30; 1857];
        let object = write_object(&large, Container::Standard).unwrap();
        assert_eq!(object[object.len() - 5..], [0x71, 0x01, 0x01, 0xFE, 0x00]);
        assert_eq!(read(&object).unwrap(), Some(large.clone()));
        assert_eq!(write_object(&large, Container::YUBIKEY).unwrap(), plain(&large));

        let random: Vec<u8> = (0..300u16).flat_map(|_| super::super::objects::random::<8>().unwrap()).collect();
        let refused = write_object(&random, Container::Standard);
        assert!(matches!(refused, Err(token::Error::CertificateTooLarge { largest: 1856, .. })));
    }

    #[test]
    fn strange_objects_are_refused() {
        let device = |content: &[u8]| matches!(read(content), Err(token::Error::Device { .. }));
        assert_eq!(read(&plain(&[])).unwrap(), None);
        assert_eq!(read(&write(0x70, b"x")).unwrap(), Some(b"x".to_vec()));
        assert!(device(&write(0x71, &[0])));
        assert!(device(&object(b"x", 0x02)));
        assert!(device(&object(b"no gzip", GZIP)));
        assert!(device(&[plain(b"x"), plain(b"y")].concat()));
        assert!(device(&object(&pack(&vec![0; LONGEST + 1]), GZIP)));
        assert!(read(&object(&pack(&vec![0; LONGEST]), GZIP)).is_ok());
        assert!(device(&object(&[pack(b"x"), vec![0]].concat(), GZIP)));
        let cut = pack(&[7; 1000]);
        assert!(device(&object(&cut[..cut.len() - 1], GZIP)));
    }
}
