//! A source that is a relation here: a foreign table, a table or a view.

use super::MAX_CANDIDATES;
use crate::catalog::{self, Actor, Column, Relation};
use crate::config_sql::{self, Lookup};
use crate::error::{Kind, Refusal};
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::parse;
use crate::spi::plan::{self, Arg, Plan, Planning, Value};
use crate::spi::types;
use crate::sql::{Expression, Ident, Name, list};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub(super) struct Store {
    /// Everything but the condition.
    select: String,
    /// The SELECT list of a row: its columns, or NULL for those that nobody reads and that may be null.
    pub(super) fields: String,
    /// ` AND` and the filter, or nothing.
    pub(super) filter: String,
    name: Name,
    columns: Vec<Ident>,
    /// The columns that nothing reads.
    pub(super) unread: Vec<String>,
    /// By condition: there is one per login column, and one for the key.
    plans: RefCell<HashMap<String, Rc<Plan>>>,
}

impl Store {
    /// `reads` is a SELECT list of all that will be asked of a row: only the columns that it names
    /// are fetched, the others of the row are null.
    pub(super) fn open(
        relation: &Relation,
        reads: String,
        filter: Option<&Expression>,
        actor: &Actor,
        place: &str,
    ) -> Result<Store, Refusal> {
        let sql = format!("SELECT {reads} FROM {} AS l{}", relation.name, config_sql::unknown_password());
        let needed = actor.attempt(Reach::Evaluate, || parse::analyse(&sql).columns).map_err(|error| {
            Refusal::in_config(place, error).or_hint("ferry.check_config() tells each piece by itself.")
        })?;
        let is_whole = needed.contains(&0);
        let is_read = |column: &Column| is_whole || needed.contains(&column.number);
        let is_fetched = |column: &Column| is_read(column) || refuses_null(column, actor);
        let (fetched, left_out): (Vec<_>, Vec<_>) = relation.columns.iter().partition(|c| is_fetched(c));
        check_readable(relation, &left_out, actor, place)?;
        let fields = list(relation.columns.iter().map(|column| {
            let is_fetched = fetched.iter().any(|fetched| fetched.number == column.number);
            if is_fetched { format!("l.{}", Ident(column.name.clone())) } else { "NULL".to_string() }
        }));
        let unread = relation.columns.iter().filter(|column| !is_read(column));
        let unread = unread.map(|column| column.name.clone()).collect();
        Ok(Store {
            unread,
            select: format!("SELECT ROW({fields})::{0} FROM {0} AS l", relation.name),
            fields,
            name: relation.name.clone(),
            columns: relation.columns.iter().map(|column| Ident(column.name.clone())).collect(),
            filter: filter.map_or(String::new(), |filter| format!(" AND {filter}")),
            plans: RefCell::default(),
        })
    }

    /// All columns of [`Store::fenced`].
    pub(super) fn all_fields(&self) -> String {
        list(self.columns.iter().map(|column| format!("l.{column}")))
    }

    /// The relation as an item of FROM into which no condition or order from outside is pushed.
    pub(super) fn fenced(&self) -> String {
        format!(
            "(SELECT (r.l).* FROM (SELECT ROW({})::{} AS l FROM {} AS l WHERE true{} OFFSET 0) AS r) AS l",
            self.fields, self.name, self.name, self.filter
        )
    }

    /// The rows with that value. It is planned anew each time, so that a foreign data wrapper which
    /// pushes only constants down still does.
    pub(super) fn fetch(&self, lookup: &Lookup, text: &str, actor: &Actor) -> Result<Vec<Value>, SqlError> {
        let Some(value) = types::cast(text, &lookup.key) else { return Ok(Vec::new()) };
        actor.attempt(Reach::Evaluate, || {
            let plan = self.plan(lookup);
            plan.values(&[Arg::Value(value)])
        })
    }

    /// The statement that reads all rows that may be moved, or the first `limit` by `order`.
    pub(super) fn select_all(&self, order: Option<&Lookup>, limit: Option<i64>) -> String {
        let order = order.map_or(String::new(), |key| format!(" ORDER BY {}", key.sql));
        let limit = limit.map_or(String::new(), |limit| format!(" LIMIT {limit}"));
        format!("{} WHERE true{}{order}{limit}", self.select, self.filter)
    }

    /// The statement of a login, without the filter or with it.
    pub(super) fn statements(&self, lookup: &Lookup) -> (String, Option<String>) {
        let with_filter = Some(&self.filter).filter(|filter| !filter.is_empty());
        (self.select_one(lookup, ""), with_filter.map(|filter| self.select_one(lookup, filter)))
    }

    fn select_one(&self, lookup: &Lookup, filter: &str) -> String {
        format!("{} WHERE {}{filter} LIMIT {}", self.select, lookup.is_parameter(), MAX_CANDIDATES + 1)
    }

    fn plan(&self, lookup: &Lookup) -> Rc<Plan> {
        let condition = lookup.is_parameter();
        if let Some(plan) = self.plans.borrow().get(&condition) {
            return Rc::clone(plan);
        }
        let sql = self.select_one(lookup, &self.filter);
        let plan = Rc::new(Plan::prepare(&sql, &[lookup.key.oid], Planning::Custom));
        self.plans.borrow_mut().insert(condition, Rc::clone(&plan));
        plan
    }
}

/// Whether there can be no row in which this column is null, for its type is a domain that takes none.
fn refuses_null(column: &Column, actor: &Actor) -> bool {
    if types::base_type(column.type_oid) == column.type_oid {
        return false;
    }
    let sql = format!("SELECT NULL::{}", types::type_name(column.type_oid));
    let asked = actor.attempt(Reach::Evaluate, || plan::query(&sql, &[], &[]));
    asked.is_err_and(|error| error.sqlstate().starts_with("23"))
}

/// A role may have been granted some columns only.
fn check_readable(
    relation: &Relation,
    left_out: &[&Column],
    actor: &Actor,
    place: &str,
) -> Result<(), Refusal> {
    let (role, title) = (&actor.role_name, &relation.title);
    let mut withheld = catalog::unreadable_columns(relation, role);
    withheld.retain(|name| left_out.iter().all(|column| column.name != *name));
    if withheld.is_empty() {
        return Ok(());
    }
    let columns = list(withheld.iter().map(|column| identity::quoted(column)));
    let message = format!("{place}: role \"{role}\" of run_as may not read {columns} of {title}");
    let hint = format!("GRANT SELECT ({columns}) ON {title} TO {};", identity::quoted(role));
    Err(Refusal::new(Kind::Privilege, message).hint(hint))
}
