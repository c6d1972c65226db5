//! What the DBA asks about a login or a source, and does to one user.

use super::{Caller, reset_rows, secret};
use crate::admin::{self, Unmoved};
use crate::event::Kind;
use crate::spi::connect;
use crate::spi::text::Text;
use crate::{assess, explain, preview};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn migrate_login(
    login: Option<Text>,
    target: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text))> {
    let caller = Caller { kind: Kind::MigrateLogin, login, target, client: None };
    reset_rows(caller.request(None, admin::migrate))
}

#[pg_extern(sql = false)]
fn unmigrate_login(
    login: Option<Text>,
    target: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text), name!(detail, Text))> {
    let caller = Caller { kind: Kind::UnmigrateLogin, login, target, client: None };
    let Unmoved { answer, detail } = caller.request(None, admin::unmigrate);
    let outcome = Text(answer.outcome.name().to_string());
    TableIterator::once((answer.user_id.map(Text), outcome, Text(detail.to_string())))
}

#[pg_extern(sql = false)]
fn forget_login(
    login: Option<Text>,
    target: Option<Text>,
) -> TableIterator<'static, (name!(user_id, Option<Text>), name!(outcome, Text))> {
    let caller = Caller { kind: Kind::ForgetLogin, login, target, client: None };
    reset_rows(caller.request(None, admin::forget))
}

#[pg_extern(sql = false)]
fn explain_login(
    login: Option<Text>,
    password: Option<Text>,
    target: Option<Text>,
) -> TableIterator<
    'static,
    (name!(step, i32), name!(action, Text), name!(result, Text), name!(detail, Option<Text>)),
> {
    let password = password.map(secret);
    let caller = Caller { kind: Kind::Login, login, target, client: None };
    let notes = caller.request(password.as_ref(), explain::explain);
    TableIterator::new((1..).zip(notes).map(|(step, note)| {
        (step, Text(note.action), Text(note.result), note.detail.map(|detail| Text(detail.to_string())))
    }))
}

#[pg_extern(sql = false)]
fn assess(
    source: Option<Text>,
    max_rows: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(topic, Text),
        name!(item, Text),
        name!(rows, Option<i64>),
        name!(sample, Option<Text>),
        name!(detail, Option<Text>),
        name!(hint, Option<Text>),
    ),
> {
    let source = source.map_or_else(String::new, |source| source.0);
    let lines = connect(|| assess::assess(&source, max_rows));
    TableIterator::new(lines.map(|line| {
        let (sample, detail, hint) = (line.sample.map(Text), line.detail.map(Text), line.hint.map(Text));
        (Text(line.topic.to_string()), Text(line.item), line.rows, sample, detail, hint)
    }))
}

#[pg_extern(sql = false)]
fn preview(
    source: Option<Text>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(legacy_key, Option<Text>),
        name!(login, Option<Text>),
        name!(action, Text),
        name!(row, Option<Text>),
        name!(problem, Option<Text>),
    ),
> {
    let source = source.map_or_else(String::new, |source| source.0);
    let rows = connect(|| preview::preview(&source, max_rows.unwrap_or(10)));
    TableIterator::new(rows.into_iter().map(|row| {
        let shown = row.row.map(|row| Text(row.to_string()));
        (row.key.map(Text), row.login.map(Text), Text(row.action.to_string()), shown, row.problem.map(Text))
    }))
}
