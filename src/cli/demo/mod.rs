//! `cardwright demo`: runs the whole job, from `server init` to `retire`, on a software token and a server of its own.
//!
//! It starts this very program as a person would, and has OpenSSL and pkcs11-tool judge the results.

mod stage;

use crate::cli::args::DemoArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use serde::Serialize;
use stage::{Stage, text_at};
use std::time::Instant;

/// Lists what the demo did, for scripts.
#[derive(Serialize)]
struct Told {
    steps: Vec<Step>,
    seconds: f64,
}

#[derive(Serialize)]
struct Step {
    what: &'static str,
    seconds: f64,
}

/// Holds the PIN that enrollment sets. The demo's PINs may stand here, for the token they protect lives for seconds.
const FIRST_PIN: &str = "271828";
const NEW_PIN: &str = "314159";
const WRONG_PIN: &str = "000000";

/// Runs one step of the demo and returns what to print about it.
type Act = fn(&mut Stage) -> Result<String, Failure>;

/// Lists the steps in order: what is printed before each, and the step.
const ACTS: &[(&str, Act)] = &[
    ("Set up a CM server: its CA, its database, a template, three people", set_up_server),
    ("Start it on loopback, over HTTPS with a certificate of its own CA", start_server),
    ("Initialise a SoftHSM token, as if fresh from the factory", initialise_token),
    ("Ask for enrollment; the template wants an approval first", ask_for_enrollment),
    ("A second person approves", approve),
    ("Enroll: new admin key and PIN, key made on the token, certificate installed", enroll),
    ("OpenSSL and pkcs11-tool judge the result", prove),
    ("Forget the PIN, and unblock the token through the server", forget_and_unblock),
    ("Renew: a fresh key and certificate", renew),
    ("Retire: the token is clean, the certificates are on the CRL", retire),
];

/// Runs all acts in turn, timing each; the demo's directory is removed whatever happens, unless `--keep`.
pub fn run(args: &DemoArgs, output: &Output) -> Result<(), Failure> {
    let started = Instant::now();
    let mut stage = Stage::build(args)?;
    let mut steps = Vec::new();
    for (number, (what, act)) in ACTS.iter().enumerate() {
        output.tell(&format!("{:2}. {what}", number + 1));
        let begun = Instant::now();
        let outcome = act(&mut stage)?;
        let seconds = begun.elapsed().as_secs_f64();
        output.tell(&format!("    {outcome} ({seconds:.1} s)"));
        steps.push(Step { what, seconds });
    }
    let left =
        if args.keep { format!("everything is in {}", stage.path("")) } else { "nothing was left behind".into() };
    stage.strike()?;
    let seconds = started.elapsed().as_secs_f64();
    output.result(&Told { steps, seconds }, || format!("The whole job took {seconds:.1} s; {left}."))
}

fn set_up_server(stage: &mut Stage) -> Result<String, Failure> {
    let server = stage.path("server");
    stage.cardwright(&["server", "init", &server, "--name", "localhost", "--name", "127.0.0.1"])?;
    for (name, group) in [("olga", "operators"), ("adam", "approvers"), ("ursula", "staff")] {
        let upn = format!("{name}@example.com");
        let added = stage.cardwright(&[
            "server",
            "user",
            "add",
            &server,
            name,
            "--group",
            group,
            "--upn",
            &upn,
            "--show-token",
        ])?;
        stage.remember_bearer(name, text_at(&added, "bearer")?);
    }
    Ok("olga operates, adam approves, ursula gets the token".into())
}

fn start_server(stage: &mut Stage) -> Result<String, Failure> {
    let address = stage.start_server()?;
    Ok(format!("listening at {address}"))
}

fn initialise_token(stage: &mut Stage) -> Result<String, Failure> {
    let made = stage.cardwright(&["token", "init", "--label", "demo", "--default-admin-key"])?;
    Ok(format!("token \"demo\", serial {}", text_at(&made, "serial")?))
}

fn ask_for_enrollment(stage: &mut Stage) -> Result<String, Failure> {
    stage.set_pin(FIRST_PIN);
    let pending = stage.cardwright_ends(
        Exit::Pending,
        "olga",
        &["enroll", "--label", "demo", "--target", "ursula", "--comment", "first day"],
    )?;
    let request = text_at(&pending["error"], "request")?;
    stage.request = request.clone();
    Ok(format!("request {request} waits; the token was not touched"))
}

fn approve(stage: &mut Stage) -> Result<String, Failure> {
    let request = stage.request.clone();
    stage.cardwright_as("adam", &["request", "approve", &request, "--comment", "badge seen"])?;
    Ok("adam approved it".into())
}

fn enroll(stage: &mut Stage) -> Result<String, Failure> {
    let done = stage.cardwright_as("olga", &["enroll", "--label", "demo", "--target", "ursula"])?;
    let certificate = &done["certificates"][0];
    stage.key_id = text_at(certificate, "key_id")?;
    Ok(format!("certificate {} for {}", text_at(certificate, "serial_number")?, text_at(certificate, "subject")?))
}

fn prove(stage: &mut Stage) -> Result<String, Failure> {
    stage.fetch_certificate("ursula.der")?;
    stage.fetch_crl()?;
    stage.openssl_verifies("ursula.der")?;
    stage.token_signs("ursula.der")?;
    Ok("the chain verifies with the CRL; the token signs and OpenSSL accepts the signature".into())
}

fn forget_and_unblock(stage: &mut Stage) -> Result<String, Failure> {
    stage.set_pin(WRONG_PIN);
    stage.cardwright_ends(Exit::Secret, "olga", &["token", "change-pin", "--label", "demo"])?;
    stage.set_pin(NEW_PIN);
    stage.cardwright_as("olga", &["unblock", "--label", "demo"])?;
    Ok("the wrong PIN was refused and told as such; the new one was set by the server's admin key".into())
}

fn renew(stage: &mut Stage) -> Result<String, Failure> {
    let done = stage.cardwright_as("olga", &["renew", "--label", "demo"])?;
    let certificate = &done["certificates"][0];
    stage.key_id = text_at(certificate, "key_id")?;
    stage.fetch_certificate("renewed.der")?;
    stage.openssl_verifies("renewed.der")?;
    stage.token_signs("renewed.der")?;
    let removed = done["old_keys"][0]["removed"] == true;
    let old = if removed { "the old key is gone" } else { "the old key stays, for it may have to decrypt" };
    Ok(format!("certificate {}; {old}", text_at(certificate, "serial_number")?))
}

fn retire(stage: &mut Stage) -> Result<String, Failure> {
    stage.cardwright_as("olga", &["retire", "--label", "demo", "--yes"])?;
    stage.token_is_empty()?;
    stage.fetch_crl()?;
    stage.openssl_says_revoked("renewed.der")?;
    Ok("no object is left on the token; OpenSSL calls the certificate revoked".into())
}
