//! The certificate data object (SP 800-73-4 part 1, table 10): 70 certificate, 71 CertInfo, FE.

use crate::iso7816::lenient;
use crate::iso7816::tlv::write;
use crate::token::{self, Oddity, StoredCertificate};
use flate2::Compression;
use flate2::bufread::{GzDecoder, ZlibDecoder};
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

/// Lists the bits of CertInfo by which compression is told: 0x01 in practice, 0x80 as the standard numbers its bits.
const TELLS_GZIP: u8 = 0x81;

/// Returns what the object's content holds; `None` if it says that it holds no certificate.
pub(super) fn read(content: &[u8]) -> Option<StoredCertificate> {
    let objects = lenient::read(content);
    let Some(stored) = objects.first(0x70).or(objects.cut(0x70)) else {
        let bare = StoredCertificate::of(content);
        let lost = if objects.flaw().is_some() { Oddity::CutOff } else { Oddity::NoValue };
        return Some(if bare.der.is_some() { bare } else { StoredCertificate::odd(lost) });
    };
    let whole = objects.cut(0x70).is_none();
    match stored {
        [] if whole => None,
        // This is what an interrupted `reserve` leaves.
        [0, ..] if stored.iter().all(|byte| *byte == 0) => Some(StoredCertificate::odd(Oddity::Reserved)),
        _ => {
            let told = objects.first(0x71).and_then(<[u8]>::first).is_some_and(|info| info & TELLS_GZIP != 0);
            let found = unpacked(stored, told);
            let broken = found.der.is_none() && !whole;
            Some(if broken { StoredCertificate::odd(Oddity::CutOff) } else { found })
        }
    }
}

/// Unpacks what is compressed, which its first bytes tell better than CertInfo does.
fn unpacked(stored: &[u8], told: bool) -> StoredCertificate {
    let unpacked = match stored {
        [0x1F, 0x8B, ..] => unpack(|packed| Box::new(GzDecoder::new(packed)), stored),
        // Some write zlib's form (RFC 1950) instead, or that behind four bytes of their own.
        [0x01, 0x00, _, _, packed @ ..] if told => unpack(|packed| Box::new(ZlibDecoder::new(packed)), packed),
        [0x78, ..] if told => unpack(|packed| Box::new(ZlibDecoder::new(packed)), stored),
        _ => return StoredCertificate::of(stored).but(told.then_some(Oddity::CompressionMistold)),
    };
    match unpacked {
        Some((certificate, rest)) => {
            let certificate = StoredCertificate::of(&certificate);
            certificate
                .but((!told).then_some(Oddity::CompressionMistold))
                .but((rest > 0).then_some(Oddity::BytesAfterEnd))
        }
        None => StoredCertificate::odd(Oddity::BrokenCompression),
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

/// Returns what was packed, at most [`LONGEST`] bytes, and how many bytes follow; `None` if it is broken or longer.
fn unpack(
    decoder: impl for<'p, 'b> FnOnce(&'p mut &'b [u8]) -> Box<dyn Read + 'p>,
    mut packed: &[u8],
) -> Option<(Vec<u8>, usize)> {
    let mut certificate = Vec::new();
    decoder(&mut packed).take(LONGEST as u64 + 1).read_to_end(&mut certificate).ok()?;
    (certificate.len() <= LONGEST).then_some((certificate, packed.len()))
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
        assert_eq!(unpacked(&small, false).der, None, "it is no certificate");

        let large = vec![0x30; 1857];
        let object = write_object(&large, Container::Standard).unwrap();
        assert_eq!(object[object.len() - 5..], [0x71, 0x01, 0x01, 0xFE, 0x00]);
        assert_eq!(write_object(&large, Container::YUBIKEY).unwrap(), plain(&large));

        let random: Vec<u8> = (0..300u16).flat_map(|_| super::super::objects::random::<8>().unwrap()).collect();
        let refused = write_object(&random, Container::Standard);
        assert!(matches!(refused, Err(token::Error::CertificateTooLarge { largest: 1856, .. })));
    }

    /// A certificate, DER.
    fn certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::default().self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn odd_objects_are_read_as_far_as_they_can_be() {
        let (one, none) = (certificate(), None::<Oddity>);
        let zlib = |bytes: &[u8]| {
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        };
        let behind = [one.clone(), vec![0; 9]].concat();
        let long = [&[0x00, 0xFF, 0x70, 0x83, 0x00], &(one.len() as u16).to_be_bytes()[..], &one, &[0x71, 0x81, 1, 0]]
            .concat();
        for (content, odd) in [
            (plain(&one), none),
            (write(0x70, &one), none),
            (object(&pack(&one), 0x01), none),
            (object(&pack(&one), 0x80), none),
            (object(&pack(&one), 0x00), Some(Oddity::CompressionMistold)),
            (object(&one, 0x01), Some(Oddity::CompressionMistold)),
            (object(&one, 0x02), none),
            (object(&zlib(&one), 0x01), none),
            (object(&[vec![1, 0, 0, 9], zlib(&one)].concat(), 0x01), none),
            (object(&behind, 0x00), Some(Oddity::BytesAfterEnd)),
            (object(&[pack(&one), vec![0]].concat(), 0x01), Some(Oddity::BytesAfterEnd)),
            ([plain(&one), plain(b"y"), vec![0x80; 9]].concat(), none),
            (long, none),
            (one.clone(), none),
        ] {
            let found = read(&content).unwrap();
            assert_eq!((found.der.as_ref(), found.odd), (Some(&one), odd), "{}", hex::encode(&content[..12]));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let one = certificate();
        assert_eq!(read(&plain(&[])), None);
        let packed = pack(&one);
        for (content, odd) in [
            (plain(b"x"), Oddity::NotACertificate),
            (plain(&[0xAA; 60]), Oddity::NotACertificate),
            (plain(&one[..one.len() - 1]), Oddity::CutOff),
            (write(0x71, &[0]), Oddity::NoValue),
            (plain(&one)[..100].to_vec(), Oddity::CutOff),
            (object(&packed, 0x01)[..100].to_vec(), Oddity::CutOff),
            (object(b"no gzip", 0x01), Oddity::NotACertificate),
            (object(&packed[..packed.len() - 1], 0x01), Oddity::BrokenCompression),
            (object(&pack(&vec![0; LONGEST + 1]), 0x01), Oddity::BrokenCompression),
            (plain(&[0; 300]), Oddity::Reserved),
            (vec![0xAA; 50], Oddity::CutOff),
        ] {
            let found = read(&content).unwrap();
            let shown = hex::encode(&content[..content.len().min(12)]);
            assert_eq!((found.der, found.odd), (None, Some(odd)), "{shown}");
        }
    }
}
