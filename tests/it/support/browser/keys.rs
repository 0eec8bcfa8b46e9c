//! The keyboard as a person uses it, and where the focus is.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::Value;
use ureq::http::Method;

use super::{Browser, driver};

/// Tells whether a person sees where the focus is: an outline or a shadow, and some of it is not covered (WCAG 2.4.7,
/// 2.4.11).
const SEEN: &str = r#"
    const one = document.activeElement;
    if (!one || one === document.body) return false;
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    if (!one.matches(':focus-visible') || !(outlined || style.boxShadow !== 'none')) return false;
    return Array.from(one.getClientRects()).some(box =>
        [[.5, .5], [.1, .1], [.9, .1], [.1, .9], [.9, .9]].some(([x, y]) => {
            const there = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
            return there && (one.contains(there) || Array.from(one.labels ?? []).some(label => label.contains(there)));
        }));
"#;

/// What has the focus, as an assistive technology is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Focused {
    pub tag: String,
    pub id: String,
    pub role: String,
    pub name: String,
}

impl Browser {
    /// Presses keys one after another, each by its name in UI Events (`Tab`, `Enter`, `Space`, `Escape`, `ArrowDown` …)
    /// or as a character, with `Shift+` or `Control+` before it: `"Tab Tab Shift+Tab Enter"`.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        for chord in keys.split_whitespace() {
            let parts: Vec<char> = chord.split('+').map(key).collect();
            let down = parts.iter().map(|value| KeyAction::Down { value: *value });
            let up = parts.iter().rev().map(|value| KeyAction::Up { value: *value });
            self.perform(down.chain(up));
        }
    }

    /// Types a text where the focus is.
    #[track_caller]
    pub fn write(&self, text: &str) {
        let strokes = |value| [KeyAction::Down { value }, KeyAction::Up { value }];
        self.perform(text.chars().flat_map(strokes));
    }

    #[track_caller]
    fn perform(&self, strokes: impl Iterator<Item = KeyAction>) {
        let keyboard = strokes.fold(KeyActions::new("keyboard".to_owned()), InputSource::then);
        driver::wait(self.session.client.perform_actions(keyboard)).unwrap();
    }

    /// What has the focus now; the page itself (`body`) where nothing has.
    #[track_caller]
    pub fn focused(&self) -> Focused {
        let element = driver::wait(self.session.client.active_element()).unwrap();
        let told =
            |what: &str| match self.command(Method::GET, &format!("element/{}/{what}", &*element.element_id()), None) {
                Value::String(told) => told,
                _ => String::new(),
            };
        let id = driver::wait(element.attr("id")).unwrap().unwrap_or_default();
        Focused { tag: told("name"), id, role: told("computedrole"), name: told("computedlabel").trim().to_owned() }
    }

    /// Whether a person sees where the focus is: it is marked, and not wholly covered or outside of the window.
    #[track_caller]
    pub fn focus_is_visible(&self) -> bool {
        self.run(SEEN, &[]).as_bool().unwrap()
    }

    /// What gets the focus, in order, when Tab is pressed from where it is until it leaves the page; at most `most`.
    #[track_caller]
    pub fn tab_order(&self, most: usize) -> Vec<Focused> {
        let mut order = Vec::new();
        for _ in 0..most {
            self.press("Tab");
            let focused = self.focused();
            if focused.tag == "body" {
                break;
            }
            order.push(focused);
        }
        order
    }
}

/// The character by which WebDriver knows a key (WebDriver, section 17.4.2).
fn key(name: &str) -> char {
    let mut characters = name.chars();
    match (name, characters.next(), characters.next()) {
        ("Tab", ..) => Key::Tab.into(),
        ("Enter", ..) => Key::Enter.into(),
        ("Space", ..) => ' ',
        ("Escape", ..) => Key::Escape.into(),
        ("Backspace", ..) => Key::Backspace.into(),
        ("Delete", ..) => Key::Delete.into(),
        ("Home", ..) => Key::Home.into(),
        ("End", ..) => Key::End.into(),
        ("PageUp", ..) => Key::PageUp.into(),
        ("PageDown", ..) => Key::PageDown.into(),
        ("ArrowUp", ..) => Key::Up.into(),
        ("ArrowDown", ..) => Key::Down.into(),
        ("ArrowLeft", ..) => Key::Left.into(),
        ("ArrowRight", ..) => Key::Right.into(),
        ("Shift", ..) => Key::Shift.into(),
        ("Control", ..) => Key::Control.into(),
        ("Alt", ..) => Key::Alt.into(),
        (_, Some(only), None) => only,
        _ => panic!("no key is called {name:?}"),
    }
}
