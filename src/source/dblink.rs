//! A source that is a query on a foreign server, asked through dblink: only the row asked for
//! crosses the wire.
//!
//! A named dblink connection is visible to whatever runs later in the session, so it never outlives
//! the question. dblink's blocking calls cannot be cancelled: the query is sent and polled.

use super::MAX_CANDIDATES;
use crate::catalog::{Actor, Relation};
use crate::config::SourceRow;
use crate::error::{Kind, Refusal, is_uncastable};
use crate::spi::guard::SqlError;
use crate::spi::identity::{self, Reach};
use crate::spi::plan::{self, Arg, Value};
use crate::spi::types::TEXT;
use crate::spi::{parse, session};
use crate::sql::{Expression, Ident, list};
use std::time::Duration;

/// How long to wait between two looks at a running remote query: first and longest. A local answer
/// takes about a millisecond.
const POLL: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(10));

/// The connection's name in dblink's per-session list.
const CONNECTION: &str = "pg_ferry";

pub(super) struct Store {
    server: String,
    query: String,
    /// The schema that dblink's functions are in.
    schema: Ident,
    /// Turns the remote result into rows of the row type.
    receive: String,
}

impl Store {
    pub(super) fn open(
        row: &SourceRow,
        rows: &Relation,
        filter: Option<&Expression>,
        actor: &Actor,
        place: &str,
    ) -> Result<Store, Refusal> {
        let server = row.server.clone().unwrap_or_default();
        check_server(&server, actor, place)?;
        let schema = dblink_schema(place)?;
        let columns = list(
            rows.columns.iter().map(|column| format!("{} {}", Ident(column.name.clone()), column.type_name)),
        );
        let filter = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
        let receive = format!(
            "SELECT ROW(l.*)::{} FROM {schema}.dblink_get_result($1) AS l({columns}){filter} LIMIT {}",
            rows.name,
            MAX_CANDIDATES + 1
        );
        Ok(Store { server, query: row.query.clone().unwrap_or_default(), schema, receive })
    }

    /// The rows that the remote query has for a login.
    pub(super) fn fetch(&self, login: &str, limit_ms: i32, actor: &Actor) -> Result<Vec<Value>, SqlError> {
        let asked = actor.attempt(Reach::Evaluate, || {
            self.call("dblink_connect($1, $2)", &[CONNECTION, &self.server]);
            self.call("dblink_send_query($1, $2)", &[CONNECTION, &self.message(login, limit_ms)]);
            self.wait();
            self.receive()
        });
        // Subtransaction abort does not close dblink's connections.
        actor.attempt(Reach::Evaluate, || self.disconnect())?;
        match asked {
            Err(error) if error.is_remote() && is_uncastable(&error) => Ok(Vec::new()),
            asked => asked,
        }
    }

    /// The remote statements. PREPARE makes the far end parse the query as written, so the login is
    /// never put into it; it is one literal, quoted so that no setting there can read it otherwise.
    fn message(&self, login: &str, limit_ms: i32) -> String {
        format!(
            "SET statement_timeout = {limit_ms};\nPREPARE pg_ferry AS {}\n;\nEXECUTE pg_ferry({});",
            self.query.trim_end().trim_end_matches(';'),
            parse::quote_literal(login)
        )
    }

    fn wait(&self) {
        let mut pause = POLL.0;
        while self.call("dblink_is_busy($1)", &[CONNECTION]).as_deref() == Some("1") {
            session::sleep(pause);
            pause = (pause * 2).min(POLL.1);
        }
    }

    /// The message has three results: those of SET and PREPARE, and the rows.
    fn receive(&self) -> Vec<Value> {
        for _ in ["SET", "PREPARE"] {
            let sql = format!("SELECT * FROM {}.dblink_get_result($1) AS r(status text)", self.schema);
            plan::query(&sql, &[TEXT], &[Arg::Text(CONNECTION)]);
        }
        plan::Plan::prepare(&self.receive, &[TEXT], plan::Planning::Auto).values(&[Arg::Text(CONNECTION)])
    }

    fn disconnect(&self) {
        let sql = format!(
            "SELECT {0}.dblink_disconnect($1) WHERE $1 OPERATOR(pg_catalog.=) ANY ({0}.dblink_get_connections())",
            self.schema
        );
        plan::query(&sql, &[TEXT], &[Arg::Text(CONNECTION)]);
    }

    fn call(&self, function: &str, arguments: &[&str]) -> Option<String> {
        let types = vec![TEXT; arguments.len()];
        let arguments: Vec<Arg<'_>> = arguments.iter().map(|text| Arg::Text(text)).collect();
        let sql = format!("SELECT {}.{function}", self.schema);
        plan::first(plan::query(&sql, &types, &arguments))
    }
}

fn check_server(server: &str, actor: &Actor, place: &str) -> Result<(), Refusal> {
    let sql = "SELECT FROM pg_catalog.pg_foreign_server WHERE srvname = $1";
    let rows = identity::as_ferry(|| plan::query(sql, &[TEXT], &[Arg::Text(server)]));
    if rows.is_empty() {
        let (name, role) = (identity::quoted(server), identity::quoted(&actor.role_name));
        return Err(Refusal::new(
            Kind::Object,
            format!("{place}: foreign server \"{server}\" does not exist"),
        )
        .hint(format!(
            "Make one, with the rights it takes: CREATE SERVER {name} FOREIGN DATA WRAPPER dblink_fdw \
             OPTIONS (host '…', dbname '…'); GRANT USAGE ON FOREIGN SERVER {name} TO {role}; CREATE USER \
             MAPPING FOR {role} SERVER {name} OPTIONS (user '…', password '…');"
        )));
    }
    Ok(())
}

fn dblink_schema(place: &str) -> Result<Ident, Refusal> {
    let sql = "SELECT n.nspname FROM pg_catalog.pg_extension e \
               JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'dblink'";
    let rows = identity::as_ferry(|| plan::query(sql, &[], &[]));
    plan::first(rows).map(Ident).ok_or_else(|| {
        Refusal::new(Kind::State, format!("{place}: extension dblink is not installed"))
            .hint("CREATE EXTENSION dblink;")
    })
}
