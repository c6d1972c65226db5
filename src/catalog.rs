//! What config names, found in the catalogues: relations, columns, functions, and what a role may do with them.

use crate::error::{Kind, Refusal};
use crate::spi::guard::{self, SqlError};
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg};
use crate::spi::types::{self, LONG, Oid, TEXT};
use crate::spi::watch;
use crate::sql::{Ident, Name, list};

/// The role and search path that a target's config SQL has.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(crate) role: Oid,
    pub(crate) role_name: String,
    pub(crate) search_path: String,
}

impl Actor {
    /// Runs `body` with this actor's rights, and tells an error in it from one of ours.
    pub(crate) fn attempt<T>(&self, reach: Reach, body: impl FnOnce() -> T) -> Result<T, SqlError> {
        guard::attempt(|| identity::act_as(self.role, &self.search_path, reach, body))
    }

    /// As [`Actor::attempt`], but nothing may be written, and what was done is undone.
    pub(crate) fn rehearse<T>(&self, body: impl FnOnce() -> T) -> Result<T, SqlError> {
        guard::rehearse(|| identity::act_as(self.role, &self.search_path, Reach::Evaluate, body))
    }

    /// Runs `body` with this actor's rights, without a net.
    pub(crate) fn act<T>(&self, reach: Reach, body: impl FnOnce() -> T) -> T {
        identity::act_as(self.role, &self.search_path, reach, body)
    }
}

/// A column of a relation.
#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) number: i16,
    pub(crate) name: String,
    pub(crate) type_oid: Oid,
    pub(crate) type_name: String,
    pub(crate) typmod: i32,
    /// Generated always: it cannot be written.
    pub(crate) is_generated: bool,
}

impl Column {
    /// How many characters it takes, where that is limited.
    pub(crate) fn width(&self) -> Option<usize> {
        // As PostgreSQL keeps the length of varchar(n) and char(n).
        usize::try_from(types::typmod_under(self.type_oid, self.typmod)).ok()?.checked_sub(4)
    }
}

/// A relation or composite type, and what the actor may do with it.
pub(crate) struct Relation {
    pub(crate) name: Name,
    /// Its schema-qualified name as people write it: quoted only where it must be.
    pub(crate) title: String,
    pub(crate) row_type: Oid,
    pub(crate) kind: char,
    pub(crate) owner: String,
    pub(crate) can_use_schema: bool,
    pub(crate) can_select: bool,
    pub(crate) can_write: bool,
    /// Rows can be inserted into it: a table, or a view that allows it.
    pub(crate) takes_rows: bool,
    pub(crate) can_insert: bool,
    pub(crate) can_delete: bool,
    pub(crate) columns: Vec<Column>,
}

/// The hint where a name cannot be looked up at all.
pub(crate) const NAME_WITH_SCHEMA: &str =
    "Name it with its schema, such as public.users; you need USAGE on the schema yourself.";

/// The relation of that name under the search path in force.
pub(crate) fn relation_oid(name: &str) -> Result<Option<Oid>, SqlError> {
    oid_by("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", name)
}

/// The row type of that name under the search path in force, as the oid of its relation.
pub(crate) fn row_type_relation_oid(name: &str) -> Result<Option<Oid>, SqlError> {
    const BY_TYPE: &str = "SELECT t.typrelid FROM pg_catalog.pg_type t \
         WHERE t.oid OPERATOR(pg_catalog.=) pg_catalog.to_regtype($1)::pg_catalog.oid \
         AND t.typtype OPERATOR(pg_catalog.=) 'c'";
    oid_by(BY_TYPE, name)
}

fn oid_by(sql: &str, name: &str) -> Result<Option<Oid>, SqlError> {
    let rows = guard::attempt(|| plan::query(sql, &[TEXT], &[Arg::Text(name)]))?;
    Ok(plan::first(rows).and_then(|oid| oid.parse::<u32>().ok()).map(Oid::from))
}

/// The function of exactly that signature, such as `app.audit(pg_catalog.jsonb)`.
pub(crate) fn function_oid(signature: &str) -> Result<Option<Oid>, SqlError> {
    oid_by("SELECT pg_catalog.to_regprocedure($1)::pg_catalog.oid", signature)
}

/// A function, and what the actor may do with it.
pub(crate) struct Function {
    pub(crate) oid: Oid,
    pub(crate) name: Name,
    /// Its schema-qualified name as people write it.
    pub(crate) title: String,
    /// What it is called with, as people write it.
    pub(crate) signature: String,
    pub(crate) result: Oid,
    /// A plain function: not an aggregate, a window function, a procedure, or one that returns a set.
    pub(crate) is_plain: bool,
    pub(crate) can_use_schema: bool,
    pub(crate) can_execute: bool,
}

/// Describes a function as `role` sees it.
pub(crate) fn describe_function(oid: Oid, role: &str) -> Option<Function> {
    let number = i64::from(oid.to_u32());
    let rows = identity::as_ferry(|| {
        let what = "SELECT * FROM ferry._function($1::oid, $2)";
        plan::query(what, &[LONG, TEXT], &[Arg::Long(number), Arg::Text(role)])
    });
    let mut row = rows.into_iter().next()?.into_iter().map(Option::unwrap_or_default);
    let mut next = || row.next().unwrap_or_default();
    Some(Function {
        oid,
        name: Name { schema: Ident(next()), name: Ident(next()) },
        title: next(),
        signature: next(),
        result: Oid::from(next().parse::<u32>().unwrap_or(0)),
        is_plain: next() == "t",
        can_use_schema: next() == "t",
        can_execute: next() == "t",
    })
}

/// The columns of a relation that `role` may not read.
pub(crate) fn unreadable_columns(relation: &Relation, role: &str) -> Vec<String> {
    let row_type = i64::from(relation.row_type.to_u32());
    let rows = identity::as_ferry(|| {
        let what = "SELECT ferry._unreadable_columns($1::oid, $2)";
        plan::query(what, &[LONG, TEXT], &[Arg::Long(row_type), Arg::Text(role)])
    });
    rows.into_iter().flatten().flatten().collect()
}

/// Describes a relation as `role` sees it.
pub(crate) fn describe(oid: Oid, role: &str) -> Option<Relation> {
    // Before anything is read of it: a change after this moment is noticed.
    watch::watch_also(oid);
    let number = i64::from(oid.to_u32());
    let (rows, columns) = identity::as_ferry(|| {
        let what = "SELECT * FROM ferry._relation($1::oid, $2)";
        let columns = "SELECT * FROM ferry._columns($1::oid)";
        (
            plan::query(what, &[LONG, TEXT], &[Arg::Long(number), Arg::Text(role)]),
            plan::query(columns, &[LONG], &[Arg::Long(number)]),
        )
    });
    let mut row = rows.into_iter().next()?.into_iter().map(Option::unwrap_or_default);
    let mut next = || row.next().unwrap_or_default();
    Some(Relation {
        name: Name { schema: Ident(next()), name: Ident(next()) },
        title: next(),
        kind: next().chars().next().unwrap_or(' '),
        row_type: Oid::from(next().parse::<u32>().unwrap_or(0)),
        owner: next(),
        can_use_schema: next() == "t",
        can_select: next() == "t",
        can_write: next() == "t",
        takes_rows: next() == "t",
        can_insert: next() == "t",
        can_delete: next() == "t",
        columns: columns.into_iter().filter_map(column).collect(),
    })
}

fn column(row: plan::Row) -> Option<Column> {
    let mut fields = row.into_iter().flatten();
    Some(Column {
        number: fields.next()?.parse().ok()?,
        name: fields.next()?,
        type_oid: Oid::from(fields.next()?.parse::<u32>().ok()?),
        type_name: fields.next()?,
        typmod: fields.next()?.parse().ok()?,
        is_generated: fields.next()? == "t",
    })
}

impl Relation {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column of that name; the refusal lists those that there are.
    pub(crate) fn need_column(&self, name: &str, place: &str) -> Result<&Column, Refusal> {
        self.column(name).ok_or_else(|| self.missing_column(name, place))
    }

    pub(crate) fn missing_column(&self, name: &str, place: &str) -> Refusal {
        Refusal::new(Kind::Column, format!("{place}: column \"{name}\" of {} does not exist", self.title))
            .hint(format!("Its columns are {}.", list(self.columns.iter().map(|column| &column.name))))
    }
}

/// What an actor must be able to do with a relation.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rights {
    Read,
    Write,
    /// To insert rows where they are missing.
    Add,
    /// To delete others, too.
    Replace,
}

/// Refuses a relation that the actor cannot use, with the GRANT that is missing.
pub(crate) fn check_rights(
    relation: &Relation,
    actor: &Actor,
    rights: Rights,
    place: &str,
) -> Result<(), Refusal> {
    let (can, verb, privileges) = match rights {
        Rights::Read => (relation.can_select, "read", "SELECT"),
        Rights::Write => {
            (relation.can_select && relation.can_write, "read and write", "SELECT, INSERT, UPDATE")
        }
        Rights::Add => (relation.can_select && relation.can_insert, "read and insert into", "SELECT, INSERT"),
        Rights::Replace => (
            relation.can_select && relation.can_insert && relation.can_delete,
            "read, insert into and delete from",
            "SELECT, INSERT, DELETE",
        ),
    };
    if can && relation.can_use_schema {
        return Ok(());
    }
    let (role, schema) = (identity::quoted(&actor.role_name), identity::quoted(&relation.name.schema.0));
    let hint = if relation.can_use_schema {
        format!("GRANT {privileges} ON {} TO {role};", relation.title)
    } else {
        format!("GRANT USAGE ON SCHEMA {schema} TO {role};")
    };
    let message =
        format!("{place}: role \"{}\" of run_as may not {verb} {}", actor.role_name, relation.title);
    Err(Refusal::new(Kind::Privilege, message).hint(hint))
}
