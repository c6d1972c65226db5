//! Presets: boards and wikis.

use super::{Case, Person, ready};
use crate::setup::login;
use ferry_tests::{Db, need_extension};

super::cases! {
    phpbb_3: Case {
        preset: "phpbb3",
        files: &["presets/phpbb3/schema.sql"],
        relation: "legacy.phpbb_users",
        welcome: &[
            Person {
                login: "Founder",
                password: "prosilver",
                columns: &[
                    ("email", Some("founder@board.example")),
                    ("username", Some("Founder")),
                    ("created_at", Some("2007-12-12 22:53:20+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("is_admin", Some("true")),
                    ("locale", Some("en")),
                    ("timezone", Some("Europe/Paris")),
                    ("legacy_id", Some("2")),
                ],
            },
            Person {
                login: "Tom & Jerry",
                password: r#"Tom & Jerry's "board""#,
                columns: &[("username", Some("Tom & Jerry")), ("is_admin", Some("false"))],
            },
            Person { login: "olaf@board.example", password: "Grüße, 密码 🔑", columns: &[("legacy_id", Some("49"))] },
            Person { login: "silver", password: "subsilver", columns: &[("last_login_at", None)] },
        ],
        refused: &[("sleeper", "waiting for the mail", "rejected"), ("anonymous", "any", "invalid")],
    };
    mediawiki: Case {
        preset: "mediawiki",
        files: &["presets/mediawiki/schema.sql"],
        relation: "legacy.mediawiki_user",
        welcome: &[
            Person {
                login: "edouard@wiki.example",
                password: "Grüße, 密码 🔑",
                columns: &[
                    ("email", Some("edouard@wiki.example")),
                    ("username", Some("Édouard")),
                    ("display_name", Some("Édouard Wiki")),
                    ("created_at", Some("2021-02-03 04:00:00+00")),
                    ("email_verified", Some("true")),
                    ("email_verified_at", Some("2021-02-03 04:05:06+00")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person {
                login: "old hand",
                password: "password",
                columns: &[("display_name", Some("Old hand")), ("created_at", None), ("email_verified", Some("false"))],
            },
            Person {
                login: "Layer",
                password: "password",
                columns: &[("email", None), ("must_change", Some("true"))],
            },
        ],
        refused: &[("edouard@wiki.example", "p", "invalid"), ("MediaWiki default", "any", "invalid")],
    };
    mediawiki_on_postgresql: Case {
        preset: "mediawiki",
        files: &["presets/mediawiki/schema.sql", "presets/mediawiki/mwuser.sql"],
        relation: "legacy.mwuser",
        welcome: &[
            Person {
                login: "Édouard",
                password: "Grüße, 密码 🔑",
                columns: &[
                    ("email", Some("edouard@wiki.example")),
                    ("created_at", Some("2021-02-03 04:00:00+00")),
                    ("email_verified_at", Some("2021-02-03 04:05:06+00")),
                ],
            },
            Person { login: "old hand", password: "password", columns: &[("email_verified", Some("false"))] },
        ],
        refused: &[("edouard@wiki.example", "p", "invalid")],
    };
    discourse: Case {
        preset: "discourse",
        files: &["presets/discourse/schema.sql"],
        relation: "legacy.discourse_user",
        welcome: &[
            Person {
                login: "robin",
                password: "civilised discussion",
                columns: &[
                    ("email", Some("robin@forum.example")),
                    ("username", Some("Robin")),
                    ("display_name", Some("Robin Ward")),
                    ("created_at", Some("2020-01-02 03:04:05+00")),
                    ("last_login_at", Some("2024-01-01 12:00:00+00")),
                    ("email_verified", Some("true")),
                    ("is_admin", Some("true")),
                    ("must_change", Some("false")),
                    ("locale", Some("en")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "jeff@forum.example", password: "pässwörd", columns: &[("display_name", Some("jeff"))] },
            Person { login: "expired", password: "password", columns: &[("must_change", Some("true"))] },
        ],
        refused: &[
            ("troll", "correct horse", "rejected"),
            ("unconfirmed", "correct horse", "rejected"),
            ("mailer", "any", "invalid"),
            ("system", "any", "invalid"),
        ],
    };
    vbulletin_3_and_4: Case {
        preset: "vbulletin",
        files: &["presets/vbulletin/schema.sql"],
        relation: "legacy.user",
        welcome: &[
            Person {
                login: "admin",
                password: "hashcat",
                columns: &[
                    ("email", Some("admin@board.example")),
                    ("username", Some("Admin")),
                    ("created_at", Some("2000-01-01 00:00:00+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("is_admin", Some("true")),
                    ("website", Some("http://board.example/")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person {
                login: "R&D <dept>",
                password: "thatsworking",
                columns: &[("username", Some("R&D <dept>")), ("is_admin", Some("false")), ("website", None)],
            },
            Person { login: "four@board.example", password: "hashcat", columns: &[("last_login_at", None)] },
        ],
        refused: &[
            ("newcomer", "test3", "rejected"),
            ("moderated", "testme", "rejected"),
            ("banned", "testme", "rejected"),
        ],
    };
    vbulletin_5: Case {
        preset: "vbulletin5",
        files: &["presets/vbulletin5/schema.sql"],
        relation: "legacy.user",
        welcome: &[
            Person {
                login: "admin@board.example",
                password: "connect to five",
                columns: &[
                    ("email", Some("admin@board.example")),
                    ("username", Some("Admin")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("is_admin", Some("true")),
                ],
            },
            Person { login: "six", password: "connect to six", columns: &[("legacy_id", Some("2"))] },
            Person { login: "R&D", password: "thatsworking", columns: &[("username", Some("R&D"))] },
        ],
        refused: &[("banned", "never coming back", "rejected")],
    };
    xenforo: Case {
        preset: "xenforo",
        files: &["presets/xenforo/schema.sql"],
        relation: "legacy.xenforo_user",
        welcome: &[
            Person {
                login: "kier",
                password: "threads and posts",
                columns: &[
                    ("email", Some("kier@forum.example")),
                    ("username", Some("Kier")),
                    ("created_at", Some("2017-07-14 02:40:00+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("email_verified", Some("true")),
                    ("is_admin", Some("true")),
                    ("timezone", Some("Europe/London")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "twelve@forum.example", password: "lètmein", columns: &[("legacy_id", Some("2"))] },
            Person { login: "one", password: "lètmein", columns: &[("email_verified", Some("false"))] },
            Person { login: "json", password: "lètmein", columns: &[("legacy_id", Some("4"))] },
            Person { login: "imported", password: "password", columns: &[("legacy_id", Some("5"))] },
            Person { login: "moving", password: "threads and posts", columns: &[("email_verified", Some("false"))] },
        ],
        refused: &[
            ("banned", "was banned", "rejected"),
            ("newcomer", "did not confirm", "rejected"),
            ("moderated", "threads and posts", "rejected"),
            ("rejected", "threads and posts", "rejected"),
            ("disabled", "threads and posts", "rejected"),
            ("connected", "any", "invalid"),
        ],
    };
    simple_machines: Case {
        preset: "smf",
        files: &["presets/smf/schema.sql"],
        relation: "legacy.smf_members",
        welcome: &[
            Person {
                login: "alice@simple.example",
                password: "pässwörd",
                columns: &[
                    ("email", Some("alice@simple.example")),
                    ("username", Some("Alice")),
                    ("display_name", Some("Alice & Bob's")),
                    ("created_at", Some("2020-01-26 00:53:20+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("is_admin", Some("true")),
                    ("locale", Some("english")),
                    ("website", Some("http://simple.example/")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "25551135", password: "hashcat", columns: &[("is_admin", Some("false"))] },
        ],
        refused: &[
            ("unactivated@simple.example", "password", "rejected"),
            ("banned@simple.example", "correct horse", "rejected"),
        ],
    };
    mybb: Case {
        preset: "mybb",
        files: &["presets/mybb/schema.sql"],
        relation: "legacy.mybb_users",
        welcome: &[
            Person {
                login: "admin",
                password: "hashcat",
                columns: &[
                    ("email", Some("admin@mybb.example")),
                    ("username", Some("Admin")),
                    ("created_at", Some("2010-07-24 19:33:20+00")),
                    ("last_login_at", Some("2024-01-01 00:00:00+00")),
                    ("is_admin", Some("true")),
                    ("locale", Some("english")),
                    ("website", Some("http://mybb.example/")),
                    ("legacy_id", Some("1")),
                ],
            },
            Person { login: "member@mybb.example", password: "test1", columns: &[("is_admin", Some("false"))] },
        ],
        refused: &[("newcomer", "hashcat", "rejected"), ("banned", "test1", "rejected")],
    };
}

/// A system with further tables, and a rule that the notes have for those who want it.
fn with_rule_of_the_notes(preset: &str, tables: &str, rule: &str) -> Db<'static> {
    let db = ready(CASES.iter().find(|case| case.preset == preset).unwrap());
    db.sql(&format!("SET ROLE {}; {tables}; RESET ROLE", db.owner()));
    let added = "INSERT INTO ferry.rule (source, name, expression)
                 SELECT 'old', 'of the notes', substring(notes FROM $2) FROM ferry.preset WHERE name = $1 RETURNING ''";
    let _: String = db.one(added, &[&preset, &rule]);
    db
}

#[test]
fn the_rule_that_the_notes_have_for_banned_members_keeps_them_out() {
    need_extension!("pg_ferry");
    let db = with_rule_of_the_notes(
        "phpbb3",
        "CREATE TABLE legacy.phpbb_banlist (ban_id integer PRIMARY KEY, ban_userid integer NOT NULL, ban_start integer NOT NULL,
                                            ban_end integer NOT NULL, ban_exclude smallint NOT NULL);
         INSERT INTO legacy.phpbb_banlist VALUES (1, 48, 0, 1700000000, 0), (2, 49, 0, 0, 0), (3, 50, 0, 0, 1)",
        "(NOT EXISTS .*)\\. phpBB logs in by name",
    );
    let mut app = db.client_as(&db.app());
    let mut outcome = |name, password| login(&mut app, name, password).outcome;
    assert_eq!(outcome("Tom & Jerry", r#"Tom & Jerry's "board""#), "migrated", "the ban is over");
    assert_eq!(outcome("olaf", "Grüße, 密码 🔑"), "rejected", "banned for ever");
    assert_eq!(outcome("silver", "subsilver"), "migrated", "excluded from bans");
}

#[test]
fn the_rule_that_the_notes_have_for_blocked_users_of_a_wiki_keeps_them_out() {
    need_extension!("pg_ferry");
    let db = with_rule_of_the_notes(
        "mediawiki",
        "CREATE TABLE legacy.ipblocks (ipb_id bigint PRIMARY KEY, ipb_user bigint NOT NULL, ipb_expiry bytea NOT NULL);
         INSERT INTO legacy.ipblocks VALUES (1, 1, '20200101000000'), (2, 2, 'infinity'), (3, 3, '29990101000000')",
        "(NOT EXISTS .*)\\. Since 1.42",
    );
    let mut app = db.client_as(&db.app());
    let mut outcome = |name, password| login(&mut app, name, password).outcome;
    assert_eq!(outcome("Édouard", "Grüße, 密码 🔑"), "migrated", "the block is over");
    assert_eq!(outcome("old hand", "password"), "rejected", "blocked for ever");
    assert_eq!(outcome("Layer", "password"), "rejected", "blocked for a while");
}

#[test]
fn the_rule_that_the_notes_have_for_approvals_keeps_those_out_who_await_one() {
    need_extension!("pg_ferry");
    let db = with_rule_of_the_notes(
        "discourse",
        "RESET ROLE; UPDATE legacy.users SET approved = id = 6",
        "a rule (.*)\\. Groups, custom",
    );
    let mut app = db.client_as(&db.app());
    let mut outcome = |name, password| login(&mut app, name, password).outcome;
    assert_eq!(outcome("jeff", "pässwörd"), "rejected", "awaits approval");
    assert_eq!(outcome("robin", "civilised discussion"), "migrated", "an administrator");
    assert_eq!(outcome("expired", "password"), "migrated", "approved");
}
