//! Many users by one statement.
//!
//! No lock is taken for each: unique indexes and the key of `ferry.link` decide who was first. A statement that fails
//! is undone and tried again with half of its rows, until those that make it fail are few, which then go the way of a
//! login.

use super::Fate;
use super::record::Reject;
use crate::config::{self, Point};
use crate::envelope;
use crate::error::must_reach_caller;
use crate::flow::{Flow, Why};
use crate::link::{self, Imported};
use crate::login::{Login, MAX_LOGIN_BYTES};
use crate::source::{Facts, Listed, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::Value;
use std::collections::{HashMap, HashSet};

/// Fewer rows than this are not divided further.
const FEW: usize = 16;

/// A row that needs nobody's attention, with what goes into the hash column.
pub(super) struct Plain<'a> {
    row: &'a Listed,
    hash: String,
}

impl Plain<'_> {
    pub(super) fn place(&self) -> i64 {
        self.row.place
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

impl Flow<'_> {
    /// Whether any user of the source can be written by a statement for many.
    pub(super) fn is_plain(&self, source: &Source) -> bool {
        let rows = config::rows();
        let target = &self.target.row.name;
        let has_children = rows.children.iter().any(|row| row.source == source.row.name);
        let meets_many = |point| matches!(point, Point::AfterFetch | Point::BeforeWrite | Point::AfterWrite);
        let has_hooks = rows.hooks.iter().any(|row| {
            row.enabled && row.target == *target && row.is_about(&source.row.name) && meets_many(row.point)
        });
        !self.target.has_lookup() && !source.has_scope() && !has_children && !has_hooks
    }

    /// Tells those who need nobody's attention from the others.
    pub(super) fn sort<'a>(
        &mut self,
        source: &Source,
        rows: Vec<&'a Listed>,
    ) -> (Vec<Plain<'a>>, Vec<&'a Listed>) {
        if !self.is_plain(source) {
            return (Vec::new(), rows);
        }
        let mut seen = Seen::default();
        rows.iter().for_each(|row| seen.key(&row.key));
        let form = self.target.row.login_form;
        let mut candidates = Vec::with_capacity(rows.len());
        let mut odd = Vec::new();
        for row in rows {
            let logins = row.facts.iter().flat_map(|facts| &facts.logins);
            let logins: Vec<Login> = logins.map(|login| Login::new(login, form)).collect();
            let is_only = seen.is_only(row, &logins);
            let hash = row.facts.as_ref().and_then(|facts| plain_hash(source, facts));
            match hash {
                Some(hash) if is_only && seen.hash(&hash) => candidates.push((Plain { row, hash }, logins)),
                _ => odd.push(row),
            }
        }
        let (candidates, logins): (Vec<_>, Vec<_>) = candidates.into_iter().unzip();
        let taken = self.who_is_here(&logins);
        let mut plain = Vec::with_capacity(candidates.len());
        for (place, candidate) in candidates.into_iter().enumerate() {
            if taken.contains(&place) { odd.push(candidate.row) } else { plain.push(candidate) }
        }
        odd.sort_by_key(|row| row.place);
        (plain, odd)
    }

    /// The places of those of whose logins somebody has one here. What cannot be told counts as that.
    fn who_is_here(&self, logins: &[Vec<Login>]) -> HashSet<usize> {
        let (mut places, mut spellings) = (Vec::new(), Vec::new());
        for (place, logins) in logins.iter().enumerate() {
            for spelling in logins.iter().flat_map(Login::spellings) {
                places.push(place);
                spellings.push(Some(spelling.to_string()));
            }
        }
        match self.target.who_is_here(&spellings) {
            Ok(found) => {
                let found = found.into_iter().chain(self.claimed_logins(&spellings));
                found.filter_map(|index| places.get(index).copied()).collect()
            }
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(_) => (0..logins.len()).collect(),
        }
    }

    /// Writes them, and returns those who have to go the way of a login after all.
    pub(super) fn write_plain<'a>(
        &mut self,
        source: &Source,
        rows: Value,
        plain: Vec<Plain<'a>>,
        fates: &mut Vec<(String, Fate)>,
    ) -> Vec<&'a Listed> {
        let mut left = Vec::new();
        self.write_part(source, rows, &plain, fates, &mut left);
        left
    }

    fn write_part<'a>(
        &mut self,
        source: &Source,
        rows: Value,
        plain: &[Plain<'a>],
        fates: &mut Vec<(String, Fate)>,
        left: &mut Vec<&'a Listed>,
    ) {
        if plain.is_empty() {
            return;
        }
        match guard::attempt_if(|written| *written, || self.insert_plain(source, rows, plain)) {
            Ok(true) => fates.extend(plain.iter().map(|plain| (plain.row.key.clone(), Fate::Moved))),
            // A trigger has changed or swallowed something: who became whom can't be told from many.
            Ok(false) => left.extend(plain.iter().map(|plain| plain.row)),
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(_) if plain.len() > FEW => {
                let (first, second) = plain.split_at(plain.len() / 2);
                self.write_part(source, rows, first, fates, left);
                self.write_part(source, rows, second, fates, left);
            }
            Err(_) => left.extend(plain.iter().map(|plain| plain.row)),
        }
    }

    fn insert_plain(&self, source: &Source, rows: Value, plain: &[Plain<'_>]) -> bool {
        let keys: Vec<Option<String>> = plain.iter().map(|plain| Some(plain.row.key.clone())).collect();
        let key = source.key_sql();
        if self.trace.is_some() {
            self.rehearse_plain(source, rows, plain);
            return true;
        }
        let hashes: Vec<Option<String>> = plain.iter().map(|plain| Some(plain.hash.clone())).collect();
        let written = source.transfer.insert_many(&self.target, key, rows, &keys, &hashes);
        let mut by_hash: HashMap<&str, &str> =
            plain.iter().map(|plain| (plain.hash.as_str(), plain.row.key.as_str())).collect();
        let mut moved = Vec::with_capacity(written.len());
        for (user_id, hash) in written {
            let Some(key) = by_hash.remove(hash.as_str()) else { return false };
            moved.push(Imported { key: key.to_string(), hash, user_id });
        }
        if !by_hash.is_empty() {
            return false;
        }
        link::insert_imported(&source.row.name, &self.target.row.name, moved);
        self.target.check_deferred();
        true
    }

    /// Brings users up to date who were moved before.
    pub(super) fn renew(
        &mut self,
        source: &Source,
        rows: Value,
        known: Vec<(&Listed, Option<String>)>,
        fates: &mut Vec<(String, Fate)>,
    ) {
        let (alive, buried): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, user)| user.is_some());
        fates.extend(buried.into_iter().map(|(row, _)| (row.key.clone(), Fate::Skipped)));
        if self.trace.is_none() {
            let keys: Vec<Option<String>> = alive.iter().map(|(row, _)| Some(row.key.clone())).collect();
            link::note_back(&source.row.name, &keys);
        }
        if self.renews_singly(source) {
            return self.renew_singly(source, rows, &alive, fates);
        }
        self.renew_part(source, rows, &alive, fates);
    }

    fn renew_part(
        &mut self,
        source: &Source,
        rows: Value,
        known: &[(&Listed, Option<String>)],
        fates: &mut Vec<(String, Fate)>,
    ) {
        if known.is_empty() {
            return;
        }
        let renewed = if self.trace.is_some() {
            guard::attempt_if(|_| false, || self.renew_rows(source, rows, known))
        } else {
            guard::attempt(|| self.renew_rows(source, rows, known))
        };
        match renewed {
            Ok(count) => {
                // Which of them differed is not told, only how many.
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                fates.extend(known.iter().enumerate().map(|(place, (row, _))| {
                    (row.key.clone(), if place < count { Fate::Updated } else { Fate::Skipped })
                }));
            }
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => match known {
                [(row, user)] => {
                    fates.push((row.key.clone(), self.not_renewed(source, rows, row, user, &error)))
                }
                _ => {
                    let (first, second) = known.split_at(known.len() / 2);
                    self.renew_part(source, rows, first, fates);
                    self.renew_part(source, rows, second, fates);
                }
            },
        }
    }

    fn renew_rows(&self, source: &Source, rows: Value, known: &[(&Listed, Option<String>)]) -> u64 {
        let keys: Vec<Option<String>> = known.iter().map(|(row, _)| Some(row.key.clone())).collect();
        let users: Vec<Option<String>> = known.iter().map(|(_, user)| user.clone()).collect();
        let renewed = source.transfer.renew_many(&self.target, source.key_sql(), rows, &keys, &users);
        self.target.check_deferred();
        renewed
    }

    pub(super) fn not_renewed(
        &self,
        source: &Source,
        rows: Value,
        row: &Listed,
        user: &Option<String>,
        error: &SqlError,
    ) -> Fate {
        let why = Why::of("write_failed").source(&source.row.name).error(error);
        let failing = source.row(rows, row.place).map(|row| source.transfer.preview(&self.target, row, None));
        let why = match failing {
            Some(Err((column, _))) => why.with("column", &column),
            _ => why,
        };
        Fate::Refused(Reject::new(&row.key, Why { user_id: user.clone(), ..why }))
    }
}

/// What goes into the hash column, if nothing else about the row needs a closer look.
fn plain_hash(source: &Source, facts: &Facts) -> Option<String> {
    let is_plain = facts.broken.is_nothing()
        && !facts.logins.is_empty()
        && facts.logins.iter().all(|login| login.len() <= MAX_LOGIN_BYTES);
    let packed = is_plain.then(|| envelope::pack(&source.row, &source.verifier, &facts.luggage()));
    packed?.ok().map(|hash| hash.unwrap_or_else(legacy_hash::locked_marker))
}

/// What may be there only once in a statement for many.
#[derive(Default)]
struct Seen<'a> {
    keys: HashMap<&'a str, usize>,
    logins: HashSet<String>,
    hashes: HashSet<String>,
}

impl<'a> Seen<'a> {
    fn key(&mut self, key: &'a str) {
        *self.keys.entry(key).or_default() += 1;
    }

    /// Whether nobody before has the row's logins, and nobody at all its key.
    fn is_only(&mut self, row: &Listed, logins: &[Login]) -> bool {
        let mut is_only = self.keys.get(row.key.as_str()) == Some(&1);
        // A user may have the same login twice, as name and as address.
        let own: HashSet<&str> = logins.iter().map(|login| login.normalised.as_str()).collect();
        for login in own {
            is_only &= self.logins.insert(login.to_string());
        }
        is_only
    }

    /// Whether nobody before has the hash.
    fn hash(&mut self, hash: &str) -> bool {
        self.hashes.insert(hash.to_string())
    }
}
