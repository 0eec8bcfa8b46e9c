//! Modules that load or do not, and the choice of a token by label and serial.

use std::path::Path;
use std::process::Command;

use cardwright::pkcs11::{Error, Existing, Module, Selector};
use cardwright::token::{self, Admin, ChallengeResponder, Credentials, LastTry, SecretKind, Token, Tries};

use super::{PIN, SO_PIN, pin};
use crate::support::errors::causes;
use crate::support::softhsm;

#[test]
fn a_module_that_is_not_there_or_none_says_so() {
    let missing = Module::load(Path::new("/nonexistent/module.so")).err().unwrap();
    assert!(matches!(missing, Error::Missing { .. }));
    assert!(causes(&missing).contains("/nonexistent/module.so"));

    let text = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(text.path(), "no shared object").unwrap();
    let unloadable = Module::load(text.path()).err().unwrap();
    assert!(matches!(unloadable, Error::NotAModule { .. }));
    assert!(causes(&unloadable).contains("file too short") || causes(&unloadable).contains("invalid ELF header"));

    // A shared object that is something else.
    let other = Module::load(Path::new("/lib/x86_64-linux-gnu/libm.so.6")).err().unwrap();
    assert!(matches!(other, Error::NotAModule { .. }));
    assert!(causes(&other).contains("C_GetFunctionList"), "{}", causes(&other));
}

#[test]
fn a_module_that_does_not_start_says_so() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "token::choice::loads_softhsm", "--nocapture"]);
    child.env(softhsm::VARIABLE, "/nonexistent/softhsm2.conf").env("EXPECT_NO_START", "1");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Loads twice at once; as a child without a configuration it cannot.
#[test]
fn loads_softhsm() {
    if std::env::var_os("EXPECT_NO_START").is_some() {
        let error = Module::load(Path::new(softhsm::MODULE)).err().unwrap();
        assert!(matches!(error, Error::Initialise { .. }), "{error}");
        assert!(causes(&error).contains("C_Initialize returned CKR_"), "{}", causes(&error));
        return;
    }
    let first = softhsm::module();
    let second = Module::load(Path::new(softhsm::MODULE)).unwrap();
    drop(first);
    assert!(!second.tokens().unwrap().is_empty());
}

#[test]
fn a_token_is_chosen_by_label_and_serial_and_never_guessed() {
    let module = softhsm::module();
    let made = softhsm::token("choice one", SO_PIN, PIN);
    let serial = made.identity().serial.clone();
    softhsm::token("choice two", SO_PIN, PIN);

    let found = module.find(&Selector::label("choice one")).unwrap();
    assert_eq!(found.identity(), made.identity());
    assert_eq!(module.find(&Selector::serial(&serial)).unwrap().identity(), made.identity());
    let both = Selector { label: Some("choice two".into()), serial: Some(serial.clone()) };
    assert!(matches!(module.find(&both).err(), Some(Error::NoToken { .. })));

    let none = module.find(&Selector::label("choice three")).err().unwrap();
    assert!(none.to_string().contains("\"choice three\""), "{none}");
    assert!(none.to_string().contains(&serial), "{none}");
    let several = module.find(&Selector::default()).err().unwrap();
    assert!(matches!(&several, Error::Ambiguous { matching, .. } if matching.len() > 1));
    assert!(several.to_string().contains("name the serial"), "{several}");

    let summary = module
        .tokens()
        .unwrap()
        .into_iter()
        .filter_map(|it| it.token.ok())
        .find(|summary| summary.identity.serial == serial)
        .unwrap();
    assert!(summary.initialised && summary.pin_set);
    assert_eq!((summary.counters.user, summary.counters.admin), (Tries::Full, Tries::Full));
}

/// Only another program makes two tokens of one label. It does so in a directory of its own, which this binary, run
/// again for [`twin_job`], then meets: tokens that appear beside those of other tests would be found at random moments.
#[test]
fn two_tokens_of_one_label_are_ambiguous_until_the_serial_is_named() {
    let private = softhsm::private();
    let (variable, configuration) = private.env();
    for _ in 0..2 {
        let output = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", TWIN, "--so-pin", SO_PIN, "--pin", PIN])
            .env(variable, configuration)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "token::choice::twin_job", "--nocapture"]).env(TWIN_JOB, "1").env(variable, configuration);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

const TWIN: &str = "choice twin";
const TWIN_JOB: &str = "CARDWRIGHT_TWIN_JOB";

/// Meets the twins a parent has made; without a parent, shows that this program makes none.
#[test]
fn twin_job() {
    if std::env::var_os(TWIN_JOB).is_none() {
        let module = softhsm::module();
        softhsm::token(TWIN, SO_PIN, PIN);
        let second = module.initialise(&Selector::default(), TWIN, &pin(SO_PIN), Existing::Keep).err();
        assert!(matches!(second, Some(Error::LabelTaken { .. })), "{second:?}");
        return;
    }
    let module = Module::load(Path::new(softhsm::MODULE)).unwrap();
    let Some(Error::Ambiguous { matching, .. }) = module.find(&Selector::label(TWIN)).err() else {
        panic!("not ambiguous")
    };
    assert_eq!(matching.len(), 2);
    for identity in &matching {
        assert_eq!(module.find(&Selector::serial(&identity.serial)).unwrap().identity(), identity);
    }
}

#[test]
fn a_token_is_initialised_once_unless_erasing_is_asked_for() {
    let module = softhsm::module();
    let blank = module.initialise(&Selector::default(), "choice init", &pin(SO_PIN), Existing::Keep).unwrap();
    let this = Selector::serial(&blank.identity().serial);
    let summary = module
        .tokens()
        .unwrap()
        .into_iter()
        .filter_map(|it| it.token.ok())
        .find(|summary| summary.identity == *blank.identity())
        .unwrap();
    assert!(summary.initialised && !summary.pin_set);
    assert_eq!(summary.counters.user, Tries::NotSet);

    let again = module.initialise(&this, "choice again", &pin(SO_PIN), Existing::Keep).err();
    assert!(matches!(again, Some(Error::AlreadyInitialised { .. })));
    let taken = module.initialise(&Selector::default(), "choice init", &pin(SO_PIN), Existing::Keep).err();
    assert!(matches!(taken, Some(Error::LabelTaken { .. })));
    for label in ["", "ends with a blank ", "a label of more than thirty-two bytes"] {
        let rules = module.initialise(&Selector::default(), label, &pin(SO_PIN), Existing::Keep).err();
        assert!(matches!(rules, Some(Error::LabelRules { .. })), "{label:?}");
    }
    let wrong = module.initialise(&this, "choice erased", &pin("00000000"), Existing::Erase).err();
    assert!(
        matches!(wrong, Some(Error::Token(token::Error::SecretRefused { secret: SecretKind::Admin, .. }))),
        "{wrong:?}"
    );
    let erased = module.initialise(&this, "choice erased", &pin(SO_PIN), Existing::Erase).unwrap();
    assert_eq!(erased.identity().label, "choice erased");
    assert!(matches!(module.find(&Selector::label("choice init")).err(), Some(Error::NoToken { .. })));
}

#[test]
fn a_pin_that_is_not_set_or_does_not_fit_is_not_sent() {
    struct Nobody;
    impl ChallengeResponder for Nobody {
        fn respond(&mut self, _: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
            panic!("a PKCS#11 token has no challenge")
        }
    }
    let module = softhsm::module();
    let mut token = module.initialise(&Selector::default(), "choice pin", &pin(SO_PIN), Existing::Keep).unwrap();
    let unset = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).err();
    assert!(matches!(unset, Some(token::Error::NotSet { secret: SecretKind::Pin })));
    let short = token.set_pin(Admin::SoPin(&pin(SO_PIN)), &pin("1"), LastTry::Keep).err();
    assert!(matches!(short, Some(token::Error::SecretLength { secret: SecretKind::Pin, minimum: 4, .. })));
    let long = token.set_pin(Admin::SoPin(&pin(&"9".repeat(300))), &pin(PIN), LastTry::Keep).err();
    assert!(matches!(long, Some(token::Error::SecretLength { secret: SecretKind::Admin, maximum: 255, .. })));
    let afar = token.set_pin(Admin::Responder(&mut Nobody), &pin(PIN), LastTry::Keep).err();
    assert!(matches!(afar, Some(token::Error::NoChallenge)));
    assert_eq!(token.counters().unwrap().admin, Tries::Full);
}

#[test]
fn a_login_held_elsewhere_never_vouches_for_a_pin() {
    let mut token = softhsm::token("choice twice", SO_PIN, PIN);
    let mut same = softhsm::module().find(&Selector::label("choice twice")).unwrap();
    let session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    for typed in [PIN, "000000"] {
        let second = same.log_in(Credentials::user(&pin(typed), LastTry::Keep)).err().unwrap();
        assert!(matches!(&second, token::Error::Device { operation: "C_Login", .. }), "{second}");
        assert!(causes(&second).contains("another login"), "{}", causes(&second));
    }
    drop(session);
    same.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
}

/// The store of a SoftHSM token is its directory: without it the token is gone. The module goes on showing a slot that
/// cannot be read, so this is done in a process of its own: this binary, run again for [`taken_away_job`].
#[test]
fn a_token_taken_away_is_not_a_wrong_pin() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "token::choice::taken_away_job", "--nocapture"]).env(TAKEN_AWAY_JOB, "1");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

const TAKEN_AWAY_JOB: &str = "CARDWRIGHT_TAKEN_AWAY_JOB";

/// Takes the token away where a parent says so; without a parent, shows that the same login succeeds.
#[test]
fn taken_away_job() {
    let mut token = softhsm::token("choice gone", SO_PIN, PIN);
    if std::env::var_os(TAKEN_AWAY_JOB).is_none() {
        assert!(token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).is_ok());
        return;
    }
    softhsm::take_away(&token.identity().serial.clone());
    let error = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).err().unwrap();
    assert!(matches!(error, token::Error::Removed | token::Error::Device { .. }), "{error:?}");
    // It hides no other token, and asking for it tells what the module said.
    softhsm::token("choice still there", SO_PIN, PIN);
    let error = softhsm::module().find(&Selector::label("choice gone")).err().unwrap();
    assert!(matches!(error, Error::Token(_) | Error::NoToken { .. }), "{error:?}");
}

#[test]
fn no_error_shows_a_secret() {
    let mut token = softhsm::token("choice silent", "secret-so-pin", "secret-pin");
    let typed = "secret-wrong";
    let mut errors: Vec<token::Error> = Vec::new();
    errors.extend(token.log_in(Credentials::user(&pin(typed), LastTry::Keep)).err());
    errors.extend(token.change_pin(&pin(typed), &pin("secret-new"), LastTry::Keep).err());
    errors.extend(token.set_pin(Admin::SoPin(&pin(typed)), &pin("secret-new"), LastTry::Keep).err());
    assert_eq!(errors.len(), 3);
    for error in errors {
        let shown = format!("{error:?} {}", causes(&error));
        assert!(!shown.contains("secret-"), "{shown}");
    }
}
