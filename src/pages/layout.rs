//! The frame of every page: what stands above, beside and below its content, the same everywhere.

use super::assets;
use super::texts::{Language, Texts};
use maud::{DOCTYPE, Markup, html};

/// Holds what the frame of a page shows.
pub struct Frame<'a> {
    pub texts: Texts<'a>,
    /// What the page is about; the product's name is set behind it.
    pub title: &'a str,
    /// Who is signed in; `None`: nobody.
    pub person: Option<&'a str>,
    /// Where each link of the menu leads, what it says, and whether the page is below it.
    pub menu: &'a [Link],
    /// The page's own address, to come back to.
    pub here: &'a str,
    /// Where a search is sent, and what was searched for; `None`: nothing can be.
    pub search: Option<(&'a str, &'a str)>,
    /// Where forms of the frame are sent.
    pub sign_out: &'a str,
    pub language: &'a str,
    pub help: &'a str,
    /// When what stands on the page was read.
    pub as_of: Option<time::OffsetDateTime>,
    /// Something that was done just now, told before all else.
    pub done: Option<&'a str>,
    /// In how many seconds the browser is to go to `here` by itself.
    pub refresh: Option<u32>,
}

/// Is a link of a menu.
pub struct Link {
    pub address: String,
    pub text: String,
    pub current: bool,
}

/// Writes what a browser is told before the content: `again` when it is to look once more, `more` files beside the style sheet.
pub fn head(title: &str, again: &Markup, more: &Markup) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            (again)
            title { (title) " – cardwright" }
            link rel="icon" href=(assets::address("icon.svg")) type="image/svg+xml";
            link rel="stylesheet" href=(assets::address("style.css"));
            (more)
        }
    }
}

/// Has the browser go to an address by itself.
pub fn refresh(seconds: u32, address: &str) -> Markup {
    html! { meta http-equiv="refresh" content={ (seconds) "; url=" (address) }; }
}

/// Names the script of pages.
pub fn script() -> Markup {
    html! { script src=(assets::address("script.js")) defer {} }
}

/// Writes a whole page.
pub fn document(frame: &Frame<'_>, content: &Markup) -> Markup {
    let texts = frame.texts;
    html! {
        (DOCTYPE)
        html lang=(texts.language.tag()) {
            (head(frame.title, &frame.refresh.map(|seconds| refresh(seconds, frame.here)).unwrap_or_default(), &script()))
            body {
                a.skip href="#content" { (texts.t("skip")) }
                (header(frame))
                main #content tabindex="-1" {
                    @if let Some(done) = frame.done { p.done role="status" { (done) } }
                    h1 { (frame.title) }
                    (content)
                }
                (footer(frame))
            }
        }
    }
}

/// Writes what stands above the content.
fn header(frame: &Frame<'_>) -> Markup {
    let texts = frame.texts;
    html! {
        header.top {
            a.brand href="/" { img src=(assets::address("icon.svg")) alt="" width="28" height="28"; span { "cardwright" } }
            @if let Some((address, text)) = frame.search {
                form.search role="search" method="get" action=(address) {
                    label.hidden for="top-search" { (texts.t("search")) }
                    input #top-search type="search" name="q" value=(text) placeholder=(texts.t("search")) maxlength="256" autocomplete="off" spellcheck="false";
                    button type="submit" { (texts.t("search")) }
                }
            }
            @if let Some(person) = frame.person {
                form.person method="post" action=(frame.sign_out) {
                    span { (texts.with("signed-in-as", &[("name", person.into())])) }
                    button.quiet type="submit" { (texts.t("sign-out")) }
                }
            }
        }
        @if !frame.menu.is_empty() {
            nav.menu aria-label=(texts.t("pages")) {
                ul {
                    @for link in frame.menu {
                        li { a href=(link.address) aria-current=[link.current.then_some("page")] { (link.text) } }
                    }
                }
            }
        }
    }
}

/// Writes what stands below the content.
fn footer(frame: &Frame<'_>) -> Markup {
    let texts = frame.texts;
    html! {
        footer.bottom {
            @if let Some(at) = frame.as_of { p { (texts.with("as-of", &[("at", (&texts.moment(at)).into())])) } }
            p { a href=(frame.help) { (texts.t("help")) } }
            form method="post" action=(frame.language) {
                input type="hidden" name="back" value=(frame.here);
                label for="language" { (texts.t("language")) }
                select #language name="language" {
                    @for language in Language::ALL {
                        option value=(language.tag()) lang=(language.tag()) selected[language == texts.language] { (language.name()) }
                    }
                }
                button.quiet type="submit" { (texts.t("language-change")) }
            }
        }
    }
}

/// Writes a moment: in UTC where no script runs, else in the browser's own zone.
pub fn moment(texts: Texts<'_>, at: time::OffsetDateTime) -> Markup {
    let machine = at.to_offset(time::UtcOffset::UTC).format(&time::format_description::well_known::Rfc3339);
    html! { time datetime=(machine.unwrap_or_default()) data-local { (texts.moment(at)) } }
}

/// Writes a day.
pub fn day(texts: Texts<'_>, at: time::OffsetDateTime) -> Markup {
    let utc = at.to_offset(time::UtcOffset::UTC);
    let machine = format!("{:04}-{:02}-{:02}", utc.year(), u8::from(utc.month()), utc.day());
    html! { time datetime=(machine) { (texts.day(at)) } }
}

/// Writes what somebody else has written: nothing in it draws over the page or turns its letters around.
pub fn foreign(text: &str) -> Markup {
    html! { bdi { (super::texts::visible(text)) } }
}
