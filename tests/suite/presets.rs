//! Presets: each moves the users of the system that it is for, and use_preset tells what it has done.
//!
//! The cases are in `presets/`, a file for each family as in `sql/preset/`.

mod cms;
mod export;
mod forum;
mod framework;
mod identity;

use crate::setup::{Answer, FAST, login};
use ferry_tests::{Db, need_extension};
use std::collections::BTreeSet;
use std::path::Path;

/// A legacy system as it stands in `examples/`, and what becomes of its users.
struct Case {
    preset: &'static str,
    /// The scripts that make its tables and rows, under `examples/`; what they do not qualify goes into schema legacy. They
    /// find their own folder in the psql variable `folder`.
    files: &'static [&'static str],
    /// What use_preset is given: a table, or the view that the preset's own view_sql makes.
    relation: &'static str,
    welcome: &'static [Person],
    /// Login, the right password, and the outcome all the same.
    refused: &'static [(&'static str, &'static str, &'static str)],
}

/// Somebody who gets in.
struct Person {
    login: &'static str,
    password: &'static str,
    /// What is in the users table then: columns and the text of their values.
    columns: &'static [(&'static str, Option<&'static str>)],
}

/// Makes a test of each case, and the list `CASES`.
macro_rules! cases {
    ($($name:ident: $case:expr;)*) => {
        pub(super) const CASES: &[super::Case] = &[$($case),*];
        $(
            #[test]
            fn $name() {
                super::moves_its_users(&$case);
            }
        )*
    };
}
use cases;

fn moves_its_users(case: &Case) {
    need_extension!("pg_ferry");
    let db = legacy_system(case);
    users_table(&db);
    let told = db.rows(
        "SELECT object, action, detail FROM ferry.use_preset($1, 'old', $2) WHERE action NOT IN ('added', 'note')",
        &[&case.preset, &case.relation],
    );
    let told: Vec<String> =
        told.iter().map(|row| format!("{}: {}", row.get::<_, &str>(0), row.get::<_, &str>(2))).collect();
    assert!(told.is_empty(), "the users table has a column for every field, but: {told:?}");
    let errors: Vec<String> = db
        .rows("SELECT object || ': ' || problem FROM ferry.check_config() WHERE severity = 'error'", &[])
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");

    let mut app = db.client_as(&db.app());
    for person in case.welcome {
        let wrong = login(&mut app, person.login, &format!("x{}", person.password));
        assert_eq!(wrong, Answer::refused("invalid"), "{}", person.login);
        let first = login(&mut app, person.login, person.password);
        assert_eq!(first.outcome, "migrated", "{}: {}", person.login, why(&db));
        assert_eq!(login(&mut app, person.login, person.password).outcome, "ok", "{}", person.login);
        for (column, value) in person.columns {
            let query = format!("SELECT {column}::text FROM users WHERE id::text = $1");
            let seen: Option<String> = db.one(&query, &[&first.user_id]);
            assert_eq!(seen.as_deref(), *value, "{column} of {}", person.login);
        }
    }
    for (name, password, outcome) in case.refused {
        assert_eq!(login(&mut app, name, password), Answer::refused(outcome), "{name}: {}", why(&db));
    }
    assert_eq!(db.count("users"), i64::try_from(case.welcome.len()).unwrap());
}

/// A database with the tables of a legacy system, and the view that its preset may want.
fn legacy_system(case: &Case) -> Db<'static> {
    let db = Db::new();
    let (name, owner) = (db.name(), db.owner());
    db.sql(&format!("ALTER DATABASE {name} SET ferry.failure_floor = 0; CREATE SCHEMA legacy"));
    for file in case.files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(file);
        let path = path.canonicalize().unwrap_or_else(|error| panic!("{file}: {error}"));
        let folder = path.parent().unwrap();
        let script = format!(
            "\\set folder '{}'\nSET search_path = legacy, public;\n\\i '{}'\n",
            folder.display(),
            path.display()
        );
        let loaded = db.psql(&script);
        assert!(loaded.status.success(), "{file}: {}", String::from_utf8_lossy(&loaded.stderr));
    }
    db.sql(&format!(
        "GRANT USAGE, CREATE ON SCHEMA legacy TO {owner}; GRANT SELECT ON ALL TABLES IN SCHEMA legacy TO {owner}"
    ));
    let view: Option<String> =
        db.one("SELECT max(view_sql) FROM ferry.preset WHERE name = $1", &[&case.preset]);
    if let Some(view) = view {
        db.sql(&format!("SET ROLE {owner}; {view}; RESET ROLE"));
    }
    db
}

/// A users table with a column for each field that there is.
fn users_table(db: &Db<'_>) {
    let owner = db.owner();
    let columns: String = db.one(
        "SELECT string_agg(format('%I %s', field, CASE WHEN field LIKE '%\\_at' THEN 'timestamptz'
                                                       WHEN field LIKE '%\\_date' THEN 'date'
                                                       WHEN field IN ('email_verified', 'active', 'is_admin') THEN 'boolean'
                                                       ELSE 'text' END), ', ' ORDER BY place)
         FROM ferry._synonym WHERE rank = 1",
        &[],
    );
    db.sql(&format!(
        "SET ROLE {owner};
         CREATE TABLE public.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns},
                                    password_hash text, must_change boolean NOT NULL DEFAULT false);
         RESET ROLE;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy, must_change)
         VALUES ('default', 'public.users', 'id', '{{email,username}}', 'password_hash', '{FAST}', 'must_change')"
    ));
}

/// The newest event, for whoever reads what has failed.
fn why(db: &Db<'_>) -> String {
    db.one("SELECT concat_ws('/', outcome, reason, detail) FROM ferry.event ORDER BY id DESC LIMIT 1", &[])
}

#[test]
fn every_shipped_preset_has_a_case() {
    need_extension!("pg_ferry");
    let families = [cms::CASES, forum::CASES, framework::CASES, identity::CASES, export::CASES];
    let tried: BTreeSet<String> = families.into_iter().flatten().map(|case| case.preset.to_owned()).collect();
    let db = Db::new();
    let shipped = db.rows("SELECT name FROM ferry.preset WHERE shipped", &[]);
    assert_eq!(tried, shipped.iter().map(|row| row.get(0)).collect());
}
