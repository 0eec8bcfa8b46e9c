//! Refusals of the real server, as the program tells them.

use super::{ENROLL, PIN};
use crate::support::program::end;
use crate::support::site::Site;

#[test]
fn a_bearer_token_that_expired_or_is_unknown_stops_the_work_and_a_good_one_goes_on() {
    let mut site = Site::with_approval();
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.person_for("0", "late", &[]);
    site.program.factory_token("card");
    let before = site.program.token_files();
    let expired = site.run("late", PIN, &ENROLL).refused(6, "token-expired");
    assert!(expired.remedy.contains("new bearer token"), "{expired:?}");
    let request = site.run("alice", PIN, &ENROLL).refused(7, "request-pending").request.unwrap();
    site.run("oscar", PIN, &["request", "approve", &request]).done();
    let mut unknown = site.command("alice", PIN, &ENROLL);
    let unknown = end(unknown.env("CARDWRIGHT_BEARER", "not-a-token-of-anybody")).refused(6, "not-authenticated");
    assert_eq!(unknown.request, Some(request.clone()));
    assert!(site.program.token_files() == before, "the token was touched");
    assert_eq!(site.run("alice", PIN, &ENROLL).done()["request"], request);
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
}

#[test]
fn a_server_with_the_wrong_ca_is_not_spoken_to() {
    let mut site = Site::new();
    site.person("alice", &[]);
    site.program.factory_token("card");
    let made = end(site
        .program
        .other("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=cardwright CA",
            "-keyout",
            "/dev/null",
            "-out",
        ])
        .arg(site.program.path("other.pem")));
    assert!(made.success(), "{made:?}");
    let mut other = site.command("alice", PIN, &ENROLL);
    let told = end(other.env("CARDWRIGHT_CA_FILE", site.program.path("other.pem"))).refused(5, "server-not-trusted");
    assert!(told.remedy.contains("--ca-file"), "{told:?}");
    let mut platform = site.command("alice", PIN, &ENROLL);
    end(platform.env_remove("CARDWRIGHT_CA_FILE")).refused(5, "server-not-trusted");
    // Nothing but the handshake reached the server: no call is in its log.
    assert!(!site.log().contains("profiletemplates"));
    let plain = site.origin.replace("https", "http");
    let told = site.run("alice", PIN, &[&ENROLL[..], &["--server", &plain]].concat()).told();
    assert_eq!(told.exit, 5, "{told:?}");
    site.run("alice", PIN, &ENROLL).done();
}

#[test]
fn a_denied_request_is_over_and_a_new_one_may_be_made() {
    let mut site = Site::with_approval();
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.program.factory_token("card");
    let before = site.program.token_files();
    let request = site.run("alice", PIN, &ENROLL).refused(7, "request-pending").request.unwrap();
    let denied = site.run("oscar", PIN, &["request", "deny", &request, "--comment", "unknown badge"]).done();
    assert_eq!(denied["status"], "Denied");
    let told = site.run("alice", PIN, &ENROLL).refused(6, "request-denied");
    assert_eq!(told.request, Some(request.clone()));
    assert!(site.program.token_files() == before && site.program.journal().is_empty());
    site.run("oscar", PIN, &["request", "approve", &request]).refused(6, "already-approved");
    let second = site.run("alice", PIN, &ENROLL).refused(7, "request-pending").request.unwrap();
    assert_ne!(second, request);
    let canceled = site.run("alice", PIN, &["request", "cancel", &second]).done();
    assert_eq!(canceled["status"], "Canceled");
    site.run("alice", PIN, &ENROLL).refused(6, "request-canceled");
    assert!(site.program.token_files() == before && site.program.journal().is_empty());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let site = Site::new();
    let program = &site.program;
    let serve = |directory: &str, passphrase: &str, listen: &[&str]| {
        let mut command = program.command(["--json", "serve", directory]);
        end(command.args(listen).env("CARDWRIGHT_PASSPHRASE", passphrase)).told()
    };
    let directory = program.path("server").display().to_string();
    let busy = serve(&directory, crate::support::site::PASSPHRASE, &["--listen", "127.0.0.1:0"]);
    assert!(busy.causes.contains("another server") || busy.message.contains("another server"), "{busy:?}");
    assert_eq!(serve("/nowhere", "x", &[]).code, "no-data-directory");
    let afar = serve(&directory, "x", &["--plain-http", "--listen", "0.0.0.0:0"]);
    assert_eq!(afar.exit, 2, "{afar:?}");
    let twice = program.command(["--json", "server", "init", &directory]).env("CARDWRIGHT_PASSPHRASE", "x").output();
    let twice: crate::support::program::Ended = twice.unwrap().into();
    assert_eq!(twice.told().code, "directory-exists");
    let fresh = program.path("fresh").display().to_string();
    for weak in ["seven..", "12345678", "abababab"] {
        let made = end(program.command(["--json", "server", "init", &fresh]).env("CARDWRIGHT_PASSPHRASE", weak)).told();
        assert_eq!((made.exit, made.code.as_str()), (2, "passphrase-weak"), "{weak}: {made:?}");
        assert!(!std::path::Path::new(&fresh).exists(), "{weak}");
    }
    let user = program.json(["server", "user", "add", &directory, "a:b"]).told();
    assert_eq!((user.exit, user.code.as_str()), (2, "user-name"), "{user:?}");
}
