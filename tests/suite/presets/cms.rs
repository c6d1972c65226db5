//! Presets: content management systems and shops.

use super::{Case, Person, legacy_system, users_table};
use crate::setup::login;
use ferry_tests::need_extension;

super::cases! {
    wordpress: Case {
        preset: "wordpress",
        files: &["wordpress/schema.sql", "wordpress/users.sql"],
        relation: "legacy.wp_users",
        welcome: &[
            Person {
                login: "admin",
                password: "hello world, my first post",
                columns: &[
                    ("email", Some("admin@blog.example")),
                    ("username", Some("admin")),
                    ("display_name", Some("Ada Min")),
                    ("created_at", Some("2005-03-01 12:00:00+00")),
                    ("website", None),
                    ("legacy_id", Some("1")),
                ],
            },
            Person {
                login: "jane.doe@blog.example",
                password: "comments are closed",
                columns: &[("email", Some("jane.doe@blog.example")), ("username", Some("jane.doe"))],
            },
            Person { login: "emile", password: "J’accuse…! œuvre complète", columns: &[("display_name", Some("Émile Zola"))] },
            Person { login: "old_timer", password: "kubrick theme for ever", columns: &[("legacy_id", Some("5"))] },
            Person { login: "plugin@blog.example", password: "wp-password-bcrypt plugin", columns: &[("username", Some("plugin_user"))] },
        ],
        refused: &[("spammer", "buy cheap watches", "rejected"), ("locked_out", "*", "invalid")],
    };

    drupal_7: Case {
        preset: "drupal7",
        files: &["presets/drupal7/schema.sql"],
        relation: "legacy.users",
        welcome: &[
            Person {
                login: "admin",
                password: "password",
                columns: &[
                    ("email", Some("admin@drupal.example")),
                    ("username", Some("Admin")),
                    ("created_at", Some("2011-01-05 00:00:00+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("active", Some("true")),
                    ("locale", Some("nl")),
                    ("timezone", Some("Europe/Brussels")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person {
                login: "juergen@drupal.example",
                password: "Grüße, 密码 🔑",
                columns: &[("last_login_at", None), ("locale", None), ("timezone", None)],
            },
            Person { login: "from six", password: " password ", columns: &[("legacy_id", Some("3"))] },
        ],
        refused: &[("blocked", "p", "rejected")],
    };
    drupal: Case {
        preset: "drupal",
        files: &["presets/drupal/schema.sql"],
        relation: "legacy.users_field_data",
        welcome: &[
            Person {
                login: "editor@drupal.example",
                password: "comes with the new core",
                columns: &[
                    ("email", Some("editor@drupal.example")),
                    ("username", Some("Editor")),
                    ("created_at", Some("2015-11-18 00:00:00+00")),
                    ("updated_at", Some("2023-11-14 22:13:20+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("locale", Some("fr")),
                    ("timezone", Some("Europe/Paris")),
                ],
            },
            Person { login: "Eight", password: "password", columns: &[("last_login_at", None)] },
        ],
        refused: &[("blocked", "p", "rejected"), ("rédacteur", "comes with the new core", "invalid")],
    };
    joomla: Case {
        preset: "joomla",
        files: &["presets/joomla/schema.sql"],
        relation: "legacy.jos_users",
        welcome: &[
            Person {
                login: "ann",
                password: "components and modules",
                columns: &[
                    ("email", Some("ann@joomla.example")),
                    ("username", Some("Ann")),
                    ("display_name", Some("Ann Component")),
                    ("created_at", Some("2021-08-17 10:00:00+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("must_change", Some("false")),
                    ("legacy_id", Some("42")),
                ],
            },
            Person { login: "phil@joomla.example", password: "Grüße, 密码 🔑", columns: &[("username", Some("phil"))] },
            Person { login: "salty", password: "test1", columns: &[("legacy_id", Some("44"))] },
            Person { login: "reset", password: "hashcat", columns: &[("must_change", Some("true"))] },
        ],
        refused: &[("unactivated", "never activated", "rejected")],
    };
    magento_2: Case {
        preset: "magento2",
        files: &["presets/magento2/schema.sql"],
        relation: "legacy.customer_entity",
        welcome: &[
            Person {
                login: "roni@shop.example",
                password: "Password@2022",
                columns: &[
                    ("email", Some("roni@shop.example")),
                    ("display_name", Some("Veronica Costello")),
                    ("first_name", Some("Veronica")),
                    ("last_name", Some("Costello")),
                    ("birth_date", Some("1973-12-15")),
                    ("created_at", Some("2023-03-01 12:00:00+00")),
                    ("updated_at", Some("2024-03-01 12:00:00+00")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "argon@shop.example", password: "Password@", columns: &[("birth_date", None)] },
            Person { login: "sha@shop.example", password: "hashcat", columns: &[("legacy_id", Some("3"))] },
            Person { login: "one@shop.example", password: "hashcat", columns: &[("legacy_id", Some("4"))] },
        ],
        refused: &[
            ("inactive@shop.example", "not for sale", "rejected"),
            ("unconfirmed@shop.example", "mail never came", "rejected"),
            ("locked@shop.example", "not for sale", "rejected"),
        ],
    };
    moodle: Case {
        preset: "moodle",
        files: &["presets/moodle/schema.sql"],
        relation: "legacy.mdl_user",
        welcome: &[
            Person {
                login: "teacher",
                password: "Übung macht den Meister",
                columns: &[
                    ("email", Some("terri@moodle.example")),
                    ("username", Some("teacher")),
                    ("display_name", Some("Terri Teacher")),
                    ("phone", Some("+61 8 9467 4167")),
                    ("city", Some("Perth")),
                    ("country", Some("AU")),
                    ("timezone", Some("Australia/Perth")),
                    ("created_at", Some("2021-01-01 00:00:00+00")),
                    ("updated_at", None),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("legacy_id", Some("2")),
                ],
            },
            Person { login: "sam@moodle.example", password: "lesson learned", columns: &[("timezone", None)] },
            Person { login: "oldstudent", password: "martin", columns: &[("phone", None)] },
        ],
        refused: &[
            ("suspended", "out of the course", "rejected"),
            ("unconfirmed", "out of the course", "rejected"),
            ("deleted@moodle.example.1700000001", "out of the course", "invalid"),
            ("archive", "out of the course", "rejected"),
            ("visitor", "out of the course", "invalid"),
            ("guest", "Übung macht den Meister", "invalid"),
            ("directory", "not cached", "invalid"),
        ],
    };

    opencart_4: Case {
        preset: "opencart",
        files: &["presets/opencart/schema.sql"],
        relation: "legacy.oc_customer",
        welcome: &[
            Person {
                login: "cart@shop.example",
                password: "add to cart",
                columns: &[
                    ("email", Some("cart@shop.example")),
                    ("display_name", Some("Cart Smith & Sons")),
                    ("first_name", Some("Cart")),
                    ("last_name", Some("Smith & Sons")),
                    ("phone", Some("555 0100")),
                    ("created_at", Some("2023-01-02 03:04:05+00")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "old@shop.example", password: "subsilver", columns: &[("phone", None)] },
        ],
        refused: &[("disabled@shop.example", "add to cart", "rejected")],
    };
    opencart_3: Case {
        preset: "opencart3",
        files: &["presets/opencart3/schema.sql"],
        relation: "legacy.oc_customer",
        welcome: &[
            Person {
                login: "open@shop.example",
                password: "hashcat",
                columns: &[("email", Some("open@shop.example")), ("display_name", Some("Open Cart"))],
            },
            Person { login: "fish@shop.example", password: "Fish & Chip's", columns: &[("legacy_id", Some("3"))] },
        ],
        refused: &[("disabled@shop.example", "hashcat", "rejected")],
    };
    prestashop: Case {
        preset: "prestashop",
        files: &["presets/prestashop/schema.sql"],
        relation: "legacy.ps_customer",
        welcome: &[Person {
            login: "anais@boutique.example",
            password: "mon panier",
            columns: &[
                ("email", Some("anais@boutique.example")),
                ("display_name", Some("Anaïs Panier")),
                ("company", Some("Panier SARL")),
                ("birth_date", Some("1980-05-04")),
                ("created_at", Some("2022-01-02 03:04:05+00")),
                ("updated_at", Some("2023-01-02 03:04:05+00")),
                ("website", None),
                ("legacy_id", Some("1")),
            ],
        }],
        refused: &[
            ("inactif@boutique.example", "plus actif", "rejected"),
            ("anais@boutique.example", "plus actif", "invalid"),
            ("deleted@boutique.example", "plus actif", "invalid"),
        ],
    };
    typo3: Case {
        preset: "typo3",
        files: &["presets/typo3/schema.sql"],
        relation: "legacy.fe_users",
        welcome: &[
            Person {
                login: "kasper",
                password: "inspiring people to share",
                columns: &[
                    ("email", Some("kasper@typo.example")),
                    ("username", Some("Kasper")),
                    ("display_name", Some("Kasper Skårhøj")),
                    ("postal_code", Some("1050")),
                    ("city", Some("København")),
                    ("created_at", Some("2020-09-13 12:26:40+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "pbkdf", password: "Grüße, 密码 🔑", columns: &[("display_name", Some("pbkdf"))] },
            Person { login: "phpass@typo.example", password: "Grüße, 密码 🔑", columns: &[("city", None)] },
            Person { login: "md5", password: "extbase", columns: &[("legacy_id", Some("4"))] },
        ],
        refused: &[
            ("disabled", "disabled by the editor", "rejected"),
            ("expired", "disabled by the editor", "rejected"),
            ("deleted", "disabled by the editor", "invalid"),
        ],
    };
    nextcloud: Case {
        preset: "nextcloud",
        files: &["presets/nextcloud/schema.sql"],
        relation: "legacy.nextcloud_user",
        welcome: &[
            Person {
                login: "frank@cloud.example",
                password: "files and folders",
                columns: &[
                    ("email", Some("frank@cloud.example")),
                    ("username", Some("Frank")),
                    ("display_name", Some("Frank K.")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("locale", Some("de")),
                    ("timezone", Some("Europe/Berlin")),
                    ("legacy_id", Some("Frank")),
                ],
            },
            Person { login: "argon", password: "nextcloud.com", columns: &[("last_login_at", None)] },
            Person { login: "bcrypt", password: "password", columns: &[("display_name", Some("bcrypt"))] },
        ],
        refused: &[("disabled", "disabled in the list", "rejected")],
    };
    owncloud: Case {
        preset: "owncloud",
        files: &["presets/owncloud/schema.sql"],
        relation: "legacy.owncloud_user",
        welcome: &[Person {
            login: "own@cloud.example",
            password: "owncloud.com",
            columns: &[
                ("email", Some("own@cloud.example")),
                ("username", Some("Owner")),
                ("display_name", Some("Own Er")),
                ("last_login_at", Some("2024-01-01 00:00:00+00")),
                ("legacy_id", Some("Owner")),
            ],
        }],
        refused: &[("disabled", "owncloud.com", "rejected"), ("ldap", "any", "invalid")],
    };
}

#[test]
fn the_rule_that_the_notes_have_for_forced_changes_forces_them() {
    need_extension!("pg_ferry");
    let case = CASES.iter().find(|case| case.preset == "moodle").unwrap();
    let db = legacy_system(case);
    users_table(&db);
    db.sql(&format!(
        "SET ROLE {};
         CREATE TABLE legacy.mdl_user_preferences (id bigint PRIMARY KEY, userid bigint NOT NULL, name text NOT NULL, value text NOT NULL);
         RESET ROLE;
         INSERT INTO legacy.mdl_user_preferences VALUES (1, 2, 'auth_forcepasswordchange', '1'), (2, 3, 'auth_forcepasswordchange', '0');
         SELECT ferry.use_preset('moodle', 'school', 'legacy.mdl_user');
         INSERT INTO ferry.rule (source, name, severity, expression)
         SELECT 'school', 'no change forced', 'must_change', substring(notes FROM '(NOT EXISTS .*)\\. Hashes of before') FROM ferry.preset WHERE name = 'moodle'",
        db.owner()
    ));
    let mut app = db.client_as(&db.app());
    let forced = login(&mut app, "teacher", "Übung macht den Meister");
    assert_eq!((forced.outcome.as_str(), forced.must_change), ("migrated", true));
    let free = login(&mut app, "student", "lesson learned");
    assert_eq!((free.outcome.as_str(), free.must_change), ("migrated", false));
}

#[test]
fn a_shop_that_was_upgraded_has_two_sources_as_the_notes_say() {
    need_extension!("pg_ferry");
    let case = CASES.iter().find(|case| case.preset == "opencart3").unwrap();
    let db = legacy_system(case);
    users_table(&db);
    db.sql(
        "ALTER TABLE legacy.oc_customer ALTER password TYPE varchar(255);
         INSERT INTO legacy.oc_customer (customer_id, firstname, lastname, email, telephone, password, salt, status, date_added)
         VALUES (9, 'New', 'Hash', 'new@shop.example', '', '$2y$08$11FppnMOFsmUr3fUnzFzpOEdKHxNtOJvIfcRaVR70jq4sD4qa3H2y', '', 1, '2024-01-01');
         SELECT ferry.use_preset('opencart', 'shop', 'legacy.oc_customer');
         SELECT ferry.use_preset('opencart3', 'old_shop', 'legacy.oc_customer');
         UPDATE ferry.source SET filter = substring(notes FROM 'filter (length\\(l.password\\) <> 40)') FROM ferry.preset p WHERE p.name = 'opencart' AND source.name = 'shop';
         UPDATE ferry.source SET filter = substring(notes FROM 'with (length\\(l.password\\) = 40)') FROM ferry.preset p WHERE p.name = 'opencart' AND source.name = 'old_shop'",
    );
    let mut app = db.client_as(&db.app());
    assert_eq!(login(&mut app, "new@shop.example", "add to cart").outcome, "migrated");
    assert_eq!(login(&mut app, "open@shop.example", "hashcat").outcome, "migrated");
    let sources: Vec<String> = db
        .rows("SELECT source FROM ferry.link ORDER BY moved_at", &[])
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(sources, ["shop", "old_shop"]);
}
