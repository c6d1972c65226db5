//! `explain_login`: what a login would do, and nothing done.

use crate::setup::{Site, login, try_login};
use postgres::Client;
use serde_json::Value;

/// One step of an explanation.
#[derive(Debug)]
struct Step {
    action: String,
    result: String,
    detail: Option<Value>,
}

fn explain(client: &mut Client, login: &str, password: Option<&str>) -> Vec<Step> {
    let rows = client.query("SELECT * FROM ferry.explain_login($1, $2)", &[&login, &password]).unwrap();
    let step = |row: &postgres::Row| Step {
        action: row.get("action"),
        result: row.get("result"),
        detail: row.get("detail"),
    };
    let numbers: Vec<i32> = rows.iter().map(|row| row.get("step")).collect();
    assert_eq!(numbers, (1..=i32::try_from(rows.len()).unwrap()).collect::<Vec<_>>());
    rows.iter().map(step).collect()
}

/// The outcome that the last step announces.
fn outcome(steps: &[Step]) -> &str {
    let last = steps.last().unwrap();
    assert_eq!(last.action, "answer", "{steps:?}");
    &last.result
}

/// The detail of the step that would write.
#[track_caller]
fn written(steps: &[Step]) -> &Value {
    let write = steps.iter().find(|step| step.action == "write").unwrap_or_else(|| panic!("{steps:?}"));
    write.detail.as_ref().unwrap_or_else(|| panic!("{write:?}"))
}

fn text(steps: &[Step]) -> String {
    format!("{steps:?}")
}

/// Everything that a login could change, and the sequences, which no rollback puts back.
fn state(site: &Site) -> String {
    site.db.one(
        "SELECT concat_ws(E'\n',
             (SELECT jsonb_agg(to_jsonb(u) || jsonb_build_object('xmin', u.xmin::text) ORDER BY u.id) FROM users u),
             (SELECT jsonb_agg(to_jsonb(k) ORDER BY k.source, k.legacy_key) FROM ferry.link k),
             (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM ferry.event e),
             (SELECT jsonb_agg(to_jsonb(s) - 'cycle' ORDER BY s.schemaname, s.sequencename) FROM pg_sequences s))",
        &[],
    )
}

#[test]
fn a_first_login_is_explained_with_the_row_it_would_write() {
    let site = Site::shop();
    let before = state(&site);
    let mut admin = site.db.client();
    for password in [Some("ann's secret"), None] {
        let steps = explain(&mut admin, "ANN@example.com", password);
        assert_eq!(outcome(&steps), "migrated", "{steps:?}");
        assert_eq!(written(&steps)["email"], "ann@example.com");
        assert_eq!(written(&steps)["name"], "Ann Other");
        assert!(text(&steps).contains("shop"), "{steps:?}");
    }
    assert_eq!(state(&site), before);
}

#[test]
fn an_explanation_holds_neither_hash_nor_password() {
    let site = Site::shop();
    let legacy: String = site.db.one("SELECT pwd FROM legacy.customers", &[]);
    let mut admin = site.db.client();
    let mut all = text(&explain(&mut admin, "ann@example.com", Some("ann's secret")));
    all += &text(&explain(&mut admin, "ann@example.com", Some("wrong guess")));
    login(&mut site.app(), "ann@example.com", "ann's secret");
    let here = site.user("ann@example.com", "password_hash").unwrap();
    all += &text(&explain(&mut admin, "ann@example.com", Some("ann's secret")));
    all += &text(&explain(&mut admin, "ann@example.com", None));
    for secret in ["ann's secret", "wrong guess", &legacy, &here, "$argon2id$"] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
    assert!(all.contains("argon2id-phc"), "the format is named: {all}");
}

#[test]
fn a_wrong_password_and_an_unknown_login_are_explained() {
    let site = Site::shop();
    let before = state(&site);
    let mut admin = site.db.client();
    let steps = explain(&mut admin, "ann@example.com", Some("wrong"));
    assert_eq!(outcome(&steps), "invalid");
    assert!(text(&steps).contains("wrong_password"), "{steps:?}");
    let steps = explain(&mut admin, "nobody@example.com", None);
    assert_eq!(outcome(&steps), "invalid");
    assert!(text(&steps).contains("unknown_login"), "{steps:?}");
    assert_eq!(state(&site), before, "not even an event");
}

#[test]
fn a_moved_users_login_is_explained() {
    let site = Site::shop();
    login(&mut site.app(), "ann@example.com", "ann's secret");
    let before = state(&site);
    let mut admin = site.db.client();
    for password in [Some("ann's secret"), None] {
        assert_eq!(outcome(&explain(&mut admin, "ann@example.com", password)), "ok");
    }
    site.configure("target", "hash_policy = 'argon2id:m=16,t=2,p=1'");
    let steps = explain(&mut admin, "ann@example.com", Some("ann's secret"));
    assert_eq!(outcome(&steps), "ok");
    assert!(steps.iter().any(|step| step.action == "rehash"), "{steps:?}");
    assert_eq!(state(&site), before);
}

#[test]
fn a_failing_mapping_is_named() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD age integer");
    site.map("shop", "age", "1 / (length(l.first) - 3)");
    let before = state(&site);
    let steps = explain(&mut site.db.client(), "ann@example.com", None);
    assert_eq!(outcome(&steps), "failed");
    assert_eq!(written(&steps)["column"], "age");
    assert_eq!(written(&steps)["sqlstate"], "22012");
    assert_eq!(state(&site), before);
}

#[test]
fn a_value_that_does_not_fit_its_column_is_named() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ALTER name TYPE varchar(5)");
    let steps = explain(&mut site.db.client(), "ann@example.com", None);
    assert_eq!(outcome(&steps), "failed");
    assert_eq!(written(&steps)["column"], "name");
}

#[test]
fn a_constraint_that_the_row_breaks_is_named() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD CONSTRAINT odd CHECK (email <> 'ann@example.com'), ADD org int NOT NULL;
         CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER tells AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION nothing()",
    );
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    for words in ["constraint odd", "23514", "column org", "23502", "not foreseen: trigger tells"] {
        assert!(text(&steps).contains(words), "{words} in {}", text(&steps));
    }
    assert_eq!(outcome(&steps), "failed");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
    let outcome_now = || outcome(&explain(&mut site.db.client(), "ann@example.com", None)).to_string();
    site.as_owner("CREATE TRIGGER fills BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION nothing()");
    assert_eq!(outcome_now(), "migrated", "it may change the row");
    site.as_owner("DROP TRIGGER fills ON users");
    assert_eq!(outcome_now(), "failed");
    site.as_owner("ALTER TABLE users DROP CONSTRAINT odd, DROP org");
    assert_eq!(outcome_now(), "migrated");
}

/// PostgreSQL asks foreign keys as the owner of the tables.
#[test]
fn a_foreign_key_to_a_table_that_may_not_be_read_is_not_foreseen() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE org (id int PRIMARY KEY); INSERT INTO org VALUES (1);
         ALTER TABLE users ADD org int DEFAULT 1 CONSTRAINT of_org REFERENCES org",
    );
    site.db.sql("ALTER TABLE org OWNER TO CURRENT_USER");
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    assert!(text(&steps).contains("not foreseen: of_org (42501)"), "{}", text(&steps));
    assert_eq!(outcome(&steps), "migrated");
    let query = "SELECT concat(action, problem) FROM ferry.preview('shop')";
    assert_eq!(site.db.one::<String>(query, &[]), "insert");
    let query = "SELECT count(*) FROM ferry.assess('shop') WHERE item = 'of_org (42501): not foreseen'";
    assert_eq!(site.db.one::<i64>(query, &[]), 1);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_login_is_explained_in_a_read_only_transaction() {
    let site = Site::shop();
    let mut admin = site.db.client();
    admin.batch_execute("BEGIN READ ONLY").unwrap();
    let steps = explain(&mut admin, "ann@example.com", Some("ann's secret"));
    assert_eq!(written(&steps)["email"], "ann@example.com");
    admin.batch_execute("COMMIT").unwrap();
}

#[test]
fn an_explanation_leaves_the_transaction_as_it_was() {
    let site = Site::shop();
    let mut admin = site.db.client();
    admin.batch_execute("BEGIN; CREATE TABLE mine (n int)").unwrap();
    explain(&mut admin, "ann@example.com", Some("ann's secret"));
    admin.batch_execute("INSERT INTO mine VALUES (1); COMMIT").unwrap();
    assert_eq!(site.db.count("mine"), 1);
}

#[test]
fn a_mapping_with_a_side_effect_does_not_get_to_have_it() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE seen (email text);
         CREATE FUNCTION note(text) RETURNS text LANGUAGE sql VOLATILE AS 'INSERT INTO public.seen VALUES ($1) RETURNING $1'",
    );
    site.map("shop", "must_change", "public.note(l.email) IS NULL");
    let steps = explain(&mut site.db.client(), "ann@example.com", None);
    assert_eq!(outcome(&steps), "failed", "{steps:?}");
    assert_eq!(site.db.count("seen"), 0);
}

#[test]
fn a_reset_that_waits_for_its_password_is_explained() {
    let site = Site::shop();
    let mut web = site.web();
    web.query_one("SELECT * FROM ferry.prepare_reset($1)", &[&"ann@example.com"]).unwrap();
    let before = state(&site);
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    assert_eq!(outcome(&steps), "ok", "{steps:?}");
    assert_eq!(state(&site), before);
}

#[test]
fn an_ordinary_application_may_not_ask() {
    let site = Site::shop();
    let error = site.app().query("SELECT * FROM ferry.explain_login($1)", &[&"ann@example.com"]).unwrap_err();
    assert_eq!(ferry_tests::sqlstate(&error), "42501");
}

#[test]
fn an_adoption_is_explained_with_what_it_would_change() {
    let site = Site::shop();
    site.configure("target", "adopt = 'locked'");
    site.as_owner("ALTER TABLE users ADD city text; INSERT INTO users (id, email, name) VALUES (42, 'ann@example.com', 'Ann Here')");
    site.map("shop", "city", "'Legacy Town'");
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'city'");
    let before = state(&site);
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    assert_eq!(outcome(&steps), "migrated", "{steps:?}");
    assert_eq!(written(&steps)["city"], "Legacy Town");
    assert_ne!(written(&steps)["name"], "Ann Other", "on_conflict = keep: {steps:?}");
    assert_eq!(state(&site), before);
}

#[test]
fn a_mapping_that_an_adoption_leaves_alone_cannot_fail_it() {
    let site = Site::shop();
    site.configure("target", "adopt = 'locked'");
    site.as_owner(
        "ALTER TABLE users ADD age integer; INSERT INTO users (id, email) VALUES (42, 'ann@example.com')",
    );
    site.map("shop", "age", "1 / (length(l.first) - 3)");
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    assert_eq!(
        outcome(&steps),
        login(&mut site.app(), "ann@example.com", "ann's secret").outcome,
        "{steps:?}"
    );
}

#[test]
fn a_first_login_that_would_be_blocked_is_explained_so() {
    let site = Site::shop();
    site.configure("target", "allowed = 'u.active'");
    site.map("shop", "active", "l.active");
    site.as_owner("UPDATE legacy.customers SET active = false");
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    assert_eq!(
        outcome(&steps),
        login(&mut site.app(), "ann@example.com", "ann's secret").outcome,
        "{steps:?}"
    );
}

#[test]
fn a_value_is_fitted_to_its_column_as_an_insert_would_fit_it() {
    let site = Site::shop();
    site.as_owner(
        "CREATE DOMAIN points AS numeric(4, 1) CHECK (VALUE >= 0);
         ALTER TABLE users ADD age integer, ADD code char(3), ADD points points, ADD since timestamp(0), ADD bits bit varying(3), ADD tags text[]",
    );
    site.map("shop", "age", "l.id + 40.5");
    site.map("shop", "code", "'ab   '::text");
    site.map("shop", "points", "12.345");
    site.map("shop", "since", "'2020-01-01 00:00:00.7'::timestamptz");
    site.map("shop", "bits", "B'101'");
    site.map("shop", "tags", "ARRAY['a', 'b']::varchar[]");
    let steps = explain(&mut site.db.client(), "ann@example.com", None);
    assert_eq!(outcome(&steps), "migrated", "{steps:?}");
    let columns = ["age", "points", "since", "bits", "tags"];
    let told: Vec<Value> = columns.iter().map(|column| written(&steps)[*column].clone()).collect();
    assert_eq!(
        login(&mut site.app(), "ann@example.com", "ann's secret").outcome,
        "migrated",
        "{}",
        site.why()
    );
    let there: Vec<Option<String>> =
        columns.iter().map(|column| site.user("ann@example.com", column)).collect();
    assert_eq!(told, there.into_iter().map(Value::from).collect::<Vec<_>>());
    site.configure("mapping", "expression = '''abcd''' WHERE target_column = 'code'");
    site.add_customer("customers", "ben@example.com", "ben's secret");
    let steps = explain(&mut site.db.client(), "ben@example.com", None);
    assert_eq!(written(&steps)["column"], "code", "{steps:?}");
    assert_eq!(written(&steps)["sqlstate"], "22001", "an assignment does not cut: {steps:?}");
}

#[test]
fn a_hash_that_no_password_opens_is_told_without_one_too() {
    let site = Site::shop();
    let mut admin = site.db.client();
    let ambiguous = format!("{:x}", 0x5f4dcc3b5aa765d61d8327deb882cf99u128);
    for hash in ["$2y$10$cut", &format!("$2y$17${}", "a".repeat(53)), &ambiguous, "zzz"] {
        site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&hash]);
        for password in [Some("ann's secret"), None] {
            let steps = explain(&mut admin, "ann@example.com", password);
            assert_eq!(outcome(&steps), "invalid", "{hash}: {steps:?}");
            assert!(text(&steps).contains("legacy_hash"), "{hash}: {steps:?}");
        }
    }
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash("ann's secret")]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    for hash in ["zzz", "$2y$10$cut", &ambiguous, "$ferry$1$x$y"] {
        site.db.rows("UPDATE users SET password_hash = $1", &[&hash]);
        for password in [Some("ann's secret"), None] {
            let steps = explain(&mut admin, "ann@example.com", password);
            assert_eq!(outcome(&steps), "invalid", "{hash}: {steps:?}");
            assert!(text(&steps).contains("target_hash"), "{hash}: {steps:?}");
        }
    }
    site.as_owner("UPDATE users SET password_hash = '!'");
    assert!(text(&explain(&mut admin, "ann@example.com", None)).contains("locked"));
}

/// A moved user whose column `ok`, which `allowed` reads, is brought up to date at each login.
fn refreshed() -> Site {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD ok boolean");
    site.configure("target", "allowed = 'u.ok'");
    site.map("shop", "ok", "l.active");
    site.configure("mapping", "refresh = true WHERE target_column IN ('ok', 'name')");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site
}

/// What is explained, with and without the password, and then done.
#[track_caller]
fn assert_foretold(site: &Site, expected: &str) -> String {
    let mut told = String::new();
    for password in [None, Some("ann's secret")] {
        let before = state(site);
        let steps = explain(&mut site.db.client(), "ann@example.com", password);
        assert_eq!(outcome(&steps), expected, "{steps:?}");
        assert_eq!(state(site), before);
        told = text(&steps);
    }
    let answer = login(&mut site.app(), "ann@example.com", "ann's secret");
    assert_eq!(answer.outcome, expected, "{told}");
    told
}

#[test]
fn what_a_refresh_makes_of_a_user_is_explained() {
    let site = refreshed();
    assert!(assert_foretold(&site, "ok").contains("nothing differs"));
    site.as_owner("UPDATE legacy.customers SET active = false");
    let told = assert_foretold(&site, "blocked");
    assert!(told.contains("would be brought up to date") && !told.contains("Ann Other"), "{told}");
    site.as_owner("UPDATE legacy.customers SET active = true, last = 'New'");
    assert!(assert_foretold(&site, "ok").contains("Ann New"));
    // What is there already is kept where all of it cannot be written.
    site.as_owner("ALTER TABLE users ADD CONSTRAINT short CHECK (length(name) < 10); UPDATE legacy.customers SET active = false, last = 'of the long name'");
    let told = assert_foretold(&site, "ok");
    assert!(told.contains("constraint short") && told.contains("23514"), "{told}");
    site.as_owner("ALTER TABLE users DROP CONSTRAINT short, ALTER name SET NOT NULL; UPDATE legacy.customers SET last = NULL");
    assert!(assert_foretold(&site, "ok").contains("column name"));
    site.configure(
        "mapping",
        "expression = '(1 / (length(l.first) - 3))::text' WHERE target_column = 'name'",
    );
    assert!(assert_foretold(&site, "ok").contains("22012"));
}

#[test]
fn child_rows_that_a_refresh_would_write_are_explained() {
    let site = refreshed();
    site.as_owner("CREATE TABLE role (user_id bigint, name text); GRANT SELECT ON role TO public");
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows, columns, refresh)
         VALUES ('shop', 'roles', 'public.role', 'user_id', 'SELECT l.last', '{name}', true)",
    );
    let told = assert_foretold(&site, "ok");
    assert!(told.contains("roles: these rows would be inserted") && told.contains("Other"), "{told}");
    assert!(assert_foretold(&site, "ok").contains("nothing differs"));
}

/// User 42 is here under Ann's login, and would be adopted.
fn to_adopt() -> Site {
    let site = Site::shop();
    site.configure("target", "adopt = 'locked'");
    site.as_owner("ALTER TABLE users ADD city text; INSERT INTO users (id, email, city) VALUES (42, 'ann@example.com', 'Here'), (43, 'ben@example.com', 'There')");
    site.map("shop", "city", "l.salt");
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'city'");
    site
}

#[test]
fn what_the_users_table_says_of_an_adoption_is_explained() {
    let preview = |site: &Site| {
        site.db.one::<String>("SELECT concat(action, ' ', problem) FROM ferry.preview('shop')", &[])
    };
    let assessed = "SELECT string_agg(item, ', ') FROM ferry.assess('shop') WHERE topic = 'constraint'";
    for (constraint, told) in [
        ("ALTER city SET NOT NULL", "column city"),
        ("ADD CONSTRAINT here CHECK (city <> 'There' AND city IS NOT NULL) NOT VALID", "constraint here"),
        ("ADD CONSTRAINT one UNIQUE (city)", "constraint one"),
    ] {
        let site = to_adopt();
        let city = if told == "constraint one" { "'There'" } else { "NULL" };
        site.as_owner(&format!("UPDATE legacy.customers SET salt = {city}; ALTER TABLE users {constraint}"));
        assert!(preview(&site).starts_with(&format!("fail {told}: 23")), "{}", preview(&site));
        let name = told.split(' ').next_back().unwrap();
        let items: String = site.db.one(assessed, &[]);
        assert!(items.starts_with(&format!("{name}: 23")), "{items}");
        let explained = assert_foretold(&site, "failed");
        assert!(explained.contains(told), "{explained}");
        // What is theirs already does not stand in their own way.
        site.as_owner("UPDATE legacy.customers SET salt = 'Here'");
        assert_eq!(preview(&site), "adopt ");
        assert_foretold(&site, "migrated");
    }
}

#[test]
fn an_adoption_after_which_the_user_is_not_allowed_is_explained() {
    let site = to_adopt();
    site.configure("target", "allowed = $$u.city = 'Here'$$");
    site.as_owner("UPDATE legacy.customers SET salt = 'Away'");
    let problem: String = site.db.one("SELECT concat(action, ' ', problem) FROM ferry.preview('shop')", &[]);
    assert_eq!(problem, "adopt the user is not allowed to log in then");
    assert_foretold(&site, "blocked");
}

#[test]
fn a_trigger_that_may_mend_an_adoption_is_heeded() {
    let site = to_adopt();
    site.as_owner(
        "ALTER TABLE users ALTER city SET NOT NULL;
         CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.city := 'Filled'; RETURN NEW; END$$;
         CREATE TRIGGER fills BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fill()",
    );
    let explained = assert_foretold(&site, "migrated");
    assert!(explained.contains("not foreseen: trigger fills"), "{explained}");
}

#[test]
fn a_deferred_constraint_is_foretold_of_commit() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE org (id int PRIMARY KEY);
         ALTER TABLE users ADD org int DEFAULT 1 CONSTRAINT of_org REFERENCES org DEFERRABLE INITIALLY DEFERRED",
    );
    let steps = explain(&mut site.db.client(), "ann@example.com", Some("ann's secret"));
    assert!(
        text(&steps).contains("COMMIT would fail, unless it holds by then: constraint of_org"),
        "{steps:?}"
    );
    assert_eq!(outcome(&steps), "migrated");
    let problem: String = site.db.one("SELECT concat(action, ' ', problem) FROM ferry.preview('shop')", &[]);
    assert_eq!(problem, "fail constraint of_org: 23503 at COMMIT");
    let error = try_login(&mut site.app(), "ann@example.com", "ann's secret").unwrap_err();
    assert_eq!(ferry_tests::sqlstate(&error), "23503");
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    site.as_owner("INSERT INTO org VALUES (1)");
    app.batch_execute("COMMIT").unwrap();
    assert_eq!(site.counts().0, 1);
}
