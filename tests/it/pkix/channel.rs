//! What a TLS channel is called after its server's certificate, hashed by OpenSSL.

use std::process::Command;

use cardwright::pkix::server_end_point;

use crate::support::directory;

#[test]
fn a_channel_is_called_after_the_hash_that_its_certificate_is_signed_with() {
    let directory = directory::temporary();
    let path = |file: &str| directory.path().join(file);
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).current_dir(directory.path()).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    let (rsa, ec, pss) = ("rsa:2048", "ec", "rsa-pss");
    // A weak hash, and a signature that has none of its own, are made up for by SHA-256 (RFC 5929, 4.1).
    for (key, signed, hashed) in [
        (rsa, "-sha1", "-sha256"),
        (rsa, "-sha256", "-sha256"),
        (rsa, "-sha384", "-sha384"),
        (rsa, "-sha512", "-sha512"),
        (ec, "-sha1", "-sha256"),
        (ec, "-sha256", "-sha256"),
        (ec, "-sha384", "-sha384"),
        (ec, "-sha512", "-sha512"),
        ("ed25519", "-sha256", "-sha256"),
        (pss, "-sha1", "-sha256"),
        (pss, "-sha256", "-sha256"),
        (pss, "-sha384", "-sha384"),
        (pss, "-sha512", "-sha512"),
    ] {
        let more: &[_] = match key {
            "ec" => &["-pkeyopt", "ec_paramgen_curve:P-256"],
            "rsa-pss" => &["-pkeyopt", "rsa_keygen_bits:2048"],
            _ => &[],
        };
        let make =
            ["req", "-x509", "-newkey", key, "-nodes", "-keyout", "key", "-out", "certificate", "-outform", "DER"];
        let named = ["-subj", "/CN=localhost", signed];
        openssl(&[&make[..], &named, more].concat());
        let hash = openssl(&["dgst", "-binary", hashed, "certificate"]);
        let named = server_end_point(&std::fs::read(path("certificate")).unwrap());
        assert_eq!(named, [b"tls-server-end-point:".as_slice(), &hash].concat(), "{key:?} {signed}");
    }
}

#[test]
fn what_is_no_certificate_gets_a_name_nevertheless() {
    for odd in [&b""[..], b"\x30", b"\x30\x80\x00\x00", b"\x30\x03\x02\x01\x01", &[0x30; 70_000]] {
        let (named, hash) = (server_end_point(odd), aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, odd));
        assert_eq!(named, [b"tls-server-end-point:".as_slice(), hash.as_ref()].concat());
    }
}
