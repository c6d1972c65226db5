//! Which source decides, and whom its rows are.

use crate::setup::{Answer, Site, login};
use ferry_tests::need_icu;

/// The shop, asked first, and the forum; Ann is in both, with another password in each.
fn shop_and_forum() -> Site {
    let site = Site::shop();
    site.add_local_source("forum", "members");
    site.add_customer("members", "ann@example.com", "ann's forum secret");
    site.configure_source("shop", "priority = 10");
    site.configure_source("forum", "priority = 20");
    site
}

#[test]
fn the_first_source_that_knows_the_login_decides() {
    let site = shop_and_forum();
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret"), Answer::refused("invalid"));
    assert_eq!(site.last_event().source.as_deref(), Some("shop"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(site.links()[0].source, "shop");
}

#[test]
fn the_priority_says_who_is_asked_first() {
    let site = shop_and_forum();
    site.configure_source("forum", "priority = 5");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
    assert_eq!(site.links()[0].source, "forum");
}

#[test]
fn of_equal_priority_the_name_decides() {
    let site = shop_and_forum();
    site.configure("source", "priority = 7");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
}

#[test]
fn a_source_that_does_not_know_the_login_passes_it_on() {
    let site = shop_and_forum();
    site.add_customer("members", "ben@example.com", "ben's secret");
    assert_eq!(login(&mut site.app(), "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(site.links()[0].source, "forum");
}

#[test]
fn a_wrong_password_passes_on_where_the_source_says_so() {
    let site = shop_and_forum();
    site.configure_source("shop", "on_wrong = 'next'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong in both"), Answer::refused("invalid"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
    assert_eq!(site.links()[0].source, "forum");
}

#[test]
fn a_source_is_asked_only_about_the_logins_in_its_scope() {
    let site = shop_and_forum();
    site.configure_source("shop", "scope = $$login LIKE '%@shop.example'$$");
    site.add_customer("customers", "cem@shop.example", "cem's secret");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.last_event().source.as_deref(), Some("forum"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
    assert_eq!(login(&mut app, "CEM@shop.example", "cem's secret").outcome, "migrated");
}

#[test]
fn a_row_that_the_filter_leaves_out_does_not_exist() {
    let site = shop_and_forum();
    site.configure_source("shop", "filter = 'l.active'");
    site.as_owner("UPDATE legacy.customers SET active = false");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
}

#[test]
fn a_disabled_source_is_not_asked() {
    let site = shop_and_forum();
    site.configure_source("shop", "enabled = false");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
    site.configure("source", "enabled = false");
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "ok");
}

#[test]
fn two_people_under_one_login_are_nobody() {
    let site = Site::shop();
    site.add_customer("customers", "ann@example.com", "another ann's secret");
    let mut app = site.app();
    for password in ["ann's secret", "another ann's secret"] {
        assert_eq!(login(&mut app, "ann@example.com", password), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/ambiguous");
        assert_eq!(site.last_event().source.as_deref(), Some("shop"));
    }
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn two_spellings_of_one_login_are_two_people() {
    let site = Site::shop();
    site.configure_source("shop", "login_columns = '{lower(l.email)}'");
    site.add_customer("customers", "Ann@Example.com", "another ann's secret");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/ambiguous");
}

#[test]
fn more_rows_than_anybody_has_are_nobody() {
    let site = Site::shop();
    let hash: String = site.db.one("SELECT pwd FROM legacy.customers", &[]);
    site.db.rows(
        "INSERT INTO legacy.customers (email, pwd) SELECT 'ann@example.com', $1 FROM generate_series(1, 5000)",
        &[&hash],
    );
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/ambiguous");
}

#[test]
fn one_person_in_two_rows_is_one_person() {
    let site = Site::shop();
    // The join with her two orders.
    site.as_owner(
        "CREATE TABLE legacy.orders (customer bigint); INSERT INTO legacy.orders VALUES (1), (1);
         CREATE VIEW legacy.buyers AS SELECT c.* FROM legacy.customers c JOIN legacy.orders o ON o.customer = c.id",
    );
    site.configure_source("shop", "relation = 'legacy.buyers'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn login_columns_are_asked_in_order_and_the_first_match_decides() {
    let site = Site::shop();
    site.configure_source("shop", "login_columns = '{email,first}'");
    // Her first name is Ben's address: it must not give her his account, nor him hers.
    site.as_owner("UPDATE legacy.customers SET first = 'ben@example.com'");
    site.add_customer("customers", "ben@example.com", "ben's secret");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ben@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(site.links()[0].legacy_key, "2");
}

#[test]
fn a_user_renamed_in_the_legacy_system_is_the_same_user() {
    let site = Site::shop();
    let mut app = site.app();
    let moved = login(&mut app, "ann@example.com", "ann's secret");
    site.as_owner("UPDATE legacy.customers SET email = 'ann.married@example.com'");
    assert_eq!(login(&mut app, "ann.married@example.com", "wrong"), Answer::refused("invalid"));
    let renamed = login(&mut app, "ann.married@example.com", "ann's secret");
    assert_eq!(renamed, Answer { outcome: "ok".into(), ..moved });
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn for_a_renamed_user_the_password_here_counts_and_not_the_legacy_one() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set here")]);
    site.as_owner("UPDATE legacy.customers SET email = 'ann.married@example.com'");
    assert_eq!(login(&mut app, "ann.married@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann.married@example.com", "set here").outcome, "ok");
}

#[test]
fn a_user_deleted_here_does_not_come_back() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    site.as_owner("DELETE FROM users");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/deleted");
    assert_eq!((site.counts().0, site.counts().1), (0, 1));
}

#[test]
fn a_forgotten_user_does_not_come_back() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    site.as_owner("DELETE FROM users");
    site.db.sql("UPDATE ferry.link SET tombstone = true, user_id = NULL");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/forgotten");
    assert_eq!((site.counts().0, site.counts().1), (0, 1));
}

#[test]
fn a_row_that_is_not_the_one_asked_for_is_not_believed() {
    need_icu!();
    let site = Site::shop();
    // As a collation that takes ü for u and ignores blanks at the end: every row equals every login.
    site.as_owner(
        "CREATE COLLATION legacy.lies (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
         ALTER TABLE legacy.customers ALTER email TYPE text COLLATE legacy.lies",
    );
    let matches: i64 =
        site.db.one("SELECT count(*) FROM legacy.customers WHERE email = 'ÀNN@example.com'", &[]);
    assert_eq!(matches, 1, "the collation lies");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ànn@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/unknown_login");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_liar_beside_the_right_row_does_not_make_it_ambiguous() {
    need_icu!();
    let site = Site::shop();
    site.add_customer("customers", "Ànn@example.com", "another person's");
    site.as_owner(
        "CREATE COLLATION legacy.lies (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
         ALTER TABLE legacy.customers ALTER email TYPE text COLLATE legacy.lies",
    );
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "another person's"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated", "{}", site.why());
    assert_eq!(site.links()[0].legacy_key, "1");
}

#[test]
fn a_row_without_a_key_is_nobody() {
    let site = Site::shop();
    site.as_owner(
        "CREATE VIEW legacy.keyless AS
             SELECT nullif(id, id) AS id, email, first, last, pwd, salt, active FROM legacy.customers",
    );
    site.configure_source("shop", "relation = 'legacy.keyless'");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn a_login_that_a_number_column_cannot_hold_is_not_found() {
    let site = Site::shop();
    site.configure_source("shop", "login_columns = '{id}'");
    let mut app = site.app();
    for login_text in ["ann@example.com", "1.5", "99999999999999999999", "1; DROP TABLE users", "1e0"] {
        assert_eq!(login(&mut app, login_text, "ann's secret"), Answer::refused("invalid"), "{login_text}");
        assert_eq!(site.why(), "invalid/unknown_login");
    }
    assert_eq!(login(&mut app, "1", "ann's secret").outcome, "migrated");
}
