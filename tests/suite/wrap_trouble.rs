//! What stands in the way of wrapping: nobody's hash is lost, nobody is held up, and what was not done is told.

use crate::setup::{Answer, Site, login};
use crate::setup_config::refusal;
use crate::wrap::{CALL, crowd, hash, notices, unwrapped};

/// Four users with weak hashes, and a trigger function of the owner's.
fn site_with(function: &str) -> Site {
    let site = Site::new();
    crowd(&site, 4);
    site.as_owner(&format!(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {function}; RETURN NEW; END $$"
    ));
    site
}

/// A call wraps all but the second user, whose hash stays as it was: told with that reason, to whoever watches and in the event.
#[track_caller]
fn assert_only_second_is_not_wrapped(site: &Site, reason: &str, hint: &str) {
    let before = hash(site, "user2@example.com");
    let told = notices(site);
    let expected = format!(
        "of 4 hashes: 3 wrapped (ldap-md5 3), 0 left as they are, 1 not wrapped ({reason} 1) (up to id 4)"
    );
    assert!(told.contains(&expected) && told.contains(hint), "{told}");
    assert_eq!((hash(site, "user2@example.com"), unwrapped(site)), (before, 1));
    assert_eq!(site.last_event().detail["refused"], serde_json::json!({ reason: 1 }));
    let mut app = site.app();
    for n in 1..=4 {
        let (email, password) = (format!("user{n}@example.com"), format!("password {n}"));
        assert_eq!(login(&mut app, &email, "wrong"), Answer::refused("invalid"));
        assert_eq!(login(&mut app, &email, &password).outcome, "ok", "{n}");
        assert_eq!(login(&mut app, &email, &password).outcome, "ok", "{n}");
    }
}

const ALTERED: &str = "altered by a trigger";
const DROP_IT: &str = "Drop what hashes passwords there";

#[test]
fn a_trigger_that_alters_hashes_destroys_none() {
    for (function, event) in [
        // As many tutorials have it, and one that cuts.
        ("NEW.password_hash := '$2a$04$' || md5(NEW.password_hash)", "BEFORE UPDATE"),
        ("NEW.password_hash := left(NEW.password_hash, 60)", "BEFORE INSERT OR UPDATE"),
        (
            "IF length(NEW.password_hash) > 60 THEN UPDATE users SET password_hash = 'cut' WHERE id = NEW.id; END IF",
            "AFTER UPDATE",
        ),
    ] {
        let site = site_with(function);
        site.as_owner(&format!(
            "CREATE TRIGGER meddle {event} ON users FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION meddle()"
        ));
        assert_only_second_is_not_wrapped(&site, ALTERED, DROP_IT);
        let rehashed = "ferry.event WHERE kind = 'rehash' AND reason = 'hash_altered' AND outcome = 'failed' AND user_id = '2'";
        assert_eq!(site.db.count(rehashed), 2, "{function}");
    }
}

#[test]
fn a_view_that_ignores_the_hash_wraps_nothing() {
    let site = site_with("UPDATE users SET name = NEW.name WHERE id = NEW.id");
    site.as_owner(
        "CREATE VIEW front AS SELECT * FROM users;
         CREATE TRIGGER meddle INSTEAD OF UPDATE ON front FOR EACH ROW EXECUTE FUNCTION meddle()",
    );
    site.configure("target", "relation = 'public.front'");
    let told = notices(&site);
    assert!(told.contains("0 wrapped, 0 left as they are, 4 not wrapped (altered by a trigger 4)"), "{told}");
    assert_eq!(login(&mut site.app(), "user1@example.com", "password 1").outcome, "ok");
}

#[test]
fn a_deferred_trigger_that_objects_to_one_user_leaves_the_others_to_be_wrapped() {
    let site = site_with("RAISE 'not this one' USING ERRCODE = '23514'");
    site.as_owner(
        "CREATE CONSTRAINT TRIGGER meddle AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.id = 2 AND NEW.password_hash LIKE '$ferry%') EXECUTE FUNCTION meddle()",
    );
    assert_only_second_is_not_wrapped(&site, "SQLSTATE 23514", "see what raises this SQLSTATE");
}

#[test]
fn what_swallows_the_hash_is_told() {
    let swallowed = |site: &Site| {
        assert_only_second_is_not_wrapped(
            site,
            "swallowed by a trigger or policy",
            "a row security policy of public.users keeps role",
        );
    };
    let site = site_with("RETURN NULL");
    site.as_owner(
        "CREATE TRIGGER meddle BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION meddle()",
    );
    swallowed(&site);
    let site = site_with("RETURN NULL");
    site.as_owner(
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;
         CREATE POLICY reads ON users FOR SELECT USING (true); CREATE POLICY writes ON users FOR UPDATE USING (id <> 2)",
    );
    swallowed(&site);
}

#[test]
fn users_whom_row_security_hides_are_not_taken_for_none() {
    let site = Site::new();
    crowd(&site, 2);
    site.as_owner("ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY");
    let refused = refusal(&mut site.db.client(), CALL);
    assert_eq!(refused.state, "55000");
    let owner = site.db.owner();
    let expected = format!(
        "target default: row level security of public.users has no policy that lets role \"{owner}\" of run_as read users"
    );
    assert_eq!(refused.message, expected);
    site.db.sql(&refused.hint);
    site.db.sql(CALL);
    assert_eq!(unwrapped(&site), 0);
}

#[test]
fn whoever_is_locked_by_others_holds_nobody_up_and_is_wrapped_by_the_next_call() {
    let partitioned = "ALTER TABLE users ALTER id DROP IDENTITY;
        ALTER TABLE users RENAME TO part;
        CREATE TABLE users (LIKE part INCLUDING DEFAULTS) PARTITION BY RANGE (id);
        ALTER TABLE users ATTACH PARTITION part DEFAULT";
    for shape in ["SELECT", partitioned] {
        let site = Site::new();
        crowd(&site, 4);
        site.as_owner(shape);
        let mut other = site.db.client();
        other.batch_execute("BEGIN; UPDATE users SET name = 'busy' WHERE id = 2").unwrap();
        // Whoever waited would end with an error.
        site.db.sql(&format!("ALTER DATABASE {} SET lock_timeout = '30s'", site.db.name()));
        let told = notices(&site);
        assert!(
            told.contains("3 wrapped (ldap-md5 3), 0 left as they are, 1 not wrapped (in use 1)"),
            "{told}"
        );
        assert!(told.contains("call it again, from the start"), "{told}");
        other.batch_execute("COMMIT").unwrap();
        let told = notices(&site);
        assert!(told.contains("of 1 hashes: 1 wrapped (ldap-md5 1)"), "{told}");
        let mut app = site.app();
        for n in 1..=4 {
            let (email, password) = (format!("user{n}@example.com"), format!("password {n}"));
            assert_eq!(login(&mut app, &email, &password).outcome, "ok", "{n}");
        }
    }
}

#[test]
fn a_limit_that_forbids_to_wrap_is_named_at_once() {
    let site = Site::new();
    crowd(&site, 1);
    site.configure("target", "hash_policy = 'bcrypt:cost=4'");
    let mut client = site.db.client();
    client.batch_execute("SET ferry.max_argon2_memory = '1MB'").unwrap();
    let refused = refusal(&mut client, CALL);
    let expected = "target default: the argon2id of wrapped hashes exceeds the limit on argon2 memory";
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("54000", expected));
    assert_eq!(refused.hint, "A superuser can raise ferry.max_argon2_memory.");
    client.batch_execute("RESET ferry.max_argon2_memory; SET ferry.max_argon2_work = '1MB'").unwrap();
    assert!(refusal(&mut client, CALL).hint.contains("ferry.max_argon2_work"));
    client.batch_execute("RESET ferry.max_argon2_work").unwrap();
    client.batch_execute(CALL).unwrap();
    assert_eq!(unwrapped(&site), 0);
}
