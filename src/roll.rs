//! Who is in a source, one by one, and how each of them stands (`ferry._roll`): the one reading behind `ferry.cutover`,
//! `ferry.retire_source` and the lists of who is left. The source is read once, in batches; each is looked up among the
//! links and in the users table by a query for all. What is to be counted is counted in SQL. Nothing is written.

use crate::census::{self, Opens};
use crate::config::{self, OnMismatch};
use crate::envelope;
use crate::error::{OrRaise, Refusal};
use crate::guc;
use crate::link::{self, Tie, Via};
use crate::login::{Login, MAX_LOGIN_BYTES};
use crate::pepper;
use crate::source::{Described, Order, Particulars, Person, Register, Scan, Source, StoredLogin, Surveyor};
use crate::spi::plan::Value;
use crate::spi::{connect, guard, identity, session};
use crate::target::{Target, User};
use legacy_hash::Stored;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// Rows that are looked up by one query each.
const BATCH: i64 = 500;

/// A legacy user, or a row that is nobody.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) legacy_key: Option<String>,
    pub(crate) login: Option<String>,
    /// As they are looked up.
    pub(crate) logins: Vec<String>,
    /// Whether the source is asked about any of them.
    pub(crate) is_asked_about: bool,
    pub(crate) state: &'static str,
    pub(crate) user_id: Option<String>,
    pub(crate) via: Option<&'static str>,
    pub(crate) last_seen: Option<String>,
    /// `last_seen` says it, be it that the user was never seen.
    pub(crate) is_seen_known: bool,
    pub(crate) value: Option<f64>,
    pub(crate) contact: Option<String>,
    /// Whether a password opens the account: the legacy hash of those who are left, the one here of those who were moved.
    pub(crate) password: Option<&'static str>,
    /// What is said of the legacy hash where none does, or the pepper that one here takes.
    pub(crate) hash: Option<String>,
    /// What a moved user still needs the source for.
    pub(crate) needs: Vec<Option<String>>,
    pub(crate) is_changed: bool,
    pub(crate) must_change: bool,
    pub(crate) is_allowed: bool,
}

/// The entries of a source, as they are found.
pub(crate) struct Roll {
    source: Rc<Source>,
    target: Rc<Target>,
    scan: Option<Scan>,
    surveyor: Surveyor,
    register: Register,
    /// A wrong password of a moved user is still the source's matter.
    decides_mismatches: bool,
    /// The peppers that hashes here take, and whether they can be had: the file is read once for each.
    peppers: HashMap<String, bool>,
    ready: VecDeque<Entry>,
}

/// Begins: a source that cannot be read is an ERROR at once.
pub(crate) fn roll(name: &str, limit: Option<i64>) -> Roll {
    guard::only_reading(|| open(name, limit).or_raise()).unwrap_or_else(|error| error.raise())
}

fn open(name: &str, limit: Option<i64>) -> Result<Roll, Refusal> {
    let (source, target) = config::source_named(name)?;
    let scan = source.scan(Order::AsItComes, limit.map(|limit| limit.max(0)))?;
    let (surveyor, register) = (source.surveyor(), source.register());
    let row = &target.row;
    let decides_mismatches = row.on_mismatch == OnMismatch::Source
        && row.on_mismatch_until.as_deref().is_some_and(session::is_before);
    Ok(Roll {
        source,
        target,
        scan: Some(scan),
        surveyor,
        register,
        decides_mismatches,
        peppers: HashMap::new(),
        ready: VecDeque::new(),
    })
}

impl Iterator for Roll {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        while self.ready.is_empty() && self.scan.is_some() {
            session::check_interrupts();
            connect(|| {
                guard::only_reading(|| self.step().or_raise()).unwrap_or_else(|error| error.raise());
            });
        }
        self.ready.pop_front()
    }
}

/// Whether a source is asked about a login.
pub(crate) fn covers(name: &str, login: &str) -> bool {
    let covers = || {
        let (source, target) = config::source_named(name).or_raise();
        source.covers(&Login::new(login, target.row.login_form)).unwrap_or_else(|error| error.raise())
    };
    guard::only_reading(covers).unwrap_or_else(|error| error.raise())
}

/// The legacy columns that are not taken along.
pub(crate) fn columns_left_behind(name: &str) -> Vec<String> {
    let columns = || config::source_named(name).and_then(|(source, _)| source.columns_left_behind());
    guard::only_reading(|| columns().or_raise()).unwrap_or_else(|error| error.raise())
}

impl Roll {
    /// One batch.
    fn step(&mut self) -> Result<(), Refusal> {
        let Some(scan) = self.scan.take() else { return Ok(()) };
        let rows = scan.next(BATCH)?;
        if rows.is_empty() {
            scan.close();
            return Ok(());
        }
        self.scan = Some(scan);
        let (people, nobodies) = self.describe(&rows);
        self.ready.extend(nobodies);
        let known = self.look_up(&people)?;
        let entries = people.into_iter().map(|(person, said)| self.entry(&person, said, &known));
        let entries: Vec<Entry> = entries.collect();
        for entry in entries {
            let checked = self.with_pepper(entry);
            self.ready.push_back(checked);
        }
        Ok(())
    }

    /// A hash whose pepper cannot be had opens nothing for now.
    fn with_pepper(&mut self, entry: Entry) -> Entry {
        let (Some("envelope"), Some(name)) = (entry.password, &entry.hash) else { return entry };
        let is_there = self.peppers.entry(name.clone()).or_insert_with(|| pepper::named(name).is_ok());
        if *is_there { entry } else { Entry { password: Some("no_pepper"), ..entry } }
    }

    /// Those of the rows that are people, with what else is said of them, and the others.
    fn describe(&self, rows: &[Value]) -> (Vec<(Person, Option<Particulars>)>, Vec<Entry>) {
        let said = self.register.look_up(rows, &self.source);
        let (mut people, mut nobodies) = (Vec::with_capacity(rows.len()), Vec::new());
        for (described, said) in self.surveyor.describe(rows, self.source.actor()).into_iter().zip(said) {
            match described {
                Described::Person(person) => people.push((person, said)),
                Described::WithoutKey => nobodies.push(Entry { state: "without_key", ..Entry::default() }),
                Described::Failed(_) => nobodies.push(Entry { state: "unreadable", ..Entry::default() }),
            }
        }
        (people, nobodies)
    }

    /// What is known here of all these people.
    fn look_up(&self, people: &[(Person, Option<Particulars>)]) -> Result<Known, Refusal> {
        let source = &self.source.row.name;
        let keys: Vec<Option<String>> = people.iter().map(|(person, _)| Some(person.key.clone())).collect();
        let ties = link::ties(source, &keys);
        let ids: Vec<Option<String>> = ties.values().map(|tie| tie.user_id.clone()).collect();
        let failed = |error| Refusal::in_config(&format!("target {}", self.target.row.name), error);
        let users = identity::probing(|| self.target.find_by_ids(&ids)).map_err(failed)?;
        let logins = self.logins_here(people, &ties).map_err(failed)?;
        Ok(Known { ties, users, logins, asked: self.logins_asked(people) })
    }

    /// Those logins, in their normal form, about which the source is asked.
    fn logins_asked(&self, people: &[(Person, Option<Particulars>)]) -> HashSet<String> {
        let logins = people.iter().flat_map(|(person, _)| self.source.logins(person)).filter(may_be_typed);
        let logins: Vec<String> = logins.map(|stored| stored.normalised).collect();
        let covered = self.source.covers_each(&logins);
        logins
            .into_iter()
            .zip(covered)
            .filter_map(|(login, is_covered)| is_covered.then_some(login))
            .collect()
    }

    /// Those logins of moved people by which somebody is found in the users table.
    fn logins_here(
        &self,
        people: &[(Person, Option<Particulars>)],
        ties: &HashMap<String, Tie>,
    ) -> Result<HashSet<String>, guard::SqlError> {
        let moved = people.iter().map(|(person, _)| person).filter(|person| ties.contains_key(&person.key));
        let spellings = moved.flat_map(|person| self.source.logins(person));
        let spellings = spellings.filter(may_be_typed);
        let logins: Vec<Option<String>> = spellings.flat_map(spelled).map(Some).collect();
        let here = self.target.who_is_here(&logins)?;
        Ok(here.into_iter().filter_map(|place| logins.get(place).cloned().flatten()).collect())
    }

    fn entry(&self, person: &Person, said: Option<Particulars>, known: &Known) -> Entry {
        let is_seen_known = said.is_some() && self.source.knows_last_seen();
        let said = said.unwrap_or_default();
        let stored: Vec<_> = self.source.logins(person).collect();
        let is_asked_about =
            stored.iter().any(|stored| may_be_typed(stored) && known.asked.contains(&stored.normalised));
        let entry = Entry {
            is_asked_about,
            legacy_key: Some(link::noted_key(&person.key).into_owned()),
            login: stored.first().map(|stored| stored.login.to_string()),
            logins: distinct(stored.into_iter().map(|stored| stored.normalised)),
            last_seen: said.last_seen,
            is_seen_known,
            value: said.value,
            contact: said.contact,
            ..Entry::default()
        };
        match known.ties.get(&person.key) {
            None => self.left(person, entry),
            Some(tie) if tie.is_tombstone => Entry { state: "forgotten", ..entry },
            Some(tie) => {
                let entry = Entry {
                    user_id: tie.user_id.clone(),
                    via: tie.via.map(Via::name),
                    is_changed: said.changed_at.is_some_and(|changed| changed > tie.moved_at),
                    ..entry
                };
                match tie.user_id.as_ref().and_then(|id| known.users.get(id)) {
                    Some(user) => self.moved(person, tie, user, known, entry),
                    None => Entry { state: "deleted", ..entry },
                }
            }
        }
    }

    /// Somebody who was not moved.
    fn left(&self, person: &Person, entry: Entry) -> Entry {
        let kind = census::kind(&self.source.verifier, person);
        let (password, hash) = match kind.opens {
            Opens::Yes => ("verifiable", None),
            Opens::Never => ("locked", Some(kind.name)),
            Opens::NotYet => ("unverifiable", Some(kind.name)),
        };
        Entry { state: "left", password: Some(password), hash, ..entry }
    }

    fn moved(&self, person: &Person, tie: &Tie, user: &User, known: &Known, entry: Entry) -> Entry {
        let is_ours = tie.wrote(user.hash.as_deref());
        let (password, hash) = standing(user);
        let is_pending = !user.has_password() && is_ours && tie.via.is_some_and(Via::may_be_pending);
        let opens_there = || census::kind(&self.source.verifier, person).opens == Opens::Yes;
        let mut needs = Vec::new();
        let mut need = |what: &str| needs.push(Some(what.to_string()));
        if is_pending && opens_there() {
            need("password");
        }
        if self.is_found_by_source_alone(person, known) {
            need("login");
        }
        if user.has_password() && is_ours && self.decides_mismatches {
            need("mismatch");
        }
        Entry {
            state: "moved",
            password: Some(password),
            hash,
            needs,
            must_change: user.must_change,
            is_allowed: user.is_allowed,
            ..entry
        }
    }

    /// Whether a login of a moved user leads to them through the source only.
    fn is_found_by_source_alone(&self, person: &Person, known: &Known) -> bool {
        self.source.logins(person).filter(may_be_typed).any(|stored| {
            !known.logins.contains(stored.login)
                && !known.logins.contains(&stored.normalised)
                && known.asked.contains(&stored.normalised)
        })
    }
}

/// Longer logins are refused unread.
fn may_be_typed(stored: &StoredLogin<'_>) -> bool {
    stored.login.len() <= MAX_LOGIN_BYTES
}

/// Several columns may have the same login, one of them in lower case.
fn distinct(logins: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    logins.filter(|login| seen.insert(login.clone())).collect()
}

/// A login as it is looked up: in its normal form, and as it is stored.
fn spelled(stored: StoredLogin<'_>) -> impl Iterator<Item = String> {
    let as_stored = Some(stored.login.to_string()).filter(|login| *login != stored.normalised);
    [stored.normalised].into_iter().chain(as_stored)
}

/// What is known here of the people of a batch.
struct Known {
    ties: HashMap<String, Tie>,
    users: HashMap<String, User>,
    /// By which somebody is found in the users table.
    logins: HashSet<String>,
    /// About which the source is asked.
    asked: HashSet<String>,
}

/// Whether a password opens the account here, and with which pepper.
fn standing(user: &User) -> (&'static str, Option<String>) {
    let Some(hash) = user.hash.as_deref().filter(|_| user.has_password()) else { return ("locked", None) };
    if !envelope::is_envelope(hash) {
        let stored = Stored { hash, salt: None, login: Some(""), pepper: None };
        let is_readable = legacy_hash::inspect(&stored, None, &guc::limits()).is_ok();
        return (if is_readable { "here" } else { "unverifiable" }, None);
    }
    match envelope::open(hash) {
        Ok(envelope) if envelope.inspect().is_ok() => ("envelope", envelope.pepper().map(str::to_string)),
        _ => ("unverifiable", None),
    }
}
