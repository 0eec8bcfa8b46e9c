//! Medians and their kin.

use std::time::Duration;

/// Least, middle and greatest of some numbers.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub greatest: f64,
}

impl Spread {
    /// Of nothing, all three are not a number.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { least: quantile(&sorted, 0.0), median: quantile(&sorted, 0.5), greatest: quantile(&sorted, 1.0) }
    }

    /// "median (least to greatest)".
    pub fn told(&self, digits: usize) -> String {
        format!("{:.digits$} ({:.digits$} to {:.digits$})", self.median, self.least, self.greatest)
    }
}

/// The number below which this part of sorted numbers lies, between neighbours in proportion.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = part * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

pub fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
