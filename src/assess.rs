//! `ferry.assess`: what is in a source and what would become of it. The source is read once, in batches, each of which is
//! judged by set-based queries; what can only be said of all rows together (who shares a key, a login, a unique value) is
//! handed on row by row and counted in SQL, which spills to disk rather than to grow. Nothing is written.

mod conclusion;
mod lookup;
mod others;
mod tally;
mod wording;

use crate::batch::Batch;
use crate::census;
use crate::config::{self, RuleRow, Severity};
use crate::constraint::{Broken, Changed, Constraints, Judged};
use crate::error::{OrRaise, Refusal, must_reach_caller};
use crate::link::{self, MAX_KEY_BYTES};
use crate::login::MAX_LOGIN_BYTES;
use crate::secret::Password;
use crate::source::{Described, Order, Person, Scan, Source, StoredLogin, Surveyor};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::Value as Datum;
use crate::spi::{connect, session};
use crate::target::{Target, User};
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub(crate) use tally::Line;
use tally::Tally;
use wording::{
    FAILED, broken_hint, constraint_detail, detail_of, rule_detail, rule_name, standing, value_hint,
};

/// Rows that are judged by one query: enough for what a query costs by itself to be little, few enough to hold in memory
/// even where each is as long as a hostile store can make it.
const BATCH: i64 = 100;

/// The lines of a source's assessment, as they are found.
pub(crate) struct Assessment {
    source: Rc<Source>,
    target: Rc<Target>,
    stage: Stage,
    judge: Judge,
    tally: Tally,
    ready: VecDeque<Line>,
    limit: Option<i64>,
    /// Time spent on the source's own rows.
    spent: Duration,
    hashing: Duration,
}

enum Stage {
    Own(Scan),
    /// The logins of the other sources of the target, one after the other.
    Others(Vec<Rc<Source>>),
    Other(Rc<Source>, Scan, Surveyor, Vec<Rc<Source>>),
    Done,
}

/// Begins: what is wrong with the config, or a source that cannot be read, is an ERROR at once.
pub(crate) fn assess(name: &str, limit: Option<i64>) -> Assessment {
    guard::only_reading(|| open(name, limit).or_raise()).unwrap_or_else(|error| error.raise())
}

fn open(name: &str, limit: Option<i64>) -> Result<Assessment, Refusal> {
    let (source, target) = config::source_named(name)?;
    let scan = source.scan(Order::AsItComes, limit.map(|limit| limit.max(0)))?;
    let started = Instant::now();
    let hash = target.hash(&Password::new(b"any".to_vec())).map_err(Refusal::from)?;
    let hashing = started.elapsed();
    let judge = Judge {
        surveyor: source.surveyor(),
        rules: source.rules.batch(),
        constraints: Constraints::open(&source, &target, hash, &[]),
        changed: OnceCell::new(),
        identities: target.has_lookup().then(|| source.transfer.identities(&target)),
    };
    Ok(Assessment {
        stage: Stage::Own(scan),
        judge,
        tally: Tally::default(),
        ready: VecDeque::new(),
        limit,
        spent: Duration::ZERO,
        hashing,
        source,
        target,
    })
}

impl Iterator for Assessment {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        while self.ready.is_empty() && !matches!(self.stage, Stage::Done) {
            session::check_interrupts();
            connect(|| {
                guard::only_reading(|| self.step().or_raise()).unwrap_or_else(|error| error.raise());
            });
        }
        self.ready.pop_front()
    }
}

impl Assessment {
    /// One batch, or the next stage.
    fn step(&mut self) -> Result<(), Refusal> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Own(scan) => self.read_own(scan)?,
            Stage::Others(mut sources) => match sources.pop() {
                Some(source) => self.begin_other(source, sources),
                None => Stage::Done,
            },
            Stage::Other(source, scan, surveyor, rest) => self.read_other(source, scan, surveyor, rest),
            Stage::Done => Stage::Done,
        };
        Ok(())
    }

    fn read_own(&mut self, scan: Scan) -> Result<Stage, Refusal> {
        let started = Instant::now();
        let rows = scan.next(BATCH)?;
        if rows.is_empty() {
            scan.close();
            self.conclude();
            return Ok(Stage::Others(self.other_sources()));
        }
        self.judge_rows(&rows);
        self.spent += started.elapsed();
        Ok(Stage::Own(scan))
    }

    /// Everything that is asked of one batch, in the order of a login.
    fn judge_rows(&mut self, rows: &[Datum]) {
        self.tally.count("row", "read", rows.len());
        let people = self.describe(rows);
        let mut new = self.not_linked(people);
        for person in &new {
            let kind = census::kind(&self.source.verifier, person);
            self.tally.note("hash", kind.name, &person.key, kind.detail, kind.hint);
        }
        self.judge_logins(&new);
        self.judge_rules(&mut new);
        let users = self.users_of(&new);
        let (here, inserted): (Vec<Person>, Vec<Person>) =
            new.into_iter().partition(|person| users.contains_key(&person.key));
        self.judge_adoptions(&here, &users);
        let inserted = self.judge_lookups(inserted);
        self.judge_values(&inserted);
    }

    /// Those of the rows that are people, and what there is to compare of each with all others.
    fn describe(&mut self, rows: &[Datum]) -> Vec<Person> {
        let mut people = Vec::with_capacity(rows.len());
        for described in self.judge.surveyor.describe(rows, self.source.actor()) {
            match described {
                Described::Person(person) => people.push(person),
                Described::WithoutKey => self.tally.blank(
                    "row",
                    "without a key",
                    "They do not exist for pg_ferry: name another key_column in ferry.source.",
                ),
                Described::Failed(error) => self.tally.blank(
                    "row",
                    &format!("without key, login, hash or salt: {}", error.sqlstate()),
                    "One of these expressions of ferry.source fails on them.",
                ),
            }
        }
        for person in &people {
            self.ready.push_back(Line::to_compare("~key", person.key.clone(), None, None, None));
            self.ready.extend(logins_to_compare(&self.source, person));
        }
        people
    }

    /// Counts those who were moved or forgotten, and leaves the others.
    fn not_linked(&mut self, people: Vec<Person>) -> Vec<Person> {
        let keys: Vec<Option<String>> = people.iter().map(|person| Some(person.key.clone())).collect();
        let linked = link::linked(&self.source.row.name, &keys);
        let mut new = Vec::with_capacity(people.len());
        for person in people {
            match linked.get(&person.key) {
                Some(link) if link.user_id.is_some() => self.tally.see("row", "moved already", &person.key),
                Some(_) => self.tally.see("row", "forgotten", &person.key),
                None if person.key.len() > MAX_KEY_BYTES => {
                    let hint = "Nobody is moved under so long a key: let key_column be a shorter one.";
                    let item = format!("key longer than {MAX_KEY_BYTES} bytes");
                    self.tally.note("row", item, &link::noted_key(&person.key), Value::Null, Some(hint));
                }
                None => {
                    self.tally.see("row", "still to be moved", &person.key);
                    new.push(person);
                }
            }
        }
        new
    }

    fn judge_logins(&mut self, people: &[Person]) {
        let covered = self.covered(people);
        for (person, is_covered) in people.iter().zip(covered) {
            let logins: Vec<StoredLogin<'_>> = self.source.logins(person).collect();
            let (item, hint) = match &logins[..] {
                [] => (
                    "none",
                    "Nobody can log in as them: fill the login columns, or leave them out by filter.",
                ),
                _ if logins.iter().all(|stored| stored.login.len() > MAX_LOGIN_BYTES) => {
                    ("longer than 1024 bytes", "Longer logins are refused unread.")
                }
                _ if !is_covered => {
                    ("outside the scope", "The source is not asked about them: see its scope.")
                }
                _ if !logins.iter().all(|stored| stored.is_found) => (
                    "found only as it is stored",
                    "Not in the form of login_form: let login_columns of the source be an expression such as lower(l.email).",
                ),
                _ => continue,
            };
            self.tally.note("login", item.to_string(), &person.key, Value::Null, Some(hint));
        }
    }

    /// Whether the source is asked about any login of each person.
    fn covered(&self, people: &[Person]) -> Vec<bool> {
        let logins = people.iter().enumerate().flat_map(|(number, person)| {
            self.source.logins(person).map(move |stored| (number, stored.normalised))
        });
        let (owners, logins): (Vec<usize>, Vec<String>) = logins.unzip();
        let mut covered = vec![false; people.len()];
        for (owner, is_covered) in owners.into_iter().zip(self.source.covers_each(&logins)) {
            covered[owner] |= is_covered;
        }
        covered
    }

    fn judge_rules(&mut self, people: &mut Vec<Person>) {
        let Some(batch) = &self.judge.rules else { return };
        let rows: Vec<Datum> = people.iter().map(|person| person.row).collect();
        let answers = batch.evaluate(&rows, self.source.actor());
        let (rules, _) = self.source.rules.by_need();
        let mut kept = Vec::with_capacity(people.len());
        for (person, answer) in people.drain(..).zip(answers) {
            let is_kept = match answer {
                Ok(values) => {
                    let broken = rules.iter().zip(values).filter(|(_, value)| value.as_deref() != Some("t"));
                    let broken: Vec<&&RuleRow> = broken.map(|(rule, _)| rule).collect();
                    for rule in &broken {
                        self.tally.note("rule", rule_name(rule), &person.key, rule_detail(rule), None);
                    }
                    broken.iter().all(|rule| rule.severity != Severity::Reject)
                }
                Err(error) => {
                    let item = format!("cannot be asked: {}", error.sqlstate());
                    self.tally.note("rule", item, &person.key, detail_of(&error), Some(FAILED));
                    false
                }
            };
            if is_kept {
                kept.push(person);
            }
        }
        *people = kept;
    }

    /// Whose login is that of a user in the target, by legacy key, with that user where they would be adopted.
    fn users_of(&mut self, people: &[Person]) -> HashMap<String, Option<User>> {
        let stored: Vec<(&Person, StoredLogin<'_>)> = people
            .iter()
            .flat_map(|person| self.source.logins(person).map(move |stored| (person, stored)))
            .collect();
        let stored: Vec<_> =
            stored.iter().filter(|(_, stored)| stored.login.len() <= MAX_LOGIN_BYTES).collect();
        let spellings: Vec<(&Person, &str)> = stored
            .iter()
            .flat_map(|(person, stored)| {
                let typed = Some(stored.login).filter(|login| *login != stored.normalised);
                [Some(stored.normalised.as_str()), typed]
                    .into_iter()
                    .flatten()
                    .map(move |login| (*person, login))
            })
            .collect();
        let logins: Vec<&str> = spellings.iter().map(|(_, login)| *login).collect();
        let found = match self.target.find_all(&logins) {
            Ok(found) => found,
            Err(error) if must_reach_caller(&error) => error.raise(),
            Err(error) => {
                let item = format!("cannot be looked up in the users table: {}", error.sqlstate());
                self.tally.blank("login", &item, "See login_columns of ferry.target.");
                return HashMap::new();
            }
        };
        let users = found.into_iter().map(|(place, user)| (spellings[place].0.key.clone(), user)).collect();
        self.adopted(users)
    }

    fn adopted(&mut self, users: BTreeMap<String, User>) -> HashMap<String, Option<User>> {
        let ids: Vec<Option<String>> = users.values().map(|user| Some(user.id.clone())).collect();
        let moved = link::of_users(&self.target.row.name, &ids);
        let mut adopted = HashMap::new();
        for (key, user) in users {
            let is_moved = moved.contains_key(&user.id);
            let is_adopted = !is_moved && self.target.lets_adopt(&user);
            let (item, hint) = standing(&self.target, is_moved, is_adopted);
            self.tally.note("login", item.to_string(), &key, Value::Null, Some(hint));
            adopted.insert(key, Some(user).filter(|_| is_adopted));
        }
        adopted
    }

    /// Whether the mappings hold for those who would be adopted: only those that write anything then are asked.
    fn judge_adoptions(&mut self, people: &[Person], users: &HashMap<String, Option<User>>) {
        for person in people {
            let Some(Some(user)) = users.get(&person.key) else { continue };
            if let Err((column, error)) = self.source.transfer.preview(&self.target, person.row, Some(user)) {
                self.note_value(person, column, detail_of(&error));
                continue;
            }
            let open = || self.judge.constraints.of_adopted(&self.source, &self.target);
            match self.judge.changed.get_or_init(open).judge(person.row, user, &self.target) {
                Ok(foreseen) => self.note_broken(person, foreseen.broken),
                Err(error) => self.note_unmade(person, &error),
            }
        }
    }

    fn note_broken(&mut self, person: &Person, broken: Vec<Broken>) {
        for broken in broken {
            let (detail, hint) = (constraint_detail(&broken), broken_hint(broken.sqlstate));
            let item = format!("{}: {}", broken.name, broken.sqlstate);
            self.tally.note("constraint", item, &person.key, detail, hint);
        }
    }

    /// The values are right one by one, but what is made of them fails.
    fn note_unmade(&mut self, person: &Person, error: &SqlError) {
        let item = format!("constraint or generated column: {}", error.sqlstate());
        self.tally.note("value", item, &person.key, detail_of(error), Some(FAILED));
    }

    /// What an INSERT would say of the rows.
    fn judge_values(&mut self, people: &[Person]) {
        let rows: Vec<Datum> = people.iter().map(|person| person.row).collect();
        let judged = self.judge.constraints.judge(&rows, &self.target);
        for (person, judged) in people.iter().zip(judged) {
            match judged {
                Ok(Judged { broken, keys, .. }) => {
                    self.note_broken(person, broken);
                    let keys = keys.into_iter();
                    let compare = keys.map(|(index, digest)| {
                        Line::to_compare("~unique", digest, None, Some(person.key.clone()), Some(index))
                    });
                    self.ready.extend(compare);
                }
                Err(error) => self.blame(person, &error),
            }
        }
    }

    /// Which column it was: each mapping is evaluated alone, as after a failed login.
    fn blame(&mut self, person: &Person, error: &SqlError) {
        match self.source.transfer.preview(&self.target, person.row, None) {
            Err((column, error)) => self.note_value(person, column, detail_of(&error)),
            Ok(_) if !self.judge.constraints.hash_fits(&self.target) => {
                self.note_value(person, self.target.row.hash_column.clone(), detail_of(error));
            }
            Ok(_) => self.note_unmade(person, error),
        }
    }

    fn note_value(&mut self, person: &Person, column: String, mut detail: Value) {
        let state = detail["sqlstate"].as_str().unwrap_or_default().to_string();
        let item = format!("{column}: {state}");
        detail["column"] = json!(column);
        self.tally.note("value", item, &person.key, detail, Some(value_hint(&state)));
    }
}

/// What judges batches.
struct Judge {
    surveyor: Surveyor,
    rules: Option<Batch>,
    constraints: Constraints,
    /// Of users who are adopted, once there is one.
    changed: OnceCell<Changed>,
    /// What `lookup` looks for.
    identities: Option<Batch>,
}

fn logins_to_compare(source: &Source, person: &Person) -> Vec<Line> {
    let stored = source.logins(person).filter(|stored| stored.login.len() <= MAX_LOGIN_BYTES);
    let line = |stored: StoredLogin<'_>| {
        let place = i64::try_from(stored.place).ok();
        Line::to_compare(
            "~login",
            stored.normalised,
            place,
            Some(person.key.clone()),
            Some(source.row.name.clone()),
        )
    };
    stored.map(line).collect()
}
