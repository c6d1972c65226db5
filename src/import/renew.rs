//! Bringing users up to date one by one, as a login does: where child rows are to be written, or a hook changes what was
//! fetched.

use super::Fate;
use super::record::Reject;
use super::single::person_of;
use crate::child::{Moment, Unfetched};
use crate::config::Point;
use crate::error::must_reach_caller;
use crate::flow::{Flow, Why};
use crate::source::{Listed, Person, Source};
use crate::spi::guard;
use crate::spi::plan::Value;

impl Flow<'_> {
    pub(super) fn renews_singly(&self, source: &Source) -> bool {
        source.children.refreshes() || source.hooks.has(Point::AfterFetch)
    }

    pub(super) fn renew_singly(
        &mut self,
        source: &Source,
        rows: Value,
        known: &[(&Listed, Option<String>)],
        fates: &mut Vec<(String, Fate)>,
    ) {
        for (row, user) in known {
            let Some(user_id) = user else { continue };
            let fate = self.renew_row(source, rows, row, user_id).unwrap_or_else(|why| {
                let why = if why.source.is_some() { why } else { why.source(&source.row.name) };
                Fate::Refused(Reject::new(&row.key, why.user(user_id)))
            });
            fates.push((row.key.clone(), fate));
        }
    }

    fn renew_row(&mut self, source: &Source, rows: Value, row: &Listed, user_id: &str) -> Result<Fate, Why> {
        let person = person_of(source, rows, row)?;
        let changed = self.after_fetch(source, &person).map_err(Why::of_hook)?;
        let person = changed.unwrap_or(person);
        let children = source.children.fetch(&self.target, person.row, Moment::Login).map_err(unfetched)?;
        let renewed = guard::attempt_if(
            |_| self.trace.is_none(),
            || {
                let differs = self.renew_columns(source, &person, user_id);
                let is_current = self.refresh_children(user_id, source, &person, &children);
                self.target.check_deferred();
                differs || !is_current
            },
        );
        match renewed {
            Ok(true) => Ok(Fate::Updated),
            Ok(false) => Ok(Fate::Skipped),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => match source.children.failing(&children) {
                Some(child) => Err(Why::of("child_failed").error(&error).with("child", child)),
                None => Ok(self.not_renewed(source, rows, row, &Some(user_id.to_string()), &error)),
            },
        }
    }

    fn renew_columns(&self, source: &Source, person: &Person, user_id: &str) -> bool {
        let (rows, keys) = (Value::array(&[person.row], source.row_type()), [Some(person.key.clone())]);
        let ids = [Some(user_id.to_string())];
        source.transfer.renew_many(&self.target, source.key_sql(), rows, &keys, &ids) > 0
    }
}

fn unfetched(unfetched: Unfetched) -> Why {
    match unfetched {
        Unfetched::Silent { child, state } => {
            Why::of("source_unavailable").with("child", &child).with("sqlstate", &state)
        }
        Unfetched::Failed { child, error } => Why::of("child_failed").error(&error).with("child", &child),
        Unfetched::Stale => Why::of("source_misconfigured"),
    }
}
