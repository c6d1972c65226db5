//! Presets: the types and collations of MySQL, through mysql_fdw.

use super::{make_view, users_table, why};
use crate::setup::login;
use ferry_tests::{Db, MariaDb, need_extension};

/// What a user of one of the systems does, and what becomes of them.
struct Visit {
    preset: &'static str,
    /// How its foreign tables are made.
    tables: &'static str,
    relation: &'static str,
    login: &'static str,
    password: &'static str,
    outcome: &'static str,
    /// Columns of the user, as a row's text.
    becomes: Option<(&'static str, &'static str)>,
}

/// IMPORT FOREIGN SCHEMA knows no tinyblob, as the preset's notes say.
const WIKI_USER: &str = r#"
    CREATE FOREIGN TABLE legacy."user" (
        user_id bigint, user_name bytea, user_real_name bytea, user_password bytea, user_email bytea,
        user_email_authenticated bytea, user_registration bytea, user_password_expires bytea)
    SERVER old OPTIONS (dbname 'wiki', table_name 'user')"#;

const VISITS: [Visit; 6] = [
    Visit {
        preset: "mediawiki",
        tables: WIKI_USER,
        relation: "legacy.mediawiki_user",
        login: "Édouard",
        password: "Grüße, 密码 🔑",
        outcome: "migrated",
        becomes: Some((
            "username, email, created_at, email_verified",
            r#"(Édouard,edouard@wiki.example,"2021-02-03 04:00:00+00",t)"#,
        )),
    },
    Visit {
        preset: "xenforo",
        tables: "IMPORT FOREIGN SCHEMA board FROM SERVER old INTO legacy OPTIONS (import_enum_as_text 'true')",
        relation: "legacy.xenforo_user",
        login: "kier@forum.example",
        password: "threads and posts",
        outcome: "migrated",
        becomes: Some((
            "username, created_at, email_verified, is_admin",
            r#"(Kier,"2017-07-14 02:40:00+00",t,t)"#,
        )),
    },
    Visit {
        preset: "xenforo",
        tables: "IMPORT FOREIGN SCHEMA board FROM SERVER old INTO legacy OPTIONS (import_enum_as_text 'true')",
        relation: "legacy.xenforo_user",
        login: "banned",
        password: "was banned",
        outcome: "rejected",
        becomes: None,
    },
    Visit {
        preset: "joomla",
        tables: "IMPORT FOREIGN SCHEMA site FROM SERVER old INTO legacy",
        relation: "legacy.jos_users",
        login: "ann",
        password: "components and modules",
        outcome: "migrated",
        becomes: Some((
            "username, display_name, created_at, last_login_at",
            r#"(Ann,"Ann Component","2021-08-17 10:00:00+00","2024-01-01 00:00:00+00")"#,
        )),
    },
    Visit {
        preset: "joomla",
        tables: r#"IMPORT FOREIGN SCHEMA site FROM SERVER old INTO legacy;
                   ALTER FOREIGN TABLE legacy.jos_users ALTER "lastvisitDate" TYPE text"#,
        relation: "legacy.jos_users",
        login: "phil",
        password: "Grüße, 密码 🔑",
        outcome: "migrated",
        becomes: Some(("username, created_at, last_login_at", r#"(phil,"2014-02-06 10:00:00+00",)"#)),
    },
    Visit {
        preset: "joomla",
        tables: "IMPORT FOREIGN SCHEMA site FROM SERVER old INTO legacy",
        relation: "legacy.jos_users",
        login: "unactivated",
        password: "never activated",
        outcome: "rejected",
        becomes: None,
    },
];

#[test]
fn users_come_from_mariadb_with_the_types_that_it_has() {
    need_extension!("mysql_fdw");
    let files = ["mediawiki", "xenforo", "joomla"].map(|system| format!("presets/{system}/mariadb.sql"));
    let server = MariaDb::with_examples(&files.each_ref().map(String::as_str), "reader", "a reader only");
    for visit in VISITS {
        let db = Db::new();
        import(&db, &server, visit.tables);
        make_view(&db, visit.preset);
        users_table(&db);
        db.rows("SELECT ferry.use_preset($1, 'old', $2)", &[&visit.preset, &visit.relation]);
        let seen = login(&mut db.client_as(&db.app()), visit.login, visit.password);
        assert_eq!(seen.outcome, visit.outcome, "{} of {}: {}", visit.login, visit.preset, why(&db));
        if let Some((columns, row)) = visit.becomes {
            let user: String = db.one(&format!("SELECT ROW({columns})::text FROM users"), &[]);
            assert_eq!(user, row, "{}", visit.preset);
        }
    }
}

/// Makes foreign tables of a MariaDB database in schema `legacy`.
fn import(db: &Db<'_>, server: &MariaDb, tables: &str) {
    let (name, owner, port) = (db.name(), db.owner(), server.port());
    db.sql(&format!(
        "ALTER DATABASE {name} SET ferry.failure_floor = 0;
         CREATE EXTENSION mysql_fdw;
         CREATE SCHEMA legacy AUTHORIZATION {owner};
         CREATE SERVER old FOREIGN DATA WRAPPER mysql_fdw OPTIONS (host '127.0.0.1', port '{port}');
         CREATE USER MAPPING FOR {owner} SERVER old OPTIONS (username 'reader', password 'a reader only');
         GRANT USAGE ON FOREIGN SERVER old TO {owner};
         SET ROLE {owner};
         {tables};
         RESET ROLE"
    ));
}
