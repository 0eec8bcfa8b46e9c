//! Ten thousand open requests: each page shows one bounded page of them, at the cost of a few statements.

use super::lab::{asks, cookie, page, session};
use crate::support::site::{self, Site};

/// What a page may cost: who visits, the frame, a handful of questions, and the look at the counter itself.
const STATEMENTS: u64 = 50;
const MANY: u64 = 10_000;

const ROLES: &str = "\n[roles]\nadmin = [\"group:administrators\"]\n";

/// How many statements the server's store has run.
fn statements(operations: &str) -> u64 {
    let text = ureq::get(format!("{operations}/metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find(|line| line.starts_with("cardwright_store_statements_total "));
    line.and_then(|line| line.rsplit(' ').next()).and_then(|number| number.parse::<f64>().ok()).unwrap() as u64
}

#[test]
fn with_ten_thousand_open_requests_home_queue_and_search_are_one_bounded_page_each() {
    let port = crate::support::port::unused_port();
    let settings = format!("{ROLES}\n[operations]\nlisten = \"127.0.0.1:{port}\"\n");
    let mut site = Site::with_settings(&settings, site::approval);
    for (name, groups) in [("ada", &["administrators"][..]), ("vera", &["approvers"]), ("ursula", &["users"])] {
        site.person(name, groups);
    }
    asks(&site, "ursula", "the first of many");
    site.stop_server();
    let database = rusqlite::Connection::open(site.program.path("server/cardwright.db")).unwrap();
    // Alike but for their ids, times and urgency.
    let copied = format!(
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {MANY}) INSERT INTO requests (uuid, \
         request_type, status, originator, target, profile_template, template_version, priority, comment, data, submitted, \
         is_smartcard, is_enrollment_agent) SELECT randomblob(16), request_type, status, originator, target, \
         profile_template, template_version, n % 10, comment, data, submitted + n, is_smartcard, is_enrollment_agent \
         FROM r, (SELECT * FROM requests LIMIT 1) AS one"
    );
    assert_eq!(database.execute(&copied, []).unwrap() as u64, MANY);
    drop(database);
    site.start();
    let operations = format!("http://127.0.0.1:{port}");
    for who in ["vera", "ada", "ursula"] {
        let cookie = session(&cookie(&site, who));
        let look = |path: &str| {
            // The server's upkeep may add to one of them.
            let looks = [(); 3].map(|()| {
                let before = statements(&operations);
                let seen = page(&site, &[("cookie", &cookie)], path);
                (statements(&operations) - before, seen)
            });
            let (cost, seen) = looks.into_iter().min_by_key(|(cost, _)| *cost).unwrap();
            let bytes = seen.body.len();
            assert_eq!(seen.status, 200, "{who} {path}: {}", seen.body);
            assert!(cost <= STATEMENTS && bytes < 100_000, "{who} {path}: {cost} statements, {bytes} bytes");
            seen.body
        };
        let rows = |body: &str| body.matches("<tr role=\"row\">").count();
        let home = look("/");
        let queue = look("/requests");
        assert_eq!(rows(&queue), 1 + 25, "{who}: {queue}");
        let told = "1000 wait for";
        assert_eq!(
            who != "ursula",
            home.contains(told) && queue.contains(told) && queue.contains("There may be more"),
            "{who}"
        );
        assert_eq!(queue.matches("id=\"choose-").count(), if who == "vera" { 25 } else { 0 }, "{who}");
        // The page after it has other requests, as has the one after that.
        let next = |body: &str| {
            let link = body.split("<a href=\"").find(|rest| rest.contains("rel=\"next\"")).unwrap();
            link.split('"').next().unwrap().replace("&amp;", "&")
        };
        let second = look(&next(&queue));
        assert_eq!((rows(&second), next(&second) == next(&queue)), (1 + 25, false), "{who}");
        assert_eq!(rows(&look(&next(&second))), 1 + 25, "{who}");
        assert_eq!(rows(&look("/requests?state=all")), 1 + 25, "{who}");
        look("/search?q=ursula");
    }
}
