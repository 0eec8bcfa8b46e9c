//! Pictures of time, drawn as SVG by the server; beside each stands a table that says the same.
//!
//! Places along a picture are shares of its width, so that letters keep their size however narrow the page is.

use super::states::Tone;
use super::texts::Texts;
use maud::{Markup, PreEscaped, html};
use time::OffsetDateTime;

/// Says how high a row of a picture is, and what stands above it, in pixels.
const ROW: usize = 26;
const NAME: usize = 24;
/// Below this share of the width, in percent, a span is drawn as a mark.
const NARROW: f64 = 3.0;
/// Bounds the rows of a lane, and what stands in one of them.
const MOST_ROWS: usize = 12;
const MOST_IN_ROW: usize = 200;

/// Is something that lasts.
#[derive(Clone, Debug)]
pub struct Span {
    pub from: OffsetDateTime,
    pub to: OffsetDateTime,
    pub tone: Tone,
    pub words: String,
}

/// Is something that happened at a moment.
#[derive(Clone, Debug)]
pub struct Mark {
    pub at: OffsetDateTime,
    pub tone: Tone,
    pub words: String,
}

/// Is a line of a lane: nothing on it covers another, or only marks do.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What the line is of; empty where the lane's name says it.
    pub name: String,
    pub spans: Vec<Span>,
    pub marks: Vec<Mark>,
}

/// Is a part of a picture, with its name above it.
#[derive(Clone, Debug)]
pub struct Lane {
    pub name: String,
    pub rows: Vec<Row>,
}

/// Is a picture of what lasted and happened, in lanes over one axis of time.
pub struct Life<'a> {
    pub title: &'a str,
    /// What somebody hears who cannot see it.
    pub description: &'a str,
    pub from: OffsetDateTime,
    pub to: OffsetDateTime,
    pub now: OffsetDateTime,
    pub lanes: &'a [Lane],
}

impl Life<'_> {
    /// Writes the picture.
    pub fn write(&self, texts: Texts<'_>) -> Markup {
        let mut y = NAME;
        let mut drawn = Vec::new();
        for lane in self.lanes {
            drawn.push(html! { text.lane-name x="0" y=(y + 16) { (lane.name) } });
            y += NAME;
            for row in lane.rows.iter().take(MOST_ROWS) {
                if !row.name.is_empty() {
                    drawn.push(html! { text.row-name x="0" y=(y + 14) { (super::texts::visible(&row.name)) } });
                    y += ROW - 8;
                }
                drawn.push(self.row(row, y));
                y += ROW;
            }
            y += 6;
        }
        let today = self.share(self.now);
        html! {
            svg.picture.life role="img" aria-labelledby="life-title life-description" width="100%" height=(y + NAME) {
                title #life-title { (self.title) }
                desc #life-description { (self.description) }
                line.today x1=(percent(today)) x2=(percent(today)) y1=(NAME - 4) y2=(y) {}
                text.today x=(percent(today)) y="14" text-anchor=(anchor(today)) { (texts.t("picture-today")) }
                @for part in &drawn { (part) }
                line.axis x1="0%" x2="100%" y1=(y) y2=(y) {}
                @for (share, at) in [(0.0, self.from), (50.0, self.from + (self.to - self.from) / 2), (100.0, self.to)] {
                    line.axis x1=(percent(share)) x2=(percent(share)) y1=(y) y2=(y + 5) {}
                    text x=(percent(share)) y=(y + 18) text-anchor=(anchor(share)) { (texts.day(at)) }
                }
            }
        }
    }

    fn row(&self, row: &Row, y: usize) -> Markup {
        html! {
            line.lane x1="0%" x2="100%" y1=(y + ROW / 2) y2=(y + ROW / 2) {}
            @for span in row.spans.iter().take(MOST_IN_ROW) { (self.span(span, y)) }
            @for mark in row.marks.iter().take(MOST_IN_ROW) { (shape(self.share(mark.at), y, mark.tone, &mark.words)) }
        }
    }

    /// Draws a span as a box with its words in it, cut where the box ends.
    fn span(&self, span: &Span, y: usize) -> Markup {
        let (from, to) = (self.share(span.from), self.share(span.to));
        if to - from < NARROW {
            return shape(from, y, span.tone, &span.words);
        }
        html! {
            svg x=(percent(from)) y=(y) width=(percent(to - from)) height=(ROW) {
                title { (span.words) }
                rect.{ "span " (span.tone.name()) } x="1" y="2" width="100%" height=(ROW - 4) rx="3" {}
                g.{ "mark " (span.tone.name()) } transform="translate(5 5)" { (PreEscaped(span.tone.shape())) }
                text x="26" y="17" { (span.words) }
            }
        }
    }

    /// Returns where a moment is, in percent of the width.
    fn share(&self, at: OffsetDateTime) -> f64 {
        let whole = (self.to - self.from).as_seconds_f64();
        if whole <= 0.0 { 0.0 } else { ((at - self.from).as_seconds_f64() / whole * 100.0).clamp(0.0, 100.0) }
    }
}

/// Puts spans into as few rows as keep them apart, the earliest first.
pub fn rows_of(mut spans: Vec<Span>) -> Vec<Row> {
    spans.sort_by_key(|span| span.from);
    let mut rows: Vec<Row> = Vec::new();
    for span in spans {
        let free = rows.iter().position(|row| row.spans.last().is_none_or(|last| last.to < span.from));
        let at = free.unwrap_or(rows.len()).min(MOST_ROWS - 1);
        if at == rows.len() {
            rows.push(Row::default());
        }
        if let Some(row) = rows.get_mut(at) {
            row.spans.push(span);
        }
    }
    rows
}

/// Draws a shape at a share of the width; its words are told by the pointer.
fn shape(share: f64, y: usize, tone: Tone, words: &str) -> Markup {
    let inwards = -16.0 * share / 100.0;
    html! {
        svg x=(percent(share)) y=(y + (ROW - 16) / 2) width="16" height="16" overflow="visible" {
            title { (words) }
            g.{ "mark " (tone.name()) } transform=(format!("translate({inwards:.1} 0)")) { (PreEscaped(tone.shape())) }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}

/// Says at which of its ends a text is held, so that it stays within the picture.
fn anchor(share: f64) -> &'static str {
    match share {
        share if share < 15.0 => "start",
        share if share > 85.0 => "end",
        _ => "middle",
    }
}

#[cfg(test)]
mod tests {
    use super::super::texts::Catalogue;
    use super::super::texts::Language;
    use super::*;
    use time::Duration;

    fn span(from: i64, to: i64) -> Span {
        let at = |day| OffsetDateTime::UNIX_EPOCH + Duration::days(day);
        Span { from: at(from), to: at(to), tone: Tone::Good, words: "in <use>".into() }
    }

    #[test]
    fn spans_that_meet_get_rows_of_their_own() {
        let rows = rows_of(vec![span(5, 9), span(0, 4), span(3, 6), span(10, 11)]);
        let starts: Vec<Vec<i64>> =
            rows.iter().map(|row| row.spans.iter().map(|it| it.from.unix_timestamp() / 86_400).collect()).collect();
        assert_eq!(starts, [vec![0, 5, 10], vec![3]]);
        assert_eq!(rows_of((0..50).map(|_| span(0, 1)).collect()).len(), MOST_ROWS);
    }

    #[test]
    fn a_picture_has_a_name_its_words_and_a_bounded_size() {
        let catalogue = Catalogue::new(&[]);
        let texts = catalogue.texts(Language::English);
        let lanes = [Lane { name: "State".into(), rows: rows_of(vec![span(0, 50), span(51, 52)]) }];
        let at = |day| OffsetDateTime::UNIX_EPOCH + Duration::days(day);
        let life = Life { title: "T", description: "D", from: at(0), to: at(100), now: at(50), lanes: &lanes };
        let text = life.write(texts).into_string();
        for part in ["role=\"img\"", ">T</title>", ">D</desc>", "width=\"50.00%\"", "in &lt;use&gt;", "Today"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // The short one is a mark, and nothing lies outside of the picture.
        assert!(text.contains("x=\"51.00%\""), "{text}");
        let empty = Life { from: at(1), to: at(1), ..life }.write(texts).into_string();
        assert!(!empty.contains("NaN"), "{empty}");
    }
}
