//! Who may do what: nothing for PUBLIC, a few functions by the name of a task, config only for members of its role.

use crate::setup_config::{
    Refusal, app, bare_shop, last_reason, outcome, password_of, refusal, right, shop, text,
};
use ferry_tests::Db;
use std::collections::BTreeSet;

/// The functions of schema ferry that a role may execute.
fn executable(db: &Db<'_>, role: &str) -> BTreeSet<String> {
    let query = "SELECT p.oid::regprocedure::text FROM pg_proc p
                 WHERE p.pronamespace = 'ferry'::regnamespace AND has_function_privilege($1, p.oid, 'EXECUTE')";
    db.rows(query, &[&role]).iter().map(|row| row.get(0)).collect()
}

/// The rights that a role has on relations of schema ferry, such as `SELECT ferry.link`.
fn relation_rights(db: &Db<'_>, role: &str) -> BTreeSet<String> {
    let query = "SELECT privilege || ' ' || c.oid::regclass
                 FROM pg_class c,
                      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
                 WHERE c.relnamespace = 'ferry'::regnamespace AND c.relkind IN ('r', 'v')
                   AND has_table_privilege($1, c.oid, privilege)";
    db.rows(query, &[&role]).iter().map(|row| row.get(0)).collect()
}

/// The functions that a task is said to give.
fn promised(db: &Db<'_>, task: &str) -> BTreeSet<String> {
    let query = "SELECT substr(object, strpos(object, ' ') + 1)::regprocedure::text
                 FROM ferry._gives WHERE task = $1 AND rights = 'EXECUTE'";
    db.rows(query, &[&task]).iter().map(|row| row.get(0)).collect()
}

fn grant(db: &Db<'_>, role: &str, task: &str) {
    db.rows("SELECT ferry.grant_access($1::text::name, $2)", &[&role, &task]);
}

/// A role that may write config, but is no member of anything.
fn admin(db: &Db<'_>) -> String {
    let admin = db.role("admin");
    grant(db, &admin, "admin");
    admin
}

#[test]
fn nothing_is_granted_to_public() {
    let db = Db::new();
    let granted: Vec<String> = db
        .rows(
            "SELECT object FROM (
                 SELECT oid::regprocedure::text AS object, coalesce(proacl, acldefault('f', proowner)) AS acl
                 FROM pg_proc WHERE pronamespace = 'ferry'::regnamespace
                 UNION ALL
                 SELECT oid::regclass::text, relacl FROM pg_class WHERE relnamespace = 'ferry'::regnamespace
                 UNION ALL
                 SELECT attrelid::regclass || '.' || attname, attacl FROM pg_attribute
                 WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'ferry'::regnamespace)
                 UNION ALL
                 SELECT 'schema ferry', nspacl FROM pg_namespace WHERE nspname = 'ferry'
             ) o, aclexplode(acl) a WHERE a.grantee = 0",
            &[],
        )
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(granted.is_empty(), "PUBLIC may use {granted:?}");
    let stranger = db.role("stranger");
    assert_eq!(executable(&db, &stranger), BTreeSet::new());
    assert_eq!(relation_rights(&db, &stranger), BTreeSet::new());
    let refused = refusal(&mut db.client_as(&stranger), "SELECT ferry.authenticate('a', 'b')");
    assert_eq!(refused.state, "42501", "{refused:?}");
}

#[test]
fn every_definer_function_pins_its_search_path() {
    let db = Db::new();
    let definers = db.rows(
        "SELECT oid::regprocedure::text, coalesce(proconfig, '{}') FROM pg_proc
         WHERE pronamespace = 'ferry'::regnamespace AND prosecdef",
        &[],
    );
    assert!(definers.len() >= 8, "only {} definer functions", definers.len());
    for definer in definers {
        let (name, settings): (String, Vec<String>) = (definer.get(0), definer.get(1));
        assert_eq!(settings, ["search_path=pg_catalog, pg_temp"], "{name}");
    }
}

#[test]
fn the_application_logs_users_in_and_can_do_nothing_else() {
    let db = shop();
    let role = db.app();
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated");
    assert_eq!(right(&mut client, "alice"), "ok");
    assert_eq!(outcome(&mut client, "alice", "wrong"), "invalid");
    let change = "SELECT outcome FROM ferry.change_password($1, $2, $3)";
    assert_eq!(text(&mut client, change, &[&"alice", &password_of("alice"), &"Brand-new-1"]), "ok");
    assert_eq!(relation_rights(&db, &role), BTreeSet::new());
    for statement in [
        "TABLE users",
        "TABLE legacy.customers",
        "INSERT INTO users (login) VALUES ('x')",
        "UPDATE users SET name = 'x'",
        "DELETE FROM users",
        "TABLE ferry.target",
        "TABLE ferry.link",
        "TABLE ferry.event",
        "TABLE ferry._secret",
        "INSERT INTO ferry.mapping VALUES ('shop', 'x', '1')",
        "DELETE FROM ferry.event",
        "SELECT ferry.set_password('alice', 'Brand-new-2')",
        "SELECT ferry.prepare_reset('alice')",
        "SELECT ferry.find_login('alice')",
        "SELECT ferry.explain_login('alice')",
        "SELECT ferry.check_config()",
        "SELECT ferry.purge_events('0')",
        "SELECT ferry.verify_hash('a', 'b')",
        "SELECT ferry._unknown_login('alice')",
        "SELECT ferry._config()",
        "SELECT ferry._log('login', 'ok', NULL, NULL, 'x', true, NULL, NULL, NULL, NULL, 0)",
        "SELECT ferry.grant_access(current_user, 'admin')",
        "SET ferry.failure_floor = 0",
        "SET ferry.refusals_per_minute = 0",
    ] {
        let refused = refusal(&mut client, statement);
        assert_eq!(refused.state, "42501", "{statement}: {refused:?}");
    }
}

#[test]
fn each_task_gives_its_functions_and_no_other() {
    let db = Db::new();
    let tasks: Vec<String> = db
        .rows("SELECT DISTINCT access FROM ferry._access WHERE access <> 'read'", &[])
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(tasks.len(), 7, "{tasks:?}");
    for task in &tasks {
        let role = db.role(&format!("only_{task}"));
        grant(&db, &role, task);
        assert_eq!(executable(&db, &role), promised(&db, task), "{task}");
        let rights = relation_rights(&db, &role);
        if task == "admin" {
            let expected: BTreeSet<String> =
                ["target", "source", "mapping", "rule", "child", "hook", "review", "preset"]
                    .iter()
                    .flat_map(|table| {
                        ["SELECT", "INSERT", "UPDATE", "DELETE"].map(|right| format!("{right} ferry.{table}"))
                    })
                    .chain(
                        [
                            "link",
                            "event",
                            "outbox",
                            "retirement",
                            "hash_format",
                            "_synonym",
                            "import_run",
                            "import_reject",
                            "import_log",
                            "import_config",
                            "progress",
                            "import_progress",
                            "moved_per_day",
                            "refused_by_reason",
                        ]
                        .map(|table| format!("SELECT ferry.{table}")),
                    )
                    .collect();
            assert_eq!(rights, expected);
        } else if task == "audit" {
            let read = ["event", "import_run", "import_reject", "import_log", "import_config", "progress"];
            assert_eq!(rights, read.iter().map(|table| format!("SELECT ferry.{table}")).collect());
            let hidden = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
                          WHERE attrelid = 'ferry.link'::regclass AND attnum > 0 AND NOT has_column_privilege($1, attrelid, attnum, 'SELECT')";
            assert_eq!(db.one::<String>(hidden, &[&role]), "hash_digest replaced");
        } else if task == "monitor" {
            let figures = ["progress", "import_progress", "moved_per_day", "refused_by_reason"];
            assert_eq!(rights, figures.map(|view| format!("SELECT ferry.{view}")).into());
        } else {
            assert_eq!(rights, BTreeSet::new(), "{task}");
        }
    }
}

#[test]
fn every_public_function_belongs_to_a_task_or_to_the_superuser() {
    let db = Db::new();
    let ungranted: Vec<String> = db
        .rows(
            "SELECT p.oid::regprocedure::text FROM pg_proc p
             WHERE p.pronamespace = 'ferry'::regnamespace AND p.proname NOT LIKE E'\\\\_%'
               AND p.oid NOT IN (SELECT substr(object, strpos(object, ' ') + 1)::regprocedure FROM ferry._access
                                 WHERE object ~ '^(FUNCTION|PROCEDURE) ')
             ORDER BY 1",
            &[],
        )
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(ungranted, ["ferry.grant_access(name,text)", "ferry.revoke_access(name,text)"]);
}

#[test]
fn revoking_takes_everything_back() {
    let db = Db::new();
    let role = db.role("was_admin");
    for task in ["login", "reset", "signup", "admin", "audit"] {
        grant(&db, &role, task);
    }
    for task in ["admin", "audit"] {
        db.rows("SELECT ferry.revoke_access($1::text::name, $2)", &[&role, &task]);
    }
    let expected: BTreeSet<String> =
        ["login", "reset", "signup"].iter().flat_map(|task| promised(&db, task)).collect();
    assert_eq!(executable(&db, &role), expected);
    assert_eq!(relation_rights(&db, &role), BTreeSet::new());
    for task in ["login", "reset", "signup"] {
        db.rows("SELECT ferry.revoke_access($1::text::name, $2)", &[&role, &task]);
    }
    assert_eq!(executable(&db, &role), BTreeSet::new());
}

#[test]
fn an_unknown_task_is_refused_with_the_known_ones() {
    let db = Db::new();
    for task in ["'everything'", "'read'", "NULL"] {
        let refused = refusal(&mut db.client(), &format!("SELECT ferry.grant_access('postgres', {task})"));
        assert_eq!(refused.state, "22023", "{refused:?}");
        assert!(refused.hint.contains("admin, audit, login, monitor, outbox, reset, signup"), "{refused:?}");
    }
}

#[test]
fn a_task_can_be_granted_to_a_role_with_any_name() {
    let db = Db::new();
    let name = format!("Weird \"{}\" role", db.name());
    db.sql(&format!("CREATE ROLE \"{}\"", name.replace('"', "\"\"")));
    grant(&db, &name, "login");
    assert_eq!(executable(&db, &name), promised(&db, "login"));
    db.rows("SELECT ferry.revoke_access($1::text::name, 'login')", &[&name]);
    assert_eq!(executable(&db, &name), BTreeSet::new());
}

#[test]
fn who_may_reset_need_not_log_in() {
    let db = shop();
    let role = db.role("resetter");
    grant(&db, &role, "reset");
    let mut client = db.client_as(&role);
    assert_eq!(text(&mut client, "SELECT outcome FROM ferry.prepare_reset('alice')", &[]), "migrated");
    assert_eq!(
        text(&mut client, "SELECT outcome FROM ferry.set_password('alice', 'Brand-new-1')", &[]),
        "ok"
    );
    assert_eq!(refusal(&mut client, "SELECT ferry.authenticate('alice', 'x')").state, "42501");
    assert_eq!(outcome(&mut app(&db), "alice", "Brand-new-1"), "ok");
}

const WRITES: &[&str] = &[
    "UPDATE ferry.target SET allowed = 'true'",
    "UPDATE ferry.source SET filter = 'l.active'",
    "UPDATE ferry.mapping SET expression = $$'x'$$ WHERE target_column = 'name'",
    "INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('shop', 'extra', '1')",
    "INSERT INTO ferry.source (name, relation, key_column, login_columns, hash) VALUES ('two', 'legacy.customers', 'id', '{login}', 'l.pwd')",
    "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column) VALUES ('two', 'public.users', 'id', '{login}', 'password_hash')",
    "DELETE FROM ferry.mapping WHERE target_column = 'points'",
    "DELETE FROM ferry.source",
    "DELETE FROM ferry.target",
];

fn config_is_untouched(db: &Db<'_>) {
    assert_eq!((db.count("ferry.target"), db.count("ferry.source"), db.count("ferry.mapping")), (1, 1, 4));
    assert_eq!(db.count("ferry.target WHERE allowed IS NOT NULL"), 0);
    assert_eq!(db.count("ferry.mapping WHERE expression = $$'x'$$"), 0);
}

#[test]
fn only_members_of_its_role_write_config() {
    let db = shop();
    db.sql("ALTER TABLE users ADD extra integer");
    let role = admin(&db);
    let mut client = db.client_as(&role);
    for write in WRITES {
        let refused = refusal(&mut client, write);
        assert_eq!(refused.state, "42501", "{write}: {refused:?}");
        assert!(refused.message.contains(&db.owner()) && !refused.hint.is_empty(), "{write}: {refused:?}");
    }
    config_is_untouched(&db);
    db.sql(&format!("GRANT {} TO {role}", db.owner()));
    for write in WRITES {
        client
            .batch_execute(&format!("BEGIN; {write}; ROLLBACK"))
            .map_err(|error| Refusal::of(&error))
            .unwrap_or_else(|refused| {
                // What other rows depend on is the foreign keys' to refuse.
                assert_eq!(refused.state, "23503", "{write}: {refused:?}");
                client.batch_execute("ROLLBACK").unwrap();
            });
    }
}

#[test]
fn switching_checks_off_does_not_bypass_membership() {
    let db = shop();
    let mut client = db.client_as(&admin(&db));
    client.batch_execute("SET check_function_bodies = off").unwrap();
    for write in WRITES {
        let refused = refusal(&mut client, write);
        assert_eq!(refused.state, "42501", "{write}: {refused:?}");
    }
    for run_as in ["nobody_yet", "postgres"] {
        let refused = refusal(
            &mut client,
            &format!(
                "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, run_as)
                 VALUES ('two', 'public.nothing_yet', 'id', '{{login}}', 'password_hash', '{run_as}')"
            ),
        );
        assert_eq!(refused.state, "42501", "{run_as}: {refused:?}");
    }
    config_is_untouched(&db);
}

#[test]
fn a_role_that_the_writer_is_no_member_of_cannot_be_named() {
    let db = shop();
    let (role, other) = (admin(&db), db.role("other"));
    db.sql(&format!("GRANT {} TO {role}; GRANT SELECT, INSERT, UPDATE ON users TO {other}", db.owner()));
    let mut client = db.client_as(&role);
    let name_other = format!("UPDATE ferry.target SET run_as = '{other}'");
    let refused = refusal(&mut client, &name_other);
    assert_eq!(refused.state, "42501", "{refused:?}");
    assert!(refused.message.contains(&other), "{refused:?}");
    // As the hint says: a member of the role may.
    db.sql(&format!("GRANT {other} TO {role}; GRANT USAGE ON SCHEMA legacy TO {other}; GRANT SELECT ON legacy.customers TO {other}"));
    client.batch_execute(&name_other).unwrap();
}

#[test]
fn config_cannot_be_moved_under_another_targets_role() {
    let db = shop();
    let (role, mine) = (admin(&db), db.role("mine"));
    db.sql(&format!(
        "GRANT {mine} TO {role}; GRANT SELECT, INSERT, UPDATE ON users TO {mine};
         GRANT USAGE ON SCHEMA legacy TO {mine}; GRANT SELECT ON legacy.customers TO {mine};
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, run_as)
         VALUES ('mine', 'public.users', 'id', '{{login}}', 'password_hash', '{mine}')"
    ));
    let mut client = db.client_as(&role);
    client
        .batch_execute(
            "INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
             VALUES ('my source', 'mine', 'legacy.customers', 'id', '{login}', 'l.pwd');
             INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('my source', 'login', 'l.login')",
        )
        .unwrap();
    for write in [
        "UPDATE ferry.source SET target = 'default' WHERE name = 'my source'",
        "UPDATE ferry.mapping SET source = 'shop', target_column = 'id' WHERE source = 'my source'",
        "UPDATE ferry.mapping SET source = 'my source' WHERE source = 'shop' AND target_column = 'name'",
        "UPDATE ferry.source SET target = 'mine' WHERE name = 'shop'",
    ] {
        let refused = refusal(&mut client, write);
        assert_eq!(refused.state, "42501", "{write}: {refused:?}");
    }
}

#[test]
fn a_source_is_refused_where_a_column_that_is_read_may_not_be() {
    let db = shop();
    let owner = db.owner();
    // Nothing reads active.
    db.sql(&format!(
        "ALTER TABLE legacy.customers OWNER TO postgres;
         GRANT SELECT (id, login, email, first, last, points, pwd) ON legacy.customers TO {owner};
         UPDATE ferry.source SET priority = 1"
    ));
    let errors = "SELECT coalesce(string_agg(object || ': ' || problem, '; '), '') FROM ferry.check_config() WHERE severity = 'error'";
    assert_eq!(db.one::<String>(errors, &[]), "");
    let mut client = app(&db);
    assert_eq!(right(&mut client, "alice"), "migrated", "{}", last_reason(&db));
    let problem = format!("role \"{owner}\" of run_as may not read active of legacy.customers");
    let refused = refusal(
        &mut db.client(),
        "UPDATE ferry.mapping SET expression = 'l.active::text' WHERE target_column = 'name'",
    );
    assert_eq!((refused.state.as_str(), refused.message), ("42501", format!("source shop: {problem}")));
    db.sql(&format!("{} REVOKE SELECT (pwd) ON legacy.customers FROM {owner}", refused.hint));
    assert_eq!(right(&mut client, "bob"), "unavailable");
    assert_eq!(last_reason(&db), "source_misconfigured");
    assert_eq!(db.one::<String>(errors, &[]), format!("source shop: {}", problem.replace("active", "pwd")));
    db.sql(&db.one::<String>("SELECT hint FROM ferry.check_config() WHERE severity = 'error'", &[]));
    assert_eq!(right(&mut client, "bob"), "migrated");
}

#[test]
fn a_superuser_is_named_only_explicitly_and_by_a_superuser() {
    let db = bare_shop();
    db.sql("ALTER TABLE users OWNER TO postgres");
    let insert = |run_as: &str| {
        format!(
            "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, run_as)
             VALUES ('default', 'users', 'id', '{{login}}', 'password_hash', {run_as})"
        )
    };
    // Not even for a superuser, unasked.
    let refused = refusal(&mut db.client(), &insert("NULL"));
    assert_eq!(refused.state, "42501", "{refused:?}");
    assert!(refused.hint.contains("OWNER TO") && refused.hint.contains("run_as"), "{refused:?}");
    // Membership of a superuser is not enough.
    let role = admin(&db);
    db.sql(&format!("GRANT postgres TO {role}"));
    let refused = refusal(&mut db.client_as(&role), &insert("'postgres'"));
    assert_eq!(refused.state, "42501", "{refused:?}");
    db.sql(&insert("'postgres'"));
    let warned = db.rows("SELECT hint FROM ferry.check_config() WHERE problem LIKE '%superuser%'", &[]);
    assert_eq!(warned.len(), 1, "check_config() says nothing of it");
}

#[test]
fn what_an_admin_may_call_takes_any_argument_without_an_internal_error() {
    let db = shop();
    let mut client = db.client_as(&admin(&db));
    for call in [
        "SELECT ferry._check_config(NULL, NULL, NULL)",
        "SELECT ferry._check_config('target', NULL, NULL)",
        "SELECT ferry._check_config('target', 'null', NULL)",
        "SELECT ferry._check_config('target', '[]', '[]')",
        "SELECT ferry._check_config('mapping', '{}', '{}')",
        "SELECT ferry._check_config('source', '\"text\"', '1')",
        "SELECT ferry._check_config('x; DROP TABLE ferry.link', '{}', '{}')",
        "SELECT ferry._config_changed()",
        "SELECT ferry._check()",
        "SELECT * FROM ferry.explain_login(NULL, NULL, NULL)",
        "SELECT ferry.verify_hash(NULL, NULL)",
        "SELECT ferry.verify_hash('a', '', '', '', '', '')",
        "SELECT * FROM ferry.identify_hash(NULL)",
        "SELECT ferry.hash_password('x', '')",
        "SELECT ferry.needs_rehash('', '')",
    ] {
        if let Err(error) = client.batch_execute(call) {
            let refused = Refusal::of(&error);
            assert!(!refused.state.starts_with("XX"), "{call}: {refused:?}");
        }
    }
    assert_eq!(db.count("ferry.link"), 0);
    // And nulls for all of them.
    let calls = db.rows(
        "SELECT format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, 'ferry', p.proname,
                       (SELECT string_agg('NULL::' || t::regtype, ', ') FROM unnest(p.proargtypes) t))
         FROM pg_proc p WHERE p.pronamespace = 'ferry'::regnamespace AND p.prorettype <> 'trigger'::regtype
           AND p.oid IN (SELECT substr(object, strpos(object, ' ') + 1)::regprocedure FROM ferry._gives WHERE rights = 'EXECUTE')
         ORDER BY p.proname",
        &[],
    );
    assert!(calls.len() > 60, "only {}", calls.len());
    for task in ["login", "reset", "signup", "outbox", "audit", "monitor"] {
        grant(&db, &db.role("admin"), task);
    }
    client.batch_execute("SELECT ferry._wrap_open('default', 1, 1, true)").unwrap();
    for call in calls.iter().map(|row| row.get::<_, &str>(0)) {
        if let Err(error) = client.batch_execute(call) {
            let refused = Refusal::of(&error);
            assert!(!refused.state.starts_with("XX") && refused.state != "42501", "{call}: {refused:?}");
        }
    }
}

#[test]
fn a_task_that_a_role_inherits_does_not_keep_what_is_revoked() {
    let db = Db::new();
    let (admins, alice) = (db.role("admins"), db.role("alice"));
    grant(&db, &admins, "admin");
    grant(&db, &alice, "audit");
    db.sql(&format!("GRANT {admins} TO {alice}"));
    db.rows("SELECT ferry.revoke_access($1::text::name, 'audit')", &[&alice]);
    db.sql(&format!("REVOKE {admins} FROM {alice}"));
    assert_eq!(relation_rights(&db, &alice), BTreeSet::new());
}

#[test]
fn of_several_tasks_each_may_go_and_leaves_what_the_others_give() {
    let db = Db::new();
    let tasks = ["admin", "monitor", "audit"];
    let rights = |role: &str| {
        let columns =
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'ferry.link'::regclass AND attnum > 0
                       AND has_column_privilege($1, attrelid, attnum, 'SELECT')";
        let columns: BTreeSet<String> = db.rows(columns, &[&role]).iter().map(|row| row.get(0)).collect();
        (executable(&db, role), relation_rights(&db, role), columns)
    };
    for gone in tasks {
        let (all, rest) = (db.role(&format!("not_{gone}")), db.role(&format!("all_but_{gone}")));
        tasks.iter().for_each(|task| grant(&db, &all, task));
        tasks.iter().filter(|task| **task != gone).for_each(|task| grant(&db, &rest, task));
        db.rows("SELECT ferry.revoke_access($1::text::name, $2)", &[&all, &gone]);
        assert_eq!(rights(&all), rights(&rest), "without {gone}");
    }
    // What a DBA has taken from a task by hand does not come back with another that goes.
    let role = db.role("bounded");
    tasks.iter().for_each(|task| grant(&db, &role, task));
    db.sql(&format!("REVOKE INSERT, UPDATE, DELETE ON ferry.hook FROM {role}"));
    db.rows("SELECT ferry.revoke_access($1::text::name, 'audit')", &[&role]);
    assert!(!relation_rights(&db, &role).contains("INSERT ferry.hook"));
}
