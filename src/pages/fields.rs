//! Fields of forms: each with its label, its hint and what is wrong with it, tied together for whoever cannot see them.

use super::texts::Texts;
use maud::{Markup, html};

/// Holds what is wrong with a form, by the field's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<(String, String)>);

impl Faults {
    /// Adds what is wrong with a field.
    pub fn add(&mut self, field: &str, text: String) {
        self.0.push((field.to_owned(), text));
    }

    /// Says whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what is wrong with a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// Writes what is wrong above the form, each with a link to its field; the page begins there (WCAG 3.3.1).
    pub fn summary(&self, texts: Texts<'_>) -> Markup {
        html! {
            @if !self.0.is_empty() {
                div.faults #faults role="alert" tabindex="-1" autofocus {
                    p { (texts.with("errors", &[("count", self.0.len().into())])) }
                    ul { @for (field, text) in &self.0 { li { a href={ "#" (field) } { (text) } } } }
                }
            }
        }
    }
}

/// Describes a field of text; its name is its id, too.
pub struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    /// What to type, if that is not plain.
    pub hint: Option<&'a str>,
    pub value: &'a str,
    /// "text", "search", "email", "number", "date", "password".
    pub kind: &'static str,
    pub required: bool,
    pub most: usize,
    /// What a browser may fill in (HTML, autofill tokens).
    pub autocomplete: &'static str,
}

impl<'a> Field<'a> {
    /// Describes a field of plain text that has to be filled in.
    pub fn text(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self { name, label, hint: None, value, kind: "text", required: true, most: 256, autocomplete: "off" }
    }

    /// Writes the field with one line for text.
    pub fn line(&self, texts: Texts<'_>, faults: &Faults) -> Markup {
        let described = self.described(faults);
        html! {
            (self.around(texts, faults, &html! {
                input id=(self.name) name=(self.name) type=(self.kind) value=(self.value) required[self.required]
                    maxlength=(self.most) autocomplete=(self.autocomplete) spellcheck="false"
                    aria-describedby=[described] aria-invalid=[faults.of(self.name).map(|_| "true")];
            }))
        }
    }

    /// Writes the field with several lines for text.
    pub fn lines(&self, texts: Texts<'_>, faults: &Faults) -> Markup {
        let described = self.described(faults);
        html! {
            (self.around(texts, faults, &html! {
                textarea id=(self.name) name=(self.name) rows="4" required[self.required] maxlength=(self.most)
                    aria-describedby=[described] aria-invalid=[faults.of(self.name).map(|_| "true")] { (self.value) }
            }))
        }
    }

    /// Writes the field as a choice of one; each has its value and its text.
    pub fn choice(&self, texts: Texts<'_>, faults: &Faults, choices: &[(String, String)]) -> Markup {
        let described = self.described(faults);
        html! {
            (self.around(texts, faults, &html! {
                select id=(self.name) name=(self.name) required[self.required]
                    aria-describedby=[described] aria-invalid=[faults.of(self.name).map(|_| "true")] {
                    @for (value, text) in choices { option value=(value) selected[value == self.value] { (text) } }
                }
            }))
        }
    }

    fn described(&self, faults: &Faults) -> Option<String> {
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        let fault = faults.of(self.name).map(|_| format!("{}-fault", self.name));
        match (hint, fault) {
            (Some(hint), Some(fault)) => Some(format!("{hint} {fault}")),
            (hint, fault) => hint.or(fault),
        }
    }

    fn around(&self, texts: Texts<'_>, faults: &Faults, input: &Markup) -> Markup {
        html! {
            div.field {
                label for=(self.name) {
                    (self.label) @if !self.required { " " span.note { "(" (texts.t("optional")) ")" } }
                }
                @if let Some(hint) = self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
                @if let Some(fault) = faults.of(self.name) { p.fault id={ (self.name) "-fault" } { (fault) } }
                (input)
            }
        }
    }
}

/// Writes a choice of one as a group of buttons: value, text, hint.
pub fn radios(name: &str, legend: &str, chosen: &str, faults: &Faults, choices: &[(String, String, String)]) -> Markup {
    let described = faults.of(name).map(|_| format!("{name}-fault"));
    html! {
        fieldset.field id=(name) aria-describedby=[described] {
            legend { (legend) }
            @if let Some(fault) = faults.of(name) { p.fault id={ (name) "-fault" } { (fault) } }
            @for (at, (value, text, hint)) in choices.iter().enumerate() {
                div.choice {
                    input id={ (name) "-" (at) } type="radio" name=(name) value=(value) required checked[value == chosen]
                        aria-describedby=[(!hint.is_empty()).then(|| format!("{name}-{at}-hint"))];
                    label for={ (name) "-" (at) } { (text) }
                    @if !hint.is_empty() { p.hint id={ (name) "-" (at) "-hint" } { (hint) } }
                }
            }
        }
    }
}

/// Writes a box to tick.
pub fn tick(name: &str, id: &str, value: &str, text: &Markup, ticked: bool) -> Markup {
    html! {
        div.choice {
            input id=(id) type="checkbox" name=(name) value=(value) checked[ticked];
            label for=(id) { (text) }
        }
    }
}
