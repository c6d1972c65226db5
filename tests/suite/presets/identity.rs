//! Identity servers, read from their own databases.

use super::{Case, Person, cases, ready};
use crate::setup::{Answer, login};
use ferry_tests::need_extension;

cases! {
    keycloak: Case {
        preset: "keycloak",
        files: &["presets/keycloak/schema.sql"],
        relation: "legacy.keycloak_users",
        welcome: KEYCLOAK,
        refused: &[
            ("disabled", "user1", "rejected"),
            ("admin", "user1", "invalid"),
            ("service-account-shop", "user1", "invalid"),
            ("social@example.com", "user1", "invalid"),
        ],
    };
    supabase: Case {
        preset: "supabase",
        files: &["presets/supabase/schema.sql"],
        relation: "legacy.users",
        welcome: &[
            Person {
                login: "sue@example.com",
                password: "password",
                columns: &[
                    ("legacy_id", Some("11111111-1111-4111-8111-111111111111")),
                    ("phone", Some("4930123456")),
                    ("display_name", Some("Sue Base")),
                    ("avatar_url", Some("https://example.com/sue.png")),
                    ("email_verified", Some("true")),
                ],
            },
            Person {
                login: "from_firebase@example.com",
                password: "mytestpassword",
                columns: &[("display_name", None), ("phone", None)],
            },
            Person { login: "was_banned@example.com", password: "password", columns: &[] },
        ],
        refused: &[
            ("banned@example.com", "password", "rejected"),
            ("unconfirmed@example.com", "password", "rejected"),
            ("deleted@example.com", "password", "invalid"),
        ],
    };
    kratos: Case {
        preset: "kratos",
        files: &["presets/kratos/schema.sql"],
        relation: "legacy.kratos_users",
        welcome: &[
            Person {
                login: "Ory@Example.com",
                password: "password",
                columns: &[
                    ("legacy_id", Some("11111111-1111-4111-8111-111111111111")),
                    ("username", Some("ory")),
                    ("email", Some("ory@example.com")),
                    ("first_name", Some("O")),
                    ("display_name", Some("O Ry")),
                    ("email_verified", Some("true")),
                ],
            },
            Person {
                login: "imported@example.com",
                password: "test",
                columns: &[("display_name", Some("Im Ported")), ("email_verified", Some("false"))],
            },
        ],
        refused: &[
            ("inactive@example.com", "password", "rejected"),
            ("social@example.com", "password", "invalid"),
        ],
    };
    authentik: Case {
        preset: "authentik",
        files: &["presets/authentik/schema.sql"],
        relation: "legacy.authentik_core_user",
        welcome: &[Person {
            login: "beryl",
            password: "password",
            columns: &[("email", Some("beryl@example.com")), ("display_name", Some("Beryl Gate"))],
        }],
        refused: &[("disabled", "password", "rejected"), ("ak-outpost", "password", "invalid")],
    };
    fusionauth: Case {
        preset: "fusionauth",
        files: &["presets/fusionauth/schema.sql"],
        relation: "legacy.fusionauth_users",
        welcome: &[
            Person {
                login: "fu",
                password: "password",
                columns: &[
                    ("legacy_id", Some("11111111-1111-4111-8111-111111111111")),
                    ("email", Some("fu@example.com")),
                    ("display_name", Some("Fu Sion")),
                    ("birth_date", Some("1980-02-29")),
                    ("created_at", Some("2020-09-13 12:26:40+00")),
                    ("must_change", Some("false")),
                ],
            },
            Person {
                login: "second@example.com",
                password: "password",
                columns: &[("display_name", None), ("birth_date", None), ("must_change", Some("true"))],
            },
        ],
        refused: &[
            ("locked@example.com", "password", "rejected"),
            ("expired@example.com", "password", "rejected"),
            ("plugin@example.com", "password", "invalid"),
        ],
    };
}

/// The users of the realm shop, in the database as in the export.
pub(super) const KEYCLOAK: &[Person] = &[
    Person {
        login: "duke",
        password: "iceberg",
        columns: &[
            ("legacy_id", Some("11111111-1111-4111-8111-111111111111")),
            ("email", Some("duke@example.com")),
            ("display_name", Some("Duke Key")),
            ("email_verified", Some("true")),
            ("created_at", Some("2023-11-14 22:13:20+00")),
            ("must_change", Some("false")),
        ],
    },
    Person {
        login: "older@example.com",
        password: "user1",
        columns: &[("username", Some("older")), ("display_name", None), ("must_change", Some("true"))],
    },
];

/// Who may log in by several names is one person.
#[test]
fn a_kratos_identity_is_one_person_under_each_identifier() {
    let case = Case {
        preset: "kratos",
        files: &["presets/kratos/schema.sql"],
        relation: "legacy.kratos_users",
        welcome: &[Person {
            login: "ory",
            password: "password",
            columns: &[("email", Some("ory@example.com"))],
        }],
        refused: &[],
    };
    super::moves_its_users(&case);
}

/// People may write what they like into their traits: only who has no identifier is looked up by them.
#[test]
fn a_kratos_identity_with_a_password_is_not_found_by_its_traits() {
    need_extension!("pg_ferry");
    let db = ready(CASES.iter().find(|case| case.preset == "kratos").unwrap());
    db.sql(
        // The index is there before rows change: one made over changed rows waits for every transaction of the server that is
        // older, those of other tests too, before a plan may use it (pg_index.indcheckxmin).
        r#"CREATE INDEX by_trait ON legacy.identities (lower(traits ->> 'email'));
           UPDATE legacy.identities SET traits = '{"email": "boss@example.com", "username": "boss"}' WHERE id::text LIKE '2%';
           UPDATE legacy.identities SET traits = '{"email": "Social@example.com", "username": "Social"}' WHERE id::text LIKE '4%'"#,
    );
    let mut app = db.client_as(&db.app());
    for name in ["boss@example.com", "boss"] {
        assert_eq!(login(&mut app, name, "test"), Answer::refused("invalid"), "{name}");
    }
    assert_eq!(login(&mut app, "imported@example.com", "test").outcome, "migrated");
    let traits = "SELECT string_agg(concat_ws(' ', left(id::text, 1), email_trait, name_trait), '; ')
                  FROM legacy.kratos_users WHERE num_nonnulls(email_trait, name_trait) > 0";
    assert_eq!(db.one::<String>(traits, &[]), "4 social@example.com social");
    let plan = "EXPLAIN SELECT * FROM legacy.kratos_users l WHERE l.email_trait = 'social@example.com'";
    db.sql(
        "INSERT INTO legacy.identities (id, schema_id, traits, created_at, updated_at)
         SELECT gen_random_uuid(), 'default', jsonb_build_object('email', n), now(), now() FROM generate_series(1, 5000) AS n;
         ANALYZE legacy.identities",
    );
    let plan: String = db.rows(plan, &[]).iter().map(|row| row.get::<_, String>(0)).collect();
    assert!(plan.contains("by_trait"), "{plan}");
}

/// The preset says whose address was verified, which adoption asks for.
#[test]
fn who_is_here_already_is_adopted_by_an_address_that_keycloak_has_verified() {
    need_extension!("pg_ferry");
    let db = ready(CASES.iter().find(|case| case.preset == "keycloak").unwrap());
    db.sql(
        "UPDATE ferry.target SET lookup = '{email}', adopt = 'any', verified = 'u.email_verified';
         INSERT INTO users (email, email_verified) VALUES ('duke@example.com', true), ('older@example.com', true)",
    );
    let mut app = db.client_as(&db.app());
    assert_eq!(login(&mut app, "duke", "iceberg"), Answer::welcomed("migrated", "1"), "{}", super::why(&db));
    assert_eq!(login(&mut app, "older", "user1"), Answer::refused("rejected"));
    assert_eq!(db.count("users"), 2);
}
