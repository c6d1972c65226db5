//! The audit trail: what it keeps, how much strangers can add to it, and how it is emptied.

use crate::setup::{Answer, Site, login};
use crate::setup_config::refusal;

#[test]
fn strangers_can_add_only_so_many_events_a_minute() {
    let site = Site::shop();
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.refusals_per_minute = 5", site.db.name()));
    let mut app = site.app();
    for n in 0..20 {
        let refused = login(&mut app, &format!("nobody{n}@example.com"), "any");
        assert_eq!(refused, Answer::refused("invalid"));
    }
    assert_eq!(site.counts().2, 6, "five, and one that says there were more");
    assert_eq!(site.last_event().reason.as_deref(), Some("too_many_events"));
    // Who gets in is kept all the same.
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.last_event().outcome, "migrated");
    // A minute later refusals are kept again.
    site.db.sql("UPDATE ferry.event SET logged_at = logged_at - interval '2 minutes'");
    login(&mut app, "nobody@example.com", "any");
    assert_eq!(site.why(), "invalid/unknown_login");
}

#[test]
fn old_events_are_purged_and_young_ones_kept() {
    let site = Site::shop();
    let mut app = site.app();
    for _ in 0..3 {
        login(&mut app, "ann@example.com", "wrong");
    }
    site.db.sql("UPDATE ferry.event SET logged_at = now() - interval '400 days' WHERE id = (SELECT min(id) FROM ferry.event)");
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_events()", &[]), 1);
    site.db.sql("UPDATE ferry.event SET logged_at = now() - interval '40 days' WHERE id = (SELECT min(id) FROM ferry.event)");
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_events()", &[]), 0);
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_events('30 days')", &[]), 1);
    assert_eq!(site.counts().2, 1);
    site.db.sql("UPDATE ferry.event SET logged_at = now() - interval '400 days'; SET ferry.event_retention = 'Infinity'");
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_events()", &[]), 0);
    for nonsense in ["a year", "-1 day"] {
        let call =
            format!("LOAD 'pg_ferry'; SET ferry.event_retention = '{nonsense}'; SELECT ferry.purge_events()");
        let refused = refusal(&mut site.db.client(), &call);
        let named = format!("invalid value for parameter \"ferry.event_retention\": \"{nonsense}\"");
        assert_eq!((refused.state.as_str(), refused.message), ("22023", named));
    }
    assert_eq!(site.counts().2, 1);
}

#[test]
fn the_role_that_opened_the_session_is_kept() {
    let site = Site::shop();
    login(&mut site.app(), "ann@example.com", "wrong");
    let kept: String = site.db.one(r#"SELECT "session_user" FROM ferry.event"#, &[]);
    assert_eq!(kept, site.db.role("app"));
}

#[test]
fn a_deleted_event_or_link_changes_no_login() {
    let site = Site::shop();
    let mut app = site.app();
    let first = login(&mut app, "ann@example.com", "ann's secret");
    site.db.sql("DELETE FROM ferry.event; DELETE FROM ferry.link");
    let second = login(&mut app, "ann@example.com", "ann's secret");
    assert_eq!(second, Answer { outcome: "ok".into(), ..first });
}

#[test]
fn each_target_has_users_sources_and_events_of_its_own() {
    let site = Site::shop();
    site.as_owner("CREATE TABLE staff (nr text PRIMARY KEY, mail text UNIQUE, pw text)");
    site.db.sql(
        "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('staff', 'staff', 'nr', '{mail}', 'pw', 'argon2id:m=8,t=1,p=1');
         INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
         VALUES ('clerks', 'staff', 'legacy.customers', 'id', '{email}', 'l.pwd');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('clerks', 'nr', $$'S' || l.id$$), ('clerks', 'mail', 'l.email')",
    );
    let mut app = site.app();
    let call = "ferry.authenticate($1, $2, $3)";
    let mut ask = |password: &str, target: &str| {
        crate::setup::answer(&mut app, call, &[&"ann@example.com", &password, &target])
    };
    assert_eq!(ask("wrong", "staff"), Answer::refused("invalid"));
    assert_eq!(ask("ann's secret", "staff"), Answer::welcomed("migrated", "S1"));
    assert_eq!(site.counts().0, 0, "not a user of the other target");
    assert_eq!(ask("ann's secret", "default").outcome, "migrated");
    assert_eq!(ask("ann's secret", "staff"), Answer::welcomed("ok", "S1"));
    let kept: String =
        site.db.one("SELECT string_agg(target || ' ' || source, ', ' ORDER BY id) FROM ferry.event", &[]);
    assert_eq!(kept, "staff clerks, staff clerks, default shop");
}
