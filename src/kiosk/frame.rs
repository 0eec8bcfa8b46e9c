//! The frame around each page: language, larger text and stop above, the help desk below, and the warning before the end.

use super::screens::{Screen, View};
use crate::pages::answer::{Keep, page as answered};
use crate::pages::assets;
use crate::pages::layout;
use crate::pages::texts::{Language, Texts};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

/// Says after how many seconds a page without script looks again by itself, where it asks nothing.
const LOOK_AGAIN: u32 = 3;

/// Answers with a screen.
pub fn page(view: &View<'_>, screen: Screen) -> Response {
    let texts = view.texts;
    let refresh = view.state.scene.waits().then_some(LOOK_AGAIN);
    let content = html! {
        (header(view))
        main #content tabindex="-1" data-scene=(view.state.number) {
            div #warning role="alert" { @if view.state.warned { (warning(view)) } }
            h1 { (screen.title) }
            (screen.content)
            @if refresh.is_none() { noscript { (without_script(view)) } }
        }
        (footer(view))
    };
    let markup = document(texts, &screen.title, view.state.comfort.larger, refresh, &content);
    answered(StatusCode::OK, markup, Keep::Nowhere)
}

/// Answers somebody who is not shown the workstation.
pub fn outside(texts: Texts<'_>, status: StatusCode, id: &str) -> Response {
    let title = texts.t(id);
    let content = html! { main #content { h1 { (title) } p { (texts.t(&format!("{id}-text"))) } } };
    answered(status, document(texts, &title, false, None, &content), Keep::Nowhere)
}

/// Answers with a page that leads to the workstation's own at once.
pub fn onward(texts: Texts<'_>) -> Response {
    let title = texts.t("reading");
    let content = html! { main #content { h1 { (title) } p { a.button href="/" { (texts.t("go-on")) } } } };
    let markup = html! {
        (DOCTYPE)
        html.kiosk lang=(texts.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="0; url=/";
                title { (title) " – cardwright" }
                link rel="stylesheet" href=(assets::address("style.css"));
            }
            body { (content) }
        }
    };
    answered(StatusCode::OK, markup, Keep::Nowhere)
}

fn document(texts: Texts<'_>, title: &str, larger: bool, again: Option<u32>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html.kiosk lang=(texts.language.tag()) data-larger=[larger.then_some("yes")] {
            (layout::head(title, &html! { @if let Some(seconds) = again { noscript { (layout::refresh(seconds, "/")) } } }, &html! {
                link rel="stylesheet" href=(assets::address("kiosk.css"));
                script src=(assets::address("kiosk.js")) defer {}
            }))
            body { a.skip href="#content" { (texts.t("skip")) } (content) }
        }
    }
}

/// Writes what stands above each screen.
fn header(view: &View<'_>) -> Markup {
    let (texts, comfort) = (view.texts, view.state.comfort);
    html! {
        header.top {
            span.brand { img src=(assets::address("icon.svg")) alt="" width="28" height="28"; span { "cardwright" } }
            form.choices method="post" action="/act" aria-label=(texts.t("language")) {
                input type="hidden" name="act" value="language";
                @for language in Language::ALL {
                    button.quiet name="language" value=(language.tag()) lang=(language.tag())
                        aria-pressed=(if language == texts.language { "true" } else { "false" }) { (language.name()) }
                }
            }
            form.choices method="post" action="/act" {
                input type="hidden" name="act" value="larger";
                button.quiet name="larger" value=(if comfort.larger { "no" } else { "yes" })
                    aria-pressed=(if comfort.larger { "true" } else { "false" }) { (texts.t("larger-text")) }
            }
            @if !view.state.scene.is_rest() {
                form.choices.last method="post" action="/act" {
                    button.harm name="act" value="stop" { (texts.t("stop")) }
                }
            }
        }
    }
}

/// Writes what stands below each screen.
fn footer(view: &View<'_>) -> Markup {
    html! {
        footer.bottom {
            p {
                @match &view.settings.help_desk {
                    Some(number) => (view.texts.with("help-desk-number", &[("number", number.into())])),
                    None => (view.texts.t("help-desk-no-number")),
                }
            }
        }
    }
}

/// Says when the page ends to whoever has no script, and so no warning.
fn without_script(view: &View<'_>) -> Markup {
    let seconds = view.state.ends_after().as_secs();
    html! {
        form.note method="post" action="/act" {
            span { (view.texts.with("ends-after", &[("seconds", seconds.into())])) } " "
            button.quiet name="act" value="more-time" { (view.texts.t("more-time")) }
        }
    }
}

/// Warns that the page will end, and offers more time.
fn warning(view: &View<'_>) -> Markup {
    html! {
        div.warning {
            p { strong { (view.texts.with("warning", &[("seconds", view.settings.warned.as_secs().into())])) } }
            form method="post" action="/act" {
                button name="act" value="more-time" { (view.texts.t("more-time")) }
            }
        }
    }
}
