//! The steps of the procedures that treat many users.

use crate::error::OrRaise;
use crate::import::{self, Batch, Wanted};
use crate::source::{Range, reading_of_run};
use crate::spi::text::Text;
use crate::spi::{connect, openpgp};
use crate::wrap;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use zeroize::Zeroizing;

#[pg_extern(sql = false)]
fn need_own_transaction(procedure: Text) {
    import::check_session(&procedure.0).or_raise();
}

#[pg_extern(sql = false)]
fn wrap_open(
    target: Option<Text>,
    batch_size: Option<i64>,
    cpu_share: Option<f64>,
    no_other_checks: Option<bool>,
) -> i64 {
    let target = target.map_or_else(|| "default".to_string(), |target| target.0);
    connect(|| wrap::open(wrap::Wanted { target, batch_size, cpu_share, no_other_checks }).or_raise())
}

#[pg_extern(sql = false)]
fn wrap_rows(
    after: Option<Text>,
    rows: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(last_id, Option<Text>),
        name!(is_end, bool),
        name!(report, Text),
        name!(hint, Option<Text>),
        name!(hashing, f64),
    ),
> {
    let after = after.map(|after| after.0);
    let batch = connect(|| wrap::batch(after.as_deref(), rows.unwrap_or(1)).or_raise());
    TableIterator::once((
        batch.last_id.map(Text),
        batch.is_end,
        Text(batch.report),
        batch.hint.map(Text),
        batch.hashing.as_secs_f64(),
    ))
}

#[pg_extern(sql = false)]
fn wrap_close(target: Option<Text>, after: Option<Text>) -> Option<Text> {
    let target = target.map_or_else(|| "default".to_string(), |target| target.0);
    let after = after.map(|after| after.0);
    connect(|| wrap::close(&target, after.as_deref()).or_raise()).map(Text)
}

/// What `ferry.export_log` returns.
#[pg_extern(sql = false)]
fn seal(
    encrypt: pg_sys::Oid,
    armor: pg_sys::Oid,
    document: &[u8],
    passphrase: Text,
    options: Text,
    comment: Text,
) -> Option<Text> {
    let passphrase = Zeroizing::new(passphrase.0);
    openpgp::seal((encrypt, armor), document, &passphrase, &options.0, ("Comment", &comment.0))
}

#[pg_extern(sql = false)]
fn import_open(
    source: Option<Text>,
    operation: Option<Text>,
    batch_size: Option<i64>,
    max_rows: Option<i64>,
    max_rejects: Option<i64>,
    rows_per_second: Option<i64>,
    key_from: Option<Text>,
    key_to: Option<Text>,
    changed_since: Option<Text>,
) -> TableIterator<
    'static,
    (name!(target, Text), name!(source_total, i64), name!(total, i64), name!(key_order, Text)),
> {
    let text = |text: Option<Text>| text.map_or_else(String::new, |text| text.0);
    let wanted = Wanted {
        source: text(source),
        operation: text(operation),
        batch_size,
        max_rows,
        max_rejects,
        rows_per_second,
        range: range(None, key_from, key_to, changed_since),
    };
    let opened = connect(|| import::open(&wanted).or_raise());
    TableIterator::once((Text(opened.target), opened.source_total, opened.total, Text(opened.key_order)))
}

#[pg_extern(sql = false)]
fn import_rows(
    run: i64,
    source: Text,
    operation: Text,
    dry_run: bool,
    after: Option<Text>,
    key_from: Option<Text>,
    key_to: Option<Text>,
    changed_since: Option<Text>,
    key_order: Option<Text>,
    rows: i64,
    most: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(done, i64),
        name!(moved, i64),
        name!(updated, i64),
        name!(deleted, i64),
        name!(deactivated, i64),
        name!(refused, i64),
        name!(skipped, i64),
        name!(last_key, Option<Text>),
        name!(is_end, bool),
    ),
> {
    let range = range(after, key_from, key_to, changed_since);
    let most = most.unwrap_or(i64::MAX);
    let tally = connect(|| {
        let range = Range { staged: reading_of_run(run).map(|_| run), ..range };
        let (source, operation) = (source.0, operation.0);
        let key_order = key_order.map(|order| order.0);
        import::batch(&Batch { run, source, operation, dry_run, range, key_order, rows, most })
    });
    TableIterator::once((
        tally.done,
        tally.moved,
        tally.updated,
        tally.deleted,
        tally.deactivated,
        tally.refused,
        tally.skipped,
        tally.last_key.map(Text),
        tally.is_end,
    ))
}

#[pg_extern(sql = false)]
fn import_stage_rows(
    run: i64,
    source: Text,
    operation: Text,
    after: Option<Text>,
    key_from: Option<Text>,
    key_to: Option<Text>,
    changed_since: Option<Text>,
    rows: i64,
    staged: Option<bool>,
) -> Option<i64> {
    let range = range(after, key_from, key_to, changed_since);
    let (source, operation) = (source.0, operation.0);
    let batch =
        Batch { run, source, operation, dry_run: false, range, key_order: None, rows, most: i64::MAX };
    connect(|| import::stage(&batch, staged).or_raise())
}

fn range(after: Option<Text>, from: Option<Text>, to: Option<Text>, changed_since: Option<Text>) -> Range {
    let text = |text: Option<Text>| text.map(|text| text.0);
    Range {
        after: text(after),
        from: text(from),
        to: text(to),
        changed_since: text(changed_since),
        staged: None,
    }
}
