//! `ferry.preview`: the first rows of a source, as a login with the right password would write them. It is the code of the
//! login that looks, judges and maps; only the writing is left out.

use crate::adopt::{self, Match, Matched, Untied};
use crate::census::{self, Opens};
use crate::config;
use crate::constraint::{Broken, Changed, Constraints, Foreseen, Judged};
use crate::error::{OrRaise, Refusal, must_reach_caller};
use crate::link;
use crate::login::Login;
use crate::mapping::Field;
use crate::review::Ruling;
use crate::rule::{Broken as BrokenRules, Unjudged};
use crate::secret::Password;
use crate::source::{Described, Order, Person, Secrecy, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::plan::View;
use crate::target::{Found, Target, User};
use serde_json::Value;
use std::cell::OnceCell;
use std::rc::Rc;

/// More rows than this are for `assess`: a preview is to be read.
const MAX_ROWS: i32 = 1000;

/// What `adopt` says of a user who is here.
const UNTIED: &str = "whom adopt does not let be tied";

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
    let (secrecy, may_be_changed) = (source.secrecy(), config::rows().may_change_rows(&source.row));
    let changed = OnceCell::new();
    let preview = Preview { source, target, constraints, changed, secrecy, may_be_changed, forbidden };
    let described = preview.source.surveyor().describe(&rows, preview.source.actor());
    Ok(described.into_iter().map(|described| preview.row(described)).collect())
}

struct Preview {
    source: Rc<Source>,
    target: Rc<Target>,
    constraints: Constraints,
    /// Of users who are here, once there is one.
    changed: OnceCell<Changed>,
    secrecy: Secrecy,
    /// By a hook: then nothing is known of constraints.
    may_be_changed: bool,
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
        let owner = self.owner(login)?;
        let format = self.format(person)?;
        let mut problems = format.1;
        if self.source.logins(person).next().is_some_and(|stored| !stored.is_found) {
            problems.push("the login is found only as it is stored".to_string());
        }
        problems.extend(self.rules(person)?);
        let adopting = self.adopting(person, owner)?;
        let fields = self.fields(person, adopting.as_ref())?;
        let fate = match &adopting {
            None => self.inserted(person, &fields),
            Some(user) => self.adopted(person, user),
        };
        let hash = (self.target.row.hash_column.clone(), Some(format.0));
        let row = self.secrecy.row(fields.into_iter().chain([hash]), person);
        let action = match (fate.is_refused, &adopting) {
            (true, _) => "fail",
            (false, None) => "insert",
            (false, Some(_)) => "adopt",
        };
        problems.extend(fate.problems);
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

    /// The user whom the target has under the login, if the sources are asked all the same.
    fn owner(&self, login: &Login) -> Step<Option<User>> {
        let user = match self.target.find_by_login(login, View::Transaction) {
            Ok(Found::Nobody) => return Ok(None),
            Ok(Found::One(user)) => user,
            Ok(Found::Several) => {
                return Err(Verdict::of("refuse", "several users have this login in the users table"));
            }
            Err(error) => return Err(fail("login_columns", error)),
        };
        let link = link::of_user(&self.target.row.name, &user.id, user.hash.as_deref());
        if let Some(link) = link {
            let who = format!(
                "the login is that of user {}, who was moved from {} of source {}",
                user.id, link.legacy_key, link.source
            );
            return Err(Verdict::of("refuse", who));
        }
        if self.target.asks_sources_about(&user) {
            return Ok(Some(user));
        }
        Err(Verdict::of("refuse", format!("the login is that of user {}, {UNTIED}", user.id)))
    }

    /// The user to whom the legacy user is tied, if any: who has the login, or is found by `lookup`.
    fn adopting(&self, person: &Person, owner: Option<User>) -> Step<Option<User>> {
        let (source, target) = (&*self.source, &*self.target);
        let (user, entry) = match owner {
            Some(user) => (user, None),
            None => {
                match adopt::look_up(source, target, person).map_err(|error| fail("lookup", error))?.found {
                    Matched::Nobody => return Ok(None),
                    Matched::One(user, entry) => (user, Some(entry)),
                    Matched::Several(entry) => {
                        let entry = target.entry(entry);
                        return Err(Verdict::of(
                            "refuse",
                            format!("several users are here with the same {entry}"),
                        ));
                    }
                }
            }
        };
        let doubt = match entry {
            None => adopt::doubt_of_login(source, target, person, &user),
            Some(entry) => {
                let is_tied = link::of_user(&target.row.name, &user.id, None).is_some();
                adopt::doubt_of_lookup(source, target, person, &user, entry, is_tied)
            }
        };
        let doubt = doubt.map_err(|error| fail("verified", error))?;
        let (found_by, who) = match entry.map(|entry| target.entry(entry)) {
            None => ("login".to_string(), format!("the login is that of user {},", user.id)),
            Some(entry) => (entry.to_string(), format!("user {} is here with the same {entry}:", user.id)),
        };
        let ends = |what: &str| Err(Verdict::of("refuse", format!("{who} {what}")));
        match adopt::rule_on(source, target, person, &Match { user: &user, found_by, doubt }) {
            Ok(Ruling::Insert) => Ok(None),
            Ok(_) if !user.is_allowed => ends("who is not allowed to log in"),
            Ok(_) => Ok(Some(user)),
            Err(Untied::Exists) => ends(UNTIED),
            Err(Untied::InDoubt(doubt)) => ends(&format!("to be reviewed ({doubt})")),
            Err(Untied::Refused) => ends("whom somebody has decided in ferry.review not to tie"),
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

    fn inserted(&self, person: &Person, fields: &[Field]) -> Fate {
        let mut fate = Fate::default();
        if matches!(self.target.would_allow(fields), Ok(Some(false))) {
            fate.problems.push("the new user is not allowed to log in".to_string());
        }
        if let Some(error) = &self.forbidden {
            fate.problems.push(failed("run_as may not insert into the users table", error));
            fate.is_refused = true;
        } else if !self.may_be_changed {
            let judged = self.constraints.judge(&[person.row], &self.target).pop();
            let broken = judged.unwrap_or(Ok(Judged::default())).map(|judged| judged.broken);
            fate.add(broken, self.constraints.may_be_mended);
        }
        fate
    }

    fn adopted(&self, person: &Person, user: &User) -> Fate {
        let mut fate = Fate::default();
        if self.may_be_changed {
            return fate;
        }
        let changed = self.changed.get_or_init(|| self.constraints.of_adopted(&self.source, &self.target));
        let judged = changed.judge(person.row, user, &self.target);
        if matches!(judged, Ok(Foreseen { is_allowed: Some(false), .. })) {
            fate.problems.push("the user is not allowed to log in then".to_string());
        }
        fate.add(judged.map(|judged| judged.broken), changed.may_be_mended);
        fate
    }
}

/// What the users table would make of a row.
#[derive(Default)]
struct Fate {
    problems: Vec<String>,
    is_refused: bool,
}

impl Fate {
    fn add(&mut self, broken: Result<Vec<Broken>, SqlError>, may_be_mended: bool) {
        let problems = match broken {
            Ok(broken) => broken.iter().map(told).collect(),
            Err(error) => vec![failed("column or constraint", &error)],
        };
        self.is_refused = !problems.is_empty() && !may_be_mended;
        let mended = if may_be_mended { ", unless a trigger changes the row" } else { "" };
        self.problems.extend(problems.into_iter().map(|problem| problem + mended));
    }
}

fn nobody(action: &'static str, problem: String) -> Previewed {
    Previewed { key: None, login: None, action, row: None, problem: Some(problem) }
}

fn told(broken: &Broken) -> String {
    let at_commit = if broken.is_deferred { " at COMMIT" } else { "" };
    format!("{}: {}{at_commit}", broken.title(), broken.sqlstate)
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
