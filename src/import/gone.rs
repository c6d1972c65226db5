//! The users who are no longer in the source: deleted, or put out of use as `deactivate` of the source says. Nobody goes
//! because a source is empty or cannot be read.

use super::record::{self, Reject};
use super::{Batch, Fate, Import, Operation, long};
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::event;
use crate::flow::{Flow, Why};
use crate::link::{self, Moved, Via};
use crate::outcome::Outcome;
use crate::source::Source;
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::View;
use std::rc::Rc;

impl Flow<'_> {
    /// Looks the next legacy keys that were moved up in the source.
    pub(super) fn part_with_gone(&mut self, import: &mut Import, batch: &Batch) -> Result<(), Refusal> {
        let source = &Rc::clone(&import.source);
        let (name, range) = (&source.row.name, &batch.range);
        let wanted = source.page_size(batch.rows, range).min(batch.most);
        let listed = link::moved_after(name, range.after.as_deref(), range.staged, wanted);
        let keys: Vec<Option<String>> = listed.iter().map(|user| Some(user.key.clone())).collect();
        let present = source.present_keys(&keys, range.staged)?;
        if present.is_empty() && listed.iter().any(|user| !user.is_tombstone) {
            need_rows(source)?;
        }
        import.tally.is_end = long(listed.len()) < wanted;
        import.tally.last_key = listed.last().map(|user| user.key.clone());
        let (buried, moved): (Vec<Moved>, Vec<Moved>) =
            listed.into_iter().partition(|user| user.is_tombstone);
        import.tally.done = long(moved.len());
        let is_missing = |user: &Moved| !user.is_gone && !present.contains(&user.key);
        // Nobody is parted with whom this is true of.
        let mut gone: Vec<Option<String>> =
            buried.into_iter().filter(is_missing).map(|user| Some(user.key)).collect();
        for user in moved {
            let is_done = import.operation == Operation::Deactivate && user.is_gone;
            // Another key of the same person may still be in a source: they go once all are gone. Who was here before was
            // only tied to the legacy user.
            let is_tied_otherwise = user.is_shared || user.via == Some(Via::Adopt);
            let is_kept = present.contains(&user.key) || is_tied_otherwise || is_done;
            match if is_kept { Fate::Skipped } else { self.part_with(import, &user) } {
                // What another operation refused them for is not settled by this one.
                Fate::Skipped => {
                    import.tally.skipped += 1;
                    gone.extend(is_missing(&user).then_some(Some(user.key)));
                }
                fate => import.count(&user.key, fate),
            }
        }
        if batch.dry_run {
            return Ok(());
        }
        let present: Vec<Option<String>> = present.into_iter().map(Some).collect();
        link::note_back(name, &present);
        link::note_gone(name, &gone);
        record::settle_partings(name, &[present, gone].concat());
        if import.tally.is_end {
            import.settled.extend(refused_and_gone(source, batch)?);
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
        let deleted = self.target.delete(&user.user_id);
        match self.target.find_by_id(&user.user_id, View::Latest) {
            // Whoever is hidden by a policy may be there all the same.
            Ok(None) if deleted > 0 || !self.target.may_hide_users() => {}
            Ok(_) => return Parting::Swallowed,
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
        link::note_gone(source, &[Some(user.key.clone())]);
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

/// Those who could not be moved and are no longer in the source.
fn refused_and_gone(source: &Source, batch: &Batch) -> Result<Vec<Option<String>>, Refusal> {
    let wanted = source.page_size(batch.rows, &batch.range);
    let (mut gone, mut after, mut is_anybody_there) = (Vec::new(), None, false);
    loop {
        let keys = record::refused_keys(&source.row.name, batch.run, after.as_deref(), wanted);
        let present = source.present_keys(&keys, batch.range.staged)?;
        is_anybody_there |= !present.is_empty();
        let is_end = long(keys.len()) < wanted;
        after = keys.last().cloned().flatten();
        gone.extend(keys.into_iter().filter(|key| key.as_ref().is_some_and(|key| !present.contains(key))));
        if is_end {
            break;
        }
    }
    if !gone.is_empty() && !is_anybody_there {
        need_rows(source)?;
    }
    Ok(gone)
}

/// An empty source is more likely a mistake than the end of everybody.
pub(super) fn need_rows(source: &Source) -> Result<(), Refusal> {
    if source.has_rows()? {
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
