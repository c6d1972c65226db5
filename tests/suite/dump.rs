//! A dump carries everything that matters, and restores in whatever order its world comes back.

use crate::setup_config::{app, last_reason, outcome, password_of, refusal, right, shop};
use ferry_tests::{Db, need_extension, target};

#[track_caller]
fn restore(into: &Db<'_>, script: &str) {
    let restored = into.psql(script);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
}

fn set(db: &Db<'_>) {
    db.sql(&format!("ALTER DATABASE {} SET ferry.failure_floor = 0", db.name()));
}

/// All config, links and events, as text.
fn contents(db: &Db<'_>) -> String {
    db.one(
        "SELECT concat_ws(E'\\n', (SELECT string_agg(t::text, E'\\n' ORDER BY name) FROM ferry.target t),
             (SELECT string_agg(s::text, E'\\n' ORDER BY name) FROM ferry.source s),
             (SELECT string_agg(m::text, E'\\n' ORDER BY source, target_column) FROM ferry.mapping m),
             (SELECT string_agg(l::text, E'\\n' ORDER BY legacy_key) FROM ferry.link l),
             (SELECT string_agg(e::text, E'\\n' ORDER BY id) FROM ferry.event e))",
        &[],
    )
}

/// Everything of [`shop`], with a moved user and a refused login.
fn used_shop() -> Db<'static> {
    let db = shop();
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(outcome(&mut client, "bob", "wrong"), "invalid");
    db
}

#[test]
fn a_restored_database_goes_on_where_the_dump_was_made() {
    for arguments in [&[][..], &["--inserts"][..], &["--column-inserts", "--rows-per-insert=2"][..]] {
        let db = used_shop();
        db.sql("INSERT INTO ferry.link (source, legacy_key, target, via, tombstone) VALUES ('shop', '4', 'default', 'admin', true)");
        let dump = db.dump(arguments);
        let copy = Db::empty_on(target());
        restore(&copy, &dump);
        set(&copy);
        assert_eq!(contents(&copy), contents(&db));
        let mut client = copy.client_as(&db.app());
        assert_eq!(right(&mut client, "alice"), "ok", "{}", last_reason(&copy));
        assert_eq!(right(&mut client, "bob"), "migrated", "{}", last_reason(&copy));
        assert_eq!(right(&mut client, "dave"), "invalid");
        assert_eq!(last_reason(&copy), "forgotten");
        let (ids, distinct): (i64, i64) =
            (copy.count("ferry.event"), copy.one("SELECT count(DISTINCT id) FROM ferry.event", &[]));
        assert_eq!((ids, distinct), (4, 4), "event ids do not go on");
        assert!(copy.rows("SELECT * FROM ferry.check_config() WHERE severity = 'error'", &[]).is_empty());
        // A second dump of the copy is as good.
        let again = Db::empty_on(target());
        restore(&again, &copy.dump(&[]));
        assert_eq!(contents(&again), contents(&copy));
    }
}

#[test]
fn a_role_that_reads_all_data_dumps_all_of_it() {
    let db = used_shop();
    let role = db.role("dumper");
    db.sql(&format!("GRANT pg_read_all_data TO {role}"));
    let copy = Db::empty_on(target());
    restore(&copy, &db.dump(&["--role", &role]));
    assert_eq!(contents(&copy), contents(&db));
}

#[test]
fn the_history_of_imports_is_restored_and_goes_on() {
    let db = used_shop();
    db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE login = 'dave'");
    db.sql("CALL ferry.import('shop', max_rows => 2)");
    db.sql("SELECT ferry.keep_run(1)");
    let history = |db: &Db<'_>| -> String {
        db.one(
            "SELECT concat_ws(E'\\n', (SELECT string_agg(r::text, E'\\n' ORDER BY id) FROM ferry.import_run r),
                 (SELECT string_agg(i::text, E'\\n' ORDER BY run, legacy_key) FROM ferry.import_reject i),
                 (SELECT string_agg(l::text, E'\\n' ORDER BY id) FROM ferry.import_log l),
                 (SELECT string_agg(c::text, E'\\n' ORDER BY digest) FROM ferry.import_config c))",
            &[],
        )
    };
    let copy = Db::empty_on(target());
    restore(&copy, &db.dump(&[]));
    assert_eq!(history(&copy), history(&db));
    copy.sql("CALL ferry.import('shop')");
    let told: String = copy
        .one("SELECT string_agg(concat_ws(' ', run, id, kind), ', ' ORDER BY id) FROM ferry.import_log", &[]);
    assert_eq!(told, "1 1 began, 1 2 stopped, 1 3 kept, 1 4 resumed, 1 5 finished");
    assert_eq!(copy.count("ferry.import_reject WHERE settled_at IS NULL"), 1);
    copy.sql("CALL ferry.import('shop', dry_run => true)");
    assert_eq!(copy.one::<i64>("SELECT max(id) FROM ferry.import_run", &[]), 2);
}

/// Every table that is dumped, with its rows.
fn everything(db: &Db<'_>) -> Vec<(String, String)> {
    let tables =
        "SELECT c.oid::regclass::text FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig)
                  WHERE e.extname = 'pg_ferry' AND c.relkind = 'r' ORDER BY 1";
    let rows = |table: String| {
        let sql = format!("SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table} t");
        let rows = db.one(&sql, &[]);
        (table, rows)
    };
    db.rows(tables, &[]).iter().map(|row| rows(row.get(0))).collect()
}

/// A database with rows in all tables that refer to others: a source that is retired, a decision to make, an import.
fn full_shop() -> Db<'static> {
    let db = used_shop();
    db.sql(
        "INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'named', 'l.first IS NOT NULL');
         UPDATE legacy.customers SET pwd = 'damaged' WHERE login = 'dave';
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash) VALUES ('old', 'legacy.customers', 'id', '{login}', 'l.pwd');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('old', 'login', 'l.login');
         INSERT INTO ferry.review (source, legacy_key, target, user_id, found_by, reason) VALUES ('shop', '9', 'default', '1', 'email', 'adopt')",
    );
    db.sql("SELECT ferry.retire_source('old', 'rejected', force => true)");
    db.sql("CALL ferry.import('shop')");
    db
}

#[track_caller]
fn run(mut program: std::process::Command) -> String {
    let output = program.output().expect("it is installed");
    assert!(output.status.success(), "{program:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it speaks UTF-8")
}

#[test]
fn tables_are_restored_in_any_order() {
    let db = full_shop();
    let file = |kind: &str| std::env::temp_dir().join(format!("{}.{}.{kind}", db.name(), std::process::id()));
    let (archive, list) = (file("dump"), file("list"));
    let mut dump = db.cluster().program("pg_dump", db.name());
    dump.args(["--format=custom", "--file"]).arg(&archive);
    run(dump);
    let restore = |arguments: &[&str]| {
        let mut restore = db.cluster().program("pg_restore", db.name());
        restore.arg("--exit-on-error").args(arguments).arg(&archive);
        restore
    };
    // What refers to others comes before them, as it may where several jobs load tables.
    let mut entries: Vec<String> = run(restore(&["--list"])).lines().map(str::to_owned).collect();
    let data: Vec<usize> =
        (0..entries.len()).filter(|at| entries[*at].contains(" TABLE DATA ferry ")).collect();
    for (first, last) in data.iter().zip(data.iter().rev()).take(data.len() / 2) {
        entries.swap(*first, *last);
    }
    std::fs::write(&list, entries.join("\n")).unwrap();
    let use_list = format!("--use-list={}", list.display());
    for argument in ["--jobs=4", &use_list] {
        let copy = Db::empty_on(target());
        let into = format!("--dbname={}", copy.name());
        run(restore(&[&into, argument]));
        assert_eq!(everything(&copy), everything(&db), "{argument}");
        assert!(copy.rows("SELECT * FROM ferry.check_config() WHERE severity = 'error'", &[]).is_empty());
        // What is restored is held together as before.
        copy.sql("DELETE FROM ferry.link; DELETE FROM ferry.source");
        for table in ["mapping", "rule", "review", "retirement", "_left_key", "_left_login"] {
            assert_eq!(copy.count(&format!("ferry.{table}")), 0, "{table}");
        }
    }
    for file in [archive, list] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_row_that_refers_to_nothing_is_refused_unless_a_superuser_restores() {
    let db = full_shop();
    let mut superuser = db.client();
    let key_of = |table: &str, constraint: &str| {
        format!("insert or update on table \"{table}\" violates foreign key constraint \"{constraint}\"")
    };
    for (table, constraint, statement) in [
        ("review", "review_source_fkey", "UPDATE ferry.review SET source = 'nowhere'"),
        ("review", "review_target_fkey", "UPDATE ferry.review SET target = 'nowhere'"),
        ("_left_login", "left_login_source_fkey", "INSERT INTO ferry._left_login VALUES ('nowhere', '')"),
        ("import_reject", "import_reject_run_fkey", "UPDATE ferry.import_reject SET run = 77"),
    ] {
        let error = superuser.batch_execute(statement).unwrap_err();
        let told = error.as_db_error().unwrap();
        assert_eq!((told.code().code(), told.message()), ("23503", key_of(table, constraint).as_str()));
        assert_eq!((told.constraint(), told.table()), (Some(constraint), Some(table)));
        assert!(told.detail().is_some_and(|detail| detail.contains("is not present in table")), "{told:?}");
    }
    // The setting is anybody's, what it opens is not.
    let role = db.role("admin");
    db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&role]);
    let orphan = "SET check_function_bodies = off; INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('nowhere', 'login', 'l.login')";
    let refused = refusal(&mut db.client_as(&role), orphan);
    let nowhere = "mapping nowhere.login, source: there is no source \"nowhere\"";
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("22023", nowhere));
    superuser.batch_execute(orphan).unwrap();
    let findings =
        "SELECT object || ': ' || problem, hint FROM ferry.check_config() WHERE severity = 'error'";
    let found = db.rows(findings, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].get::<_, String>(0),
        "table ferry.mapping: what it refers to is not in ferry.source: nowhere"
    );
    let (_, cure) = found[0].get::<_, &str>(1).split_once("; or ").unwrap();
    db.sql(cure);
    assert!(db.rows(findings, &[]).is_empty());
    // Names go on from what is referred to, and what is referred to stays.
    db.sql("UPDATE ferry.source SET name = 'older' WHERE name = 'old'");
    assert_eq!(db.count("ferry.mapping WHERE source = 'older'"), 1);
    assert_eq!(db.count("ferry._left_login WHERE source = 'older'"), 4);
    assert_eq!(
        refusal(&mut superuser, "SET check_function_bodies = on; DELETE FROM ferry.target").state,
        "23503"
    );
}

#[test]
fn an_import_that_was_stopped_goes_on_where_its_key_has_a_collation_of_its_own() {
    let db = used_shop();
    db.sql(
        r#"CREATE COLLATION legacy."By ""Byte""" FROM "C";
           ALTER TABLE legacy.customers ALTER login TYPE text COLLATE legacy."By ""Byte""";
           DELETE FROM ferry.link;
           UPDATE ferry.source SET key_column = 'login'"#,
    );
    db.sql("CALL ferry.import('shop', max_rows => 2)");
    let copy = Db::empty_on(target());
    restore(&copy, &db.dump(&[]));
    copy.sql("CALL ferry.import('shop')");
    let runs = "SELECT string_agg(concat_ws(' ', id, state, total - done), ', ') FROM ferry.import_run";
    assert_eq!(copy.one::<String>(runs, &[]), "1 finished 0");
}

#[test]
fn grants_of_tasks_are_restored() {
    let db = used_shop();
    let role = db.role("resetter");
    db.rows("SELECT ferry.grant_access($1::text::name, 'reset')", &[&role]);
    let copy = Db::empty_on(target());
    restore(&copy, &db.dump(&[]));
    let mut client = copy.client_as(&role);
    client.batch_execute("SELECT ferry.prepare_reset('bob')").unwrap();
    assert_eq!(refusal(&mut client, "SELECT ferry.authenticate('a', 'b')").state, "42501");
    assert_eq!(refusal(&mut copy.client_as(&db.app()), "TABLE ferry.event").state, "42501");
}

#[test]
fn the_dump_has_no_key_of_unknown_logins() {
    let db = used_shop();
    let mut client = app(&db);
    assert_eq!(outcome(&mut client, "Typed-into-login", "x"), "invalid");
    let dump = db.dump(&[]);
    let key: String = db.one("SELECT encode(key, 'hex') FROM ferry._secret", &[]);
    let escaped: String = db.one("SELECT encode(key, 'base64') FROM ferry._secret", &[]);
    assert!(dump.contains("ferry.event") && dump.contains("unknown:"));
    assert!(
        !dump.contains(&key) && !dump.contains(escaped.trim()) && !dump.contains("_secret"),
        "the dump has the key"
    );
    assert!(!dump.to_lowercase().contains("typed-into-login"));
    for (_, password) in crate::setup_config::PEOPLE {
        assert!(!dump.contains(password));
    }
    let copy = Db::empty_on(target());
    restore(&copy, &dump);
    assert_eq!(copy.count("ferry._secret"), 1);
    assert_ne!(copy.one::<String>("SELECT encode(key, 'hex') FROM ferry._secret", &[]), key);
}

#[test]
fn config_comes_before_the_tables_that_it_names() {
    let db = used_shop();
    let copy = Db::empty_on(target());
    set(&copy);
    // The extension and its rows alone.
    restore(&copy, &db.dump(&["--extension=pg_ferry", "--schema=ferry"]));
    assert_eq!(contents(&copy), contents(&db));
    let errors = "SELECT object || ': ' || problem || coalesce(' ' || hint, '') FROM ferry.check_config() WHERE severity = 'error'";
    let found = copy.one::<String>(errors, &[]);
    assert!(found.starts_with("target default: ") && found.contains("public.users"), "{found}");
    let mut client = copy.client_as(&db.app());
    let refused = refusal(&mut client, "SELECT ferry.authenticate('alice', 'x')");
    assert_eq!(refused.state, "42P01", "{refused:?}");
    // The users table comes, then the legacy one.
    restore(&copy, &db.dump(&["--table=public.users"]));
    let found = copy.one::<String>(errors, &[]);
    assert!(found.starts_with("source shop: ") && found.contains("legacy.customers"), "{found}");
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(right(&mut client, "bob"), "unavailable");
    restore(&copy, &db.dump(&["--schema=legacy"]));
    assert!(copy.rows(errors, &[]).is_empty());
    assert_eq!(right(&mut client, "bob"), "migrated", "{}", last_reason(&copy));
}

#[test]
fn config_comes_before_the_role_that_it_runs_as() {
    let db = used_shop();
    let (owner, app) = (db.owner(), db.app());
    let dump = db.dump(&["--no-owner", "--no-privileges"]);
    let copy = Db::empty_on(target());
    set(&copy);
    db.sql(&format!("REASSIGN OWNED BY {owner} TO postgres; DROP OWNED BY {owner}; DROP ROLE {owner}"));
    restore(&copy, &dump);
    let found: String =
        copy.one("SELECT problem || ' ' || hint FROM ferry.check_config() WHERE severity = 'error'", &[]);
    assert!(found.contains(&owner) && found.contains("Create the role"), "{found}");
    copy.sql(&format!("CREATE ROLE {owner} LOGIN"));
    let mut grants = 0;
    // Each hint is a statement that brings it nearer.
    loop {
        let hints = copy.rows("SELECT hint FROM ferry.check_config() WHERE severity = 'error'", &[]);
        let Some(hint) = hints.first() else { break };
        copy.sql(hint.get(0));
        grants += 1;
        assert!(grants < 10, "the hints do not help");
    }
    assert!(grants > 0);
    copy.rows("SELECT ferry.grant_access($1::text::name, 'login')", &[&app]);
    let mut client = copy.client_as(&app);
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(right(&mut client, "bob"), "migrated", "{}", last_reason(&copy));
    copy.sql(&format!("DROP OWNED BY {owner}"));
}

#[test]
fn config_comes_before_the_server_that_it_asks() {
    need_extension!("postgres_fdw");
    let (db, site) = (Db::new(), Db::django());
    set(&db);
    db.import_foreign_tables(&site, &["auth_user"]);
    let owner = db.owner();
    db.sql(&format!(
        "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login text UNIQUE, password_hash text); ALTER TABLE users OWNER TO {owner};
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('default', 'users', 'id', '{{login}}', 'password_hash', 'argon2id:m=8,t=1,p=1');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash) VALUES ('site', 'legacy.auth_user', 'id', '{{username}}', 'l.password');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('site', 'login', 'l.username')"
    ));
    let copy = Db::empty_on(target());
    set(&copy);
    let role = db.app();
    restore(&copy, &db.dump(&["--extension=pg_ferry", "--schema=ferry"]));
    restore(&copy, &db.dump(&["--table=public.users"]));
    let found: String =
        copy.one("SELECT object || ' ' || problem FROM ferry.check_config() WHERE severity = 'error'", &[]);
    assert!(found.contains("source site") && found.contains("legacy.auth_user"), "{found}");
    copy.sql(&format!("GRANT CREATE ON SCHEMA public TO {owner}"));
    let django = ferry_tests::legacy_data::django_user("alice");
    let mut client = copy.client_as(&role);
    let answer = crate::setup_config::login(&mut client, "alice", django.password());
    assert_eq!(answer.outcome, "unavailable");
    // The server comes with user mappings that a dump of the whole database has.
    let (port, name, reader) = (site.cluster().port(), site.name(), site.reader());
    copy.sql(&format!(
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER legacy FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname '{name}');
         GRANT USAGE ON FOREIGN SERVER legacy TO {owner};
         CREATE USER MAPPING FOR {owner} SERVER legacy OPTIONS (user '{reader}', password 'for reading only');
         CREATE SCHEMA legacy AUTHORIZATION {owner}; SET ROLE {owner};
         IMPORT FOREIGN SCHEMA public LIMIT TO (auth_user) FROM SERVER legacy INTO legacy; RESET ROLE"
    ));
    let answer = crate::setup_config::login(&mut client, "alice", django.password());
    assert_eq!(answer.outcome, "migrated", "{}", last_reason(&copy));
    // The whole at once restores too.
    let whole = Db::empty_on(target());
    restore(&whole, &db.dump(&[]));
    assert_eq!(contents(&whole), contents(&db));
}

#[test]
fn a_restore_over_config_that_is_there_is_refused_by_its_keys() {
    let db = used_shop();
    let before = contents(&db);
    let again = db.psql(&db.dump(&["--extension=pg_ferry", "--schema=ferry", "--data-only"]));
    assert!(!again.status.success());
    assert_eq!(contents(&db), before);
}

#[test]
fn an_extension_made_anew_works_in_the_same_session() {
    let db = shop();
    let mut client = db.client();
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
    for _ in 0..2 {
        client.batch_execute("DROP EXTENSION pg_ferry; CREATE EXTENSION pg_ferry").unwrap();
        let refused = refusal(&mut client, "SELECT ferry.authenticate('alice', 'x')");
        assert_eq!(refused.state, "22023", "{refused:?}");
        crate::setup_config::configure(&db);
        assert_eq!(right(&mut client, "alice"), "ok");
        assert_eq!(right(&mut client, "carol"), "migrated", "{}", last_reason(&db));
        assert_eq!(outcome(&mut client, "bob", "wrong"), "invalid");
        assert_eq!((db.count("ferry.link"), db.count("ferry.event")), (1, 2));
        db.sql("DELETE FROM users WHERE login = 'carol'");
        assert_eq!(right(&mut client, "carol"), "invalid");
        assert_eq!(last_reason(&db), "deleted");
        let row = client.query_one("SELECT ferry._unknown_login('x') IS NOT NULL", &[]).unwrap();
        assert!(row.get::<_, bool>(0));
    }
    assert_eq!(outcome(&mut client, "alice", password_of("alice")), "ok");
}
