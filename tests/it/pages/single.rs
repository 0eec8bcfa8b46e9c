//! Single sign-on in a real browser, at parties that we did not write: a provider of Authlib's, and MIT's KDC.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::every::judged;
use super::lab::{age_sessions, asks, page, session, status};
use crate::support::browser::Browser;
use crate::support::directory;
use crate::support::kerberos::Realm;
use crate::support::site::{Site, approval};
use cardwright::cm::request::RequestStatus;

/// Without what is spelled in a form: Authlib takes the header as it stands, and not as RFC 6749, 2.3.1 has it.
const CLIENT_SECRET: &str = "aSecretOfTheClient";

/// A provider of Authlib's, and the directory with its keys.
pub struct Authlib(TempDir, Child, String);

impl Drop for Authlib {
    fn drop(&mut self) {
        let _ = self.1.kill();
        let _ = self.1.wait();
    }
}

impl Authlib {
    /// Starts one that sends people back to this address.
    pub fn start(back: &str) -> Self {
        let directory = directory::temporary();
        let own = |file: &str| directory.path().join(file);
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(own("tls.pem"), made.cert.pem()).unwrap();
        std::fs::write(own("tls.key"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(own("provider.py"), include_str!("provider.py")).unwrap();
        std::fs::write(own("secret"), format!("{CLIENT_SECRET}\n")).unwrap();
        let mut key = Command::new("openssl");
        key.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]).arg(own("sign.pem"));
        assert!(key.output().unwrap().status.success());
        let mut provider = Command::new("/usr/bin/python3");
        provider.arg(own("provider.py")).arg(directory.path()).args(["cards", CLIENT_SECRET, back]);
        let log = std::fs::File::create(own("log")).unwrap();
        let mut child = provider.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).expect("python3-authlib and python3-flask are installed");
        Self(directory, child, told["issuer"].as_str().unwrap().to_owned())
    }

    pub fn settings(&self, pages: &str) -> String {
        let own = |file: &str| self.0.path().join(file).display().to_string();
        format!(
            "\n[identity.session]\n[identity.oidc]\nissuer = {issuer:?}\naudience = [\"urn:calls\"]\njwks_url = \"{issuer}/keys\"\n\
             trust = {:?}\nlink = \"name\"\n[identity.oidc.sign_in]\nclient_id = \"cards\"\npages = {pages:?}\n\
             client_secret_file = {:?}\n",
            own("tls.pem"),
            own("secret"),
            issuer = self.2,
        )
    }
}

/// Adds to the settings of a site and starts it anew at the same address.
pub fn set(site: &mut Site, settings: &str) {
    site.stop_server();
    let path = site.program.path("server/server.toml");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + settings).unwrap();
    site.start();
}

pub const ISSUER: &str = "Sign in with your organisation’s account";

#[test]
fn a_browser_signs_in_at_a_provider_once_and_proves_presence_there_by_logging_in_anew() {
    let mut site = Site::with(approval);
    site.person("vera", &["approvers"]);
    site.person("ursula", &["users"]);
    // The site is at 127.0.0.1, the provider at localhost: two sites, as far as the browser is concerned.
    let provider = Authlib::start(&format!("{}/sign-in/issuer/return", site.origin));
    let settings = provider.settings(&site.origin);
    set(&mut site, &settings);
    let request = asks(&site, "ursula", "");
    let browser = Browser::new();
    browser.open(&format!("{}/requests/{request}", site.origin));
    browser.sees(ISSUER);
    judged(&browser, "otto", "sign-in", "/sign-in", false);
    browser.click(ISSUER);
    browser.fill("Name", "vera");
    browser.click("Log in");
    browser.sees("New card for ursula");
    browser.sees("Signed in as vera");
    assert!(browser.url().ends_with(&format!("/requests/{request}")), "{}", browser.url());
    assert!(browser.cookies().iter().all(|cookie| !cookie["name"].as_str().unwrap().contains("errand")));
    // The session of the provider lets in by itself, and is not as good as a login.
    browser.click("Sign out");
    browser.click(ISSUER);
    browser.sees("Signed in as vera");
    browser.open(&format!("{}/requests/{request}", site.origin));
    browser.fill("Comment (optional)", "seen & good");
    age_sessions(&site, 301);
    browser.click("Approve");
    browser.sees("Please show again who you are");
    let kept = browser.tab();
    let address = browser.attribute(ISSUER, "href").unwrap();
    browser.open_tab(&format!("{}{address}", site.origin));
    browser.fill("Name", "vera");
    browser.click("Log in");
    browser.sees("Signed in as vera");
    browser.go_to_tab(&kept);
    browser.click("Send again");
    browser.sees("Approved.");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Approved.number());
    // Somebody whom the provider knows, and this server does not.
    browser.click("Sign out");
    browser.open(&format!("{}/sign-in/issuer?fresh=1", site.origin));
    browser.fill("Name", "mallory");
    browser.click("Log in");
    browser.sees("You are not signed in");
    browser.sees("user-unknown");
    assert!(!browser.url().contains("code="), "{}", browser.url());
    assert!(browser.axe().violations.is_empty());
}

#[test]
fn a_browser_signs_in_by_its_ticket_which_proves_no_presence() {
    let realm = Realm::new("LAB.TEST");
    let settings = format!(
        "\n[identity.session]\n[identity.negotiate]\nkeytab = \"{}\"\nrealms = [\"LAB.TEST\"]\nuser_by = \"local-part\"\n",
        realm.keytab().display()
    );
    let mut site = Site::with_settings(&settings, approval);
    site.person("vera", &["approvers"]);
    site.person("ursula", &["users"]);
    let request = asks(&site, "ursula", "");
    let origin = site.origin.replace("127.0.0.1", "localhost");
    let here = format!("{origin}/requests/{request}");
    let ticket = "Sign in with your Windows or Kerberos account";
    {
        // It may show no ticket here, and there is none yet.
        let browser = Browser::new();
        browser.open(&here);
        browser.click(ticket);
        browser.sees("Your browser has shown no ticket");
        browser.sees("One-time code");
        assert!(browser.axe().violations.is_empty());
    }
    realm.log_in("vera", "1h");
    let browser = Browser::with_tickets(&realm.variables());
    browser.open(&here);
    browser.click(ticket);
    // Chromium may load the library of Kerberos at the first challenge, and show a ticket only at the next one.
    let said = browser.until("an answer", || {
        let page = browser.texts("body").concat();
        ["Signed in as vera", "shown no ticket"].into_iter().find(|said| page.contains(said))
    });
    if said == "shown no ticket" {
        browser.click(ticket);
    }
    browser.sees("Signed in as vera");
    assert_eq!(browser.url(), here);
    // Whoever sits there has the ticket, too: to decide wants more, at once.
    browser.click("Approve");
    browser.sees("Please show again who you are");
    browser.sees("whoever sits at it while you are away");
    judged(&browser, "otto", "prove-again", &here, true);
    assert!(browser.texts("button").iter().all(|button| button != ticket), "a ticket is no way to prove it");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    let cookies = browser.cookies();
    let value = cookies.iter().find(|it| it["name"] == "__Host-cardwright").unwrap()["value"].as_str().unwrap();
    assert!(page(&site, &[("cookie", &session(value))], "/help").body.contains("Signed in as vera"));
}
