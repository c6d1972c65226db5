//! What `ferry.check_config` finds although the config opens: what would fail at a login, or cost too much. The catalogues
//! say most of it in SQL (`ferry._lint`); here is what takes config to be planned, or a hash to be made.

pub(crate) mod index;

use crate::check::Finding;
use crate::config::SourceRow;
use crate::error::is_forbidden;
use crate::guc;
use crate::pepper;
use crate::secret::Password;
use crate::source::{Source, Unpushed, forbidden_functions};
use crate::spi::guard::SqlError;
use crate::spi::identity;
use crate::spi::parse::quote_literal;
use crate::spi::plan::{self, Arg, Row};
use crate::spi::types::{TEXT, TEXTS};
use crate::target::Target;
use std::ops::ControlFlow;

pub(crate) fn target(target: &Target) -> Vec<Finding> {
    let object = format!("target {}", target.row.name);
    let is_bounded = over_bounds(target);
    let too_short = if is_bounded.is_none() { too_short(target) } else { None };
    let text = format!(
        "{} {}",
        target.row.login_columns.join(" "),
        target.row.allowed.as_deref().unwrap_or_default()
    );
    let forbidden = target.may_run().err().and_then(|error| forbidden(&object, &text, target, &error));
    let told = [is_bounded, too_short].into_iter().flatten();
    let told = told.map(|(problem, hint)| Finding {
        object: object.clone(),
        severity: "error",
        problem,
        hint: Some(hint),
    });
    told.chain(forbidden).chain(index::of_target(target)).collect()
}

/// A source without its mappings and rules.
pub(crate) fn source(source: &Source, object: &str, target: &Target) -> Vec<Finding> {
    let row = &source.row;
    let texts = [
        Some(&row.hash),
        row.salt.as_ref(),
        row.hash_login.as_ref(),
        row.filter.as_ref(),
        row.scope.as_ref(),
        row.last_seen.as_ref(),
        row.value.as_ref(),
        row.contact.as_ref(),
    ];
    let texts = texts.into_iter().flatten().chain([&row.key_column]).chain(&row.login_columns);
    let text: String = texts.map(|text| format!("{text}\n")).collect();
    let forbidden = source.may_run().err().and_then(|error| forbidden(object, &text, target, &error));
    let unpushed = source.unpushed().into_iter().map(|found| unpushed(object, &found));
    forbidden.into_iter().chain(unpushed).chain(index::of_source(source)).collect()
}

/// Of a source that is retired nothing is used any more but its pepper: with it those log in who were imported.
pub(crate) fn retired(row: &SourceRow) -> Option<Finding> {
    let name = row.pepper.as_ref().filter(|_| row.retired.is_some())?;
    let refusal = pepper::named(name).err()?;
    let (cure, source) = (refusal.hint_text().unwrap_or_default(), quote_literal(&row.name));
    Some(Finding {
        object: format!("source {}", row.name),
        severity: "error",
        problem: format!("pepper: {}, so nobody imported with it can log in", refusal.message()),
        hint: Some(format!(
            "{cure} If nobody needs it any more: UPDATE ferry.source SET pepper = NULL WHERE name = {source};"
        )),
    })
}

/// One mapping, rule or child; what is wrong with its source alone was told already.
pub(crate) fn part(source: &Source, object: &str, target: &Target, told: &[Finding]) -> Vec<Finding> {
    if told.iter().any(|finding| finding.severity == "error") {
        return Vec::new();
    }
    let text = source.config_text();
    let forbidden = source.may_run().err().and_then(|error| forbidden(object, &text, target, &error));
    let unfilled = source.children.tables().flat_map(|(table, filled)| unfilled(object, table, &filled));
    forbidden.into_iter().chain(unfilled).collect()
}

/// Columns of a child table that no row could be written without.
fn unfilled(object: &str, table: &str, filled: &[Option<String>]) -> Vec<Finding> {
    let sql = "SELECT problem, mend FROM ferry._unfilled($1, $2)";
    let arguments = [Arg::Text(table), Arg::Texts(filled)];
    let rows = identity::as_ferry(|| plan::query(sql, &[TEXT, TEXTS], &arguments));
    let finding = |row: Row| {
        let mut fields = row.into_iter().map(Option::unwrap_or_default);
        Some(Finding {
            object: object.to_string(),
            severity: "error",
            problem: fields.next()?,
            hint: Some(format!("Let rows return it, or{}", fields.next()?)),
        })
    };
    rows.into_iter().filter_map(finding).collect()
}

/// A source with all its parts.
pub(crate) fn whole(source: &Source, object: String) -> Option<Finding> {
    let column = source.row.unmapped.as_ref().filter(|_| source.transfer.keeps_nothing)?;
    Some(Finding {
        object,
        severity: "warning",
        problem: format!(
            "unmapped: every legacy column is read by another expression, so nothing is left for {column}"
        ),
        hint: Some(
            "Set unmapped to null, or name columns instead of the whole row in the other expressions."
                .to_string(),
        ),
    })
}

/// New hashes cost more than the settings allow: nobody can be moved.
fn over_bounds(target: &Target) -> Option<(String, String)> {
    let stop = &mut || ControlFlow::Break(());
    match target.policy.hash(b"any", &guc::limits(), stop) {
        Err(legacy_hash::Error::OverLimit(limit)) => Some((
            format!("hash_policy {} exceeds the limit on {limit}: no hash can be made", target.policy),
            format!("Raise the setting ferry.max_… on {limit}, or choose a cheaper hash_policy."),
        )),
        _ => None,
    }
}

/// Only columns of a stated length are looked at: it takes a hash to know how long one is.
fn too_short(target: &Target) -> Option<(String, String)> {
    let column = target.relation.column(&target.row.hash_column)?;
    let has = column.width()?;
    let needs = target.hash(&Password::new(b"any".to_vec())).ok()?.chars().count();
    (has < needs).then(|| {
        let (table, name) = (&target.relation.title, identity::quoted(&column.name));
        (
            format!(
                "hash column {name} of {table} holds {has} characters, a hash of hash_policy has {needs}"
            ),
            format!("ALTER TABLE {table} ALTER {name} TYPE text;"),
        )
    })
}

fn unpushed(object: &str, found: &Unpushed) -> Finding {
    let (problem, hint) = match found {
        Unpushed::Login(login) => (
            format!(
                "the look-up by {login} is not sent to the foreign server: each login fetches the whole table"
            ),
            "Look logins up in a column as it is, or by built-in functions under the collation of the far end; list an extension in \
             the server's option extensions if it has the function there too.",
        ),
        Unpushed::Filter => (
            "the filter is not sent to the foreign server: it is applied to what was fetched".to_string(),
            "Write it with built-in functions and operators that are IMMUTABLE, or put it into a view at the far end.",
        ),
    };
    Finding { object: object.to_string(), severity: "warning", problem, hint: Some(hint.to_string()) }
}

fn forbidden(object: &str, text: &str, target: &Target, error: &SqlError) -> Option<Finding> {
    if !is_forbidden(error) {
        return None;
    }
    let role = identity::quoted(&target.actor.role_name);
    let functions = forbidden_functions(&target.actor.role_name, text);
    let hint = match functions.is_empty() {
        true => format!("Grant role {role} what the expression needs."),
        false => format!("GRANT EXECUTE ON FUNCTION {} TO {role};", functions.join(", ")),
    };
    let problem = format!("role \"{}\" of run_as: {}", target.actor.role_name, error.message());
    Some(Finding { object: object.to_string(), severity: "error", problem, hint: Some(hint) })
}
