//! Changing one user who is here. Runs with the rights of the actor and without a net: the caller has one.

use super::Target;
use crate::catalog::Column;
use crate::spi::identity::Reach;
use crate::spi::parse;
use crate::spi::plan::{self, Arg, Plan, Planning};
use crate::spi::types::{self, Oid, TEXT};
use crate::sql::{Ident, list};

impl Target {
    /// Makes a user change the password at the next chance.
    pub(crate) fn demand_change(&self, user_id: &str) {
        let Some(column) = &self.row.must_change else { return };
        let column = Ident(column.clone());
        let sql = format!(
            "UPDATE {} AS u SET {column} = true WHERE {}",
            self.relation.name,
            self.id.is_parameter()
        );
        self.write_one(&sql, user_id, &[]);
    }

    /// Deletes a user; tells how many users that were.
    pub(crate) fn delete(&self, user_id: &str) -> u64 {
        let sql = format!("DELETE FROM {} AS u WHERE {}", self.relation.name, self.id.is_parameter());
        self.write_one(&sql, user_id, &[])
    }

    /// Whether nothing keeps users from being seen: neither what a view says, nor a policy.
    pub(crate) fn sees_everybody(&self) -> bool {
        matches!(self.relation.kind, 'r' | 'p') && !self.may_hide_users()
    }

    /// Whether policies may keep users from being seen at all.
    pub(crate) fn may_hide_users(&self) -> bool {
        let sql = "SELECT pg_catalog.row_security_active($1::pg_catalog.regclass)";
        let name = self.relation.name.to_string();
        plan::is_true(self.actor.act(Reach::Evaluate, || plan::query(sql, &[TEXT], &[Arg::Text(&name)])))
    }

    /// Lets deferred constraints and triggers speak now, so that an error in one is that of the user just written and not
    /// of a whole COMMIT.
    pub(crate) fn check_deferred(&self) {
        self.actor.act(Reach::Write, || {
            for when in ["IMMEDIATE", "DEFERRED"] {
                plan::query(&format!("SET CONSTRAINTS ALL {when}"), &[], &[]);
            }
        });
    }

    /// Writes back what adopting a user has overwritten: those columns of what [`Target::columns_of`] has told. Tells how
    /// many users that were.
    pub(crate) fn restore(&self, user_id: &str, columns: &[&Column], replaced: Option<&str>) -> u64 {
        let sets = columns.iter().map(|column| {
            let (name, literal) = (Ident(column.name.clone()), parse::quote_literal(&column.name));
            // Of no length: what has become too long is refused by the assignment, where a cast would cut it.
            let type_name = types::type_name(types::base_type(column.type_oid));
            format!("{name} = ($2::pg_catalog.jsonb OPERATOR(pg_catalog.->>) {literal})::{type_name}")
        });
        let sql =
            format!("UPDATE {} AS u SET {} WHERE {}", self.relation.name, list(sets), self.id.is_parameter());
        self.write_one(&sql, user_id, &[Arg::from(replaced)])
    }

    /// Runs a statement about one user, whose id is `$1`; the other arguments are texts. Tells how many users that were.
    fn write_one(&self, sql: &str, user_id: &str, others: &[Arg<'_>]) -> u64 {
        let Some(id) = types::cast(user_id, &self.id.key) else { return 0 };
        let types: Vec<Oid> = [self.id.key.oid].into_iter().chain(others.iter().map(|_| TEXT)).collect();
        self.actor.act(Reach::Write, || {
            let plan = Plan::prepare(sql, &types, Planning::Auto);
            let arguments: Vec<Arg<'_>> =
                [Arg::Value(id)].into_iter().chain(others.iter().copied()).collect();
            plan.count(&arguments)
        })
    }
}
