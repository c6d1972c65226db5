//! Logins of WordPress' users, whose hashes its own PHP made.

use crate::setup::{Answer, Site, login};
use ferry_tests::legacy_data::{LegacyUser, wordpress_user, wordpress_users};
use ferry_tests::{Db, MariaDb, need_extension};

/// Sources `blog` for the hashes that say what they are and `blog_md5` for those that don't; spammers stay behind.
fn blog() -> (Site, Db<'static>) {
    let (site, legacy) = (Site::new(), Db::wordpress());
    site.db.import_foreign_tables(&legacy, &["wp_users"]);
    site.db.sql(
        "INSERT INTO ferry.source (name, relation, key_column, login_columns, hash, format, filter) VALUES
             ('blog', 'legacy.wp_users', 'ID', '{user_login,lower(l.user_email)}', 'l.user_pass', NULL,
              $$l.user_status = 0 AND l.user_pass LIKE any (ARRAY['$%', '*%'])$$),
             ('blog_md5', 'legacy.wp_users', 'ID', '{user_login,lower(l.user_email)}', 'l.user_pass', 'md5($pass)',
              $$l.user_status = 0 AND l.user_pass NOT LIKE '$%'$$);
         INSERT INTO ferry.mapping (source, target_column, expression)
         SELECT source, target_column, expression
         FROM (VALUES ('blog'), ('blog_md5')) s (source),
              (VALUES ('email', 'lower(l.user_email)'), ('name', 'l.display_name')) m (target_column, expression)",
    );
    (site, legacy)
}

fn users_with_a_password() -> impl Iterator<Item = &'static LegacyUser> {
    wordpress_users().iter().filter(|user| user.is_active && user.password.is_some())
}

#[test]
fn every_wordpress_user_logs_in_by_address() {
    need_extension!("postgres_fdw");
    let (site, legacy) = blog();
    let mut app = site.app();
    for user in users_with_a_password() {
        let first = login(&mut app, &user.email, user.password());
        assert_eq!(first.outcome, "migrated", "{}: {}", user.username, site.why());
        let email = user.email.to_lowercase();
        assert_eq!(first, Answer::welcomed("migrated", &site.user(&email, "id").unwrap()));
        let display_name: String =
            legacy.one("SELECT display_name FROM wp_users WHERE user_login = $1", &[&user.username]);
        assert_eq!(site.user(&email, "name"), Some(display_name));
        assert!(site.user(&email, "password_hash").unwrap().starts_with("$argon2id$"));
        assert_eq!(login(&mut app, &user.email, user.password()).outcome, "ok", "{}", user.username);
    }
    let all = i64::try_from(users_with_a_password().count()).unwrap();
    assert_eq!(site.counts(), (all, all, all));
}

#[test]
fn every_wordpress_user_is_refused_with_a_wrong_password() {
    need_extension!("postgres_fdw");
    let (site, legacy) = blog();
    let mut app = site.app();
    for user in users_with_a_password() {
        let stored: String =
            legacy.one("SELECT user_pass FROM wp_users WHERE user_login = $1", &[&user.username]);
        // Not a blank: WordPress trims what is typed.
        for wrong in [&format!("x{}", user.password()), &stored] {
            assert_eq!(login(&mut app, &user.email, wrong), Answer::refused("invalid"), "{}", user.username);
        }
    }
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn the_name_finds_the_user_too() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = blog();
    let jane = wordpress_user("jane.doe");
    let first = login(&mut site.app(), "jane.doe", jane.password());
    assert_eq!(first.outcome, "migrated");
    // The target has no names: the link leads to the same user.
    let second = login(&mut site.app(), "jane.doe", jane.password());
    assert_eq!(second, Answer { outcome: "ok".into(), ..first });
    assert_eq!(site.counts().0, 1);
}

#[test]
fn spammers_and_locked_out_users_stay_behind() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = blog();
    let mut app = site.app();
    let spammer = wordpress_user("spammer");
    assert_eq!(login(&mut app, &spammer.email, spammer.password()), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/unknown_login");
    for typed in ["any", "*"] {
        assert_eq!(login(&mut app, &wordpress_user("locked_out").email, typed), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/legacy_locked");
    }
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
}

#[test]
fn a_bare_digest_is_nobodys_password_while_no_format_is_named() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = blog();
    site.configure_source("blog_md5", "format = NULL");
    let old_timer = wordpress_user("old_timer");
    assert_eq!(login(&mut site.app(), &old_timer.email, old_timer.password()), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/legacy_hash");
    assert_eq!(site.last_event().source.as_deref(), Some("blog_md5"));
    assert_eq!(site.counts(), (0, 0, 1));
}

#[test]
fn users_in_mariadb_log_in_whatever_case_they_type() {
    need_extension!("mysql_fdw");
    let never = "UPDATE wp_users SET user_registered = '0000-00-00 00:00:00' WHERE user_login = 'zoe'";
    let blog = MariaDb::with_wordpress("reader", "for reading only", &[never]);
    let site = Site::new();
    let (owner, port) = (site.db.owner(), blog.port());
    site.db.sql(&format!(
        "ALTER TABLE users ADD joined timestamptz;
         CREATE EXTENSION mysql_fdw;
         CREATE SERVER blog FOREIGN DATA WRAPPER mysql_fdw OPTIONS (host '127.0.0.1', port '{port}');
         CREATE USER MAPPING FOR {owner} SERVER blog OPTIONS (username 'reader', password 'for reading only');
         GRANT USAGE ON FOREIGN SERVER blog TO {owner};
         CREATE SCHEMA legacy AUTHORIZATION {owner};
         SET ROLE {owner};
         IMPORT FOREIGN SCHEMA wordpress LIMIT TO (wp_users) FROM SERVER blog INTO legacy;
         RESET ROLE;
         SELECT * FROM ferry.use_preset('wordpress', 'blog', 'legacy.wp_users')"
    ));
    let mut app = site.app();
    for user in users_with_a_password().filter(|user| user.username != "zoe") {
        let first = login(&mut app, &user.email.to_uppercase(), user.password());
        assert_eq!(first.outcome, "migrated", "{}: {}", user.username, site.why());
    }
    // As the notes of the preset say: PostgreSQL has no such date.
    let zoe = wordpress_user("zoe");
    assert_eq!(login(&mut app, "zoe", zoe.password()), Answer::refused("unavailable"));
    site.as_owner("ALTER FOREIGN TABLE legacy.wp_users ALTER user_registered TYPE text");
    assert_eq!(login(&mut app, "zoe", zoe.password()).outcome, "migrated", "{}", site.why());
    assert_eq!(site.user(&zoe.email, "joined"), None);
    assert_eq!(site.user("admin@blog.example", "joined").as_deref(), Some("2005-03-01 12:00:00+00"));
}
