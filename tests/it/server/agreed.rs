//! Several servers of one database work by the same templates, and a template is changed by raising its version.

use super::support::Lab;
use crate::support::postgres::Database;
use cardwright::server::{AgreementError, Disagreement, Server, StartError};

fn edit(lab: &Lab, change: impl FnOnce(String) -> String) {
    let directory = std::fs::read_dir(lab.data().join("templates")).unwrap();
    let path = directory.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some()).unwrap();
    std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
}

/// Starts and stops a server; what it said if it did not start.
fn refusal(lab: &Lab) -> Option<Disagreement> {
    match Server::start(lab.config()) {
        Ok(server) => {
            server.stop().unwrap();
            None
        }
        Err(StartError::Agreement(AgreementError::Template(disagreement))) => Some(disagreement),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_template_that_differs_or_is_older_stops_the_start_and_a_newer_one_is_taken_up() {
    let mut lab = Lab::with_database(Some(Database::new()));
    lab.stop();
    assert!(refusal(&lab).is_none(), "the same once more");
    edit(&lab, |text| format!("# a word about it\n\n{text}").replace("version = 1", "version   =  1 # the first"));
    assert!(refusal(&lab).is_none(), "comments and blanks say nothing");

    let longer = |text: String| text.replace("validity_days = 365", "validity_days = 366");
    edit(&lab, longer);
    let refused = refusal(&lab).unwrap();
    assert!(matches!(&refused, Disagreement::Differs { version: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("raise the version"), "{refused}");
    edit(&lab, |text| text.replace("validity_days = 366", "validity_days = 365"));
    assert!(refusal(&lab).is_none(), "nothing was taken up that was refused");

    edit(&lab, |text| longer(text).replace("version   =  1", "version = 2"));
    assert!(refusal(&lab).is_none());
    edit(&lab, |text| text.replace("version = 2", "version = 1"));
    let refused = refusal(&lab).unwrap();
    assert!(matches!(&refused, Disagreement::Older { here: 1, there: 2, .. }), "{refused}");
    let changed = lab.database.as_ref().unwrap().sql("SELECT record FROM audit WHERE record LIKE '%template-changed%'");
    assert!(changed.lines().count() == 1 && changed.contains(&lab.template.to_string()), "{changed}");
}

#[test]
fn a_server_that_runs_goes_on_while_another_takes_up_a_newer_template() {
    let lab = Lab::with_database(Some(Database::new()));
    let alice = lab.user("alice", &[]);
    // The second server's directory is a copy of the first one's.
    let second = lab.directory.path().join("second");
    let copied = std::process::Command::new("cp").arg("-r").arg(lab.data()).arg(&second).status().unwrap();
    assert!(copied.success());
    let mut config = lab.config();
    config.data_dir = second.clone();
    let path = std::fs::read_dir(second.join("templates")).unwrap().flatten().next().unwrap().path();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("version = 1", "version = 2")).unwrap();
    let newer = Server::start(config).unwrap();
    lab.enrolled(&alice);
    newer.stop().unwrap();
    lab.enrolled(&alice);
}

#[test]
fn one_server_alone_edits_its_templates_as_it_likes() {
    let mut lab = Lab::with_database(None);
    lab.stop();
    edit(&lab, |text| text.replace("validity_days = 365", "validity_days = 366"));
    assert!(refusal(&lab).is_none());
}
