//! People of Active Directory log on in their domain with what the program enrolled for them (PKINIT, RFC 4556): a PIV card
//! and a GIDS card through OpenSC's module, a SoftHSM token; each with its own, and no longer than the domain lets them.

use std::process::Output;

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use cardwright::pkix::Certificate;
use cardwright::secret::{AdminKey, Pin};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivCard};

use serde_json::Value;

use super::{ENROLL, PIN};
use crate::server::directory::{domain::table, import, set as write_table};
use crate::support::domain::{Domain, PASSWORD};
use crate::support::pcscd::{self, Inserted};
use crate::support::piv;
use crate::support::program::{DEFAULT_SO_PIN, end};
use crate::support::site::{Site, keys, set};
use crate::support::softhsm;

const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

/// Names the person as Windows does, by UPN and security identifier. Out of a token `kinit` 1.20 uses RSA keys only.
fn for_windows(template: String) -> String {
    let template = keys(template, "RSA-2048").replace("# upn =", "sid = \"{User!sid}\"\nupn =");
    set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "smartcardLogon"]"#)
}

/// A card of the kind that Windows' own driver uses, with the admin key of the factory.
fn gids() -> Inserted {
    let (pin, admin_key) = (Pin::new(PIN.into()), AdminKey::from_hex(DEFAULT_SO_PIN).unwrap());
    let initialised = Some(Initialised { pin, admin_key, card_id: *uuid::Uuid::new_v4().as_bytes() });
    pcscd::insert(Box::new(GidsCard::new(GidsOptions { initialised, ..GidsOptions::default() }).unwrap()))
}

fn serial(done: &Value) -> String {
    done["certificates"][0]["serial_number"].as_str().unwrap().to_owned()
}

/// Somebody, and what `kinit` takes the key from.
struct Holder {
    name: &'static str,
    identity: String,
    serial: String,
    card: Option<Inserted>,
}

struct Ground {
    domain: Domain,
    site: Site,
}

impl Ground {
    /// People of a domain whose KDC, which verifies no signatures by curves, believes the site's CA.
    fn new(people: &[&'static str]) -> Self {
        let mut site = Site::of_rsa(for_windows);
        site.person("officer", &[]);
        let domain = Domain::new(Some(&site.ca_file()));
        let unit = domain.unit("cards");
        people.iter().for_each(|name| domain.person(&unit, name, ""));
        site.stop_server();
        site.program.write("server/directory.password", PASSWORD);
        write_table(&site, &table(&domain, &unit, "refresh_seconds = 3600"));
        import(&site, &["--apply"]).done();
        people.iter().for_each(|name| site.admit(name));
        site.start();
        Self { domain, site }
    }

    /// Has the program enroll the card in its reader.
    fn with_card(&mut self, name: &'static str, card: Inserted) -> Holder {
        self.site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        let mut enroll = self.site.command(name, PIN, &["enroll", "--reader", card.reader()]);
        let serial = serial(&end(enroll.env_remove("CARDWRIGHT_MODULE")).done());
        Holder { name, identity: format!("PKCS11:module_name={OPENSC}"), serial, card: Some(card) }
    }

    fn with_token(&self, name: &'static str) -> Holder {
        self.site.program.factory_token("card");
        let serial = serial(&self.site.run(name, PIN, &ENROLL).done());
        Holder { name, identity: format!("PKCS11:module_name={}:token=card", softhsm::MODULE), serial, card: None }
    }

    /// Has whatever is issued from now on state no security identifier.
    fn without_sid(&mut self) {
        self.site.stop_server();
        let templates = self.site.program.path("server/templates");
        let file = std::fs::read_dir(templates).unwrap().flatten().next().unwrap().path();
        let template = std::fs::read_to_string(&file).unwrap().replace("sid = \"{User!sid}\"\n", "");
        std::fs::write(&file, template).unwrap();
        self.site.start();
    }

    /// What the doctor says of the holder's card: the exit code, and the codes.
    fn doctor(&self, holder: &Holder) -> (Option<i32>, Vec<String>) {
        let mut arguments = vec!["doctor", "--logon"];
        match &holder.card {
            Some(card) => arguments.extend(["--reader", card.reader()]),
            None => arguments.extend(["--label", "card"]),
        }
        let done = self.site.run(holder.name, PIN, &arguments);
        let told: Value = serde_json::from_str(&done.stdout).unwrap();
        let codes = told["findings"].as_array().unwrap().iter().map(|it| it["check"].as_str().unwrap().to_owned());
        (done.code, codes.collect())
    }

    #[track_caller]
    fn says(&self, holder: &Holder, code: i32, expected: &[&str]) {
        let (exit, codes) = self.doctor(holder);
        let lacks: Vec<_> = expected.iter().filter(|it| !codes.iter().any(|code| code == *it)).collect();
        assert!(exit == Some(code) && lacks.is_empty(), "{exit:?} lacks {lacks:?}: {codes:?}");
    }

    fn set(&self, holder: &Holder, attribute: &str, value: &str) {
        self.domain.set(&format!("CN={},OU=cards,DC=cards,DC=test", holder.name), attribute, value);
    }

    /// Names the holder's certificate as Active Directory does: by its issuer, the topmost part first, and its serial number,
    /// the last byte first.
    fn mapping(&self, holder: &Holder) -> String {
        let ca = Certificate::from_pem(&std::fs::read_to_string(self.site.ca_file()).unwrap()).unwrap().subject();
        let issuer = ca.split(',').rev().collect::<Vec<_>>().join(",");
        let mut serial = hex::decode(&holder.serial).unwrap();
        serial.reverse();
        format!("X509:<I>{issuer}<SR>{}", hex::encode(serial))
    }

    /// The domain's own view: whom it calls how, whom it has disabled, and what binds a certificate to an account.
    fn the_doctor_sees_what_the_domain_says(&self, kurt: &Holder, mona: &Holder) {
        let well = ["card-active", "clock", "record-current", "person-enabled", "upn-agrees", "sid-agrees"];
        self.says(kurt, 0, &[&well[..], &["purpose-logon", "chuid-valid", "key", "chain"]].concat());
        self.set(kurt, "userPrincipalName", "kurt.new@cards.test");
        self.says(kurt, 11, &["upn-differs", "sid-agrees"]);
        self.set(kurt, "userPrincipalName", "kurt@cards.test");
        self.set(kurt, "userAccountControl", "514");
        self.says(kurt, 11, &["person-disabled"]);
        self.is_refused(kurt.name, kurt, "disabled");
        self.set(kurt, "userAccountControl", "512");
        self.says(mona, 11, &["sid-absent", "not-mapped"]);
        self.set(mona, "altSecurityIdentities", "X509:<S>CN=mona");
        self.says(mona, 11, &["mapped-weakly"]);
        self.set(mona, "altSecurityIdentities", &self.mapping(mona));
        self.says(mona, 0, &["mapped-strongly"]);
    }

    /// Logs `name` in with what `holder` has.
    fn kinit(&self, name: &str, holder: &Holder) -> Output {
        let own = self.site.program.path(&format!("logon-{}", holder.name));
        std::fs::create_dir_all(&own).unwrap();
        let tickets = own.join("tickets");
        let _ = std::fs::remove_file(&tickets);
        let mut kinit =
            self.domain.log_in(&tickets, name, &["-X", &format!("X509_user_identity={}", holder.identity)], PIN);
        kinit.env(softhsm::VARIABLE, self.site.program.path("softhsm2.conf")).env("XDG_CACHE_HOME", &own);
        if let Some(card) = &holder.card {
            kinit.env(CLIENTS_VARIABLE, pcscd::socket()).env("OPENSC_CONF", card.opensc_configuration(&own));
        }
        kinit.output().unwrap()
    }

    #[track_caller]
    fn logs_on(&self, holder: &Holder) {
        let before = self.domain.log().len();
        let done = self.kinit(holder.name, holder);
        assert!(done.status.success(), "{done:?} {}", &self.domain.log()[before..]);
    }

    #[track_caller]
    fn is_refused(&self, name: &str, holder: &Holder, noted: &str) {
        let before = self.domain.log().len();
        let done = self.kinit(name, holder);
        assert!(!done.status.success(), "{done:?}");
        let log = &self.domain.log()[before..];
        assert!(log.contains(noted), "{done:?} {log}");
    }
}

#[test]
fn cards_of_the_domains_people_log_them_on_and_nobody_else_until_the_domain_disables_them() {
    let mut ground = Ground::new(&["kurt", "lena", "mona"]);
    let kurt = ground.with_card("kurt", pcscd::insert(Box::new(PivCard::new(piv::plain()).unwrap())));
    let lena = ground.with_card("lena", gids());
    ground.without_sid();
    let mona = ground.with_token("mona");
    ground.the_doctor_sees_what_the_domain_says(&kurt, &mona);
    for holder in [&kurt, &lena, &mona] {
        ground.logs_on(holder);
        let other = if holder.name == "lena" { "kurt" } else { "lena" };
        ground.is_refused(other, holder, "not allowed to impersonate");
    }
    for holder in [&kurt, &lena, &mona] {
        let card = ground.site.client(holder.name).smartcards().unwrap()[0].uuid.to_string();
        let mut lost = ground.site.command(holder.name, PIN, &["retire", "--lost", &card, "--yes"]);
        end(lost.env_remove("CARDWRIGHT_MODULE")).done();
        assert!(super::revoked(&ground.site, "officer", &holder.serial), "whoever reads the list knows it");
        // This KDC reads none before Samba 4.20: only the domain itself takes the person's leave away.
        ground.domain.set(&format!("CN={},OU=cards,DC=cards,DC=test", holder.name), "userAccountControl", "514");
        ground.is_refused(holder.name, holder, "disabled");
    }
}
