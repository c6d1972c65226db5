//! `preview`: rows as they would be written, by the code of a login, and nothing written.

use crate::setup::{Site, login};
use serde_json::{Value, json};

/// One previewed row.
#[derive(Debug)]
struct Preview {
    key: Option<String>,
    login: Option<String>,
    action: String,
    row: Option<Value>,
    problem: Option<String>,
}

fn preview(site: &Site) -> Vec<Preview> {
    let rows = site.db.rows("SELECT * FROM ferry.preview('shop')", &[]);
    let one = |row: &postgres::Row| Preview {
        key: row.get("legacy_key"),
        login: row.get("login"),
        action: row.get("action"),
        row: row.get("row"),
        problem: row.get("problem"),
    };
    rows.iter().map(one).collect()
}

/// The row of one legacy key, of which there is one.
#[track_caller]
fn of_key(site: &Site, key: i64) -> Preview {
    let mut found: Vec<Preview> =
        preview(site).into_iter().filter(|row| row.key.as_deref() == Some(&key.to_string())).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[track_caller]
fn is(preview: &Preview, action: &str, problem: &str) {
    assert_eq!(preview.action, action, "{preview:?}");
    assert!(preview.problem.as_deref().unwrap_or_default().contains(problem), "{problem}: {preview:?}");
}

#[test]
fn a_row_is_shown_as_its_login_writes_it() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD tags text[], ADD points numeric(6, 2)");
    site.map("shop", "tags", "ARRAY[l.first, 'x']");
    site.map("shop", "points", "l.id / 3.0");
    let shown = of_key(&site, 1);
    is(&shown, "insert", "");
    assert_eq!((shown.login.as_deref(), &shown.problem), (Some("ann@example.com"), &None));
    let row = shown.row.unwrap();
    assert_eq!(row["password_hash"], "argon2id-phc m=8,t=1,p=1");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    for column in ["email", "name", "tags", "points"] {
        assert_eq!(row[column], json!(site.user("ann@example.com", column)), "{column}");
    }
    is(&of_key(&site, 1), "skip", "moved before, as user 1");
    site.db.rows("SELECT * FROM ferry.forget_login('ann@example.com')", &[]);
    is(&of_key(&site, 1), "skip", "forgotten");
}

#[test]
fn rows_come_by_key_and_no_more_than_asked_for() {
    let site = Site::shop();
    site.as_owner(
        "INSERT INTO legacy.customers (id, email) SELECT n, n || '@x' FROM generate_series(20, 2, -1) n",
    );
    let keys = |call: &str| -> Vec<String> {
        site.db.rows(&format!("SELECT legacy_key FROM {call}"), &[]).iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(keys("ferry.preview('shop', 3)"), ["1", "2", "3"]);
    assert_eq!(keys("ferry.preview('shop')").len(), 10);
    assert_eq!(keys("ferry.preview('shop', 0)").len(), 0);
    site.configure("source", "filter = 'l.id > 5'");
    assert_eq!(keys("ferry.preview('shop', 1)"), ["6"]);
    site.as_owner("UPDATE legacy.customers SET email = 'Six@example.com' WHERE id = 6");
    is(&preview(&site)[0], "insert", "found only as it is stored");
    site.configure("source", "login_columns = '{email,lower(l.email)}'");
    let problem = preview(&site)[0].problem.clone().unwrap_or_default();
    assert!(!problem.contains("as it is stored"), "found by the other column: {problem}");
}

#[test]
fn neither_hash_nor_salt_is_shown() {
    let site = Site::shop();
    site.as_owner("UPDATE legacy.customers SET salt = 'a salt of ours'; ALTER TABLE users ADD old_hash text, ADD note text");
    site.configure("source", "salt = 'l.salt'");
    site.map("shop", "old_hash", "'legacy:' || l.pwd");
    site.map("shop", "note", "l.salt");
    let hash: String = site.db.one("SELECT pwd FROM legacy.customers", &[]);
    let shown = of_key(&site, 1);
    let text = format!("{shown:?}");
    assert!(!text.contains(&hash) && !text.contains("a salt of ours"), "{text}");
    assert_eq!(shown.row.unwrap()["note"], "(may hold the legacy hash or salt)");
}

#[test]
fn who_is_kept_out_is_told_by_whom() {
    let site = Site::shop();
    site.configure("target", "must_change = 'must_change'");
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, severity, message) VALUES
             ('shop', 'active', 'l.active', 'reject', 'The account is closed.'),
             ('shop', 'named', 'l.last IS NOT NULL', 'warn', NULL)",
    );
    site.as_owner("UPDATE legacy.customers SET active = false");
    is(&of_key(&site, 1), "reject", "rule active: The account is closed.");
    site.as_owner("UPDATE legacy.customers SET active = true, last = NULL");
    is(&of_key(&site, 1), "insert", "rule named: a warning");
    site.configure("source", "scope = $$login LIKE 'b%'$$");
    is(&of_key(&site, 1), "refuse", "scope");
    site.configure("source", "scope = NULL");
    site.configure("target", "allowed = 'u.active'");
    site.map("shop", "active", "l.last IS NOT NULL");
    is(&of_key(&site, 1), "insert", "not allowed to log in");
}

#[test]
fn a_row_that_cannot_be_written_is_told_with_column_or_constraint_and_sqlstate() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD age integer, ADD CONSTRAINT grown CHECK (age > 17), ALTER name SET NOT NULL",
    );
    site.map("shop", "age", "l.last::integer");
    is(&of_key(&site, 1), "fail", "column age: 22P02");
    site.as_owner("UPDATE legacy.customers SET last = '17'");
    let shown = of_key(&site, 1);
    is(&shown, "fail", "constraint grown: 23514");
    assert_eq!(shown.row.unwrap()["age"], "17", "the row is shown all the same");
    site.as_owner("UPDATE legacy.customers SET last = '18', first = NULL");
    is(&of_key(&site, 1), "fail", "column name: 23502");
    site.as_owner("UPDATE legacy.customers SET first = 'Ann'");
    is(&of_key(&site, 1), "insert", "");
    let owner = site.db.owner();
    site.as_owner(&format!("REVOKE INSERT ON users FROM {owner}; GRANT INSERT (email) ON users TO {owner}"));
    is(&of_key(&site, 1), "fail", "run_as may not insert into the users table: 42501");
    let explained = "SELECT string_agg(concat_ws(' ', action, result, detail), '; ') FROM ferry.explain_login('ann@example.com')";
    let steps: String = site.db.one(explained, &[]);
    assert!(
        steps.contains("run_as may not insert into the users table") && steps.contains("42501"),
        "{steps}"
    );
    assert!(steps.ends_with("answer failed"), "{steps}");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
    site.as_owner(&format!("GRANT INSERT ON users TO {owner}"));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_hash_that_opens_to_nobody_is_told() {
    let site = Site::shop();
    site.as_owner("UPDATE legacy.customers SET pwd = '!'");
    is(&of_key(&site, 1), "insert", "no password opens the legacy hash");
    site.as_owner("UPDATE legacy.customers SET pwd = '$2y$10$cut'");
    is(&of_key(&site, 1), "fail", "malformed password hash");
    site.as_owner("UPDATE legacy.customers SET pwd = md5('x')");
    is(&of_key(&site, 1), "fail", "hash: ambiguous: md5($pass)");
}

#[test]
fn a_user_who_is_here_is_adopted_or_not_as_the_target_says() {
    let site = Site::shop();
    site.as_owner(
        "INSERT INTO users (id, email, name, password_hash) VALUES (42, 'ann@example.com', 'Ann Here', NULL)",
    );
    is(&of_key(&site, 1), "refuse", "user 42");
    site.configure("target", "adopt = 'locked'");
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'email'");
    let shown = of_key(&site, 1);
    is(&shown, "adopt", "");
    let row = shown.row.unwrap();
    assert_eq!((&row["email"], row.get("name")), (&json!("ann@example.com"), None), "name is kept");
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("another")]);
    is(&of_key(&site, 1), "refuse", "user 42");
    site.configure("target", "adopt = 'any'");
    is(&of_key(&site, 1), "adopt", "");
    site.as_owner("UPDATE users SET active = false");
    site.configure("target", "allowed = 'u.active'");
    is(&of_key(&site, 1), "refuse", "not allowed to log in");
    site.as_owner("UPDATE users SET active = true");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    // Another row with the login of a user who was moved.
    site.as_owner("UPDATE legacy.customers SET email = 'other@example.com'; INSERT INTO legacy.customers (email) VALUES ('ann@example.com')");
    is(&of_key(&site, 2), "refuse", "moved from 1 of source shop");
}

#[test]
fn a_row_without_key_or_login_is_told() {
    let site = Site::shop();
    site.as_owner("UPDATE legacy.customers SET salt = 'key'; INSERT INTO legacy.customers (id, email) VALUES (2, 'b@x'); UPDATE legacy.customers SET email = '' WHERE id = 1");
    site.configure("source", "key_column = 'salt'");
    let rows = preview(&site);
    assert_eq!(rows.len(), 2);
    is(rows.iter().find(|row| row.key.is_some()).unwrap(), "refuse", "no login");
    is(rows.iter().find(|row| row.key.is_none()).unwrap(), "refuse", "no key");
}

#[test]
fn what_a_trigger_may_mend_is_told_and_not_failed() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD st text NOT NULL;
         CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.st := 'x'; RETURN NEW; END$$;
         CREATE TRIGGER fills BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION fill()",
    );
    is(&of_key(&site, 1), "insert", "column st: 23502, unless a trigger changes the row");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

/// User 42 is here, and somebody decides whether that is Ann.
fn decide(site: &Site, found_by: &str, decision: &str) {
    site.db.sql(&format!(
        "INSERT INTO ferry.review (source, legacy_key, target, user_id, found_by, reason, decision)
         VALUES ('shop', '1', 'default', '42', '{found_by}', 'adopt', '{decision}')
         ON CONFLICT (source, legacy_key) DO UPDATE SET decision = excluded.decision"
    ));
}

#[test]
fn what_was_decided_of_the_same_login_is_heeded() {
    let site = Site::shop();
    site.configure("target", "adopt = 'review'");
    site.as_owner("INSERT INTO users (id, email, password_hash) VALUES (42, 'ann@example.com', '!')");
    is(&of_key(&site, 1), "refuse", "the login is that of user 42, to be reviewed (adopt)");
    for (decision, action, outcome) in
        [("refuse", "refuse", "rejected"), ("insert", "refuse", "rejected"), ("adopt", "adopt", "migrated")]
    {
        decide(&site, "login", decision);
        is(&of_key(&site, 1), action, "");
        let answer = login(&mut site.app(), "ann@example.com", "ann's secret");
        assert_eq!(answer.outcome, outcome, "{decision}");
    }
}

#[test]
fn what_was_verified_or_decided_of_another_login_is_heeded() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD phone text, ADD is_verified boolean;
         ALTER TABLE legacy.customers ADD phone text, ADD is_verified boolean;
         UPDATE legacy.customers SET phone = '+1 555', is_verified = false;
         INSERT INTO users (id, email, phone, password_hash, is_verified)
         VALUES (42, 'annie@example.com', '+1 555', '!', true)",
    );
    site.configure("target", "lookup = '{phone}', adopt = 'any', verified = 'u.is_verified'");
    site.configure("source", "verified = 'l.is_verified'");
    site.map("shop", "phone", "l.phone");
    is(&of_key(&site, 1), "refuse", "to be reviewed (unverified)");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "rejected");
    site.as_owner("UPDATE legacy.customers SET is_verified = true");
    is(&of_key(&site, 1), "adopt", "");
    decide(&site, "phone", "insert");
    is(&of_key(&site, 1), "insert", "");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.db.count("users"), 2);
}
