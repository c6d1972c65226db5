//! What the catalogues say of the users table.

use crate::catalog;
use crate::spi::identity;
use crate::spi::plan::{self, Arg};
use crate::spi::types::{LONG, TEXT};
use crate::target::Target;
use serde::Deserialize;

/// The document of `ferry._shape`.
#[derive(Deserialize)]
pub(super) struct Shape {
    pub(super) columns: Vec<Column>,
    pub(super) checks: Vec<Check>,
    pub(super) uniques: Vec<Unique>,
    pub(super) parents: Vec<Parent>,
    pub(super) on_insert: Event,
    pub(super) on_update: Event,
}

/// What else there is on the table when a row is written.
#[derive(Default, Deserialize)]
pub(super) struct Event {
    /// A trigger that is called before the row is written, and may change it.
    pub(super) has_before_trigger: bool,
    pub(super) unforeseen: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its own word, or that of a domain.
    pub(super) not_null: bool,
    /// The type under its domains.
    pub(super) base_type: String,
    /// An identity, or of a default that is computed: only an INSERT makes the value.
    pub(super) is_made: bool,
    pub(super) default: Option<String>,
    /// What it is generated from, and the columns that this reads.
    pub(super) generated: Option<String>,
    pub(super) reads: Vec<String>,
}

impl Column {
    /// What it gets without a mapping; null stands for what is not known before, whatever a domain says of null.
    pub(super) fn unmapped(&self) -> String {
        let known = self.default.clone().filter(|_| !self.is_made);
        known.unwrap_or_else(|| format!("NULL::{}", self.base_type))
    }
}

#[derive(Deserialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) columns: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Unique {
    pub(super) name: String,
    pub(super) predicate: Option<String>,
    pub(super) is_exclusion: bool,
    pub(super) is_deferred: bool,
    pub(super) nulls_are_equal: bool,
    pub(super) columns: Option<Vec<String>>,
    pub(super) keys: Option<Vec<IndexKey>>,
}

#[derive(Deserialize)]
pub(super) struct IndexKey {
    pub(super) expression: String,
    pub(super) equals: String,
    /// Equal values have equal hashes of 64 bits.
    pub(super) has_hash: bool,
    /// citext, which has no such hash before version 1.6.
    pub(super) ignores_case: bool,
}

#[derive(Deserialize)]
pub(super) struct Parent {
    pub(super) name: String,
    pub(super) relation: String,
    pub(super) is_deferred: bool,
    pub(super) columns: Vec<String>,
    pub(super) keys: Vec<ParentKey>,
}

#[derive(Deserialize)]
pub(super) struct ParentKey {
    pub(super) column: String,
    pub(super) equals: String,
}

/// Where the document cannot be read, nothing is foreseen.
pub(super) fn read(target: &Target) -> Shape {
    let oid = catalog::relation_oid(&target.relation.title).ok().flatten();
    let number = oid.map_or(0, |oid| i64::from(oid.to_u32()));
    let (sql, role) = ("SELECT ferry._shape($1::oid, $2)", target.actor.role_name.as_str());
    let document =
        identity::as_ferry(|| plan::query(sql, &[LONG, TEXT], &[Arg::Long(number), Arg::Text(role)]));
    let text = plan::first(document).unwrap_or_default();
    let unforeseen =
        || Event { unforeseen: vec!["the constraints of the users table".to_string()], ..Event::default() };
    serde_json::from_str(&text).unwrap_or_else(|_| Shape {
        columns: Vec::new(),
        checks: Vec::new(),
        uniques: Vec::new(),
        parents: Vec::new(),
        on_insert: unforeseen(),
        on_update: unforeseen(),
    })
}
