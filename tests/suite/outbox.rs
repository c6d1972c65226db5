//! What other systems are told: each notice with what it tells of or not at all, once, without a secret, to one consumer.

use crate::concurrency::{all_at_once, count_of, slow_down_inserts};
use crate::import::{crowd, import, md5_shop, run};
use crate::setup::{Site, login};
use crate::setup_config::{self, refusal};
use ferry_tests::{Cluster, Db, Options, Shutdown, need_extension, sqlstate, target};
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.com";
const SECRET: &str = "ann's secret";

const ALL: &str = "outbox = '{moved,refused,put_back,removed,forgotten,run_started,run_ended}'";

/// A shop whose target tells of everything.
fn telling_shop() -> Site {
    let site = Site::shop();
    site.configure("target", ALL);
    site
}

/// What waits, each as `kind source/legacy_key user_id via reason`.
fn waiting(site: &Site) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', kind, concat_ws('/', source, legacy_key), user_id, via, reason) FROM ferry.outbox ORDER BY id";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

fn empty(site: &Site) {
    site.db.sql("DELETE FROM ferry.outbox");
}

/// A role that takes notices and can do nothing else.
fn consumer(db: &Db<'_>) -> Client {
    let role = db.role("consumer");
    db.rows("SELECT ferry.grant_access($1::text::name, 'outbox')", &[&role]);
    db.client_as(&role)
}

/// The ids that a consumer gets.
fn take(client: &mut Client, arguments: &str) -> Vec<i64> {
    let rows = client.query(&format!("SELECT id FROM ferry.take_outbox({arguments})"), &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The payloads that a listener has got on `ferry`. A notification comes before the answer to a statement that follows it.
fn heard(listener: &mut Client) -> Vec<String> {
    listener.batch_execute("SELECT").unwrap();
    let mut heard = listener.notifications();
    let mut heard = heard.iter();
    let mut payloads = Vec::new();
    while let Some(notification) = heard.next().unwrap() {
        assert_eq!(notification.channel(), "ferry");
        payloads.push(notification.payload().to_owned());
    }
    payloads
}

#[test]
fn a_listener_hears_of_a_move_and_takes_it_once() {
    let site = telling_shop();
    let mut listener = consumer(&site.db);
    listener.batch_execute("LISTEN ferry").unwrap();
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "migrated");
    let waited = listener.notifications().timeout_iter(Duration::from_secs(60)).next().unwrap();
    let waited = waited.expect("a notification within a minute");
    assert_eq!((waited.channel(), waited.payload()), ("ferry", "moved"));
    let taken = listener.query("SELECT to_jsonb(n) FROM ferry.take_outbox() n", &[]).unwrap();
    let taken: Vec<serde_json::Value> = taken.iter().map(|row| row.get(0)).collect();
    let [notice] = &taken[..] else { panic!("{taken:?}") };
    let id: String = site.db.one("SELECT id::text FROM users", &[]);
    for (column, expected) in [
        ("kind", "moved"),
        ("target", "default"),
        ("source", "shop"),
        ("legacy_key", "1"),
        ("user_id", id.as_str()),
        ("via", "login"),
    ] {
        assert_eq!(notice[column], expected, "{notice}");
    }
    assert_eq!(notice["detail"], serde_json::json!({}), "{notice}");
    let text = notice.to_string();
    for secret in ["ann", "secret", "argon2", "password"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(take(&mut listener, "").is_empty());
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "ok");
    assert!(take(&mut listener, "").is_empty() && heard(&mut listener).is_empty());
}

#[test]
fn nothing_is_told_that_nobody_asked_for() {
    let site = Site::shop();
    let mut listener = site.db.client();
    listener.batch_execute("LISTEN ferry").unwrap();
    let mut app = site.app();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    site.configure("target", "outbox = '{put_back}'");
    site.add_customer("customers", "bob@example.com", "bob's secret");
    assert_eq!(login(&mut app, "bob@example.com", "bob's secret").outcome, "migrated");
    import(&site, "");
    site.db.sql("SELECT ferry.forget_login('bob@example.com')");
    assert_eq!(waiting(&site), Vec::<String>::new());
    assert!(heard(&mut listener).is_empty());
}

#[test]
fn who_has_not_shown_the_right_password_fills_nothing() {
    let site = telling_shop();
    site.db.sql("INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'nobody', 'false')");
    let mut web = site.web();
    for (name, password) in [(ANN, "wrong"), ("nobody@example.com", SECRET), (ANN, ""), ("", SECRET)] {
        assert_eq!(login(&mut web, name, password).outcome, "invalid");
    }
    // Whoever knows the address can ask for a reset, and for whether it is taken.
    for call in ["SELECT outcome FROM ferry.prepare_reset($1)", "SELECT ferry.find_login($1)"] {
        web.query(call, &[&ANN]).unwrap();
    }
    site.configure_source("shop", "enabled = false");
    assert_eq!(login(&mut web, ANN, SECRET).outcome, "invalid");
    assert_eq!(waiting(&site), Vec::<String>::new());
    // A user who is here is not refused a move.
    site.configure_source("shop", "enabled = true");
    site.db.sql("DELETE FROM ferry.rule");
    assert_eq!(login(&mut web, ANN, SECRET).outcome, "migrated");
    empty(&site);
    site.configure("target", "allowed = 'u.active'");
    site.db.sql("UPDATE users SET active = false");
    assert_eq!(login(&mut web, ANN, SECRET).outcome, "blocked");
    assert_eq!(waiting(&site), Vec::<String>::new());
}

#[test]
fn a_refusal_after_the_right_password_is_told_once_a_day() {
    let site = telling_shop();
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression, code, message) VALUES ('shop', 'active', 'l.active', 'E7', 'Call us.');
         UPDATE legacy.customers SET active = false",
    );
    let mut app = site.app();
    for _ in 0..3 {
        assert_eq!(login(&mut app, ANN, SECRET).outcome, "rejected");
    }
    assert_eq!(waiting(&site), ["refused shop/1 login rule"]);
    let detail: serde_json::Value = site.db.one("SELECT detail FROM ferry.outbox", &[]);
    assert_eq!(detail, serde_json::json!({ "rule": "active", "code": "E7", "message": "Call us." }));
    // Not after it was taken, either; but the next day, and for another reason.
    empty(&site);
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "rejected");
    assert_eq!(waiting(&site), Vec::<String>::new());
    site.db.sql("UPDATE ferry.event SET logged_at = logged_at - interval '25 hours'");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "rejected");
    site.db.sql("UPDATE legacy.customers SET active = true; ALTER TABLE users ADD CHECK (name = 'Nobody')");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "failed");
    site.db.rows("SELECT ferry.migrate_login($1)", &[&ANN]);
    let seen = waiting(&site);
    assert_eq!(seen, ["refused shop/1 login rule", "refused shop/1 login write_failed"], "{seen:?}");
}

#[test]
fn every_way_of_moving_is_told_and_so_is_what_undoes_it() {
    let site = telling_shop();
    let mut web = site.web();
    for (n, name) in (2..).zip(["bob", "carol", "dora", "eve"]) {
        let id = site.add_customer("customers", &format!("{name}@example.com"), "their secret");
        assert_eq!(id, n);
    }
    site.configure("target", "adopt = 'any'");
    site.db.sql("INSERT INTO users (id, email) VALUES (77, 'eve@example.com')");
    assert_eq!(login(&mut web, ANN, SECRET).outcome, "migrated");
    web.query("SELECT ferry.prepare_reset('bob@example.com')", &[]).unwrap();
    web.query("SELECT ferry.set_password('carol@example.com', 'brand new')", &[]).unwrap();
    site.db.sql("SELECT ferry.migrate_login('dora@example.com')");
    assert_eq!(login(&mut web, "eve@example.com", "their secret").outcome, "migrated");
    let ways = ["shop/1 1 login", "shop/2 2 reset", "shop/3 3 reset", "shop/4 4 admin", "shop/5 77 adopt"]
        .map(|way| format!("moved {way}"));
    assert_eq!(waiting(&site), ways);
    empty(&site);
    site.db.sql(
        "SELECT ferry.unmigrate_login('ann@example.com');
         SELECT ferry.forget_login('bob@example.com');
         DELETE FROM legacy.customers WHERE id IN (3, 4)",
    );
    site.add_customer("customers", "never@example.com", "their secret");
    site.db.sql("SELECT ferry.forget_login('never@example.com')");
    site.db.sql("SELECT ferry.forget_login('dora@example.com')");
    assert_eq!(import(&site, ", 'delete'").deleted, 1);
    assert_eq!(
        waiting(&site),
        [
            "put_back shop/1 1 admin put_back",
            "forgotten shop/2 2 admin tombstone",
            "forgotten shop/6 admin tombstone",
            "forgotten shop/4 4 admin tombstone",
            "run_started shop import",
            "removed shop/3 3 import gone_from_source",
            "run_ended shop import finished",
        ]
    );
}

#[test]
fn what_is_undone_is_not_told() {
    let site = telling_shop();
    let mut listener = site.db.client();
    listener.batch_execute("LISTEN ferry").unwrap();
    let mut app = site.app();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    assert!(waiting(&site).is_empty() && heard(&mut listener).is_empty(), "nobody hears of it before COMMIT");
    app.batch_execute("ROLLBACK").unwrap();
    app.batch_execute("BEGIN; SAVEPOINT before").unwrap();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    app.batch_execute("ROLLBACK TO before; COMMIT").unwrap();
    assert!(waiting(&site).is_empty() && heard(&mut listener).is_empty());
    // A hook that fails after the notice was written undoes it with the move.
    site.db.sql(&format!("CREATE SCHEMA app AUTHORIZATION {}", site.db.owner()));
    site.as_owner(
        "CREATE FUNCTION app.fail(context jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
    );
    site.db.sql("INSERT INTO ferry.hook (name, point, function) VALUES ('fail', 'after_login', 'app.fail')");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "failed");
    assert_eq!(waiting(&site), ["refused shop/1 login hook_failed"]);
    assert_eq!(heard(&mut listener), ["refused"]);
    site.db.sql("DELETE FROM ferry.hook");
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "migrated");
    assert_eq!(waiting(&site).len(), 2);
}

#[test]
fn first_logins_at_once_are_one_notice() {
    let db = setup_config::shop();
    db.sql(&format!("UPDATE ferry.target SET {ALL}"));
    slow_down_inserts(&db, 0.1);
    let crowd = vec![("alice".to_owned(), setup_config::password_of("alice").to_owned()); 8];
    let answers: Vec<_> = all_at_once(&db, &crowd, "BEGIN").into_iter().map(Result::unwrap).collect();
    assert_eq!(count_of(&answers, "migrated"), 1);
    assert_eq!((db.count("ferry.outbox"), db.count("ferry.outbox WHERE kind = 'moved'")), (1, 1));
}

#[test]
fn an_import_tells_of_each_user_and_notifies_once_a_batch() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 300);
    site.configure("target", ALL);
    site.db.sql("UPDATE legacy.customers SET pwd = 'no hash at all' WHERE id = 7; UPDATE legacy.customers SET email = '' WHERE id = 8");
    let mut listener = site.db.client();
    listener.batch_execute("LISTEN ferry").unwrap();
    import(&site, ", dry_run => true");
    assert_eq!((waiting(&site), heard(&mut listener)), (Vec::new(), Vec::new()));
    let done = import(&site, ", batch_size => 100");
    assert_eq!((done.moved, done.refused), (298, 2));
    let matched: i64 = site.db.one(
        "SELECT count(DISTINCT o.id) FROM ferry.outbox o JOIN ferry.link l USING (source, legacy_key, user_id, target)
         WHERE o.kind = 'moved' AND o.via = 'import' AND o.run = (SELECT max(id) FROM ferry.import_run)",
        &[],
    );
    assert_eq!((matched, site.db.count("ferry.outbox WHERE kind = 'moved'")), (298, 298));
    let rest: Vec<String> =
        waiting(&site).into_iter().filter(|notice| !notice.starts_with("moved")).collect();
    assert_eq!(
        rest,
        [
            "run_started shop import",
            "refused shop/7 import legacy_hash",
            "refused shop/8 import no_login",
            "run_ended shop import finished"
        ]
    );
    let ended: serde_json::Value =
        site.db.one("SELECT detail FROM ferry.outbox WHERE kind = 'run_ended'", &[]);
    assert_eq!(
        (&ended["moved"], &ended["refused"], &ended["operation"]),
        (&298.into(), &2.into(), &"insert".into())
    );
    let mut told = heard(&mut listener);
    told.sort();
    // The last batch may be an empty one, in which the run ends.
    assert_eq!(told, ["moved", "moved", "moved", "refused", "run_ended", "run_started"]);
    // Who is refused for the same reason again is not told of again.
    empty(&site);
    import(&site, "");
    import(&site, ", 'retry'");
    assert_eq!(
        waiting(&site).iter().filter(|notice| notice.starts_with("refused")).count(),
        0,
        "{:?}",
        waiting(&site)
    );
    site.db.sql("UPDATE legacy.customers SET pwd = md5('x') WHERE id IN (7, 8); UPDATE legacy.customers SET email = 'user1@example.com' WHERE id = 8");
    empty(&site);
    import(&site, ", 'retry'");
    let told: BTreeSet<String> =
        waiting(&site).into_iter().filter(|notice| !notice.starts_with("run")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|notice| notice.starts_with("moved shop/7 ")), "{told:?}");
    assert!(
        told.iter().any(|notice| notice.starts_with("refused shop/8 ") && notice.ends_with(" exists")),
        "{told:?}"
    );
}

#[test]
fn a_killed_import_tells_of_nobody_twice_and_forgets_nobody() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 200);
    site.configure("target", "outbox = '{moved}'");
    slow_down_inserts(&site.db, 0.003);
    for least in [40, 120] {
        let mut client = site.db.client();
        let importing = std::thread::spawn(move || {
            client.batch_execute("CALL ferry.import('shop', batch_size => 20)").is_err()
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        while site.db.one::<i64>("SELECT coalesce(sum(done), 0)::bigint FROM ferry.import_run", &[]) < least {
            assert!(Instant::now() < deadline, "{:?}", run(&site));
            std::thread::sleep(Duration::from_millis(5));
        }
        site.db.sql("SELECT pg_terminate_backend(pid) FROM ferry.import_run");
        assert!(importing.join().unwrap());
        assert_eq!(site.db.count("ferry.outbox"), site.db.count("ferry.link"));
    }
    assert_eq!(import(&site, "").done, 200);
    let distinct: i64 =
        site.db.one("SELECT count(DISTINCT legacy_key) FROM ferry.outbox WHERE kind = 'moved'", &[]);
    assert_eq!((distinct, site.db.count("ferry.outbox")), (200, 200));
}

#[test]
fn several_consumers_share_the_notices_and_lose_none() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 500);
    site.configure("target", "outbox = '{moved}'");
    import(&site, "");
    // One takes ten, and holds them.
    let mut dying = consumer(&site.db);
    dying.batch_execute("BEGIN").unwrap();
    let held = take(&mut dying, "10");
    assert_eq!(held.len(), 10);
    let crowd: Vec<_> = (0..4)
        .map(|_| {
            let mut client = consumer(&site.db);
            std::thread::spawn(move || {
                let mut all = Vec::new();
                loop {
                    let taken = take(&mut client, "7");
                    if taken.is_empty() {
                        return all;
                    }
                    assert!(taken.is_sorted() && taken.len() <= 7, "{taken:?}");
                    all.extend(taken);
                }
            })
        })
        .collect();
    let all: Vec<i64> = crowd.into_iter().flat_map(|one| one.join().unwrap()).collect();
    let distinct: BTreeSet<i64> = all.iter().copied().collect();
    assert_eq!(
        (all.len(), distinct.len()),
        (490, 490),
        "nobody waits for the one who holds ten, and nobody gets one of them"
    );
    assert!(held.iter().all(|id| !distinct.contains(id)));
    // What it took is there again after it has died.
    drop(dying);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut again = Vec::new();
    while again.len() < 10 {
        assert!(Instant::now() < deadline, "{again:?}");
        std::thread::sleep(Duration::from_millis(20));
        again.extend(take(&mut consumer(&site.db), "max_rows => NULL"));
    }
    assert_eq!(again, held);
}

#[test]
fn a_consumer_takes_what_it_is_for() {
    let site = telling_shop();
    let mut client = consumer(&site.db);
    site.as_owner("CREATE TABLE members (LIKE users INCLUDING ALL)");
    site.db.sql(
        "INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, hash_policy, outbox)
         SELECT 'club', 'public.members', id_column, login_columns, hash_column, hash_policy, '{moved}' FROM ferry.target;
         INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
         SELECT 'club', 'club', relation, key_column, login_columns, hash FROM ferry.source;
         INSERT INTO ferry.mapping (source, target_column, expression) SELECT 'club', target_column, expression FROM ferry.mapping",
    );
    import(&site, "");
    site.db.sql("CALL ferry.import('club')");
    let kinds = |client: &mut Client, arguments: &str| -> Vec<String> {
        let rows =
            client.query(&format!("SELECT target || ' ' || kind FROM ferry.take_outbox({arguments})"), &[]);
        rows.unwrap().iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(kinds(&mut client, "kinds => '{refused}'"), Vec::<String>::new());
    assert_eq!(kinds(&mut client, "kinds => '{moved}', target => 'club'"), ["club moved"]);
    assert_eq!(kinds(&mut client, "1, '{run_ended,moved}'"), ["default moved"]);
    assert_eq!(kinds(&mut client, ""), ["default run_started", "default run_ended"]);
    let refused = refusal(&mut client, "SELECT ferry.take_outbox(kinds => '{moved,move}')");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("22023", "there is no kind \"move\" of notices")
    );
    assert!(refused.hint.contains("moved, refused, put_back"), "{refused:?}");
}

#[test]
fn a_consumer_can_do_nothing_else() {
    let site = telling_shop();
    let mut client = consumer(&site.db);
    for statement in [
        "TABLE ferry.outbox",
        "DELETE FROM ferry.outbox",
        "SELECT ferry.purge_outbox('0')",
        "SELECT ferry._notice('moved', 'default', NULL, NULL, NULL, NULL, NULL, NULL, '{}')",
        "TABLE users",
        "TABLE ferry.link",
        "SELECT ferry.authenticate('a', 'b')",
    ] {
        assert_eq!(refusal(&mut client, statement).state, "42501", "{statement}");
    }
    assert_eq!(refusal(&mut site.app(), "SELECT ferry.take_outbox()").state, "42501");
}

#[test]
fn kinds_that_are_none_are_refused() {
    let site = Site::shop();
    let mut client = site.db.client();
    let refused = refusal(&mut client, "UPDATE ferry.target SET outbox = '{moved,everything}'");
    assert_eq!(refused.state, "22023");
    assert_eq!(refused.message, "target default, outbox: there is no kind \"everything\"");
    assert!(refused.hint.starts_with("The kinds are moved, refused, "), "{refused:?}");
    let refused = refusal(&mut client, "UPDATE ferry.target SET outbox = '{moved,NULL}'");
    assert!(refused.state == "22023" || refused.state == "23514", "{refused:?}");
}

#[test]
fn a_transaction_that_is_to_be_prepared_can_log_in_without_notify() {
    let cluster = Cluster::start(Options::default().setting("max_prepared_transactions", "5"));
    let db = Db::on(&cluster);
    setup_config::fill(&db);
    setup_config::configure(&db);
    let mut client = db.client();
    let prepare = |client: &mut Client, who: &str| {
        client.batch_execute("BEGIN").unwrap();
        assert_eq!(setup_config::right(client, who), "migrated");
        let prepared = client.batch_execute("PREPARE TRANSACTION 'login'");
        client.batch_execute(if prepared.is_ok() { "COMMIT PREPARED 'login'" } else { "ROLLBACK" }).unwrap();
        prepared.map_err(|error| sqlstate(&error).to_owned())
    };
    assert_eq!(prepare(&mut client, "alice"), Ok(()));
    db.sql("UPDATE ferry.target SET outbox = '{moved}'");
    assert_eq!(prepare(&mut client, "bob"), Err("0A000".to_owned()));
    assert_eq!((db.count("users"), db.count("ferry.outbox")), (1, 0));
    let mut listener = db.client();
    listener.batch_execute("LISTEN ferry").unwrap();
    client.batch_execute("SET ferry.notify = off").unwrap();
    assert_eq!(prepare(&mut client, "bob"), Ok(()));
    assert_eq!((db.count("users"), db.count("ferry.outbox")), (2, 1));
    assert!(heard(&mut listener).is_empty());
}

#[test]
fn after_a_crash_there_are_as_many_notices_as_moves_and_change_data_capture_has_them() {
    let cluster = Cluster::start(Options::default().setting("wal_level", "logical"));
    let db = Db::on(&cluster);
    setup_config::fill(&db);
    setup_config::configure(&db);
    db.sql("UPDATE ferry.target SET outbox = '{moved}'; CREATE PUBLICATION told FOR TABLE ferry.outbox WITH (publish = 'insert')");
    db.rows("SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')", &[]);
    let (mut done, mut undone) = (db.client(), db.client());
    undone.batch_execute("BEGIN").unwrap();
    assert_eq!(setup_config::right(&mut undone, "bob"), "migrated");
    assert_eq!(setup_config::right(&mut done, "alice"), "migrated");
    cluster.stop(Shutdown::Immediate);
    cluster.start_again();
    let mut client = db.client();
    let told = "SELECT string_agg(user_id, ' ') FROM ferry.outbox";
    let moved = "SELECT string_agg(id::text, ' ') FROM users";
    assert_eq!(setup_config::text(&mut client, told, &[]), setup_config::text(&mut client, moved, &[]));
    assert_eq!(setup_config::right(&mut client, "bob"), "migrated");
    assert_eq!(take(&mut client, "").len(), 2);
    // I is the first byte of an INSERT; taking is a DELETE, which the publication leaves out.
    let captured = "SELECT count(*) FILTER (WHERE get_byte(data, 0) = ascii('I')) || ' of ' || count(*) FILTER (WHERE get_byte(data, 0) IN (ascii('I'), ascii('D')))
                    FROM pg_logical_slot_get_binary_changes('cdc', NULL, NULL, 'proto_version', '1', 'publication_names', 'told')";
    assert_eq!(setup_config::text(&mut client, captured, &[]), "2 of 2");
    // The connection that would remove it is gone; the cluster does.
    std::mem::forget(db);
}

#[test]
fn a_read_only_transaction_tells_nothing_and_fails_at_nothing() {
    let site = telling_shop();
    site.db.sql("INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'nobody', 'false')");
    let mut app = site.app();
    app.batch_execute("BEGIN READ ONLY").unwrap();
    assert_eq!(login(&mut app, ANN, SECRET).outcome, "rejected");
    app.batch_execute("COMMIT").unwrap();
    site.db.rows("SELECT * FROM ferry.explain_login($1, $2)", &[&ANN, &SECRET]);
    assert_eq!(waiting(&site), Vec::<String>::new());
}

#[test]
fn a_dump_carries_what_waits_and_numbers_go_on() {
    let site = telling_shop();
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "migrated");
    let copy = Db::empty_on(target());
    let mut listener = copy.client();
    listener.batch_execute("LISTEN ferry").unwrap();
    let restored = copy.psql(&site.db.dump(&[]));
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert!(heard(&mut listener).is_empty(), "a restore announces nothing");
    let contents = "SELECT string_agg(o::text, ' ') FROM ferry.outbox o";
    assert_eq!(copy.one::<String>(contents, &[]), site.db.one::<String>(contents, &[]));
    copy.sql("SELECT ferry.forget_login('ann@example.com')");
    let ids: i64 = copy.one("SELECT count(DISTINCT id) FROM ferry.outbox", &[]);
    assert_eq!(ids, 2);
}

#[test]
fn notices_that_nobody_takes_are_warned_of_and_purged() {
    let site = telling_shop();
    assert_eq!(login(&mut site.app(), ANN, SECRET).outcome, "migrated");
    let warnings = "SELECT object || ': ' || problem || ' ' || hint FROM ferry.check_config() WHERE problem LIKE '%outbox%'";
    assert!(site.db.rows(warnings, &[]).is_empty(), "what is young is not worth a word");
    site.db.sql("UPDATE ferry.outbox SET noted_at = noted_at - interval '2 days'");
    let warning: String = site.db.one(warnings, &[]);
    assert!(
        warning.starts_with(
            "target default: nobody takes moved from ferry.outbox: 1 waiting, the oldest since "
        ),
        "{warning}"
    );
    assert!(warning.contains("ferry.take_outbox()"), "{warning}");
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_outbox()", &[]), 0);
    // What a consumer holds is left to it.
    let mut client = consumer(&site.db);
    client.batch_execute("BEGIN").unwrap();
    assert_eq!(take(&mut client, "").len(), 1);
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_outbox('1 day')", &[]), 0);
    client.batch_execute("ROLLBACK").unwrap();
    assert_eq!(site.db.one::<i64>("SELECT ferry.purge_outbox('1 day')", &[]), 1);
    assert!(site.db.rows(warnings, &[]).is_empty());
}
