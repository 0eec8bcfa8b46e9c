//! What a page is made of: layout, fields, tables, states, pictures, texts and the style sheet, for every face in a browser.
//!
//! In: words and what they belong to. Out: HTML 5 that needs no script, and the headers that guard it (CSP level 3, Fetch
//! Metadata). Everything that is put into markup is escaped by `maud`, where the program is compiled.
//! Absent: any route, card, person or address; who may see what. No inline script, no inline style, nothing from elsewhere.

pub mod answer;
pub mod assets;
pub mod bars;
pub mod fields;
pub mod findings;
pub mod form;
pub mod layout;
pub mod loopback;
pub mod pictures;
pub mod states;
pub mod tables;
pub mod texts;
