//! Hooks: the DBA's functions at the points of a login.

use crate::setup::{Answer, Site, login, try_login};
use crate::setup_config::Refusal;
use postgres::Client;
use serde_json::{Value, json};

const ANN: &str = "ann@example.com";
const SECRET: &str = "ann's secret";

/// What hooks of these tests write into: an outbox, and a log of what they were told.
fn shop() -> Site {
    let site = Site::shop();
    site.db.sql("UPDATE legacy.customers SET salt = 'a pinch of salt'");
    add_schema(&site);
    site.as_owner("CREATE TABLE app.outbox (id bigint GENERATED ALWAYS AS IDENTITY, message jsonb)");
    site
}

fn add_schema(site: &Site) {
    site.db.sql(&format!("CREATE SCHEMA app AUTHORIZATION {}", site.db.owner()));
}

/// Makes `app.NAME(context jsonb) RETURNS jsonb` with a PL/pgSQL body, and the hook of that name.
#[track_caller]
fn hook(site: &Site, name: &str, point: &str, body: &str) {
    function(site, name, "context jsonb", "jsonb", body);
    add(site, name, point);
}

#[track_caller]
fn function(site: &Site, name: &str, takes: &str, returns: &str, body: &str) {
    site.as_owner(&format!(
        "CREATE FUNCTION app.{name}({takes}) RETURNS {returns} LANGUAGE plpgsql AS $body$ BEGIN {body} END $body$"
    ));
}

#[track_caller]
fn add(site: &Site, name: &str, point: &str) {
    site.db.sql(&format!(
        "INSERT INTO ferry.hook (name, point, function) VALUES ('{name}', '{point}', 'app.{name}')"
    ));
}

/// A hook that keeps what it was told in the outbox.
fn recorder(site: &Site, point: &str) {
    let body = "INSERT INTO app.outbox (message) VALUES (context); RETURN NULL;";
    hook(site, &format!("record_{point}"), point, body);
}

fn outbox(site: &Site) -> Vec<Value> {
    let rows = site.db.rows("SELECT message FROM app.outbox ORDER BY id", &[]);
    rows.iter().map(|row| row.get(0)).collect()
}

#[track_caller]
fn refused(site: &Site, values: &str) -> Refusal {
    let insert = format!("INSERT INTO ferry.hook (name, point, function) VALUES ({values})");
    match site.db.try_sql(&insert) {
        Ok(()) => panic!("not refused: {values}"),
        Err(error) => Refusal::of(&error),
    }
}

#[track_caller]
fn assert_migrated(site: &Site) {
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "migrated", "{:?}", site.events().pop());
}

/// The login fails, a hook is to blame, and nobody was moved.
#[track_caller]
fn assert_hook_failed(site: &Site, outcome: &str, detail: &Value) {
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused(outcome));
    let event = site.last_event();
    assert_eq!((event.outcome.as_str(), event.reason.as_deref()), (outcome, Some("hook_failed")));
    assert_eq!(&event.detail, detail);
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

fn steps(site: &Site) -> Vec<String> {
    let rows = site.db.rows("SELECT action, result FROM ferry.explain_login($1)", &[&ANN]);
    rows.iter().map(|row| format!("{}: {}", row.get::<_, &str>(0), row.get::<_, &str>(1))).collect()
}

#[test]
fn an_outbox_is_filled_in_the_transaction_that_moves_the_user() {
    let site = shop();
    recorder(&site, "after_write");
    let mut app = site.app();
    assert_eq!(login(&mut app, ANN, "wrong"), Answer::refused("invalid"));
    assert_eq!(outbox(&site), Vec::<Value>::new());
    let mut transaction = app.transaction().unwrap();
    let sql = "SELECT user_id FROM ferry.authenticate($1, $2, client => '10.0.0.7')";
    let user_id: String = transaction.query_one(sql, &[&ANN, &SECRET]).unwrap().get(0);
    assert_eq!(outbox(&site), Vec::<Value>::new());
    transaction.commit().unwrap();
    let told = outbox(&site);
    assert_eq!(told.len(), 1);
    let expected = json!({
        "point": "after_write", "kind": "login", "target": "default", "login": ANN, "client": "10.0.0.7",
        "source": "shop", "legacy_key": "1", "user_id": user_id, "via": "login",
        "row": {"id": user_id.parse::<i64>().unwrap(), "email": ANN, "name": "Ann Other", "active": true,
                "must_change": false},
    });
    assert_eq!(told[0], expected);
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "ok");
    assert_eq!(outbox(&site).len(), 1);
}

#[test]
fn an_error_after_it_empties_the_outbox() {
    let site = shop();
    recorder(&site, "after_write");
    hook(
        &site,
        "z_last",
        "after_write",
        "RAISE EXCEPTION 'no' USING ERRCODE = 'HK001', CONSTRAINT = 'mine';",
    );
    let detail = json!({"hook": "z_last", "point": "after_write", "sqlstate": "HK001", "constraint": "mine"});
    assert_hook_failed(&site, "failed", &detail);
    assert_eq!(outbox(&site), Vec::<Value>::new());
    site.db.sql("UPDATE ferry.hook SET enabled = false WHERE name = 'z_last'");
    assert_migrated(&site);
    assert_eq!(outbox(&site).len(), 1);
}

#[test]
fn an_error_at_any_point_before_the_answer_lets_nobody_in_and_names_the_hook() {
    for (point, outcome) in [
        ("before_source", "invalid"),
        ("after_fetch", "invalid"),
        ("after_verify", "failed"),
        ("before_write", "failed"),
        ("after_write", "failed"),
        ("after_login", "failed"),
    ] {
        let site = shop();
        hook(&site, "boom", point, "RAISE division_by_zero;");
        assert_hook_failed(&site, outcome, &json!({"hook": "boom", "point": point, "sqlstate": "22012"}));
        assert_eq!(login(&mut site.app(), ANN, "wrong"), Answer::refused("invalid"), "{point}");
    }
}

#[test]
fn a_slow_hook_is_cut() {
    for (point, outcome) in
        [("after_fetch", "invalid"), ("before_write", "failed"), ("after_login", "failed")]
    {
        let site = shop();
        hook(&site, "slow", point, "PERFORM pg_sleep(30); RETURN NULL;");
        site.db.sql("UPDATE ferry.hook SET timeout = '50 ms'");
        let started = std::time::Instant::now();
        assert_hook_failed(&site, outcome, &json!({"hook": "slow", "point": point, "sqlstate": "timeout"}));
        assert!(started.elapsed().as_secs() < 25, "{point}: {:?}", started.elapsed());
    }
}

#[test]
fn a_hook_that_catches_the_cancel_is_cancelled_again() {
    let body = "BEGIN PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(30); END; RETURN NULL;";
    for (point, outcome) in
        [("after_fetch", "invalid"), ("after_verify", "failed"), ("after_login", "failed")]
    {
        let site = shop();
        hook(&site, "stubborn", point, body);
        site.db.sql("UPDATE ferry.hook SET timeout = '50 ms'");
        let detail = json!({"hook": "stubborn", "point": point, "sqlstate": "timeout"});
        assert_hook_failed(&site, outcome, &detail);
    }
}

#[test]
fn what_a_hook_does_after_its_time_is_undone() {
    let note = "INSERT INTO app.outbox (message) VALUES (context);";
    // What has a limit of its own must not make it forgotten that the hook's is over.
    let rehearsal = "PERFORM * FROM ferry.explain_login('ben@example.com');";
    for late in [note.to_string(), format!("{note} {rehearsal}")] {
        let site = shop();
        let owner = site.db.owner();
        site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&owner]);
        let body = format!(
            "BEGIN PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN NULL; END; {late} RETURN NULL;"
        );
        hook(&site, "late", "after_write", &body);
        site.db.sql("UPDATE ferry.hook SET timeout = '50 ms'");
        let mut app = site.app();
        assert_eq!(login(&mut app, ANN, SECRET), Answer::refused("failed"), "{late}");
        let event = site.last_event();
        let detail = json!({"hook": "late", "point": "after_write", "sqlstate": "timeout"});
        assert_eq!((event.reason.as_deref(), &event.detail), (Some("hook_failed"), &detail));
        assert_eq!(((site.counts().0, site.counts().1), outbox(&site)), ((0, 0), Vec::new()), "{late}");
        // No cancel is left for what comes next in the session.
        site.db.sql("UPDATE ferry.hook SET enabled = false");
        app.batch_execute("SELECT pg_sleep(0.3)").unwrap();
        assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    }
}

#[test]
fn a_hook_that_calls_what_has_a_limit_of_its_own_keeps_its_limit() {
    let site = shop();
    let body = "PERFORM * FROM ferry.explain_login('ben@example.com'); PERFORM pg_sleep(30); RETURN NULL;";
    hook(&site, "slow", "after_write", body);
    let owner = site.db.owner();
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&owner]);
    site.db.sql("UPDATE ferry.hook SET timeout = '300 ms'");
    let started = std::time::Instant::now();
    let detail = json!({"hook": "slow", "point": "after_write", "sqlstate": "timeout"});
    assert_hook_failed(&site, "failed", &detail);
    assert!(started.elapsed().as_secs() < 25, "{:?}", started.elapsed());
}

#[test]
fn a_cancel_by_the_user_is_not_taken_for_the_limit() {
    let site = shop();
    hook(&site, "slow", "after_write", "PERFORM pg_sleep(30); RETURN NULL;");
    site.db.sql("UPDATE ferry.hook SET timeout = '20 s'");
    let mut app = site.app();
    app.batch_execute("SET statement_timeout = '200 ms'").unwrap();
    let error = try_login(&mut app, ANN, SECRET).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "57014");
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn hooks_run_as_run_as_whatever_the_caller_sets() {
    let site = shop();
    site.as_owner("CREATE FUNCTION who() RETURNS text LANGUAGE sql AS $$ SELECT 'ours' $$");
    let body = "INSERT INTO app.outbox (message)
                VALUES (jsonb_build_object('user', current_user, 'who', who(), 'zone', current_setting('TimeZone')));
                RETURN NULL;";
    hook(&site, "identity", "after_write", body);
    let mut app = site.app();
    app.batch_execute(
        "CREATE FUNCTION pg_temp.who() RETURNS text LANGUAGE sql AS $$ SELECT 'theirs' $$;
         CREATE TEMP TABLE outbox (message jsonb);
         SET search_path = pg_temp, public; SET TimeZone = 'Asia/Tokyo'",
    )
    .unwrap();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    assert_eq!(outbox(&site), [json!({"user": site.db.owner(), "who": "ours", "zone": "UTC"})]);
}

#[test]
fn no_hook_is_told_a_secret() {
    let site = shop();
    site.configure("source", "salt = 'l.salt', format = 'md5($pass.$salt)'");
    let hash = "UPDATE legacy.customers SET pwd = md5('ann''s secret' || salt)";
    site.db.sql(hash);
    // What is read-only can tell only by an error.
    for point in ["before_source", "after_fetch", "after_verify"] {
        let body = "IF context::text ~ '(pwd|salt|secret)' THEN RAISE EXCEPTION 'told'; END IF; RETURN NULL;";
        hook(&site, &format!("check_{point}"), point, body);
    }
    for point in ["before_write", "after_write", "after_login", "on_failure"] {
        recorder(&site, point);
    }
    assert_migrated(&site);
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "ok");
    site.configure("target", "allowed = 'false'");
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "blocked");
    let points: Vec<Value> = outbox(&site).iter().map(|told| told["point"].clone()).collect();
    assert_eq!(points, ["before_write", "after_write", "after_login", "after_login", "on_failure"]);
    let all = json!(outbox(&site)).to_string();
    for secret in ["secret", "salt", "pwd", "password_hash", "argon2"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn what_the_hash_is_made_from_is_secret_whatever_the_expression() {
    for hash in [
        "l.pwd",
        "(SELECT l.pwd)",
        "concat(nullif('', l.salt), l.pwd)",
        "(l).pwd",
        "l.*::legacy.customers::text",
    ] {
        let site = shop();
        hook(
            &site,
            "check",
            "after_fetch",
            "IF context->'row' ? 'pwd' THEN RAISE EXCEPTION 'told'; END IF; RETURN NULL;",
        );
        if !hash.contains('*') {
            site.db.rows("UPDATE ferry.source SET hash = $1", &[&hash]);
            assert_migrated(&site);
        } else {
            site.db.rows(
                "UPDATE ferry.source SET hash = $1",
                &[&"substring((l)::text from '\\$argon2id[^,\")]*')"],
            );
            login(&mut site.app(), ANN, SECRET);
            assert_ne!(site.last_event().reason.as_deref(), Some("hook_failed"));
        }
    }
}

#[test]
fn before_source_leaves_a_source_out() {
    let site = shop();
    hook(
        &site,
        "not_now",
        "before_source",
        "RETURN jsonb_build_object('skip', context->>'login' LIKE 'ann@%');",
    );
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/unknown_login");
    let outcome: String = site.db.one("SELECT outcome FROM ferry.prepare_reset($1)", &[&ANN]);
    assert_eq!(outcome, "invalid");
    site.as_owner("CREATE OR REPLACE FUNCTION app.not_now(context jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $${}$$::jsonb'");
    assert_migrated(&site);
}

#[test]
fn after_fetch_changes_the_row_that_hash_mappings_and_rules_read() {
    let site = shop();
    let hash = site.hash("another secret");
    hook(
        &site,
        "better",
        "after_fetch",
        &format!("RETURN jsonb_build_object('row', jsonb_build_object('first', 'Anna', 'pwd', '{hash}'));"),
    );
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'anna', $$l.first = 'Anna'$$)",
    );
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused("invalid"));
    assert_eq!(login(&mut site.app(), ANN, "another secret").outcome, "migrated");
    assert_eq!(site.user(ANN, "name").as_deref(), Some("Anna Other"));
}

#[test]
fn after_fetch_takes_and_returns_the_row_type_with_all_columns() {
    let site = shop();
    // No expression reads the salt.
    let body = "r.last := r.salt || ' ' || length(r.pwd); RETURN r;";
    function(&site, "whole", "r legacy.customers", "legacy.customers", body);
    add(&site, "whole", "after_fetch");
    assert_migrated(&site);
    let length: i32 = site.db.one("SELECT length(pwd) FROM legacy.customers", &[]);
    assert_eq!(site.user(ANN, "name").unwrap(), format!("Ann a pinch of salt {length}"));
}

#[test]
fn after_fetch_cannot_make_somebody_else_of_a_person() {
    for change in ["'{\"id\": 4711}'", "'{\"email\": \"ben@example.com\"}'", "'{\"id\": null}'"] {
        let site = shop();
        hook(&site, "swap", "after_fetch", &format!("RETURN jsonb_build_object('row', {change}::jsonb);"));
        let error = "it changes the legacy key or a login";
        assert_hook_failed(
            &site,
            "invalid",
            &json!({"hook": "swap", "point": "after_fetch", "error": error}),
        );
    }
}

#[test]
fn after_verify_rejects_with_its_own_words() {
    let site = shop();
    hook(
        &site,
        "sanctions",
        "after_verify",
        "RETURN jsonb_build_object('reject', 'listed as ' || (context->'row'->>'first'));",
    );
    assert_eq!(login(&mut site.app(), ANN, "wrong"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused("rejected"));
    let event = site.last_event();
    assert_eq!(event.reason.as_deref(), Some("hook"));
    assert_eq!(event.detail, json!({"hook": "sanctions", "message": "listed as Ann"}));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    // No password is shown where somebody is moved by others.
    let outcome: String = site.db.one("SELECT outcome FROM ferry.prepare_reset($1)", &[&ANN]);
    assert_eq!(outcome, "migrated");
    // Until a password is set here the legacy one still counts, and so does the hook.
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused("rejected"));
}

#[test]
fn after_verify_demands_a_new_password() {
    let site = shop();
    hook(&site, "stale", "after_verify", "RETURN '{\"must_change\": true}';");
    let error =
        json!({"hook": "stale", "point": "after_verify", "error": "target has no must_change column"});
    assert_hook_failed(&site, "failed", &error);
    site.configure("target", "must_change = 'must_change'");
    let first = login(&mut site.app(), ANN, SECRET);
    assert_eq!((first.outcome.as_str(), first.must_change), ("migrated", true));
    assert_eq!(site.last_event().detail, json!({"must_change": ["stale"]}));
    assert_eq!(site.user(ANN, "must_change").as_deref(), Some("true"));
}

#[test]
fn after_verify_demands_it_of_who_was_moved_by_a_reset_too() {
    let site = shop();
    site.configure("target", "must_change = 'must_change'");
    hook(&site, "stale", "after_verify", "RETURN '{\"must_change\": true}';");
    let outcome: String = site.db.one("SELECT outcome FROM ferry.prepare_reset($1)", &[&ANN]);
    assert_eq!(outcome, "migrated");
    assert_eq!(site.user(ANN, "must_change").as_deref(), Some("false"));
    assert!(login(&mut site.app(), ANN, SECRET).must_change);
    assert_eq!(site.user(ANN, "must_change").as_deref(), Some("true"));
}

#[test]
fn before_write_changes_what_is_written() {
    let site = shop();
    site.as_owner(
        "ALTER TABLE users ADD note text DEFAULT 'from the table', ADD other text DEFAULT 'from the table'",
    );
    hook(
        &site,
        "polish",
        "before_write",
        "RETURN jsonb_build_object('row', jsonb_build_object('name', upper(context->'row'->>'name'), 'note', 'set by a hook'));",
    );
    assert_migrated(&site);
    let row: String = site.db.one("SELECT concat_ws('|', name, note, other, active) FROM users", &[]);
    assert_eq!(row, "ANN OTHER|set by a hook|from the table|t");
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "ok");
}

#[test]
fn before_write_takes_and_returns_the_row_type() {
    let site = shop();
    site.as_owner(
        "ALTER TABLE users ADD note text DEFAULT 'from the table', ADD other text DEFAULT 'from the table'",
    );
    function(
        &site,
        "polish",
        "u users",
        "users",
        "u.name := upper(u.name); u.note := 'set by a hook'; RETURN u;",
    );
    add(&site, "polish", "before_write");
    assert_migrated(&site);
    let row: String = site.db.one("SELECT concat_ws('|', name, note, other, active) FROM users", &[]);
    assert_eq!(row, "ANN OTHER|set by a hook|from the table|t");
}

#[test]
fn a_column_whose_domain_refuses_null_gets_its_default() {
    for takes_row in [false, true] {
        let site = shop();
        site.as_owner(
            "CREATE DOMAIN note AS text NOT NULL;
             ALTER TABLE users ADD note note DEFAULT 'from the table', ADD other note DEFAULT 'from the table'",
        );
        if takes_row {
            function(&site, "noted", "u users", "users", "u.other := 'set by a hook'; RETURN u;");
            add(&site, "noted", "before_write");
        } else {
            let body = "RETURN jsonb_build_object('row', jsonb_build_object('other', 'set by a hook'));";
            hook(&site, "noted", "before_write", body);
        }
        assert_migrated(&site);
        let row: String = site.db.one("SELECT concat_ws('|', note, other) FROM users", &[]);
        assert_eq!(row, "from the table|set by a hook");
    }
}

#[test]
fn long_numbers_pass_as_they_are() {
    let site = shop();
    site.as_owner("ALTER TABLE users ADD amount numeric");
    let body = "RETURN '{\"row\": {\"amount\": 12345678901234567890.123456789012345678900}}';";
    hook(&site, "rich", "before_write", body);
    assert_migrated(&site);
    assert_eq!(site.user(ANN, "amount").as_deref(), Some("12345678901234567890.123456789012345678900"));
}

#[test]
fn before_write_can_set_a_column_to_null_and_choose_the_id() {
    let site = shop();
    site.as_owner("ALTER TABLE users ADD note text DEFAULT 'from the table'");
    hook(
        &site,
        "choose",
        "before_write",
        "RETURN '{\"row\": {\"id\": 4711, \"note\": null, \"name\": null}}';",
    );
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::welcomed("migrated", "4711"));
    let row: String =
        site.db.one("SELECT concat_ws('|', id, coalesce(note, '-'), coalesce(name, '-')) FROM users", &[]);
    assert_eq!(row, "4711|-|-");
}

#[test]
fn before_write_of_an_adopted_user_changes_what_it_names_and_it_can_be_put_back() {
    for takes_row in [false, true] {
        let site = shop();
        site.as_owner("ALTER TABLE users ADD note text DEFAULT 'here'");
        site.db.sql("INSERT INTO users (id, email, name) VALUES (42, 'ann@example.com', 'Ann Here')");
        site.configure("target", "adopt = 'locked'");
        site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'email'");
        if takes_row {
            let body = "IF u.name <> 'Ann Here' THEN RAISE EXCEPTION 'not as it will be'; END IF; u.note := 'set'; RETURN u;";
            function(&site, "polish", "u users", "users", body);
            add(&site, "polish", "before_write");
        } else {
            let body =
                "IF context->'row'->>'name' <> 'Ann Here' THEN RAISE EXCEPTION 'not as it will be'; END IF;
                        RETURN '{\"row\": {\"note\": \"set\"}}';";
            hook(&site, "polish", "before_write", body);
        }
        assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::welcomed("migrated", "42"));
        let row = |site: &Site| -> String {
            site.db.one("SELECT concat_ws('|', email, name, note) FROM users", &[])
        };
        assert_eq!(row(&site), "ann@example.com|Ann Here|set");
        site.db.rows("SELECT * FROM ferry.unmigrate_login($1)", &[&ANN]);
        assert_eq!(row(&site), "ann@example.com|Ann Here|here");
    }
}

#[test]
fn a_row_through_hooks_has_the_values_that_it_would_have_without() {
    let columns = [
        "a varchar(5)",
        "b char(4)",
        "c numeric(6, 2)",
        "d integer",
        "e timestamptz",
        "f date",
        "g jsonb",
        "h text[]",
        "i bytea",
        "j double precision",
        "k uuid",
        "l interval",
        "m boolean",
        "n json",
        "o bit(3)",
        "p pair",
        "q few",
        "r text",
        "u text",
    ];
    let values = [
        ("a", "'ab'"),
        ("b", "'ab'"),
        ("c", "2.345"),
        ("d", "2.5::numeric"),
        ("e", "timestamp '2020-01-02 03:04:05.678901'"),
        ("f", "timestamp '2020-01-02 03:04:05'"),
        ("g", "jsonb '{\"a\": [1, null, \"x\"]}'"),
        ("h", "ARRAY['a,b', NULL, '\"']"),
        ("i", r"'\x00ff'::bytea"),
        ("j", "0.1::float8 + 0.2"),
        ("k", "'00000000-0000-0000-0000-00000000000a'::uuid"),
        ("l", "interval '1 month 2 days'"),
        ("m", "l.active"),
        ("n", "json '{\"b\": 1}'"),
        ("o", "B'101'"),
        ("p", "ROW(1, 'x')::pair"),
        ("q", "'abc'"),
        ("r", "'r'"),
        ("u", "'u'"),
    ];
    let site = shop();
    site.as_owner(&format!(
        "CREATE TYPE pair AS (x integer, y text); CREATE DOMAIN few AS varchar(3) NOT NULL DEFAULT '';
         ALTER TABLE users {}",
        columns.map(|column| format!("ADD {column}")).join(", ")
    ));
    for (column, expression) in values {
        site.map("shop", column, expression);
    }
    let row = "SELECT ROW(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, u)::text FROM users";
    assert_migrated(&site);
    let without: String = site.db.one(row, &[]);
    site.db.rows("SELECT * FROM ferry.unmigrate_login($1)", &[&ANN]);
    hook(&site, "look", "before_write", "RETURN NULL;");
    assert_migrated(&site);
    assert_eq!(site.db.one::<String>(row, &[]), without);
    // What is too long is refused, not cut.
    for (column, expression) in [("a", "'abcdefg'"), ("b", "'abcdefg'"), ("q", "'abcdefg'"), ("o", "B'1011'")]
    {
        site.db.rows("SELECT * FROM ferry.unmigrate_login($1)", &[&ANN]);
        site.db.rows(
            "UPDATE ferry.mapping SET expression = $1 WHERE target_column = $2",
            &[&expression, &column],
        );
        assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "failed", "{column}");
        assert_eq!(site.why(), "failed/write_failed");
        assert_eq!(site.last_event().detail["column"], json!(column));
        let (_, good) = values.iter().find(|(name, _)| *name == column).unwrap();
        site.db.rows("UPDATE ferry.mapping SET expression = $1 WHERE target_column = $2", &[good, &column]);
        assert_migrated(&site);
    }
}

#[test]
fn a_hook_that_changes_nothing_leaves_values_alone_that_json_would_write_differently() {
    for is_here in [false, true] {
        let site = shop();
        site.as_owner(
            "ALTER TABLE users ADD j jsonb NOT NULL DEFAULT '1', ADD n jsonb, ADD t json, ADD a integer[]",
        );
        for (column, expression) in [
            ("j", "jsonb 'null'"),
            ("n", "jsonb 'null'"),
            ("t", r#"json '{"b":1, "a":2,"b":3}'"#),
            ("a", "'[0:1]={1,2}'::integer[]"),
        ] {
            site.map("shop", column, expression);
        }
        if is_here {
            site.db.sql("INSERT INTO users (email) VALUES ('ann@example.com')");
            site.configure("target", "adopt = 'locked'");
            site.configure("mapping", "on_conflict = 'overwrite'");
        }
        hook(&site, "look", "before_write", "RETURN NULL;");
        function(&site, "look_too", "u users", "users", "RETURN u;");
        add(&site, "look_too", "before_write");
        assert_migrated(&site);
        let row: String = site.db.one("SELECT concat_ws(' | ', j, n, t, a) FROM users", &[]);
        assert_eq!(row, r#"null | null | {"b":1, "a":2,"b":3} | [0:1]={1,2}"#);
    }
}

#[test]
fn each_mapping_is_evaluated_once_so_that_a_hook_sees_what_is_written() {
    let site = shop();
    site.as_owner("ALTER TABLE users ADD token uuid");
    site.map("shop", "token", "gen_random_uuid()");
    recorder(&site, "before_write");
    assert_migrated(&site);
    assert_eq!(outbox(&site)[0]["row"]["token"], json!(site.user(ANN, "token")));
}

#[test]
fn before_write_leaves_the_hash_and_what_is_generated_alone() {
    let site = shop();
    site.as_owner("ALTER TABLE users ADD twice text GENERATED ALWAYS AS (email || email) STORED");
    for column in ["password_hash", "twice"] {
        hook(
            &site,
            &format!("set_{column}"),
            "before_write",
            &format!("RETURN '{{\"row\": {{\"{column}\": \"x\"}}}}';"),
        );
        let error = format!("it sets what is not a hook's to set: {column}");
        assert_hook_failed(
            &site,
            "failed",
            &json!({"hook": format!("set_{column}"), "point": "before_write", "error": error}),
        );
        site.db.sql("DELETE FROM ferry.hook");
    }
    function(&site, "forge", "u users", "users", "u.password_hash := 'x'; RETURN u;");
    add(&site, "forge", "before_write");
    let error = "it sets what is not a hook's to set: password_hash";
    assert_hook_failed(&site, "failed", &json!({"hook": "forge", "point": "before_write", "error": error}));
}

#[test]
fn a_result_that_nobody_understands_lets_nobody_in() {
    for (point, outcome, result) in [
        ("before_source", "invalid", "{\"skp\": true}"),
        ("before_source", "invalid", "{\"skip\": \"yes\"}"),
        ("before_source", "invalid", "[]"),
        ("after_fetch", "invalid", "{\"row\": {\"nickname\": 1}}"),
        ("after_fetch", "invalid", "{\"row\": []}"),
        ("after_verify", "failed", "{\"reject\": true}"),
        ("after_verify", "failed", "{\"must_change\": 1}"),
        ("before_write", "failed", "{\"row\": {\"nickname\": 1}}"),
        ("before_write", "failed", "{\"name\": \"x\"}"),
    ] {
        let site = shop();
        hook(&site, "odd", point, &format!("RETURN '{result}';"));
        assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused(outcome), "{point} {result}");
        let event = site.last_event();
        assert_eq!((event.reason.as_deref(), &event.detail["hook"]), (Some("hook_failed"), &json!("odd")));
        assert!(event.detail["error"].is_string(), "{event:?}");
        assert_eq!((site.counts().0, site.counts().1), (0, 0));
    }
}

#[test]
fn a_value_that_the_column_refuses_names_the_hook() {
    let site = shop();
    hook(&site, "odd", "before_write", "RETURN '{\"row\": {\"id\": \"many\"}}';");
    assert_hook_failed(
        &site,
        "failed",
        &json!({"hook": "odd", "point": "before_write", "sqlstate": "22P02"}),
    );
}

#[test]
fn after_write_takes_the_row_type_with_what_defaults_and_triggers_made() {
    let site = shop();
    let body = "INSERT INTO app.outbox (message) VALUES (to_jsonb(u) - 'password_hash');";
    function(&site, "welcome", "u users", "void", body);
    add(&site, "welcome", "after_write");
    assert_migrated(&site);
    assert_eq!(outbox(&site)[0]["active"], json!(true));
    assert!(outbox(&site)[0]["id"].is_number());
}

#[test]
fn after_login_is_called_at_every_login_and_can_keep_people_out() {
    let site = shop();
    recorder(&site, "after_login");
    let mut app = site.app();
    assert_migrated(&site);
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "ok");
    assert_eq!(login(&mut app, ANN, "wrong").outcome, "invalid");
    let told: Vec<(Value, Value, Value)> = outbox(&site)
        .iter()
        .map(|told| (told["outcome"].clone(), told["source"].clone(), told["legacy_key"].clone()))
        .collect();
    assert_eq!(
        told,
        [(json!("migrated"), json!("shop"), json!("1")), (json!("ok"), json!("shop"), json!("1"))]
    );
    hook(&site, "z_closed", "after_login", "RAISE EXCEPTION 'closed';");
    assert_eq!(login(&mut app, ANN, SECRET), Answer::refused("failed"));
    let event = site.last_event();
    assert_eq!(event.reason.as_deref(), Some("hook_failed"));
    assert_eq!(event.detail, json!({"hook": "z_closed", "point": "after_login", "sqlstate": "P0001"}));
    assert_eq!(outbox(&site).len(), 2, "the first hook's write is undone");
}

#[test]
fn after_login_takes_the_row_type() {
    let site = shop();
    site.as_owner("ALTER TABLE users ADD seen integer NOT NULL DEFAULT 0");
    function(&site, "count_logins", "u users", "void", "UPDATE users SET seen = seen + 1 WHERE id = u.id;");
    add(&site, "count_logins", "after_login");
    assert_migrated(&site);
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "ok");
    assert_eq!(site.user(ANN, "seen").as_deref(), Some("2"));
}

#[test]
fn after_login_is_not_called_where_nothing_can_be_written() {
    let site = shop();
    recorder(&site, "after_login");
    recorder(&site, "on_failure");
    let mut app = site.app();
    app.batch_execute("SET default_transaction_read_only = on").unwrap();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "read_only");
    assert_migrated(&site);
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "ok");
    site.configure("target", "allowed = 'false'");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "blocked");
    assert_eq!(outbox(&site).len(), 1);
}

#[test]
fn on_failure_is_told_of_those_who_had_the_right_password() {
    let site = shop();
    recorder(&site, "on_failure");
    site.db.sql("INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'active', 'l.active')");
    let mut app = site.app();
    assert_eq!(login(&mut app, ANN, "wrong").outcome, "invalid");
    assert_eq!(login(&mut app, "nobody@example.com", SECRET).outcome, "invalid");
    assert_eq!(outbox(&site), Vec::<Value>::new());
    site.db.sql("UPDATE legacy.customers SET active = false");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "rejected");
    let outcome: String = site.db.one("SELECT outcome FROM ferry.prepare_reset($1)", &[&ANN]);
    assert_eq!(outcome, "rejected");
    assert_eq!(outbox(&site).len(), 1, "anybody can ask for a reset");
    site.db.sql("UPDATE legacy.customers SET active = true");
    site.map("shop", "active", "1 / (l.id - 1) = 1");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "failed");
    site.db.sql("DELETE FROM ferry.mapping WHERE target_column = 'active'");
    assert_migrated(&site);
    site.configure("target", "allowed = 'false'");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "blocked");
    let told: Vec<[Value; 4]> = outbox(&site)
        .iter()
        .map(|told| ["outcome", "reason", "source", "user_id"].map(|key| told[key].clone()))
        .collect();
    let user_id = site.user(ANN, "id").unwrap();
    assert_eq!(
        told,
        [
            [json!("rejected"), json!("rule"), json!("shop"), Value::Null],
            [json!("failed"), json!("write_failed"), json!("shop"), Value::Null],
            [json!("blocked"), json!("not_allowed"), json!("shop"), json!(user_id)],
        ]
    );
    // Of who was moved it is known who they are, whatever keeps them out.
    let changed = "allowed = NULL, on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'";
    site.configure("target", changed);
    site.db.rows("UPDATE legacy.customers SET pwd = $1, active = false", &[&site.hash("changed")]);
    assert_eq!(login(&mut app, ANN, "changed").outcome, "rejected");
    site.db.sql("DELETE FROM ferry.rule");
    hook(&site, "keep_out", "after_verify", r#"RETURN '{"reject": "no"}';"#);
    assert_eq!(login(&mut app, ANN, "changed").outcome, "rejected");
    let told: Vec<Value> = outbox(&site).drain(3..).collect();
    assert_eq!(told.len(), 2);
    for told in told {
        assert_eq!((&told["user_id"], &told["legacy_key"]), (&json!(user_id), &json!("1")), "{told}");
    }
}

#[test]
fn an_error_in_on_failure_is_noted_and_changes_nothing() {
    let site = shop();
    hook(&site, "boom", "on_failure", "RAISE division_by_zero;");
    site.db.sql("INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'never', 'false')");
    assert_eq!(login(&mut site.app(), ANN, SECRET), Answer::refused("rejected"));
    let event = site.last_event();
    assert_eq!(event.reason.as_deref(), Some("rule"));
    let expected = json!({"hook": "boom", "point": "on_failure", "sqlstate": "22012"});
    assert_eq!((&event.detail["rule"], &event.detail["on_failure"]), (&json!("never"), &expected));
}

#[test]
fn what_runs_before_the_password_is_known_to_be_right_cannot_write() {
    for (point, outcome) in
        [("before_source", "invalid"), ("after_fetch", "invalid"), ("after_verify", "failed")]
    {
        let site = shop();
        recorder(&site, point);
        let detail = json!({"hook": format!("record_{point}"), "point": point, "sqlstate": "25006"});
        assert_hook_failed(&site, outcome, &detail);
        assert_eq!(outbox(&site), Vec::<Value>::new());
    }
}

#[test]
fn hooks_of_one_point_are_called_by_priority_then_by_name() {
    let site = shop();
    for name in ["b", "a", "c"] {
        let body = format!("INSERT INTO app.outbox (message) VALUES ('\"{name}\"'); RETURN NULL;");
        hook(&site, name, "after_write", &body);
    }
    site.db.sql("UPDATE ferry.hook SET priority = 1 WHERE name = 'c'");
    assert_migrated(&site);
    assert_eq!(outbox(&site), ["c", "a", "b"]);
}

#[test]
fn changes_of_one_hook_are_seen_by_the_next() {
    let site = shop();
    hook(
        &site,
        "a",
        "before_write",
        "RETURN jsonb_build_object('row', jsonb_build_object('name', 'x' || (context->'row'->>'name')));",
    );
    function(&site, "b", "u users", "users", "u.name := u.name || 'y'; RETURN u;");
    add(&site, "b", "before_write");
    assert_migrated(&site);
    assert_eq!(site.user(ANN, "name").as_deref(), Some("xAnn Othery"));
}

#[test]
fn a_hook_of_one_source_is_not_called_for_users_of_another() {
    let site = shop();
    site.add_local_source("blog", "readers");
    site.add_customer("readers", "ben@example.com", "ben's secret");
    for point in ["after_write", "after_login"] {
        recorder(&site, point);
    }
    site.configure("hook", "source = 'blog'");
    let mut app = site.app();
    assert_migrated(&site);
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "ok");
    assert_eq!(outbox(&site), Vec::<Value>::new());
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "ok");
    let points: Vec<Value> = outbox(&site).iter().map(|told| told["point"].clone()).collect();
    assert_eq!(points, ["after_write", "after_login", "after_login"]);
}

#[test]
fn sources_of_different_rows_have_their_own_functions_of_one_name() {
    let site = shop();
    site.add_local_source("blog", "readers");
    site.add_customer("readers", "ben@example.com", "ben's secret");
    function(&site, "clean", "r legacy.customers", "legacy.customers", "r.last := 'Customer'; RETURN r;");
    let refusal = refused(&site, "'clean', 'after_fetch', 'app.clean'");
    assert_eq!(refusal.message, "hook default.clean: function app.clean does not exist with such arguments");
    function(&site, "clean", "r legacy.readers", "legacy.readers", "r.last := 'Reader'; RETURN r;");
    add(&site, "clean", "after_fetch");
    assert_migrated(&site);
    assert_eq!(login(&mut site.app(), "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(site.user(ANN, "name").as_deref(), Some("Ann Customer"));
    assert_eq!(site.user("ben@example.com", "name").as_deref(), Some("Ann Reader"));
}

#[test]
fn hooks_are_checked_as_they_are_written() {
    let site = shop();
    function(&site, "number", "context jsonb", "integer", "RETURN 1;");
    function(&site, "rows", "context jsonb", "SETOF jsonb", "RETURN;");
    function(&site, "other", "t text", "jsonb", "RETURN NULL;");
    function(&site, "by_user", "u users", "users", "RETURN u;");
    function(&site, "to_text", "u users", "text", "RETURN NULL;");
    function(&site, "right", "context jsonb", "jsonb", "RETURN NULL;");
    site.as_owner("CREATE PROCEDURE app.call_me(context jsonb) LANGUAGE sql AS ''");
    for (values, state, message, hint) in [
        (
            "'h', 'after_write', 'app.nothing'",
            "42883",
            "hook default.h: function app.nothing does not exist with such arguments",
            "app.nothing(context jsonb) RETURNS jsonb, or RETURNS void",
        ),
        (
            "'h', 'after_write', 'app.other'",
            "42883",
            "hook default.h: function app.other does not exist with such arguments",
            "app.other(public.users) RETURNS void",
        ),
        (
            "'h', 'after_verify', 'app.by_user'",
            "42883",
            "hook default.h: function app.by_user does not exist with such arguments",
            "app.by_user(context jsonb)",
        ),
        (
            "'h', 'after_fetch', 'app.by_user'",
            "42883",
            "hook default.h: function app.by_user does not exist with such arguments",
            "app.by_user(legacy.customers) RETURNS legacy.customers",
        ),
        (
            "'h', 'after_write', 'app.number'",
            "42804",
            "hook default.h: app.number(jsonb) returns integer",
            "RETURNS jsonb",
        ),
        (
            "'h', 'before_write', 'app.to_text'",
            "42804",
            "hook default.h: app.to_text(public.users) returns text",
            "RETURNS public.users",
        ),
        (
            "'h', 'after_write', 'app.rows'",
            "22023",
            "hook default.h: app.rows(jsonb) is not a function that returns one value",
            "RETURNS jsonb",
        ),
        (
            "'h', 'after_write', 'app.call_me'",
            "22023",
            "hook default.h: app.call_me(jsonb) is not a function that returns one value",
            "RETURNS jsonb",
        ),
        (
            "'h', 'after_supper', 'app.right'",
            "22023",
            "hook default.h, point: unknown value \"after_supper\", expected one of \"before_source\", \"after_fetch\", \"after_verify\", \"before_write\", \"after_write\", \"after_login\", \"on_failure\"",
            "ferry.hook",
        ),
        ("'h', 'after_write', 'app.right(jsonb)'", "", "hook default.h:", "without arguments"),
    ] {
        let refusal = refused(&site, values);
        assert!(refusal.message.starts_with(message), "{values}: {refusal:?}");
        assert!(state.is_empty() || refusal.state == state, "{values}: {refusal:?}");
        assert!(refusal.hint.contains(hint), "{values}: {refusal:?}");
    }
    site.db.sql("SET search_path = app; INSERT INTO ferry.hook (name, point, function) VALUES ('h', 'after_write', 'right'); RESET search_path");
    let stored: String = site.db.one("SELECT function FROM ferry.hook", &[]);
    assert_eq!(stored, "app.\"right\"");
    assert_migrated(&site);
}

#[test]
fn a_hook_needs_a_source_to_be_about() {
    let site = Site::new();
    add_schema(&site);
    function(&site, "f", "context jsonb", "jsonb", "RETURN NULL;");
    let refusal = refused(&site, "'h', 'after_fetch', 'app.f'");
    assert_eq!(
        (refusal.state.as_str(), refusal.message.as_str()),
        ("55000", "hook default.h: target default has no source yet")
    );
    add(&site, "f", "after_write");
}

#[test]
fn a_missing_right_is_refused_with_the_grant() {
    let site = shop();
    let owner = site.db.owner();
    site.db.sql(
        "CREATE SCHEMA closed;
         CREATE FUNCTION closed.f(context jsonb) RETURNS void LANGUAGE sql AS '';
         REVOKE ALL ON FUNCTION closed.f FROM PUBLIC",
    );
    let values = "'h', 'after_write', 'closed.f'";
    let refusal = refused(&site, values);
    assert_eq!(refusal.state, "42501");
    assert_eq!(
        refusal.message,
        format!("hook default.h: role \"{owner}\" of run_as may not call closed.f(jsonb)")
    );
    assert_eq!(refusal.hint, format!("GRANT USAGE ON SCHEMA closed TO {owner};"));
    site.db.sql(&refusal.hint);
    let refusal = refused(&site, values);
    assert_eq!(refusal.hint, format!("GRANT EXECUTE ON FUNCTION closed.f(jsonb) TO {owner};"));
    site.db.sql(&refusal.hint);
    site.db.sql(&format!("INSERT INTO ferry.hook (name, point, function) VALUES ({values})"));
    assert_migrated(&site);
}

#[test]
fn only_members_of_run_as_write_hooks() {
    let site = shop();
    function(&site, "f", "context jsonb", "jsonb", "RETURN NULL;");
    let other = site.db.role("other");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&other]);
    site.db.sql("GRANT USAGE ON SCHEMA app TO PUBLIC");
    let mut other = site.db.client_as(&other);
    let insert = "INSERT INTO ferry.hook (name, point, function) VALUES ('h', 'after_write', 'app.f')";
    let error = other.batch_execute(insert).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
    assert!(Refusal::of(&error).message.contains("may write the config"), "{error:?}");
}

#[test]
fn a_function_that_was_dropped_or_changed_lets_nobody_in_and_is_found_by_check_config() {
    let drop = "DROP FUNCTION app.f(jsonb)";
    for (change, problem) in [
        (drop.to_owned(), "function app.f does not exist with such arguments"),
        (format!("{drop}; CREATE FUNCTION app.f(context jsonb) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'"), "app.f(jsonb) returns text"),
        ("REVOKE ALL ON FUNCTION app.f(jsonb) FROM PUBLIC, CURRENT_USER; ALTER FUNCTION app.f(jsonb) OWNER TO postgres".to_owned(), "may not call"),
    ] {
        for (point, outcome) in [("after_fetch", "invalid"), ("after_verify", "failed"), ("after_write", "failed")] {
            let site = shop();
            hook(&site, "f", point, "RETURN NULL;");
            // The session knows the function already.
            let mut app = site.app();
            assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
            site.db.rows("SELECT * FROM ferry.unmigrate_login($1)", &[&ANN]);
            site.db.sql(&change);
            assert_eq!(login(&mut app, ANN, SECRET), Answer::refused(outcome), "{point}: {change}");
            let event = site.last_event();
            assert_eq!((event.reason.as_deref(), &event.detail["hook"]), (Some("hook_failed"), &json!("f")), "{point}: {change}");
            assert_eq!(site.counts().0, 0);
            let found = site.db.rows("SELECT object, problem FROM ferry.check_config() WHERE severity = 'error'", &[]);
            assert_eq!(found.len(), 1, "{change}");
            assert_eq!(found[0].get::<_, &str>(0), "hook default.f");
            assert!(found[0].get::<_, &str>(1).contains(problem), "{}", found[0].get::<_, &str>(1));
        }
    }
}

#[test]
fn a_function_that_returns_what_it_did_not_is_read_anew() {
    let site = shop();
    hook(&site, "f", "after_verify", "");
    site.db.sql("DELETE FROM ferry.hook; DROP FUNCTION app.f(jsonb)");
    function(&site, "f", "context jsonb", "void", "");
    add(&site, "f", "after_verify");
    let mut app = site.app();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    site.db.rows("SELECT * FROM ferry.unmigrate_login($1)", &[&ANN]);
    site.db.sql("DROP FUNCTION app.f(jsonb)");
    function(&site, "f", "context jsonb", "jsonb", "RETURN '{\"reject\": \"no\"}';");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "rejected");
}

#[test]
fn users_who_are_moved_by_others_pass_the_hooks_of_the_row() {
    for call in
        ["ferry.prepare_reset($1)", "ferry.migrate_login($1)", "ferry.set_password($1, 'a new secret')"]
    {
        let site = shop();
        hook(&site, "fetched", "after_fetch", "RETURN '{\"row\": {\"last\": \"Fetched\"}}';");
        hook(&site, "verified", "after_verify", "RETURN '{\"reject\": \"no\"}';");
        hook(
            &site,
            "written",
            "before_write",
            "RETURN jsonb_build_object('row', jsonb_build_object('name', upper(context->'row'->>'name')));",
        );
        recorder(&site, "after_write");
        recorder(&site, "after_login");
        let outcome: String = site.db.one(&format!("SELECT outcome FROM {call}"), &[&ANN]);
        assert_eq!(outcome, "migrated", "{call}");
        assert_eq!(site.user(ANN, "name").as_deref(), Some("ANN FETCHED"), "{call}");
        let points: Vec<Value> = outbox(&site).iter().map(|told| told["point"].clone()).collect();
        assert_eq!(points, ["after_write"], "{call}");
    }
}

#[test]
fn explain_login_calls_what_cannot_write_and_names_the_rest() {
    let site = shop();
    for point in ["before_source", "after_fetch", "after_verify"] {
        hook(&site, point, point, "RETURN NULL;");
    }
    for point in ["before_write", "after_write", "after_login"] {
        recorder(&site, point);
    }
    let shown: Vec<String> = steps(&site).into_iter().filter(|step| step.starts_with("hook")).collect();
    assert_eq!(
        shown,
        [
            "hook: before_source is called, before_source",
            "hook: after_fetch is called, after_fetch",
            "hook: after_verify is called, after_verify",
            "hook: record_before_write would be called, before_write",
            "hook: record_after_write would be called, after_write",
            "hook: record_after_login would be called, after_login",
        ]
    );
    assert_eq!(site.counts(), (0, 0, 0));
    assert_eq!(outbox(&site), Vec::<Value>::new());
    assert_migrated(&site);
    assert!(steps(&site).contains(&"hook: record_after_login would be called, after_login".to_owned()));
    hook(&site, "closed", "before_source", "RETURN '{\"skip\": true}';");
    site.as_owner("DELETE FROM users");
    site.db.sql("DELETE FROM ferry.link");
    assert!(steps(&site).contains(&"hook: closed leaves source shop out".to_owned()), "{:?}", steps(&site));
}

#[test]
fn a_good_login_without_hooks_writes_nothing() {
    let site = shop();
    assert_migrated(&site);
    recorder(&site, "after_write");
    let mut app = site.app();
    let mut transaction = app.transaction().unwrap();
    let sql = "SELECT outcome, pg_current_xact_id_if_assigned() IS NULL FROM ferry.authenticate($1, $2)";
    let row = transaction.query_one(sql, &[&ANN, &SECRET]).unwrap();
    assert_eq!(row.get::<_, &str>(0), "ok");
    let unassigned: bool =
        transaction.query_one("SELECT pg_current_xact_id_if_assigned() IS NULL", &[]).unwrap().get(0);
    assert!(unassigned);
}

#[test]
fn hooks_of_many_first_logins_at_once_leave_one_trace() {
    let site = shop();
    for point in ["before_write", "after_write"] {
        recorder(&site, point);
    }
    let mut clients: Vec<Client> = (0..8).map(|_| site.app()).collect();
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| {
                let outcome = login(client, ANN, SECRET).outcome;
                assert!(["ok", "migrated"].contains(&outcome.as_str()), "{outcome}");
            });
        }
    });
    assert_eq!(outbox(&site).len(), 2);
    assert_eq!(site.db.count("users"), 1);
}

#[test]
fn hooks_follow_a_source_that_is_renamed() {
    let site = shop();
    recorder(&site, "after_write");
    hook(&site, "fetched", "after_fetch", "RETURN '{\"row\": {\"last\": \"Fetched\"}}';");
    site.configure("hook", "source = 'shop'");
    site.configure("source", "name = 'store'");
    assert_migrated(&site);
    assert_eq!(site.user(ANN, "name").as_deref(), Some("Ann Fetched"));
    assert_eq!(outbox(&site)[0]["source"], json!("store"));
    site.db.sql("DELETE FROM ferry.source");
    assert_eq!(site.db.count("ferry.hook"), 0);
}

#[test]
fn a_relation_that_a_hook_does_not_fit_is_refused() {
    let site = shop();
    function(&site, "clean", "r legacy.customers", "legacy.customers", "RETURN r;");
    add(&site, "clean", "after_fetch");
    site.as_owner("CREATE TABLE legacy.others (LIKE legacy.customers)");
    let error = site.db.try_sql("UPDATE ferry.source SET relation = 'legacy.others'").unwrap_err();
    let refusal = Refusal::of(&error);
    assert_eq!(refusal.message, "hook default.clean: function app.clean does not exist with such arguments");
    assert!(refusal.hint.contains("app.clean(legacy.others) RETURNS legacy.others"), "{refusal:?}");
}

#[test]
fn a_hook_that_sees_legacy_rows_needs_the_right_to_read_them() {
    let site = shop();
    let owner = site.db.owner();
    site.db.sql(&format!(
        "ALTER TABLE legacy.customers OWNER TO postgres;
         GRANT SELECT (id, email, first, last, pwd) ON legacy.customers TO {owner}"
    ));
    function(&site, "f", "context jsonb", "jsonb", "RETURN NULL;");
    for point in ["after_fetch", "after_verify"] {
        let refusal = refused(&site, &format!("'h', '{point}', 'app.f'"));
        let message = format!(
            "hook default.h: role \"{owner}\" of run_as may not read all of legacy.customers: salt, active"
        );
        assert_eq!((refusal.state.as_str(), refusal.message), ("42501", message));
        assert_eq!(refusal.hint, format!("GRANT SELECT ON legacy.customers TO {owner};"));
    }
    add(&site, "f", "before_source");
    assert_migrated(&site);
}

#[test]
fn a_restored_database_has_its_hooks() {
    let site = shop();
    for point in ["after_write", "after_login"] {
        recorder(&site, point);
    }
    function(&site, "clean", "r legacy.customers", "legacy.customers", "r.last := 'Clean'; RETURN r;");
    add(&site, "clean", "after_fetch");
    let app = site.db.app();
    let copy = Site { db: ferry_tests::Db::empty_on(ferry_tests::target()) };
    let restored = copy.db.psql(&site.db.dump(&[]));
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    copy.without_floor();
    let mut app = copy.db.client_as(&app);
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    assert_eq!(copy.user(ANN, "name").as_deref(), Some("Ann Clean"));
    assert_eq!(outbox(&copy).len(), 2);
    assert_eq!(copy.db.count("ferry.check_config() WHERE severity = 'error'"), 0);
}

#[test]
fn a_refresh_reads_the_row_as_after_fetch_has_changed_it() {
    let site = Site::shop();
    site.as_owner(
        "CREATE FUNCTION shout(context jsonb) RETURNS jsonb LANGUAGE sql AS
             $$ SELECT jsonb_build_object('row', jsonb_build_object('last', upper(context->'row'->>'last'))) $$",
    );
    site.db.sql(
        "UPDATE ferry.mapping SET refresh = true WHERE target_column = 'name';
         INSERT INTO ferry.hook (name, point, function) VALUES ('shout', 'after_fetch', 'public.shout')",
    );
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann OTHER"));
    site.as_owner("UPDATE legacy.customers SET last = 'Married'");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann MARRIED"));
    // One that fails keeps nobody out, and refreshes nothing.
    site.as_owner("CREATE OR REPLACE FUNCTION shout(context jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT (1 / 0)::text::jsonb $$");
    site.as_owner("UPDATE legacy.customers SET last = 'Again'");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(
        (site.user("ann@example.com", "name").as_deref(), site.why().as_str()),
        (Some("Ann MARRIED"), "failed/hook_failed")
    );
}
