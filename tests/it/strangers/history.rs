//! A letter from before two renewals is opened with the old key that the card still has: by OpenSSL through a module that
//! is not ours, and by OpenSC's tool. The server makes and keeps the keys for mail.

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use cardwright::secret::{AdminKey, Pin};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivCard, PivOptions};

use crate::support::pcscd::{self, Inserted};
use crate::support::program::{Ended, end};
use crate::support::site::{Site, keys, set};
use crate::support::softhsm;

const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
const YKCS11: &str = "/usr/lib/x86_64-linux-gnu/libykcs11.so";
const PIN: &str = "271828";
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
const LETTER: &str = "a letter from before two renewals\n";

const MAIL: &str = r#"
[[additional_certificates]]
key = { generate = "RSA-2048", generated_by = "server", pfx_rounds = 2000, archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyEncipherment"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

/// A person with an enrolled card or token, and a directory for what strangers read and write.
struct Holder {
    site: Site,
    /// How the program finds it.
    target: Vec<String>,
    /// How strangers find it among those of one module.
    label: Option<&'static str>,
    _card: Option<Inserted>,
}

impl Holder {
    fn site(edit: impl FnOnce(String) -> String) -> Site {
        let mut site = Site::with(|template| {
            // A key that can decrypt would outlive its renewal.
            let signing = set(keys(template, "RSA-2048"), "[certificate]", "key_usages", r#"["digitalSignature"]"#);
            edit(signing.replacen("\n[revocation]", MAIL, 1))
        });
        site.person("alice", &[]);
        site.program.write("letter", LETTER);
        site
    }

    fn of_token(prepare: impl FnOnce(&mut Site)) -> Self {
        let mut site = Self::site(|template| template);
        prepare(&mut site);
        site.program.token_with_pin("card", PIN);
        Self { site, target: ["--label", "card"].map(String::from).into(), label: Some("card"), _card: None }
    }

    fn of_card(card: Inserted) -> Self {
        let known = |template| set(template, "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}"));
        let mut site = Self::site(known);
        site.program.unset("CARDWRIGHT_MODULE");
        site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        let configuration = card.opensc_configuration(&site.program.path(""));
        site.program.set("OPENSC_CONF", configuration.display().to_string());
        let target = ["--reader", card.reader()].map(String::from).into();
        Self { site, target, label: None, _card: Some(card) }
    }

    #[track_caller]
    fn does(&self, verb: &str) {
        let target = self.target.iter().map(String::as_str);
        self.site.run("alice", PIN, &[verb].into_iter().chain(target).collect::<Vec<_>>()).done();
    }

    fn run(&self, module: &str, program: &str, arguments: &[&str]) -> Ended {
        let mut command = self.site.program.other("timeout");
        command.args(["--kill-after=5", "60", program]).args(arguments);
        end(command.current_dir(self.site.program.path("")).env("PKCS11_MODULE_PATH", module))
    }

    #[track_caller]
    fn succeeds(&self, module: &str, program: &str, arguments: &[&str]) -> String {
        let ended = self.run(module, program, arguments);
        assert!(ended.success(), "{module} {program} {arguments:?}: {ended:?}");
        ended.all()
    }

    #[track_caller]
    fn pkcs11_tool(&self, module: &str, arguments: &[&str]) -> String {
        let label = self.label.into_iter().flat_map(|label| ["--token-label", label]);
        let own = ["--module", module].into_iter().chain(label);
        let all: Vec<&str> = own.chain(arguments.iter().copied()).collect();
        self.succeeds(module, "pkcs11-tool", &all)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.site.program.path(name)).unwrap()
    }

    /// The certificates for mail that the module shows without a login: CKA_ID in hexadecimal, and DER.
    fn for_mail(&self, module: &str) -> Vec<(String, Vec<u8>)> {
        let listed = self.pkcs11_tool(module, &["--list-objects", "--type", "cert"]);
        let ids = listed.lines().filter_map(|line| line.trim().strip_prefix("ID:"));
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        for id in ids.map(str::trim) {
            self.pkcs11_tool(module, &["--read-object", "--type", "cert", "--id", id, "--output-file", "read.der"]);
            let text = ["x509", "-inform", "DER", "-in", "read.der", "-noout", "-ext", "extendedKeyUsage"];
            let mail = self.run(module, "openssl", &text).stdout.contains("E-mail Protection");
            if mail && found.iter().all(|(known, _)| known != id) {
                found.push((id.to_owned(), self.read("read.der")));
            }
        }
        found
    }

    /// Enrolls, has a letter sealed for the first certificate, and renews twice.
    fn lives(&self, module: &str) -> Vec<u8> {
        self.does("enroll");
        let [(_, first)] = self.for_mail(module).try_into().unwrap();
        self.site.program.write("first.der", &first);
        self.succeeds(module, "openssl", &["x509", "-inform", "DER", "-in", "first.der", "-out", "first.pem"]);
        self.succeeds(
            module,
            "openssl",
            &["cms", "-encrypt", "-aes256", "-in", "letter", "-out", "sealed", "first.pem"],
        );
        let encrypt = ["pkeyutl", "-encrypt", "-certin", "-inkey", "first.pem", "-in", "letter", "-out", "secret"];
        self.succeeds(module, "openssl", &encrypt);
        self.does("renew");
        self.does("renew");
        first
    }

    /// The id of the first key for mail, by its certificate, as a mail program finds it; two newer ones are there too.
    #[track_caller]
    fn old_key(&self, module: &str, first: &[u8]) -> String {
        let there = self.for_mail(module);
        assert_eq!(there.len(), 3, "{module}: {:?}", there.iter().map(|(id, _)| id).collect::<Vec<_>>());
        there.into_iter().find(|(_, der)| der == first).unwrap().0
    }

    #[track_caller]
    fn opensc_decrypts(&self, module: &str, id: &str) {
        let decrypt = ["--login", "--pin", PIN, "--decrypt", "--mechanism", "RSA-PKCS", "--id", id];
        self.pkcs11_tool(module, &[&decrypt[..], &["--input-file", "secret", "--output-file", "plain"]].concat());
        assert!(self.read("plain") == LETTER.as_bytes(), "{module}");
    }

    #[track_caller]
    fn openssl_opens(&self, module: &str, id: &str) {
        let digits: Vec<char> = id.chars().collect();
        let escaped: String = digits.chunks(2).map(|byte| format!("%{}{}", byte[0], byte[1])).collect();
        let token = self.label.map_or_else(String::new, |label| format!("token={label};"));
        let key = format!("pkcs11:{token}id={escaped};type=private;pin-value={PIN}");
        let open = ["cms", "-decrypt", "-in", "sealed", "-recip", "first.pem", "-out", "opened"];
        self.succeeds(
            module,
            "openssl",
            &[&open[..], &["-engine", "pkcs11", "-keyform", "engine", "-inkey", &key]].concat(),
        );
        assert_eq!(String::from_utf8(self.read("opened")).unwrap().replace("\r\n", "\n"), LETTER, "{module}");
        std::fs::remove_file(self.site.program.path("opened")).unwrap();
    }

    fn opens_its_old_letters(&self, modules: &[&str]) {
        let first = self.lives(modules[0]);
        for module in modules {
            let id = self.old_key(module, &first);
            self.opensc_decrypts(module, &id);
            self.openssl_opens(module, &id);
        }
    }
}

#[test]
fn a_softhsm_token_opens_letters_from_before_two_renewals() {
    Holder::of_token(|_| {}).opens_its_old_letters(&[softhsm::MODULE]);
}

/// By OpenSC's tool only: kryoptic computes with the OpenSSL of the process it is in, whose engine would lead it back to
/// itself.
#[test]
fn a_kryoptic_token_decrypts_with_a_key_from_before_two_renewals() {
    let holder = Holder::of_token(|site| site.program.use_kryoptic());
    let module = holder.site.program.module().display().to_string();
    let first = holder.lives(&module);
    let id = holder.old_key(&module, &first);
    holder.opensc_decrypts(&module, &id);
}

#[test]
fn a_gids_card_opens_letters_from_before_two_renewals() {
    let admin_key = AdminKey::from_hex(ADMIN_KEY).unwrap();
    let initialised = Initialised { pin: Pin::new(PIN.into()), admin_key, card_id: *b"letters on gids!" };
    let options = GidsOptions { initialised: Some(initialised), ..Default::default() };
    let card = pcscd::insert(Box::new(GidsCard::new(options).unwrap()));
    Holder::of_card(card).opens_its_old_letters(&[OPENSC]);
}

/// One that moves the old key, and one that has it imported again.
#[test]
fn yubikeys_open_letters_from_before_two_renewals() {
    for version in [[5, 7, 1], [5, 4, 3]] {
        let card = PivCard::new(PivOptions { version, ..PivOptions::yubikey() }).unwrap();
        Holder::of_card(pcscd::insert_yubikey(Box::new(card))).opens_its_old_letters(&[OPENSC, YKCS11]);
    }
}
