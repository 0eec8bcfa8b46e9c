//! States, each in words, shape and colour: nobody has to tell colours apart.

use maud::{Markup, PreEscaped, html};

/// Says what a state means for whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// In order; a tick in a circle.
    Good,
    /// Somebody has to do something, or it ends soon; a clock.
    Waiting,
    /// Wrong; a triangle.
    Bad,
    /// Over; a struck circle.
    Ended,
    /// Neither; a ring.
    Plain,
}

impl Tone {
    /// Returns the name of its class in the style sheet.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
            Self::Ended => "ended",
            Self::Plain => "plain",
        }
    }

    /// Returns the shape, 16 units high and wide.
    pub(super) fn shape(self) -> &'static str {
        match self {
            Self::Good => "<circle cx='8' cy='8' r='7'/><path d='M4.5 8.5l2.5 2.5 4.5-5.5'/>",
            Self::Waiting => "<circle cx='8' cy='8' r='7'/><path d='M8 4v4.5l3 2'/>",
            Self::Bad => "<path d='M8 1.5L15 14.5H1z'/><path d='M8 6v4M8 12v.5'/>",
            Self::Ended => "<circle cx='8' cy='8' r='7'/><path d='M3.2 12.8L12.8 3.2'/>",
            Self::Plain => "<circle cx='8' cy='8' r='5'/>",
        }
    }
}

/// Writes a state.
pub fn state(tone: Tone, words: &str) -> Markup {
    html! {
        span class={ "state " (tone.name()) } {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" { (PreEscaped(tone.shape())) }
            span { (words) }
        }
    }
}
