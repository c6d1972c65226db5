//! Reports as pages: figures that `sql/page.sql` has gathered become one self-contained page of HTML.
//!
//! [`html`] is the frame that all pages have and how figures are written, [`chart`] draws; the other modules are a
//! page each. Nothing here asks the database. A text is escaped by `maud` wherever it stands; what is left to do with
//! hostile ones is done in one place, where a page is finished.

mod assessment;
mod chart;
mod cutover;
mod html;
mod progress;

use crate::error::{Kind, Refusal};
use serde::de::DeserializeOwned;

/// The page of a name that shows figures, which are JSON.
pub(crate) fn render(name: &str, figures: &str) -> Result<String, Refusal> {
    match name {
        "assessment" => Ok(assessment::page(&read(figures)?)),
        "cutover" => Ok(cutover::page(&read(figures)?)),
        "progress" => Ok(progress::page(&read(figures)?)),
        _ => Err(Refusal::new(Kind::Invalid, format!("there is no page \"{name}\""))),
    }
}

fn read<T: DeserializeOwned>(figures: &str) -> Result<T, Refusal> {
    serde_json::from_str(figures)
        .map_err(|error| Refusal::new(Kind::Invalid, format!("these are not the figures of a page: {error}")))
}
