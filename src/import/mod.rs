//! Moving many users at once (`ferry.import`): one batch is one call, and the procedure commits after each.
//!
//! The rows of a batch are fetched as one array and listed. Whoever is plain, which is most, is written by one
//! statement ([`set`]); everybody else goes the way of a login ([`single`]). What was refused is noted, and never ends
//! a batch.

mod gone;
mod open;
mod record;
mod rehearsal;
mod renew;
mod set;
mod single;
mod stage;

pub(crate) use open::{Wanted, check_session, open};
pub(crate) use record::settle_moved;
pub(crate) use rehearsal::Rehearsal;
pub(crate) use stage::stage;

use crate::config;
use crate::error::{Kind, OrRaise, Refusal};
use crate::event;
use crate::flow::Flow;
use crate::link;
use crate::login::Login;
use crate::source::{Listed, Range, Source};
use crate::spi::guard;
use crate::spi::plan::Value;
use crate::spi::watch;
use crate::target::Target;
use crate::trace::Trace;
use record::Reject;
use std::rc::Rc;

/// So many users of one transaction go the way of a login at most: each takes locks.
const ONE_BY_ONE: usize = 250;

/// How often a batch is done anew because config was changed meanwhile.
const CHANGES: usize = 5;

/// What an import does with the rows of the source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Moves those who were not moved.
    Insert,
    /// Brings up to date those who were.
    Update,
    /// Both.
    Upsert,
    /// Deletes the users who are no longer in the source.
    Delete,
    /// Puts them out of use.
    Deactivate,
    /// Moves those who were refused before.
    Retry,
}

impl Operation {
    const ALL: [(&str, Operation); 6] = [
        ("insert", Operation::Insert),
        ("update", Operation::Update),
        ("upsert", Operation::Upsert),
        ("delete", Operation::Delete),
        ("deactivate", Operation::Deactivate),
        ("retry", Operation::Retry),
    ];

    fn parse(name: &str) -> Result<Operation, Refusal> {
        let found = Operation::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, operation)| operation).ok_or_else(|| {
            let known: Vec<&str> = Operation::ALL.iter().map(|(name, _)| *name).collect();
            Refusal::new(Kind::Invalid, format!("unknown operation \"{name}\" of an import"))
                .hint(format!("Use {}.", known.join(", ")))
        })
    }

    /// Whether it goes through the rows of the source, in their order.
    fn pages_rows(self) -> bool {
        matches!(self, Operation::Insert | Operation::Update | Operation::Upsert)
    }

    fn updates(self) -> bool {
        matches!(self, Operation::Update | Operation::Upsert)
    }

    fn moves(self) -> bool {
        matches!(self, Operation::Insert | Operation::Upsert | Operation::Retry)
    }
}

/// One batch of a run.
pub(crate) struct Batch {
    pub(crate) run: i64,
    pub(crate) source: String,
    pub(crate) operation: String,
    pub(crate) dry_run: bool,
    pub(crate) range: Range,
    /// How the keys were ordered when the run was called.
    pub(crate) key_order: Option<String>,
    pub(crate) rows: i64,
    /// A page that costs much may have more rows, but no more than this.
    pub(crate) most: i64,
}

/// What became of its rows.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) done: i64,
    pub(crate) moved: i64,
    pub(crate) updated: i64,
    pub(crate) deleted: i64,
    pub(crate) deactivated: i64,
    pub(crate) refused: i64,
    pub(crate) skipped: i64,
    /// Up to here all rows are done.
    pub(crate) last_key: Option<String>,
    pub(crate) is_end: bool,
}

/// Does one batch, and does it anew where config was changed under its hands: what did not fit any more was not the
/// matter of the rows that it seemed to be of.
pub(crate) fn batch(batch: &Batch) -> Tally {
    for _ in 0..CHANGES {
        match guard::attempt_if(Option::is_some, || try_batch(batch)) {
            Ok(Some(tally)) => return tally,
            Ok(None) => {}
            Err(error) => error.raise(),
        }
    }
    let message = format!("source {}, or what it names, changes faster than a batch is done", batch.source);
    Refusal::new(Kind::State, message).hint("Call ferry.import again when that is over.").raise()
}

/// `None` where it has to be done anew.
fn try_batch(batch: &Batch) -> Option<Tally> {
    let operation = Operation::parse(&batch.operation).or_raise();
    let (target, source) = open_source(&batch.source).or_raise();
    let generation = watch::generation();
    source.hold().or_raise();
    if watch::generation() != generation {
        return None;
    }
    if operation.pages_rows() {
        need_order(batch, &source).or_raise();
    }
    if batch.range.staged.is_some() {
        stage::keep_readable(batch, operation, &source).or_raise();
    }
    let rehearsal =
        (batch.dry_run && operation.moves()).then(|| Rc::new(Rehearsal::open(batch.run, &source, &target)));
    let mut flow = Flow {
        kind: event::Kind::Import,
        login: Login::new("", target.row.login_form),
        target,
        password: None,
        client: None,
        is_known: true,
        has_spent: true,
        candidate: None,
        run: Some(batch.run),
        refusal: None,
        trace: batch.dry_run.then(Trace::default),
        rehearsal,
    };
    let mut import =
        Import { operation, source, rejects: Vec::new(), settled: Vec::new(), tally: Tally::default() };
    match operation {
        Operation::Delete | Operation::Deactivate => flow.part_with_gone(&mut import, batch).or_raise(),
        Operation::Retry => flow.retry(&mut import, batch).or_raise(),
        _ => flow.next_page(&mut import, batch).or_raise(),
    }
    if import.rejects.iter().any(Reject::blames_config) && has_changed_since(generation, &batch.source) {
        return None;
    }
    record::keep(batch, &import);
    Some(import.tally)
}

/// Whether the rows that are left are still those behind the last key.
fn need_order(batch: &Batch, source: &Source) -> Result<(), Refusal> {
    if batch.key_order.as_ref().is_none_or(|then| *then == source.key_order()) {
        return Ok(());
    }
    let message = format!("the legacy key of source {} is ordered in another way now", batch.source);
    Err(Refusal::new(Kind::State, message)
        .hint("Call ferry.import again: it begins a new run, which skips whom this one has moved."))
}

/// Raises what is wrong with config now, if anything is.
fn has_changed_since(generation: u64, source: &str) -> bool {
    watch::catch_up();
    let has_changed = watch::generation() != generation;
    // A function that an expression calls may have gone without a word: everything is opened anew.
    watch::distrust();
    open_source(source).or_raise();
    has_changed
}

fn open_source(name: &str) -> Result<(Rc<Target>, Rc<Source>), Refusal> {
    let rows = config::rows();
    let row = rows.sources.iter().find(|row| row.name == name).ok_or_else(|| {
        Refusal::new(Kind::Invalid, format!("there is no source \"{name}\""))
            .hint("Sources are rows of ferry.source.")
    })?;
    config::need_live(row)?;
    if !row.enabled {
        return Err(Refusal::new(Kind::State, format!("source {name} is not enabled"))
            .hint("Set enabled = true in ferry.source."));
    }
    let target = config::target(&row.target)?;
    // The target may have been read anew, and the rows with it.
    let rows = config::rows();
    let row = rows.sources.iter().find(|row| row.name == name).unwrap_or(row);
    let source = config::source(row, &target)?;
    Ok((target, source))
}

/// A batch under way.
pub(crate) struct Import {
    operation: Operation,
    source: Rc<Source>,
    rejects: Vec<Reject>,
    /// The keys of those who are no longer refused.
    settled: Vec<Option<String>>,
    tally: Tally,
}

/// What became of one row.
enum Fate {
    Moved,
    Updated,
    Deleted,
    Deactivated,
    /// Nothing was to be done.
    Skipped,
    /// It is not the matter of this operation, which settles nothing about it.
    Passed,
    Refused(Reject),
}

impl Import {
    fn count(&mut self, key: &str, fate: Fate) {
        match fate {
            Fate::Moved => self.tally.moved += 1,
            Fate::Updated => self.tally.updated += 1,
            Fate::Deleted => self.tally.deleted += 1,
            Fate::Deactivated => self.tally.deactivated += 1,
            Fate::Skipped => self.tally.skipped += 1,
            Fate::Passed => {
                self.tally.skipped += 1;
                return;
            }
            Fate::Refused(reject) => {
                self.tally.refused += 1;
                self.rejects.push(reject);
                return;
            }
        }
        self.settled.push(Some(key.to_string()));
    }
}

impl Flow<'_> {
    /// The rows after the last key.
    fn next_page(&mut self, import: &mut Import, batch: &Batch) -> Result<(), Refusal> {
        let wanted = self.rows_wanted(&import.source, batch).min(batch.most);
        let Some(page) = import.source.page(&batch.range, wanted)? else { return Ok(()) };
        let listed = import.source.list(page.rows)?;
        let mut done = self.work(import, page.rows, &listed);
        if done < listed.len() {
            // What comes next is behind the last key: no row of it is left for later.
            let more = import.source.more_of_key(page.rows, long(done))?;
            let end = done + usize::try_from(more).unwrap_or(0);
            while done < end {
                done += self.work(import, page.rows, &listed[done..end]).max(1);
            }
        }
        import.tally.done = long(done);
        import.tally.last_key = done.checked_sub(1).map(|last| listed[last].key.clone());
        import.tally.is_end = done == listed.len() && page.is_last;
        Ok(())
    }

    /// Those who were refused before. Who is no longer in the source is refused no more.
    fn retry(&mut self, import: &mut Import, batch: &Batch) -> Result<(), Refusal> {
        let wanted = batch.rows.min(long(ONE_BY_ONE)).min(batch.most);
        let after = batch.range.after.as_deref();
        let keys = record::refused_keys(&import.source.row.name, batch.run, after, wanted);
        import.tally.is_end = long(keys.len()) < wanted;
        let Some(rows) = import.source.rows_of_keys(&keys, batch.range.staged)? else { return Ok(()) };
        let mut listed = import.source.list(rows)?;
        listed.retain(|row| keys.iter().flatten().any(|key| *key == row.key));
        let mut done = 0;
        while done < listed.len() {
            done += self.work(import, rows, &listed[done..]).max(1);
        }
        let mut missing: Vec<_> =
            keys.iter().filter(|key| is_missing(key.as_deref(), &listed)).cloned().collect();
        import.tally.skipped += long(missing.len());
        // These are more than the keys where several rows have the same one.
        import.tally.done = long(listed.len() + missing.len());
        if !missing.is_empty() && !import.source.is_written_one_way() {
            // Who is there under another spelling of the key stays refused.
            let present = import.source.present_keys(&missing, None)?;
            missing.retain(|key| key.as_ref().is_some_and(|key| !present.contains(key)));
        }
        import.settled.extend(missing);
        import.tally.last_key = keys.into_iter().next_back().flatten();
        Ok(())
    }

    /// Users of whom each takes locks are moved a few at a time.
    fn rows_wanted(&self, source: &Source, batch: &Batch) -> i64 {
        let rows = if self.is_plain(source) { batch.rows } else { batch.rows.min(long(ONE_BY_ONE)) };
        source.page_size(rows, &batch.range)
    }

    /// Moves and brings up to date the first of the rows, as many as one transaction takes; tells how many these are.
    fn work(&mut self, import: &mut Import, rows: Value, listed: &[Listed]) -> usize {
        let most = if self.is_plain(&import.source) { listed.len() } else { listed.len().min(ONE_BY_ONE) };
        let (whole, few) = (&listed[..most], &listed[..most.min(ONE_BY_ONE)]);
        match guard::attempt_if(Option::is_some, || self.try_work(import, rows, whole, ONE_BY_ONE)) {
            Ok(Some(done)) => done.absorb(import),
            // Too many of them are not as plain as they looked: fewer at a time.
            Ok(None) => match self.try_work(import, rows, few, usize::MAX) {
                Some(done) => done.absorb(import),
                None => few.len(),
            },
            Err(error) => error.raise(),
        }
    }

    /// `None` where more than `limit` rows would have to go the way of a login after all.
    fn try_work(&mut self, import: &Import, rows: Value, listed: &[Listed], limit: usize) -> Option<Done> {
        let source = Rc::clone(&import.source);
        let keys: Vec<Option<String>> = listed.iter().map(|row| Some(row.key.clone())).collect();
        let linked = link::linked(&source.row.name, &keys);
        let (known, unknown): (Vec<&Listed>, Vec<&Listed>) =
            listed.iter().partition(|row| linked.contains_key(&row.key));
        let (plain, mut odd, mut idle) = match import.operation.moves() {
            true => {
                let (plain, odd) = self.sort(&source, rows, unknown);
                (plain, odd, Vec::new())
            }
            false => (Vec::new(), Vec::new(), unknown),
        };
        // Beyond the last that can be done one by one, nobody is touched.
        if odd.len() > limit {
            let end = listed.iter().position(|row| row.place == odd[limit].place).unwrap_or(listed.len());
            return self.try_work(import, rows, &listed[..end], limit);
        }
        let mut done = Done { fates: Vec::with_capacity(listed.len()), rows: listed.len() };
        let is_back = |row: &&&Listed| linked.get(&row.key).is_some_and(|link| link.is_gone);
        let back: Vec<_> = known.iter().filter(is_back).map(|row| Some(row.key.clone())).collect();
        if self.trace.is_none() && !back.is_empty() {
            link::note_back(&source.row.name, &back);
        }
        if import.operation.updates() {
            let user_of = |row: &Listed| linked.get(&row.key).and_then(|link| link.user_id.clone());
            let known = known.into_iter().map(|row| (row, user_of(row)));
            self.renew(&source, rows, known.collect(), &mut done.fates);
        } else {
            idle.extend(known);
        }
        let idle = idle.into_iter().map(|row| {
            (row.key.clone(), if import.operation.moves() { Fate::Skipped } else { Fate::Passed })
        });
        done.fates.extend(idle);
        odd.extend(self.write_plain(&source, rows, &plain, &mut done.fates));
        if odd.len() > limit {
            return None;
        }
        odd.sort_by_key(|row| (row.is_again, row.place));
        for row in odd {
            let fate = self.move_one(&source, rows, row);
            done.fates.push((row.key.clone(), fate));
        }
        Some(done)
    }
}

/// What one attempt came to.
struct Done {
    fates: Vec<(String, Fate)>,
    rows: usize,
}

impl Done {
    fn absorb(self, import: &mut Import) -> usize {
        for (key, fate) in self.fates {
            import.count(&key, fate);
        }
        self.rows
    }
}

fn is_missing(key: Option<&str>, listed: &[Listed]) -> bool {
    listed.iter().all(|row| Some(row.key.as_str()) != key)
}

fn long(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
