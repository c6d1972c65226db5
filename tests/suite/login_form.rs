//! How logins are compared: case, Unicode forms, and two people who look alike.

use crate::setup::{Answer, Site, login};

fn shop_with(form: &str, email: &str) -> Site {
    let site = Site::shop();
    site.configure("target", &format!("login_form = '{form}'"));
    site.configure("mapping", "expression = 'l.email' WHERE target_column = 'email'");
    site.add_customer("customers", email, "secret");
    site
}

#[test]
fn a_composed_and_a_decomposed_letter_are_the_same() {
    let site = shop_with("lower", "zo\u{eb}@example.com");
    let mut app = site.app();
    assert_eq!(login(&mut app, "zoe\u{308}@example.com", "secret").outcome, "migrated", "{}", site.why());
    assert_eq!(login(&mut app, "ZO\u{cb}@example.com", "secret").outcome, "ok");
    assert_eq!(login(&mut app, "zoe@example.com", "secret"), Answer::refused("invalid"));
    assert_eq!(site.counts().0, 1);
}

#[test]
fn in_the_exact_form_they_are_two_logins() {
    let site = shop_with("exact", "zo\u{eb}@example.com");
    let mut app = site.app();
    assert_eq!(login(&mut app, "zoe\u{308}@example.com", "secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "zo\u{eb}@example.com", "secret").outcome, "migrated");
}

#[test]
fn letters_that_only_look_alike_stay_apart_unless_asked_for() {
    // Fullwidth letters, as a Japanese keyboard types them.
    let fullwidth = "\u{ff42}\u{ff45}\u{ff4e}@example.com";
    for (form, expected) in [
        ("lower", "invalid"),
        ("casefold", "invalid"),
        ("lower_nfkc", "migrated"),
        ("casefold_nfkc", "migrated"),
    ] {
        let site = shop_with(form, "ben@example.com");
        assert_eq!(login(&mut site.app(), fullwidth, "secret").outcome, expected, "{form}");
    }
}

#[test]
fn folding_takes_sharp_s_for_double_s_and_lowering_does_not() {
    for (form, expected) in [("lower", "invalid"), ("casefold", "migrated")] {
        let site = shop_with(form, "strasse@example.com");
        assert_eq!(login(&mut site.app(), "Stra\u{df}e@example.com", "secret").outcome, expected, "{form}");
    }
}

#[test]
fn blanks_belong_to_a_login() {
    let site = shop_with("lower", "ben@example.com");
    for other in ["ben@example.com ", " ben@example.com", "ben@example.com\n", "ben@example.com\t"] {
        assert_eq!(login(&mut site.app(), other, "secret"), Answer::refused("invalid"), "{other:?}");
        assert_eq!(site.why(), "invalid/unknown_login", "{other:?}");
    }
}

#[test]
fn wildcards_in_a_login_are_letters() {
    let site = shop_with("lower", "ben@example.com");
    for other in ["%", "b_n@example.com", "ben%", "*", ".*"] {
        assert_eq!(login(&mut site.app(), other, "secret"), Answer::refused("invalid"), "{other:?}");
    }
}

#[test]
fn two_users_here_under_one_login_are_nobody() {
    let site = Site::shop();
    site.configure("target", "login_columns = '{lower(u.email)}'");
    for (id, email) in [(41_i64, "Ann@example.com"), (42, "ann@example.com")] {
        let hash = site.hash("set here");
        site.db
            .rows("INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3)", &[&id, &email, &hash]);
    }
    for password in ["set here", "ann's secret"] {
        assert_eq!(login(&mut site.app(), "ann@example.com", password), Answer::refused("invalid"));
        assert!(site.why().starts_with("invalid/ambiguous"), "{}", site.why());
    }
    assert_eq!(site.links(), []);
}

#[test]
fn the_login_as_typed_and_as_lowered_may_be_two_users_and_then_nobody() {
    let site = Site::shop();
    for (id, email) in [(41_i64, "Ann@example.com"), (42, "ann@example.com")] {
        let hash = site.hash(email);
        site.db
            .rows("INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3)", &[&id, &email, &hash]);
    }
    let mut app = site.app();
    assert_eq!(login(&mut app, "Ann@example.com", "Ann@example.com"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann@example.com"), Answer::welcomed("ok", "42"));
}

#[test]
fn one_user_found_under_both_spellings_is_one_user() {
    let site = Site::shop();
    site.configure("target", "login_columns = '{lower(u.email)}'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ANN@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(login(&mut app, "Ann@Example.com", "ann's secret").outcome, "ok");
}

#[test]
fn a_name_that_is_somebody_elses_address_does_not_give_their_account() {
    let site = Site::shop();
    site.configure("target", "login_columns = '{email,name}'");
    for (id, email, name) in
        [(41_i64, "ann@example.com", "ann"), (42, "mallory@example.com", "ann@example.com")]
    {
        let hash = site.hash(email);
        let sql = "INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, $3, $4)";
        site.db.rows(sql, &[&id, &email, &name, &hash]);
    }
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann@example.com"), Answer::welcomed("ok", "41"));
    assert_eq!(login(&mut app, "ann@example.com", "mallory@example.com"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann", "ann@example.com"), Answer::welcomed("ok", "41"));
}
