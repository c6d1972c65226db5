//! The order of the rows of a source, by their key: so that an import can go on behind the last one.

use super::Source;
use crate::spi::identity;
use crate::spi::plan::{self, Arg};
use crate::spi::types::{self, Oid, TEXT};

/// How rows are ordered.
pub(super) struct Order {
    pub(super) sql: String,
    pub(super) greater: String,
    /// The type of a key that is compared.
    pub(super) oid: Oid,
    /// The relation is read as it is, and ordered here.
    pub(super) is_here: bool,
}

impl Source {
    /// Whether keys that are equal are so to the letter.
    pub(super) fn is_key_its_text(&self) -> bool {
        let key = &self.key.key;
        key.is_text && !key.is_citext && self.key_collation().is_some()
    }

    pub(super) fn order(&self) -> Order {
        let key = &self.key.key;
        let is_local = matches!(self.rows.kind, 'r' | 'p' | 'm');
        let is_trusted = if key.is_text {
            is_local && self.is_key_its_text()
        } else {
            is_local || key.is_number_or_time || self.wrapper().as_deref() == Some("postgres_fdw")
        };
        match &key.greater {
            Some(greater) if is_trusted => {
                Order { sql: self.key.sql.clone(), greater: greater.clone(), oid: key.oid, is_here: false }
            }
            _ => Order {
                sql: format!("({}::pg_catalog.text COLLATE pg_catalog.\"C\")", self.key.sql),
                greater: "OPERATOR(pg_catalog.>)".to_string(),
                oid: TEXT,
                is_here: !is_local,
            },
        }
    }

    /// What the order depends on. Behind the last key in another order are other rows than those that are left.
    pub(crate) fn key_order(&self) -> String {
        let collation = self.key_collation().map_or_else(String::new, |name| format!(" COLLATE {name}"));
        format!("{} {}{collation}", types::type_title(self.key.key.oid), self.order().sql)
    }

    /// The collation of the key, by the name that it also has after a restore, where keys that are not the same never
    /// compare as equal.
    fn key_collation(&self) -> Option<String> {
        let sql = "SELECT format('%I.%I', n.nspname, c.collname) \
                   FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid \
                   JOIN pg_collation c ON c.oid = a.attcollation AND c.collisdeterministic \
                   JOIN pg_namespace n ON n.oid = c.collnamespace \
                   WHERE t.oid = $1::text::oid AND a.attname = $2";
        let row_type = self.rows.row_type.to_u32().to_string();
        let arguments = [Arg::Text(&row_type), Arg::Text(&self.row.key_column)];
        plan::first(identity::as_ferry(|| plan::query(sql, &[TEXT; 2], &arguments)))
    }

    /// The foreign data wrapper of the relation.
    fn wrapper(&self) -> Option<String> {
        let sql = "SELECT w.fdwname FROM pg_type t JOIN pg_foreign_table f ON f.ftrelid = t.typrelid \
                   JOIN pg_foreign_server s ON s.oid = f.ftserver \
                   JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE t.oid = $1::text::oid";
        let row_type = self.rows.row_type.to_u32().to_string();
        let rows = identity::as_ferry(|| plan::query(sql, &[TEXT], &[Arg::Text(&row_type)]));
        plan::first(rows)
    }
}
