//! Before the first batch: whether the rows of the source are copied first, so that it is read only once.

use super::{Batch, ONE_BY_ONE, Operation, long, open_source};
use crate::error::Refusal;
use crate::source::{Kept, Range, Source, reading_of_run};

/// So many rows are one page where a page costs a full read; fewer are not worth a copy.
const ONE_PAGE: i64 = 10_000;

/// Stages the rows that are still to be done, where somebody wants it or it saves time; tells how many they are.
/// `batch.rows` is how many users the call is about.
pub(crate) fn stage(batch: &Batch, wanted: Option<bool>) -> Result<Option<i64>, Refusal> {
    let operation = Operation::parse(&batch.operation)?;
    let (_, source) = open_source(&batch.source)?;
    let page = if operation == Operation::Retry { long(ONE_BY_ONE) } else { ONE_PAGE };
    if !wanted.unwrap_or_else(|| batch.rows > page && source.is_read_whole()) {
        return Ok(None);
    }
    copy(batch, operation, &source).map(Some)
}

/// Stages them anew where config or columns have changed so that they are read otherwise now.
pub(super) fn keep_readable(batch: &Batch, operation: Operation, source: &Source) -> Result<(), Refusal> {
    match reading_of_run(batch.run) {
        Some(then) if then != source.reading()? => copy(batch, operation, source).map(|_| ()),
        _ => Ok(()),
    }
}

fn copy(batch: &Batch, operation: Operation, source: &Source) -> Result<i64, Refusal> {
    let (kept, everything) = match operation {
        // Their pages are of links and refusals: any row of the source may be asked for.
        Operation::Delete | Operation::Deactivate => (Kept::Keys, Some(Range::default())),
        Operation::Retry => (Kept::Refused, Some(Range::default())),
        Operation::Insert | Operation::Update | Operation::Upsert => (Kept::Rows, None),
    };
    source.stage(batch.run, everything.as_ref().unwrap_or(&batch.range), kept)
}
