//! What makes pages of figures.

use crate::error::OrRaise;
use crate::page;
use crate::spi::text::Text;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn render_page(page: Text, figures: Text) -> Text {
    Text(page::render(&page.0, &figures.0).or_raise())
}
