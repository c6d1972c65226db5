//! Checking a row of `ferry.target` against the catalogues.

use crate::catalog::{self, Actor, Column, Relation};
use crate::config::TargetRow;
use crate::error::{Kind, Refusal};
use crate::spi::identity;
use crate::spi::types::{self, BOOL};
use legacy_hash::Policy;

pub(super) fn open_relation(name: &str, role: &str, place: &str) -> Result<Relation, Refusal> {
    let relation = catalog::relation_oid(name)
        .map_err(|error| Refusal::in_config(place, error).or_hint(catalog::NAME_WITH_SCHEMA))?
        .and_then(|oid| catalog::describe(oid, role))
        .ok_or_else(|| {
            Refusal::new(Kind::Relation, format!("{place}: relation \"{name}\" does not exist"))
                .hint("Create the users table first, and name it with its schema, such as public.users.")
        })?;
    check_kind(&relation, place).map(|()| relation)
}

/// Whether users can be written to it at all.
pub(crate) fn check_kind(relation: &Relation, place: &str) -> Result<(), Refusal> {
    if relation.takes_rows {
        return Ok(());
    }
    let (what, hint) = match relation.kind {
        'v' => {
            ("is a view that takes no rows", "Name the table under it, or give the view INSTEAD OF triggers.")
        }
        _ => (
            "is not a table of this database",
            "A target is a table, a partitioned table or an updatable view.",
        ),
    };
    Err(Refusal::new(Kind::Invalid, format!("{place}: {} {what}", relation.title)).hint(hint))
}

pub(super) fn open_policy(text: &str, place: &str) -> Result<Policy, Refusal> {
    Policy::parse(text).map_err(|error| {
        Refusal::new(Kind::Invalid, format!("{place}, hash_policy: \"{text}\": {error}"))
            .hint("For example argon2id, argon2id:m=19456,t=2,p=1 or bcrypt:cost=12; ferry.hash_format says what can be produced.")
    })
}

pub(super) fn open_actor(row: &TargetRow, role_name: String, place: &str) -> Result<Actor, Refusal> {
    let role = identity::role(&role_name).ok_or_else(|| {
        Refusal::new(Kind::Object, format!("{place}: role \"{role_name}\" of run_as does not exist"))
            .hint("Create the role, or name another in run_as.")
    })?;
    let search_path = row.search_path.clone().unwrap_or_default();
    Ok(Actor { role, role_name, search_path })
}

pub(super) fn check_columns(row: &TargetRow, relation: &Relation, place: &str) -> Result<(), Refusal> {
    let hash = writable_column(relation, &row.hash_column, &format!("{place}, hash_column"))?;
    let unfit = match types::key_type(hash.type_oid).filter(|key| key.is_text) {
        Some(key) if types::is_name(key.oid) => Some("cuts what is longer than 63 bytes"),
        Some(_) => None,
        None => Some("is not a text type"),
    };
    if let Some(unfit) = unfit {
        return Err(Refusal::new(
            Kind::Type,
            format!("{place}, hash_column: type {} {unfit}", hash.type_name),
        )
        .hint("Hashes are text of up to some 200 characters: use a column of type text."));
    }
    let Some(must_change) = &row.must_change else { return Ok(()) };
    let column = writable_column(relation, must_change, &format!("{place}, must_change"))?;
    if column.type_oid == BOOL {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::Type,
        format!(
            "{place}, must_change: column \"{must_change}\" is of type {}, not boolean",
            column.type_name
        ),
    )
    .hint("Name a boolean column, or leave must_change null."))
}

fn writable_column<'a>(relation: &'a Relation, name: &str, place: &str) -> Result<&'a Column, Refusal> {
    let column = relation.need_column(name, place)?;
    if !column.is_generated {
        return Ok(column);
    }
    Err(Refusal::new(Kind::Invalid, format!("{place}: column \"{name}\" is generated always"))
        .hint("Name a column that can be written."))
}
