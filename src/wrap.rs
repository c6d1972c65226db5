//! Weak hashes at rest put inside argon2id (`ferry.wrap_hashes`): one batch is one call, and the procedure commits after
//! each.
//!
//! First all hashes of a batch are computed, then they are written, each only where the old one is still there: rows are
//! locked for milliseconds, and who logs in meanwhile is not written over. Nobody is waited for: whoever does would hold up
//! the logins of those who are written already. What was ours (`link.hash_digest`) stays ours.
//!
//! Where an application may check the hashes of the table by itself, only what it could not read before is wrapped: a hash
//! in an envelope.

mod tally;

use crate::config;
use crate::envelope;
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::event::{self, Event};
use crate::kdf;
use crate::link;
use crate::outcome::Outcome;
use crate::spi::plan::{self, Arg};
use crate::spi::types::{self, TEXT};
use crate::spi::{guard, identity};
use crate::sql::Ident;
use crate::target::{MustChange, Replaced, Target, User};
use legacy_hash::{Error, Method, Stored};
use std::cell::RefCell;
use std::time::{Duration, Instant};

use tally::{KEPT, Obstacle, REFUSED, Tally, WRAPPED};

/// So long are the wrapped hashes of usual formats at most. Rows that don't fit all the same are told.
const LEAST_WIDTH: usize = 255;

/// Stands for any login where a hash takes one: nothing of it is kept.
const ANY_LOGIN: &str = "somebody";

/// A weak hash, to see whether any can be wrapped.
const SAMPLE: &str = "{MD5}CY9rzUYh03PK3k6DJie09g==";

/// What is wanted of `ferry.wrap_hashes`.
pub(crate) struct Wanted {
    pub(crate) target: String,
    pub(crate) batch_size: Option<i64>,
    pub(crate) cpu_share: Option<f64>,
    /// None: what the target says.
    pub(crate) no_other_checks: Option<bool>,
}

/// A call under way. It is kept here from batch to batch, and not handed to and fro: what the event says was done.
#[derive(Clone)]
struct Run {
    target: String,
    no_other_checks: bool,
    tally: Tally,
    /// What no event has told yet.
    untold: Tally,
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

/// Checks it, and counts the users to look at.
pub(crate) fn open(wanted: Wanted) -> Result<i64, Refusal> {
    let invalid = |text: &str, hint: &str| Err(Refusal::new(Kind::Invalid, text).hint(hint));
    if !wanted.batch_size.is_some_and(|size| (1..=10_000).contains(&size)) {
        return invalid("batch_size is out of range", "Use 1 to 10000.");
    }
    if !wanted.cpu_share.is_some_and(|share| (0.01..=1.0).contains(&share)) {
        return invalid("cpu_share is out of range", "Use 0.01 to 1: the part of one processor.");
    }
    let target = config::target(&wanted.target)?;
    check_policies(&target)?;
    let in_config = |error| Refusal::in_config(&place(&target), error);
    let no_other_checks = wanted.no_other_checks.unwrap_or(target.row.no_other_checks);
    if !no_other_checks && target.count_enveloped().map_err(in_config)? == 0 {
        let text = format!("{}: wrapped hashes can be checked by pg_ferry alone", place(&target));
        return Err(Refusal::new(Kind::State, text).hint(cure_of_other_checks(&target)));
    }
    check_columns(&target)?;
    check_limits(&target)?;
    let total = target.count_unwrapped().map_err(in_config)?;
    RUN.set(Some(Run {
        target: wanted.target,
        no_other_checks,
        tally: Tally::default(),
        untold: Tally::default(),
    }));
    Ok(total)
}

fn place(target: &Target) -> String {
    format!("target {}", target.row.name)
}

fn cure_of_other_checks(target: &Target) -> String {
    format!(
        "Once every application that checks passwords of this table calls ferry.authenticate, say so: \
         UPDATE ferry.target SET no_other_checks = true WHERE name = '{}'.",
        target.row.name.replace('\'', "''")
    )
}

/// Users whom row level security hides as a whole would be none to wrap.
fn check_policies(target: &Target) -> Result<(), Refusal> {
    let sql = "SELECT problem, hint FROM ferry._lacking_policy() WHERE target = $1 AND verb <> 'insert'";
    let lacking = identity::as_ferry(|| plan::query(sql, &[TEXT], &[Arg::Text(&target.row.name)]));
    let Some(row) = lacking.into_iter().next() else { return Ok(()) };
    let mut texts = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || texts.next().unwrap_or_default();
    Err(Refusal::new(Kind::State, format!("{}: {}", place(target), next())).hint(next()))
}

/// Whatever the format: what goes around a hash is argon2id.
fn check_limits(target: &Target) -> Result<(), Refusal> {
    let Ok(format) = legacy_hash::evident(SAMPLE) else { return Ok(()) };
    let stored = Stored { hash: SAMPLE, salt: None, login: None, pepper: None };
    match kdf::wrap(&stored, &Method::Format(format), &target.policy) {
        Err(Error::OverLimit(limit)) => {
            let text =
                format!("{}: the argon2id of wrapped hashes exceeds the limit on {limit}", place(target));
            // Memory times passes is told as passes.
            let or_work = if limit == "argon2 passes" { " or ferry.max_argon2_work" } else { "" };
            let setting = format!("ferry.max_{}{or_work}", limit.replace(' ', "_"));
            Err(Refusal::new(Kind::Limit, text).hint(format!("A superuser can raise {setting}.")))
        }
        _ => Ok(()),
    }
}

fn check_columns(target: &Target) -> Result<(), Refusal> {
    let (table, hash) = (&target.relation.title, &target.row.hash_column);
    if let Some(width) = width(target).filter(|width| *width < LEAST_WIDTH) {
        let text = format!("{}: column \"{hash}\" of {table} takes {width} characters", place(target));
        return Err(Refusal::new(Kind::State, format!("{text}, too few for wrapped hashes"))
            .hint(cure_of_width(target)));
    }
    match target.id_lookup().key.greater {
        Some(_) => Ok(()),
        None => Err(Refusal::new(
            Kind::Type,
            format!("{}: the type of id_column \"{}\" has no order", place(target), target.row.id_column),
        )
        .hint(
            "Users are gone through in the order of their ids: name a column whose type has a btree order.",
        )),
    }
}

fn cure_of_width(target: &Target) -> String {
    let hash = Ident(target.row.hash_column.clone());
    format!("ALTER TABLE {} ALTER COLUMN {hash} TYPE text;", target.relation.title)
}

/// Whether what users are to come after can be the id of one.
fn check_after(target: &Target, after: Option<&str>) -> Result<(), Refusal> {
    let key = &target.id_lookup().key;
    match after.filter(|id| types::cast(id, key).is_none()) {
        None => Ok(()),
        Some(id) => {
            let text = format!("after_id: \"{id}\" is no value of type {}", types::type_title(key.oid));
            Err(Refusal::new(Kind::Invalid, format!("{}, {text}", place(target)))
                .hint("Give the text of an id, such as the notices and events of a call have it."))
        }
    }
}

/// How many characters the hash column takes, where that is limited.
fn width(target: &Target) -> Option<usize> {
    let column = target.relation.columns.iter().find(|column| column.name == target.row.hash_column)?;
    column.width()
}

/// What has become of a batch.
pub(crate) struct Batch {
    pub(crate) last_id: Option<String>,
    pub(crate) is_end: bool,
    /// What was done by all batches of the call, in words.
    pub(crate) report: String,
    /// The time that it took to compute hashes: to write them may take long for reasons that no processor has.
    pub(crate) hashing: Duration,
    /// At the end: what to do about the hashes that were not wrapped.
    pub(crate) hint: Option<String>,
}

/// Does one batch of the call under way: the next `rows` users after an id.
pub(crate) fn batch(after: Option<&str>, rows: i64) -> Result<Batch, Refusal> {
    // A copy: a batch that is undone, and done again, has counted nothing.
    let mut run = RUN.with_borrow(Clone::clone).ok_or_else(|| {
        Refusal::new(Kind::State, "no call of ferry.wrap_hashes is under way")
            .hint("CALL ferry.wrap_hashes(…), which calls this function.")
    })?;
    let batch = run.batch(after, rows)?;
    RUN.set((!batch.is_end).then_some(run));
    Ok(batch)
}

impl Run {
    fn batch(&mut self, after: Option<&str>, rows: i64) -> Result<Batch, Refusal> {
        let target = config::target(&self.target)?;
        check_after(&target, after)?;
        let users = target
            .with_unwrapped_hash(after, rows)
            .map_err(|error| Refusal::in_config(&place(&target), error))?;
        let started = Instant::now();
        let mut wrapped = Vec::new();
        for user in &users {
            match self.wrap(&target, user)? {
                Fate::Wrapped(format, hash) => wrapped.push(Wrapped { user, format, hash }),
                Fate::Kept(why) => self.count(KEPT, why),
                Fate::Refused(obstacle, why) => self.refuse(obstacle, &why),
            }
        }
        let hashing = started.elapsed();
        let free = self.lock(&target, wrapped)?;
        for (wrapped, written) in free.iter().zip(write_all(&target, &free)) {
            match written {
                Written::Done => self.count(WRAPPED, &wrapped.format),
                Written::Changed => self.count(KEPT, "changed meanwhile"),
                Written::Swallowed => self.refuse(Obstacle::Swallowed, "swallowed by a trigger or policy"),
                Written::Altered => self.refuse(Obstacle::Altered, "altered by a trigger"),
                Written::Failed(state) => self.refuse(Obstacle::Write, &format!("SQLSTATE {state}")),
            }
        }
        let is_end = i64::try_from(users.len()).is_ok_and(|found| found < rows);
        let last_id = users.into_iter().last().map(|user| user.id);
        if is_end || self.untold.has_wrapped() {
            self.log(last_id.as_deref(), is_end);
        }
        Ok(Batch {
            last_id,
            is_end,
            report: self.tally.report(),
            hashing,
            hint: is_end.then(|| self.tally.hint(&target)).filter(|hint| !hint.is_empty()),
        })
    }

    /// Locks those who are about to be written, and leaves those out whom others have locked.
    fn lock<'a>(&mut self, target: &Target, wrapped: Vec<Wrapped<'a>>) -> Result<Vec<Wrapped<'a>>, Refusal> {
        let ids: Vec<Option<String>> = wrapped.iter().map(|wrapped| Some(wrapped.user.id.clone())).collect();
        let in_use = target.lock(&ids).map_err(|error| Refusal::in_config(&place(target), error))?;
        in_use.iter().for_each(|_| self.refuse(Obstacle::InUse, "in use"));
        Ok(wrapped.into_iter().filter(|wrapped| !in_use.contains(&wrapped.user.id)).collect())
    }

    /// Tells what was done since the event before, in the transaction that does it: what a call has wrapped that is
    /// killed is in the audit trail, too.
    fn log(&mut self, last_id: Option<&str>, is_end: bool) {
        let mut detail = std::mem::take(&mut self.untold).to_detail();
        if let Some(id) = last_id {
            detail.set("up_to", id);
        }
        detail.set("finished", is_end);
        event::write(&Event {
            kind: event::Kind::WrapHashes,
            outcome: Outcome::Ok,
            target: &self.target,
            source: None,
            login: None,
            is_known: false,
            user_id: None,
            reason: None,
            client: None,
            detail: &detail,
        });
    }

    fn count(&mut self, what: &'static str, why: &str) {
        self.tally.count(what, why);
        self.untold.count(what, why);
    }

    fn refuse(&mut self, obstacle: Obstacle, why: &str) {
        self.count(REFUSED, why);
        self.tally.stumble(obstacle);
    }

    fn wrap(&self, target: &Target, user: &User) -> Result<Fate, Refusal> {
        let Some(hash) = user.hash.as_deref().filter(|hash| !legacy_hash::is_locked(hash)) else {
            return Ok(Fate::Kept("locked"));
        };
        let (format, wrapped) =
            if envelope::is_envelope(hash) { in_envelope(target, hash) } else { self.alone(target, hash) };
        let refused = |obstacle, why: &str| {
            let text = if format == NO_FORMAT { why.to_string() } else { format!("{format}: {why}") };
            Ok(Fate::Refused(obstacle, text))
        };
        let wrapped = match wrapped {
            Ok(Attempt::Wrapped(wrapped)) => wrapped,
            Ok(Attempt::StrongEnough) => return Ok(Fate::Kept("strong enough")),
            Ok(Attempt::OtherChecks) => return refused(Obstacle::OtherChecks, "others may check it"),
            Err(error @ (Error::OutOfMemory | Error::NoRandomness | Error::Interrupted)) => {
                return Err(Refusal::from(error));
            }
            Err(Error::NotWrapped(_, why)) => return refused(Obstacle::Format, why),
            Err(error @ Error::OverLimit(_)) => return refused(Obstacle::Limit, &error.to_string()),
            Err(error) => return refused(Obstacle::Unreadable, &error.to_string()),
        };
        if width(target).is_some_and(|width| wrapped.len() > width) {
            return refused(Obstacle::Width, "too long for the column");
        }
        Ok(Fate::Wrapped(format, wrapped))
    }

    /// A hash that says itself what it is.
    fn alone(&self, target: &Target, hash: &str) -> (String, Result<Attempt, Error>) {
        let format = match legacy_hash::evident(hash) {
            Ok(format) => format,
            Err(error) => return (NO_FORMAT.to_string(), Err(error)),
        };
        let method = Method::Format(format);
        let attempt = if !legacy_hash::is_weak(hash, &method, &target.policy) {
            Ok(Attempt::StrongEnough)
        } else if !self.no_other_checks {
            Ok(Attempt::OtherChecks)
        } else {
            let stored = Stored { hash, salt: None, login: Some(ANY_LOGIN), pepper: None };
            kdf::wrap(&stored, &method, &target.policy).map(Attempt::Wrapped)
        };
        (format.name.to_string(), attempt)
    }
}

/// What is to become of a hash.
enum Fate {
    /// Of this format.
    Wrapped(String, String),
    Kept(&'static str),
    Refused(Obstacle, String),
}

/// What a hash comes to whose format is known.
enum Attempt {
    Wrapped(String),
    StrongEnough,
    /// Weak, but an application may check it by itself.
    OtherChecks,
}

/// For a hash of which not even the format is known.
const NO_FORMAT: &str = "";

/// A hash that an import has brought, with what verifies it.
fn in_envelope(target: &Target, hash: &str) -> (String, Result<Attempt, Error>) {
    let envelope = match envelope::open(hash) {
        Ok(envelope) => envelope,
        Err(error) => return (NO_FORMAT.to_string(), Err(error)),
    };
    let name = envelope.method();
    let attempt = match envelope.is_weak(&target.policy) {
        Ok(true) => envelope.wrap(&target.policy).map(Attempt::Wrapped),
        Ok(false) => Ok(Attempt::StrongEnough),
        Err(error) => Err(error),
    };
    (name, attempt)
}

/// So many links are looked at in one transaction.
const LINKS: i64 = 10_000;

/// The end of a call: links forget the digests of hashes that are no more, by which a password could be guessed as by the
/// hashes themselves. Looks at the next of them, and returns where to go on.
pub(crate) fn close(target: &str, after: Option<&str>) -> Result<Option<String>, Refusal> {
    let target = config::target(target)?;
    let mut links = link::digested_after(&target.row.name, after, LINKS);
    let last = links.last().map(|link| link.legacy_key.clone());
    let ids: Vec<Option<String>> = links.iter().map(|link| Some(link.user_id.clone())).collect();
    // Whom a view or a policy hides is no more gone than those who are seen.
    let ask = || (target.stored_hashes(&ids), target.sees_everybody());
    let (hashes, sees_everybody) =
        guard::attempt(ask).map_err(|error| Refusal::in_config(&place(&target), error))?;
    links.retain(|link| match hashes.get(&link.user_id) {
        Some(hash) => !link.is_of(hash.as_deref()),
        None => sees_everybody,
    });
    link::drop_digests(&links);
    Ok(last)
}

/// A user, and the hash that is about to be written.
struct Wrapped<'a> {
    user: &'a User,
    format: String,
    hash: String,
}

#[derive(PartialEq)]
enum Written {
    Done,
    /// Somebody else has written it.
    Changed,
    /// A trigger or a policy has kept it as it was.
    Swallowed,
    /// A trigger or a view has made something else of it, which was undone.
    Altered,
    Failed(String),
}

/// Writes a batch. Where somebody's hash cannot be written, one by one.
fn write_all(target: &Target, wrapped: &[Wrapped<'_>]) -> Vec<Written> {
    let is_altered = |written: &Vec<Written>| written.contains(&Written::Altered);
    match guard::attempt_if(|written| !is_altered(written), || replace(target, wrapped)) {
        Ok(written) if !is_altered(&written) => written,
        Err(error) if must_reach_caller(&error) => error.raise(),
        _ => wrapped.iter().map(|wrapped| write(target, wrapped)).collect(),
    }
}

fn write(target: &Target, wrapped: &Wrapped<'_>) -> Written {
    let write = || replace(target, std::slice::from_ref(wrapped)).pop().unwrap_or(Written::Changed);
    match guard::attempt_if(|written| *written != Written::Altered, write) {
        Ok(written) => written,
        Err(error) if must_reach_caller(&error) => error.raise(),
        Err(error) => Written::Failed(error.sqlstate()),
    }
}

/// Runs without a net: the caller has one.
fn replace(target: &Target, wrapped: &[Wrapped<'_>]) -> Vec<Written> {
    let written = wrapped.iter().map(|wrapped| replace_one(target, wrapped)).collect();
    target.check_deferred();
    written
}

fn replace_one(target: &Target, Wrapped { user, hash, .. }: &Wrapped<'_>) -> Written {
    match target.replace_hash(user, hash, MustChange::Untouched) {
        Replaced::Done => {
            link::keep_digest(&target.row.name, &user.id, user.hash.as_deref(), hash);
            Written::Done
        }
        Replaced::Untouched if target.stored_hash(&user.id) == Some(user.hash.clone()) => Written::Swallowed,
        Replaced::Untouched => Written::Changed,
        Replaced::Altered => Written::Altered,
    }
}
