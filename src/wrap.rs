//! Weak hashes at rest put inside argon2id (`ferry.wrap_hashes`): one batch is one call, and the procedure commits after
//! each.
//!
//! First all hashes of a batch are computed, then they are written, each only where the old one is still there: rows are
//! locked for milliseconds, and who logs in meanwhile is not written over. What was ours (`link.hash_digest`) stays ours.

use crate::config;
use crate::envelope;
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::kdf;
use crate::link;
use crate::spi::{guard, session};
use crate::target::{MustChange, Target, User};
use legacy_hash::{Error, Method, Stored};
use std::collections::BTreeMap;

/// So long are the wrapped hashes of usual formats at most. Rows that don't fit all the same are told.
const LEAST_WIDTH: usize = 255;

/// Stands for any login where a hash takes one: nothing of it is kept.
const ANY_LOGIN: &str = "somebody";

/// What is wanted of `ferry.wrap_hashes`.
pub(crate) struct Wanted {
    pub(crate) target: String,
    pub(crate) batch_size: Option<i64>,
    pub(crate) cpu_share: Option<f64>,
    pub(crate) no_other_checks: bool,
}

/// Checks it, and counts the users to look at.
pub(crate) fn open(wanted: &Wanted) -> Result<i64, Refusal> {
    let invalid = |text: &str, hint: &str| Err(Refusal::new(Kind::Invalid, text).hint(hint));
    if !wanted.batch_size.is_some_and(|size| (1..=10_000).contains(&size)) {
        return invalid("batch_size is out of range", "Use 1 to 10000.");
    }
    if !wanted.cpu_share.is_some_and(|share| (0.01..=1.0).contains(&share)) {
        return invalid("cpu_share is out of range", "Use 0.01 to 1: the part of one processor.");
    }
    let target = config::target(&wanted.target)?;
    if !wanted.no_other_checks {
        let text = format!("target {}: wrapped hashes can be checked by pg_ferry alone", wanted.target);
        return Err(Refusal::new(Kind::State, text).hint(
            "Once every application that checks passwords of this table calls ferry.authenticate, say so: \
             CALL ferry.wrap_hashes(…, no_other_checks => true).",
        ));
    }
    if session::is_read_only() {
        return Err(Refusal::new(Kind::State, "hashes cannot be wrapped in a read-only transaction")
            .hint("Call it on the primary, in a session that may write."));
    }
    check_columns(&target)?;
    target.count_unwrapped().map_err(|error| Refusal::in_config(&place(&target), error))
}

fn place(target: &Target) -> String {
    format!("target {}", target.row.name)
}

fn check_columns(target: &Target) -> Result<(), Refusal> {
    let (table, hash) = (&target.relation.title, &target.row.hash_column);
    if let Some(width) = width(target).filter(|width| *width < LEAST_WIDTH) {
        let text = format!("{}: column \"{hash}\" of {table} takes {width} characters", place(target));
        return Err(Refusal::new(Kind::State, format!("{text}, too few for wrapped hashes"))
            .hint(format!("ALTER TABLE {table} ALTER COLUMN \"{hash}\" TYPE text.")));
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

/// How many characters the hash column takes, where that is limited.
fn width(target: &Target) -> Option<usize> {
    let column = target.relation.columns.iter().find(|column| column.name == target.row.hash_column)?;
    column.width()
}

/// What has become of a batch.
pub(crate) struct Batch {
    pub(crate) last_id: Option<String>,
    pub(crate) is_end: bool,
    /// Of all batches of the call.
    pub(crate) tally: Tally,
    /// The tally in words.
    pub(crate) report: String,
}

/// Does one batch: the next `rows` users after an id.
pub(crate) fn batch(
    name: &str,
    after: Option<String>,
    rows: i64,
    tally: Option<&str>,
) -> Result<Batch, Refusal> {
    let target = config::target(name)?;
    let mut tally = tally.and_then(Tally::of_text).unwrap_or_default();
    let users = target
        .with_unwrapped_hash(after.as_deref(), rows)
        .map_err(|error| Refusal::in_config(&place(&target), error))?;
    let mut wrapped = Vec::new();
    for user in &users {
        match wrap(&target, user)? {
            Fate::Wrapped(format, hash) => wrapped.push((user, format, hash)),
            Fate::Kept(why) => tally.count(KEPT, why),
            Fate::Refused(why) => tally.count(REFUSED, &why),
        }
    }
    for (user, format, hash) in wrapped {
        match write(&target, user, &hash) {
            Written::Done => tally.count(WRAPPED, &format),
            Written::Changed => tally.count(KEPT, "changed meanwhile"),
            Written::Failed(state) => tally.count(REFUSED, &format!("SQLSTATE {state}")),
        }
    }
    let is_end = i64::try_from(users.len()).is_ok_and(|found| found < rows);
    let last_id = users.into_iter().last().map(|user| user.id);
    Ok(Batch { last_id, is_end, report: tally.report(), tally })
}

/// What is to become of a hash.
enum Fate {
    /// Of this format.
    Wrapped(String, String),
    Kept(&'static str),
    Refused(String),
}

fn wrap(target: &Target, user: &User) -> Result<Fate, Refusal> {
    let Some(hash) = user.hash.as_deref().filter(|hash| !legacy_hash::is_locked(hash)) else {
        return Ok(Fate::Kept("locked"));
    };
    let (format, wrapped) =
        if envelope::is_envelope(hash) { in_envelope(target, hash) } else { alone(target, hash) };
    let wrapped = match wrapped {
        Ok(Some(wrapped)) => wrapped,
        Ok(None) => return Ok(Fate::Kept("strong enough")),
        Err(error @ (Error::OutOfMemory | Error::NoRandomness | Error::Interrupted)) => {
            return Err(Refusal::from(error));
        }
        Err(Error::NotWrapped(_, why)) => return Ok(Fate::Refused(format!("{format}: {why}"))),
        Err(error) if format == NO_FORMAT => return Ok(Fate::Refused(error.to_string())),
        Err(error) => return Ok(Fate::Refused(format!("{format}: {error}"))),
    };
    if width(target).is_some_and(|width| wrapped.len() > width) {
        return Ok(Fate::Refused(format!("{format}: too long for the column")));
    }
    Ok(Fate::Wrapped(format, wrapped))
}

/// For a hash of which not even the format is known.
const NO_FORMAT: &str = "";

/// The format of a hash, and the wrapped hash if it is weak.
type Attempted = (String, Result<Option<String>, Error>);

/// A hash that says itself what it is.
fn alone(target: &Target, hash: &str) -> Attempted {
    let format = match legacy_hash::evident(hash) {
        Ok(format) => format,
        Err(error) => return (NO_FORMAT.to_string(), Err(error)),
    };
    let method = Method::Format(format);
    let is_weak = legacy_hash::is_weak(hash, &method) && target.policy.needs_rehash(hash);
    let stored = Stored { hash, salt: None, login: Some(ANY_LOGIN), pepper: None };
    let wrapped = is_weak.then(|| kdf::wrap(&stored, &method, &target.policy));
    (format.name.to_string(), wrapped.transpose())
}

/// A hash that an import has brought, with what verifies it.
fn in_envelope(target: &Target, hash: &str) -> Attempted {
    let envelope = match envelope::open(hash) {
        Ok(envelope) => envelope,
        Err(error) => return (NO_FORMAT.to_string(), Err(error)),
    };
    let name = envelope.method();
    let wrapped = match envelope.is_weak() {
        Ok(true) => envelope.wrap(&target.policy).map(Some),
        Ok(false) => Ok(None),
        Err(error) => Err(error),
    };
    (name, wrapped)
}

enum Written {
    Done,
    /// Somebody else has written it.
    Changed,
    Failed(String),
}

fn write(target: &Target, user: &User, new: &str) -> Written {
    let replaced = guard::attempt_if(
        |replaced| *replaced,
        || {
            let replaced = target.replace_hash(user, new, MustChange::Untouched);
            if replaced {
                link::keep_digest(&target.row.name, &user.id, user.hash.as_deref(), new);
            }
            replaced
        },
    );
    match replaced {
        Ok(true) => Written::Done,
        Ok(false) => Written::Changed,
        Err(error) if must_reach_caller(&error) => error.raise(),
        Err(error) => Written::Failed(error.sqlstate()),
    }
}

const WRAPPED: &str = "wrapped";
const KEPT: &str = "left as they are";
const REFUSED: &str = "not wrapped";

/// How many hashes went each way: by what was done, and by format or reason.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, BTreeMap<String, u64>>);

impl Tally {
    fn of_text(text: &str) -> Option<Tally> {
        serde_json::from_str(text).ok().map(Tally)
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    fn count(&mut self, what: &str, why: &str) {
        let counts = self.0.entry(what.to_string()).or_default();
        *counts.entry(why.to_string()).or_default() += 1;
    }

    /// `3 wrapped (md5crypt 2, phpass 1), 1 left as they are (locked 1), 0 not wrapped`
    fn report(&self) -> String {
        let group = |what: &&str| {
            let counts = self.0.get(*what);
            let total: u64 = counts.map_or(0, |counts| counts.values().sum());
            let parts: Vec<String> =
                counts.into_iter().flatten().map(|(why, count)| format!("{why} {count}")).collect();
            let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
            format!("{total} {what}{parts}")
        };
        [WRAPPED, KEPT, REFUSED].iter().map(group).collect::<Vec<_>>().join(", ")
    }
}
