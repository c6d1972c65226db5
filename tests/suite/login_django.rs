//! Logins of a genuine Django's users, through postgres_fdw.

use crate::setup::{Answer, Link, Site, login};
use ferry_tests::legacy_data::{LegacyUser, django_user, django_users};
use ferry_tests::{Db, need_extension};

/// Those whose hash says itself: Django's old `md5$salt$digest` needs a source of its own.
fn users_with_a_password() -> impl Iterator<Item = &'static LegacyUser> {
    django_users().iter().filter(|user| user.is_active && user.password.is_some() && user.hasher != "md5")
}

#[test]
fn every_django_user_logs_in_with_the_right_password_and_is_moved_once() {
    need_extension!("postgres_fdw");
    let (site, legacy) = Site::django();
    let mut app = site.app();
    for user in users_with_a_password() {
        let first = login(&mut app, &user.username, user.password());
        assert_eq!(first.outcome, "migrated", "{}: {}", user.username, site.why());
        assert_row(&site, &legacy, user, &first);
        let second = login(&mut app, &user.username, user.password());
        assert_eq!(second, Answer { outcome: "ok".into(), ..first }, "{}", user.username);
    }
    let all = i64::try_from(users_with_a_password().count()).unwrap();
    assert_eq!(site.counts(), (all, all, all));
}

fn assert_row(site: &Site, legacy: &Db<'_>, user: &LegacyUser, answer: &Answer) {
    let name = &user.username;
    let there = &legacy.rows("SELECT * FROM auth_user WHERE username = $1", &[name])[0];
    let here = &site.db.rows("SELECT * FROM users WHERE username = lower($1)", &[name])[0];
    let user_id = here.get::<_, i64>("id").to_string();
    assert_eq!(*answer, Answer::welcomed("migrated", &user_id));
    let email = Some(user.email.to_lowercase()).filter(|email| !email.is_empty());
    assert_eq!(here.get::<_, Option<String>>("email"), email, "{name}");
    let full_name =
        format!("{} {}", there.get::<_, String>("first_name"), there.get::<_, String>("last_name"));
    assert_eq!(here.get::<_, String>("name"), full_name);
    assert_eq!(here.get::<_, bool>("is_staff"), there.get::<_, bool>("is_staff"), "{name}");
    let hash: String = here.get("password_hash");
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{name}: {hash}");
    let joined = |db: &Db<'_>, query: &str| {
        db.one::<String>(&format!("SELECT extract(epoch FROM {query})::text"), &[name])
    };
    assert_eq!(
        joined(&site.db, "(SELECT joined_at FROM users WHERE username = lower($1))"),
        joined(legacy, "(SELECT date_joined FROM auth_user WHERE username = $1)"),
    );
    let key = there.get::<_, i32>("id").to_string();
    let link = site.links().into_iter().find(|link| link.legacy_key == key);
    let expected = Link {
        source: "django".into(),
        legacy_key: key,
        user_id: Some(user_id.clone()),
        via: "login".into(),
        has_digest: true,
    };
    assert_eq!(link, Some(expected), "{name}");
    let event = site.last_event();
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("login", "migrated"), "{name}");
    assert_eq!((event.source.as_deref(), event.user_id), (Some("django"), Some(user_id)), "{name}");
}

#[test]
fn every_django_user_is_refused_with_a_wrong_password() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = Site::django();
    let mut app = site.app();
    for user in users_with_a_password() {
        let mut wrong = user.password().to_owned();
        // At the front: bcrypt does not look at what is behind the 72nd byte.
        wrong.insert(0, ' ');
        assert_eq!(login(&mut app, &user.username, &wrong), Answer::refused("invalid"), "{}", user.username);
        assert_eq!(site.why(), "invalid/wrong_password", "{}", user.username);
    }
    let all = i64::try_from(users_with_a_password().count()).unwrap();
    assert_eq!(site.counts(), (0, 0, all));
}

#[test]
fn an_inactive_user_does_not_exist_where_the_filter_says_so() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = Site::django();
    let heidi = django_user("heidi");
    assert_eq!(login(&mut site.app(), "heidi", heidi.password()), Answer::refused("invalid"));
    assert_eq!(site.counts(), (0, 0, 1));
    assert_eq!(site.why(), "invalid/unknown_login");
    site.configure("source", "filter = NULL");
    assert_eq!(login(&mut site.app(), "heidi", heidi.password()).outcome, "migrated");
}

#[test]
fn a_user_with_an_unusable_password_is_refused_whatever_they_type() {
    need_extension!("postgres_fdw");
    let (site, legacy) = Site::django();
    let stored: String = legacy.one("SELECT password FROM auth_user WHERE username = 'grace'", &[]);
    let mut app = site.app();
    for typed in ["any", "!", &stored, &stored[1..]] {
        assert_eq!(login(&mut app, "grace", typed), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/legacy_locked");
    }
    assert_eq!(site.counts(), (0, 0, 4));
}

#[test]
fn a_source_may_take_a_hash_apart() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = Site::django();
    let pia = django_user("pia_md5");
    site.db.sql(
        "UPDATE ferry.source SET filter = $$l.is_active AND l.password NOT LIKE 'md5$%'$$ WHERE name = 'django';
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash, salt, format, filter)
         VALUES ('django_md5', 'legacy.auth_user', 'id', '{lower(l.username)}', $$split_part(l.password, '$', 3)$$,
                 $$split_part(l.password, '$', 2)$$, 'md5($salt.$pass)', $$l.is_active AND l.password LIKE 'md5$%'$$);
         INSERT INTO ferry.mapping (source, target_column, expression)
         SELECT 'django_md5', target_column, expression FROM ferry.mapping WHERE source = 'django'",
    );
    assert_eq!(login(&mut site.app(), "pia_md5", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut site.app(), "pia_md5", pia.password()).outcome, "migrated", "{}", site.why());
    assert_eq!(login(&mut site.app(), "pia_md5", pia.password()).outcome, "ok");
}

#[test]
fn a_second_login_does_not_ask_the_legacy_server() {
    need_extension!("postgres_fdw");
    let (site, legacy) = Site::django();
    let alice = django_user("alice");
    let mut app = site.app();
    assert_eq!(login(&mut app, "alice", alice.password()).outcome, "migrated");
    assert!(legacy.log().contains("alice"), "the first login was asked there:\n{}", legacy.log().text());
    let mark = legacy.cluster().log_mark();
    assert_eq!(login(&mut app, "alice", alice.password()).outcome, "ok");
    assert_eq!(login(&mut site.app(), "ALICE", alice.password()).outcome, "ok");
    assert_eq!(login(&mut app, "alice", "wrong").outcome, "invalid");
    assert!(legacy.log_since(mark).is_empty(), "{}", legacy.log_since(mark).text());
}

#[test]
fn login_and_filter_are_pushed_down_at_every_execution() {
    need_extension!("postgres_fdw");
    let (site, legacy) = Site::django();
    let mut app = site.app();
    let users = ["alice", "carol", "dave", "erin", "frank", "sam", "sam2", "otto_sha1"];
    for name in users {
        let mark = legacy.cluster().log_mark();
        assert_eq!(login(&mut app, name, "wrong"), Answer::refused("invalid"));
        let log = legacy.log_since(mark).with("FROM public.auth_user");
        assert_eq!(log.len(), 1, "the row is fetched once:\n{}", legacy.log_since(mark).text());
        assert!(log.contains(&format!("lower(username) = '{name}'")), "{}", log.text());
        assert!(log.with("WHERE").contains("is_active"), "{}", log.text());
        assert!(!log.contains("$1"), "a generic plan: {}", log.text());
    }
}

#[test]
fn only_the_columns_that_config_names_are_fetched() {
    need_extension!("postgres_fdw");
    let (site, legacy) = Site::django();
    assert_eq!(login(&mut site.app(), "alice", django_user("alice").password()).outcome, "migrated");
    let log = legacy.log().with("FROM public.auth_user");
    for fetched in ["id", "username", "password", "email", "first_name", "date_joined"] {
        assert!(log.contains(fetched), "{fetched} is not in {}", log.text());
    }
    for not_needed in ["last_login", "is_superuser"] {
        assert!(!log.contains(not_needed), "{not_needed} is in {}", log.text());
    }
}

#[test]
fn two_people_under_one_address_are_nobody() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = Site::django();
    site.db.sql(
        "UPDATE ferry.source SET login_columns = '{lower(l.email)}';
         UPDATE ferry.target SET login_columns = '{email}'",
    );
    let mut app = site.app();
    for sam in ["sam", "sam2"] {
        let refused = login(&mut app, "sam@example.com", django_user(sam).password());
        assert_eq!(refused, Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/ambiguous");
    }
    assert_eq!(site.counts(), (0, 0, 2));
}
