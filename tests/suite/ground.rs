//! The ground itself: that the clusters are what the other tests take them for.

use ferry_tests::legacy_data::{LegacyUser, django_user, django_users, wordpress_users};
use ferry_tests::{Cluster, Db, Options, Shutdown, need_extension, sqlstate, target};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn each_test_has_a_database_of_its_own() {
    let (one, other) = (Db::new(), Db::new());
    one.sql("CREATE TABLE only_here ()");
    assert_eq!(one.count("only_here"), 0);
    let error = other.try_sql("TABLE only_here").unwrap_err();
    assert_eq!(sqlstate(&error), "42P01");
    assert_ne!(one.role("app"), other.role("app"));
}

#[test]
fn the_server_is_of_the_major_under_test() {
    let db = Db::new();
    let number: i32 = db.one("SELECT current_setting('server_version_num')::int", &[]);
    assert_eq!(number / 10_000, i32::try_from(target().server().major()).unwrap());
}

#[test]
fn the_installed_extension_is_in_every_new_database() {
    need_extension!("pg_ferry");
    assert!(Db::new().has_ferry());
}

#[test]
fn django_left_genuine_rows() {
    let legacy = Db::django();
    assert_eq!(legacy.count("auth_user"), i64::try_from(django_users().len()).unwrap());
    for user in django_users() {
        let stored: String =
            legacy.one("SELECT password FROM auth_user WHERE username = $1", &[&user.username]);
        assert!(stored.starts_with(django_prefix(user)), "{}: {stored}", user.username);
    }
}

fn django_prefix(user: &LegacyUser) -> &'static str {
    match user.hasher.as_str() {
        "pbkdf2_sha256" => "pbkdf2_sha256$",
        "pbkdf2_sha1" => "pbkdf2_sha1$",
        "argon2" => "argon2$argon2id$v=19$",
        "bcrypt" => "bcrypt$$2b$12$",
        "bcrypt_sha256" => "bcrypt_sha256$$2b$12$",
        "scrypt" => "scrypt$16384$",
        "md5" => "md5$",
        "unusable" => "!",
        other => panic!("{} is made by an unknown hasher, {other}", user.username),
    }
}

#[test]
fn wordpress_left_genuine_rows() {
    let legacy = Db::wordpress();
    assert_eq!(legacy.count("wp_users"), i64::try_from(wordpress_users().len()).unwrap());
    for user in wordpress_users() {
        let stored: String =
            legacy.one("SELECT user_pass FROM wp_users WHERE user_login = $1", &[&user.username]);
        assert!(stored.starts_with(wordpress_prefix(user)), "{}: {stored}", user.username);
    }
}

fn wordpress_prefix(user: &LegacyUser) -> &'static str {
    match user.hasher.as_str() {
        "wp-bcrypt" => "$wp$2y$10$",
        "bcrypt" => "$2y$10$",
        "phpass" => "$P$B",
        "md5" => "",
        "none" => "*",
        other => panic!("{} is made by an unknown hasher, {other}", user.username),
    }
}

#[test]
fn the_owner_reads_foreign_tables_with_a_password() {
    need_extension!("postgres_fdw");
    let (db, legacy) = (Db::new(), Db::django());
    db.import_foreign_tables(&legacy, &["auth_user"]);
    let found = db
        .client_as(&db.owner())
        .query_one("SELECT email FROM legacy.auth_user WHERE username = $1", &[&"alice"])
        .unwrap();
    assert_eq!(found.get::<_, String>(0), django_user("alice").email);
    assert_eq!(
        legacy.log().with("FROM public.auth_user").with("username = 'alice'").len(),
        1,
        "{}",
        legacy.log().text()
    );
}

#[test]
fn the_owner_queries_through_dblink_with_a_password() {
    need_extension!("dblink");
    let (db, legacy) = (Db::new(), Db::wordpress());
    db.add_dblink_server(&legacy);
    let query = "SELECT n FROM dblink('legacy_dblink', 'SELECT count(*) FROM wp_users') AS answer (n bigint)";
    let found = db.client_as(&db.owner()).query_one(query, &[]).unwrap();
    assert_eq!(found.get::<_, i64>(0), i64::try_from(wordpress_users().len()).unwrap());
}

#[test]
fn the_log_is_told_apart_by_database() {
    let (db, other) = (Db::new(), Db::new());
    let mark = db.cluster().log_mark();
    other.try_sql("SELECT 1/0").unwrap_err();
    db.try_sql("SELECT no_such_column,\n 'second line'").unwrap_err();
    let log = db.log_since(mark);
    assert!(log.contains("no_such_column") && log.contains("second line"), "{}", log.text());
    assert!(!log.contains("division by zero"), "{}", log.text());
    assert!(log.internal_errors().is_empty());
}

#[test]
#[should_panic(expected = "internal errors in the server's log")]
fn an_internal_error_fails_the_test_that_met_it() {
    let db = Db::new();
    db.try_sql("DO $$ BEGIN RAISE 'our bug' USING ERRCODE = 'XX000'; END $$").unwrap_err();
}

#[test]
fn a_dump_can_be_restored() {
    let (db, copy) = (Db::new(), Db::empty_on(target()));
    db.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)");
    let restored = copy.psql(&db.dump(&[]));
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(copy.one::<i32>("SELECT n FROM kept", &[]), 42);
}

#[test]
fn a_cluster_survives_a_crash_and_a_standby_follows_it() {
    let primary = Cluster::start(Options::default());
    let standby = primary.start_standby();
    primary.connect("postgres", "postgres").batch_execute("CREATE TABLE kept AS SELECT 42 AS n").unwrap();
    standby.catch_up_with(&primary);
    let row = standby
        .connect("postgres", "postgres")
        .query_one("SELECT n, pg_is_in_recovery() FROM kept", &[])
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), (42, true));
    primary.stop(Shutdown::Immediate);
    primary.start_again();
    primary.connect("postgres", "postgres").query_one("SELECT n FROM kept", &[]).unwrap();
}

#[test]
fn a_killed_test_leaves_no_server_behind() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_with-clusters"))
        .args(["sh", "-c", "echo $PGHOST; read -r _"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let directory = Path::new(line.trim());
    assert!(directory.join("data/postmaster.pid").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while directory.exists() {
        assert!(Instant::now() < deadline, "{} is still there", directory.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}
