//! Config that is right is taken as it is meant: names, grants, servers, expressions.

use crate::config::insert;
use crate::setup_config::{Refusal, app, bare_shop, last_reason, refusal, right, shop, try_login};
use ferry_tests::need_extension;

#[test]
fn the_grant_of_a_hint_is_what_was_missing() {
    let db = bare_shop();
    db.sql("CREATE SCHEMA \"Odd schema\"; CREATE TABLE \"Odd schema\".\"Old people\" (id int, login text, pwd text)");
    let role = format!("\"Runs {}\"", db.name());
    db.sql(&format!("CREATE ROLE {role}; REVOKE ALL ON SCHEMA public FROM PUBLIC"));
    let target =
        insert("target", &[("name", "'default'"), ("run_as", &format!("'{}'", role.trim_matches('"')))]);
    let source = insert("source", &[("relation", "'\"Odd schema\".\"Old people\"'")]);
    let mut client = db.client();
    for (statement, grants) in [(target, 2), (source, 2)] {
        for _ in 0..grants {
            let refused = refusal(&mut client, &statement);
            assert_eq!(refused.state, "42501", "{refused:?}");
            assert!(refused.hint.starts_with("GRANT "), "{refused:?}");
            client.batch_execute(&refused.hint).map_err(|error| Refusal::of(&error)).unwrap();
        }
        client.batch_execute(&statement).map_err(|error| Refusal::of(&error)).unwrap();
    }
    db.sql(&format!(
        "DELETE FROM ferry.source; DELETE FROM ferry.target; DROP OWNED BY {role}; DROP ROLE {role}"
    ));
}

#[test]
fn a_source_over_dblink_needs_a_server_and_the_extension() {
    need_extension!("dblink");
    let db = shop();
    let owner = db.owner();
    db.sql(&format!("CREATE TYPE legacy.person AS (id int, login text, pwd text); ALTER TYPE legacy.person OWNER TO {owner}"));
    let dblink = |changes: &[(&str, &str)]| {
        let all: Vec<_> = [
            ("kind", "'dblink'"),
            ("relation", "NULL"),
            ("server", "'far'"),
            ("query", "'SELECT id, login, pwd FROM people WHERE login = $1'"),
            ("row_type", "'legacy.person'"),
        ]
        .into_iter()
        .filter(|(column, _)| changes.iter().all(|(changed, _)| changed != column))
        .chain(changes.iter().copied())
        .collect();
        insert("source", &all)
    };
    let mut client = db.client();
    let refused = refusal(&mut client, &dblink(&[]));
    assert_eq!(refused.state, "42704", "{refused:?}");
    assert!(refused.message.contains("source new") && refused.message.contains("\"far\""), "{refused:?}");
    assert!(refused.hint.contains("CREATE SERVER"), "{refused:?}");
    db.sql("CREATE FOREIGN DATA WRAPPER some_wrapper; CREATE SERVER far FOREIGN DATA WRAPPER some_wrapper");
    let refused = refusal(&mut client, &dblink(&[]));
    assert_eq!(
        (refused.state.as_str(), refused.hint.as_str()),
        ("55000", "CREATE EXTENSION dblink;"),
        "{refused:?}"
    );
    client.batch_execute(&refused.hint).unwrap();
    let refused = refusal(&mut client, &dblink(&[("row_type", "'legacy.alien'")]));
    assert_eq!(refused.state, "42P01", "{refused:?}");
    assert!(refused.message.contains("legacy.alien"), "{refused:?}");
    client.batch_execute(&dblink(&[])).map_err(|error| Refusal::of(&error)).unwrap();
}

#[test]
fn names_are_stored_so_that_they_mean_the_same_everywhere() {
    let db = bare_shop();
    let mut client = db.client();
    client.batch_execute("SET search_path = legacy, public").unwrap();
    client.batch_execute(&insert("target", &[("name", "'default'"), ("relation", "'users'")])).unwrap();
    client.batch_execute(&insert("source", &[("relation", "'CUSTOMERS'")])).unwrap();
    assert_eq!(db.one::<String>("SELECT relation FROM ferry.target", &[]), "public.users");
    assert_eq!(db.one::<String>("SELECT relation FROM ferry.source", &[]), "legacy.customers");
    assert_eq!(db.one::<String>("SELECT run_as FROM ferry.target", &[]), db.owner());
    assert_eq!(db.one::<String>("SELECT search_path FROM ferry.target", &[]), "legacy, public");
    // What was there stays when something else changes.
    db.sql("SET search_path = public; UPDATE ferry.target SET login_form = 'exact'; RESET search_path");
    assert_eq!(db.one::<String>("SELECT search_path FROM ferry.target", &[]), "legacy, public");
}

#[test]
fn odd_names_of_tables_and_columns_work() {
    let db = bare_shop();
    let owner = db.owner();
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE TABLE legacy.\"Kunden \"\"alt\"\" $1\" AS SELECT id AS \"Kunden-Nr.\", login AS \"select\", pwd AS \"Kenn\"\"wort\" FROM legacy.customers;
         CREATE TABLE public.\"User\" (\"ID\" bigint GENERATED ALWAYS AS IDENTITY, \"order\" text, \"Haš; --\" text);
         RESET ROLE;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column)
         VALUES ('default', '\"User\"', 'ID', '{{order}}', 'Haš; --');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash)
         VALUES ('it''s \"old\"', 'legacy.\"Kunden \"\"alt\"\" $1\"', 'Kunden-Nr.', '{{select}}', 'l.\"Kenn\"\"wort\"');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('it''s \"old\"', 'order', 'l.\"select\"')"
    ));
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    assert_eq!(right(&mut client, "alice"), "ok");
}

#[test]
fn what_links_name_keeps_its_name() {
    let db = shop();
    db.sql("UPDATE ferry.source SET name = 'old shop'; UPDATE ferry.source SET name = 'shop'");
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    let refused = refusal(&mut db.client(), "UPDATE ferry.source SET name = 'old shop'");
    assert_eq!(refused.state, "55000", "{refused:?}");
    assert!(refused.message.contains("\"shop\"") && refused.hint.contains("permanent"), "{refused:?}");
    // The ids in them are those of one target.
    db.sql("INSERT INTO ferry.target SELECT (jsonb_populate_record(t, '{\"name\": \"other\"}')).* FROM ferry.target t");
    let refused = refusal(&mut db.client(), "UPDATE ferry.source SET target = 'other'");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("55000", "source \"shop\" has moved users and keeps its target")
    );
    let refused = refusal(&mut db.client(), "UPDATE ferry.source SET key_column = 'login'");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("55000", "source \"shop\" has moved users and keeps its key_column")
    );
    db.sql("UPDATE ferry.source SET key_column = 'id'; UPDATE ferry.target SET id_column = 'id'");
    db.sql("DELETE FROM ferry.source; DELETE FROM ferry.target WHERE name = 'other'");
    let refused = refusal(&mut db.client(), "UPDATE ferry.target SET name = 'main'");
    assert_eq!(refused.state, "55000", "{refused:?}");
    let refused = refusal(&mut db.client(), "UPDATE ferry.target SET id_column = 'login'");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("55000", "target \"default\" has moved users and keeps its id_column")
    );
    // A source that comes back finds its links again.
    assert_eq!(right(&mut app(&db), "alice"), "ok");
}

#[test]
fn a_renamed_id_goes_by_its_former_name_in_a_view() {
    let db = shop();
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    let owner = db.owner();
    db.sql(&format!("SET ROLE {owner}; ALTER TABLE users RENAME id TO user_id; RESET ROLE"));
    let refused = refusal(&mut db.client(), "UPDATE ferry.target SET id_column = 'user_id'");
    assert!(refused.hint.contains("a view that has it under its former name"), "{refused:?}");
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE VIEW members AS SELECT user_id AS id, login, email, name, points, password_hash FROM users;
         RESET ROLE;
         UPDATE ferry.target SET relation = 'public.members'"
    ));
    assert_eq!(right(&mut app(&db), "alice"), "ok");
    assert_eq!(right(&mut app(&db), "bob"), "migrated", "{}", last_reason(&db));
}

#[test]
fn a_refused_row_leaves_the_transaction_to_savepoints() {
    let db = shop();
    let mut client = db.client();
    client.batch_execute("BEGIN; SAVEPOINT s").unwrap();
    refusal(&mut client, "UPDATE ferry.mapping SET expression = 'l.nothing'");
    client.batch_execute("ROLLBACK TO s; UPDATE ferry.mapping SET expression = 'l.last' WHERE target_column = 'name'; COMMIT").unwrap();
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    assert_eq!(db.one::<String>("SELECT name FROM users", &[]), "Smith");
}

/// What a function of the DBA's raises while an expression is planned keeps the SQLSTATE that it chose.
#[test]
fn an_error_in_config_keeps_its_sqlstate() {
    let db = shop();
    let owner = db.owner();
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE FUNCTION picky(state text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = state, HINT = 'Come tomorrow.'; END $$;
         RESET ROLE"
    ));
    let mut client = db.client();
    for state in ["AB123", "22012", "P0001", "ZZZZZ"] {
        let expression = format!("$$picky('{state}')$$");
        let mapping = insert("mapping", &[("target_column", "'name'"), ("expression", &expression)]);
        client.batch_execute("DELETE FROM ferry.mapping WHERE target_column = 'name'").unwrap();
        let refused = refusal(&mut client, &mapping);
        let expected = Refusal {
            state: state.to_owned(),
            message: "mapping shop.name: not today".to_owned(),
            hint: "Come tomorrow.".to_owned(),
        };
        assert_eq!(refused, expected);
        // And nothing of it is left for the error after it.
        assert_eq!(refusal(&mut client, "SELECT 1 / 0").state, "22012");
    }
    // The same at a login, where the config has turned bad since.
    client.batch_execute("UPDATE ferry.target SET allowed = 'true'").unwrap();
    db.sql("SET check_function_bodies = off; UPDATE ferry.target SET allowed = $$picky('AB123') = ''$$");
    let refused = Refusal::of(&try_login(&mut app(&db), "alice", "x").unwrap_err());
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("AB123", "target default, allowed: not today")
    );
}

#[test]
fn unusual_expressions_fit_when_postgresql_says_so() {
    let db = shop();
    db.sql("ALTER TABLE users ADD settings jsonb, ADD tags text[], ADD since timestamptz, ADD raw jsonb, ADD small smallint, ADD flag boolean DEFAULT true");
    db.sql(
        "INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('shop', 'settings', $$'{}'::jsonb$$), ('shop', 'tags', $$'{}'$$), ('shop', 'since', 'to_timestamp(l.id)'),
             ('shop', 'raw', 'to_jsonb(l) - ''pwd'''), ('shop', 'small', 'l.points'), ('shop', 'flag', 'NULL')",
    );
    assert_eq!(right(&mut app(&db), "alice"), "migrated", "{}", last_reason(&db));
    let row: String = db.one("SELECT concat_ws(' ', settings, tags, since AT TIME ZONE 'UTC', raw ->> 'first', small, flag IS NULL) FROM users", &[]);
    assert_eq!(row, "{} {} 1970-01-01 00:00:01 Alice 0 t");
}
