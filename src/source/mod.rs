//! Legacy stores: asking one for the row of a login.
//!
//! A row is fetched once and carried as a composite value; everything that config says about it is
//! evaluated here, on that value. What the far end says of equality is not believed.

mod bulk;
mod dblink;
mod key_order;
mod keys;
mod particulars;
mod rehearsal;
mod relation;
mod scan;
mod secrecy;
mod stage;
mod verifier;

use crate::catalog::{self, Actor, Relation, Rights};
use crate::child::Children;
use crate::config::{HookRow, Parts, SourceKind, SourceRow};
use crate::config_sql::{self, Lookup, Scope};
use crate::error::{Kind, Refusal, must_reach_caller_from_source};
use crate::hook::Hooks;
use crate::login::{Login, LoginForm};
use crate::mapping::{Deactivation, Transfer};
use crate::rule::Rules;
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::timer::{self, Timed};
use crate::spi::types::{self, TEXT};
use crate::spi::watch;
use crate::sql::{Expression, Ident, list};
use crate::target::Target;
use std::cell::OnceCell;

pub(crate) use bulk::{Facts, Listed, Range};
pub(crate) use particulars::{Particulars, Register};
pub(crate) use rehearsal::{Unpushed, explain, forbidden_functions, reads_all};
pub(crate) use scan::{Described, Order, Scan, StoredLogin, Surveyor};
pub(crate) use secrecy::Secrecy;
pub(crate) use stage::{Kept, reading_of_run};
pub(crate) use verifier::{Unverifiable, Verifier};

/// More candidates than this are not looked at: they are not one person.
const MAX_CANDIDATES: usize = 20;

/// A source whose config was checked against the catalogues.
pub(crate) struct Source {
    pub(crate) row: SourceRow,
    pub(crate) transfer: Transfer,
    pub(crate) deactivation: Option<Deactivation>,
    pub(crate) rules: Rules,
    pub(crate) children: Children,
    pub(crate) hooks: Hooks,
    actor: Actor,
    pub(crate) rows: Relation,
    key: Lookup,
    lookups: Vec<Lookup>,
    hash: Expression,
    salt: Option<Expression>,
    hash_login: Option<Expression>,
    pub(crate) verifier: Verifier,
    scope: Option<Expression>,
    verified: Option<Expression>,
    particulars: particulars::Expressions,
    store: Store,
    form: LoginForm,
    describe: OnceCell<Plan>,
    covers: OnceCell<Plan>,
    generation: u64,
}

/// How rows are got.
enum Store {
    Relation(relation::Store),
    Dblink(dblink::Store),
}

/// A legacy user. No `Debug`: it holds the hash and the row.
pub(crate) struct Person {
    pub(crate) key: String,
    pub(crate) hash: Option<String>,
    pub(crate) salt: Option<String>,
    /// The login as it was hashed with the password, where a format takes it.
    pub(crate) hash_login: Option<String>,
    pub(crate) row: Value,
    logins: Vec<Option<String>>,
}

/// What a source answers.
pub(crate) enum Asked {
    Nobody,
    One(Person),
    Several,
    /// It could not be asked, with the SQLSTATE, or `timeout`.
    Unavailable(String),
    /// Its relation was altered since it was opened: it must be opened anew.
    Stale,
}

impl Source {
    /// Checks the row and its mappings against the catalogues. No remote server is contacted.
    pub(crate) fn open(row: &SourceRow, parts: Parts, target: &Target) -> Result<Source, Refusal> {
        let generation = watch::generation();
        let place = format!("source {}", row.name);
        let actor = &target.actor;
        let rows = open_rows(row, actor, &place)?;
        let config =
            ConfigSql { place: &place, actor, rows: &rows, over_l: Scope::of_row(rows.row_type, "l") };
        let key = config.lookup("key_column", &row.key_column)?;
        let lookups = row.login_columns.iter().map(|entry| config.lookup("login_columns", entry));
        let lookups = lookups.collect::<Result<Vec<_>, _>>()?;
        let hash = config.value("hash", &row.hash)?;
        let salt = optional(&row.salt, |text| config.value("salt", text))?;
        let hash_login = optional(&row.hash_login, |text| config.value("hash_login", text))?;
        let filter = optional(&row.filter, |text| config.condition("filter", text, &config.over_l))?;
        let scope = optional(&row.scope, |text| config.condition("scope", text, &Scope::of_login()))?;
        let verifier = Verifier::open(row, &place)?;
        let children = Children::open(row, parts.children, &rows, target)?;
        let secrets = [Some(&hash), salt.as_ref(), hash_login.as_ref()].into_iter().flatten();
        let elsewhere: Vec<String> = secrets.map(ToString::to_string).chain(children.reads()).collect();
        let transfer = Transfer::open(row, parts.mappings, &rows, &elsewhere, target)?;
        let verified = optional(&row.verified, |text| config.condition("verified", text, &config.over_l))?;
        let particulars = particulars::Expressions::open(row, &config)?;
        let deactivation = Deactivation::open(row, &rows, target)?;
        let rules = Rules::open(&row.name, parts.rules, &rows, target)?;
        let expressions =
            [Some(&hash), salt.as_ref(), hash_login.as_ref(), filter.as_ref(), verified.as_ref()]
                .into_iter()
                .flatten();
        let hooks = open_hooks(parts.hooks, &rows, &hash, salt.as_ref(), &place, actor)?;
        // A hook may look at any column.
        let whole_row = hooks.see_rows().then(|| "l.*".to_string());
        let looked_up = lookups.iter().chain([&key]).map(|lookup| lookup.sql.clone());
        let expressions =
            expressions.chain(transfer.expressions()).chain(rules.expressions()).chain(particulars.all());
        let values = expressions.map(ToString::to_string).chain(looked_up).chain(children.reads());
        let reads = list(values.chain(whole_row));
        let store = open_store(row, &rows, reads, filter.as_ref(), actor)?;
        Ok(Source {
            row: row.clone(),
            form: target.row.login_form,
            actor: actor.clone(),
            describe: OnceCell::new(),
            covers: OnceCell::new(),
            generation,
            transfer,
            deactivation,
            rules,
            children,
            hooks,
            rows,
            key,
            lookups,
            hash,
            salt,
            hash_login,
            verified,
            particulars,
            verifier,
            scope,
            store,
        })
    }

    /// Whether later logins bring something up to date.
    pub(crate) fn refreshes(&self) -> bool {
        self.transfer.refreshes() || self.children.refreshes()
    }

    /// Whether the source is to be asked about a login.
    pub(crate) fn covers(&self, login: &Login) -> Result<bool, SqlError> {
        let Some(scope) = &self.scope else { return Ok(true) };
        let rows = self.actor.attempt(Reach::Evaluate, || {
            let prepare = || {
                let sql = format!("SELECT {scope} {}", Scope::of_login().from);
                Plan::prepare(&sql, &[TEXT], Planning::Auto)
            };
            self.covers.get_or_init(prepare).rows(&[Arg::Text(&login.normalised)])
        })?;
        Ok(plan::is_true(rows))
    }

    /// Asks for the person of a login: the first login column with a match decides.
    pub(crate) fn find_by_login(&self, login: &Login) -> Result<Asked, SqlError> {
        for place in 0..self.lookups.len() {
            let mut people: Vec<Person> = Vec::new();
            for spelling in login.spellings() {
                match self.candidates(&self.lookups[place], spelling)? {
                    Ok(found) => people.extend(found),
                    Err(why) => return Ok(self.silence(why)),
                }
            }
            people.retain(|person| self.has_login(person, place, login));
            match one_person(people) {
                Asked::Nobody => {}
                decided => return Ok(decided),
            }
        }
        Ok(Asked::Nobody)
    }

    /// Asks for the person of a legacy key, as links keep it. A dblink source can only be asked by
    /// login, so there the login must still be that person's.
    pub(crate) fn find_by_key(&self, key: &str, login: &Login) -> Result<Asked, SqlError> {
        let text = match self.store {
            Store::Relation(_) => key,
            Store::Dblink(_) => &login.normalised,
        };
        Ok(match self.candidates(&self.key, text)? {
            Ok(people) => one_person(people.into_iter().filter(|person| person.key == key).collect()),
            Err(why) => self.silence(why),
        })
    }

    /// What `verified` says of a legacy user; `None` where the source has no such condition.
    pub(crate) fn is_verified(&self, person: &Person) -> Result<Option<bool>, SqlError> {
        let Some(verified) = &self.verified else { return Ok(None) };
        let sql = format!("SELECT {verified} {}", Scope::of_row(self.rows.row_type, "l").from);
        let rows = self.actor.attempt(Reach::Evaluate, || {
            plan::query(&sql, &[self.rows.row_type], &[Arg::Value(person.row)])
        })?;
        Ok(Some(plan::is_true(rows)))
    }

    /// The row of a person with nothing in it but the legacy key; `None` where that is an expression.
    pub(crate) fn only_key(&self, person: &Person) -> Result<Option<Value>, SqlError> {
        let Some(key) = self.rows.column(&self.row.key_column) else { return Ok(None) };
        let fields = self.rows.columns.iter().map(|column| {
            // What nobody reads says nothing, and may not be null.
            if column.number == key.number || self.unread_columns().contains(&column.name) {
                format!("l.{}", Ident(column.name.clone()))
            } else {
                "NULL".to_string()
            }
        });
        let type_name = types::type_name(self.rows.row_type);
        let from = Scope::of_row(self.rows.row_type, "l").from;
        let sql = format!("SELECT ROW({})::{type_name} {from}", list(fields));
        self.actor.attempt(Reach::Evaluate, || {
            Plan::prepare(&sql, &[self.rows.row_type], Planning::Auto).values(&[Arg::Value(person.row)]).pop()
        })
    }

    /// What it means that a query failed.
    fn silence(&self, why: String) -> Asked {
        if watch::generation() == self.generation { Asked::Unavailable(why) } else { Asked::Stale }
    }

    /// The rows that the store has for a value of `lookup`, or why it cannot be asked.
    fn candidates(&self, lookup: &Lookup, text: &str) -> Result<Result<Vec<Person>, String>, SqlError> {
        let asked = timer::limited(self.row.timeout_ms, || match &self.store {
            Store::Relation(store) => store.fetch(lookup, text, &self.actor),
            Store::Dblink(store) => store.fetch(text, self.row.timeout_ms, &self.actor),
        });
        match asked {
            Timed::Expired => Ok(Err("timeout".to_string())),
            Timed::InTime(Ok(rows)) => self.describe_all(rows).map(Ok),
            Timed::InTime(Err(error)) if must_reach_caller_from_source(&error) => error.raise(),
            // Nothing is far away about a table: it is the config that fails on this row.
            Timed::InTime(Err(error)) if matches!(self.rows.kind, 'r' | 'p' | 'm') => Err(error),
            Timed::InTime(Err(error)) => Ok(Err(error.sqlstate())),
        }
    }

    /// Evaluates key, hash, what goes into it, and logins of fetched rows, here. A row without a key is nobody.
    fn describe_all(&self, rows: Vec<Value>) -> Result<Vec<Person>, SqlError> {
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            let described = self.actor.attempt(Reach::Evaluate, || {
                let from = Scope::of_row(self.rows.row_type, "l").from;
                let prepare = || Plan::prepare(&self.describe_sql(&from), &[row.type_oid()], Planning::Auto);
                self.describe.get_or_init(prepare).rows(&[Arg::Value(row)])
            })?;
            people.extend(described.into_iter().filter_map(|fields| person(row, fields)));
        }
        Ok(people)
    }

    /// A person whose row was changed. `None` where it is then somebody else's: another key, or other logins.
    pub(crate) fn with_row(&self, person: &Person, row: Value) -> Result<Option<Person>, SqlError> {
        let is_same = |changed: &Person| changed.key == person.key && changed.logins == person.logins;
        Ok(self.describe_all(vec![row])?.pop().filter(is_same))
    }

    fn describe_sql(&self, from: &str) -> String {
        format!("SELECT {} {from}", list(self.said_of_a_row()))
    }

    /// Key, hash, salt, login as it was hashed, and the logins, as SQL over `l`.
    fn said_of_a_row(&self) -> Vec<String> {
        let salt = self.salt.as_ref().map_or("NULL".to_string(), ToString::to_string);
        let first_login = || self.lookups.first().map_or("NULL".to_string(), |lookup| lookup.sql.clone());
        let hash_login = self.hash_login.as_ref().map_or_else(first_login, ToString::to_string);
        [self.key.sql.clone(), self.hash.to_string(), salt, hash_login]
            .into_iter()
            .chain(self.lookups.iter().map(|lookup| lookup.sql.clone()))
            .map(|value| format!("{value}::pg_catalog.text"))
            .collect()
    }

    fn has_login(&self, person: &Person, place: usize, login: &Login) -> bool {
        let key = &self.lookups[place].key;
        match person.logins.get(place) {
            // Only string types have collations that lie.
            Some(Some(_)) if !key.is_text => true,
            Some(Some(fetched)) => self.form.is_same(fetched, &login.normalised, key.is_citext),
            _ => false,
        }
    }
}

/// The config SQL of one source, checked piece by piece; each is told with its column.
struct ConfigSql<'a> {
    place: &'a str,
    actor: &'a Actor,
    rows: &'a Relation,
    over_l: Scope,
}

impl ConfigSql<'_> {
    fn value(&self, column: &str, text: &str) -> Result<Expression, Refusal> {
        Ok(config_sql::typed_expression(text, &self.at(column), &self.over_l, self.actor)?.0)
    }

    fn condition(&self, column: &str, text: &str, scope: &Scope) -> Result<Expression, Refusal> {
        config_sql::condition(text, &self.at(column), scope, self.actor)
    }

    fn lookup(&self, column: &str, entry: &str) -> Result<Lookup, Refusal> {
        config_sql::lookup(entry, &self.at(column), self.rows, "l", self.actor)
    }

    fn at(&self, column: &str) -> String {
        format!("{}, {column}", self.place)
    }
}

fn optional<T>(
    text: &Option<String>,
    check: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<Option<T>, Refusal> {
    text.as_deref().map(check).transpose()
}

/// What [`Source::describe_sql`] says of a row; `None` where it has no key.
fn person(row: Value, fields: Vec<Option<String>>) -> Option<Person> {
    let mut fields = fields.into_iter();
    let mut next = || fields.next().flatten();
    let (key, hash, salt, hash_login) = (next(), next(), next(), next());
    key.map(|key| Person { key, hash, salt, hash_login, row, logins: fields.collect() })
}

/// Different keys are different people.
fn one_person(people: Vec<Person>) -> Asked {
    let is_same = people.windows(2).all(|pair| pair[0].key == pair[1].key);
    match people.into_iter().next() {
        None => Asked::Nobody,
        Some(person) if is_same => Asked::One(person),
        Some(_) => Asked::Several,
    }
}

fn open_hooks(
    rows: Vec<HookRow>,
    relation: &Relation,
    hash: &Expression,
    salt: Option<&Expression>,
    place: &str,
    actor: &Actor,
) -> Result<Hooks, Refusal> {
    if rows.is_empty() {
        return Ok(Hooks::none());
    }
    let secret: Vec<&Expression> = [Some(hash), salt].into_iter().flatten().collect();
    let secrets = config_sql::columns_read(&secret, relation, place, actor)?;
    Ok(Hooks::about(relation, secrets.into_iter().map(str::to_string).collect(), rows))
}

fn open_store(
    row: &SourceRow,
    rows: &Relation,
    reads: String,
    filter: Option<&Expression>,
    actor: &Actor,
) -> Result<Store, Refusal> {
    let place = format!("source {}", row.name);
    Ok(match row.kind {
        SourceKind::Relation => Store::Relation(relation::Store::open(rows, reads, filter, actor, &place)?),
        SourceKind::Dblink => Store::Dblink(dblink::Store::open(row, rows, filter, actor, &place)?),
    })
}

/// The relation or row type that rows of the source have.
fn open_rows(row: &SourceRow, actor: &Actor, place: &str) -> Result<Relation, Refusal> {
    let (found, name, what) = match row.kind {
        SourceKind::Relation => {
            let name = row.relation.as_deref().unwrap_or_default();
            (catalog::relation_oid(name), name, "relation")
        }
        SourceKind::Dblink => {
            let name = row.row_type.as_deref().unwrap_or_default();
            (catalog::row_type_relation_oid(name), name, "composite type")
        }
    };
    let relation = found
        .map_err(|error| Refusal::in_config(place, error).or_hint(catalog::NAME_WITH_SCHEMA))?
        .and_then(|oid| catalog::describe(oid, &actor.role_name))
        .ok_or_else(|| {
            Refusal::new(Kind::Relation, format!("{place}: {what} \"{name}\" does not exist"))
                .hint("Create it first, and name it with its schema, such as legacy.customers.")
        })?;
    catalog::check_rights(&relation, actor, Rights::Read, place).map(|()| relation)
}
