//! automap proposes mappings that can be inserted as they are, and says how sure it is.

use crate::setup::{FAST, login};
use crate::setup_config::refusal;
use ferry_tests::{Db, need_extension};

/// A users table and a legacy table of these columns, with the target and the source `shop` and no mapping.
fn shop(users: &str, legacy: &str) -> Db<'static> {
    let db = Db::new();
    let (name, owner) = (db.name(), db.owner());
    db.sql(&format!(
        "ALTER DATABASE {name} SET ferry.failure_floor = 0;
         CREATE EXTENSION IF NOT EXISTS citext;
         CREATE SCHEMA legacy AUTHORIZATION {owner};
         SET ROLE {owner};
         CREATE TYPE public.mood AS ENUM ('sad', 'ok');
         CREATE TABLE public.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {users}, password_hash text);
         CREATE TABLE legacy.customers (customer_id integer PRIMARY KEY, {legacy}, pwd text, salt text);
         RESET ROLE;
         INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy)
         VALUES ('default', 'public.users', 'id', '{{email}}', 'password_hash', '{FAST}');
         INSERT INTO ferry.source (name, relation, key_column, login_columns, hash, salt)
         SELECT 'shop', 'legacy.customers', 'customer_id', ARRAY[attname], 'l.pwd', NULL
         FROM pg_attribute WHERE attrelid = 'legacy.customers'::regclass AND attname ~ 'mail' ORDER BY attnum LIMIT 1"
    ));
    db
}

/// The proposals, as `column = expression (confidence: reason)`.
fn proposals(db: &Db<'_>) -> Vec<String> {
    let query = "SELECT format('%s = %s (%s: %s)', target_column, expression, confidence, reason) FROM ferry.automap('shop')";
    db.rows(query, &[]).iter().map(|row| row.get(0)).collect()
}

const INSERT: &str = "INSERT INTO ferry.mapping (source, target_column, expression)
                      SELECT source, target_column, expression FROM ferry.automap('shop')";

#[test]
fn columns_are_matched_by_name_then_by_usual_names() {
    need_extension!("citext");
    let db = shop(
        r#"email citext, display_name text, "joinedAt" timestamptz, phone varchar(20), "Odd ""one" text, legacy_id bigint, bio text"#,
        r#"customer_email text, first_name text, "lastName" text, date_joined timestamptz, tel text, "odd ""one" text, about text, bio text"#,
    );
    assert_eq!(
        proposals(&db),
        [
            "email = l.customer_email (medium: the same name but for what stands before it)",
            r#"display_name = btrim(concat_ws(' ', l.first_name, l."lastName")) (medium: first and last name)"#,
            r#"joinedAt = l.date_joined (medium: "date_joined" and "joinedAt" are usual names of created_at)"#,
            r#"phone = l.tel (medium: "tel" and "phone" are usual names of phone)"#,
            r#"Odd "one = l."odd ""one" (high: the same name)"#,
            "legacy_id = l.customer_id (medium: the legacy key)",
            "bio = l.bio (high: the same name)",
        ]
    );
}

#[test]
fn two_candidates_are_told_of() {
    need_extension!("citext");
    let db = shop("email text, phone text", "e_mail text, \"eMail\" text, mobile text, tel text");
    assert_eq!(
        proposals(&db),
        [
            "email = lower(l.e_mail) (low: the same name; in lower case, as logins are looked up; also possible: l.\"eMail\")",
            "phone = l.tel (low: \"tel\" and \"phone\" are usual names of phone; also possible: l.mobile)",
        ]
    );
}

#[test]
fn every_proposal_is_accepted_as_it_is_and_moves_users() {
    need_extension!("citext");
    let db = shop(
        "email citext, created_at timestamptz, born date, updated bigint, active boolean, admin boolean, verified boolean, newsletter boolean,
         mood public.mood, ref uuid, prefs jsonb, score numeric(6, 2), flag smallint, nick public.citext, tags text[]",
        "mail varchar(99), created integer, born text, updated timestamptz, banned smallint, is_admin char(1), email_verified_at timestamp,
         newsletter bit(1), mood text, ref text, prefs text, score text, flag boolean, nick text, tags text[]",
    );
    db.sql(INSERT);
    assert_eq!(db.count("ferry.mapping"), 15);
    assert!(proposals(&db).is_empty(), "{:?}", proposals(&db));
    let add = "INSERT INTO legacy.customers VALUES (7, 'Ann@example.com', 86400, '1980-02-29', '1970-01-01 00:01:00+00', 1, 'Y', '2020-01-01',
                   B'1', 'ok', '123e4567-e89b-12d3-a456-426614174000', '{\"a\": 1}', '12.5', true, 'Annie', '{a,b}', ferry.hash_password($1, $2)),
               (8, 'bob@example.com', 0, '', NULL, 0, '0', NULL, B'0', '', '', '', '', NULL, NULL, NULL, ferry.hash_password($1, $2)) RETURNING ''";
    assert_eq!(db.rows(add, &[&"open sesame", &FAST]).len(), 2);
    let mut app = db.client_as(&db.app());
    for name in ["ann@example.com", "bob@example.com"] {
        let answer = login(&mut app, name, "open sesame");
        let why: String =
            db.one("SELECT concat_ws(' ', reason, detail) FROM ferry.event ORDER BY id DESC LIMIT 1", &[]);
        assert_eq!(
            answer.outcome,
            if name == "ann@example.com" { "invalid" } else { "migrated" },
            "{name}: {why}"
        );
    }
    db.sql("UPDATE ferry.source SET login_columns = '{lower(l.mail)}'");
    assert_eq!(login(&mut app, "ann@example.com", "open sesame").outcome, "migrated");
    let users = "SELECT string_agg(concat_ws('|', email, created_at AT TIME ZONE 'UTC', born, updated, active, admin, verified, newsletter, mood, ref, prefs, score, flag, nick, tags), ' ' ORDER BY email) FROM users";
    assert_eq!(
        db.one::<String>(users, &[]),
        "Ann@example.com|1970-01-02 00:00:00|1980-02-29|60|f|t|t|t|ok|123e4567-e89b-12d3-a456-426614174000|{\"a\": 1}|12.50|1|Annie|{a,b} \
         bob@example.com|t|f|f|f"
    );
}

#[test]
fn neither_secrets_nor_ids_nor_what_is_mapped_already_are_proposed() {
    need_extension!("citext");
    let db = shop(
        "email text, salt text, pwd text, reset_token text, shout text GENERATED ALWAYS AS (upper(email)) STORED, note text, secret_sauce text",
        "id bigint, email text, reset_token text, shout text, note text, password_hash text, secret_sauce text",
    );
    db.sql("INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('shop', 'note', '1')");
    // What the hash is computed from is as secret as the hash.
    db.sql("UPDATE ferry.source SET hash = $$l.pwd || coalesce(l.SECRET_sauce, '')$$");
    assert_eq!(
        proposals(&db),
        ["email = lower(l.email) (high: the same name; in lower case, as logins are looked up)"]
    );
    db.sql("ALTER TABLE users ALTER id DROP IDENTITY");
    assert_eq!(proposals(&db)[0], "id = l.id (high: the same name)");
    db.sql("ALTER TABLE legacy.customers DROP id");
    assert_eq!(proposals(&db)[0], "id = l.customer_id (medium: the legacy key)");
}

#[test]
fn what_does_not_fit_is_not_proposed() {
    need_extension!("citext");
    let db = shop(
        "email text, place point, born uuid, tags integer[]",
        "email text, place boolean, born date, tags text",
    );
    assert_eq!(proposals(&db).len(), 1, "{:?}", proposals(&db));
}

#[test]
fn nothing_is_written() {
    need_extension!("citext");
    let db = shop("email text, name text", "email text, first_name text, last_name text");
    let mut client = db.client();
    client.batch_execute("BEGIN READ ONLY; SELECT * FROM ferry.automap('shop'); COMMIT").unwrap();
    assert_eq!(db.count("ferry.mapping"), 0);
}

#[test]
fn a_source_through_dblink_has_the_columns_of_its_row_type() {
    need_extension!("dblink");
    let db = shop("email text, created_at timestamptz", "email text");
    db.sql(
        "CREATE EXTENSION dblink;
         CREATE SERVER far FOREIGN DATA WRAPPER dblink_fdw;
         CREATE TYPE legacy.far_user AS (id bigint, user_mail text, registered bigint, pwd text);
         INSERT INTO ferry.source (name, kind, server, query, row_type, key_column, login_columns, hash)
         VALUES ('far', 'dblink', 'far', 'SELECT 1', 'legacy.far_user', 'id', '{user_mail}', 'l.pwd')",
    );
    let query = "SELECT string_agg(target_column || ' = ' || expression, ', ') FROM ferry.automap('far')";
    assert_eq!(
        db.one::<String>(query, &[]),
        "email = lower(l.user_mail), created_at = to_timestamp(nullif(l.registered, 0))"
    );
}

#[test]
fn a_source_that_is_unknown_broken_or_anothers_is_refused() {
    need_extension!("citext");
    let db = shop("email text", "email text");
    let statement = "SELECT ferry.automap('shop')";
    let refused = refusal(&mut db.client(), "SELECT ferry.automap('nix')");
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("42704", "there is no source \"nix\""));
    let admin = db.role("admin");
    db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    let mut client = db.client_as(&admin);
    assert_eq!(refusal(&mut client, statement).state, "42501");
    db.sql(&format!("GRANT {} TO {admin}", db.owner()));
    client.batch_execute(statement).unwrap();
    db.sql("ALTER TABLE legacy.customers RENAME pwd TO password");
    let refused = refusal(&mut client, statement);
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("42703", "source shop, hash: column l.pwd does not exist")
    );
}
