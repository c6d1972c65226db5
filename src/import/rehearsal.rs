//! A dry run. Nobody is inserted: constraints are asked of the values, and what the rows before have taken is remembered in
//! `ferry._import_claim`. Users who are here are updated, and that is undone at once.

use super::set::Plain;
use crate::config::Adopt;
use crate::constraint::{Broken, Constraints, Judged};
use crate::error::{Kind, OrRaise, Refusal, must_reach_caller};
use crate::flow::{Decision, Flow, Why};
use crate::link;
use crate::login::Login;
use crate::outcome::{Answer, Outcome};
use crate::source::{Person, Source};
use crate::spi::guard::{self, SqlError};
use crate::spi::identity;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::types::{LONG, TEXTS};
use crate::target::{Target, User};
use std::collections::HashSet;
use std::rc::Rc;

/// What a dry run asks instead of writing.
pub(crate) struct Rehearsal {
    run: i64,
    constraints: Constraints,
    /// Why nobody at all can be inserted: a privilege that is missing.
    forbidden: Option<SqlError>,
}

impl Rehearsal {
    pub(super) fn open(run: i64, source: &Source, target: &Target) -> Rehearsal {
        Rehearsal {
            run,
            constraints: Constraints::open(source, target, String::new(), &target.logins_sql()),
            forbidden: source.transfer.may_insert(target).err(),
        }
    }

    /// Takes what may be there only once; tells whether all of it was free.
    fn claim(&self, claims: &[Option<String>]) -> bool {
        let sql = "INSERT INTO ferry._import_claim (run, claim) \
                   SELECT $1, sha256(convert_to(c, 'UTF8')) FROM unnest($2) AS c ON CONFLICT DO NOTHING";
        let taken = identity::as_ferry(|| {
            Plan::prepare(sql, &[LONG, TEXTS], Planning::Auto)
                .count(&[Arg::Long(self.run), Arg::Texts(claims)])
        });
        usize::try_from(taken).is_ok_and(|taken| taken == claims.len())
    }

    /// Which of some claims rows before have, by their places.
    fn claimed(&self, claims: &[Option<String>]) -> HashSet<usize> {
        let sql = "SELECT w.place FROM unnest($2) WITH ORDINALITY AS w (claim, place) \
                   JOIN ferry._import_claim c ON c.run = $1 AND c.claim = sha256(convert_to(w.claim, 'UTF8'))";
        let found = identity::as_ferry(|| {
            plan::query(sql, &[LONG, TEXTS], &[Arg::Long(self.run), Arg::Texts(claims)])
        });
        let places = found.into_iter().flatten().flatten();
        places.filter_map(|place| place.parse::<usize>().ok()?.checked_sub(1)).collect()
    }
}

/// What a row would have for itself alone: the keys of unique indexes.
fn key_claims(judged: &Judged) -> Vec<Option<String>> {
    judged.keys.iter().map(|(index, digest)| Some(format!("index {index} {digest}"))).collect()
}

/// What it would be found by: its logins in the users table.
fn login_claims(judged: &Judged) -> Vec<Option<String>> {
    let logins: HashSet<&String> = judged.also.iter().flatten().collect();
    logins.into_iter().map(|login| Some(login_claim(login))).collect()
}

fn login_claim(login: &str) -> String {
    format!("login {login}")
}

/// Whom it would be tied to.
fn user_claim(user: &User) -> Option<String> {
    Some(format!("user {}", user.id))
}

fn identity_claim(entry: usize, value: &str) -> String {
    format!("lookup {entry} {value}")
}

impl Flow<'_> {
    /// Which of some logins rows before have, by their places.
    pub(super) fn claimed_logins(&self, logins: &[Option<String>]) -> HashSet<usize> {
        let Some(rehearsal) = &self.rehearsal else { return HashSet::new() };
        let claims: Vec<Option<String>> =
            logins.iter().flatten().map(|login| Some(login_claim(login))).collect();
        rehearsal.claimed(&claims)
    }

    /// Whether a row before has one of the logins.
    pub(super) fn is_claimed(&self, logins: &[&Login]) -> bool {
        let spellings = logins.iter().flat_map(|login| login.spellings());
        !self.claimed_logins(&spellings.map(|login| Some(login.to_string())).collect::<Vec<_>>()).is_empty()
    }

    /// Whether a user is tied to a legacy user, or would be by now.
    pub(crate) fn is_tied(&self, user: &User) -> bool {
        let is_claimed = |rehearsal: &Rc<Rehearsal>| !rehearsal.claimed(&[user_claim(user)]).is_empty();
        link::of_user(&self.target.row.name, &user.id, None).is_some()
            || self.rehearsal.as_ref().is_some_and(is_claimed)
    }

    /// What inserting plain rows would come to; raises what a statement would.
    pub(super) fn rehearse_plain(&self, source: &Source, rows: Value, plain: &[&Plain<'_>]) {
        let Some(rehearsal) = &self.rehearsal else { return };
        if let Some(error) = &rehearsal.forbidden {
            unfit(&error.sqlstate());
        }
        let values = source.rows_at(rows, &plain.iter().map(|plain| plain.place()).collect::<Vec<_>>());
        let hashes: Vec<Option<String>> = plain.iter().map(|plain| Some(plain.hash().to_string())).collect();
        let judged = match rehearsal.constraints.judge_all(&values, &hashes, &self.target) {
            Ok(judged) => judged,
            Err(error) => error.raise(),
        };
        if let Some(broken) = judged.iter().find_map(|judged| judged.broken.first()) {
            unfit(broken.sqlstate);
        }
        if !rehearsal.claim(&judged.iter().flat_map(key_claims).collect::<Vec<_>>()) {
            unfit("23505");
        }
        rehearsal.claim(&judged.iter().flat_map(login_claims).collect::<Vec<_>>());
    }

    /// What writing one user would come to.
    pub(super) fn rehearse_move(
        &mut self,
        source: &Source,
        person: &Person,
        hash: &str,
        adopting: Option<&User>,
        identities: &[(usize, String)],
    ) -> Decision {
        let outcome = match adopting {
            Some(user) => self.rehearse_adoption(source, person, hash, user),
            None => self.rehearse_insert(source, person, hash, identities),
        };
        match outcome {
            Ok(()) => Decision::Answered(Answer::of(Outcome::Migrated)),
            Err(decision) => decision,
        }
    }

    fn rehearse_insert(
        &mut self,
        source: &Source,
        person: &Person,
        hash: &str,
        identities: &[(usize, String)],
    ) -> Result<(), Decision> {
        let claims: Vec<Option<String>> =
            identities.iter().map(|(entry, value)| Some(identity_claim(*entry, value))).collect();
        self.nobody_claims(source, identities, &claims)?;
        let children = self.fetch_children(source, person)?;
        let judged = self.judge_alone(source, person, hash)?;
        if let Err((child, error)) = source.children.preview(&self.target, None, &children) {
            let why = Why::of("child_failed").source(&source.row.name).error(&error);
            return Err(self.conclude(Outcome::Failed, why.with("child", &child)));
        }
        if let Some(rehearsal) = &self.rehearsal {
            rehearsal.claim(&[claims, key_claims(&judged), login_claims(&judged)].concat());
        }
        Ok(())
    }

    /// A row before may be the one whom `lookup` would find.
    fn nobody_claims(
        &mut self,
        source: &Source,
        identities: &[(usize, String)],
        claims: &[Option<String>],
    ) -> Result<(), Decision> {
        let claimed = self.rehearsal.as_ref().map(|rehearsal| rehearsal.claimed(claims)).unwrap_or_default();
        let Some((entry, _)) = claimed.into_iter().min().and_then(|place| identities.get(place)) else {
            return Ok(());
        };
        let reason =
            if matches!(self.target.row.adopt, Adopt::Refuse | Adopt::Locked) { "exists" } else { "review" };
        let why = Why::of(reason).source(&source.row.name).with("found_by", self.target.entry(*entry));
        Err(self.conclude(Outcome::Rejected, why))
    }

    /// What the users table would say of one row.
    fn judge_alone(&mut self, source: &Source, person: &Person, hash: &str) -> Result<Judged, Decision> {
        let Some(rehearsal) = self.rehearsal.clone() else { return Ok(Judged::default()) };
        if let Some(error) = &rehearsal.forbidden {
            return Err(self.unwritten(source, person, None, error));
        }
        let hashes = [Some(hash.to_string())];
        let judged = rehearsal.constraints.judge_with(&[person.row], &hashes, &self.target).pop();
        let judged = match judged {
            Some(Ok(judged)) => judged,
            Some(Err(error)) => return Err(self.unwritten(source, person, None, &error)),
            None => return Ok(Judged::default()),
        };
        let claimed = rehearsal.claimed(&key_claims(&judged)).into_iter().min();
        let claimed = claimed.and_then(|place| judged.keys.get(place)).map(|(index, _)| index.as_str());
        match first(&judged, claimed) {
            None => Ok(judged),
            Some((what, name, sqlstate)) => {
                let why = Why::of("write_failed").source(&source.row.name);
                Err(self.conclude(Outcome::Failed, why.with("sqlstate", sqlstate).with(what, name)))
            }
        }
    }

    /// Does it, and undoes it.
    fn rehearse_adoption(
        &mut self,
        source: &Source,
        person: &Person,
        hash: &str,
        user: &User,
    ) -> Result<(), Decision> {
        let children = self.fetch_children(source, person)?;
        let written = guard::attempt_if(
            |_| false,
            || {
                let written = source.transfer.adopt(&self.target, person.row, hash, user);
                written.map(|written| {
                    let is_stored = !self.target.has_altered(&written.user_id, hash);
                    source.children.write(&self.target, &written.user_id, &children);
                    self.target.check_deferred();
                    is_stored
                })
            },
        );
        match written {
            Ok(Some(true)) => {
                if let Some(rehearsal) = &self.rehearsal {
                    rehearsal.claim(&[user_claim(user)]);
                }
                Ok(())
            }
            Ok(Some(false)) => {
                Err(self.conclude(Outcome::Failed, Why::of("hash_altered").source(&source.row.name)))
            }
            Ok(None) => {
                Err(self.conclude(Outcome::Failed, Why::of("no_row_written").source(&source.row.name)))
            }
            Err(error) => match source.children.failing(&children).filter(|_| !must_reach_caller(&error)) {
                Some(child) => {
                    let why = Why::of("child_failed").source(&source.row.name).error(&error);
                    Err(self.conclude(Outcome::Failed, why.with("child", child)))
                }
                None => Err(self.unwritten(source, person, Some(user), &error)),
            },
        }
    }

    fn unwritten(
        &mut self,
        source: &Source,
        person: &Person,
        adopting: Option<&User>,
        error: &SqlError,
    ) -> Decision {
        let why = Why::of("write_failed").source(&source.row.name).error(error);
        let why = match source.transfer.preview(&self.target, person.row, adopting) {
            Err((column, _)) => why.with("column", &column),
            Ok(_) => why,
        };
        self.conclude(Outcome::Failed, why)
    }
}

/// The first thing that PostgreSQL would object to: `column` or `constraint`, its name and the SQLSTATE. `claimed` is the
/// first unique index in which a row before has the same key.
fn first<'a>(judged: &'a Judged, claimed: Option<&'a str>) -> Option<(&'static str, &'a str, &'static str)> {
    let told = |broken: &'a Broken| {
        let what = if broken.is_column { "column" } else { "constraint" };
        (what, broken.name.as_str(), broken.sqlstate)
    };
    let claimed = claimed.map(|index| ("constraint", index, "23505"));
    match judged.broken.first() {
        // Foreign keys are looked at after the indexes.
        Some(broken) if broken.sqlstate == "23503" => claimed.or(Some(told(broken))),
        Some(broken) => Some(told(broken)),
        None => claimed,
    }
}

/// As a statement would fail: the rows are then tried in smaller parts.
fn unfit(sqlstate: &str) -> ! {
    let refusal = Refusal::new(Kind::State, format!("the rows cannot be written (SQLSTATE {sqlstate})"));
    Err(refusal).or_raise()
}
