//! The end: whether a source may be switched off, who is left, and what becomes of them once it is asked no more.

use crate::import::{crowd, md5_shop};
use crate::setup::{Answer, Site, answer, login};
use ferry_tests::{Db, need_extension, sqlstate, target};
use postgres::Client;

/// `topic: item users value` of each line of `ferry.cutover`.
#[track_caller]
fn cutover(site: &Site, arguments: &str) -> Vec<String> {
    let sql = format!(
        "SELECT concat_ws(' ', topic || ':', item, users, value) FROM ferry.cutover('shop'{arguments})"
    );
    site.db.rows(&sql, &[]).iter().map(|row| row.get(0)).collect()
}

/// Those of one topic, without it.
#[track_caller]
fn lines(site: &Site, topic: &str) -> Vec<String> {
    let told = cutover(site, "");
    told.iter().filter_map(|line| line.strip_prefix(&format!("{topic}: "))).map(str::to_owned).collect()
}

#[track_caller]
fn verdict(site: &Site) -> String {
    let first = cutover(site, "").swap_remove(0);
    first.strip_prefix("verdict: ").unwrap_or_else(|| panic!("{first} is no verdict")).to_owned()
}

/// Retires the shop, which nothing stands in the way of.
#[track_caller]
fn retire(site: &Site, arguments: &str) {
    site.db.sql(&format!("SELECT ferry.retire_source('shop'{arguments})"));
}

/// The SQLSTATE, message and hint of a refusal.
#[track_caller]
fn refusal(site: &Site, sql: &str) -> (String, String, String) {
    let error = site.db.try_sql(sql).expect_err(sql);
    let told = error.as_db_error().expect("the server says why");
    (sqlstate(&error).to_owned(), told.message().to_owned(), told.hint().unwrap_or_default().to_owned())
}

/// A shop of ten customers with plain MD5, who say when they were seen last and what they have spent.
fn busy_shop() -> Site {
    let site = md5_shop();
    site.as_owner(
        "ALTER TABLE legacy.customers ADD seen_at timestamptz, ADD spent numeric, ADD username text",
    );
    crowd(&site, 10);
    site.configure_source("shop", "last_seen = 'l.seen_at', value = 'l.spent'");
    site
}

fn user(number: i64) -> (String, String) {
    (format!("user{number}@example.com"), format!("password {number}"))
}

#[track_caller]
fn outcome(app: &mut Client, number: i64) -> String {
    let (email, password) = user(number);
    login(app, &email, &password).outcome
}

#[test]
fn the_counts_add_up_to_the_source_and_nothing_is_written() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql(
        "UPDATE legacy.customers SET last = NULL WHERE id IN (4, 5);
         INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'named', 'l.last IS NOT NULL')",
    );
    assert_eq!(outcome(&mut site.app(), 1), "migrated");
    site.db.sql("CALL ferry.import('shop', key_from => '2', key_to => '6')");
    site.db.sql("SELECT ferry.forget_login('user6@example.com')");
    site.as_owner("DELETE FROM users WHERE email = 'user3@example.com'");
    site.as_owner("DELETE FROM legacy.customers WHERE id = 2");
    // A question about somebody who was moved since is settled.
    site.db.sql(
        "INSERT INTO ferry.review (source, legacy_key, target, user_id, found_by, reason)
         SELECT 'shop', key, 'default', '1', 'email', 'linked' FROM unnest('{1,6,7}'::text[]) key",
    );
    let before = (site.counts(), site.db.count("ferry.import_run"));
    let expected = [
        "in the source 9",
        "moved by login 1",
        "moved, and deleted here since 1",
        "remaining 4",
        "refused: rule named 2",
        "forgotten 1",
        "moved, and gone from the source since 1",
    ];
    assert_eq!(lines(&site, "count"), expected);
    assert_eq!(verdict(&site), "not yet: 6 of 9 users would be shut out 6");
    let reasons = ["not moved yet 4", "refused by an import 2", "waiting for a decision 1"];
    assert_eq!(lines(&site, "reason"), reasons);
    assert!(
        lines(&site, "lost").contains(&"users refused: rule named 2".to_owned()),
        "{:?}",
        lines(&site, "lost")
    );
    assert_eq!((site.counts(), site.db.count("ferry.import_run")), before);
    site.db.sql("BEGIN READ ONLY; SELECT ferry.cutover('shop'); COMMIT");
}

#[test]
fn who_is_left_is_told_by_when_they_were_seen_and_what_they_are_worth() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql(
        "UPDATE legacy.customers SET spent = id * 1.5, seen_at = now() - CASE
             WHEN id <= 2 THEN interval '1 day' WHEN id = 3 THEN interval '20 days' WHEN id = 4 THEN interval '60 days'
             WHEN id <= 6 THEN interval '200 days' WHEN id <= 9 THEN interval '3 years' END",
    );
    let expected = [
        "last seen in the last 7 days 2 4.50",
        "last seen 8 to 30 days ago 1 4.50",
        "last seen 31 to 90 days ago 1 6.00",
        "last seen 91 days to a year ago 2 16.50",
        "last seen more than a year ago 3 36.00",
        "never seen 1 15.00",
    ];
    assert_eq!(lines(&site, "left"), expected);
    assert_eq!(cutover(&site, ", '1 year'")[0], "verdict: not yet: 6 of 10 users would be shut out 6 31.50");
    site.db.sql("CALL ferry.import('shop', key_to => '7')");
    assert_eq!(
        cutover(&site, ", '1 year'")[0],
        "verdict: yes: nobody needs it any more, but for 4 not seen for 1 year 0"
    );
    assert_eq!(cutover(&site, ", '1 year', 5")[1], "reason: only 5 rows were read");
    // An expression that fails for a row is that row's matter.
    site.configure_source("shop", "last_seen = $$to_timestamp(1 / (l.id - 8))$$, value = NULL");
    assert_eq!(lines(&site, "left"), ["last seen more than a year ago 3", "not known when last seen 1"]);
}

#[test]
fn what_moved_users_still_need_the_source_for_is_a_reason() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.as_owner("UPDATE legacy.customers SET username = 'nick' || id WHERE id = 1");
    site.configure_source("shop", "login_columns = '{email,username}'");
    site.db.sql("SELECT ferry.migrate_login('user7@example.com')");
    site.db.sql("CALL ferry.import('shop')");
    assert_eq!(
        lines(&site, "reason"),
        [
            "moved without a password: the legacy one still decides 1",
            "log in by a name that only the source knows 1"
        ]
    );
    assert_eq!(verdict(&site), "not yet: 2 of 10 users would be shut out 2");
    let (state, message, hint) = refusal(&site, "SELECT ferry.retire_source('shop')");
    assert_eq!((state.as_str(), message.as_str()), ("55000", "source shop is still needed"));
    assert!(hint.contains("ferry.cutover('shop')") && hint.contains("force => true"), "{hint}");

    assert_eq!(login(&mut site.app(), "user7@example.com", "password 7").outcome, "ok");
    site.as_owner("UPDATE legacy.customers SET username = NULL");
    assert_eq!(verdict(&site), "yes: nobody needs it any more 0");

    site.db.sql("UPDATE ferry.mapping SET refresh = true WHERE target_column = 'name'");
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
    let reasons = lines(&site, "reason");
    assert!(
        reasons[0].starts_with("may log in by a password changed there, until ")
            && reasons[0].ends_with(" 10"),
        "{reasons:?}"
    );
    assert_eq!(verdict(&site), "not yet: nobody would be shut out, but there are reasons 0");
    assert_eq!(reasons[1..], ["brought up to date from it at each login: column name 10"]);
    // Who has another password now is asked about no more.
    site.db.sql("SELECT ferry.set_password('user1@example.com', 'a new one')");
    assert!(lines(&site, "reason")[0].ends_with(" 9"), "{:?}", lines(&site, "reason"));
}

#[test]
fn what_would_be_lost_is_told() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.as_owner("ALTER TABLE legacy.customers ADD changed_at timestamptz");
    site.configure_source("shop", "changed_at = 'l.changed_at'");
    site.db.sql("UPDATE legacy.customers SET pwd = '!' WHERE id IN (8, 9); UPDATE legacy.customers SET pwd = 'no hash' WHERE id = 10");
    site.db.sql("CALL ferry.import('shop', key_to => '9')");
    site.db.sql("UPDATE legacy.customers SET changed_at = now() WHERE id < 4");
    let lost = lines(&site, "lost");
    let expected = [
        "passwords that cannot be verified: malformed hash: md5 1",
        "users without a password: a lock marker 1",
        "what was changed there since its users were moved 3",
        "columns of legacy.customers: salt, active, seen_at, spent, username, …",
    ];
    for (told, expected) in lost.iter().zip(expected) {
        // How a hash is malformed is not this test's matter.
        let is_told = told == expected
            || expected.contains("md5") && told.starts_with("passwords that cannot be verified: ");
        assert!(is_told, "{lost:?}");
    }
    assert_eq!(lost.len(), 4, "{lost:?}");
    let expected = ["of those moved: the legacy hash, checked here 7", "of those moved: none 1"];
    assert_eq!(lines(&site, "password"), expected);
}

#[test]
fn a_pepper_that_moved_users_need_is_named() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    let file = format!("{}.peppers", site.db.name());
    let peppers = |value: &str| {
        site.db.sql(&format!(
            "COPY (SELECT '{value}') TO PROGRAM 'umask 077; cat > {file}';
             ALTER DATABASE {} SET ferry.pepper_file = '{file}'; SET ferry.pepper_file = '{file}'",
            site.db.name()
        ));
    };
    peppers("shop = text:more");
    site.configure_source("shop", "format = 'md5($pass.$pepper)', pepper = 'shop'");
    site.db.sql("UPDATE legacy.customers SET pwd = md5('password ' || id || 'more')");
    site.db.sql("CALL ferry.import('shop')");
    assert_eq!(outcome(&mut site.app(), 1), "ok");
    let told = [
        "of those moved: checked here 1",
        "of those moved: the legacy hash, checked here with pepper shop 9",
    ];
    assert_eq!(lines(&site, "password"), told);
    site.configure_source("shop", "format = 'md5', pepper = NULL");
    peppers("other = text:more");
    assert_eq!(lines(&site, "password"), [told[0], "of those moved: pepper shop is not there 9"]);
    assert_eq!(site.db.count("ferry.notice_list('shop')"), 0, "no reset would be of use");
}

#[test]
fn tables_of_moved_users_are_not_read_for_each_batch() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 15_000);
    site.db.sql(
        "INSERT INTO users (email, password_hash) SELECT email, pwd FROM legacy.customers;
         INSERT INTO ferry.link (source, legacy_key, target, user_id, via, hash_digest)
         SELECT 'shop', c.id::text, 'default', u.id::text, 'import', encode(sha256(convert_to(c.pwd, 'UTF8')), 'hex')
         FROM legacy.customers c JOIN users u USING (email)",
    );
    let mut dba = site.db.client();
    let mut transaction = dba.transaction().unwrap();
    let left = transaction.query("SELECT FROM ferry.remaining_users('shop')", &[]).unwrap();
    let read =
        "SELECT sum(seq_tup_read)::bigint FROM pg_stat_xact_user_tables WHERE relname IN ('link', 'users')";
    let read: i64 = transaction.query_one(read, &[]).unwrap().get(0);
    assert!(left.is_empty() && read < 30_000, "{read} rows of 15,000 were read one after the other");
}

#[test]
fn the_lists_name_everybody_once_and_nobody_who_is_to_be_left_alone() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.configure("target", "must_change = 'must_change', allowed = 'u.active'");
    site.db.sql(
        "UPDATE legacy.customers SET seen_at = now() - id * interval '40 days', spent = id;
         UPDATE legacy.customers SET pwd = '!' WHERE id IN (1, 2);
         UPDATE legacy.customers SET last = NULL WHERE id = 5;
         INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'named', 'l.last IS NOT NULL')",
    );
    site.db.sql("CALL ferry.import('shop', key_to => '7')");
    site.as_owner("UPDATE users SET must_change = true WHERE email = 'user3@example.com'; UPDATE users SET active = false WHERE email = 'user2@example.com'");
    site.db.sql("SELECT ferry.forget_login('user9@example.com')");
    site.as_owner("ALTER TABLE legacy.customers ADD mail text");
    site.configure_source("shop", "contact = 'l.mail', login_columns = '{email,lower(l.email)}'");
    site.db.sql("UPDATE legacy.customers SET mail = 'One@example.com' WHERE id IN (1, 10)");
    let left: Vec<String> = site
        .db
        .rows("SELECT concat_ws(' ', legacy_key, logins, value, why) FROM ferry.remaining_users('shop')", &[])
        .iter()
        .map(|row| row.get(0))
        .collect();
    let expected = [
        "5 {user5@example.com} 5.00 refused: rule named",
        "7 {user7@example.com} 7.00 not moved yet",
        "8 {user8@example.com} 8.00 not moved yet",
        "10 {user10@example.com} 10.00 not moved yet",
    ];
    assert_eq!(left, expected);
    let notices = |arguments: &str| -> Vec<String> {
        let sql = format!(
            "SELECT concat_ws(' ', contact, notice, legacy_key) FROM ferry.notice_list('shop'{arguments})"
        );
        site.db.rows(&sql, &[]).iter().map(|row| row.get(0)).collect()
    };
    // User 1, who has no password, shares the address of user 10, who is to log in.
    let expected = [
        "user7@example.com log_in 7",
        "user8@example.com log_in 8",
        "One@example.com log_in 10",
        "user5@example.com refused 5",
        "user3@example.com change_password 3",
    ];
    assert_eq!(notices(""), expected);
    assert_eq!(
        notices(", '300 days'"),
        ["user7@example.com log_in 7", "One@example.com reset 1", expected[3], expected[4]]
    );
}

#[test]
fn whoever_cannot_be_let_in_is_not_told_to_log_in() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.as_owner("ALTER TABLE legacy.customers ADD mail text; UPDATE legacy.customers SET mail = 'mail' || id || '@example.com'");
    site.configure_source("shop", "contact = 'l.mail', scope = $$login <> 'user4@example.com'$$");
    site.configure("target", "adopt = 'review'");
    site.as_owner("INSERT INTO users (id, email) SELECT 100 + n, format('user%s@example.com', n) FROM unnest('{1,2,9}'::int[]) n");
    site.db.sql(
        "INSERT INTO ferry.review (source, legacy_key, target, user_id, found_by, reason, decision)
         SELECT 'shop', key, 'default', '10' || key, found_by, 'adopt', decision
         FROM (VALUES ('1', 'login', NULL), ('2', 'login', 'refuse'), ('3', 'name', 'insert'), ('9', 'login', 'insert'), ('10', 'login', 'adopt')) v (key, found_by, decision);
         UPDATE legacy.customers SET email = repeat('x', 1100) || email WHERE id = 5;
         UPDATE legacy.customers SET email = '' WHERE id = 6",
    );
    let told = |of: &str| -> Vec<String> {
        let sql = format!("SELECT concat_ws(' ', legacy_key, {of} ORDER BY legacy_key::bigint");
        site.db.rows(&sql, &[]).iter().map(|row| row.get(0)).collect()
    };
    let refused = [1, 2, 4, 5, 6, 9];
    let expected: Vec<String> = (1..=10)
        .map(|key| format!("{key} {}", if refused.contains(&key) { "refused" } else { "log_in" }))
        .collect();
    assert_eq!(told("notice) FROM ferry.notice_list('shop')"), expected);
    let expected = [
        "1 waits for a decision in ferry.review",
        "2 refused: by decision in ferry.review",
        "4 not moved yet, has no login that the source is asked about",
        "5 not moved yet, has no login that the source is asked about",
        "6 not moved yet, has no login that the source is asked about",
        "9 refused: by decision in ferry.review",
    ];
    assert_eq!(told("why) FROM ferry.remaining_users('shop') WHERE why <> 'not moved yet'"), expected);
    // It comes true.
    let mut app = site.app();
    let outcomes: Vec<String> = (1..=10).map(|number| outcome(&mut app, number)).collect();
    let migrated: Vec<usize> = (1..=10).filter(|number| outcomes[number - 1] == "migrated").collect();
    assert_eq!(migrated, [3, 7, 8, 10], "{outcomes:?}");
}

#[test]
fn values_add_up_beyond_what_a_double_precision_holds() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.as_owner("UPDATE legacy.customers SET spent = 9e307");
    let sum = "SELECT (SELECT value FROM ferry.cutover('shop') LIMIT 1) = 10 * 9e307";
    assert!(site.db.one::<bool>(sum, &[]));
    let shown = "SELECT ferry.cutover_page('shop') LIKE '%1,000,000,000%million%'";
    assert!(site.db.one::<bool>(shown, &[]));
    retire(&site, "");
    assert!(site.db.one::<bool>(sum, &[]) && site.db.one::<bool>(shown, &[]));
}

#[test]
fn a_source_that_is_not_enabled_is_enabled_before_it_is_imported_from() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    let hint = || -> String {
        site.db.one(
            "SELECT hint FROM ferry.cutover('shop') WHERE topic = 'reason' AND item = 'not moved yet'",
            &[],
        )
    };
    assert!(hint().starts_with("CALL ferry.import('shop'); or wait"), "{}", hint());
    site.configure_source("shop", "enabled = false");
    let told = hint();
    let (enabling, import) =
        told.strip_prefix("Enable it first: ").and_then(|hint| hint.split_once(" then ")).expect(&told);
    site.db.sql(enabling);
    site.db.sql(import.split_once(';').expect(import).0);
    assert_eq!(site.db.count("users"), 10);
}

#[test]
fn words_that_several_retired_sources_share_are_told_once() {
    let site = Site::new();
    for (source, message) in [("shop", "Moved."), ("forum", "Closed."), ("wiki", "Moved."), ("blog", "")] {
        site.add_local_source(source, source);
        let message = if message.is_empty() { "NULL".to_owned() } else { format!("'{message}'") };
        site.db.sql(&format!("SELECT ferry.retire_source('{source}', 'rejected', {message}, force => true)"));
    }
    let told = || -> String { site.db.one("SELECT ferry.retired_message('rejected')", &[]) };
    site.configure_source("shop", "priority = 300");
    site.configure_source("forum", "priority = 200");
    assert_eq!(told(), "Moved.\nClosed.");
    site.configure_source("wiki", "priority = 250");
    assert_eq!(told(), "Closed.\nMoved.");
}

#[test]
fn those_left_behind_are_nobody_and_those_moved_notice_nothing() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql("CALL ferry.import('shop', key_to => '6')");
    let mut app = site.app();
    assert_eq!(outcome(&mut app, 1), "ok");
    retire(&site, "");
    assert_eq!((outcome(&mut app, 1), outcome(&mut app, 2)), ("ok".into(), "ok".into()));
    assert_eq!(outcome(&mut app, 7), "invalid");
    assert_eq!(site.why(), "invalid/unknown_login");
    assert_eq!(site.db.count("ferry._left_login"), 0, "nothing is kept of them");
    let retired =
        site.events().into_iter().find(|event| event.kind == "retire_source").expect("there is an event");
    assert_eq!(
        (retired.outcome.as_str(), retired.source.as_deref(), retired.login),
        ("ok", Some("shop"), None)
    );
    // The last figures stay.
    let told = cutover(&site, "");
    assert!(
        told[0].starts_with("verdict: retired on ")
            && told[0].ends_with("by postgres: of 10 users, 5 were left behind 5"),
        "{}",
        told[0]
    );
    assert!(told.contains(&"count: moved by import 5".to_owned()), "{told:?}");
    assert_eq!(site.db.count("ferry.cutover('shop') WHERE hint IS NOT NULL AND topic <> 'verdict'"), 0);
    let progress = "SELECT concat_ws(' ', legacy_total, moved_by_import, remaining, projected_end) FROM ferry.progress ORDER BY source NULLS LAST";
    let rows: Vec<String> = site.db.rows(progress, &[]).iter().map(|row| row.get(0)).collect();
    assert_eq!(rows, ["10 5 5", "10 5 5"]);

    site.db.sql("SELECT ferry.reinstate_source('shop')");
    assert_eq!(outcome(&mut app, 7), "migrated");
    assert_eq!(verdict(&site), "not yet: 4 of 10 users would be shut out 4");
    assert_eq!(refusal(&site, "SELECT ferry.reinstate_source('shop')").0, "55000");
}

#[test]
fn a_source_of_any_name_may_have_nobody_left_and_is_checked_before_it_comes_back() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql("UPDATE ferry.source SET name = 'old.shop'");
    site.db.sql("CALL ferry.import('old.shop')");
    let told: String =
        site.db.one("SELECT item FROM ferry.retire_source('old.shop') WHERE topic = 'verdict'", &[]);
    assert!(told.ends_with("of 10 users, 0 were left behind"), "{told}");
    site.as_owner("ALTER TABLE users DROP COLUMN name");
    let (state, message, _) = refusal(&site, "SELECT ferry.reinstate_source('old.shop')");
    assert!(state == "55000" && message.starts_with("mapping old.shop.name: "), "{state} {message}");
    // Which is nobody else's finding.
    site.db.sql(
        "INSERT INTO ferry.source SELECT (jsonb_populate_record(s, '{\"name\": \"old\"}')).* FROM ferry.source s",
    );
    let of = |source: &str| {
        let asked = "SELECT ferry._is_of_source('mapping old.shop.name', $1)";
        site.db.one::<bool>(asked, &[&source])
    };
    assert_eq!((of("old.shop"), of("old")), (true, false));
}

#[test]
fn a_stated_outcome_is_for_those_left_behind_alone() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql("UPDATE legacy.customers SET email = 'User7@Example.com' WHERE id = 7");
    site.db.sql("CALL ferry.import('shop', key_to => '6')");
    site.as_owner(
        "CREATE TABLE heard (outcome text);
         CREATE FUNCTION hear(context jsonb) RETURNS jsonb LANGUAGE plpgsql AS
             $$BEGIN INSERT INTO public.heard VALUES (context ->> 'outcome'); RETURN NULL; END$$",
    );
    site.db
        .sql("INSERT INTO ferry.hook (name, point, function) VALUES ('hear', 'on_failure', 'public.hear')");
    retire(&site, ", 'rejected', 'Your account was not moved: write to us.'");
    let mut web = site.web();
    for password in ["password 7", "wrong"] {
        assert_eq!(login(&mut web, "USER7@example.com", password), Answer::refused("rejected"));
        assert_eq!(site.why(), "rejected/source_retired");
    }
    // Nobody has shown a password: no hook hears of them, and their events are counted among those that anybody can add.
    assert_eq!(site.db.count("heard"), 0);
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.refusals_per_minute = 5", site.db.name()));
    let mut stranger = site.app();
    for _ in 0..9 {
        assert_eq!(login(&mut stranger, "user7@example.com", "wrong"), Answer::refused("rejected"));
    }
    assert_eq!(site.db.count("ferry.event WHERE reason = 'source_retired'"), 5);
    assert_eq!(site.why(), "rejected/too_many_events");
    site.db.sql(&format!("ALTER DATABASE {} RESET ferry.refusals_per_minute", site.db.name()));
    assert_eq!(login(&mut web, "nobody@example.com", "password 7"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "user1@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(outcome(&mut web, 1), "ok");
    let message = |web: &mut Client, outcome: &str| -> Option<String> {
        web.query_one("SELECT ferry.retired_message($1)", &[&outcome]).unwrap().get(0)
    };
    assert_eq!(message(&mut web, "rejected").as_deref(), Some("Your account was not moved: write to us."));
    assert_eq!(message(&mut web, "invalid"), None);
    // Kept as digests: neither the tables nor a dump name anybody.
    assert_eq!(site.db.count("ferry._left_login"), 5);
    site.db.sql("DELETE FROM legacy.customers; DELETE FROM ferry.event");
    assert!(!site.db.dump(&[]).to_lowercase().contains("user7@"));

    // They may sign up anew, and are asked for nothing else then.
    let find: String = web.query_one("SELECT ferry.find_login('user7@example.com')", &[]).unwrap().get(0);
    assert_eq!(find, "free");
    let reset: String =
        web.query_one("SELECT outcome FROM ferry.prepare_reset('user7@example.com')", &[]).unwrap().get(0);
    assert_eq!((reset.as_str(), site.why().as_str()), ("invalid", "invalid/source_retired"));
    site.configure("target", "adopt = 'any'");
    let hash = site.hash("a new one");
    site.db.rows("INSERT INTO users (email, password_hash) VALUES ('user7@example.com', $1)", &[&hash]);
    assert_eq!(login(&mut web, "user7@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(login(&mut web, "user7@example.com", "a new one").outcome, "ok");
}

#[test]
fn a_retired_source_says_nothing_of_logins_out_of_its_scope() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.configure_source("shop", "scope = $$login <> 'user7@example.com'$$");
    site.db.sql("CALL ferry.import('shop', key_to => '6')");
    retire(&site, ", 'rejected'");
    let mut app = site.app();
    assert_eq!((outcome(&mut app, 8), outcome(&mut app, 7)), ("rejected".into(), "invalid".into()));
}

#[test]
fn a_retired_source_keeps_its_place_among_the_others() {
    let site = Site::shop();
    site.add_local_source("forum", "members");
    site.add_customer("members", "ann@example.com", "ann's forum secret");
    site.add_customer("members", "ben@example.com", "ben's secret");
    site.configure_source("shop", "priority = 1");
    retire(&site, ", 'unavailable'");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret"), Answer::refused("unavailable"));
    assert_eq!(site.last_event().source.as_deref(), Some("shop"));
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    site.configure_source("shop", "on_wrong = 'next'");
    assert_eq!(login(&mut app, "ann@example.com", "wrong"), Answer::refused("invalid"));
    assert_eq!(site.last_event().source.as_deref(), Some("forum"));
    assert_eq!(login(&mut app, "ann@example.com", "ann's forum secret").outcome, "migrated");
}

#[test]
fn what_a_retired_source_names_may_be_dropped_and_come_back() {
    need_extension!("postgres_fdw");
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&crate::setup::customers_table("customers"));
    for (name, secret) in [("ann", "ann's secret"), ("ben", "ben's secret")] {
        crate::setup::add_customer(&legacy, "customers", &format!("{name}@example.com"), &site.hash(secret));
    }
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    let mut app = site.app();
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
    retire(&site, ", 'rejected'");
    site.db.sql("DROP SERVER legacy CASCADE");
    assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret"), Answer::refused("rejected"));
    let found = site.db.rows("SELECT concat_ws(' ', object, problem) FROM ferry.check_config() WHERE severity = 'error' OR object LIKE '%shop%'", &[]);
    assert!(found.is_empty(), "{:?}", found.iter().map(|row| row.get(0)).collect::<Vec<String>>());

    // Config that is not its own can be changed, and a copy of the config needs nothing that is gone.
    site.configure("target", "hash_policy = 'argon2id:m=16,t=1,p=1'");
    site.configure_source("shop", "priority = 7");
    let (state, message, _) = refusal(&site, "INSERT INTO ferry.mapping VALUES ('shop', 'active', 'true')");
    assert_eq!((state.as_str(), message.as_str()), ("55000", "mapping shop.active: source shop is retired"));
    let config: String = site.db.one("SELECT string_agg(line, E'\\n') FROM ferry.export_config() line", &[]);
    assert!(config.contains("-- source shop is retired") && !config.contains("legacy.customers"), "{config}");

    let copy = Db::empty_on(target());
    let restored = copy.psql(&site.db.dump(&[]));
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    copy.sql(&format!("ALTER DATABASE {} SET ferry.failure_floor = 0", copy.name()));
    let mut there = copy.client_as(&site.db.app());
    assert_eq!(login(&mut there, "ann@example.com", "ann's secret").outcome, "ok");
    assert_eq!(login(&mut there, "ben@example.com", "ben's secret"), Answer::refused("rejected"));

    let (state, _, hint) = refusal(&site, "SELECT ferry.reinstate_source('shop')");
    assert!(state == "55000" && hint.contains("legacy.customers"), "{state} {hint}");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret"), Answer::refused("rejected"));
    site.db.sql("DROP SCHEMA legacy");
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.db.sql("SELECT ferry.reinstate_source('shop')");
    assert_eq!(login(&mut app, "ben@example.com", "ben's secret").outcome, "migrated");
    assert_eq!(site.db.count("ferry._left_login"), 0);
}

#[test]
fn a_source_that_cannot_be_read_is_retired_by_force_only() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql("CALL ferry.import('shop', key_to => '6')");
    site.as_owner("ALTER TABLE legacy.customers RENAME TO gone");
    let (_, message, hint) = refusal(&site, "SELECT ferry.retire_source('shop')");
    assert!(message.contains("legacy.customers") && hint.contains("force => true"), "{message} {hint}");
    let (state, message, _) = refusal(&site, "SELECT ferry.retire_source('shop', 'rejected', force => true)");
    assert_eq!(state, "55000", "{message}");
    retire(&site, ", force => true");
    let told = cutover(&site, "");
    assert!(told[0].ends_with("of 10 users, 5 were left behind 5"), "{}", told[0]);
    assert!(told.contains(&"count: moved 5".to_owned()), "{told:?}");
    let mut app = site.app();
    assert_eq!((outcome(&mut app, 1), outcome(&mut app, 7)), ("ok".into(), "invalid".into()));
}

#[test]
fn everything_else_about_a_retired_source_is_refused_with_the_way_back() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    assert_eq!(outcome(&mut site.app(), 1), "migrated");
    retire(&site, ", 'rejected'");
    for call in [
        "CALL ferry.import('shop')",
        "SELECT ferry.assess('shop')",
        "SELECT ferry.preview('shop')",
        "SELECT ferry.remaining_users('shop')",
        "SELECT ferry.notice_list('shop')",
        "SELECT ferry.retire_source('shop')",
        "SELECT ferry.unmigrate_login('user1@example.com')",
    ] {
        let (state, message, hint) = refusal(&site, call);
        assert_eq!(state, "55000", "{call}: {message}");
        assert!(hint.contains("ferry.reinstate_source('shop')"), "{call}: {hint}");
    }
    let forget =
        |login: &str| -> String { site.db.one("SELECT outcome FROM ferry.forget_login($1)", &[&login]) };
    assert_eq!(forget("user2@example.com"), "unavailable");
    assert_eq!(forget("user1@example.com"), "ok");
    let steps = site.db.rows("SELECT result FROM ferry.explain_login('user3@example.com')", &[]);
    let steps: Vec<String> = steps.iter().map(|row| row.get(0)).collect();
    assert!(
        steps.contains(&"shop: is retired, and has left the user of this login behind".to_owned()),
        "{steps:?}"
    );
    assert_eq!(refusal(&site, "SELECT ferry.retire_source('shop', 'ok')").0, "22023");
    assert_eq!(refusal(&site, "SELECT ferry.retire_source('nobody')").0, "22023");
    assert_eq!(refusal(&site, "SELECT ferry.cutover('nobody')").0, "22023");
}

#[test]
fn by_force_moved_users_lose_what_they_needed_it_for_and_nothing_else() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql("SELECT ferry.migrate_login('user1@example.com')");
    site.configure("target", "on_mismatch = 'source', on_mismatch_until = now() + interval '1 day'");
    let mut app = site.app();
    assert_eq!(outcome(&mut app, 2), "migrated");
    site.db.sql("UPDATE legacy.customers SET pwd = md5('changed') WHERE id = 2; UPDATE ferry.mapping SET refresh = true");
    retire(&site, ", force => true");
    assert_eq!((outcome(&mut app, 1), site.why()), ("invalid".into(), "invalid/source_retired".into()));
    assert_eq!(login(&mut app, "user2@example.com", "changed"), Answer::refused("invalid"));
    assert_eq!(site.why(), "invalid/wrong_password");
    assert_eq!(outcome(&mut app, 2), "ok");
    site.db.sql("SELECT ferry.reinstate_source('shop')");
    assert_eq!(outcome(&mut app, 1), "ok");
    assert_eq!(login(&mut app, "user2@example.com", "changed").outcome, "ok");
}

#[test]
fn the_lists_are_for_admins() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    let admin = site.db.role("admin");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    let (mut admin, mut web) = (site.db.client_as(&admin), site.web());
    for call in [
        "SELECT ferry.cutover('shop')",
        "SELECT ferry.remaining_users('shop')",
        "SELECT ferry.notice_list('shop')",
        "SELECT ferry.retire_source('shop', 'rejected')",
        "SELECT ferry.reinstate_source('shop')",
    ] {
        assert_eq!(sqlstate(&web.batch_execute(call).unwrap_err()), "42501", "{call}");
        admin.batch_execute(call).unwrap_or_else(|error| panic!("{call}: {error:?}"));
    }
    assert_eq!(sqlstate(&admin.batch_execute("TABLE ferry._left_login").unwrap_err()), "42501");
}

#[test]
fn expressions_of_the_wrong_type_are_refused() {
    let site = Site::shop();
    for (assignment, named) in [
        ("last_seen = 'l.id'", "source shop, last_seen: the expression is of type bigint, not a timestamp"),
        ("value = 'l.email'", "source shop, value: the expression is of type text, not a number"),
    ] {
        let (state, message, hint) = refusal(&site, &format!("UPDATE ferry.source SET {assignment}"));
        assert_eq!((state.as_str(), message.as_str()), ("42804", named));
        assert!(!hint.is_empty());
    }
    let (state, message, _) = refusal(&site, "UPDATE ferry.source SET contact = 'l.nothing'");
    assert!(state == "42703" && message.starts_with("source shop, contact: "), "{state} {message}");
    site.configure_source("shop", "last_seen = 'date ''2020-02-20''', value = '1', contact = 'l.email'");
    let config: String = site.db.one("SELECT string_agg(line, E'\\n') FROM ferry.export_config() line", &[]);
    assert!(config.contains("last_seen, value, contact"), "{config}");
    let answer =
        answer(&mut site.app(), "ferry.authenticate($1, $2)", &[&"ann@example.com", &"ann's secret"]);
    assert_eq!(answer.outcome, "migrated");
}
