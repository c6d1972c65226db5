//! Deleting the users who are no longer in the source. Nobody goes because a source is empty or cannot be read.

use super::record::Reject;
use super::{Batch, Fate, Import, long};
use crate::error::{Kind, OrRaise, Refusal, must_reach_caller};
use crate::event;
use crate::flow::{Flow, Why};
use crate::link::{self, Moved, Via};
use crate::outcome::Outcome;
use crate::source::{Range, Source};
use crate::spi::guard;

impl Flow<'_> {
    /// Looks the next legacy keys that were moved up in the source.
    pub(super) fn delete_gone(&mut self, import: &mut Import, batch: &Batch) {
        let wanted = import.source.page_size(batch.rows).min(batch.most);
        let moved = link::moved_after(&import.source.row.name, batch.range.after.as_deref(), wanted);
        let keys: Vec<Option<String>> = moved.iter().map(|user| Some(user.key.clone())).collect();
        let present = import.source.present_keys(&keys).or_raise();
        if present.is_empty() && !moved.is_empty() {
            need_rows(&import.source).or_raise();
        }
        import.tally.done = long(moved.len());
        import.tally.is_end = long(moved.len()) < wanted;
        import.tally.last_key = moved.last().map(|user| user.key.clone());
        for user in moved {
            // Who was here before was only tied to the legacy user.
            let is_kept = present.contains(&user.key) || user.via == Some(Via::Adopt);
            let fate = if is_kept { Fate::Skipped } else { self.delete(&import.source, &user) };
            match fate {
                Fate::Updated => import.tally.deleted += 1,
                Fate::Skipped => import.tally.skipped += 1,
                fate => import.count(&user.key, fate),
            }
        }
    }

    fn delete(&self, source: &Source, user: &Moved) -> Fate {
        let source = &source.row.name;
        let deleted = guard::attempt_if(
            |()| self.trace.is_none(),
            || {
                self.target.delete(&user.user_id);
                link::bury(source, &user.key, &self.target.row.name);
                let why = Why::of("gone_from_source").source(source).user(&user.user_id);
                self.log(event::Kind::Import, Outcome::Ok, &why.with("legacy_key", &user.key));
            },
        );
        match deleted {
            Ok(()) => Fate::Updated,
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let why = Why::of("write_failed").source(source).user(&user.user_id).error(&error);
                Fate::Refused(Reject::new(&user.key, why))
            }
        }
    }
}

/// An empty source is more likely a mistake than the end of everybody.
pub(super) fn need_rows(source: &Source) -> Result<(), Refusal> {
    let (all, _) = source.count(&Range::default())?;
    if all > 0 {
        return Ok(());
    }
    let message = format!("source {} has no rows: nobody is deleted for that", source.row.name);
    Err(Refusal::new(Kind::State, message)
        .hint("See whether its relation, or its filter, is what you think."))
}
