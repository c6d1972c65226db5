//! Web frameworks and their libraries for accounts.

use super::{Case, Person, cases, ready};
use crate::setup::login;
use ferry_tests::need_extension;

cases! {
    django: Case {
        preset: "django",
        files: &["presets/django/schema.sql"],
        relation: "legacy.auth_user",
        welcome: &[
            Person {
                login: "Ada",
                password: "password",
                columns: &[
                    ("legacy_id", Some("1")),
                    ("username", Some("ada")),
                    ("email", Some("ada@example.com")),
                    ("display_name", Some("Ada Lovelace")),
                    ("is_admin", Some("true")),
                    ("created_at", Some("2019-03-01 12:00:00+00")),
                ],
            },
            Person {
                login: "old_timer",
                password: "password",
                columns: &[("email", None), ("display_name", None), ("is_admin", Some("false"))],
            },
        ],
        refused: &[("gone", "password", "rejected"), ("unusable", "", "invalid")],
    };
    devise: Case {
        preset: "devise",
        files: &["presets/devise/schema.sql"],
        relation: "legacy.users",
        welcome: RUBY,
        refused: NOT_RUBY,
    };
    devise_pepper: Case {
        preset: "devise-pepper",
        files: &["presets/devise-pepper/schema.sql", "presets/devise-pepper/devise.peppers"],
        relation: "legacy.users",
        welcome: RUBY,
        refused: NOT_RUBY,
    };
    rails: Case {
        preset: "rails",
        files: &["presets/rails/schema.sql"],
        relation: "legacy.users",
        welcome: &[Person {
            login: "eight@example.com",
            password: "password",
            columns: &[("email", Some("eight@example.com")), ("display_name", None)],
        }],
        refused: &[],
    };
    rails_secure_password: Case {
        preset: "rails-secure-password",
        files: &["presets/rails-secure-password/schema.sql"],
        relation: "legacy.users",
        welcome: &[Person {
            login: "rae@example.com",
            password: "password",
            columns: &[("username", Some("rae")), ("display_name", Some("Rae Ils"))],
        }],
        refused: &[],
    };
    laravel: Case {
        preset: "laravel",
        files: &["presets/laravel/schema.sql"],
        relation: "legacy.users",
        welcome: &[
            Person {
                login: "taylor@example.com",
                password: "password",
                columns: &[
                    ("display_name", Some("Taylor")),
                    ("username", None),
                    ("email_verified", Some("true")),
                    ("email_verified_at", Some("2020-02-03 04:05:06+00")),
                ],
            },
            Person {
                login: "argon@example.com",
                password: "password",
                columns: &[("email_verified", Some("false")), ("email_verified_at", None)],
            },
        ],
        refused: &[("deleted@example.com", "password", "invalid")],
    };
    symfony: Case {
        preset: "symfony",
        files: &["presets/symfony/schema.sql"],
        relation: "legacy.\"user\"",
        welcome: &[
            Person {
                login: "fabien@example.com",
                password: "password",
                columns: &[("is_admin", Some("true")), ("email_verified", Some("true"))],
            },
            Person {
                login: "argon@example.com",
                password: "password",
                columns: &[("is_admin", Some("false")), ("email_verified", Some("false"))],
            },
        ],
        refused: &[],
    };
    fosuserbundle: Case {
        preset: "fosuserbundle",
        files: &["presets/fosuserbundle/schema.sql"],
        relation: "legacy.fos_user",
        welcome: &[Person {
            login: "Symfonist",
            password: "password",
            columns: &[("username", Some("symfonist")), ("email", Some("symfonist@example.com"))],
        }],
        refused: &[("disabled", "password", "rejected"), ("locked@example.com", "password", "rejected")],
    };
    aspnet_identity: Case {
        preset: "aspnet-identity",
        files: &["presets/aspnet-identity/schema.sql"],
        relation: "legacy.\"AspNetUsers\"",
        welcome: &[
            Person {
                login: "NORA",
                password: "my password",
                columns: &[
                    ("legacy_id", Some("5f0c6c53-7a1c-4d2e-9a55-0d3a2a0f7b11")),
                    ("username", Some("nora")),
                    ("email", Some("nora@example.com")),
                    ("phone", Some("+49 30 1234")),
                    ("email_verified", Some("true")),
                ],
            },
            Person {
                login: "v2@example.com",
                password: "my password",
                columns: &[("username", Some("from_version_2"))],
            },
            Person { login: "exempt", password: "my password", columns: &[] },
        ],
        refused: &[("locked", "my password", "rejected"), ("outsider", "my password", "invalid")],
    };
    aspnet_identity_2: Case {
        preset: "aspnet-identity-2",
        files: &["presets/aspnet-identity-2/schema.sql"],
        relation: "legacy.\"AspNetUsers\"",
        welcome: &[Person {
            login: "nora",
            password: "my password",
            columns: &[("email", Some("nora@example.com"))],
        }],
        refused: &[("locked", "my password", "rejected")],
    };
    aspnet_membership: Case {
        preset: "aspnet-membership",
        files: &["presets/aspnet-membership/schema.sql"],
        relation: "legacy.aspnet_members",
        welcome: &[Person {
            login: "webmaster",
            password: "hashcat",
            columns: &[
                ("legacy_id", Some("b0000000-0000-4000-8000-000000000001")),
                ("email", Some("webmaster@example.com")),
                ("created_at", Some("2008-01-02 03:04:05+00")),
            ],
        }],
        refused: &[
            ("locked", "hashcat", "rejected"),
            ("unapproved@example.com", "hashcat", "rejected"),
            ("encrypted", "hashcat", "invalid"),
        ],
    };
    spring_security: Case {
        preset: "spring-security",
        files: &["presets/spring-security/schema.sql"],
        relation: "legacy.users",
        welcome: &[
            Person {
                login: "bean",
                password: "password",
                columns: &[("username", Some("bean")), ("email", None)],
            },
            Person {
                login: "alice@example.com",
                password: "alicepass",
                columns: &[("email", Some("alice@example.com"))],
            },
            Person { login: "admin", password: "adminPassword", columns: &[] },
            Person { login: "elder", password: "password", columns: &[] },
            Person { login: "unprefixed", password: "password", columns: &[] },
        ],
        refused: &[("disabled", "password", "rejected")],
    };
    flask_security: Case {
        preset: "flask-security",
        files: &["presets/flask-security/schema.sql", "presets/flask-security/flask.peppers"],
        relation: "legacy.\"user\"",
        welcome: &[Person {
            login: "flask@example.com",
            password: "password",
            columns: &[
                ("username", Some("flask")),
                ("email_verified", Some("true")),
                ("last_login_at", Some("2024-01-02 03:04:05+00")),
            ],
        }],
        refused: &[("disabled@example.com", "password", "rejected")],
    };
    shiro: Case {
        preset: "shiro",
        files: &["presets/shiro/schema.sql"],
        relation: "legacy.users",
        welcome: &[Person {
            login: "castle",
            password: "password",
            columns: &[("legacy_id", Some("Castle")), ("username", Some("castle"))],
        }],
        refused: &[],
    };
}

/// The users of both Devise applications.
const RUBY: &[Person] = &[
    Person {
        login: "ruby@example.com",
        password: "password",
        columns: &[
            ("username", Some("ruby")),
            ("display_name", None),
            ("email_verified", Some("true")),
            ("last_login_at", Some("2024-05-01 08:00:00+00")),
        ],
    },
    Person { login: "was_locked@example.com", password: "password", columns: &[("last_login_at", None)] },
];
const NOT_RUBY: &[(&str, &str, &str)] =
    &[("locked@example.com", "password", "rejected"), ("unconfirmed@example.com", "password", "rejected")];

/// The optional modules' columns are read only where they are.
#[test]
fn devise_needs_no_optional_module() {
    let case = Case {
        preset: "devise",
        files: &["presets/devise/schema.sql", "presets/devise/without_modules.sql"],
        relation: "legacy.users",
        welcome: &[Person {
            login: "unconfirmed@example.com",
            password: "password",
            columns: &[("username", None), ("email_verified", Some("false")), ("last_login_at", None)],
        }],
        refused: &[],
    };
    super::moves_its_users(&case);
}

fn case_of(preset: &str) -> &'static Case {
    CASES.iter().find(|case| case.preset == preset).unwrap()
}

/// What the notes of spring-security tell to do about {noop}.
#[test]
fn a_noop_password_of_spring_comes_by_a_source_of_its_own() {
    need_extension!("pg_ferry");
    let db = ready(case_of("spring-security"));
    db.sql("INSERT INTO legacy.users VALUES ('plain', '{noop}as it is', true)");
    let mut app = db.client_as(&db.app());
    assert_eq!(login(&mut app, "plain", "as it is").outcome, "invalid");
    db.sql(
        "UPDATE ferry.source SET filter = $$l.password NOT LIKE '{noop}%'$$;
         SELECT ferry.use_preset('spring-security', 'noop', 'legacy.users');
         UPDATE ferry.source
         SET filter = $$l.password LIKE '{noop}%'$$, hash = 'substr(l.password, 7)', format = 'plaintext'
         WHERE name = 'noop'",
    );
    assert_eq!(login(&mut app, "plain", "{noop}as it is").outcome, "invalid");
    assert_eq!(login(&mut app, "plain", "as it is").outcome, "migrated", "{}", super::why(&db));
    assert_eq!(login(&mut app, "bean", "password").outcome, "migrated", "{}", super::why(&db));
}

/// The recipe in the notes of aspnet-membership, for hashAlgorithmType SHA256.
#[test]
fn membership_hashes_may_be_sha256() {
    need_extension!("pg_ferry");
    let db = ready(case_of("aspnet-membership"));
    // By PostgreSQL: a salt of 16 bytes, and hashcat in UTF-16.
    db.sql(
        "UPDATE legacy.\"aspnet_Membership\"
         SET \"PasswordSalt\" = encode('\\x000102030405060708090a0b0c0d0e0f', 'base64'),
             \"Password\" = encode(sha256('\\x000102030405060708090a0b0c0d0e0f6800610073006800630061007400'), 'base64');
         UPDATE ferry.source SET format = 'b64(sha256_raw(unb64($salt).utf16le($pass)))'",
    );
    let mut app = db.client_as(&db.app());
    assert_eq!(login(&mut app, "webmaster", "Hashcat").outcome, "invalid");
    assert_eq!(login(&mut app, "webmaster", "hashcat").outcome, "migrated", "{}", super::why(&db));
}
