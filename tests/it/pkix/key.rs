use super::*;
use KeyAlgorithm::*;
use cardwright::pkix::{KeyKind, KeyUsage};

#[test]
fn keys_of_every_kind_are_read_and_verify_what_openssl_signed() {
    for kind in KeyAlgorithm::ALL {
        let mut signer = OpensslKey::new(kind, SignatureAlgorithm::default_for(kind));
        for hash in ["sha1", "SHA-256", "sha384", "Sha512"] {
            let algorithm = SignatureAlgorithm::for_hash(kind, hash).unwrap();
            if kind == P384 && hash == "sha1" {
                continue;
            }
            signer.algorithm = algorithm;
            assert_eq!(signer.public.algorithm(), Some(kind));
            let signature = signer.sign(b"a message").unwrap();
            signer.public.verify(algorithm, b"a message", &signature).unwrap();
            refused!(signer.public.verify(algorithm, b"another", &signature), Error::BadSignature { .. });
            let again = SignatureAlgorithm::from_der(&algorithm.to_der().unwrap()).unwrap();
            assert_eq!(again, algorithm);
        }
    }
}

#[test]
fn defaults_never_choose_sha1() {
    for kind in KeyAlgorithm::ALL {
        let default = SignatureAlgorithm::default_for(kind);
        assert_ne!(default.hash_name(), "SHA1");
        assert!(default.goes_with(kind.kind()));
        assert_eq!(kind.name().parse::<KeyAlgorithm>().unwrap(), kind);
    }
    assert_eq!("RSA4096".parse::<KeyAlgorithm>().unwrap(), Rsa4096);
    refused!("rsa-1024".parse::<KeyAlgorithm>(), Error::UnknownKeyName { .. });
    refused!(SignatureAlgorithm::for_hash(Rsa2048, "MD5"), Error::UnknownHash { name } if name == "MD5");
    refused!("signing".parse::<KeyUsage>(), Error::UnknownKeyUsage { .. });
}

#[test]
fn the_parts_that_tokens_give_make_the_same_key() {
    let key = MemoryKey::generate(P256).unwrap();
    let point = key.public_key().subject_public_key();
    let wrapped = [&[4, 65], point].concat();
    assert_eq!(&PublicKey::from_ec_point(P256, point).unwrap(), key.public_key());
    assert_eq!(&PublicKey::from_ec_point(P256, &wrapped).unwrap(), key.public_key());
    refused!(PublicKey::from_ec_point(P384, point), Error::Malformed { .. } | Error::InvalidKey { .. });
    refused!(PublicKey::from_ec_point(Rsa2048, point), Error::InvalidKey { .. });
    let mut off_curve = point.to_vec();
    off_curve[64] ^= 1;
    refused!(PublicKey::from_ec_point(P256, &off_curve), Error::InvalidKey { kind: KeyKind::P256 });

    let sample = CertificationRequest::read(&sample_request()).unwrap();
    // RSAPublicKey: SEQUENCE, INTEGER with sign octet and 256 bytes, INTEGER 65537.
    let rsa = sample.public_key().subject_public_key();
    let (signed, unsigned) = (&rsa[8..265], &rsa[9..265]);
    assert_eq!(&PublicKey::from_rsa(signed, &[0, 1, 0, 1]).unwrap(), sample.public_key());
    assert_eq!(&PublicKey::from_rsa(unsigned, &[1, 0, 1]).unwrap(), sample.public_key());
    refused!(PublicKey::from_rsa(unsigned, &[1]), Error::RsaExponent);
    refused!(PublicKey::from_rsa(unsigned, &[1, 0, 0]), Error::RsaExponent);
    refused!(PublicKey::from_rsa(unsigned, &[1, 0, 0, 0, 1]), Error::RsaExponent);
    refused!(PublicKey::from_rsa(&unsigned[..64], &[1, 0, 1]), Error::RsaSize { bits: 512 });
    refused!(PublicKey::from_rsa(&[0xff; 2000], &[1, 0, 1]), Error::RsaSize { bits: 16000 });
    refused!(PublicKey::from_rsa(&[], &[1, 0, 1]), Error::RsaSize { bits: 0 } | Error::Malformed { .. });
    assert_eq!(hex::encode(sample.public_key().sha256()).get(..8), Some("a0d475da"));
}

#[test]
fn keys_of_other_kinds_and_loose_encodings_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let spki = |options: &[&str]| {
        openssl(dir.path(), &[&["genpkey", "-out", "key.pem", "-algorithm"], options].concat());
        openssl(dir.path(), &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "spki"]);
        std::fs::read(dir.path().join("spki")).unwrap()
    };
    refused!(PublicKey::from_spki(&spki(&["ED25519"])), Error::UnknownKeyAlgorithm { oid } if oid == "1.3.101.112");
    let p521 = spki(&["EC", "-pkeyopt", "ec_paramgen_curve:P-521"]);
    refused!(PublicKey::from_spki(&p521), Error::UnknownKeyAlgorithm { oid } if oid == "1.3.132.0.35");
    let explicit = spki(&["EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]);
    refused!(PublicKey::from_spki(&explicit), Error::Malformed { .. });
    let small = PublicKey::from_spki(&spki(&["RSA", "-pkeyopt", "rsa_keygen_bits:1024"])).unwrap();
    assert_eq!((small.kind(), small.algorithm()), (KeyKind::Rsa { bits: 1024 }, None));
    let tiny = spki(&["RSA", "-pkeyopt", "rsa_keygen_bits:512"]);
    refused!(PublicKey::from_spki(&tiny), Error::RsaSize { bits: 512 });
    let good = MemoryKey::generate(P384).unwrap();
    refused!(PublicKey::from_spki(&[good.public_key().spki(), &[0]].concat()), Error::Malformed { .. });
    refused!(PublicKey::from_spki(&vec![0x30; 5000]), Error::TooLarge { .. });
}

#[test]
fn key_identifiers_are_those_openssl_computes() {
    for kind in [Rsa2048, P256, P384] {
        let authority = Authority::new(kind);
        let id = authority.certificate.subject_key_id().unwrap().unwrap();
        assert_eq!(id, authority.key.public_key().key_identifier());
    }
}

#[test]
fn keys_in_memory_come_back_from_pkcs8_and_refuse_what_they_cannot_sign() {
    for kind in [Rsa2048, P256, P384] {
        let key = MemoryKey::generate(kind).unwrap();
        let again = MemoryKey::from_pkcs8(key.expose_pkcs8()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        let signature = again.sign(b"a message").unwrap();
        key.public_key().verify(key.algorithm(), b"a message", &signature).unwrap();
        let sha1 = SignatureAlgorithm::for_hash(kind, "SHA1").unwrap();
        refused!(again.with_algorithm(sha1), Error::AlgorithmMismatch { .. });
    }
    refused!(MemoryKey::from_pkcs8(b"not a key"), Error::PrivateKey);
    fn shared<T: Send + Sync>() {}
    shared::<MemoryKey>();
}
