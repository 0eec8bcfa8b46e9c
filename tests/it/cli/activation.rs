//! A bearer token that its owner makes with an activation code, by the program.

use crate::support::program::end;
use crate::support::site::Site;
use std::os::unix::fs::PermissionsExt;

#[test]
fn an_owner_makes_a_bearer_token_with_a_code_and_the_program_uses_it() {
    let site = Site::new();
    let server = site.program.path("server").display().to_string();
    let added = site.program.json(["server", "user", "add", &server, "ursula", "--days", "30"]).done();
    assert!(added["bearer"].is_null(), "{added}");
    let code = added["code"].as_str().unwrap();
    let bearer = site.program.path("bearer").display().to_string();
    let activate = |arguments: &[&str], code: &str| {
        let mut command = site.program.command(["--json", "activate"]);
        command.args(arguments).env("CARDWRIGHT_ACTIVATION_CODE", code).env("CARDWRIGHT_SERVER", &site.origin);
        end(command.env("CARDWRIGHT_CA_FILE", site.ca_file()).env_remove("CARDWRIGHT_BEARER"))
    };
    activate(&["--out", &bearer], "00000-00000-00000-00000").refused(6, "activation-unknown");
    assert!(!std::path::Path::new(&bearer).exists(), "nothing is left of what was refused");
    let made = activate(&["--out", &bearer], &code.to_lowercase());
    assert!(!made.all().contains(std::fs::read_to_string(&bearer).unwrap().trim()), "shown besides");
    assert_eq!(made.done()["file"], bearer.as_str());
    assert_eq!(std::fs::metadata(&bearer).unwrap().permissions().mode() & 0o777, 0o600);
    let mut list = site.program.command(["--json", "request", "list", "--bearer-from", &format!("file:{bearer}")]);
    list.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    end(list.env_remove("CARDWRIGHT_BEARER")).done();
    let again = activate(&[], code).refused(6, "activation-used");
    assert!(again.message.contains("127.0.0.1"), "{again:?}");
    // Without a file it is shown, once.
    let second = site.program.json(["server", "token", "add", &server, "ursula"]).done();
    assert!(activate(&[], second["code"].as_str().unwrap()).done()["bearer"].is_string());
    let listed = site.program.json(["server", "token", "list", &server, "ursula"]).done();
    assert_eq!(listed["tokens"][0]["activated_from"], "127.0.0.1");
}
