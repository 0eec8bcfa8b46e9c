//! Numbers as a picture of bars (SVG 2): each with its words above it, so that it reads on a narrow page and without colours.

use super::texts::{Texts, visible};
use maud::{Markup, html};

/// Is the height of a bar with its words, in pixels.
const STEP: usize = 40;
/// Bounds the bars of a picture; what a table beside it tells in any case.
const MOST: usize = 60;

/// Is one bar.
pub struct Bar {
    pub label: String,
    pub count: u64,
}

/// Writes bars, the longest as wide as the picture; nothing where there is none.
pub fn bars(texts: Texts<'_>, caption: &str, bars: &[Bar]) -> Markup {
    let shown = &bars[..bars.len().min(MOST)];
    let longest = shown.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    html! {
        @if !shown.is_empty() {
            // Widths are parts of the picture's, so that letters keep their size however wide the page is.
            svg.bars role="img" aria-label=(caption) width="100%" height=(shown.len() * STEP) {
                @for (at, bar) in shown.iter().enumerate() {
                    text x="0" y=(at * STEP + 14) { (visible(&bar.label)) ": " (texts.number(bar.count)) }
                    rect x="0" y=(at * STEP + 20) height="12" width=(width(bar.count, longest)) {}
                }
            }
        }
    }
}

/// Returns the width of a bar, in parts of the longest; one that counts anything is seen.
fn width(count: u64, longest: u64) -> String {
    let thousandths = u128::from(count) * 1000 / u128::from(longest);
    let thousandths = if count > 0 { thousandths.max(5) } else { 0 };
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::{Catalogue, Language};

    #[test]
    fn bars_are_as_long_as_their_numbers_say() {
        let catalogue = Catalogue::new(&[]);
        let bar = |label: &str, count| Bar { label: label.into(), count };
        let drawn = [bar("May", 1200), bar("<June>", 300), bar("July", 1), bar("August", 0)];
        let drawn = bars(catalogue.texts(Language::English), "Ends", &drawn).into_string();
        for piece in [
            "May: 1,200",
            "width=\"100.0%\"",
            "&lt;June&gt;: 300",
            "width=\"25.0%\"",
            "width=\"0.5%\"",
            "width=\"0.0%\"",
        ] {
            assert!(drawn.contains(piece), "{piece}: {drawn}");
        }
        assert_eq!(bars(catalogue.texts(Language::English), "Ends", &[]).into_string(), "");
    }
}
