//! Enrolled tokens sign and open S/MIME by OpenSSL, and log in by OpenSSH, each through its PKCS#11 module.

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use cardwright::virtual_card::PivCard;

use crate::support::pcscd::{self, Inserted};
use crate::support::piv;
use crate::support::program::{Ended, end};
use crate::support::site::{Site, keys, set};
use crate::support::tpm::Tpm;

const PIN: &str = "271828";
const LETTER: &str = "a letter to be kept secret\n";

/// Runs sshd on its standard input and output. As root it wants a directory that only a system's start makes.
const SSHD: &str = r#"#!/bin/sh
if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then
    exec unshare -m sh -c 'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec /usr/sbin/sshd "$@"' sshd "$@"
fi
exec /usr/sbin/sshd "$@"
"#;

/// A person with an enrolled token, called `card`, whose certificate is `leaf.pem`.
struct Holder {
    site: Site,
    module: String,
    /// The private key, for OpenSSL.
    key: String,
    _tpm: Option<Tpm>,
    _card: Option<Inserted>,
}

fn site(algorithm: &str) -> Site {
    let mut site = Site::with(|template| {
        let template =
            set(keys(template, algorithm), "[certificate]", "key_usages", r#"["digitalSignature", "keyEncipherment"]"#);
        set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "emailProtection"]"#)
    });
    site.person("alice", &[]);
    site
}

impl Holder {
    fn new(algorithm: &str, prepare: impl FnOnce(&mut Site) -> Option<Tpm>) -> Self {
        let mut site = site(algorithm);
        let tpm = prepare(&mut site);
        site.program.token_with_pin("card", PIN);
        let done = site.run("alice", PIN, &["enroll", "--label", "card"]).done();
        let id = done["certificates"][0]["key_id"].as_str().unwrap();
        let leaf = site.program.path("leaf.der").display().to_string();
        let read = ["--read-object", "--type", "cert", "--id", id, "--output-file", &leaf];
        let read = site.program.pkcs11_tool("card", &read);
        assert!(read.success(), "{read:?}");
        let digits: Vec<char> = id.chars().collect();
        let escaped: String = digits.chunks(2).map(|byte| format!("%{}{}", byte[0], byte[1])).collect();
        let key = format!("pkcs11:token=card;id={escaped};type=private;pin-value={PIN}");
        let module = site.program.module().display().to_string();
        Self { site, module, key, _tpm: tpm, _card: None }.with_letter()
    }

    /// A PIV card that is enrolled in its reader, and from then on used through a module.
    fn of_card(card: Inserted, module: &str) -> Self {
        let mut site = site("RSA-2048");
        site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        site.program.unset("CARDWRIGHT_MODULE");
        site.run("alice", PIN, &["enroll", "--reader", card.reader()]).done();
        let configuration = card.opensc_configuration(&site.program.path(""));
        site.program.set("OPENSC_CONF", configuration.display().to_string());
        let leaf = site.program.path("leaf.der").display().to_string();
        let mut tool = site.program.other("timeout");
        tool.args(["60", "pkcs11-tool", "--module", module, "--read-object", "--type", "cert", "--id", "01"]);
        let read = end(tool.args(["--output-file", &leaf]));
        assert!(read.success(), "{read:?}");
        // Both modules give the key in 9A this id.
        let key = format!("pkcs11:id=%01;type=private;pin-value={PIN}");
        Self { site, module: module.into(), key, _tpm: None, _card: Some(card) }.with_letter()
    }

    fn with_letter(self) -> Self {
        std::fs::copy(self.site.ca_file(), self.site.program.path("ca.pem")).unwrap();
        self.site.program.write("letter", LETTER);
        self.succeeds("openssl", &["x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem"]);
        self
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let mut command = self.site.program.other("timeout");
        command.args(["60", program]).args(arguments).current_dir(self.site.program.path(""));
        end(command.env("PKCS11_MODULE_PATH", &self.module))
    }

    #[track_caller]
    fn succeeds(&self, program: &str, arguments: &[&str]) -> Ended {
        let ended = self.run(program, arguments);
        assert!(ended.success(), "{program} {arguments:?}: {ended:?}");
        ended
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.site.program.path(name)).unwrap().replace("\r\n", "\n")
    }

    /// The token signs a letter, and whoever trusts the CA reads it; the token opens one that was sealed for it.
    fn writes_and_reads_letters(&self) {
        let token = ["-engine", "pkcs11", "-keyform", "engine", "-inkey", &self.key];
        let sign = ["cms", "-sign", "-in", "letter", "-signer", "leaf.pem", "-out", "signed"];
        self.succeeds("openssl", &[&sign[..], &token].concat());
        let verify = ["cms", "-verify", "-CAfile", "ca.pem", "-out", "read", "-in"];
        self.succeeds("openssl", &[&verify[..], &["signed"]].concat());
        assert_eq!(self.text("read"), LETTER);
        let forged = self.text("signed").replace("secret", "public");
        self.site.program.write("forged", forged);
        let refused = self.run("openssl", &[&verify[..], &["forged"]].concat());
        assert!(!refused.success() && refused.all().contains("verification failure"), "{refused:?}");

        self.succeeds("openssl", &["cms", "-encrypt", "-aes256", "-in", "letter", "-out", "sealed", "leaf.pem"]);
        assert!(!self.text("sealed").contains("secret"));
        let open = ["cms", "-decrypt", "-in", "sealed", "-recip", "leaf.pem", "-out", "opened"];
        self.succeeds("openssl", &[&open[..], &token].concat());
        assert_eq!(self.text("opened"), LETTER);
    }

    /// The token's key opens a shell of this user's, where it is authorised, and with its PIN.
    fn logs_in(&self) {
        let program = &self.site.program;
        let path = |name: &str| program.path(name).display().to_string();
        self.succeeds("openssl", &["x509", "-in", "leaf.pem", "-noout", "-pubkey", "-out", "public.pem"]);
        let authorised = self.succeeds("ssh-keygen", &["-i", "-m", "PKCS8", "-f", "public.pem"]).stdout;
        self.succeeds("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "host"]);
        let host = self.text("host.pub");
        let known = program.write("known", format!("desk {host}"));
        let rules = "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n";
        let keys = format!("HostKey {}\nAuthorizedKeysFile {}\n", path("host"), path("authorised"));
        let settings = program.write("sshd_config", format!("{rules}{keys}PermitRootLogin yes\nPidFile none\n"));
        let sshd = program.write("sshd", SSHD);
        let me = end(program.other("id").arg("-un")).stdout.trim().to_owned();
        let enter = |pin: &str| {
            let ask = program.write("ask", format!("#!/bin/sh\necho {pin}\n"));
            self.succeeds("chmod", &["700", &ask]);
            let mut ssh = program.other("timeout");
            ssh.args(["60", "ssh", "-F", "none", "-l", &me, "-o", "PreferredAuthentications=publickey"]);
            ssh.arg("-o").arg(format!("ProxyCommand=sh {sshd} -i -e -f {settings}"));
            ssh.arg("-o").arg(format!("UserKnownHostsFile={known}"));
            ssh.arg("-o").arg(format!("PKCS11Provider={}", self.module)).args(["-o", "HostKeyAlias=desk", "desk"]);
            ssh.env("SSH_ASKPASS", &ask).env("SSH_ASKPASS_REQUIRE", "force");
            end(ssh.arg("echo in as $(id -un)"))
        };
        program.write("authorised", "");
        let refused = enter(PIN);
        assert!(!refused.success() && refused.stderr.contains("Permission denied"), "{refused:?}");
        program.write("authorised", authorised);
        let inside = enter(PIN);
        assert!(inside.success() && inside.stdout == format!("in as {me}\n"), "{inside:?}");
        let refused = enter("999999");
        assert!(!refused.success() && refused.stderr.contains("Permission denied"), "{refused:?}");
    }
}

#[test]
fn a_softhsm_token_writes_and_reads_letters_and_logs_in() {
    let holder = Holder::new("RSA-2048", |_| None);
    holder.writes_and_reads_letters();
    holder.logs_in();
}

#[test]
fn a_piv_card_writes_and_reads_letters_and_logs_in_through_openscs_module() {
    let card = pcscd::insert(Box::new(PivCard::new(piv::plain()).unwrap()));
    let holder = Holder::of_card(card, "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so");
    holder.writes_and_reads_letters();
    holder.logs_in();
}

#[test]
fn a_piv_card_writes_and_reads_letters_and_logs_in_through_yubicos_module() {
    let card = pcscd::insert_yubikey(Box::new(PivCard::new(piv::yubikey()).unwrap()));
    let holder = Holder::of_card(card, "/usr/lib/x86_64-linux-gnu/libykcs11.so");
    holder.writes_and_reads_letters();
    holder.logs_in();
}

#[test]
fn a_softhsm_token_logs_in_with_a_curve() {
    Holder::new("P-256", |_| None).logs_in();
}

/// Only this: kryoptic computes with the OpenSSL of the process it is in, whose engine would lead it back to itself.
#[test]
fn a_kryoptic_token_logs_in() {
    let holder = Holder::new("RSA-2048", |site| {
        site.program.use_kryoptic();
        None
    });
    holder.logs_in();
}

/// Only this: tpm2-pkcs11 computes with the OpenSSL of its process, too.
#[test]
fn a_tpm_logs_in() {
    let holder = Holder::new("RSA-2048", |site| {
        Tpm::make(&mut site.program);
        Some(Tpm::run(&mut site.program))
    });
    holder.logs_in();
}
