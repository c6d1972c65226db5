//! Users who were here before pg_ferry: signed up under the same address, or made in advance.

use crate::setup::{Answer, Link, Site, login};

/// Ann is in the shop, and user 42 here with that hash and the name `Ann Here`.
fn known_here(hash: Option<&str>) -> Site {
    let site = Site::shop();
    let sql =
        "INSERT INTO users (id, email, name, password_hash) VALUES (42, 'ann@example.com', 'Ann Here', $1)";
    site.db.rows(sql, &[&hash]);
    site
}

fn with_password_here() -> Site {
    let site = known_here(None);
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set here")]);
    site
}

/// User 42 is tied to legacy user 1, and is the only one.
#[track_caller]
pub(crate) fn assert_adopted(site: &Site) {
    let link = Link {
        source: "shop".into(),
        legacy_key: "1".into(),
        user_id: Some("42".into()),
        via: "adopt".into(),
        has_digest: true,
    };
    assert_eq!(site.links(), [link]);
    assert_eq!(site.db.count("users"), 1);
}

#[test]
fn nobody_is_adopted_unasked() {
    for site in [known_here(None), known_here(Some("!")), with_password_here()] {
        assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
        assert_eq!(site.counts(), (1, 0, 1));
    }
    let site = with_password_here();
    assert_eq!(login(&mut site.app(), "ann@example.com", "set here"), Answer::welcomed("ok", "42"));
    assert_eq!(site.counts(), (1, 0, 0));
}

#[test]
fn a_user_without_a_password_is_adopted_where_locked_ones_are() {
    for locked in [None, Some("!"), Some("*"), Some("")] {
        let site = known_here(locked);
        site.configure("target", "adopt = 'locked'");
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
        assert_eq!(site.counts(), (1, 0, 1), "{locked:?}");
        assert_eq!(
            login(&mut app, "ann@example.com", "ann's secret"),
            Answer::welcomed("migrated", "42"),
            "{locked:?}"
        );
        assert_adopted(&site);
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::welcomed("ok", "42"));
    }
}

#[test]
fn a_user_with_a_password_is_not_adopted_where_only_locked_ones_are() {
    let site = with_password_here();
    site.configure("target", "adopt = 'locked'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "set here"), Answer::welcomed("ok", "42"));
    assert_eq!(site.links(), []);
}

#[test]
fn a_user_with_a_password_is_adopted_where_any_are_and_takes_the_legacy_one() {
    let site = with_password_here();
    site.configure("target", "adopt = 'any'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "set here"), Answer::welcomed("ok", "42"));
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!((site.counts().0, site.counts().1), (1, 0));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::welcomed("migrated", "42"));
    assert_adopted(&site);
    assert_eq!(login(&mut app, "ann@example.com", "set here"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::welcomed("ok", "42"));
}

#[test]
fn each_mapping_says_whether_it_keeps_overwrites_or_fills() {
    let site = known_here(None);
    site.configure("target", "adopt = 'locked'");
    site.as_owner(
        "ALTER TABLE users ADD kept_null text, ADD over text DEFAULT 'here', ADD over_null text,
                           ADD filled text, ADD not_filled text DEFAULT 'here', ADD unmapped text DEFAULT 'here'",
    );
    for column in ["kept_null", "over", "over_null", "filled", "not_filled"] {
        site.map("shop", column, "'legacy'");
    }
    site.db.sql(
        "UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column LIKE 'over%';
         UPDATE ferry.mapping SET on_conflict = 'fill' WHERE target_column LIKE '%filled'",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    let row: String = site.db.one(
        "SELECT concat_ws('|', email, name, coalesce(kept_null, '-'), over, over_null, filled, not_filled, unmapped) FROM users",
        &[],
    );
    assert_eq!(row, "ann@example.com|Ann Here|-|legacy|legacy|legacy|here|here");
}

#[test]
fn a_mapping_that_fails_adopts_nobody() {
    let site = known_here(None);
    site.configure("target", "adopt = 'locked'");
    site.as_owner("ALTER TABLE users ADD age integer");
    site.map("shop", "age", "1 / (length(l.first) - 3)");
    site.configure("mapping", "on_conflict = 'overwrite' WHERE target_column = 'age'");
    let before = site.user("ann@example.com", "users");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.user("ann@example.com", "users"), before);
    assert_eq!(site.last_event().detail["column"], "age");
    site.configure("mapping", "on_conflict = 'keep' WHERE target_column = 'age'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_adopted(&site);
}

#[test]
fn a_trigger_that_swallows_the_update_adopts_nobody() {
    let site = known_here(None);
    site.configure("target", "adopt = 'locked'");
    site.as_owner(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER swallow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION swallow()",
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!(site.why(), "failed/no_row_written");
    assert_eq!(site.links(), []);
}

#[test]
fn a_blocked_user_is_not_adopted() {
    let site = known_here(None);
    site.configure("target", "adopt = 'any', allowed = 'u.active'");
    site.as_owner("UPDATE users SET active = false");
    assert_eq!(login(&mut site.app(), "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "blocked");
    assert_eq!(site.links(), []);
}

#[test]
fn a_moved_user_whom_the_dba_locks_stays_locked() {
    for locked in ["NULL", "'!'", "'*'"] {
        let site = Site::shop();
        site.configure(
            "target",
            "adopt = 'any', on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'",
        );
        assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
        site.as_owner(&format!("UPDATE users SET password_hash = {locked}"));
        let refused = login(&mut site.app(), "ann@example.com", "ann's secret");
        assert_eq!(refused, Answer::refused("invalid"), "{locked}");
        assert_eq!(site.db.count("users WHERE password_hash LIKE '$%'"), 0, "{locked}");
    }
}

#[test]
fn a_legacy_user_who_is_somebody_else_here_is_not_tied_twice() {
    let site = Site::shop();
    site.configure("target", "adopt = 'any'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    // She changes her address there, to one that another user has here.
    site.as_owner(
        "UPDATE legacy.customers SET email = 'ben@example.com';
         INSERT INTO users (id, email) VALUES (42, 'ben@example.com')",
    );
    assert_eq!(login(&mut app, "ben@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.links().len(), 1);
    assert_ne!(site.links()[0].user_id.as_deref(), Some("42"));
    assert_eq!(site.user("ben@example.com", "password_hash"), None);
}
