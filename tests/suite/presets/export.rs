//! The files that hosted services hand over, read by file_fdw.

use super::{Case, Person, cases, ready};
use crate::setup::{Answer, login};
use ferry_tests::need_extension;
use postgres::Client;

cases! {
    auth0: Case {
        preset: "auth0",
        files: &["presets/auth0/schema.sql"],
        relation: "legacy.auth0_users",
        welcome: &[
            Person {
                login: "zoe@example.com",
                password: "password",
                columns: &[
                    ("legacy_id", Some("auth0|5dea9f9c82dd7c0e76e4ec93")),
                    ("display_name", Some("Zoe Auth")),
                    ("username", None),
                    ("avatar_url", Some("https://example.com/zoe.png")),
                    ("email_verified", Some("true")),
                ],
            },
            Person {
                login: "euclid@example.com",
                password: "password",
                columns: &[("legacy_id", Some("auth0|euclid")), ("email_verified", Some("true"))],
            },
            Person { login: "sha256@example.com", password: "test", columns: &[] },
            Person { login: "md5@example.com", password: "test", columns: &[] },
            Person { login: "hmac@example.com", password: "test", columns: &[] },
            Person { login: "scrypt@example.com", password: "password", columns: &[] },
            Person { login: "pbkdf2@example.com", password: "test", columns: &[] },
        ],
        refused: &[("blocked@example.com", "password", "rejected"), ("social@example.com", "password", "invalid")],
    };
    firebase: Case {
        preset: "firebase",
        files: &["presets/firebase/schema.sql", "presets/firebase/firebase.peppers"],
        relation: "legacy.firebase_users",
        welcome: &[
            Person {
                login: "fire@example.com",
                password: "user1password",
                columns: &[
                    ("legacy_id", Some("lKk3NnZ9xQ")),
                    ("display_name", Some("Fi Re")),
                    ("phone", Some("+4930123456")),
                    ("created_at", Some("2019-03-01 12:00:00+00")),
                ],
            },
            Person { login: "second@example.com", password: "password", columns: &[("email_verified", Some("false"))] },
        ],
        refused: &[("disabled@example.com", "password", "rejected"), ("social@example.com", "password", "invalid")],
    };
    okta: Case {
        preset: "okta",
        files: &["presets/okta/schema.sql"],
        relation: "legacy.okta_users",
        welcome: &[
            Person {
                login: "olga@example.com",
                password: "password",
                columns: &[
                    ("legacy_id", Some("00u1")),
                    ("username", Some("olga@example.com")),
                    ("email", Some("olga.mail@example.com")),
                    ("display_name", Some("Olga Ta")),
                    ("timezone", Some("Europe/Berlin")),
                    ("must_change", Some("false")),
                ],
            },
            Person { login: "sha@example.com", password: "test", columns: &[] },
            Person { login: "pbkdf2@example.com", password: "test", columns: &[("must_change", Some("true"))] },
        ],
        refused: &[
            ("suspended@example.com", "password", "rejected"),
            ("locked@example.com", "password", "rejected"),
            ("staged@example.com", "password", "rejected"),
            ("provisioned@example.com", "password", "rejected"),
            ("recovery@example.com", "password", "invalid"),
            ("deprovisioned@example.com", "password", "invalid"),
            ("no_hash@example.com", "password", "invalid"),
        ],
    };
    cognito: Case {
        preset: "cognito",
        files: &["presets/cognito/schema.sql"],
        relation: "legacy.cognito_users",
        welcome: &[],
        refused: &[("co@example.com", "any", "invalid")],
    };
    cognito_list_users: Case {
        preset: "cognito-list-users",
        files: &["presets/cognito-list-users/schema.sql"],
        relation: "legacy.cognito_users",
        welcome: &[],
        refused: &[("co.nito", "any", "invalid"), ("disabled", "any", "invalid")],
    };
    keycloak_export: Case {
        preset: "keycloak-export",
        files: &["presets/keycloak-export/schema.sql"],
        relation: "legacy.keycloak_users",
        welcome: super::identity::KEYCLOAK,
        refused: &[("disabled", "user1", "rejected"), ("service-account-shop", "user1", "invalid")],
    };
    meteor: Case {
        preset: "meteor",
        files: &["presets/meteor/schema.sql"],
        relation: "legacy.meteor_users",
        welcome: &[
            Person {
                login: "comet@example.com",
                password: "hashcat",
                columns: &[
                    ("username", Some("comet")),
                    ("display_name", Some("Co Met")),
                    ("created_at", Some("2016-03-01 12:00:00+00")),
                ],
            },
            Person {
                login: "rocket",
                password: "hashcat",
                columns: &[("display_name", Some("Ro Cket")), ("created_at", Some("2016-03-01 12:00:00+00"))],
            },
        ],
        refused: &[("inactive", "hashcat", "rejected")],
    };
    parse: Case {
        preset: "parse",
        files: &["presets/parse/schema.sql"],
        relation: "legacy.parse_users",
        welcome: &[Person {
            login: "server@example.com",
            password: "password",
            columns: &[("legacy_id", Some("pA1")), ("username", Some("server")), ("email_verified", Some("true"))],
        }],
        refused: &[("locked", "password", "rejected")],
    };
    zitadel_export: Case {
        preset: "zitadel-export",
        files: &["presets/zitadel-export/schema.sql"],
        relation: "legacy.zitadel_users",
        welcome: &[
            Person {
                login: "road@example.com",
                password: "password",
                columns: &[
                    ("legacy_id", Some("104133391271651848")),
                    ("display_name", Some("Road Runner")),
                    ("locale", Some("de")),
                    ("must_change", Some("false")),
                ],
            },
            Person {
                login: "wile",
                password: "password",
                columns: &[("locale", None), ("must_change", Some("true"))],
            },
        ],
        refused: &[("none", "password", "invalid")],
    };
}

/// User and outcome of a call for resets.
fn reset(client: &mut Client, call: &str) -> (Option<String>, String) {
    let row = client.query_one(&format!("SELECT user_id, outcome FROM ferry.{call}"), &[]).unwrap();
    (row.get(0), row.get(1))
}

#[test]
fn users_of_cognito_come_by_a_new_password() {
    need_extension!("file_fdw");
    for case in CASES.iter().filter(|case| case.preset.starts_with("cognito")) {
        let db = ready(case);
        let role = db.role("web");
        for access in ["login", "reset"] {
            db.rows("SELECT ferry.grant_access($1::text::name, $2)", &[&role, &access]);
        }
        let mut web = db.client_as(&role);
        assert_eq!(login(&mut web, "co@example.com", "any"), Answer::refused("invalid"));
        assert_eq!(super::why(&db), "invalid/legacy_locked/{}");

        let (user_id, outcome) = reset(&mut web, "prepare_reset('co@example.com')");
        assert_eq!(outcome, "migrated", "{}", case.preset);
        let user_id = user_id.unwrap();
        assert!(!login(&mut web, "co@example.com", "any").authenticated);
        let set = reset(&mut web, "set_password('co@example.com', 'a new one')");
        assert_eq!(set, (Some(user_id.clone()), "ok".to_owned()));
        assert_eq!(login(&mut web, "co@example.com", "a new one"), Answer::welcomed("ok", &user_id));

        let columns: String = db.one(
            "SELECT concat_ws('|', username, email, display_name, phone, locale, timezone, email_verified) FROM users",
            &[],
        );
        assert_eq!(columns, "co.nito|co@example.com|Nito, Co|+4930123456|de|Europe/Berlin|t");
        if case.preset == "cognito-list-users" {
            for name in ["disabled", "newcomer"] {
                let refused = reset(&mut web, &format!("prepare_reset('{name}@example.com')"));
                assert_eq!(refused, (None, "rejected".to_owned()), "{name}");
            }
        }
    }
}

/// Okta tells no hashes, and the password of who is in the midst of a reset opens nothing.
#[test]
fn users_of_okta_without_a_password_that_opens_come_by_a_new_one() {
    need_extension!("file_fdw");
    let db = ready(CASES.iter().find(|case| case.preset == "okta").unwrap());
    let mut admin = db.client();
    for name in ["no_hash", "recovery"] {
        assert_eq!(
            reset(&mut admin, &format!("prepare_reset('{name}@example.com')")).1,
            "migrated",
            "{name}"
        );
        assert!(!login(&mut admin, &format!("{name}@example.com"), "password").authenticated, "{name}");
    }
    assert_eq!(reset(&mut admin, "prepare_reset('staged@example.com')"), (None, "rejected".to_owned()));
}

/// What the notes of meteor tell to do about argon2, which Meteor computes over SHA-256 as well.
#[test]
fn users_of_meteor_with_argon2_come_by_a_source_of_their_own() {
    need_extension!("file_fdw");
    let db = ready(CASES.iter().find(|case| case.preset == "meteor").unwrap());
    db.sql(
        "DROP MATERIALIZED VIEW legacy.meteor_users CASCADE;
         ALTER FOREIGN TABLE legacy.meteor_export RENAME TO meteor_file;
         CREATE TABLE legacy.meteor_export AS
         SELECT replace(line, line::jsonb #>> '{services,password,bcrypt}',
                        ferry.hash_password(encode(sha256('meteor'), 'hex'), 'argon2id:m=8,t=1,p=1')) AS line
         FROM legacy.meteor_file",
    );
    let (owner, view): (String, String) =
        (db.owner(), db.one("SELECT view_sql FROM ferry.preset WHERE name = 'meteor'", &[]));
    db.sql(&format!("GRANT SELECT ON legacy.meteor_export TO {owner}; SET ROLE {owner}; {view}; RESET ROLE"));
    let mut app = db.client_as(&db.app());
    assert_eq!(login(&mut app, "rocket", "meteor").outcome, "invalid");
    db.sql(
        "UPDATE ferry.source SET filter = $$l.password_hash LIKE '$2%'$$;
         SELECT ferry.use_preset('meteor', 'argon2', 'legacy.meteor_users');
         UPDATE ferry.source SET filter = $$l.password_hash LIKE '$argon2%'$$, format = 'sha256($pass)|phc'
         WHERE name = 'argon2'",
    );
    assert_eq!(login(&mut app, "rocket", "meteor").outcome, "migrated", "{}", super::why(&db));
}
