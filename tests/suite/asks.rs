//! What users of other products ask for and do not get: one test for each line of the list, by its number.

use crate::concurrency::{all_at_once, count_of};
use crate::config_changes::flush_statistics;
use crate::import::{crowd, import, md5_shop, refused, run};
use crate::legacy_passwords::write_peppers;
use crate::setup::{Answer, Site, login};
use crate::types::uses;
use ferry_tests::{Db, need_extension, need_icu, processor_ticks};
use postgres::Client;
use std::time::{Duration, Instant};

fn prepare_reset(site: &Site, email: &str) -> String {
    site.web().query_one("SELECT outcome FROM ferry.prepare_reset($1)", &[&email]).unwrap().get(0)
}

#[test]
fn ask_01_forgot_password_works_before_the_first_login() {
    let site = Site::shop();
    assert_eq!(prepare_reset(&site, "ann@example.com"), "migrated");
    assert_eq!(site.user("ann@example.com", "name").as_deref(), Some("Ann Other"));
    // A stranger has asked for it: Ann still gets in.
    let mut web = site.web();
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret").outcome, "ok");
    web.query_one("SELECT * FROM ferry.set_password($1, $2)", &[&"ann@example.com", &"a new one"]).unwrap();
    assert_eq!(login(&mut web, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "ann@example.com", "a new one").outcome, "ok");
    assert_eq!(prepare_reset(&site, "nobody@example.com"), "invalid");
}

#[test]
fn ask_02_a_wrong_password_stores_nobody() {
    let site = Site::shop();
    let mut app = site.app();
    for wrong in ["wrong", "", "ann's secret ", "ANN'S SECRET"] {
        assert_eq!(login(&mut app, "ann@example.com", wrong), Answer::refused("invalid"), "{wrong:?}");
    }
    assert_eq!(site.counts(), (0, 0, 4));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn ask_03_a_legacy_password_that_breaks_the_new_policy_enters_once_and_must_be_changed() {
    let site = Site::shop();
    site.configure("target", "must_change = 'must_change'");
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, severity)
         VALUES ('shop', 'long enough', 'p.length >= 15', 'must_change')",
    );
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    for outcome in ["migrated", "ok"] {
        let answer = login(&mut app, "ann@example.com", "ann's secret");
        assert!(answer.authenticated && answer.must_change && answer.outcome == outcome, "{answer:?}");
    }
    let change = "ferry.change_password($1, $2, $3)";
    crate::setup::answer(&mut app, change, &[&"ann@example.com", &"ann's secret", &"ann's longer secret"]);
    let changed = login(&mut app, "ann@example.com", "ann's longer secret");
    assert!(changed.authenticated && !changed.must_change, "{changed:?}");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    // One whose legacy password is good enough is asked for nothing.
    site.add_customer("customers", "ben@example.com", "ben's much longer secret");
    assert!(!login(&mut app, "ben@example.com", "ben's much longer secret").must_change);
}

#[test]
fn ask_04_a_password_changed_in_the_legacy_system_counts_until_a_date_and_old_ones_stay_dead() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    let change = |password: &str| {
        site.db.rows("UPDATE legacy.customers SET pwd = $1", &[&site.hash(password)]);
    };
    change("changed there");
    assert_eq!(login(&mut app, "ann@example.com", "changed there"), Answer::refused("invalid"));
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
    assert_eq!(login(&mut app, "ann@example.com", "changed there").outcome, "ok");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    // The date counts, not that the source once decided.
    change("changed again");
    site.configure("target", "on_mismatch_until = now() - interval '1 second'");
    assert_eq!(login(&mut app, "ann@example.com", "changed again"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "changed there").outcome, "ok");
    // Once a hash was set here, it alone does.
    site.configure("target", "on_mismatch_until = now() + interval '1 day'");
    site.db.rows("UPDATE users SET password_hash = $1", &[&site.hash("set here")]);
    for dead in ["changed again", "changed there", "ann's secret"] {
        assert_eq!(login(&mut app, "ann@example.com", dead), Answer::refused("invalid"), "{dead}");
    }
    assert_eq!(login(&mut app, "ann@example.com", "set here").outcome, "ok");
}

#[test]
fn ask_05_a_renamed_user_arrives_once() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    site.as_owner("UPDATE legacy.customers SET email = 'ann.married@example.com'");
    assert_eq!(login(&mut app, "ann.married@example.com", "ann's secret").outcome, "ok");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn ask_06_nobody_is_half_moved() {
    let site = Site::shop();
    let mut app = site.app();
    // The row goes in, and what comes after it fails.
    site.as_owner(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER refuse AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("failed"));
    assert_eq!((site.counts().0, site.counts().1), (0, 0));
    site.as_owner("DROP TRIGGER refuse ON users");
    // One who is here already is tied, if the DBA wants that, and only with the legacy password.
    site.as_owner("INSERT INTO users (id, email) VALUES (42, 'ann@example.com')");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::refused("invalid"));
    site.configure("target", "adopt = 'locked'");
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret"), Answer::welcomed("migrated", "42"));
    assert_eq!((site.counts().0, site.counts().1), (1, 1));
}

#[test]
fn ask_06_bulk_mixed_with_logins_leaves_nobody_half_moved_and_nobody_who_exists_already() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 60);
    let mut app = site.app();
    // What comes after the row fails for one of them: nothing is left of him, whoever tries, and the others are moved.
    site.as_owner(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF NEW.email = 'user7@example.com' THEN RAISE EXCEPTION 'no'; END IF; RETURN NULL; END $$;
         CREATE TRIGGER refuse AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse();
         INSERT INTO users (id, email) VALUES (1000, 'user8@example.com')",
    );
    let welcome = |app: &mut Client, n: i64, outcome: &str| {
        let answer = login(app, &format!("user{n}@example.com"), &format!("password {n}"));
        assert_eq!(answer.outcome, outcome, "user{n}");
    };
    welcome(&mut app, 3, "migrated");
    import(&site, ", batch_size => 20");
    assert_eq!(refused(&site), ["7 write_failed P0001", "8 exists"]);
    welcome(&mut app, 7, "failed");
    welcome(&mut app, 8, "invalid");
    let whole = || {
        let sql = "SELECT count(*) FROM users u FULL JOIN ferry.link l ON l.user_id = u.id::text
                   WHERE u.id IS DISTINCT FROM 1000 AND (u.id IS NULL OR l.user_id IS NULL OR u.password_hash IS NULL)";
        assert_eq!(site.db.one::<i64>(sql, &[]), 0, "somebody is half-moved");
        site.db.count("ferry.link")
    };
    assert_eq!(whole(), 58);
    // Moved by one, met by the other: neither stumbles.
    welcome(&mut app, 3, "ok");
    welcome(&mut app, 4, "ok");
    let again = import(&site, "");
    assert_eq!((again.skipped, again.moved, again.refused), (58, 0, 2));
    // Taken back, they are moved anew, by either.
    for n in [5, 6] {
        let sql = format!("SELECT outcome FROM ferry.unmigrate_login('user{n}@example.com')");
        assert_eq!(site.db.one::<String>(&sql, &[]), "ok");
    }
    welcome(&mut app, 5, "migrated");
    // Mended: one by his login, the others by the import.
    site.as_owner("DROP TRIGGER refuse ON users");
    site.configure("target", "adopt = 'locked'");
    welcome(&mut app, 7, "migrated");
    let retried = import(&site, ", 'retry'");
    assert_eq!((retried.moved, retried.skipped, retried.refused), (1, 0, 0), "{:?}", refused(&site));
    assert_eq!(import(&site, "").moved, 1);
    assert_eq!((whole(), site.counts().0), (60, 60));
    for n in 1..=60 {
        welcome(&mut app, n, "ok");
    }
}

#[test]
fn ask_07_formats_salts_logins_and_peppers_are_a_matter_of_config() {
    let site = Site::shop();
    site.as_owner("UPDATE legacy.customers SET salt = 'NaCl'");
    write_peppers(&site.db, "old = text:another\nshop = text:p3pper");
    for (format, stored) in [
        // By its name, by a recipe, with the login, and with a pepper.
        ("mybb", "md5(md5('NaCl') || md5($1))"),
        ("md5($user.$pass)", "md5('ann@example.com' || $1)"),
        ("sha256($pepper.$pass)", "encode(sha256(convert_to('p3pper' || $1, 'UTF8')), 'hex')"),
        ("md5($salt.$pass)", "md5('NaCl' || $1)"),
        ("md5($pass.$salt)", "md5($1 || 'NaCl')"),
        // printf "NaClann's secret" | sha1sum
        ("sha1($salt.$pass)", "left('7e45bdb61b757b418e1552a4064d00970f8f1506' || $1, 40)"),
        ("sha256($pass.$salt)", "encode(sha256(convert_to($1 || 'NaCl', 'UTF8')), 'hex')"),
        ("sha512($salt.$pass)", "upper(encode(sha512(convert_to('NaCl' || $1, 'UTF8')), 'hex'))"),
    ] {
        site.db.sql("DELETE FROM ferry.link; DELETE FROM users");
        site.db.rows(&format!("UPDATE legacy.customers SET pwd = {stored}"), &[&"ann's secret"]);
        site.configure(
            "source",
            &format!("salt = 'l.salt', hash_login = 'l.email', pepper = 'shop', format = '{format}'"),
        );
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"), "{format}");
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated", "{format}");
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok", "{format}");
    }
    // The pepper is in no table, and so in no dump.
    assert!(!site.db.dump(&[]).contains("p3pper"));
}

#[test]
fn ask_08_hashes_that_nobody_could_log_in_with_are_told_before_anybody_is_moved() {
    let site = Site::new();
    site.add_local_source("shop", "customers");
    // The salt was prepended, md5 was taken, and one hash was cut by a column that was too short.
    site.as_owner(
        "INSERT INTO legacy.customers (email, salt, pwd) VALUES
             ('test@example.com', 'NaCl', md5('NaCl' || 'the test account')),
             ('ann@example.com', 'KCl', md5('KCl' || 'ann''s secret')),
             ('ben@example.com', 'KCl', left(md5('KCl' || 'ben''s secret'), 30))",
    );
    let unusable = |site: &Site| -> i64 {
        let query = "SELECT coalesce(sum(rows), 0)::bigint FROM ferry.assess('shop') WHERE topic = 'hash' AND detail->>'format' IS NULL";
        site.db.one(query, &[])
    };
    assert_eq!(unusable(&site), 3);
    let (hash, salt): (String, String) = {
        let rows =
            site.db.rows("SELECT pwd, salt FROM legacy.customers WHERE email = 'test@example.com'", &[]);
        (rows[0].get(0), rows[0].get(1))
    };
    let fits =
        site.db.rows("SELECT format FROM ferry.calibrate($1, 'the test account', $2)", &[&hash, &salt]);
    let fits: Vec<String> = fits.iter().map(|row| row.get(0)).collect();
    assert!(fits.iter().any(|format| format == "md5($salt.$pass)"), "{fits:?}");
    site.configure("source", "salt = 'l.salt', format = 'md5($salt.$pass)'");
    assert_eq!(unusable(&site), 1, "the one that was cut");
    assert_eq!(site.counts(), (0, 0, 0), "not a row was moved meanwhile");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "invalid");
}

#[test]
fn ask_09_bcrypt_looks_at_72_bytes_and_the_new_hash_takes_the_whole_password() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = Site::django();
    let mut app = site.app();
    let leo = ferry_tests::legacy_data::django_user("leo_long_bcrypt");
    let whole = leo.password();
    assert!(whole.len() > 72);
    let cut = &whole[..72];
    assert_eq!(login(&mut app, &leo.username, &whole[..71]), Answer::refused("invalid"));
    // The legacy system would have let him in with less, or more: so do we, this once.
    let mut transaction = app.transaction().unwrap();
    let there: String = transaction
        .query_one("SELECT outcome FROM ferry.authenticate($1, $2)", &[&leo.username, &cut])
        .unwrap()
        .get(0);
    assert_eq!(there, "migrated");
    transaction.rollback().unwrap();
    assert_eq!(login(&mut app, &leo.username, whole).outcome, "migrated");
    assert_eq!(login(&mut app, &leo.username, cut), Answer::refused("invalid"));
    assert_eq!(login(&mut app, &leo.username, &format!("{whole}x")), Answer::refused("invalid"));
    assert_eq!(login(&mut app, &leo.username, whole).outcome, "ok");
}

#[test]
fn ask_09_bcrypt_ends_at_a_nul_and_the_new_hash_takes_what_comes_after_it() {
    let site = Site::shop();
    let mut app = site.app();
    let mut typed = |email: &str, password: &[u8]| {
        crate::setup::answer(&mut app, "ferry.authenticate($1, $2::bytea)", &[&email, &password]).outcome
    };
    let add = |email: &str, hash: &str| {
        let hash: String = site.db.one(&format!("SELECT {hash}"), &[]);
        crate::setup::add_customer(&site.db, "legacy.customers", email, &hash);
    };
    // What was hashed ends before the NUL: nobody gets in by what they never set.
    add("bcrypt@example.com", "ferry.hash_password('before', 'bcrypt:cost=4')");
    assert_eq!(typed("bcrypt@example.com", b"before\0after"), "invalid");
    assert_eq!(typed("bcrypt@example.com", b"before"), "migrated");
    assert_eq!(typed("bcrypt@example.com", b"before\0after"), "invalid");
    // Where all of it was hashed, all of it counts, there and here.
    add("whole@example.com", "'{MD5}' || encode(decode(md5('before\\000after'::bytea), 'hex'), 'base64')");
    assert_eq!(typed("whole@example.com", b"before"), "invalid");
    assert_eq!(typed("whole@example.com", b"before\0after"), "migrated");
    assert_eq!(typed("whole@example.com", b"before"), "invalid");
    assert_eq!(typed("whole@example.com", b"before\0after"), "ok");
}

#[test]
fn ask_10_one_password_from_two_keyboards_is_one_password() {
    // The same word as a Mac's file dialog, an iPhone and a PC may send it.
    let (composed, decomposed) = ("cr\u{e8}me br\u{fb}l\u{e9}e", "cre\u{300}me bru\u{302}le\u{301}e");
    let site = Site::shop();
    let mut app = site.app();
    for (person, hashed, typed) in [("pc", composed, decomposed), ("mac", decomposed, composed)] {
        let email = format!("{person}@example.com");
        site.add_customer("customers", &email, hashed);
        site.configure_source("shop", "unicode_forms = DEFAULT");
        site.configure("target", "unicode_form = DEFAULT");
        assert_eq!(login(&mut app, &email, typed), Answer::refused("invalid"), "{person}");
        site.configure_source("shop", "unicode_forms = '{nfc,nfd}'");
        site.configure("target", "unicode_form = 'nfc'");
        assert_eq!(login(&mut app, &email, typed).outcome, "migrated", "{person}: {}", site.why());
        for keyboard in [composed, decomposed] {
            assert_eq!(login(&mut app, &email, keyboard).outcome, "ok", "{person}");
        }
        assert_eq!(login(&mut app, &email, "creme brulee"), Answer::refused("invalid"), "{person}");
    }
}

#[test]
fn ask_11_hashes_over_the_bytes_of_other_charsets_verify() {
    let site = Site::shop();
    let mut app = site.app();
    // A forum that changed its charset over the years, and spoilt its own passwords once.
    let password = "Größe 10 €";
    for (person, bytes) in [
        ("today", "convert_to($1, 'UTF8')"),
        ("in 2010", "convert_to($1, 'WIN1252')"),
        ("in 2015", "convert_to(convert_from(convert_to($1, 'UTF8'), 'LATIN1'), 'UTF8')"),
    ] {
        let hash: String = site.db.one(&format!("SELECT encode(sha256({bytes}), 'hex')"), &[&password]);
        crate::setup::add_customer(&site.db, "legacy.customers", person, &hash);
    }
    site.configure_source("shop", "format = 'sha256($pass)'");
    for (person, needed) in [("today", "utf-8"), ("in 2010", "cp1252"), ("in 2015", "utf-8-twice")] {
        if needed != "utf-8" {
            site.configure_source("shop", "charsets = '{utf-8}'");
            assert_eq!(login(&mut app, person, password), Answer::refused("invalid"), "{person}");
        }
        site.configure_source("shop", "charsets = '{utf-8,cp1252,utf-8-twice}'");
        assert_eq!(login(&mut app, person, "Größe 11 €"), Answer::refused("invalid"), "{person}");
        assert_eq!(login(&mut app, person, password).outcome, "migrated", "{person}: {}", site.why());
    }
    // The new hashes are of what was typed: the list has served its time.
    site.configure_source("shop", "charsets = '{utf-8}', enabled = false");
    for person in ["today", "in 2010", "in 2015"] {
        assert_eq!(login(&mut app, person, password).outcome, "ok", "{person}");
    }
}

#[test]
fn ask_12_name_or_address_in_any_case_and_two_people_are_nobody() {
    let site = Site::shop();
    site.as_owner(
        "ALTER TABLE users ADD username text UNIQUE;
         ALTER TABLE legacy.customers ADD username text;
         UPDATE legacy.customers SET username = 'AnnTheGreat'",
    );
    site.map("shop", "username", "lower(l.username)");
    site.db.sql(
        "UPDATE ferry.target SET login_columns = '{email,username}';
         UPDATE ferry.source SET login_columns = '{lower(l.email),lower(l.username)}'",
    );
    let mut app = site.app();
    assert_eq!(login(&mut app, "ANNthegreat", "ann's secret").outcome, "migrated");
    for name in ["annthegreat", "AnnTheGreat", "ann@example.com", "Ann@Example.com"] {
        assert_eq!(login(&mut app, name, "ann's secret").outcome, "ok", "{name}");
    }
    assert_eq!(site.counts().0, 1);
    // Whatever was typed, it is looked up by the index.
    site.as_owner(
        "INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 2000) n; ANALYZE users",
    );
    flush_statistics(&site.db, &mut app);
    let before = uses(&site.db, "users_email_key");
    assert_eq!(login(&mut app, "ANN@Example.com", "ann's secret").outcome, "ok");
    flush_statistics(&site.db, &mut app);
    assert!(uses(&site.db, "users_email_key") > before);
    site.add_customer("customers", "Ben@example.com", "the first Ben's");
    site.add_customer("customers", "ben@example.com", "the second Ben's");
    for password in ["the first Ben's", "the second Ben's"] {
        assert_eq!(login(&mut app, "ben@example.com", password), Answer::refused("invalid"));
        assert_eq!(site.why(), "invalid/ambiguous");
    }
}

#[test]
fn ask_13_unknown_wrong_and_legacy_wrong_do_the_same_work() {
    // About a tenth of a second each: nothing else in a login takes that long.
    const POLICY: &str = "argon2id:m=32768,t=4,p=1";
    let site = Site::shop();
    site.configure("target", &format!("hash_policy = '{POLICY}'"));
    // Ann is moved; Ben is not, with an expensive hash there, nor Cem, with a cheap one.
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    let expensive: String = site.db.one("SELECT ferry.hash_password('ben''s secret', $1)", &[&POLICY]);
    crate::setup::add_customer(&site.db, "legacy.customers", "ben@example.com", &expensive);
    site.add_customer("customers", "cem@example.com", "cem's secret");
    crate::setup::add_customer(&site.db, "legacy.customers", "locked@example.com", "!");
    // The processor time of the server process, not the clock, and everybody in turn: other work on the machine is
    // felt by all of them alike.
    let pid: i32 = app.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let typed = [
        "ann@example.com",
        "nobody@example.com",
        "ben@example.com",
        "cem@example.com",
        "locked@example.com",
        "",
    ];
    let mut ticks = [0; 6];
    for _ in 0..6 {
        for (typed, ticks) in typed.iter().zip(&mut ticks) {
            let before = processor_ticks(pid);
            assert_eq!(login(&mut app, typed, "wrong"), Answer::refused("invalid"));
            *ticks += processor_ticks(pid) - before;
        }
    }
    let here = ticks[0];
    assert!(here >= 12, "the policy is no work: {here}");
    for (typed, took) in typed.iter().zip(ticks) {
        // Leaving the work out would show as a ratio near zero, doing it twice as two; how close to one it is, the bench says.
        assert!((4 * here..17 * here).contains(&(10 * took)), "{typed:?}: {took} against {here}");
    }
}

#[test]
fn ask_14_any_number_of_first_logins_at_once_all_succeed_also_under_an_import() {
    need_extension!("pg_ferry");
    const PERSONS: i64 = 20;
    for (with_import, batch) in [(false, 0), (true, 1000), (true, 7)] {
        let site = md5_shop();
        crowd(&site, PERSONS);
        let logins: Vec<_> = (1..=PERSONS)
            .flat_map(|n| vec![(format!("user{n}@example.com"), format!("password {n}")); 3])
            .collect();
        // All of them are held up where they would write, and let go at once.
        let mut owner = site.db.client();
        owner.batch_execute("BEGIN; LOCK users IN SHARE ROW EXCLUSIVE MODE").unwrap();
        let call = format!("CALL ferry.import('shop', batch_size => {batch})");
        let mut importing = with_import.then(|| site.db.client());
        let (answers, imported) = std::thread::scope(|scope| {
            let crowd = scope.spawn(|| all_at_once(&site.db, &logins, "BEGIN"));
            let import = importing.as_mut().map(|client| scope.spawn(|| client.batch_execute(&call)));
            await_writers(&site, PERSONS + i64::from(with_import));
            owner.batch_execute("COMMIT").unwrap();
            (crowd.join().unwrap(), import.map(|import| import.join().unwrap()))
        });
        if let Some(Err(error)) = imported {
            panic!("{error:?}");
        }
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| answer.authenticated), "{answers:?}");
        assert_eq!((site.counts().0, site.counts().1), (PERSONS, PERSONS));
        let by_login = site.db.count("ferry.link WHERE via = 'login'");
        assert_eq!(count_of(&answers, "migrated"), usize::try_from(by_login).unwrap());
        assert_eq!(
            site.db.count("ferry.event WHERE outcome NOT IN ('migrated', 'ok') AND user_id IS NOT NULL"),
            0
        );
        if with_import {
            let run = run(&site);
            assert_eq!(
                (run.done, run.moved + by_login, run.refused),
                (PERSONS, PERSONS, 0),
                "{:?}",
                refused(&site)
            );
        }
    }
}

/// Waits until so many sessions wait to write to the users table.
#[track_caller]
fn await_writers(site: &Site, count: i64) {
    let waiting = "pg_locks WHERE locktype = 'relation' AND NOT granted AND relation = 'users'::regclass
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let deadline = Instant::now() + Duration::from_secs(60);
    while site.db.count(waiting) < count {
        assert!(Instant::now() < deadline, "{} of {count} wait", site.db.count(waiting));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn ask_15_disabled_users_stay_disabled_and_deleted_ones_deleted() {
    let site = Site::shop();
    site.configure("target", "allowed = 'u.active'");
    site.map("shop", "active", "l.active");
    site.as_owner("UPDATE legacy.customers SET active = false");
    let mut app = site.app();
    for _ in 0..2 {
        let disabled = login(&mut app, "ann@example.com", "ann's secret");
        assert!(!disabled.authenticated && disabled.outcome == "blocked", "{disabled:?}");
    }
    site.add_customer("customers", "ben@example.com", "ben's secret");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    site.as_owner("DELETE FROM users WHERE email = 'ben@example.com'");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret"), Answer::refused("invalid"));
    assert_eq!(prepare_reset(&site, "ben@example.com"), "invalid");
    assert_eq!(site.db.count("users WHERE email = 'ben@example.com'"), 0);
    // Where they are not to come at all, a rule says so; and who was forgotten stays so.
    site.db.sql("INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'active', 'l.active')");
    for name in ["cem", "dora"] {
        site.add_customer("customers", &format!("{name}@example.com"), &format!("{name}'s secret"));
    }
    site.as_owner("UPDATE legacy.customers SET active = false WHERE email = 'cem@example.com'");
    assert_eq!(login(&mut app, "cem@example.com", "cem's secret"), Answer::refused("rejected"));
    site.db.sql("SELECT ferry.forget_login('dora@example.com')");
    assert_eq!(login(&mut app, "dora@example.com", "dora's secret"), Answer::refused("invalid"));
    assert_eq!(prepare_reset(&site, "dora@example.com"), "invalid");
    assert_eq!(site.db.count("users WHERE email IN ('cem@example.com', 'dora@example.com')"), 0);
}

#[test]
fn ask_16_a_slow_legacy_system_has_an_outcome_of_its_own_and_moved_users_never_notice() {
    let site = Site::shop();
    let mut app = site.app();
    login(&mut app, "ann@example.com", "ann's secret");
    site.as_owner(
        "CREATE FUNCTION legacy.slowly() RETURNS SETOF legacy.customers LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_catalog.pg_sleep(60); END';
         CREATE VIEW legacy.slow AS SELECT * FROM legacy.slowly()",
    );
    site.configure_source("shop", "relation = 'legacy.slow', timeout = '200 ms'");
    let started = Instant::now();
    assert_eq!(login(&mut app, "ben@example.com", "any"), Answer::refused("unavailable"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());
}

#[test]
fn ask_17_what_was_imported_and_what_was_refused_is_reported_kept_and_exported() {
    let site = Site::shop();
    site.add_customer("customers", "ben@example.com", "ben's secret");
    site.as_owner(
        "ALTER TABLE users ADD CHECK (name <> 'Ann Nemo');
         INSERT INTO legacy.customers (id, email, last, pwd, active) VALUES
             (7, 'closed@example.com', 'Other', '!', false), (8, 'Ann@example.com', 'Other', '!', true),
             (9, 'nemo@example.com', 'Nemo', '!', true), (10, 'cut@example.com', 'Other', '$2b$10$cut', true)",
    );
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, severity, code, message)
         VALUES ('shop', 'not closed', 'l.active', 'reject', 'E_CLOSED', 'the account was closed')",
    );
    let report = |dry_run: bool| -> (String, Vec<String>) {
        site.db.sql(&format!("CALL ferry.import('shop', dry_run => {dry_run})"));
        let run = "SELECT concat_ws(' ', state, total, done, moved, refused, skipped, started_by) FROM ferry.import_run ORDER BY id DESC LIMIT 1";
        let rejects = "SELECT concat_ws('|', legacy_key, reason, rule, code, message, constraint_name, sqlstate) FROM ferry.import_reject
                       WHERE run = (SELECT max(id) FROM ferry.import_run) ORDER BY legacy_key::int";
        (site.db.one(run, &[]), site.db.rows(rejects, &[]).iter().map(|row| row.get(0)).collect())
    };
    let rehearsed = report(true);
    let imported = report(false);
    assert_eq!(imported.0, "finished 6 6 2 4 0 postgres");
    assert_eq!(rehearsed, imported);
    assert_eq!(
        imported.1,
        [
            "7|rule|not closed|E_CLOSED|the account was closed",
            "8|exists",
            "9|write_failed|users_name_check|23514",
            "10|legacy_hash",
        ]
    );
    // What is mended is moved, and the report of the day stays.
    site.as_owner(
        "UPDATE legacy.customers SET active = true WHERE id = 7; DELETE FROM legacy.customers WHERE id = 10",
    );
    site.db.sql("CALL ferry.import('shop', 'retry')");
    site.db.sql("CALL ferry.purge_history()");
    let progress: String = site.db.one(
        "SELECT concat_ws(' ', legacy_total, moved_by_import, refused, remaining) FROM ferry.progress WHERE source = 'shop'",
        &[],
    );
    assert_eq!(progress, "5 3 2 0");
    let exported: Vec<String> =
        site.db.rows("SELECT ferry.export_log_plain(2)", &[]).iter().map(|row| row.get(0)).collect();
    let told = |part: &str, text: &str| {
        exported.iter().filter(|line| line.starts_with(part) && line.contains(text)).count()
    };
    assert_eq!((told("{\"run\":", "\"moved\":2"), told("{\"reject\":", "")), (1, 4), "{exported:?}");
    assert_eq!(
        told("{\"reject\":", "\"code\":\"E_CLOSED\",\"message\":\"the account was closed\""),
        1,
        "{exported:?}"
    );
}

#[test]
fn ask_18_a_login_can_be_tried_without_changing_anything() {
    let site = Site::shop();
    for (password, outcome) in
        [(None, "migrated"), (Some("ann's secret"), "migrated"), (Some("wrong"), "invalid")]
    {
        let steps = site.db.rows("SELECT * FROM ferry.explain_login('ann@example.com', $1)", &[&password]);
        assert_eq!(steps.last().unwrap().get::<_, String>("result"), outcome, "{password:?}");
    }
    let row: String = site.db.one("SELECT to_jsonb(p)::text FROM ferry.preview('shop') AS p", &[]);
    assert!(row.contains("Ann Other"), "{row}");
    let rows = "SELECT sum(rows)::bigint FROM ferry.assess('shop') WHERE topic = 'hash'";
    assert_eq!(site.db.one::<i64>(rows, &[]), 1);
    assert_eq!(site.counts(), (0, 0, 0));
    let given: i64 = site.db.one("SELECT nextval('users_id_seq')", &[]);
    assert_eq!(given, 1, "not even a number was used up");
}

#[test]
fn ask_19_weak_hashes_do_not_wait_for_their_owners() {
    let site = Site::new();
    site.as_owner(
        "INSERT INTO users (email, password_hash) VALUES
             ('ann@example.com', '{MD5}' || encode(decode(md5('ann''s secret'), 'hex'), 'base64'))",
    );
    let weak: String = site.user("ann@example.com", "password_hash").unwrap();
    site.configure("target", "no_other_checks = true");
    site.db.sql("CALL ferry.wrap_hashes('default')");
    let wrapped: String = site.user("ann@example.com", "password_hash").unwrap();
    assert!(wrapped.starts_with("$ferry-wrapped$") && wrapped.contains("$argon2id$"), "{wrapped}");
    let mut app = site.app();
    // What was stolen before is no password now.
    for stolen in [weak.as_str(), &weak["{MD5}".len()..], &wrapped] {
        assert_eq!(login(&mut app, "ann@example.com", stolen), Answer::refused("invalid"));
    }
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert!(site.user("ann@example.com", "password_hash").unwrap().starts_with("$argon2id$"));
}

#[test]
fn ask_20_a_column_map_takes_the_place_of_code() {
    let site = Site::new();
    site.db.sql(&format!("CREATE SCHEMA legacy_app AUTHORIZATION {}", site.db.owner()));
    site.as_owner(
        "CREATE TABLE legacy_app.members (nr integer PRIMARY KEY, mail varchar(80), pw char(32), born integer, tags text);
         INSERT INTO legacy_app.members VALUES (7, 'ANN@EXAMPLE.COM', md5('ann''s secret'), 1000000000, 'a, b,c');
         ALTER TABLE users ADD joined_at timestamptz, ADD tags text[], ADD settings jsonb",
    );
    site.db.sql(
        "INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash, format)
         VALUES ('app', 'default', 'legacy_app.members', 'nr', '{lower(l.mail)}', 'l.pw', 'md5($pass)');
         INSERT INTO ferry.mapping (source, target_column, expression) VALUES
             ('app', 'email',     'lower(l.mail)'),
             ('app', 'joined_at', 'to_timestamp(l.born)'),
             ('app', 'tags',      $$regexp_split_to_array(l.tags, ',\\s*')$$),
             ('app', 'settings',  $$'{}'::jsonb$$)",
    );
    assert_eq!(
        login(&mut site.app(), "ann@example.com", "ann's secret").outcome,
        "migrated",
        "{}",
        site.why()
    );
    let row: String = site.db.one(
        "SELECT concat_ws('|', email, extract(epoch FROM joined_at)::bigint, tags, settings) FROM users",
        &[],
    );
    assert_eq!(row, "ann@example.com|1000000000|{a,b,c}|{}");
}

#[test]
fn ask_21_a_migration_is_undone_and_one_knows_when_the_legacy_system_may_be_switched_off() {
    let site = Site::shop();
    site.add_customer("customers", "ben@example.com", "ben's secret");
    let mut app = site.app();
    let verdict = || -> String { site.db.one("SELECT item FROM ferry.cutover('shop') LIMIT 1", &[]) };
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    assert_eq!(verdict(), "not yet: 1 of 2 users would be shut out");
    // One user is put back, and moved anew at the next login.
    site.db.sql("SELECT ferry.unmigrate_login('ann@example.com')");
    assert_eq!(site.counts().0, 0);
    assert_eq!(verdict(), "not yet: 2 of 2 users would be shut out");
    for name in ["ann", "ben"] {
        let moved = login(&mut app, &format!("{name}@example.com"), &format!("{name}'s secret"));
        assert_eq!(moved.outcome, "migrated", "{name}");
    }
    assert_eq!(verdict(), "yes: nobody needs it any more");
    // The legacy system goes, and nobody notices; and that, too, can be taken back.
    site.db.sql("SELECT ferry.retire_source('shop'); ALTER TABLE legacy.customers RENAME TO switched_off");
    for name in ["ann", "ben"] {
        let here = login(&mut app, &format!("{name}@example.com"), &format!("{name}'s secret"));
        assert_eq!(here.outcome, "ok", "{name}");
    }
    site.db.sql("ALTER TABLE legacy.switched_off RENAME TO customers; SELECT ferry.reinstate_source('shop')");
    site.add_customer("customers", "cem@example.com", "cem's secret");
    assert_eq!(login(&mut app, "cem@example.com", "cem's secret").outcome, "migrated");
}

#[test]
fn ask_22_a_collation_that_takes_one_person_for_another_lets_nobody_in() {
    need_extension!("postgres_fdw");
    need_icu!();
    let (site, legacy) = (Site::new(), Db::legacy());
    for db in [&site.db, &legacy] {
        db.sql("CREATE COLLATION mysql (provider = icu, locale = 'und-u-ka-shifted-ks-level1', deterministic = false)");
    }
    legacy
        .sql("CREATE TABLE customers (id bigint, email text COLLATE mysql, first text, last text, pwd text)");
    legacy.rows(
        "INSERT INTO customers VALUES (7, 'User7@example.com', 'U', 'Seven', $1)",
        &[&site.hash("secret 7")],
    );
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.as_owner("ALTER FOREIGN TABLE legacy.customers ALTER email TYPE text COLLATE \"default\"");
    site.add_source("shop", "legacy.customers");
    let mut app = site.app();
    for other in ["üser7@example.com", "ÜSER7@example.com", "usér7@example.com", "user7@example.com "] {
        let found: i64 = legacy.one("SELECT count(*) FROM customers WHERE email = $1", &[&other]);
        assert_eq!(found, 1, "the far end lies about {other:?}");
        assert_eq!(login(&mut app, other, "secret 7"), Answer::refused("invalid"), "{other}");
        assert_eq!(site.why(), "invalid/unknown_login", "{other}");
    }
    assert!(legacy.log().contains("email = 'üser7@example.com'"), "{}", legacy.log().text());
    assert_eq!(login(&mut app, "USER7@example.com", "secret 7").outcome, "migrated");
}
