//! An application may change many settings of its session: none changes what a login comes to, or what it tells.

use crate::setup_config::{Refusal, last_reason, login, password_of, shop, try_login};
use ferry_tests::Db;
use postgres::Client;

/// Settings whose very meaning is to end, hinder or forbid something.
const MEANT: &[&str] = &[
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
    "client_connection_check_interval",
    "default_transaction_read_only",
    "transaction_read_only",
    "default_transaction_isolation",
    "transaction_isolation",
    "transaction_deferrable",
    "role",
    "session_authorization",
    "client_encoding",
    "default_tablespace",
    "temp_tablespaces",
    "seed",
    "exit_on_error",
];

/// Other values of each setting that anybody may change, as `SET` takes them.
fn changes(db: &Db<'_>) -> Vec<(String, String)> {
    let rows = db.rows(
        "SELECT name, value FROM pg_settings,
             unnest(CASE vartype WHEN 'bool' THEN ARRAY['on', 'off'] WHEN 'enum' THEN enumvals ELSE ARRAY[min_val, max_val] END) value
         WHERE context = 'user' AND vartype IN ('bool', 'enum', 'integer', 'real') AND value <> setting AND NOT name = ANY ($1)
         ORDER BY name, value",
        &[&MEANT],
    );
    let texts = [
        ("datestyle", "German"),
        ("intervalstyle", "sql_standard"),
        ("timezone", "Asia/Kathmandu"),
        ("search_path", ""),
        ("search_path", "pg_temp, pg_catalog"),
        ("lc_messages", "C"),
        ("lc_monetary", "C"),
        ("lc_numeric", "C"),
        ("lc_time", "C"),
        ("default_text_search_config", "pg_catalog.german"),
        ("default_table_access_method", "heap"),
        ("application_name", "'; DROP TABLE users; --"),
        ("session_preload_libraries", ""),
        ("plpgsql.extra_errors", "all"),
        ("plpgsql.extra_warnings", "all"),
        ("my.own", "setting"),
    ];
    let texts = texts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    rows.iter().map(|row| (row.get(0), row.get(1))).chain(texts).collect()
}

/// A first login, a second, a wrong password and a stranger, undone again.
fn battery(client: &mut Client) -> Result<String, Refusal> {
    let mut outcomes = Vec::new();
    for (name, password) in [
        ("nobody", "x"),
        ("alice", "wrong"),
        ("alice", password_of("alice")),
        ("ALICE@example.com", password_of("alice")),
        ("alice", "wrong"),
    ] {
        let answer = try_login(client, name, password).map_err(|error| Refusal::of(&error))?;
        outcomes.push(answer.outcome);
    }
    Ok(outcomes.join(" "))
}

#[test]
fn no_setting_of_the_session_changes_a_login() {
    let db = shop();
    db.sql(
        "ALTER TABLE users ADD since timestamptz, ADD doc jsonb;
         UPDATE ferry.target SET allowed = $$u.points >= 0 AND u.name LIKE '% Smith'$$;
         UPDATE ferry.source SET filter = 'l.active', scope = $$login <> 'root'$$;
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('shop', 'since', $$timestamptz '2024-06-01 12:00+00'$$), ('shop', 'doc', 'to_jsonb(l)')",
    );
    let changes = changes(&db);
    assert!(changes.len() > 150, "only {} settings", changes.len());
    let role = db.app();
    let (mut broken, mut tried) = (Vec::new(), 0);
    for (name, value) in changes {
        let mut client = db.client_as(&role);
        // Some values are refused: not built in, or too large for this machine.
        if client.query("SELECT set_config($1, $2, false)", &[&name, &value]).is_err() {
            continue;
        }
        tried += 1;
        client.batch_execute("BEGIN").unwrap();
        let seen = battery(&mut client);
        if seen.as_deref() != Ok("invalid invalid migrated ok invalid") {
            broken.push(format!("{name} = {value}: {seen:?}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(tried > 150, "only {tried} settings could be changed");
    // The same session still works when everything was undone.
    assert_eq!(
        login(&mut db.client_as(&role), "alice", password_of("alice")).outcome,
        "migrated",
        "{}",
        last_reason(&db)
    );
}
