//! Many users by one statement.
//!
//! No lock is taken for each: unique indexes and the key of `ferry.link` decide who was first; where users are looked up
//! by more than their login, one lock keeps everybody else from writing. A statement that fails
//! is undone and tried again with half of its rows, until those that make it fail are few, which then go the way of a
//! login.

use super::Fate;
use super::record::Reject;
use crate::config::{self, Point};
use crate::envelope;
use crate::error::must_reach_caller;
use crate::flow::{Flow, Why};
use crate::link::{self, Imported, MAX_KEY_BYTES};
use crate::login::{Login, LoginForm, MAX_LOGIN_BYTES};
use crate::mapping::Hashes;
use crate::source::{Facts, Listed, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::lock;
use crate::spi::plan::{Row, Value};
use crate::write::lookups_key;
use std::collections::{HashMap, HashSet};

/// Fewer rows than this are not divided further.
const FEW: usize = 16;

/// A row that needs nobody's attention, with what goes into the hash column.
pub(super) struct Plain<'a> {
    row: &'a Listed,
    logins: Vec<Login>,
    /// What the entries of the target's `lookup` say of the user that will be made.
    identities: Vec<Option<String>>,
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
        // A rehearsal remembers one by one what each would have taken.
        let is_blind = self.target.has_lookup() && self.rehearsal.is_some();
        !is_blind && !has_children && !has_hooks
    }

    /// Tells those who need nobody's attention from the others.
    pub(super) fn sort<'a>(
        &mut self,
        source: &Source,
        rows: Value,
        listed: Vec<&'a Listed>,
    ) -> (Vec<Plain<'a>>, Vec<&'a Listed>) {
        if !self.is_plain(source) {
            return (Vec::new(), listed);
        }
        let identities = self.identities_of(source, rows, &listed);
        let mut seen = Seen::default();
        listed.iter().for_each(|row| seen.key(&row.key));
        let form = self.target.row.login_form;
        let mut candidates = Vec::with_capacity(listed.len());
        let mut odd = Vec::new();
        for (row, identities) in listed.into_iter().zip(identities) {
            let logins = row.facts.iter().flat_map(|facts| &facts.logins);
            let logins: Vec<Login> = logins.map(|login| Login::new(login, form)).collect();
            let is_only = seen.is_only(row, &logins, identities.as_deref().unwrap_or_default());
            let hash = row.facts.as_ref().and_then(|facts| plain_hash(source, facts));
            match (hash, identities) {
                (Some(hash), Some(identities)) if is_only && row.key.len() <= MAX_KEY_BYTES => {
                    candidates.push(Plain { row, logins, identities, hash });
                }
                _ => odd.push(row),
            }
        }
        let met = self.who_is_met(source, &candidates);
        let mut plain = Vec::with_capacity(candidates.len());
        for (place, candidate) in candidates.into_iter().enumerate() {
            if met.contains(&place) { odd.push(candidate.row) } else { plain.push(candidate) }
        }
        odd.sort_by_key(|row| row.place);
        (plain, odd)
    }

    /// What the entries of `lookup` say of each row; `None` where that cannot be told.
    fn identities_of(
        &self,
        source: &Source,
        rows: Value,
        listed: &[&Listed],
    ) -> Vec<Option<Vec<Option<String>>>> {
        if !self.target.has_lookup() {
            return vec![Some(Vec::new()); listed.len()];
        }
        let said = source.transfer.identities(&self.target).evaluate(&pick(rows, listed), &self.target.actor);
        said.into_iter().map(Result::ok).collect()
    }

    /// The places of those who are out of scope, or whom somebody here may be. What cannot be told counts as that.
    fn who_is_met(&self, source: &Source, candidates: &[Plain<'_>]) -> HashSet<usize> {
        match self.try_who_is_met(source, candidates) {
            Ok(met) => met,
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(_) => (0..candidates.len()).collect(),
        }
    }

    fn try_who_is_met(&self, source: &Source, candidates: &[Plain<'_>]) -> Result<HashSet<usize>, SqlError> {
        let (mut places, mut logins, mut spellings) = (Vec::new(), Vec::new(), Vec::new());
        for (place, candidate) in candidates.iter().enumerate() {
            for login in &candidate.logins {
                logins.push((place, login.normalised.as_str()));
                for spelling in login.spellings() {
                    places.push(place);
                    spellings.push(Some(spelling.to_string()));
                }
            }
        }
        let mut met = HashSet::new();
        if source.has_scope() {
            let covered = source.covered(&logins)?;
            met.extend((0..candidates.len()).filter(|place| !covered.contains(place)));
        }
        let found = self.target.who_is_here(&spellings)?;
        let found = found.into_iter().chain(self.claimed_logins(&spellings));
        met.extend(found.filter_map(|index| places.get(index).copied()));
        if self.target.has_lookup() {
            self.hold_lookups();
            let identities: Vec<&[Option<String>]> =
                candidates.iter().map(|candidate| candidate.identities.as_slice()).collect();
            met.extend(self.target.who_is_identified(&identities)?);
        }
        Ok(met)
    }

    /// From here on nobody is written who is looked up, but by this batch: it has too many for a lock on each.
    fn hold_lookups(&self) {
        if self.trace.is_none() {
            lock::acquire(lookups_key(&self.target.row.name));
        }
    }

    /// Writes them, and returns those who have to go the way of a login after all.
    pub(super) fn write_plain<'a>(
        &mut self,
        source: &Source,
        rows: Value,
        plain: &[Plain<'a>],
        fates: &mut Vec<(String, Fate)>,
    ) -> Vec<&'a Listed> {
        let mut left = Vec::new();
        self.write_part(source, rows, &plain.iter().collect::<Vec<_>>(), fates, &mut left);
        left
    }

    fn write_part<'a>(
        &mut self,
        source: &Source,
        rows: Value,
        plain: &[&Plain<'a>],
        fates: &mut Vec<(String, Fate)>,
        left: &mut Vec<&'a Listed>,
    ) {
        if plain.is_empty() {
            return;
        }
        match guard::attempt_if(|written| *written, || self.insert_plain(source, rows, plain)) {
            Ok(true) => fates.extend(plain.iter().map(|plain| (plain.row.key.clone(), Fate::Moved))),
            // A trigger has changed or swallowed something: who became whom can't be told from many.
            Ok(false) => match distinct(plain) {
                (_, others) if others.is_empty() => left.extend(plain.iter().map(|plain| plain.row)),
                // Or only not of those who have the same hash.
                (distinct, others) => {
                    left.extend(others.iter().map(|plain| plain.row));
                    self.write_part(source, rows, &distinct, fates, left);
                }
            },
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(_) if plain.len() > FEW => {
                let (first, second) = plain.split_at(plain.len() / 2);
                self.write_part(source, rows, first, fates, left);
                self.write_part(source, rows, second, fates, left);
            }
            Err(_) => left.extend(plain.iter().map(|plain| plain.row)),
        }
    }

    /// Whether all were written as they should have been.
    fn insert_plain(&self, source: &Source, rows: Value, plain: &[&Plain<'_>]) -> bool {
        if self.trace.is_some() {
            self.rehearse_plain(source, rows, plain);
            return true;
        }
        let listed: Vec<&Listed> = plain.iter().map(|plain| plain.row).collect();
        let rows = only(source, rows, &listed);
        let (has_equals, form) = (!distinct(plain).1.is_empty(), self.target.row.login_form);
        let logins = if has_equals { self.target.logins_sql() } else { Vec::new() };
        let written = self.insert_rows(source, rows, plain, &logins);
        if written.len() != plain.len() {
            return false;
        }
        let mut moved = Vec::with_capacity(plain.len());
        for (row, plain) in written.into_iter().zip(plain) {
            let mut fields = row.into_iter();
            let (Some(Some(user_id)), Some(Some(hash))) = (fields.next(), fields.next()) else {
                return false;
            };
            // Each hash at its place says who is who; where several have the same, the login does.
            let is_theirs =
                hash == plain.hash && (!has_equals || fields.flatten().any(|login| plain.has(&login, form)));
            if !is_theirs {
                return false;
            }
            moved.push(Imported { key: plain.row.key.clone(), hash, user_id });
        }
        if self.target.may_alter_later() && !self.are_stored(&moved) {
            return false;
        }
        self.notice_imported(&source.row.name, &moved);
        link::insert_imported(&source.row.name, &self.target.row.name, moved);
        self.target.check_deferred();
        true
    }

    /// Whether the users have the hashes that were written, as far as they are seen.
    fn are_stored(&self, moved: &[Imported]) -> bool {
        let ids: Vec<Option<String>> = moved.iter().map(|user| Some(user.user_id.clone())).collect();
        let hashes = self.target.stored_hashes(&ids);
        let is_stored = |hash: &Option<String>, user: &Imported| hash.as_deref() == Some(user.hash.as_str());
        moved.iter().all(|user| hashes.get(&user.user_id).is_none_or(|hash| is_stored(hash, user)))
    }

    fn insert_rows(&self, source: &Source, rows: Value, plain: &[&Plain<'_>], also: &[String]) -> Vec<Row> {
        let insert = |hashes: &Hashes<'_>| source.transfer.insert_many(&self.target, rows, hashes, also);
        if plain.iter().all(|plain| plain.keeps_hash()) {
            return insert(&Hashes::OfSource(source.hash_sql()));
        }
        let keys: Vec<Option<String>> = plain.iter().map(|plain| Some(plain.row.key.clone())).collect();
        let hashes: Vec<Option<String>> = plain.iter().map(|plain| Some(plain.hash.clone())).collect();
        insert(&Hashes::Packed { key: source.key_sql(), keys: &keys, hashes: &hashes })
    }

    /// Brings users up to date who were moved before.
    pub(super) fn renew(
        &mut self,
        source: &Source,
        rows: Value,
        known: Vec<(&Listed, Option<String>)>,
        fates: &mut Vec<(String, Fate)>,
    ) {
        // Of several rows of one key the first counts: each of the others would change again what that one says.
        let (alive, others): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|(row, user)| user.is_some() && !row.is_again);
        fates.extend(others.into_iter().map(|(row, _)| (row.key.clone(), Fate::Skipped)));
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
        let listed: Vec<&Listed> = known.iter().map(|(row, _)| *row).collect();
        let rows = only(source, rows, &listed);
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

impl Plain<'_> {
    /// Whether the hash goes into the column as it is in the source.
    fn keeps_hash(&self) -> bool {
        self.row.facts.as_ref().is_some_and(|facts| facts.hash.as_deref() == Some(self.hash.as_str()))
    }

    /// Whether a login that somebody was given is theirs. Of all who are plain, nobody else has it.
    fn has(&self, login: &str, form: LoginForm) -> bool {
        let given = Login::new(login, form);
        self.logins.iter().any(|own| own.normalised == given.normalised)
    }
}

/// The rows behind those that are listed.
fn pick(rows: Value, listed: &[&Listed]) -> Vec<Value> {
    let all = rows.elements();
    let row = |listed: &&Listed| all.get(usize::try_from(listed.place).ok()?.checked_sub(1)?).copied();
    listed.iter().filter_map(row).collect()
}

/// An array of nothing but the rows behind those that are listed.
fn only(source: &Source, rows: Value, listed: &[&Listed]) -> Value {
    match pick(rows, listed) {
        all if all.len() == rows.elements().len() => rows,
        some => Value::array(&some, source.rows.row_type),
    }
}

/// Those whose hash nobody before them has, and the others.
fn distinct<'p, 'a>(plain: &[&'p Plain<'a>]) -> (Vec<&'p Plain<'a>>, Vec<&'p Plain<'a>>) {
    let mut seen = HashSet::new();
    plain.iter().partition(|plain| seen.insert(plain.hash.as_str()))
}

/// What may be there only once in a statement for many.
#[derive(Default)]
struct Seen<'a> {
    keys: HashMap<&'a str, usize>,
    logins: HashSet<String>,
    /// By the entry of `lookup`.
    identities: HashSet<(usize, String)>,
}

impl<'a> Seen<'a> {
    fn key(&mut self, key: &'a str) {
        *self.keys.entry(key).or_default() += 1;
    }

    /// Whether nobody before has the row's logins or identities, and nobody at all its key.
    fn is_only(&mut self, row: &Listed, logins: &[Login], identities: &[Option<String>]) -> bool {
        let mut is_only = self.keys.get(row.key.as_str()) == Some(&1);
        for (place, login) in logins.iter().enumerate() {
            // A user may have the same login twice, as name and as address.
            let is_told = logins[..place].iter().any(|other| other.normalised == login.normalised);
            is_only &= is_told || self.logins.insert(login.normalised.to_lowercase());
        }
        for (entry, identity) in identities.iter().enumerate() {
            // Without case, as a column may compare: one too many that goes the way of a login does no harm.
            let text = identity.as_ref().map(|text| text.to_lowercase());
            is_only &= text.is_none_or(|text| self.identities.insert((entry, text)));
        }
        is_only
    }
}
