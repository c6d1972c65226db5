//! Writing one user (`Flow::write`): locks, the second look, the row, its children, the link, the event; all of it or nothing.

use crate::adopt::Identity;
use crate::child::{Fetched, Moment, Unfetched};
use crate::error::{self, must_reach_caller};
use crate::event::Kind;
use crate::flow::{Decision, Flow, Why};
use crate::hook::Failure;
use crate::import;
use crate::link::{self, NewLink, Via};
use crate::mapping::{Draft, Written};
use crate::outcome::{Answer, Outcome};
use crate::rule::Broken;
use crate::source::{Person, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::View;
use crate::spi::{lock, session};
use crate::target::{Found, User};

impl Flow<'_> {
    /// The rows of other tables that come with a user.
    pub(crate) fn fetch_children(&mut self, source: &Source, person: &Person) -> Result<Fetched, Decision> {
        let why = |reason| Why::of(reason).source(&source.row.name);
        source.children.fetch(&self.target, person.row, Moment::Move).map_err(|unfetched| match unfetched {
            Unfetched::Silent { child, state } => {
                let why = why("source_unavailable").with("child", &child).with("sqlstate", &state);
                self.conclude(Outcome::Unavailable, why)
            }
            Unfetched::Failed { child, error } => {
                self.conclude(Outcome::Failed, why("child_failed").error(&error).with("child", &child))
            }
            Unfetched::Stale => Decision::Raced,
        })
    }

    /// Writes a user whole or not at all. An error undoes everything and becomes `failed`.
    pub(crate) fn write(&mut self, what: &Move<'_>) -> Decision {
        let children = match self.fetch_children(what.source, what.person) {
            Ok(children) => children,
            Err(decision) => return decision,
        };
        // A row that was swallowed takes with it what its triggers have written elsewhere.
        let keep = |step: &Step6| matches!(step, Step6::Written(_));
        let written = guard::attempt_if(keep, || self.write_locked(what, &children));
        if matches!(written, Ok(Step6::Written(_))) {
            self.candidate = None;
        }
        match written {
            Ok(Step6::Written(written)) if !written.is_allowed && self.kind != Kind::Import => {
                self.conclude(Outcome::Blocked, Why::of("not_allowed").user(&written.user_id))
            }
            Ok(Step6::Written(written)) => Decision::Answered(Answer {
                outcome: Outcome::Migrated,
                user_id: Some(written.user_id),
                must_change: written.must_change,
            }),
            Ok(Step6::Hook(failure)) => self.hook_failed(Outcome::Failed, Some(what.source), failure),
            Ok(Step6::Raced) if session::has_fixed_snapshot() => error::lost_the_race().raise(),
            Ok(Step6::Raced) => Decision::Raced,
            Ok(Step6::NoRow) => {
                self.conclude(Outcome::Failed, Why::of("no_row_written").source(&what.source.row.name))
            }
            Ok(Step6::Altered) => {
                self.conclude(Outcome::Failed, Why::of("hash_altered").source(&what.source.row.name))
            }
            Err(error) if must_reach_caller(&error) => error.raise(),
            // An import takes no locks for those whom it moves: it may have been waited for.
            Err(error) if error.is_duplicate() && self.is_raced(what) => {
                match session::has_fixed_snapshot() {
                    true => error::lost_the_race().raise(),
                    false => Decision::Raced,
                }
            }
            Err(error) => self.write_failed(what, &children, &error),
        }
    }

    fn write_failed(&mut self, what: &Move<'_>, children: &Fetched, error: &SqlError) -> Decision {
        let why = |reason| Why::of(reason).source(&what.source.row.name).error(error);
        if let Some(child) = what.source.children.failing(children) {
            return self.conclude(Outcome::Failed, why("child_failed").with("child", child));
        }
        // PostgreSQL does not say which expression failed: each is evaluated alone.
        let failing = what.source.transfer.preview(&self.target, what.person.row, what.adopting);
        let why = match failing {
            Err((column, _)) => why("write_failed").with("column", &column),
            Ok(_) => why("write_failed"),
        };
        self.conclude(Outcome::Failed, why)
    }

    /// Takes the locks, looks once more with the newest snapshot, and writes user, children, link and event.
    fn write_locked(&mut self, what: &Move<'_>, children: &Fetched) -> Step6 {
        let (source, target) = (&what.source.row.name, &self.target.row.name.clone());
        self.lock_others_out(what);
        if self.is_raced(what) {
            return Step6::Raced;
        }
        let draft = match self.before_write(what) {
            Ok(draft) => draft,
            Err(failure) => return Step6::Hook(failure),
        };
        let replaced = self.held_before(what, draft.as_ref());
        let Some(written) = self.write_row(what, draft) else {
            let is_raced = what.adopting.is_some_and(|user| !self.is_unchanged(user));
            return if is_raced { Step6::Raced } else { Step6::NoRow };
        };
        if self.target.has_altered(&written.user_id, what.hash) {
            return Step6::Altered;
        }
        let children = what.source.children.write(&self.target, &written.user_id, children);
        link::insert(&NewLink {
            source,
            legacy_key: &what.person.key,
            hash: what.keeps_legacy_password.then_some(what.hash),
            target,
            user_id: &written.user_id,
            via: what.via,
            replaced: replaced.as_deref(),
        });
        if self.kind != Kind::Import {
            import::settle_moved(source, &what.person.key);
        }
        if let Err(failure) = self.after_write(what, &written.user_id) {
            return Step6::Hook(failure);
        }
        if self.kind == Kind::Import {
            self.target.check_deferred();
        }
        let why = Why::of(what.via.name()).source(source).user(&written.user_id);
        let why = why.broken(what.broken).children(children);
        self.notice_moved(what, &why);
        // An import has a record of its own; only what is to be noted of one user is an event.
        if self.kind != Kind::Import || what.broken.is_noteworthy() {
            self.log(self.kind, Outcome::Migrated, &why);
        }
        if written.is_allowed
            && let Err(failure) = self.after_first_login(what, &written.user_id)
        {
            return Step6::Hook(failure);
        }
        Step6::Written(written)
    }

    fn lock_others_out(&self, what: &Move<'_>) {
        let (source, target) = (&what.source.row.name, &self.target.row.name);
        // First, for a batch that holds it may want any of the others.
        if !what.identities.is_empty() {
            lock::share(lookups_key(target));
        }
        lock::acquire(lock_key(&["key", source, &what.person.key]));
        lock::acquire(lock_key(&["login", target, &self.login.normalised]));
        for (entry, value) in what.identities {
            // Without case, as a column may compare: one too many who waits does no harm.
            lock::acquire(lock_key(&["lookup", target, &entry.to_string(), &value.to_lowercase()]));
        }
    }

    /// The row of the users table: as hooks have made it, or the mappings.
    fn write_row(&self, what: &Move<'_>, draft: Option<Draft>) -> Option<Written> {
        let (transfer, row) = (&what.source.transfer, what.person.row);
        let mut written = match (draft, what.adopting) {
            (Some(draft), adopting) => transfer.write_draft(&self.target, &draft, what.hash, adopting),
            (None, Some(user)) => transfer.adopt(&self.target, row, what.hash, user),
            (None, None) => transfer.insert(&self.target, row, what.hash),
        }?;
        if !what.broken.must_change.is_empty() {
            self.target.demand_change(&written.user_id);
            written.must_change = true;
        }
        Some(written)
    }

    /// Whether somebody has been moved, or has signed up, since the first look.
    fn is_raced(&self, what: &Move<'_>) -> bool {
        if link::of_key(&what.source.row.name, &what.person.key, View::Latest).is_some() {
            return true;
        }
        if !what.identities.is_empty() && !self.is_still_here(what.identities, what.adopting) {
            return true;
        }
        match self.target.find_by_login(&self.login, View::Latest) {
            Ok(Found::Nobody) => false,
            Ok(Found::One(user)) => what.adopting.is_none_or(|adopting| adopting.id != user.id),
            Ok(Found::Several) => true,
            Err(error) => error.raise(),
        }
    }
}

/// A user to be moved.
pub(crate) struct Move<'a> {
    pub(crate) source: &'a Source,
    pub(crate) person: &'a Person,
    pub(crate) adopting: Option<&'a User>,
    /// By which nobody else may be found.
    pub(crate) identities: &'a [Identity],
    pub(crate) hash: &'a str,
    pub(crate) via: Via,
    /// The hash was made from the legacy password, or stands for it: later mismatches may ask the
    /// source.
    pub(crate) keeps_legacy_password: bool,
    /// The rules that do not keep the user out.
    pub(crate) broken: &'a Broken,
}

/// What writing came to.
enum Step6 {
    Written(Written),
    Raced,
    NoRow,
    /// Another hash is there than the one that was written.
    Altered,
    Hook(Failure),
}

/// The lock on all that is looked up in a target: an import that writes many at once has it alone.
pub(crate) fn lookups_key(target: &str) -> u64 {
    lock_key(&["lookups", target])
}

/// A number for a lock: equal names give equal numbers, and a collision only makes somebody wait.
pub(crate) fn lock_key(parts: &[&str]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}
