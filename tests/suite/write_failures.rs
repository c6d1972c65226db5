//! A user who cannot be written whole is not written at all, and the event says why.

use crate::setup::{Answer, Site, login, try_login};
use ferry_tests::{Db, sqlstate};
use serde_json::json;

/// Ann's first login fails with that event, and leaves nothing else.
#[track_caller]
fn assert_fails(site: &Site, detail: &serde_json::Value) {
    let events = site.counts().2;
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.counts(), (0, 0, events + 1));
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("login", "failed"));
    assert_eq!(event.login.as_deref(), Some("ann@example.com"));
    assert_eq!(event.source.as_deref(), Some("shop"));
    assert_eq!(event.reason.as_deref(), Some("write_failed"), "{event:?}");
    assert_eq!(&event.detail, detail);
}

/// Ann logs in at last.
#[track_caller]
fn assert_mended(site: &Site) {
    assert_eq!(
        login(&mut site.app(), "ann@example.com", "ann's secret").outcome,
        "migrated",
        "{}",
        site.why()
    );
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn a_failing_mapping_leaves_nothing_and_says_which_column() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD age integer; ALTER TABLE legacy.customers ADD age text");
    site.map("shop", "age", "l.age::integer");
    site.as_owner("UPDATE legacy.customers SET age = 'forty-two'");
    assert_fails(&site, &json!({"sqlstate": "22P02", "column": "age"}));
    site.as_owner("UPDATE legacy.customers SET age = '42'");
    assert_mended(&site);
}

#[test]
fn of_several_mappings_the_failing_one_is_named() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD a integer, ADD b integer, ADD c integer");
    site.map("shop", "a", "1");
    site.map("shop", "b", "1 / (length(l.first) - 3)");
    site.map("shop", "c", "3");
    assert_fails(&site, &json!({"sqlstate": "22012", "column": "b"}));
    site.as_owner("UPDATE legacy.customers SET first = 'Anna'");
    assert_mended(&site);
}

#[test]
fn a_wrong_password_does_not_get_as_far_as_a_failing_mapping() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD a integer");
    site.map("shop", "a", "1 / (length(l.first) - 3)");
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
}

#[test]
fn a_value_too_long_for_its_column_is_refused_and_not_cut() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ALTER name TYPE varchar(5)");
    assert_fails(&site, &json!({"sqlstate": "22001", "column": "name"}));
    site.as_owner("ALTER TABLE users ALTER name TYPE varchar(500)");
    assert_mended(&site);
}

#[test]
fn a_not_null_violation_names_the_column() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ALTER name SET NOT NULL; UPDATE legacy.customers SET last = NULL");
    assert_fails(&site, &json!({"sqlstate": "23502", "column": "name"}));
    site.as_owner("UPDATE legacy.customers SET last = 'Other'");
    assert_mended(&site);
}

#[test]
fn a_column_that_no_mapping_fills_is_named() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD country text NOT NULL");
    assert_fails(&site, &json!({"sqlstate": "23502", "column": "country"}));
    site.map("shop", "country", "'Wonderland'");
    assert_mended(&site);
}

#[test]
fn a_unique_violation_names_the_constraint() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD CONSTRAINT one_of_a_name UNIQUE (name);
         INSERT INTO users (id, email, name) VALUES (900, 'other@example.com', 'Ann Other')",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!((site.counts().0, site.counts().1), (1, 0));
    assert_eq!(site.last_event().detail, json!({"sqlstate": "23505", "constraint": "one_of_a_name"}));
    site.as_owner("DELETE FROM users");
    assert_mended(&site);
}

#[test]
fn a_check_violation_names_the_constraint() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD CONSTRAINT no_ann CHECK (email NOT LIKE 'ann%')");
    assert_fails(&site, &json!({"sqlstate": "23514", "constraint": "no_ann"}));
    site.as_owner("ALTER TABLE users DROP CONSTRAINT no_ann");
    assert_mended(&site);
}

#[test]
fn a_foreign_key_violation_names_the_constraint() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE country (code text PRIMARY KEY);
         ALTER TABLE users ADD country text CONSTRAINT known_country REFERENCES country",
    );
    site.map("shop", "country", "'XX'");
    assert_fails(&site, &json!({"sqlstate": "23503", "constraint": "known_country"}));
    site.as_owner("INSERT INTO country VALUES ('XX')");
    assert_mended(&site);
}

#[test]
fn a_trigger_that_swallows_the_row_is_a_failure() {
    let site = Site::shop();
    site.as_owner(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER swallow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION swallow()",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.counts(), (0, 0, 1));
    assert_eq!(site.why(), "failed/no_row_written");
    site.as_owner("DROP TRIGGER swallow ON users");
    assert_mended(&site);
}

/// Stores something else than the hash that is written.
const MEDDLING: [&str; 3] = [
    "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         NEW.password_hash := '$2a$04$' || md5(NEW.password_hash); RETURN NEW; END $$;
     CREATE TRIGGER meddle BEFORE INSERT OR UPDATE OF password_hash ON users FOR EACH ROW EXECUTE FUNCTION meddle()",
    "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         NEW.password_hash := left(NEW.password_hash, 30); RETURN NEW; END $$;
     CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION meddle()",
    "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF length(NEW.password_hash) > 9 THEN UPDATE users SET password_hash = 'cut' WHERE id = NEW.id; END IF; RETURN NULL; END $$;
     CREATE TRIGGER meddle AFTER INSERT OR UPDATE OF password_hash ON users FOR EACH ROW EXECUTE FUNCTION meddle()",
];

#[test]
fn a_first_login_whose_hash_is_altered_fails_and_leaves_nothing() {
    for meddling in MEDDLING {
        let site = Site::shop();
        site.as_owner(meddling);
        assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
        assert_eq!((site.counts(), site.why().as_str()), ((0, 0, 1), "failed/hash_altered"));
        let reset = "SELECT outcome FROM ferry.prepare_reset('ann@example.com')";
        assert_eq!(site.web().query_one(reset, &[]).unwrap().get::<_, String>(0), "failed");
        assert_eq!((site.counts().0, site.counts().1), (0, 0));
        site.as_owner("DROP TRIGGER meddle ON users");
        assert_mended(&site);
    }
}

#[test]
fn an_adoption_whose_hash_is_altered_fails_and_leaves_the_user_as_they_were() {
    for meddling in MEDDLING {
        let site = Site::shop();
        site.configure("target", "adopt = 'locked'");
        site.as_owner(&format!("INSERT INTO users (email) VALUES ('ann@example.com'); {meddling}"));
        assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
        assert_eq!(site.why(), "failed/hash_altered");
        let untouched = "users WHERE password_hash IS NULL AND name IS NULL";
        assert_eq!((site.db.count(untouched), site.counts().1), (1, 0));
        site.as_owner("DROP TRIGGER meddle ON users");
        assert_mended(&site);
    }
}

#[test]
fn a_password_whose_hash_is_altered_is_not_set() {
    for meddling in MEDDLING {
        let site = Site::shop();
        let mut web = site.web();
        assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "migrated");
        site.as_owner(meddling);
        for call in [
            "ferry.set_password('ann@example.com', 'a new one')",
            "ferry.change_password('ann@example.com', 'ann''s secret', 'a new one')",
        ] {
            let outcome: String = web.query_one(&format!("SELECT outcome FROM {call}"), &[]).unwrap().get(0);
            assert_eq!((outcome.as_str(), site.why().as_str()), ("failed", "failed/hash_altered"), "{call}");
        }
        // The hash is weaker now, and stays: that keeps nobody out.
        site.configure("target", "hash_policy = 'argon2id:m=16,t=1,p=1'");
        for _ in 0..2 {
            assert_eq!(login(&mut web, "ann@example.com", "a new one"), Answer::refused("invalid"));
            assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
            let event = site.last_event();
            assert_eq!((event.kind.as_str(), site.why().as_str()), ("rehash", "failed/hash_altered"));
        }
        site.as_owner("DROP TRIGGER meddle ON users");
        assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
        assert_eq!(site.why(), "ok/weaker_than_policy");
    }
}

#[test]
fn a_legacy_password_whose_hash_is_altered_is_not_taken_over() {
    let site = Site::shop();
    login(&mut site.app(), "ann@example.com", "ann's secret");
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
    site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash("changed there")]);
    site.as_owner(MEDDLING[0]);
    assert_eq!(login(&mut site.app(), "ann@example.com", "changed there"), Answer::refused("failed"));
    assert_eq!(site.why(), "failed/hash_altered");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_trigger_that_raises_undoes_what_it_wrote_elsewhere() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE newcomers (email text);
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO newcomers VALUES (NEW.email);
             RAISE EXCEPTION 'no more users: %', NEW.email USING ERRCODE = 'UF001';
         END $$;
         CREATE TRIGGER refuse AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    assert_fails(&site, &json!({"sqlstate": "UF001"}));
    assert_eq!(site.db.count("newcomers"), 0);
    site.as_owner("DROP TRIGGER refuse ON users");
    assert_mended(&site);
}

#[test]
fn a_sqlstate_that_a_trigger_chose_reaches_the_caller_as_it_is() {
    let site = Site::shop();
    // 57: somebody asks for it to stop. Such errors are no outcomes.
    site.as_owner(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'closed for today' USING ERRCODE = '57UF1';
         END $$;
         CREATE TRIGGER refuse AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let error = try_login(&mut site.app(), "ann@example.com", "ann's secret").unwrap_err();
    assert_eq!((sqlstate(&error), site.counts()), ("57UF1", (0, 0, 0)), "{error:?}");
    site.as_owner("DROP TRIGGER refuse ON users");
    assert_mended(&site);
}

#[test]
fn a_policy_that_refuses_the_row_is_a_failure() {
    let site = Site::shop();
    // FORCE: the owner, as whom pg_ferry writes, is bound too; and what the session says of row_security does not count.
    site.db.sql(&format!("ALTER DATABASE {} SET row_security = off", site.db.name()));
    site.as_owner(
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY;
         ALTER TABLE users FORCE ROW LEVEL SECURITY;
         CREATE POLICY reads ON users FOR SELECT USING (true);
         CREATE POLICY no_ann ON users FOR INSERT WITH CHECK (email NOT LIKE 'ann%')",
    );
    assert_fails(&site, &json!({"sqlstate": "42501"}));
    site.as_owner(
        "DROP POLICY no_ann ON users; CREATE POLICY all_of_them ON users FOR INSERT WITH CHECK (true)",
    );
    assert_mended(&site);
}

#[test]
fn a_policy_that_hides_the_written_row_is_a_failure() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY;
         ALTER TABLE users FORCE ROW LEVEL SECURITY;
         CREATE POLICY sees_no_ann ON users FOR SELECT USING (email NOT LIKE 'ann%');
         CREATE POLICY writes ON users FOR INSERT WITH CHECK (true)",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.counts(), (0, 0, 1));
    site.as_owner("DROP POLICY sees_no_ann ON users; CREATE POLICY sees ON users FOR SELECT USING (true)");
    assert_mended(&site);
}

#[test]
fn the_id_is_what_identity_and_triggers_made_of_it() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ALTER id RESTART WITH 4711;
         CREATE FUNCTION double() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := NEW.id * 2; RETURN NEW; END';
         CREATE TRIGGER double BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION double()",
    );
    let mut app = site.app();
    let first = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!(first, Answer::welcomed("migrated", "9422"));
    assert_eq!(site.links()[0].user_id.as_deref(), Some("9422"));
    assert_eq!(site.last_event().user_id.as_deref(), Some("9422"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer { outcome: "ok".into(), ..first });
}

#[test]
fn a_deferred_constraint_that_fails_at_commit_leaves_nothing() {
    let site = Site::shop();
    site.as_owner(
        "CREATE TABLE account (user_id bigint PRIMARY KEY);
         ALTER TABLE users ADD CONSTRAINT has_account FOREIGN KEY (id) REFERENCES account DEFERRABLE INITIALLY DEFERRED",
    );
    let mut app = site.app();
    // Nobody gets in on a row that does not come to be: the statement itself fails.
    let error = try_login(&mut app, "ann@example.com", "ann's secret").unwrap_err();
    assert_eq!(sqlstate(&error), "23503");
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    site.as_owner("ALTER TABLE users DROP CONSTRAINT has_account");
    assert_mended(&site);
}

#[test]
fn a_login_in_a_transaction_that_is_rolled_back_leaves_nothing() {
    let site = Site::shop();
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    app.batch_execute("ROLLBACK").unwrap();
    assert_eq!(site.counts(), (0, 0, 0));
    assert_mended(&site);
}

#[test]
fn a_login_that_fails_does_not_end_the_callers_transaction() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD CONSTRAINT no_ann CHECK (email NOT LIKE 'ann%')");
    site.add_customer("customers", "ben@example.com", "ben's secret");
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "failed");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    app.batch_execute("COMMIT").unwrap();
    assert_eq!(site.counts(), (1, 1, 2));
}

#[test]
fn a_moved_user_is_written_as_the_owner_and_not_as_the_caller() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD written_by text DEFAULT current_user");
    login(&mut site.app(), "ann@example.com", "ann's secret");
    assert_eq!(site.user("ann@example.com", "written_by"), Some(site.db.owner()));
}

#[test]
fn an_event_of_a_failure_quotes_no_row() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD age integer; ALTER TABLE legacy.customers ADD age text");
    site.map("shop", "age", "l.age::integer");
    site.as_owner("UPDATE legacy.customers SET age = 'a private matter'");
    login(&mut site.app(), "ann@example.com", "ann's secret");
    let events = |db: &Db<'_>| db.one::<String>("SELECT string_agg(e::text, '') FROM ferry.event e", &[]);
    assert!(!events(&site.db).contains("private"), "{}", events(&site.db));
    assert!(!site.db.log().contains("private"), "{}", site.db.log().text());
}
