//! The way of a card, from its asking to the day its holder leaves, as the people on it meet it: in one browser whose person
//! changes, with the program at the desk and two cards in readers. People come from a directory and are told by mail; after
//! each step somebody else is asked how things stand: OpenSSL, the mail that came, the pages of others.

use serde_json::Value;
use std::path::PathBuf;

use super::lab::{cookie, page, session};
use crate::server::{directory, mail::MailServer};
use crate::support::browser::Browser;
use crate::support::pcscd::{self, Inserted};
use crate::support::program::{bounded, end};
use crate::support::site::{Site, approval, set};
use crate::support::slapd::{PASSWORD, Slapd};
use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use cardwright::virtual_card::{PivCard, PivOptions};

/// The longest that a program may take that speaks to a card, in seconds.
const BOUND: &str = "240";
const PIN: &str = "271828";
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
/// Where people reach the pages, as mails name it.
const PAGES: &str = "https://cards.example.test";
/// The numbers that stand on the cards.
const PRINTED: [u32; 2] = [61_000_001, 61_000_002];

struct Journey {
    site: Site,
    mails: MailServer,
    browser: Browser,
    _slapd: Slapd,
}

/// A card at the desk.
struct Card {
    inserted: Inserted,
    /// Its certificate, as OpenSC has read it (PEM).
    leaf: PathBuf,
}

impl Journey {
    /// A site whose people are those of a directory, and whose mails are taken.
    fn begin() -> Self {
        let slapd = Slapd::new();
        ["ada", "otto", "vera", "ursula"].iter().for_each(|uid| slapd.person(uid, ""));
        let mut settings = directory::table(&slapd.url(), "plain = true");
        settings = settings.replace("directory.password", &slapd.path("password").display().to_string());
        for (group, member) in [("administrators", "ada"), ("operators", "otto"), ("approvers", "vera")] {
            slapd.group(group, &[&format!("uid={member},ou=people")]);
            settings += &format!("[[directory.groups]]\ndn = \"cn={group},dc=cards,dc=test\"\ngroup = \"{group}\"\n");
        }
        std::fs::write(slapd.path("password"), PASSWORD).unwrap();
        let mails = MailServer::start_in(&slapd.path(""), "none", 0);
        settings += &format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"cards@cards.test\"\n\
             [console]\nurl = \"{PAGES}\"\n\
             [roles]\nadmin = [\"group:administrators\"]\noperator = [\"group:operators\"]\nsecond_administrator = false\n",
            mails.port
        );
        let mut site = Site::with_settings(&settings, |template| {
            set(approval(template), "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}"))
        });
        site.program.unset("CARDWRIGHT_MODULE");
        site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        directory::import(&site, &["--apply"]).done();
        ["otto", "vera"].iter().for_each(|name| site.admit(name));
        Self { site, mails, browser: Browser::new(), _slapd: slapd }
    }

    /// Has somebody come to the browser, who wants to see a page and signs in on the way, by a code that works once.
    #[track_caller]
    fn comes(&self, who: &str, path: &str) {
        let directory = self.site.program.path("server").display().to_string();
        let made = self.site.program.json(["server", "user", "sign-in-link", &directory, who]).done();
        self.browser.open(&format!("{}{path}", self.site.origin));
        self.browser.fill("#secret-code", made["code"].as_str().unwrap());
        self.browser.press("Enter");
        self.browser.sees(&format!("Signed in as {who}"));
        let there = self.browser.url();
        assert!(there.ends_with(path), "{who} wanted to see {path}, and sees {there}");
    }

    /// Has whoever is at the browser sign out.
    #[track_caller]
    fn goes(&self) {
        let said = self.browser.console();
        // The browser notes that whoever was there before has left nothing behind.
        assert!(said.iter().all(|line| line.contains("Clear-Site-Data")), "{said:?}");
        self.browser.click("Sign out");
        self.browser.sees("You are signed out.");
    }

    /// The mail of a kind that somebody gets next, and the page that it leads to.
    #[track_caller]
    fn told(&mut self, kind: &str, who: &str) -> String {
        let mail = self.mails.next();
        let headers = (mail["headers"]["X-Cardwright-Notice"].as_str().unwrap(), &mail["to"][0]);
        assert_eq!(headers, (kind, &Value::from(format!("{who}@cards.test"))), "{mail}");
        let body = mail["body"].as_str().unwrap();
        let link = body.split_whitespace().find_map(|word| word.strip_prefix(PAGES));
        link.unwrap_or_else(|| panic!("no page: {body}")).to_owned()
    }

    /// What a page of somebody else says, of those who may call by themselves.
    #[track_caller]
    fn page_of(&self, who: &str, path: &str) -> String {
        let shown = page(&self.site, &[("cookie", &session(&cookie(&self.site, who)))], path);
        assert_eq!(shown.status, 200, "{who} at {path}: {}", shown.body);
        shown.body
    }

    /// Has the operator enroll a card from the factory, as the page of the request says.
    #[track_caller]
    fn enrolled(&self, request: &str, printed: u32) -> Card {
        let options = PivOptions { serial: printed, ..PivOptions::yubikey() };
        let inserted = pcscd::insert(Box::new(PivCard::new(options).unwrap()));
        assert!(self.page_of("otto", "/").contains("1 is approved and waits to be carried out."));
        let order = ["enroll", "--request", request, "--reader", inserted.reader()];
        assert!(self.page_of("otto", &format!("/requests/{request}")).contains("cardwright enroll --request"));
        end(&mut bounded(&self.site.command("otto", PIN, &order), BOUND)).done();
        assert!(self.page_of("otto", "/").contains("None is approved and waits to be carried out."));
        let leaf = self.site.program.path(&format!("{printed}.pem"));
        let mut opensc = self.site.program.other("pkcs15-tool");
        opensc.args(["--reader", inserted.reader(), "--read-certificate", "01", "--output"]).arg(&leaf);
        let read = end(&mut bounded(&opensc, BOUND));
        assert!(read.success(), "{read:?}");
        Card { inserted, leaf }
    }

    /// What OpenSSL says of the card's certificate, by the list that the server gives out now.
    #[track_caller]
    fn judged(&self, card: &Card) -> Result<(), String> {
        let list = self.site.write_crl("otto");
        let mut openssl = self.site.program.other("openssl");
        openssl.args(["verify", "-x509_strict", "-crl_check", "-CAfile"]).arg(self.site.ca_file());
        let ended = end(openssl.arg("-CRLfile").arg(list).arg(&card.leaf));
        if ended.success() { Ok(()) } else { Err(ended.all()) }
    }

    #[track_caller]
    fn is_revoked(&self, card: &Card) {
        let judged = self.judged(card).expect_err("OpenSSL takes it");
        assert!(judged.contains("certificate revoked"), "{judged}");
    }

    /// Answers what is asked before a request is sent, and gives its id.
    #[track_caller]
    fn asked_for(&self, what: &str) -> String {
        self.browser.click(what);
        self.browser.click("Go on");
        self.browser.click("Check before sending");
        self.browser.sees("May approve: group approvers");
        self.browser.click("Send the request");
        self.browser.sees("The request is made.");
        self.browser.sees("May still approve: ");
        let url = self.browser.url();
        url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned()
    }

    /// Has the approver follow the link of the mail that told her, and approve.
    #[track_caller]
    fn approved_by_mail(&mut self, request: &str, title: &str) {
        let link = self.told("request-waits", "vera");
        assert_eq!(link, format!("/requests/{request}"));
        assert!(self.page_of("vera", "/").contains("1 waits for your decision."));
        self.comes("vera", &link);
        self.browser.sees(title);
        self.browser.click("Approve");
        self.browser.sees("Approved.");
        assert!(self.page_of("vera", "/").contains("None waits for your decision."));
        self.goes();
    }
}

#[test]
fn a_card_is_asked_for_enrolled_found_lost_replaced_and_its_holder_leaves() {
    let mut way = Journey::begin();

    // She asks for her first card; whoever decides is told, and decides.
    way.comes("ursula", "/");
    way.browser.sees("You have no card.");
    way.browser.click("To my things");
    way.browser.click("Ask for something");
    let request = way.asked_for("New card: Smart card logon");
    way.goes();
    way.approved_by_mail(&request, "New card for ursula");

    // She is told where to go, and the desk enrolls it.
    let link = way.told("request-ready", "ursula");
    assert_eq!(link, format!("/requests/{request}"));
    let first = way.enrolled(&request, PRINTED[0]);
    assert_eq!(way.judged(&first), Ok(()));

    // Somebody brings a card that was found: the number on it says whose it is.
    way.comes("otto", "/search");
    way.browser.fill("Whom or what do you look for?", &PRINTED[0].to_string());
    way.browser.press("Enter");
    // What was found while he typed gives way to the page that he asked for.
    way.browser.until("the page of the search", || way.browser.url().contains("q=").then_some(()));
    way.browser.sees("1 match");
    way.browser.click("#found tbody a");
    way.browser.sees(&format!("Card {}", PRINTED[0]));
    let facts = way.browser.text("dl.facts");
    assert!(facts.contains("ursula") && facts.contains("in use"), "{facts}");
    way.goes();

    // She loses it, and says so herself.
    way.comes("ursula", "/mine");
    way.browser.sees("in use");
    way.browser.click("Lost or stolen?");
    way.browser.click("Lost");
    way.browser.click("main button[type=submit]");
    way.browser.sees("Reported: the card is revoked for good.");
    way.browser.sees("You need another card");
    way.is_revoked(&first);
    way.goes();
    assert_eq!(way.told("card-lost", "ursula"), "/mine");

    // The desk asks for another one in its place.
    way.comes("otto", "/search?q=ursula");
    way.browser.click("#found tbody a");
    way.browser.sees("Cards before");
    way.browser.click("main .acts a");
    way.browser.sees("For ursula");
    let replacement = way.asked_for("Replacement card");
    way.goes();
    way.approved_by_mail(&replacement, "Replacement card for ursula");
    let mut told = [way.mails.next(), way.mails.next()].map(|mail| mail["to"][0].as_str().unwrap().to_owned());
    told.sort();
    assert_eq!(told, ["otto@cards.test", "ursula@cards.test"], "who asked, and whose it is");
    let second = way.enrolled(&replacement, PRINTED[1]);
    assert_eq!(way.judged(&second), Ok(()));
    way.is_revoked(&first);
    assert_ne!(first.inserted.reader(), second.inserted.reader());

    // She leaves, and so does all that she has.
    way.comes("ada", "/search?q=ursula");
    way.browser.click("#found tbody a");
    way.browser.sees("Cards now");
    let person = way.browser.url().strip_prefix(&way.site.origin).unwrap().to_owned();
    way.browser.click("The person leaves");
    way.browser.fill("Type the person's name to confirm", "ursula");
    way.browser.click("End all of it");
    way.browser.sees("ursula has left. This was ended:");
    way.is_revoked(&second);
    way.browser.click("To the person");
    way.browser.sees("disabled");
    way.goes();
    assert!(way.page_of("otto", &person).contains("disabled"));
    // The directory still has her; she stays out all the same.
    directory::import(&way.site, &["--apply"]).done();
    assert_eq!(directory::account(&way.site, "ursula")["disabled"], true);
    let directory = way.site.program.path("server").display().to_string();
    let link = way.site.program.json(["server", "user", "sign-in-link", &directory, "ursula"]);
    assert!(!link.success(), "{link:?}");
}
