//! `ferry.preview`: the first rows of a source, as a login with the right password would write them. It is the code of the
//! login that looks, judges and maps; only the writing is left out.

use crate::adopt::{self, Matched};
use crate::census::{self, Opens};
use crate::config::{self, Adopt};
use crate::constraint::{Broken, Constraints, Judged};
use crate::error::{OrRaise, Refusal, must_reach_caller};
use crate::explain::{object, shown};
use crate::link;
use crate::login::Login;
use crate::mapping::Field;
use crate::rule::{Broken as BrokenRules, Unjudged};
use crate::secret::Password;
use crate::source::{Described, Order, Person, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::{Value as Datum, View};
use crate::target::{Found, Target, User};
use serde_json::Value;
use std::rc::Rc;

/// More rows than this are for `assess`: a preview is to be read.
const MAX_ROWS: i32 = 1000;

/// One legacy row and what would become of it.
pub(crate) struct Previewed {
    pub(crate) key: Option<String>,
    pub(crate) login: Option<String>,
    pub(crate) action: &'static str,
    pub(crate) row: Option<Value>,
    pub(crate) problem: Option<String>,
}

/// The first rows by key.
pub(crate) fn preview(name: &str, max_rows: i32) -> Vec<Previewed> {
    guard::only_reading(|| read(name, max_rows).or_raise()).unwrap_or_else(|error| error.raise())
}

fn read(name: &str, max_rows: i32) -> Result<Vec<Previewed>, Refusal> {
    let (source, target) = config::source_named(name)?;
    let limit = i64::from(max_rows.clamp(0, MAX_ROWS));
    let scan = source.scan(Order::ByKey, Some(limit))?;
    let rows = scan.next(limit)?;
    scan.close();
    let hash = target.hash(&Password::new(b"any".to_vec())).map_err(Refusal::from)?;
    let constraints = Constraints::open(&source, &target, hash, &[]);
    let forbidden = source.transfer.may_insert(&target).err();
    let preview = Preview { source, target, constraints, forbidden };
    let described = preview.source.surveyor().describe(&rows, preview.source.actor());
    Ok(described.into_iter().map(|described| preview.row(described)).collect())
}

struct Preview {
    source: Rc<Source>,
    target: Rc<Target>,
    constraints: Constraints,
    /// Why nobody at all can be inserted: a privilege that is missing.
    forbidden: Option<SqlError>,
}

/// What a row came to.
struct Verdict {
    action: &'static str,
    row: Option<Value>,
    problems: Vec<String>,
}

impl Verdict {
    fn of(action: &'static str, problem: impl Into<String>) -> Verdict {
        Verdict { action, row: None, problems: vec![problem.into()] }
    }
}

/// The steps in which a row can end early.
type Step<T> = Result<T, Verdict>;

impl Preview {
    fn row(&self, described: Described) -> Previewed {
        let person = match described {
            Described::Person(person) => person,
            Described::WithoutKey => return nobody("refuse", "the row has no key".to_string()),
            Described::Failed(error) => return nobody("fail", failed("key, login, hash or salt", &error)),
        };
        let login = self.source.logins(&person).next().map(|stored| stored.login.to_string());
        let login = login.map(|typed| Login::new(&typed, self.target.row.login_form));
        let verdict = self.judge(&person, login.as_ref()).unwrap_or_else(|verdict| verdict);
        Previewed {
            key: Some(person.key),
            login: login.map(|login| login.normalised),
            action: verdict.action,
            row: verdict.row,
            problem: Some(verdict.problems.join("; ")).filter(|problem| !problem.is_empty()),
        }
    }

    /// The order is that of a login.
    fn judge(&self, person: &Person, login: Option<&Login>) -> Step<Verdict> {
        self.not_linked(person)?;
        let login = login.ok_or_else(|| Verdict::of("refuse", "the row has no login"))?;
        self.in_scope(login)?;
        let adopting = self.adopting(login)?;
        if adopting.is_none() {
            self.not_here_otherwise(person)?;
        }
        let format = self.format(person)?;
        let mut problems = format.1;
        if self.source.logins(person).next().is_some_and(|stored| !stored.is_found) {
            problems.push("the login is found only as it is stored".to_string());
        }
        problems.extend(self.rules(person)?);
        let fields = self.fields(person, adopting.as_ref())?;
        problems.extend(self.blocked(&fields, adopting.as_ref()));
        let hash = (self.target.row.hash_column.clone(), Some(format.0));
        let row = object(fields.into_iter().chain([hash]), |text| shown(text, person));
        let broken = if adopting.is_none() { self.broken(person.row) } else { Vec::new() };
        let action = match (broken.is_empty(), &adopting) {
            (false, _) => "fail",
            (true, None) => "insert",
            (true, Some(_)) => "adopt",
        };
        problems.extend(broken);
        Ok(Verdict { action, row: Some(row), problems })
    }

    fn not_linked(&self, person: &Person) -> Step<()> {
        match link::of_key(&self.source.row.name, &person.key, View::Transaction) {
            None if person.key.len() > link::MAX_KEY_BYTES => {
                let problem = format!("the legacy key is longer than {} bytes", link::MAX_KEY_BYTES);
                Err(Verdict::of("fail", problem))
            }
            None => Ok(()),
            Some(link) if link.is_tombstone => Err(Verdict::of("skip", "forgotten: does not come back")),
            Some(link) => {
                let user = link.user_id.unwrap_or_default();
                Err(Verdict::of("skip", format!("moved before, as user {user}")))
            }
        }
    }

    fn in_scope(&self, login: &Login) -> Step<()> {
        match self.source.covers(login) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Verdict::of("refuse", "the scope of the source does not cover the login")),
            Err(error) => Err(fail("scope", error)),
        }
    }

    /// The user whom the target has under the login, where `adopt` lets them be tied.
    fn adopting(&self, login: &Login) -> Step<Option<User>> {
        let user = match self.target.find_by_login(login, View::Transaction) {
            Ok(Found::Nobody) => return Ok(None),
            Ok(Found::One(user)) => user,
            Ok(Found::Several) => {
                return Err(Verdict::of("refuse", "several users have this login in the users table"));
            }
            Err(error) => return Err(fail("login_columns", error)),
        };
        let link = link::of_user(&self.target.row.name, &user.id, user.hash.as_deref());
        let id = &user.id;
        if let Some(link) = link {
            let who = format!(
                "the login is that of user {id}, who was moved from {} of source {}",
                link.legacy_key, link.source
            );
            return Err(Verdict::of("refuse", who));
        }
        if self.target.lets_adopt(&user) {
            return Ok(Some(user));
        }
        let why =
            if user.is_allowed { "whom adopt does not let be tied" } else { "who is not allowed to log in" };
        Err(Verdict::of("refuse", format!("the login is that of user {id}, {why}")))
    }

    /// Nobody whom `lookup` finds under another login: who that is to be tied to is decided when they log in.
    fn not_here_otherwise(&self, person: &Person) -> Step<()> {
        let looked_up =
            adopt::look_up(&self.source, &self.target, person).map_err(|error| fail("lookup", error))?;
        match looked_up.found {
            Matched::Nobody => Ok(()),
            Matched::One(user, entry) => {
                let entry = self.target.entry(entry);
                let what = match self.target.row.adopt {
                    Adopt::Refuse => "whom adopt does not let be tied",
                    Adopt::Review => "to be reviewed",
                    _ => "to be tied, if the addresses of both were verified, or else reviewed",
                };
                Err(Verdict::of("refuse", format!("user {} is here with the same {entry}: {what}", user.id)))
            }
            Matched::Several(entry) => {
                let entry = self.target.entry(entry);
                Err(Verdict::of("refuse", format!("several users are here with the same {entry}")))
            }
        }
    }

    /// The format of the legacy hash, and what is wrong with it.
    fn format(&self, person: &Person) -> Step<(String, Vec<String>)> {
        let kind = census::kind(&self.source.verifier, person);
        match kind.opens {
            Opens::Yes => Ok((kind.name, Vec::new())),
            Opens::Never => {
                let problem = "no password opens the legacy hash: a reset only".to_string();
                Ok((kind.name, vec![problem]))
            }
            Opens::NotYet => Err(Verdict::of("fail", format!("hash: {}", kind.name))),
        }
    }

    /// The rules that are broken and do not keep the user out.
    fn rules(&self, person: &Person) -> Step<Vec<String>> {
        match self.source.rules.judge(&self.target, person.row, None) {
            Ok(BrokenRules { rejecting: Some(rule), .. }) => {
                let message = rule.message.map_or(String::new(), |message| format!(": {message}"));
                Err(Verdict::of("reject", format!("rule {}{message}", rule.name)))
            }
            Ok(broken) => {
                let must =
                    broken.must_change.iter().map(|rule| format!("rule {rule}: must change the password"));
                let warned = broken.warnings.iter().map(|rule| format!("rule {rule}: a warning"));
                Ok(must.chain(warned).collect())
            }
            Err(Unjudged { rule, error }) => Err(fail(&format!("rule {}", rule.unwrap_or_default()), error)),
        }
    }

    fn fields(&self, person: &Person, adopting: Option<&User>) -> Step<Vec<Field>> {
        let previewed = self.source.transfer.preview(&self.target, person.row, adopting);
        previewed.map_err(|(column, error)| fail(&format!("column {column}"), error))
    }

    fn blocked(&self, fields: &[Field], adopting: Option<&User>) -> Option<String> {
        let row = object(fields.iter().cloned(), Value::String).to_string();
        let is_blocked = adopting.is_none() && matches!(self.target.would_allow(&row), Ok(Some(false)));
        is_blocked.then(|| "the new user is not allowed to log in".to_string())
    }

    fn broken(&self, row: Datum) -> Vec<String> {
        if let Some(error) = &self.forbidden {
            return vec![failed("run_as may not insert into the users table", error)];
        }
        match self.constraints.judge(&[row], &self.target).pop() {
            Some(Ok(Judged { broken, .. })) => broken.iter().map(told).collect(),
            Some(Err(error)) => vec![failed("column or constraint", &error)],
            None => Vec::new(),
        }
    }
}

fn nobody(action: &'static str, problem: String) -> Previewed {
    Previewed { key: None, login: None, action, row: None, problem: Some(problem) }
}

fn told(broken: &Broken) -> String {
    format!("{}: {}", broken.title(), broken.sqlstate)
}

fn fail(what: &str, error: SqlError) -> Verdict {
    if must_reach_caller(&error) {
        error.raise();
    }
    Verdict::of("fail", failed(what, &error))
}

/// Codes and names only: messages quote rows.
fn failed(what: &str, error: &SqlError) -> String {
    let constraint = error.constraint().map_or(String::new(), |name| format!(", constraint {name}"));
    format!("{what}: {}{constraint}", error.sqlstate())
}
