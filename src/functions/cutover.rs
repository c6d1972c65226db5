//! Who is in a source and how each of them stands, for the reports at the end of a migration.

use crate::roll;
use crate::spi::connect;
use crate::spi::text::Text;
use pgrx::iter::{SetOfIterator, TableIterator};
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn roll(
    source: Option<Text>,
    max_rows: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(legacy_key, Option<Text>),
        name!(login, Option<Text>),
        name!(logins, Text),
        name!(is_asked_about, bool),
        name!(state, Text),
        name!(user_id, Option<Text>),
        name!(via, Option<Text>),
        name!(last_seen, Option<Text>),
        name!(is_seen_known, bool),
        name!(value, Option<f64>),
        name!(contact, Option<Text>),
        name!(password, Option<Text>),
        name!(hash, Option<Text>),
        name!(needs, Vec<Option<String>>),
        name!(is_changed, bool),
        name!(must_change, bool),
        name!(is_allowed, bool),
    ),
> {
    let source = source.map_or_else(String::new, |source| source.0);
    let entries = connect(|| roll::roll(&source, max_rows));
    let word = |word: &str| Text(word.to_string());
    TableIterator::new(entries.map(move |entry| {
        (
            entry.legacy_key.map(Text),
            entry.login.map(Text),
            Text(serde_json::json!(entry.logins).to_string()),
            entry.is_asked_about,
            word(entry.state),
            entry.user_id.map(Text),
            entry.via.map(word),
            entry.last_seen.map(Text),
            entry.is_seen_known,
            entry.value,
            entry.contact.map(Text),
            entry.password.map(word),
            entry.hash.map(Text),
            entry.needs,
            entry.is_changed,
            entry.must_change,
            entry.is_allowed,
        )
    }))
}

#[pg_extern(sql = false)]
fn covers(source: Text, login: Text) -> bool {
    connect(|| roll::covers(&source.0, &login.0))
}

#[pg_extern(sql = false)]
fn left_behind(source: Option<Text>) -> SetOfIterator<'static, Text> {
    let source = source.map_or_else(String::new, |source| source.0);
    SetOfIterator::new(connect(|| roll::columns_left_behind(&source)).into_iter().map(Text))
}
