//! `ferry.assess`: what is in a source and what would become of it. The source is read once, in batches, each of which is
//! judged by set-based queries; what can only be said of all rows together (who shares a key, a login, a unique value) is
//! handed on row by row and counted in SQL, which spills to disk rather than to grow. Nothing is written.

mod lookup;
mod tally;

use crate::batch::Batch;
use crate::census;
use crate::check::Finding;
use crate::config::{self, Adopt, Point, RuleRow, Severity};
use crate::constraint::{Broken, Constraints, Judged};
use crate::error::{OrRaise, Refusal, must_reach_caller};
use crate::link;
use crate::lint::index;
use crate::login::MAX_LOGIN_BYTES;
use crate::secret::Password;
use crate::source::{Described, Order, Person, Scan, Source, StoredLogin, Surveyor};
use crate::spi::guard::{self, SqlError};
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Value as Datum};
use crate::spi::types::{self, TEXT};
use crate::spi::{connect, session};
use crate::target::{Target, User};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub(crate) use tally::Line;
use tally::Tally;

/// Rows that are judged by one query: enough for what a query costs by itself to be little, few enough to hold in memory
/// even where each is as long as a hostile store can make it.
const BATCH: i64 = 100;

/// What writing one user takes beside making its values, in milliseconds: from a table without much on it, on a fast disk,
/// to one with indexes and triggers.
const WRITE_MS: (f64, f64) = (0.1, 2.0);

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
                Some(Some(_)) => self.tally.see("row", "moved already", &person.key),
                Some(None) => self.tally.see("row", "forgotten", &person.key),
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
        let Some(scope) = self.source.scope() else { return vec![true; people.len()] };
        let mut owners = Vec::new();
        let mut logins = Vec::new();
        for (number, person) in people.iter().enumerate() {
            for stored in self.source.logins(person) {
                owners.push(number);
                logins.push(types::text(&stored.normalised));
            }
        }
        let sql = format!("SELECT {scope} FROM pg_catalog.unnest($1) AS login_row(login)");
        let answers = Batch::new(sql, TEXT).evaluate(&logins, self.source.actor());
        let mut covered = vec![false; people.len()];
        for (owner, answer) in owners.into_iter().zip(answers) {
            covered[owner] |= answer.is_ok_and(|row| matches!(row.first(), Some(Some(text)) if text == "t"));
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
            }
        }
    }

    /// What an INSERT would say of the rows.
    fn judge_values(&mut self, people: &[Person]) {
        let rows: Vec<Datum> = people.iter().map(|person| person.row).collect();
        let judged = self.judge.constraints.judge(&rows, &self.target);
        for (person, judged) in people.iter().zip(judged) {
            match judged {
                Ok(Judged { broken, keys, .. }) => {
                    for broken in broken {
                        let (detail, hint) = (constraint_detail(&broken), broken_hint(broken.sqlstate));
                        let item = format!("{}: {}", broken.name, broken.sqlstate);
                        self.tally.note("constraint", item, &person.key, detail, hint);
                    }
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
            // The values are right one by one: the hash does not fit, or what is made of them fails.
            Ok(_) if !self.judge.constraints.hash_fits(&self.target) => {
                self.note_value(person, self.target.row.hash_column.clone(), detail_of(error));
            }
            Ok(_) => {
                let item = format!("constraint or generated column: {}", error.sqlstate());
                self.tally.note("value", item, &person.key, detail_of(error), Some(FAILED));
            }
        }
    }

    fn note_value(&mut self, person: &Person, column: String, mut detail: Value) {
        let state = detail["sqlstate"].as_str().unwrap_or_default().to_string();
        let item = format!("{column}: {state}");
        detail["column"] = json!(column);
        self.tally.note("value", item, &person.key, detail, Some(value_hint(&state)));
    }

    /// What can be said once all rows were read.
    fn conclude(&mut self) {
        let rows = self.tally.rows("row", "read");
        self.ready.extend(std::mem::take(&mut self.tally).into_lines());
        if rows == 0 {
            self.ready.push_back(Line::of("row", "read").counted(0));
        }
        let (_, about_password) = self.source.rules.by_need();
        for rule in about_password {
            let line = Line::of("rule", rule_name(rule)).detailed(rule_detail(rule));
            self.ready.push_back(line.hinted("It is about the password: only a login can tell."));
        }
        self.tell_columns();
        self.estimate(rows);
    }

    fn tell_columns(&mut self) {
        let legacy = self.source.row.relation.clone().unwrap_or_default();
        for column in self.source.unread_columns() {
            let line = Line::of("column", format!("{column} of {legacy} is read by nothing"));
            self.ready.push_back(line.hinted("Map it if it is to be kept: the legacy system will be gone."));
        }
        let users = &self.target.relation.title;
        for column in &self.judge.constraints.unfilled {
            let line = Line::of("column", format!("{column} of {users} is filled by nothing"));
            self.ready.push_back(line.hinted("Map it in ferry.mapping, or give it a default."));
        }
        for what in &self.judge.constraints.unforeseen {
            let line = Line::of("constraint", format!("{what}: not foreseen"));
            self.ready.push_back(line.hinted("It depends on what only a real INSERT knows."));
        }
        self.tell_company();
        let unindexed = index::of_source(&self.source).into_iter().chain(index::of_target(&self.target));
        for Finding { object, problem, hint, .. } in unindexed {
            let line = Line::of("index", problem).detailed(json!({ "object": object }));
            self.ready.push_back(Line { hint, ..line });
        }
    }

    /// What comes with a user and is not tried here.
    fn tell_company(&mut self) {
        let rows = config::rows();
        let (source, target) = (&self.source.row.name, &self.target.row.name);
        let children = rows.children.iter().filter(|child| child.source == *source);
        let children = children.map(|child| format!("child {}", child.name));
        let hooks = rows.hooks.iter().filter(|hook| {
            hook.enabled && hook.target == *target && hook.is_about(source) && hook.point != Point::OnFailure
        });
        let hooks = hooks.map(|hook| format!("hook {}", hook.name));
        for what in children.chain(hooks) {
            let line = Line::of("constraint", format!("{what}: not foreseen"));
            self.ready.push_back(
                line.hinted("It is tried for one person by ferry.explain_login, as far as it can be."),
            );
        }
    }

    /// How long moving all at once would take, and what each first login costs.
    fn estimate(&mut self, rows: i64) {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let each = milliseconds(self.spent) / (rows.max(1) as f64);
        let total = self.known_total(rows);
        let takes = |write: f64| (each + write) * total as f64 / 1000.0;
        let detail = json!({
            "rows": total,
            "seconds_at_least": rounded(takes(WRITE_MS.0)),
            "seconds_at_most": rounded(takes(WRITE_MS.1)),
            "measured_ms_per_row": rounded(each),
            "assumed_ms_to_write": [WRITE_MS.0, WRITE_MS.1],
        });
        let line = Line::of("estimate", "moving all rows at once, without hashing").detailed(detail);
        self.ready.push_back(line.counted(total));
        let detail = json!({ "policy": self.target.policy.to_string(), "measured_ms": rounded(milliseconds(self.hashing)) });
        self.ready.push_back(Line::of("estimate", "the new hash at each first login").detailed(detail));
    }

    /// The rows of all of the source, where only some were read and its statistics tell.
    fn known_total(&self, rows: i64) -> i64 {
        if self.limit.is_none_or(|limit| rows < limit) {
            return rows;
        }
        let sql = "SELECT reltuples::pg_catalog.int8 FROM pg_catalog.pg_class \
                   WHERE oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)";
        let relation = self.source.row.relation.as_deref().unwrap_or_default();
        let found = self
            .source
            .actor()
            .attempt(Reach::Evaluate, || plan::query(sql, &[TEXT], &[Arg::Text(relation)]))
            .unwrap_or_default();
        let known = plan::first(found).and_then(|text| text.parse::<i64>().ok());
        known.unwrap_or(rows).max(rows)
    }

    /// In the order in which logins ask them; the last is taken first.
    fn other_sources(&mut self) -> Vec<Rc<Source>> {
        let rows = config::rows();
        let others = rows.live_sources_of(&self.target.row.name);
        let others = others.filter(|row| row.enabled && row.name != self.source.row.name);
        let mut sources = Vec::new();
        for row in others {
            match config::source(row, &self.target) {
                Ok(source) => sources.push(source),
                Err(refusal) => self.ready.push_back(not_compared(&row.name, &refusal)),
            }
        }
        sources
    }

    fn begin_other(&mut self, source: Rc<Source>, rest: Vec<Rc<Source>>) -> Stage {
        match source.scan(Order::AsItComes, self.limit) {
            Ok(scan) => {
                let surveyor = source.surveyor();
                Stage::Other(source, scan, surveyor, rest)
            }
            Err(refusal) => {
                self.ready.push_back(not_compared(&source.row.name, &refusal));
                Stage::Others(rest)
            }
        }
    }

    fn read_other(
        &mut self,
        source: Rc<Source>,
        scan: Scan,
        surveyor: Surveyor,
        rest: Vec<Rc<Source>>,
    ) -> Stage {
        let rows = match scan.next(BATCH) {
            Ok(rows) => rows,
            Err(refusal) => {
                self.ready.push_back(not_compared(&source.row.name, &refusal));
                return Stage::Others(rest);
            }
        };
        if rows.is_empty() {
            scan.close();
            return Stage::Others(rest);
        }
        for described in surveyor.describe(&rows, source.actor()) {
            if let Described::Person(person) = described {
                self.ready.extend(logins_to_compare(&source, &person));
            }
        }
        Stage::Other(source, scan, surveyor, rest)
    }
}

/// What judges batches.
struct Judge {
    surveyor: Surveyor,
    rules: Option<Batch>,
    constraints: Constraints,
    /// What `lookup` looks for.
    identities: Option<Batch>,
}

const FAILED: &str = "A login of them ends as failed: make the expression hold for them.";

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

fn not_compared(source: &str, refusal: &Refusal) -> Line {
    let line = Line::of("login", format!("not compared with source {source}: {}", refusal.message()));
    Line { hint: refusal.hint_text().map(str::to_string), ..line }
}

/// What a login does where its user is here already.
fn standing(target: &Target, is_moved: bool, is_adopted: bool) -> (&'static str, &'static str) {
    match (is_moved, is_adopted, target.row.adopt) {
        (true, _, _) => (
            "of a user who was moved from another row",
            "They are two people under one login, or one person twice: the link decides, and this row stays.",
        ),
        (_, false, _) => (
            "of a user in the users table, who is not adopted",
            "Only the password there opens it; adopt of ferry.target says who may be tied to a legacy user.",
        ),
        (_, true, Adopt::Any) => (
            "of a user in the users table, who is adopted",
            "The legacy password replaces the one there: both systems must have checked who owns an address.",
        ),
        (_, true, _) => (
            "of a user in the users table, who is adopted",
            "They have no password there: the legacy one is taken.",
        ),
    }
}

fn rule_name(rule: &RuleRow) -> String {
    format!("{} ({})", rule.name, rule.severity.name())
}

fn rule_detail(rule: &RuleRow) -> Value {
    json!({ "code": rule.code, "message": rule.message })
}

fn constraint_detail(broken: &Broken) -> Value {
    let what = if broken.is_column { "column" } else { "constraint" };
    json!({ "sqlstate": broken.sqlstate, what: broken.name })
}

/// Codes and names only: messages quote rows.
fn detail_of(error: &SqlError) -> Value {
    let mut detail = json!({ "sqlstate": error.sqlstate() });
    if let Some(constraint) = error.constraint() {
        detail["constraint"] = json!(constraint);
    }
    detail
}

fn broken_hint(state: &str) -> Option<&'static str> {
    Some(match state {
        "23502" => {
            "Map it to something that is never null, such as coalesce(l.name, ''), or give it a default."
        }
        "23503" => "The row that it refers to is not here: move it first.",
        "23505" => "A user who is in the users table already has this value.",
        "23514" => "Make the mapping satisfy it, or leave these rows out by filter.",
        _ => return None,
    })
}

fn value_hint(state: &str) -> &'static str {
    match state {
        "25006" => "The expression writes, which cannot be tried without writing.",
        "22001" => "The value is too long for the column: widen it, or cut the value in the mapping.",
        _ => FAILED,
    }
}

/// Three digits are all that an estimate is worth.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
