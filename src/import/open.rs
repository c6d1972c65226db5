//! Before the first batch: whether an import can be done at all, and how much there is to do.

use super::{Operation, gone, open_source};
use crate::catalog::Column;
use crate::config::SourceKind;
use crate::envelope;
use crate::error::{Kind, Refusal};
use crate::source::{Range, Source};
use crate::spi::session;
use crate::sql::Ident;
use crate::target::Target;

/// More rows than this are not held in memory at once.
const MOST_ROWS: i64 = 100_000;

/// So many rows are looked at before an import begins.
const SAMPLE: i64 = 100;

/// What the caller of `ferry.import` wants.
pub(crate) struct Wanted {
    pub(crate) source: String,
    pub(crate) operation: String,
    pub(crate) batch_size: Option<i64>,
    pub(crate) max_rows: Option<i64>,
    pub(crate) max_rejects: Option<i64>,
    pub(crate) rows_per_second: Option<i64>,
    pub(crate) range: Range,
}

/// What there is to do.
pub(crate) struct Opened {
    pub(crate) target: String,
    /// Legacy users in the source.
    pub(crate) source_total: i64,
    /// Those of them that this import is about.
    pub(crate) total: i64,
    /// [`Source::key_order`].
    pub(crate) key_order: String,
}

pub(crate) fn open(wanted: &Wanted) -> Result<Opened, Refusal> {
    check_session("ferry.import")?;
    let operation = Operation::parse(&wanted.operation)?;
    check_limits(wanted)?;
    let (target, source) = open_source(&wanted.source)?;
    if source.row.kind == SourceKind::Dblink {
        return Err(source.asked_by_login_only());
    }
    check_operation(operation, wanted, &source)?;
    check_width(&target, &source, &wanted.range)?;
    let (source_total, total) = source.count(&wanted.range)?;
    Ok(Opened { target: target.row.name.clone(), source_total, total, key_order: source.key_order() })
}

/// Whether a procedure that writes, and commits after each batch, can do so here.
pub(crate) fn check_session(procedure: &str) -> Result<(), Refusal> {
    if session::is_in_transaction_block() {
        let message = format!("{procedure} cannot run inside a transaction block");
        return Err(Refusal::new(Kind::InTransaction, message)
            .detail("It commits after each batch.")
            .hint("Call it by itself: no BEGIN before it, and no other statement sent together with it."));
    }
    if session::is_read_only() {
        return Err(Refusal::new(Kind::State, format!("{procedure} cannot write here"))
            .hint("Call it on the primary, in a session that is not read-only."));
    }
    Ok(())
}

fn check_limits(wanted: &Wanted) -> Result<(), Refusal> {
    let limits = [
        ("batch_size", Some(wanted.batch_size.unwrap_or(0)), 1, MOST_ROWS),
        ("max_rows", wanted.max_rows, 1, i64::MAX),
        ("max_rejects", wanted.max_rejects, 1, i64::MAX),
        ("rows_per_second", wanted.rows_per_second, 1, i64::MAX),
    ];
    for (name, value, least, most) in limits {
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            let hint = match most {
                i64::MAX => "Give a number of 1 or more, or null for no limit.".to_string(),
                most => format!("Give a number from {least} to {most}; 5000 is a good one."),
            };
            return Err(
                Refusal::new(Kind::Invalid, format!("{name} of ferry.import is out of range")).hint(hint)
            );
        }
    }
    Ok(())
}

fn check_operation(operation: Operation, wanted: &Wanted, source: &Source) -> Result<(), Refusal> {
    let range = &wanted.range;
    let has_range = range.from.is_some() || range.to.is_some() || range.changed_since.is_some();
    if matches!(operation, Operation::Delete | Operation::Deactivate | Operation::Retry) && has_range {
        let message = format!("operation {} takes no range", wanted.operation);
        return Err(Refusal::new(Kind::Invalid, message)
            .hint("Leave key_from, key_to and changed_since out: it is about all whom pg_ferry has noted."));
    }
    if operation.updates() && !source.transfer.renews() && !source.children.refreshes() {
        let message = format!("no mapping of source {} says what an update does", source.row.name);
        return Err(Refusal::new(Kind::Invalid, message).hint(
            "Set on_conflict of ferry.mapping to overwrite, fill, merge or newer for the columns that are to be \
             updated, or refresh of ferry.mapping or ferry.child to true.",
        ));
    }
    if operation == Operation::Deactivate {
        gone::need_deactivation(source)?;
    }
    if matches!(operation, Operation::Delete | Operation::Deactivate) {
        gone::need_rows(source)?;
    }
    Ok(())
}

/// Whether what goes into the hash column fits for any of the first users: of many, some may be refused, but not all.
fn check_width(target: &Target, source: &Source, range: &Range) -> Result<(), Refusal> {
    let (hash, title) = (&target.row.hash_column, &target.relation.title);
    let Some(width) = target.relation.column(hash).and_then(Column::width) else { return Ok(()) };
    let Some(page) = source.page(range, SAMPLE)? else { return Ok(()) };
    let lengths = source.list(page.rows)?.into_iter().filter_map(|row| {
        let packed = envelope::pack(&source.row, &source.verifier, &row.facts?.luggage());
        Some(packed.ok()??.chars().count())
    });
    let Some(least) = lengths.min().filter(|least| *least > width) else { return Ok(()) };
    let message =
        format!("column \"{hash}\" of {title} is too short for the hashes of source {}", source.row.name);
    Err(Refusal::new(Kind::Invalid, message)
        .detail(format!(
            "Of the first users, each takes at least {least} characters: a hash that does not say itself how it is \
             verified travels with what does."
        ))
        .hint(format!("ALTER TABLE {title} ALTER COLUMN {} TYPE text;", Ident(hash.clone()))))
}
