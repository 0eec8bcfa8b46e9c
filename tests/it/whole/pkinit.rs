//! MIT's KDC lets people in by the certificates this server issues (PKINIT, RFC 4556), from a file and from a token.

use std::process::{Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer, cmc};
use serde_json::json;

use super::{ENROLL, PIN};
use crate::support::kerberos::Realm;
use crate::support::program::end;
use crate::support::site::{API, EXTENSION, Site, keys, pkcs7, set};
use crate::support::softhsm;

/// The realm of the people's UPNs.
const REALM: &str = "example.test";

/// What the KDC's own certificate must say (RFC 4556, 3.2.4): id-pkinit-KPKdc, and the name of the ticket-granting service.
const KDC_CERTIFICATE: &str = "[req]\ndistinguished_name = name\nprompt = no\nx509_extensions = kdc\n\
    [name]\nCN = kdc\n\
    [kdc]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = digitalSignature, keyAgreement\n\
    extendedKeyUsage = 1.3.6.1.5.2.3.5\nsubjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:principal\n\
    [principal]\nrealm = EXP:0, GeneralString:example.test\nname = EXP:1, SEQUENCE:components\n\
    [components]\ntype = EXP:0, INTEGER:2\nparts = EXP:1, SEQUENCE:parts\n\
    [parts]\nfirst = GeneralString:krbtgt\nsecond = GeneralString:example.test\n";

/// A site, a realm that believes its CA, and people who have no password in it.
struct Ground {
    realm: Realm,
    site: Site,
    /// What the KDC is told of PKINIT.
    rules: String,
}

impl Ground {
    fn new(rules: &str, edit: impl FnOnce(String) -> String) -> Self {
        let mut realm = Realm::new(REALM);
        let keytab = realm.keytab();
        let port = crate::support::port::unused_port();
        let settings = format!(
            "\n[identity.negotiate]\nkeytab = {keytab:?}\nrealms = [{REALM:?}]\nuser_by = \"local-part\"\n\
             [publication]\nlisten = \"127.0.0.1:{port}\"\nurl = \"http://127.0.0.1:{port}\"\n"
        );
        let mut site = Site::with_settings(&settings, edit);
        for name in ["alice", "bob"] {
            site.person(name, &[]);
            realm.administer(&format!("addprinc -randkey +requires_preauth {name}"));
        }
        let [config, key, certificate] = ["kdc.cnf", "kdc.key", "kdc.pem"].map(|name| realm.path(name));
        std::fs::write(&config, KDC_CERTIFICATE).unwrap();
        let mut made = site.program.other("openssl");
        made.args(["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", "-config"]).arg(config);
        let made = end(made.arg("-keyout").arg(&key).arg("-out").arg(&certificate));
        assert!(made.success(), "{made:?}");
        // Either side looks for both ends of the exchange here.
        let anchors = [&certificate, &site.ca_file()].map(|file| std::fs::read_to_string(file).unwrap()).concat();
        std::fs::write(realm.path("anchors.pem"), anchors).unwrap();
        let rules = format!(
            "pkinit_identity = FILE:{},{}\npkinit_anchors = FILE:{}\n{rules}",
            certificate.display(),
            key.display(),
            realm.path("anchors.pem").display()
        );
        realm.restart(&rules);
        Self { realm, site, rules }
    }

    /// Logs a principal in with a certificate; `pin` is typed where one is asked for.
    fn kinit(&self, principal: &str, identity: &str, pin: &str) -> Output {
        let typed = self.realm.path("typed");
        std::fs::write(&typed, format!("{pin}\n")).unwrap();
        let _ = self.realm.command("kdestroy").stderr(Stdio::null()).status();
        let mut kinit = self.realm.command("kinit");
        kinit.env(softhsm::VARIABLE, self.site.program.path("softhsm2.conf"));
        kinit.stdin(std::fs::File::open(typed).unwrap()).env("KRB5_TRACE", self.realm.path("trace"));
        let anchor = format!("X509_anchors=FILE:{}", self.realm.path("anchors.pem").display());
        kinit.args(["-X", &format!("X509_user_identity={identity}"), "-X", &anchor, principal]).output().unwrap()
    }

    #[track_caller]
    fn logs_in(&self, principal: &str, identity: &str, pin: &str) {
        let done = self.kinit(principal, identity, pin);
        let trace = std::fs::read_to_string(self.realm.path("trace")).unwrap_or_default();
        assert!(done.status.success(), "{done:?} {trace} {}", self.realm.log());
        // The ticket is good for something: this very site takes it.
        let url = format!("{}{EXTENSION}/whoami", self.site.origin.replace("127.0.0.1", "localhost"));
        let told = self.realm.curl(&["--cacert", &self.site.ca_file().display().to_string(), &url]);
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(told["Name"], principal);
    }

    /// What the doctor says of the token: the exit code, and the findings.
    fn doctor(&self, who: &str) -> (Option<i32>, String) {
        let done = self.site.run(who, PIN, &["doctor", "--logon", "--label", "card"]);
        (done.code, done.stdout)
    }

    #[track_caller]
    fn is_refused(&self, principal: &str, identity: &str, pin: &str, noted: &str) {
        let before = self.realm.log().len();
        let done = self.kinit(principal, identity, pin);
        assert!(!done.status.success(), "{done:?}");
        let log = &self.realm.log()[before..];
        assert!(log.contains(noted), "{log} {done:?}");
    }

    /// A certificate of a person's whose key is in a file; the request's id, and the identity for `kinit`.
    fn identity_in_files(&self, who: &str, algorithm: KeyAlgorithm) -> (String, String) {
        let request = self.site.executing_request(who);
        let key = MemoryKey::generate(algorithm).unwrap();
        let csr = build(&RequestContent::default(), &key).unwrap();
        let issued = self.site.certificatedata(who, &request, csr.der()).ok();
        let done = self.site.send(who, "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"}));
        assert_eq!(done.status / 100, 2);
        let issued = cmc::read(&pkcs7(&issued)).unwrap();
        let pem = |label: &str, der: &[u8]| {
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
        };
        let certificate = pem("CERTIFICATE", issued.leaf_for(key.public_key()).unwrap().der());
        let certificate = self.site.program.write(&format!("{who}.pem"), certificate);
        let key = self.site.program.write(&format!("{who}.key"), pem("PRIVATE KEY", key.expose_pkcs8()));
        (request, format!("FILE:{certificate},{key}"))
    }
}

/// Names the person as a Kerberos principal (id-pkinit-san), for PKINIT. Out of a token `kinit` 1.20 uses RSA keys only.
fn for_pkinit(template: String) -> String {
    let template = keys(template, "RSA-2048").replace("# kerberos_principal =", "kerberos_principal =");
    set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "pkinitClient"]"#)
}

/// Names the person as Windows does: a UPN, for smart card logon.
fn for_windows(template: String) -> String {
    let template = template.replace("# upn =", "upn =");
    set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "smartcardLogon"]"#)
}

#[test]
fn a_token_enrolled_by_the_program_logs_its_holder_in_and_nobody_else() {
    let mut ground = Ground::new("", for_pkinit);
    let site = &ground.site;
    site.program.factory_token("card");
    site.run("alice", PIN, &ENROLL).done();
    let identity = format!("PKCS11:module_name={}:token=card", softhsm::MODULE);
    ground.logs_in("alice", &identity, PIN);
    ground.is_refused("bob", &identity, PIN, "Client name mismatch");
    assert!(!ground.kinit("alice", &identity, "000000").status.success());
    // The doctor has asked what this server publishes, and says what the KDC does.
    let (code, told) = ground.doctor("alice");
    assert!(code == Some(0) && told.contains(r#""check":"not-revoked""#) && told.contains("/ocsp"), "{code:?} {told}");
    for trouble in ["responder-", "issuer-unfetched", "revocation-"] {
        assert!(!told.contains(&format!(r#""check":"{trouble}"#)), "{trouble}: {told}");
    }
    let card = site.client("alice").smartcards().unwrap()[0].uuid;
    end(&mut site.command("alice", PIN, &["retire", "--lost", &card.to_string(), "--yes"])).done();
    let (code, told) = ground.doctor("alice");
    assert!(code == Some(11) && told.contains(r#""check":"revoked""#), "{code:?} {told}");
    let list = site.write_crl("alice");
    let with_list =
        format!("{}\npkinit_require_crl_checking = true\npkinit_revoke = FILE:{}", ground.rules, list.display());
    ground.realm.restart(&with_list);
    ground.is_refused("alice", &identity, PIN, "revoked");
}

#[test]
fn a_revoked_certificate_logs_nobody_in_once_the_kdc_has_the_list() {
    let mut ground = Ground::new("", for_pkinit);
    let (_, alice) = ground.identity_in_files("alice", KeyAlgorithm::Rsa2048);
    let (_, bob) = ground.identity_in_files("bob", KeyAlgorithm::Rsa2048);
    ground.logs_in("alice", &alice, "");
    ground.is_refused("bob", &alice, "", "Client name mismatch");
    // Without a list the KDC cannot know, and where it must it lets nobody in.
    let with_list = format!("{}\npkinit_require_crl_checking = true", ground.rules);
    ground.realm.restart(&with_list);
    ground.is_refused("alice", &alice, "", "unable to get certificate CRL");
    let card = ground.site.client("alice").smartcards().unwrap()[0].uuid;
    // The environment names a module besides.
    end(&mut ground.site.command("alice", PIN, &["retire", "--lost", &card.to_string(), "--yes"])).done();
    let list = ground.site.write_crl("alice");
    ground.realm.restart(&format!("{with_list}\npkinit_revoke = FILE:{}", list.display()));
    ground.is_refused("alice", &alice, "", "revoked");
    ground.logs_in("bob", &bob, "");
}

#[test]
fn a_upn_and_the_usage_of_windows_do_where_the_kdc_allows_them() {
    let mut ground = Ground::new("pkinit_allow_upn = true\npkinit_eku_checking = scLogin", for_windows);
    let (_, alice) = ground.identity_in_files("alice", KeyAlgorithm::P256);
    ground.logs_in("alice", &alice, "");
    ground.is_refused("bob", &alice, "", "Client name mismatch");
    let strict = ground.rules.replace("scLogin", "kpClientAuth");
    ground.realm.restart(&strict);
    ground.is_refused("alice", &alice, "", "Inconsistent key purpose");
}
