//! Rules: who is moved, who must change the password, and who is only noted.

use crate::setup::{Answer, FAST, Site, login};
use crate::setup_config::Refusal;
use serde_json::{Value, json};

/// A shop with a rule: `name`, expression, severity.
fn shop_with(rules: &[(&str, &str, &str)]) -> Site {
    let site = Site::shop();
    site.configure("target", "must_change = 'must_change'");
    for (name, expression, severity) in rules {
        add_rule(&site, name, expression, severity);
    }
    site
}

fn add_rule(site: &Site, name: &str, expression: &str, severity: &str) {
    let sql = "INSERT INTO ferry.rule (source, name, expression, severity, code, message)
               VALUES ('shop', $1, $2, $3, 'E-' || $1, 'says ' || $1) RETURNING ''";
    let _: String = site.db.one(sql, &[&name, &expression, &severity]);
}

#[track_caller]
fn refused(site: &Site, values: &str) -> Refusal {
    let insert =
        format!("INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', {values})");
    match site.db.try_sql(&insert) {
        Ok(()) => panic!("not refused: {values}"),
        Err(error) => Refusal::of(&error),
    }
}

#[test]
fn who_breaks_a_rejecting_rule_is_not_moved() {
    let site = shop_with(&[("active", "l.active", "reject")]);
    let mut app = site.app();
    site.db.sql("UPDATE legacy.customers SET active = false");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("rejected"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    let event = site.last_event();
    assert_eq!((event.outcome.as_str(), event.reason.as_deref()), ("rejected", Some("rule")));
    assert_eq!(event.detail, json!({"rule": "active", "code": "E-active", "message": "says active"}));
    site.db.sql("UPDATE legacy.customers SET active = true");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_wrong_password_is_told_nothing_of_rules() {
    let site = shop_with(&[("never", "false", "reject")]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
}

#[test]
fn what_is_null_is_not_true() {
    let site = shop_with(&[("salted", "l.salt <> ''", "reject")]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "rejected");
}

#[test]
fn a_weak_legacy_password_enters_once_and_must_change() {
    let site = shop_with(&[("long enough", "p.length >= 13", "must_change")]);
    let mut app = site.app();
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!((first.outcome.as_str(), first.must_change), ("migrated", true));
    assert_eq!(site.user("ann@example.com", "must_change").as_deref(), Some("true"));
    assert_eq!(site.last_event().detail, json!({"must_change": ["long enough"]}));
    let second = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!((second.outcome.as_str(), second.must_change), ("ok", true));
    let change = "ferry.change_password('ann@example.com', 'ann''s secret', 'a much longer secret')";
    assert!(!crate::setup::answer(&mut app, change, &[]).must_change);
    assert!(!login(&mut app, "ann@example.com", "a much longer secret").must_change);
}

#[test]
fn a_list_of_leaked_passwords_is_looked_up_by_digest() {
    let sha256 = "encode(sha256('ann''s secret'), 'hex')";
    // By OpenSSL: printf "ann's secret" | openssl sha1
    for (column, digest) in [("sha1", "'90d7f13eeb248cc67f9206dd030213189aab8ebb'"), ("sha256", sha256)] {
        let site = Site::shop();
        site.as_owner("CREATE TABLE leaked (digest text PRIMARY KEY)");
        site.db.sql(&format!("INSERT INTO leaked SELECT {digest}"));
        let rule = format!("NOT EXISTS (SELECT FROM leaked WHERE leaked.digest = p.{column})");
        add_rule(&site, "leaked", &rule, "reject");
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "rejected", "{column}");
        site.db.sql("DELETE FROM leaked");
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated", "{column}");
    }
}

#[test]
fn a_warning_moves_and_is_noted() {
    let site = shop_with(&[("has salt", "l.salt IS NOT NULL", "warn"), ("is active", "l.active", "warn")]);
    let first = login(&mut site.app(), "ann@example.com", "ann's secret");
    assert_eq!((first.outcome.as_str(), first.must_change), ("migrated", false));
    assert_eq!(site.last_event().detail, json!({"warnings": ["has salt"]}));
}

#[test]
fn a_rule_that_fails_on_a_row_is_failed_to_who_knew_the_password() {
    let site = shop_with(&[("fine", "l.active", "reject"), ("odd", "1 / (l.id - l.id) > 0", "reject")]);
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong").outcome, "invalid");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.why(), "failed/rule_failed");
    assert_eq!(site.last_event().detail, json!({"sqlstate": "22012", "rule": "odd"}));
    assert_eq!(site.counts().0, 0);
}

#[test]
fn resets_ask_what_is_not_about_the_password() {
    let site = shop_with(&[("short", "p.length < 3", "reject"), ("active", "l.active", "reject")]);
    let mut web = site.web();
    let prepare = |client: &mut postgres::Client| -> String {
        client.query_one("SELECT outcome FROM ferry.prepare_reset('ann@example.com')", &[]).unwrap().get(0)
    };
    site.db.sql("UPDATE legacy.customers SET active = false");
    assert_eq!(prepare(&mut web), "rejected");
    site.db.sql("UPDATE legacy.customers SET active = true");
    assert_eq!(prepare(&mut web), "migrated");
}

#[test]
fn a_legacy_password_that_still_counts_after_a_move_is_judged_like_any() {
    for way in ["prepare_reset($1)", "migrate_login($1)", "authenticate($1, 'ann''s secret')"] {
        let site = shop_with(&[("active", "l.active", "reject"), ("salted", "l.salt <> ''", "warn")]);
        add_rule(&site, "long enough", "p.length >= 13", "must_change");
        let outcome: String = site.db.one(&format!("SELECT outcome FROM ferry.{way}"), &[&"ann@example.com"]);
        assert_eq!(outcome, "migrated", "{way}");
        if way.starts_with("authenticate") {
            site.db.sql("UPDATE users SET must_change = false");
            site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
            site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash("changed")]);
        }
        let password = if way.starts_with("authenticate") { "changed" } else { "ann's secret" };
        site.db.sql("UPDATE legacy.customers SET active = false");
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", password), Answer::refused("rejected"), "{way}");
        assert_eq!(site.why(), "rejected/rule");
        assert_eq!(site.last_event().user_id, site.user("ann@example.com", "id"));
        site.db.sql("UPDATE legacy.customers SET active = true");
        let first = login(&mut app, "ann@example.com", password);
        assert_eq!((first.outcome.as_str(), first.must_change), ("ok", true), "{way}");
        assert_eq!(site.last_event().detail, json!({"must_change": ["long enough"], "warnings": ["salted"]}));
        assert_eq!(site.user("ann@example.com", "must_change").as_deref(), Some("true"));
    }
}

#[test]
fn a_weak_password_of_who_was_imported_is_met_at_their_first_login() {
    let site =
        shop_with(&[("long enough", "p.length >= 13", "must_change"), ("short", "p.length < 3", "reject")]);
    add_rule(&site, "of the active", "l.active AND p.length >= 13", "must_change");
    add_rule(&site, "leaked", "p.sha256 <> encode(sha256('ann''s secret'), 'hex')", "warn");
    add_rule(&site, "memorable", "p.length < 10", "warn");
    site.add_customer("customers", "ben@example.com", "ben's much longer secret");
    site.db.sql("UPDATE legacy.customers SET pwd = md5(CASE id WHEN 1 THEN 'ann''s secret' ELSE 'ben''s much longer secret' END)");
    site.configure("source", "format = 'md5'");
    site.db.sql("CALL ferry.import('shop')");
    assert_eq!(site.counts().1, 2);
    let explained =
        "ferry.explain_login('ann@example.com', 'ann''s secret') WHERE result LIKE 'long enough is broken%'";
    assert_eq!(site.db.count(explained), 1);
    // A rule that fails is told, and asked again.
    site.as_owner("CREATE FUNCTION picky(length bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN length >= 13; END'");
    site.configure("rule", "expression = 'picky(p.length)' WHERE name = 'long enough'");
    site.as_owner("CREATE OR REPLACE FUNCTION picky(length bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN 1 / 0; END'");
    let mut app = site.app();
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!((first.outcome.as_str(), first.must_change), ("ok", false));
    assert_eq!(site.why(), "failed/rule_failed");
    assert_eq!(site.last_event().detail, json!({"sqlstate": "22012", "rule": "long enough"}));
    let explained =
        "ferry.explain_login('ann@example.com', 'ann''s secret') WHERE detail ->> 'rule' = 'long enough'";
    assert_eq!(site.db.count(explained), 1);
    site.as_owner("CREATE OR REPLACE FUNCTION picky(length bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN length >= 13; END'");
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!((first.outcome.as_str(), first.must_change), ("ok", true));
    assert_eq!(site.why(), "ok/weaker_than_policy");
    assert_eq!(
        site.last_event().detail,
        json!({"must_change": ["long enough"], "warnings": ["leaked", "memorable"]})
    );
    assert_eq!(site.user("ann@example.com", "must_change").as_deref(), Some("true"));
    assert!(!login(&mut app, "ben@example.com", "ben's much longer secret").must_change);
    let change = "ferry.change_password('ann@example.com', 'ann''s secret', 'a much longer secret')";
    assert!(!crate::setup::answer(&mut app, change, &[]).must_change);
}

#[test]
fn a_weak_password_is_met_also_when_the_source_is_asked_no_more() {
    let site = shop_with(&[
        ("long enough", "p.length >= 13", "must_change"),
        ("today", "now() > '2000-01-01'", "warn"),
    ]);
    site.add_customer("customers", "ben@example.com", "ann's secret");
    site.add_customer("customers", "cid@example.com", "ann's secret");
    site.db.sql("UPDATE legacy.customers SET pwd = md5('ann''s secret')");
    site.db.sql("INSERT INTO users (email) VALUES ('cid@example.com')");
    site.configure("target", "adopt = 'locked'");
    site.configure("source", "format = 'md5'");
    site.db.sql("CALL ferry.import('shop')");
    assert_eq!(site.db.count("ferry.link WHERE via = 'adopt'"), 1);
    site.configure("source", "enabled = false");
    let mut app = site.app();
    let mut must_change = |login_: &str| {
        let first = login(&mut app, login_, "ann's secret");
        assert_eq!(first.outcome, "ok", "{login_}");
        assert_eq!(site.last_event().detail, json!({"must_change": ["long enough"]}), "{login_}");
        first.must_change
    };
    assert!(must_change("ann@example.com"));
    site.db.sql("SELECT ferry.retire_source('shop', force => true)");
    assert!(must_change("ben@example.com"));
    // Of who was adopted without showing it, too.
    assert!(must_change("cid@example.com"));
}

/// Ann, imported with a bare MD5 of a password that she must change.
fn imported(password: &str) -> Site {
    let site = shop_with(&[("long enough", "p.length >= 100", "must_change")]);
    site.db.rows("UPDATE legacy.customers SET pwd = md5($1)", &[&password]);
    site.configure_source("shop", "format = 'md5'");
    site.db.sql("CALL ferry.import('shop')");
    site
}

#[test]
fn who_logs_in_many_times_at_once_must_change_the_password_each_time() {
    let site = imported("ann's secret");
    site.as_owner(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END';
         CREATE TRIGGER dawdle BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION dawdle()",
    );
    let clients: Vec<_> = (0..6).map(|_| site.app()).collect();
    let log_in = |mut app| std::thread::spawn(move || login(&mut app, "ann@example.com", "ann's secret"));
    let crowd: Vec<_> = clients.into_iter().map(log_in).collect();
    for answer in crowd.into_iter().map(|one| one.join().unwrap()) {
        assert_eq!((answer.outcome.as_str(), answer.must_change), ("ok", true));
    }
    assert_eq!(site.db.count("ferry.event WHERE kind = 'rehash'"), 1, "{:?}", site.last_event());
}

#[test]
fn a_hash_that_cannot_be_replaced_does_not_silence_the_rules() {
    const SWALLOW: &str = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                           CREATE TRIGGER swallow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION swallow()";
    let long = "longer than bcrypt looks ".repeat(4);
    for (password, policy, obstacle, reason) in [
        ("x".repeat(80).as_str(), "bcrypt:cost=4", "", "hash_policy"),
        ("ann's secret", FAST, SWALLOW, "no_row_written"),
        ("ann's secret", FAST, "ALTER TABLE users ADD CHECK (password_hash LIKE '$ferry$%')", "write_failed"),
        (&long[..99], FAST, "", "weaker_than_policy"),
    ] {
        let site = imported(password);
        site.configure("target", &format!("hash_policy = '{policy}'"));
        site.as_owner(obstacle);
        let mut app = site.app();
        let events = site.counts().2;
        app.batch_execute("BEGIN READ ONLY").unwrap();
        assert!(login(&mut app, "ann@example.com", password).must_change, "{reason}");
        app.batch_execute("COMMIT").unwrap();
        assert_eq!(site.counts().2, events);
        let answer = login(&mut app, "ann@example.com", password);
        assert_eq!((answer.outcome.as_str(), answer.must_change), ("ok", true), "{reason}");
        let event = site.last_event();
        assert_eq!((event.kind.as_str(), event.reason.as_deref()), ("rehash", Some(reason)));
        assert_eq!(event.outcome, if reason == "weaker_than_policy" { "ok" } else { "failed" });
    }
}

#[test]
fn who_is_tied_to_a_second_legacy_user_is_still_asked_the_rules_of_the_hash_that_is_there() {
    let site = imported("ann's secret");
    site.as_owner(
        "ALTER TABLE users ADD phone text; UPDATE users SET phone = '+1 555'; CREATE INDEX ON users (phone)",
    );
    site.add_local_source("blog", "readers");
    site.as_owner("ALTER TABLE legacy.readers ADD phone text DEFAULT '+1 555'");
    site.add_customer("readers", "annie@example.com", "annie's secret");
    site.map("blog", "phone", "l.phone");
    site.configure("target", "adopt = 'any', lookup = '{phone}'");
    site.db.sql("CALL ferry.import('blog')");
    site.configure("review", "decision = 'adopt'");
    site.db.sql("CALL ferry.import('blog', 'retry')");
    let digests = "ferry.link WHERE user_id = (SELECT id::text FROM users) AND hash_digest IS NOT NULL";
    assert_eq!((site.counts().0, site.counts().1, site.db.count(digests)), (1, 2, 1));
    assert!(login(&mut site.app(), "ann@example.com", "ann's secret").must_change);
    assert_eq!(site.why(), "ok/weaker_than_policy");
    // The last tie is the first to be taken back.
    for (source, left) in [("blog", 1), ("shop", 0)] {
        let taken: String =
            site.db.one("SELECT detail ->> 'source' FROM ferry.unmigrate_login('ann@example.com')", &[]);
        assert_eq!((taken.as_str(), site.counts().1), (source, left));
    }
}

#[test]
fn locked_expired_unverified_and_deleted_accounts_are_kept_out_by_whatever_way() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE legacy.customers ADD locked_at timestamptz, ADD expires_at timestamptz,
             ADD verified boolean DEFAULT true, ADD deleted_at timestamptz",
    );
    add_rule(&site, "not locked", "l.locked_at IS NULL", "reject");
    add_rule(&site, "not expired", "l.expires_at IS NULL OR l.expires_at > now()", "reject");
    add_rule(&site, "verified", "l.verified", "reject");
    add_rule(&site, "not deleted", "l.deleted_at IS NULL", "reject");
    let mut app = site.app();
    for (rule, column, value) in [
        ("not locked", "locked_at", "now()"),
        ("not expired", "expires_at", "now() - interval '1 day'"),
        ("verified", "verified", "NULL"),
        ("not deleted", "deleted_at", "now()"),
    ] {
        site.db.sql(&format!("UPDATE legacy.customers SET {column} = {value}"));
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("rejected"), "{rule}");
        assert_eq!(site.last_event().detail["rule"], json!(rule));
        for call in ["prepare_reset($1)", "migrate_login($1)", "set_password($1, 'a new secret')"] {
            let outcome: String =
                site.db.one(&format!("SELECT outcome FROM ferry.{call}"), &[&"ann@example.com"]);
            assert_eq!(
                (outcome.as_str(), &site.last_event().detail["rule"]),
                ("rejected", &json!(rule)),
                "{call}"
            );
        }
        site.db.sql("CALL ferry.import('shop')");
        let refused: String = site.db.one(
            "SELECT concat_ws('|', rule, code, message) FROM ferry.import_reject WHERE settled_at IS NULL",
            &[],
        );
        assert_eq!(refused, format!("{rule}|E-{rule}|says {rule}"));
        assert_eq!((site.counts().0, site.counts().1), (0, 0), "{rule}");
        site.db.sql(&format!("UPDATE legacy.customers SET {column} = DEFAULT"));
    }
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_new_password_need_not_be_changed_again() {
    let site = shop_with(&[("imported", "false", "must_change")]);
    let mut web = site.web();
    let set = "SELECT outcome FROM ferry.set_password('ann@example.com', 'a new secret')";
    let outcome: String = web.query_one(set, &[]).unwrap().get(0);
    assert_eq!(outcome, "migrated");
    assert!(!login(&mut web, "ann@example.com", "a new secret").must_change);
}

#[test]
fn rules_are_checked_as_they_are_written() {
    let site = Site::shop();
    let refusal = refused(&site, "'r', 'l.nickname = 1', 'reject'");
    assert_eq!(
        (refusal.state.as_str(), refusal.message.as_str()),
        ("42703", "rule shop.r: column l.nickname does not exist")
    );
    let refusal = refused(&site, "'r', 'l.email', 'reject'");
    assert_eq!(refusal.message, "rule shop.r: the expression is of type text, not boolean");
    assert!(refusal.hint.contains("p.length"), "{refusal:?}");
    let refusal = refused(&site, "'r', 'l.active', 'refuse'");
    assert!(refusal.message.starts_with("rule shop.r, severity: unknown value"), "{refusal:?}");
    let refusal = refused(&site, "'r', 'l.active', 'must_change'");
    assert_eq!(refusal.message, "rule shop.r, severity: target default has no must_change column");
    let refusal = refused(&site, "'r', 'true; DROP TABLE users', 'warn'");
    assert_eq!(refusal.message, "rule shop.r: not one expression");
}

#[test]
fn a_rule_that_broke_later_is_found_by_check_config() {
    let site = shop_with(&[("salted", "l.salt <> ''", "warn")]);
    site.as_owner("ALTER TABLE legacy.customers RENAME salt TO pepper");
    let found =
        site.db.rows("SELECT object, problem FROM ferry.check_config() WHERE severity = 'error'", &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].get::<_, String>("object"), "rule shop.salted");
}

#[test]
fn explain_login_shows_the_rules() {
    let site = shop_with(&[("salted", "l.salt <> ''", "warn"), ("old", "p.length >= 100", "must_change")]);
    let steps = |password: &str| -> Vec<(String, String)> {
        let rows = site
            .db
            .rows("SELECT action, result FROM ferry.explain_login('ann@example.com', $1)", &[&password]);
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let shown = steps("ann's secret");
    let rules: Vec<&str> = shown.iter().filter(|step| step.0 == "rule").map(|step| step.1.as_str()).collect();
    assert_eq!(
        rules,
        ["old is broken: the user must change the password", "salted is broken: the user is warned of"]
    );
    add_rule(&site, "never", "false", "reject");
    let shown = steps("ann's secret");
    assert!(shown.contains(&("rule".into(), "never rejects this user".into())), "{shown:?}");
    assert_eq!(shown.last(), Some(&("answer".to_owned(), "rejected".to_owned())));
    assert_eq!(site.counts(), (0, 0, 0));
}

#[test]
fn a_dump_carries_the_rules() {
    let site = shop_with(&[("active", "l.active", "reject")]);
    let dump = site.db.dump(&[]);
    assert!(dump.contains("COPY ferry.rule"), "no rules in the dump");
    let detail: Value = site.db.one("SELECT to_jsonb(r) FROM ferry.rule r", &[]);
    assert_eq!(detail["expression"], json!("l.active"));
}
