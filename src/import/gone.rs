//! The users who are no longer in the source: deleted, or put out of use as `deactivate` of the source says. Nobody goes
//! because a source is empty or cannot be read.

use super::record::Reject;
use super::{Batch, Fate, Import, Operation, long};
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::event;
use crate::flow::{Flow, Why};
use crate::link::{self, Moved, Via};
use crate::outcome::Outcome;
use crate::source::{Range, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::View;
use std::rc::Rc;

impl Flow<'_> {
    /// Looks the next legacy keys that were moved up in the source.
    pub(super) fn part_with_gone(&mut self, import: &mut Import, batch: &Batch) -> Result<(), Refusal> {
        let source = &Rc::clone(&import.source);
        let wanted = source.page_size(batch.rows, &batch.range).min(batch.most);
        let moved =
            link::moved_after(&source.row.name, batch.range.after.as_deref(), batch.range.staged, wanted);
        let keys: Vec<Option<String>> = moved.iter().map(|user| Some(user.key.clone())).collect();
        let present = source.present_keys(&keys, batch.range.staged)?;
        if present.is_empty() && !moved.is_empty() {
            need_rows(source)?;
        }
        if !batch.dry_run {
            link::note_back(&source.row.name, &present.iter().cloned().map(Some).collect::<Vec<_>>());
        }
        import.tally.done = long(moved.len());
        import.tally.is_end = long(moved.len()) < wanted;
        import.tally.last_key = moved.last().map(|user| user.key.clone());
        for user in moved {
            let is_done = import.operation == Operation::Deactivate && user.is_gone;
            let is_there = present.contains(&user.key);
            // Another key of the same person may still be in a source: they go once all are gone. Who was here before was
            // only tied to the legacy user.
            let is_tied_otherwise = user.is_shared || user.via == Some(Via::Adopt);
            if !is_there && is_tied_otherwise && !user.is_gone && !batch.dry_run {
                link::note_gone(&source.row.name, &user.key);
            }
            let is_kept = is_there || is_tied_otherwise || is_done;
            match if is_kept { Fate::Skipped } else { self.part_with(import, &user) } {
                // What another operation refused them for is not settled by this one.
                Fate::Skipped => import.tally.skipped += 1,
                fate => import.count(&user.key, fate),
            }
        }
        Ok(())
    }

    fn part_with(&self, import: &Import, user: &Moved) -> Fate {
        let source = &import.source;
        let done = guard::attempt_if(
            |parting| self.trace.is_none() && matches!(parting, Parting::Done),
            || match import.operation {
                Operation::Delete => self.delete(source, user),
                _ => self.deactivate(source, user),
            },
        );
        let refused = |why: Why| Fate::Refused(Reject::new(&user.key, why.user(&user.user_id)));
        match done {
            Ok(Parting::Done) if import.operation == Operation::Delete => Fate::Deleted,
            Ok(Parting::Done) => Fate::Deactivated,
            Ok(Parting::Nobody) => Fate::Skipped,
            Ok(Parting::Swallowed) => refused(Why::of("no_row_written").source(&source.row.name)),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => refused(self.not_parted(import, user, &error)),
        }
    }

    fn delete(&self, source: &Source, user: &Moved) -> Parting {
        self.target.delete(&user.user_id);
        match self.target.find_by_id(&user.user_id, View::Latest) {
            Ok(None) => {}
            Ok(Some(_)) => return Parting::Swallowed,
            Err(error) => error.raise(),
        }
        self.target.check_deferred();
        link::bury(&source.row.name, &user.key, &self.target.row.name);
        self.note_parting(source, user, Why::of("gone_from_source"));
        Parting::Done
    }

    fn deactivate(&self, source: &Source, user: &Moved) -> Parting {
        let written = source.deactivation.as_ref().map(|columns| columns.write(&self.target, &user.user_id));
        if written.unwrap_or(0) == 0 {
            return match self.target.find_by_id(&user.user_id, View::Latest) {
                Ok(None) => Parting::Nobody,
                Ok(Some(_)) => Parting::Swallowed,
                Err(error) => error.raise(),
            };
        }
        self.target.check_deferred();
        self.note_parting(source, user, Why::of("deactivated"));
        Parting::Done
    }

    fn note_parting(&self, source: &Source, user: &Moved, why: Why) {
        let source = &source.row.name;
        link::note_gone(source, &user.key);
        let why = why.source(source).user(&user.user_id);
        self.log(event::Kind::Import, Outcome::Ok, &why.with("legacy_key", &user.key));
    }

    fn not_parted(&self, import: &Import, user: &Moved, error: &SqlError) -> Why {
        let why = Why::of("write_failed").source(&import.source.row.name).error(error);
        let columns =
            import.source.deactivation.as_ref().filter(|_| import.operation == Operation::Deactivate);
        match columns.and_then(|columns| columns.failing(&self.target, &user.user_id)) {
            Some(column) => why.with("column", column),
            None => why,
        }
    }
}

/// What became of one user who is gone from the source.
enum Parting {
    Done,
    /// The user is gone from the users table, too.
    Nobody,
    /// A trigger or a policy has kept the user as they were.
    Swallowed,
}

/// An empty source is more likely a mistake than the end of everybody.
pub(super) fn need_rows(source: &Source) -> Result<(), Refusal> {
    let (all, _) = source.count(&Range::default())?;
    if all > 0 {
        return Ok(());
    }
    let message =
        format!("source {} has no rows: nobody is deleted or deactivated for that", source.row.name);
    Err(Refusal::new(Kind::State, message)
        .hint("See whether its relation, or its filter, is what you think."))
}

/// Whoever is to be deactivated must be told how.
pub(super) fn need_deactivation(source: &Source) -> Result<(), Refusal> {
    if source.deactivation.is_some() {
        return Ok(());
    }
    let message = format!("source {} does not say how a user is deactivated", source.row.name);
    Err(Refusal::new(Kind::Invalid, message).hint(
        "Set deactivate of ferry.source, such as '{\"active\": \"false\", \"deleted_at\": \"now()\"}'.",
    ))
}
