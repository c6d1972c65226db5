//! Config SQL has the rights of its target's role, and nobody else's, wherever it is parsed, planned or run.

use crate::setup_config::{
    Refusal, app, last_reason, login, outcome, password_of, refusal, right, shop, text, try_login,
};
use ferry_tests::Db;
use postgres::Client;

/// The name that the newest user was given.
fn name_of(db: &Db<'_>, username: &str) -> String {
    db.one("SELECT name FROM users WHERE login = $1", &[&username])
}

fn set_name(db: &Db<'_>, expression: &str) {
    db.rows("UPDATE ferry.mapping SET expression = $1 WHERE target_column = 'name'", &[&expression]);
}

fn is_superuser(db: &Db<'_>, role: &str) -> bool {
    db.one("SELECT rolsuper FROM pg_roles WHERE rolname = $1", &[&role])
}

/// A role with a schema of its own, `evil`.
fn attacker(db: &Db<'_>) -> String {
    let attacker = db.role("attacker");
    db.sql(&format!("CREATE SCHEMA evil AUTHORIZATION {attacker}; GRANT USAGE ON SCHEMA evil TO PUBLIC"));
    attacker
}

/// Runs statements as a role, in a session of its own.
fn as_role(db: &Db<'_>, role: &str, statements: &str) {
    db.client_as(role).batch_execute(statements).unwrap();
}

#[test]
fn every_piece_of_config_sql_runs_as_the_owner() {
    let db = shop();
    let is_owner = format!("current_user = '{}'", db.owner());
    db.sql(&format!(
        "CREATE FUNCTION is_owner() RETURNS boolean LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN {quoted}; END';
         UPDATE ferry.target SET allowed = 'is_owner()', login_columns = '{{\"CASE WHEN is_owner() THEN u.login END\"}}';
         UPDATE ferry.source SET hash = 'CASE WHEN is_owner() THEN l.pwd END', salt = 'CASE WHEN is_owner() THEN NULL ELSE (l.id / (l.id - l.id))::text END',
             filter = 'is_owner()', scope = 'is_owner()', login_columns = '{{\"CASE WHEN is_owner() THEN l.login END\"}}';
         UPDATE ferry.mapping SET expression = 'current_user::text' WHERE target_column = 'name'",
        quoted = is_owner.replace('\'', "''")
    ));
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    assert_eq!(right(&mut client, "alice"), "ok", "{}", last_reason(&db));
    assert_eq!(name_of(&db, "alice"), db.owner());
}

#[test]
fn an_immutable_function_cannot_escalate_at_planning() {
    let db = shop();
    let attacker = attacker(&db);
    // What is not volatile may not write; but it may call what is.
    as_role(
        &db,
        &attacker,
        &format!(
            "CREATE FUNCTION evil.seize() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''ALTER ROLE {attacker} SUPERUSER''; END';
             CREATE FUNCTION evil.become() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''SET ROLE postgres''; END';
             CREATE FUNCTION evil.reset() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''RESET SESSION AUTHORIZATION''; END';
             CREATE FUNCTION evil.escalate() RETURNS text IMMUTABLE LANGUAGE plpgsql AS
                 'BEGIN PERFORM evil.seize(); RETURN ''done''; END';
             CREATE FUNCTION evil.peek() RETURNS text IMMUTABLE LANGUAGE plpgsql AS
                 'BEGIN
                      BEGIN PERFORM evil.become(); EXCEPTION WHEN OTHERS THEN NULL; END;
                      BEGIN PERFORM evil.reset(); EXCEPTION WHEN OTHERS THEN NULL; END;
                      BEGIN PERFORM evil.seize(); EXCEPTION WHEN OTHERS THEN NULL; END;
                      RETURN current_user;
                  END'"
        ),
    );
    for write in [
        "UPDATE ferry.mapping SET expression = 'evil.escalate()' WHERE target_column = 'name'",
        "UPDATE ferry.source SET filter = 'evil.escalate() IS NULL'",
        "UPDATE ferry.source SET hash = 'evil.escalate()'",
        "UPDATE ferry.source SET scope = 'evil.escalate() = login'",
        "UPDATE ferry.source SET login_columns = '{\"evil.escalate() || l.login\"}'",
        "UPDATE ferry.target SET allowed = 'evil.escalate() IS NULL'",
        "UPDATE ferry.target SET login_columns = '{\"evil.escalate() || u.login\"}'",
    ] {
        let refused = refusal(&mut db.client(), write);
        assert_eq!(refused.state, "42501", "{write}: {refused:?}");
    }
    set_name(&db, "evil.peek()");
    db.sql("UPDATE ferry.source SET filter = $$evil.peek() <> 'postgres'$$; UPDATE ferry.target SET allowed = $$evil.peek() <> 'postgres'$$");
    db.rows("SELECT * FROM ferry.check_config()", &[]);
    db.rows("SELECT * FROM ferry.explain_login('alice')", &[]);
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    assert_eq!(right(&mut client, "alice"), "ok", "{}", last_reason(&db));
    assert_eq!(name_of(&db, "alice"), db.owner());
    assert!(!is_superuser(&db, &attacker));
}

#[test]
fn the_attackers_trigger_runs_as_the_owner() {
    let db = shop();
    let attacker = attacker(&db);
    as_role(
        &db,
        &attacker,
        &format!(
            "CREATE FUNCTION evil.on_insert() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN
                      BEGIN EXECUTE ''ALTER ROLE {attacker} SUPERUSER''; EXCEPTION WHEN OTHERS THEN NULL; END;
                      BEGIN EXECUTE ''SET ROLE postgres''; EXCEPTION WHEN OTHERS THEN NULL; END;
                      NEW.name := current_user; RETURN NEW;
                  END'"
        ),
    );
    db.sql("CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION evil.on_insert()");
    assert_eq!(right(&mut app(&db), "alice"), "migrated");
    assert_eq!(name_of(&db, "alice"), db.owner());
    assert!(!is_superuser(&db, &attacker));
}

#[test]
fn config_sql_cannot_change_roles() {
    let db = shop();
    let mut client = app(&db);
    for setting in ["role", "session_authorization"] {
        set_name(&db, &format!("set_config('{setting}', 'postgres', false)"));
        assert_eq!(right(&mut client, "alice"), "failed", "{setting}");
        let detail: String =
            db.one("SELECT detail->>'sqlstate' FROM ferry.event ORDER BY id DESC LIMIT 1", &[]);
        assert_eq!(detail, "42501", "{setting}");
        set_name(&db, "l.first");
        db.rows(
            "UPDATE ferry.source SET filter = $1",
            &[&format!("set_config('{setting}', 'postgres', false) IS NOT NULL")],
        );
        assert!(!login(&mut client, "alice", password_of("alice")).authenticated, "{setting}");
        db.sql("UPDATE ferry.source SET filter = NULL");
        assert_eq!(
            text(&mut client, "SELECT current_user || ' ' || session_user", &[]),
            format!("{0} {0}", db.app())
        );
    }
    assert_eq!(right(&mut client, "alice"), "migrated");
}

#[test]
fn settings_that_config_sql_changes_end_with_it() {
    let db = shop();
    let mut client = app(&db);
    set_name(
        &db,
        "set_config('search_path', 'pg_catalog', false) || set_config('my.setting', 'changed', false) || set_config('work_mem', '65kB', false)",
    );
    let settings = "SELECT current_setting('search_path') || ' ' || current_setting('work_mem') || ' ' || coalesce(current_setting('my.setting', true), '')";
    let before = text(&mut client, settings, &[]);
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(text(&mut client, settings, &[]), before);
    let refused = refusal(&mut client, "SET ferry.failure_floor = 0");
    assert_eq!(refused.state, "42501", "{refused:?}");
}

/// Who the session is, and by what path it looks up names.
fn identity(client: &mut Client) -> String {
    text(
        client,
        "SELECT current_user || ' ' || current_setting('search_path') || ' ' || current_setting('role')",
        &[],
    )
}

#[test]
fn an_error_gives_the_session_its_identity_back() {
    let db = shop();
    let mut client = app(&db);
    client.batch_execute("SET search_path = public; SET lock_timeout = '50ms'").unwrap();
    let before = identity(&mut client);
    // Undone and answered.
    set_name(&db, "(1 / (l.points - l.points))::text");
    assert_eq!(right(&mut client, "alice"), "failed");
    assert_eq!(identity(&mut client), before);
    // Raised, in a transaction and inside a savepoint.
    set_name(&db, "l.first");
    let mut winner = app(&db);
    winner.batch_execute("BEGIN").unwrap();
    assert_eq!(right(&mut winner, "alice"), "migrated");
    client.batch_execute("BEGIN; SAVEPOINT s").unwrap();
    assert_eq!(
        Refusal::of(&try_login(&mut client, "alice", password_of("alice")).unwrap_err()).state,
        "55P03"
    );
    client.batch_execute("ROLLBACK TO s").unwrap();
    assert_eq!(identity(&mut client), before);
    client.batch_execute("COMMIT").unwrap();
    assert_eq!(identity(&mut client), before);
    assert_eq!(refusal(&mut client, "TABLE users").state, "42501");
}

/// Functions and operators under the names that pg_ferry uses itself; each raises an error.
const SHADOWS: &str = "
    CREATE FUNCTION evil.trap() RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''shadowed''; END';
    CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS 'SELECT evil.trap()';
    CREATE FUNCTION evil.encode(bytea, text) RETURNS text LANGUAGE sql AS 'SELECT evil.trap()';
    CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT evil.trap()::bytea';
    CREATE FUNCTION evil.convert_to(text, name) RETURNS bytea LANGUAGE sql AS 'SELECT evil.trap()::bytea';
    CREATE FUNCTION evil.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql AS 'BEGIN PERFORM evil.trap(); END';
    CREATE FUNCTION evil.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT evil.trap()::regclass';
    CREATE FUNCTION evil.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS 'SELECT evil.trap()::jsonb';
    CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT evil.trap()::timestamptz';
    CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT evil.trap()::boolean';
    CREATE FUNCTION evil.same(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT evil.trap()::boolean';
    CREATE FUNCTION evil.glue(text, text) RETURNS text LANGUAGE sql AS 'SELECT evil.trap()';
    CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
    CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.same);
    CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.glue);
    CREATE DOMAIN evil.text AS pg_catalog.text CHECK (VALUE IS NULL);
    CREATE TABLE evil.users (LIKE public.users INCLUDING ALL);
    CREATE TABLE evil.link (id int); CREATE TABLE evil.event (id int); CREATE TABLE evil.target (id int);
    GRANT ALL ON ALL TABLES IN SCHEMA evil TO PUBLIC";

#[test]
fn names_of_the_sessions_search_path_shadow_nothing() {
    let db = shop();
    let attacker = attacker(&db);
    db.sql(&format!("GRANT SELECT ON users TO {attacker}"));
    as_role(&db, &attacker, SHADOWS);
    db.sql("UPDATE ferry.target SET allowed = $$lower(u.login) = u.login$$");
    let resetter = db.role("resetter");
    for task in ["login", "reset", "signup"] {
        db.rows("SELECT ferry.grant_access($1::text::name, $2)", &[&resetter, &task]);
    }
    let mut client = db.client_as(&resetter);
    client
        .batch_execute(
            "CREATE TEMP TABLE users (id bigint, login text, email text, password_hash text);
             CREATE TEMP TABLE customers (id bigint, login text, pwd text);
             SET search_path = pg_temp, evil, pg_catalog, public",
        )
        .unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    assert_eq!(right(&mut client, "alice"), "ok", "{}", last_reason(&db));
    assert_eq!(outcome(&mut client, "alice", "wrong"), "invalid");
    assert_eq!(last_reason(&db), "wrong_password");
    assert_eq!(outcome(&mut client, "nobody", "wrong"), "invalid");
    assert_eq!(last_reason(&db), "unknown_login");
    assert_eq!(
        text(&mut client, "SELECT outcome FROM ferry.set_password('bob', 'Brand-new-1')", &[]),
        "migrated"
    );
    assert_eq!(text(&mut client, "SELECT outcome FROM ferry.prepare_reset('carol')", &[]), "migrated");
    assert_eq!(text(&mut client, "SELECT ferry.find_login('dave')", &[]), "source");
    assert_eq!((db.count("public.users"), db.count("evil.users"), db.count("ferry.link")), (3, 0, 3));
    // And for whoever looks after it.
    let mut dba = db.client();
    dba.batch_execute("SET search_path = evil, pg_catalog, public").unwrap();
    dba.batch_execute("SELECT * FROM ferry.check_config(); SELECT * FROM ferry.explain_login('dave'); SELECT ferry.purge_events('1 day')").unwrap();
    dba.batch_execute(
        "UPDATE ferry.source SET filter = 'l.active'; UPDATE ferry.target SET search_path = 'public'",
    )
    .unwrap();
    assert_eq!(right(&mut client, "dave"), "migrated", "{}", last_reason(&db));
}

#[test]
fn an_unqualified_name_means_what_it_meant_to_the_writer() {
    let db = shop();
    let attacker = attacker(&db);
    as_role(
        &db,
        &attacker,
        "CREATE FUNCTION evil.polish(text) RETURNS text LANGUAGE sql AS $$SELECT 'evil'$$",
    );
    db.sql("CREATE FUNCTION public.polish(text) RETURNS text LANGUAGE sql AS $$SELECT 'polished ' || $1$$");
    set_name(&db, "polish(l.first)");
    let mut client = app(&db);
    client.batch_execute("SET search_path = evil, public").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(name_of(&db, "alice"), "polished Alice");
    client.batch_execute("SET search_path = ''").unwrap();
    assert_eq!(right(&mut client, "bob"), "migrated");
    assert_eq!(name_of(&db, "bob"), "polished Bob");
}

#[test]
fn parser_settings_of_the_session_change_no_meaning() {
    let db = shop();
    db.sql("UPDATE legacy.customers SET first = 'back\\slash and ''quote'''");
    set_name(&db, r"replace(l.first, '\', '/') || E'it\'s'");
    let settings = "SET standard_conforming_strings = off; SET backslash_quote = off; SET transform_null_equals = on; SET escape_string_warning = on";
    let mut client = app(&db);
    client.batch_execute(settings).unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    assert_eq!(name_of(&db, "alice"), "back/slash and 'quote'it's");
    // A name after = NULL would find somebody under transform_null_equals.
    db.sql("UPDATE ferry.source SET filter = '(l.last = NULL) IS NULL'");
    assert_eq!(right(&mut client, "bob"), "migrated", "{}", last_reason(&db));
}

#[test]
fn parser_settings_of_the_writer_let_nothing_through() {
    let db = shop();
    let mut writer = db.client();
    writer.batch_execute("SET standard_conforming_strings = off; SET escape_string_warning = off").unwrap();
    // One expression for whoever reads backslashes as escapes, two for everybody else.
    for (place, spliced) in [
        ("UPDATE ferry.mapping SET expression = $1 WHERE target_column = 'name'", r"'\', 2) , (3 --'"),
        ("UPDATE ferry.source SET filter = $1", r"'\' IS NOT NULL) OR (true --'"),
        ("UPDATE ferry.target SET allowed = $1", r"'\' IS NOT NULL) OR (true --'"),
    ] {
        let error = writer.execute(place, &[&spliced]).expect_err("the splice was taken");
        assert_eq!(Refusal::of(&error).state, "42601", "{place}: {error:?}");
    }
}
