//! What a legacy user must satisfy: the rules of one source, asked after the password was found right.

use crate::batch::Batch;
use crate::catalog::Relation;
use crate::config::{RuleRow, Severity};
use crate::config_sql::{self, Scope};
use crate::error::{Kind, Refusal, must_reach_caller};
use crate::secret::{Facts, Password};
use crate::spi::guard::SqlError;
use crate::spi::identity::Reach;
use crate::spi::plan::{Arg, Plan, Planning, Value};
use crate::spi::types::{LONG, Oid, TEXT};
use crate::sql::{Expression, list};
use crate::target::Target;
use std::cell::OnceCell;
use std::slice;

/// One rule.
struct Rule {
    row: RuleRow,
    expression: Expression,
    /// It is about the password too, so it can't be asked where there is none.
    is_about_password: bool,
}

/// The rules of one source.
pub(crate) struct Rules {
    rules: Vec<Rule>,
    scope: Scope,
    row_type: Oid,
    plan: OnceCell<Plan>,
}

/// The rules that a legacy user breaks, by severity. The first that rejects is enough.
#[derive(Default)]
pub(crate) struct Broken {
    pub(crate) rejecting: Option<RuleRow>,
    pub(crate) must_change: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// Whom rules are asked about: a legacy row, and what they are told of the password, as far as there is one.
struct Whom<'a> {
    target: &'a Target,
    row: Arg<'a>,
    password: Option<Facts>,
}

/// A legacy user whom the rules can't be asked about, and the rule that is to blame.
pub(crate) struct Unjudged {
    pub(crate) rule: Option<String>,
    pub(crate) error: SqlError,
}

impl Broken {
    /// Whether none is broken at all.
    pub(crate) fn is_nothing(&self) -> bool {
        self.rejecting.is_none() && !self.is_noteworthy()
    }

    pub(crate) fn is_noteworthy(&self) -> bool {
        !self.must_change.is_empty() || !self.warnings.is_empty()
    }
}

impl Rules {
    /// Checks each rule: that it is one condition over the legacy row and what is known of the password.
    pub(crate) fn open(
        source: &str,
        rows: Vec<RuleRow>,
        from: &Relation,
        target: &Target,
    ) -> Result<Rules, Refusal> {
        let rules = rows.into_iter().map(|row| open_rule(source, row, from, target));
        Ok(Rules {
            rules: rules.collect::<Result<_, _>>()?,
            scope: Scope::of_row_and_password(from.row_type),
            row_type: from.row_type,
            plan: OnceCell::new(),
        })
    }

    /// Those that are about a password alone and keep nobody out: they need no legacy row, nor a source that can be asked.
    pub(crate) fn of_password(rows: Vec<RuleRow>, target: &Target) -> Rules {
        let rows = rows.into_iter().filter(|row| row.severity != Severity::Reject);
        Rules {
            rules: rows.filter_map(|row| password_rule(row, target)).collect(),
            scope: Scope::of_password(),
            row_type: TEXT,
            plan: OnceCell::new(),
        }
    }

    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.rules.iter().map(|rule| &rule.expression)
    }

    /// Which rules a legacy user breaks. Without a password, those about it are not asked. What is not true, null
    /// included, is broken.
    pub(crate) fn judge(
        &self,
        target: &Target,
        row: Value,
        password: Option<&Password>,
    ) -> Result<Broken, Unjudged> {
        self.ask(&Whom { target, row: Arg::Value(row), password: password.map(Password::facts) })
    }

    /// The same of [`Rules::of_password`].
    pub(crate) fn judge_password(&self, target: &Target, password: &Password) -> Result<Broken, Unjudged> {
        self.ask(&Whom { target, row: Arg::Null, password: Some(password.facts()) })
    }

    fn ask(&self, whom: &Whom<'_>) -> Result<Broken, Unjudged> {
        if self.rules.is_empty() {
            return Ok(Broken::default());
        }
        let satisfied = self.try_ask(&self.rules, &self.plan, whom).map_err(|error| {
            // PostgreSQL does not say which one failed: each is evaluated alone.
            let mut rules = self.rules.iter().filter(|_| !must_reach_caller(&error));
            let fails = |rule| self.try_ask(slice::from_ref(rule), &OnceCell::new(), whom).is_err();
            let failing = rules.find(|rule| fails(*rule));
            Unjudged { rule: failing.map(|rule| rule.row.name.clone()), error }
        })?;
        Ok(self.broken(satisfied.into_iter(), whom.password.is_some()))
    }

    /// Which of some rules somebody satisfies.
    fn try_ask(&self, rules: &[Rule], plan: &OnceCell<Plan>, whom: &Whom<'_>) -> Result<Vec<bool>, SqlError> {
        let values = whom.target.actor.attempt(Reach::Evaluate, || {
            let plan = plan.get_or_init(|| {
                let expressions = list(rules.iter().map(|rule| &rule.expression));
                let sql = format!("SELECT {expressions} {}", self.scope.from);
                Plan::prepare(&sql, &[self.row_type, LONG, TEXT, TEXT], Planning::Auto)
            });
            let (length, sha1, sha256) = match &whom.password {
                Some(facts) => (Arg::Long(facts.length), Arg::Text(&facts.sha1), Arg::Text(&facts.sha256)),
                None => (Arg::Null, Arg::Null, Arg::Null),
            };
            plan.rows(&[whom.row, length, sha1, sha256])
        })?;
        Ok(values.into_iter().flatten().map(|value| value.as_deref() == Some("t")).collect())
    }

    pub(crate) fn broken(&self, satisfied: impl Iterator<Item = bool>, has_password: bool) -> Broken {
        let asked = self.rules.iter().zip(satisfied);
        sum_up(asked.filter(|(rule, _)| has_password || !rule.is_about_password))
    }

    /// The rules that can be asked without a password, and those that cannot.
    pub(crate) fn by_need(&self) -> (Vec<&RuleRow>, Vec<&RuleRow>) {
        let (with, without): (Vec<&Rule>, Vec<&Rule>) =
            self.rules.iter().partition(|rule| rule.is_about_password);
        (without.iter().map(|rule| &rule.row).collect(), with.iter().map(|rule| &rule.row).collect())
    }

    /// The first of [`Rules::by_need`] over many rows; `None` where there are none.
    pub(crate) fn batch(&self) -> Option<Batch> {
        let asked: Vec<&Expression> =
            self.rules.iter().filter(|rule| !rule.is_about_password).map(|rule| &rule.expression).collect();
        let from = Scope::of_rows(self.row_type, "l").from + &config_sql::unknown_password();
        let is_any = !asked.is_empty();
        is_any.then(|| Batch::new(format!("SELECT {} {from}", list(asked)), self.row_type))
    }
}

fn sum_up<'a>(asked: impl Iterator<Item = (&'a Rule, bool)>) -> Broken {
    let mut broken = Broken::default();
    for (rule, _) in asked.filter(|(_, is_satisfied)| !is_satisfied) {
        match rule.row.severity {
            Severity::Reject => broken.rejecting = broken.rejecting.or_else(|| Some(rule.row.clone())),
            Severity::MustChange => broken.must_change.push(rule.row.name.clone()),
            Severity::Warn => broken.warnings.push(rule.row.name.clone()),
        }
    }
    broken
}

fn open_rule(source: &str, row: RuleRow, from: &Relation, target: &Target) -> Result<Rule, Refusal> {
    let place = format!("rule {source}.{}", row.name);
    let scope = Scope::of_row_and_password(from.row_type);
    let expression = config_sql::condition(&row.expression, &place, &scope, &target.actor)?;
    let fits = |scope| config_sql::condition(&row.expression, &place, &scope, &target.actor).is_ok();
    let is_about_password = !fits(Scope::of_row(from.row_type, "l"));
    if row.severity == Severity::MustChange && target.row.must_change.is_none() {
        return Err(Refusal::new(
            Kind::Invalid,
            format!("{place}, severity: target {} has no must_change column", target.row.name),
        )
        .hint("Name a boolean column of the users table in must_change of ferry.target, or use another severity."));
    }
    Ok(Rule { row, expression, is_about_password })
}

/// A rule that is a condition over a password, and neither over a legacy row nor over nothing.
fn password_rule(row: RuleRow, target: &Target) -> Option<Rule> {
    let place = format!("rule {}.{}", row.source, row.name);
    let over = |scope| config_sql::condition(&row.expression, &place, &scope, &target.actor);
    let expression = over(Scope::of_password()).ok()?;
    let is_about_password = over(Scope::of_nothing()).is_err();
    is_about_password.then_some(Rule { row, expression, is_about_password })
}
