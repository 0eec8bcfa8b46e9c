//! Lists object identifiers under the names their standards give them.

use der::asn1::ObjectIdentifier as Oid;

pub(super) const RSA_ENCRYPTION: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const SHA1_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.5");
pub(super) const SHA256_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.11");
pub(super) const SHA384_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.12");
pub(super) const SHA512_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.13");
pub(super) const EC_PUBLIC_KEY: Oid = Oid::new_unwrap("1.2.840.10045.2.1");
pub(super) const SECP256R1: Oid = Oid::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const SECP384R1: Oid = Oid::new_unwrap("1.3.132.0.34");
pub(super) const ECDSA_WITH_SHA1: Oid = Oid::new_unwrap("1.2.840.10045.4.1");
pub(super) const ECDSA_WITH_SHA256: Oid = Oid::new_unwrap("1.2.840.10045.4.3.2");
pub(super) const ECDSA_WITH_SHA384: Oid = Oid::new_unwrap("1.2.840.10045.4.3.3");
pub(super) const ECDSA_WITH_SHA512: Oid = Oid::new_unwrap("1.2.840.10045.4.3.4");
pub(super) const SHA1: Oid = Oid::new_unwrap("1.3.14.3.2.26");
pub(super) const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(super) const SHA384: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(super) const SHA512: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.3");

pub(super) const EXTENSION_REQUEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.14");
pub(super) const SUBJECT_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.14");
pub(super) const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
pub(super) const SUBJECT_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.17");
pub(super) const BASIC_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.19");
pub(super) const AUTHORITY_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.35");
pub(super) const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
pub(super) const CRL_DISTRIBUTION_POINTS: Oid = Oid::new_unwrap("2.5.29.31");
pub(super) const AUTHORITY_INFO_ACCESS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.1.1");
/// Holds id-ad-ocsp and id-ad-caIssuers.
pub(super) const OCSP: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1");
pub(super) const CA_ISSUERS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.2");
/// Holds id-pkix-ocsp-basic.
pub(super) const OCSP_BASIC: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// Holds id-pkinit-san.
pub(super) const PKINIT_SAN: Oid = Oid::new_unwrap("1.3.6.1.5.2.2");
/// Holds szOID_NTDS_CA_SECURITY_EXT and szOID_NTDS_OBJECTSID.
pub(super) const NTDS_CA_SECURITY: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.25.2");
pub(super) const NTDS_OBJECT_SID: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.25.2.1");

/// Holds the extension of YubiKeys' attestations that states the firmware version.
pub(super) const YUBICO_FIRMWARE: Oid = Oid::new_unwrap("1.3.6.1.4.1.41482.3.3");
/// Holds the one that states the serial number.
pub(super) const YUBICO_SERIAL: Oid = Oid::new_unwrap("1.3.6.1.4.1.41482.3.7");
/// Holds the one that states the PIN and touch policies.
pub(super) const YUBICO_POLICIES: Oid = Oid::new_unwrap("1.3.6.1.4.1.41482.3.8");

/// Holds szOID_CERT_EXTENSIONS, the extension request of Windows from before PKCS#9 defined one.
pub(super) const CERT_EXTENSIONS: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.2.1.14");
/// Holds szOID_NT_PRINCIPAL_NAME.
pub(super) const UPN: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.20.2.3");
/// Holds szOID_OS_VERSION.
pub(super) const OS_VERSION: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.13.2.3");
/// Holds szOID_REQUEST_CLIENT_INFO.
pub(super) const REQUEST_CLIENT_INFO: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.21.20");
/// Holds szOID_ENROLLMENT_CSP_PROVIDER.
pub(super) const ENROLLMENT_CSP: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.13.2.2");

pub(super) const DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const SIGNED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const CONTENT_TYPE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.4");
/// Holds id-cct-PKIResponse.
pub(super) const PKI_RESPONSE: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.12.3");
/// Holds id-cmc-statusInfo.
pub(super) const CMC_STATUS_INFO: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.7.1");
/// Holds id-cmc-statusInfoV2.
pub(super) const CMC_STATUS_INFO_V2: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.7.25");
/// Holds szOID_CMC_ADD_ATTRIBUTES.
pub(super) const CMC_ADD_ATTRIBUTES: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.10.10.1");
/// Holds szOID_ISSUED_CERT_HASH.
pub(super) const ISSUED_CERT_HASH: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.21.17");

/// Holds id-ct-authEnvelopedData.
pub(super) const AUTH_ENVELOPED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.9.16.1.23");
pub(super) const AES256_GCM: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.1.46");
pub(super) const AES256_WRAP: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.1.45");
pub(super) const RSAES_OAEP: Oid = Oid::new_unwrap("1.2.840.113549.1.1.7");
pub(super) const MGF1: Oid = Oid::new_unwrap("1.2.840.113549.1.1.8");
/// Holds dhSinglePass-stdDH-sha256kdf-scheme.
pub(super) const ECDH_SHA256_KDF: Oid = Oid::new_unwrap("1.3.132.1.11.1");
