//! What a person set: width and zoom, colours, print, language, no script. All of it holds for one tab, and for pages that are
//! opened later as well; language and script for those alone.

use serde_json::json;

use super::Browser;

/// A window as wide as WCAG 1.4.10 begins from: 320 pixels at 400 %.
const WIDE: u32 = 1280;
const HIGH: u32 = 1000;

#[derive(Default)]
pub struct Media {
    print: bool,
    dark: bool,
    forced_colours: bool,
    pub script_off: bool,
}

impl Browser {
    /// Makes the page so many pixels wide.
    #[track_caller]
    pub fn width(&self, pixels: u32) {
        self.metrics(pixels, HIGH, 1.0);
    }

    /// Enlarges the page to so many percent, as a browser does: fewer and larger pixels in the same window.
    #[track_caller]
    pub fn zoom(&self, percent: u32) {
        self.metrics(WIDE * 100 / percent, HIGH * 100 / percent, f64::from(percent) / 100.0);
    }

    #[track_caller]
    fn metrics(&self, width: u32, height: u32, scale: f64) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Whether a person must scroll sideways to read the page (WCAG 1.4.10).
    #[track_caller]
    pub fn scrolls_sideways(&self) -> bool {
        self.run("return document.scrollingElement.scrollWidth > innerWidth", &[]).as_bool().unwrap()
    }

    /// Prefers a dark page, or a light one.
    #[track_caller]
    pub fn dark(&self, on: bool) {
        self.media.borrow_mut().dark = on;
        self.emulate();
    }

    /// Has the person's own colours stand instead of the page's, as Windows' contrast themes do.
    #[track_caller]
    pub fn forced_colours(&self, on: bool) {
        self.media.borrow_mut().forced_colours = on;
        self.emulate();
    }

    /// Shows the page as it is printed.
    #[track_caller]
    pub fn print(&self, on: bool) {
        self.media.borrow_mut().print = on;
        self.emulate();
    }

    #[track_caller]
    fn emulate(&self) {
        let media = self.media.borrow();
        let feature = |name: &str, value: &str| json!({"name": name, "value": value});
        let features = [
            feature("prefers-color-scheme", if media.dark { "dark" } else { "light" }),
            feature("forced-colors", if media.forced_colours { "active" } else { "none" }),
        ];
        let medium = if media.print { "print" } else { "" };
        self.cdp("Emulation.setEmulatedMedia", json!({"media": medium, "features": features}));
    }

    /// Has pages that are opened from now on run their scripts, or not.
    #[track_caller]
    pub fn script(&self, on: bool) {
        self.media.borrow_mut().script_off = !on;
        self.cdp("Emulation.setScriptExecutionDisabled", json!({"value": !on}));
    }

    /// Asks for pages in a language from now on (`Accept-Language`), and speaks it to scripts.
    #[track_caller]
    pub fn language(&self, tag: &str) {
        let agent = self.run("return navigator.userAgent", &[]);
        self.cdp("Emulation.setUserAgentOverride", json!({"userAgent": agent, "acceptLanguage": tag}));
    }
}
