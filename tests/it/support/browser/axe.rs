//! What axe-core finds on a page.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::json;

use super::{Browser, driver};

/// The rules that must hold: WCAG 2.2, levels A and AA.
const DEMANDED: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const ADVISED: &str = "best-practice";

/// Rules by their tags; each violation with the elements in question, and what is wrong with them in words. Nothing where the
/// document does not have axe-core yet.
const JUDGE: &str = r#"
    const [tags, done] = arguments;
    if (!window.axe) return done(null);
    axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
        found => done({ violations: found.violations.map(one => ({
            rule: one.id, help: one.help, tags: one.tags,
            elements: one.nodes.map(node => node.target.join(' ') + ': ' + node.html + ' ' + node.failureSummary) })) }),
        error => done({ error: String(error) }));
"#;

/// What is wrong with a page: what WCAG demands, and apart from it what is advised.
#[derive(Debug)]
pub struct Axe {
    pub violations: Vec<Violation>,
    pub advice: Vec<Violation>,
}

#[derive(Debug, Deserialize)]
pub struct Violation {
    /// axe-core's name of the rule.
    pub rule: String,
    pub help: String,
    pub elements: Vec<String>,
    tags: Vec<String>,
}

impl Axe {
    /// The names of the rules of WCAG that are broken.
    pub fn rules(&self) -> Vec<&str> {
        self.violations.iter().map(|violation| &*violation.rule).collect()
    }
}

impl Browser {
    /// Asserts what every page owes: WCAG 2.2 A and AA as far as axe-core can tell, and an empty console.
    #[track_caller]
    pub fn assert_sound(&self) {
        let judged = self.axe();
        assert!(judged.violations.is_empty(), "{}: {:#?}", self.url(), judged.violations);
        assert_eq!(self.console(), Vec::<String>::new(), "{}", self.url());
    }

    /// Asserts that, and that the page is sound in the dark and in forced colours and no wider than 320 pixels; takes pictures of it
    /// when somebody asks for them. `usual`: the width it has again afterwards.
    #[track_caller]
    pub fn sound_in_every_way(&self, name: &str, usual: u32) {
        let picture = |how: &str| {
            if let Some(directory) = std::env::var_os("CARDWRIGHT_PICTURES") {
                self.picture(std::path::Path::new(&directory).join(format!("{name}-{how}.png")));
            }
        };
        self.assert_sound();
        picture("light");
        self.dark(true);
        assert!(self.axe().violations.is_empty(), "{name}, dark");
        picture("dark");
        self.dark(false);
        self.forced_colours(true);
        assert!(self.axe().violations.is_empty(), "{name}, forced colours");
        self.forced_colours(false);
        self.width(320);
        assert!(!self.scrolls_sideways(), "{name} at 320 px");
        picture("narrow");
        self.width(usual);
    }

    /// Has axe-core judge the page as it stands. A page that was loaded without script is judged likewise: only for the
    /// judge are scripts let run again.
    #[track_caller]
    pub fn axe(&self) -> Axe {
        let off = self.media.borrow().script_off;
        if off {
            self.script(true);
        }
        let tags: Vec<&str> = DEMANDED.into_iter().chain([ADVISED]).collect();
        let judge = |script: &str| {
            let answer = driver::wait(self.session.client.execute_async(script, vec![json!(tags)]));
            answer.unwrap_or_else(|error| panic!("axe-core: {error}"))
        };
        // Given to each document once: it is large.
        let mut answer = judge(JUDGE);
        if answer.is_null() {
            answer = judge(&format!("{}\n{JUDGE}", source()));
        }
        if off {
            self.script(false);
        }
        assert!(answer["error"].is_null(), "axe-core: {answer}");
        let found: Vec<Violation> = serde_json::from_value(answer["violations"].take()).unwrap();
        let (advice, violations) = found.into_iter().partition(|one| one.tags.iter().any(|tag| tag == ADVISED));
        Axe { violations, advice }
    }
}

/// axe-core as scripts/fetch-axe has it.
fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fetch-axe");
        let fetched = Command::new(script).output().unwrap();
        assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
        std::fs::read_to_string(String::from_utf8(fetched.stdout).unwrap().trim_end()).unwrap()
    })
}
