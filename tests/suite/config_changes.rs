//! Config and tables change while sessions are open: each login goes by what is committed then.

use crate::concurrency::await_true;
use crate::setup_config::{app, last_reason, login, outcome, right, shop};
use ferry_tests::legacy_data::django_user;
use ferry_tests::{Db, need_extension};
use postgres::Client;

/// A session that has read the config.
fn warm(db: &Db<'_>) -> Client {
    let mut client = app(db);
    assert_eq!(outcome(&mut client, "nobody at all", "x"), "invalid");
    client
}

fn name_of(db: &Db<'_>, username: &str) -> String {
    db.one("SELECT name FROM users WHERE login = $1", &[&username])
}

fn set_name(db: &Db<'_>, expression: &str) {
    db.rows("UPDATE ferry.mapping SET expression = $1 WHERE target_column = 'name'", &[&expression]);
}

#[test]
fn a_change_is_in_force_at_the_next_login_of_every_session() {
    let db = shop();
    let (mut one, mut other) = (warm(&db), warm(&db));
    set_name(&db, "upper(l.first)");
    assert_eq!(right(&mut one, "alice"), "migrated");
    assert_eq!(right(&mut other, "bob"), "migrated");
    assert_eq!((name_of(&db, "alice").as_str(), name_of(&db, "bob").as_str()), ("ALICE", "BOB"));
    set_name(&db, "upper(l.last)");
    assert_eq!(right(&mut other, "carol"), "migrated");
    assert_eq!(name_of(&db, "carol"), "SMITH");
    db.sql("UPDATE ferry.target SET allowed = 'u.points > 5'");
    for client in [&mut one, &mut other] {
        assert_eq!(right(client, "alice"), "blocked");
    }
    db.sql("UPDATE ferry.target SET allowed = NULL");
    for client in [&mut one, &mut other] {
        assert_eq!(right(client, "alice"), "ok");
    }
}

/// Each mapping passes alone; the last one leaves nothing over for the column of the others.
#[test]
fn the_last_column_may_be_mapped_although_the_unmapped_have_a_column() {
    let db = shop();
    let mut client = warm(&db);
    db.sql(
        "ALTER TABLE users ADD extra jsonb, ADD active boolean, ADD legacy_id bigint;
         UPDATE ferry.source SET unmapped = 'extra';
         INSERT INTO ferry.mapping (source, target_column, expression)
         VALUES ('shop', 'active', 'l.active')",
    );
    let extra = |name: &str| db.one::<String>("SELECT extra::text FROM users WHERE login = $1", &[&name]);
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    assert_eq!(extra("alice"), "{\"id\": 1}");
    db.sql(
        "INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('shop', 'legacy_id', 'l.id')",
    );
    assert_eq!(right(&mut client, "bob"), "migrated", "{}", last_reason(&db));
    assert_eq!(extra("bob"), "{}");
}

#[test]
fn a_disabled_source_is_not_asked_any_more() {
    let db = shop();
    let mut client = warm(&db);
    db.sql("UPDATE ferry.source SET enabled = false");
    assert_eq!(right(&mut client, "alice"), "invalid");
    assert_eq!(last_reason(&db), "unknown_login");
    db.sql("UPDATE ferry.source SET enabled = true");
    assert_eq!(right(&mut client, "alice"), "migrated");
}

#[test]
fn truncated_and_deleted_config_is_gone_at_the_next_login() {
    let db = shop();
    let mut client = warm(&db);
    db.sql("TRUNCATE ferry.mapping");
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert!(
        db.one::<bool>("SELECT login IS NULL AND name IS NULL AND password_hash IS NOT NULL FROM users", &[])
    );
    db.sql("DELETE FROM ferry.source");
    assert_eq!(right(&mut client, "bob"), "invalid");
    assert_eq!(last_reason(&db), "unknown_login");
    db.sql("TRUNCATE ferry.target CASCADE");
    let error = crate::setup_config::try_login(&mut client, "bob", "x").unwrap_err();
    let refused = crate::setup_config::Refusal::of(&error);
    assert_eq!(refused.state, "22023", "{refused:?}");
    assert!(refused.message.contains("\"default\"") && refused.hint.contains("ferry.target"), "{refused:?}");
}

#[test]
fn a_change_that_is_rolled_back_was_never_in_force_for_others() {
    let db = shop();
    let (mut other, mut dba) = (warm(&db), db.client());
    dba.batch_execute(
        "BEGIN; UPDATE ferry.mapping SET expression = $$'wrong'$$ WHERE target_column = 'name'",
    )
    .unwrap();
    assert_eq!(right(&mut other, "alice"), "migrated");
    // Whoever wrote it sees it.
    assert_eq!(right(&mut dba, "bob"), "migrated");
    let seen: String = dba.query_one("SELECT name FROM users WHERE login = 'bob'", &[]).unwrap().get(0);
    assert_eq!(seen, "wrong");
    dba.batch_execute("ROLLBACK").unwrap();
    for (client, username) in [(&mut dba, "bob"), (&mut other, "carol")] {
        assert_eq!(right(client, username), "migrated");
    }
    assert_eq!(db.count("users WHERE name LIKE '% Smith'"), 3);
    // The same with a savepoint.
    dba.batch_execute("BEGIN; SAVEPOINT s; UPDATE ferry.source SET enabled = false").unwrap();
    assert_eq!(right(&mut dba, "dave"), "invalid");
    dba.batch_execute("ROLLBACK TO s").unwrap();
    assert_eq!(right(&mut dba, "dave"), "migrated");
    dba.batch_execute("COMMIT").unwrap();
}

#[test]
fn a_change_during_an_open_transaction_counts_from_its_commit() {
    let db = shop();
    let (mut client, mut dba) = (warm(&db), db.client());
    client.batch_execute("BEGIN").unwrap();
    dba.batch_execute("BEGIN; UPDATE ferry.mapping SET expression = $$'new'$$ WHERE target_column = 'name'")
        .unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    dba.batch_execute("COMMIT").unwrap();
    assert_eq!(right(&mut client, "bob"), "migrated");
    client.batch_execute("COMMIT").unwrap();
    assert_eq!((name_of(&db, "alice").as_str(), name_of(&db, "bob").as_str()), ("Alice Smith", "new"));
}

#[test]
fn config_written_by_replication_is_heard_of() {
    let db = shop();
    let (mut client, mut replica) = (warm(&db), db.client());
    replica.batch_execute("SET session_replication_role = replica; UPDATE ferry.mapping SET expression = $$'copied'$$ WHERE target_column = 'name'").unwrap();
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(name_of(&db, "alice"), "copied");
    replica.batch_execute("TRUNCATE ferry.mapping").unwrap();
    assert_eq!(right(&mut client, "bob"), "migrated");
    assert_eq!(db.count("users WHERE name IS NULL"), 1);
}

/// How often tables of schema ferry and the legacy tables have been scanned so far.
fn scans(db: &Db<'_>, tables: &str) -> i64 {
    let query = format!(
        "SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::bigint FROM pg_stat_all_tables WHERE schemaname || '.' || relname LIKE '{tables}'"
    );
    db.one(&query, &[])
}

/// Has what was done until now counted: by the two sessions that are left, once those are gone that have ended.
pub(crate) fn flush_statistics(db: &Db<'_>, client: &mut Client) {
    const ALONE: &str = "SELECT count(*) = 2 FROM pg_stat_activity
                         WHERE datname = current_database() AND backend_type = 'client backend'";
    await_true(db, ALONE);
    client.batch_execute("SELECT pg_stat_force_next_flush()").unwrap();
    client.batch_execute("SELECT 1").unwrap();
    db.sql("SELECT pg_stat_force_next_flush()");
    db.sql("SELECT 1");
}

#[test]
fn a_moved_users_login_reads_no_config_and_writes_nothing() {
    let db = shop();
    let mut client = warm(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
    flush_statistics(&db, &mut client);
    let events = db.count("ferry.event");
    let before = (config_scans(&db), scans(&db, "ferry.link"), scans(&db, "legacy.customers"));
    assert!(before.0 > 0 && before.1 > 0 && before.2 > 0, "the statistics count nothing: {before:?}");
    let row: String = db.one("SELECT ctid::text || xmin FROM users", &[]);
    for _ in 0..20 {
        assert_eq!(right(&mut client, "alice"), "ok");
    }
    flush_statistics(&db, &mut client);
    assert_eq!((config_scans(&db), scans(&db, "ferry.link"), scans(&db, "legacy.customers")), before);
    assert_eq!(db.count("ferry.event"), events);
    assert_eq!(db.one::<String>("SELECT ctid::text || xmin FROM users", &[]), row);
}

#[test]
fn a_first_login_reads_no_config_either() {
    let db = shop();
    let mut client = warm(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    flush_statistics(&db, &mut client);
    let before = config_scans(&db);
    assert!(before > 0, "the statistics count nothing");
    assert_eq!(right(&mut client, "bob"), "migrated");
    assert_eq!(outcome(&mut client, "carol", "wrong"), "invalid");
    flush_statistics(&db, &mut client);
    assert_eq!(config_scans(&db), before);
}

fn config_scans(db: &Db<'_>) -> i64 {
    ["ferry.target", "ferry.source", "ferry.mapping"].iter().map(|table| scans(db, table)).sum()
}

#[test]
fn a_target_altered_in_mid_session_gets_the_right_values() {
    let db = shop();
    let mut client = warm(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    db.sql("ALTER TABLE users DROP COLUMN points, ADD COLUMN nick text, ADD COLUMN points integer; ALTER TABLE users ALTER login TYPE varchar(30)");
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(right(&mut client, "bob"), "migrated");
    let row: String =
        db.one("SELECT concat_ws('|', login, email, name, nick, points) FROM users WHERE login = 'bob'", &[]);
    assert_eq!(row, "bob|bob@example.com|Bob Smith|0");
    // What config names is gone: the move fails, and says why.
    db.sql("ALTER TABLE users DROP COLUMN points");
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(right(&mut client, "carol"), "unavailable");
    assert_eq!(last_reason(&db), "source_misconfigured");
    let found =
        db.rows("SELECT object, problem, hint FROM ferry.check_config() WHERE severity = 'error'", &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].get::<_, &str>(0), "mapping shop.points");
    assert!(found[0].get::<_, &str>(2).contains("email"), "the hint does not list the columns");
    db.sql("DELETE FROM ferry.mapping WHERE target_column = 'points'");
    assert_eq!(right(&mut client, "carol"), "migrated");
}

#[test]
fn a_local_source_altered_in_mid_session_gives_the_right_values() {
    let db = shop();
    let mut client = warm(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    db.sql(
        "ALTER TABLE legacy.customers RENAME first TO was_first;
         ALTER TABLE legacy.customers RENAME last TO first;
         ALTER TABLE legacy.customers RENAME was_first TO last",
    );
    assert_eq!(right(&mut client, "bob"), "migrated");
    assert_eq!(name_of(&db, "bob"), "Smith Bob");
    db.sql("ALTER TABLE legacy.customers DROP COLUMN first, ADD COLUMN first text DEFAULT 'again'");
    assert_eq!(right(&mut client, "carol"), "migrated");
    assert_eq!(name_of(&db, "carol"), "again Carol");
    // Another table under the same name.
    let owner = db.owner();
    db.sql(&format!(
        "ALTER TABLE legacy.customers RENAME TO former;
         CREATE TABLE legacy.customers AS SELECT pwd, last || '!' AS first, 'X' AS last, email, login, id, points FROM legacy.former;
         ALTER TABLE legacy.customers OWNER TO {owner}"
    ));
    assert_eq!(right(&mut client, "dave"), "migrated");
    assert_eq!(name_of(&db, "dave"), "Dave! X");
}

/// A users table that Django's users are moved into through postgres_fdw.
fn django_target(db: &Db<'_>, site: &Db<'_>) {
    db.import_foreign_tables(site, &["auth_user"]);
    let owner = db.owner();
    db.sql(&format!(
        "ALTER DATABASE {} SET ferry.failure_floor = 0;
         CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, login text UNIQUE, email text, name text, password_hash text);
         ALTER TABLE users OWNER TO {owner};
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('default', 'users', 'id', '{{login}}', 'password_hash', 'argon2id:m=8,t=1,p=1');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash, filter)
         VALUES ('site', 'legacy.auth_user', 'id', '{{username}}', 'l.password', 'l.is_active');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('site', 'login', 'l.username'), ('site', 'email', 'l.email')",
        db.name()
    ));
}

fn django_login(client: &mut Client, username: &str) -> String {
    login(client, username, django_user(username).password()).outcome
}

#[test]
fn the_filter_reaches_the_remote_server_at_every_execution() {
    need_extension!("postgres_fdw");
    let (db, site) = (Db::new(), Db::django());
    django_target(&db, &site);
    let mut client = app(&db);
    for round in 1..=8 {
        let name = format!("nobody{round}");
        assert_eq!(outcome(&mut client, &name, "x"), "invalid");
        let asked = site.log().with("FROM public.auth_user").with(&name);
        assert_eq!(asked.len(), 1, "execution {round}: {}", site.log().text());
        let query = asked.text();
        for part in ["WHERE", "is_active", &format!("username = '{name}'")] {
            assert!(query.contains(part), "execution {round} has no {part}: {query}");
        }
        for column in ["last_login", "first_name", "is_staff", "date_joined"] {
            assert!(!query.contains(column), "execution {round} fetches {column}: {query}");
        }
    }
    assert_eq!(django_login(&mut client, "alice"), "migrated");
    let asked = site.log().with("FROM public.auth_user").len();
    assert_eq!(django_login(&mut client, "alice"), "ok");
    assert_eq!(
        site.log().with("FROM public.auth_user").len(),
        asked,
        "a moved user's login asks the legacy system"
    );
}

#[test]
fn a_foreign_table_altered_in_mid_session_shifts_no_value() {
    need_extension!("postgres_fdw");
    let (db, site) = (Db::new(), Db::django());
    django_target(&db, &site);
    let mut client = app(&db);
    assert_eq!(outcome(&mut client, "nobody", "x"), "invalid");
    let row_of = |name: &str| {
        db.one::<String>("SELECT concat_ws('|', login, email, name) FROM users WHERE login = $1", &[&name])
    };
    let expected = |name: &str| format!("{name}|{}", django_user(name).email);
    let names = ["alice", "bob", "carol", "dave"];
    let usable: Vec<&str> = ferry_tests::legacy_data::django_users()
        .iter()
        .filter(|user| {
            user.is_active
                && user.password.is_some()
                && user.username.is_ascii()
                && user.username == user.username.to_lowercase()
        })
        .map(|user| user.username.as_str())
        .collect();
    assert!(usable.len() >= names.len(), "{usable:?}");
    let alterations = [
        "ALTER FOREIGN TABLE legacy.auth_user DROP COLUMN last_login",
        "ALTER FOREIGN TABLE legacy.auth_user DROP COLUMN email, ADD COLUMN email text",
        "ALTER FOREIGN TABLE legacy.auth_user DROP COLUMN username, ADD COLUMN username text",
        "DROP FOREIGN TABLE legacy.auth_user;
         CREATE FOREIGN TABLE legacy.auth_user (password text, email text, is_active boolean, username text, id int) SERVER legacy OPTIONS (schema_name 'public');
         ALTER FOREIGN TABLE legacy.auth_user OWNER TO ",
    ];
    for (alteration, name) in alterations.iter().zip(&usable) {
        db.sql(&if alteration.ends_with("TO ") {
            format!("{alteration}{}", db.owner())
        } else {
            (*alteration).to_owned()
        });
        assert_eq!(django_login(&mut client, name), "migrated", "{alteration}: {}", last_reason(&db));
        assert_eq!(row_of(name), expected(name), "{alteration}");
    }
    // Columns of the same type change places by name.
    db.sql(
        "ALTER FOREIGN TABLE legacy.auth_user RENAME email TO was_email; ALTER FOREIGN TABLE legacy.auth_user RENAME username TO email;
         ALTER FOREIGN TABLE legacy.auth_user RENAME was_email TO username;
         ALTER FOREIGN TABLE legacy.auth_user ALTER username OPTIONS (ADD column_name 'username'), ALTER email OPTIONS (ADD column_name 'email')",
    );
    let name = usable[4];
    assert_eq!(django_login(&mut client, name), "migrated", "{}", last_reason(&db));
    assert_eq!(row_of(name), expected(name));
    // What config needs is gone.
    db.sql("ALTER FOREIGN TABLE legacy.auth_user DROP COLUMN password");
    let name = usable[5];
    assert_eq!(django_login(&mut client, name), "unavailable");
    assert_eq!(last_reason(&db), "source_misconfigured");
    assert_eq!(db.count(&format!("users WHERE login = '{name}'")), 0);
}

#[test]
fn nothing_but_a_login_contacts_the_remote_server() {
    need_extension!("postgres_fdw");
    let (db, site) = (Db::new(), Db::django());
    django_target(&db, &site);
    db.sql("ALTER SERVER legacy OPTIONS (ADD use_remote_estimate 'true')");
    let mark = site.cluster().log_mark();
    // A port where nobody is: an attempt would fail at once.
    db.sql("ALTER SERVER legacy OPTIONS (SET port '1')");
    db.sql("UPDATE ferry.source SET hash = 'l.password', filter = 'l.is_active AND l.id > 0', login_columns = '{lower(l.username)}'");
    db.sql("UPDATE ferry.mapping SET expression = 'lower(l.email)' WHERE target_column = 'email'");
    let found = db.rows("SELECT object, problem FROM ferry.check_config() WHERE severity = 'error'", &[]);
    assert!(found.is_empty(), "{:?}", found[0].get::<_, String>(1));
    assert!(site.log_since(mark).is_empty(), "{}", site.log_since(mark).text());
    let mut client = app(&db);
    assert_eq!(django_login(&mut client, "alice"), "unavailable");
}

#[test]
fn a_subquery_on_a_foreign_table_is_checked_without_contact() {
    need_extension!("postgres_fdw");
    let (db, site) = (Db::new(), Db::django());
    django_target(&db, &site);
    db.sql("ALTER SERVER legacy OPTIONS (ADD use_remote_estimate 'true', SET port '1')");
    db.sql(
        "INSERT INTO ferry.mapping (source, target_column, expression)
         VALUES ('site', 'name', '(SELECT max(o.email) FROM legacy.auth_user o WHERE o.id = l.id)')",
    );
    let found = db.rows("SELECT problem FROM ferry.check_config() WHERE severity = 'error'", &[]);
    assert!(found.is_empty(), "{:?}", found[0].get::<_, String>(0));
}
