//! What the tables of config call when their rows change, and settings that SQL reads.

use crate::check;
use crate::config_sql;
use crate::error::OrRaise;
use crate::outbox;
use crate::spi::text::Text;
use crate::spi::{connect, watch};
use pgrx::iter::{SetOfIterator, TableIterator};
use pgrx::prelude::*;
use serde_json::Value;

#[pg_extern(sql = false)]
fn event_retention() -> Text {
    Text(crate::guc::event_retention())
}

#[pg_extern(sql = false)]
fn history_retention() -> Text {
    Text(crate::guc::history_retention())
}

#[pg_extern(sql = false)]
fn outbox_kinds() -> SetOfIterator<'static, Text> {
    SetOfIterator::new(outbox::Kind::ALL.map(|kind| Text(kind.name().to_string())))
}

#[pg_extern(sql = false)]
fn check_config_row(table: Option<Text>, new: Option<Text>, old: Option<Text>) -> Option<Text> {
    // The triggers pass what to_jsonb made.
    let document = |text: Text| serde_json::from_str::<Value>(&text.0).ok();
    let (new, old) = (new.and_then(document), old.and_then(document));
    connect(|| check::check_row(&table?.0, new, old.as_ref())).map(|row| Text(row.to_string()))
}

#[pg_extern(sql = false)]
fn need_expression(expression: Option<Text>, place: Option<Text>) {
    let place = place.map(|place| place.0).unwrap_or_default();
    if let Some(expression) = expression {
        connect(|| config_sql::parse_alone(&expression.0, &place)).or_raise();
    }
}

#[pg_extern(sql = false)]
fn config_changed() {
    watch::invalidate_config();
}

#[pg_extern(sql = false)]
fn check_all() -> TableIterator<
    'static,
    (name!(object, Text), name!(severity, Text), name!(problem, Text), name!(hint, Option<Text>)),
> {
    let findings = connect(check::check_all);
    TableIterator::new(findings.into_iter().map(|found| {
        (Text(found.object), Text(found.severity.to_string()), Text(found.problem), found.hint.map(Text))
    }))
}
