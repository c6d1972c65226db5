//! The history of imports: what is logged of a run, when it expires and what a purge takes, and the file that gpg opens.

use crate::concurrency::slow_down_inserts;
use crate::import::{crowd, import, md5_shop, refused};
use crate::import_concurrency::{await_done, in_background};
use crate::setup::{Site, login};
use crate::setup_config::{self, refusal};
use ferry_tests::need_extension;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PASSPHRASE: &str = "gänse \"füßchen\" 語 $1";

/// The log as `kind severity: message`, without rates, which differ from run to run.
fn log(site: &Site) -> Vec<String> {
    let sql = "SELECT kind || ' ' || severity || ': ' || regexp_replace(message, ', [0-9.]+ rows/s', '') FROM ferry.import_log ORDER BY id";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

/// `ferry.progress` as text, but for the moments.
fn progress(site: &Site) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', source, legacy_total, moved_by_login, moved_by_import, refused, tombstoned, remaining) FROM ferry.progress";
    site.db.rows(sql, &[]).iter().map(|row| row.get(0)).collect()
}

/// The ids of the runs.
fn runs(site: &Site) -> Vec<i64> {
    site.db.rows("SELECT id FROM ferry.import_run ORDER BY id", &[]).iter().map(|row| row.get(0)).collect()
}

fn expire_all(site: &Site) {
    site.db.sql("UPDATE ferry.import_run SET expires_at = now()");
}

#[test]
fn each_call_of_a_run_is_logged_with_what_it_came_to() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 30);
    site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id = 7");
    import(&site, ", dry_run => true");
    import(&site, ", max_rows => 20, batch_size => 10");
    import(&site, "");
    let expected = [
        "began info: insert (dry run), source shop, target default: 30 to look at, 30 in the source",
        "finished info: 30 of 30 done, 29 moved, 0 updated, 0 deleted, 0 deactivated, 1 refused, 0 skipped: finished",
        "began info: insert, source shop, target default: 30 to look at, 30 in the source",
        "stopped warning: 20 of 30 done, 19 moved, 0 updated, 0 deleted, 0 deactivated, 1 refused, 0 skipped: max_rows: 20 rows are done",
        "resumed info: insert, source shop, target default: 20 of 30 done before; the call before was stopped by max_rows: 20 rows are done",
        "finished info: 30 of 30 done, 29 moved, 0 updated, 0 deleted, 0 deactivated, 1 refused, 0 skipped: finished",
    ];
    assert_eq!(log(&site), expected);
    let details: Value = site.db.one(
        "SELECT jsonb_agg(detail - 'config' - 'rows_per_second' ORDER BY id) FROM ferry.import_log",
        &[],
    );
    let version: String = site.db.one("SELECT extversion FROM pg_extension WHERE extname = 'pg_ferry'", &[]);
    assert_eq!(
        (&details[2], &details[3]),
        (
            &serde_json::json!({"by": "postgres", "version": version, "total": 30, "source_total": 30, "done": 0,
                                "parameters": {"max_rows": 20, "batch_size": 10}}),
            &serde_json::json!({"total": 30, "done": 20, "moved": 19, "updated": 0, "deleted": 0, "deactivated": 0, "refused": 1, "skipped": 0, "batches": 2}),
        )
    );
    assert_eq!((&details[4]["last_key"], &details[4]["done"]), (&Value::from("20"), &Value::from(20)));
}

#[test]
fn the_config_of_a_call_is_kept_once_and_its_digest_is_that_of_the_exported_file() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 3);
    let admin = site.db.role("dba");
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    // Where the peppers are is not for an admin to know.
    site.db.sql(&format!(
        "LOAD 'pg_ferry'; ALTER DATABASE {} SET ferry.pepper_file = '/srv/secret/peppers'",
        site.db.name()
    ));
    let mut admin = site.db.client_as(&admin);
    admin.batch_execute("CALL ferry.import('shop', dry_run => true)").unwrap();
    admin.batch_execute("CALL ferry.import('shop')").unwrap();
    let exported = "SELECT string_agg(line || E'\\n', '' ORDER BY n) FROM ferry.export_config() WITH ORDINALITY AS e (line, n)";
    let exported = setup_config::text(&mut admin, exported, &[]);
    let kept = "SELECT string_agg(config, '') FROM ferry.import_config";
    assert_eq!(setup_config::text(&mut admin, kept, &[]), exported);
    assert!(exported.contains("'shop'") && !exported.contains("/srv/secret"), "{exported}");
    let digest = "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')";
    let digest = setup_config::text(&mut admin, digest, &[&exported]);
    assert_eq!(
        site.db.count(&format!("ferry.import_log WHERE kind = 'began' AND detail ->> 'config' = '{digest}'")),
        2
    );
    // Another config is another one.
    site.map("shop", "active", "l.active");
    import(&site, "");
    assert_eq!(site.db.count("ferry.import_config"), 2);
    let newest = "SELECT config FROM ferry.import_config WHERE digest = (SELECT detail ->> 'config' FROM ferry.import_log WHERE detail ? 'config' ORDER BY id DESC LIMIT 1)";
    assert!(site.db.one::<String>(newest, &[]).contains("l.active"));
}

#[test]
fn progress_is_logged_once_a_minute_and_a_call_that_was_cut_off_by_the_next_one() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 400);
    slow_down_inserts(&site.db, 0.05);
    let importing = in_background(&site, "CALL ferry.import('shop', batch_size => 5)");
    await_done(&site, 10);
    let progressed =
        "ferry.import_log WHERE kind = 'progress' AND severity = 'info' AND (detail ->> 'done')::int > 0";
    site.db.sql("UPDATE ferry.import_log SET logged_at = logged_at - interval '1 minute'");
    let deadline = Instant::now() + Duration::from_secs(60);
    while site.db.count(progressed) == 0 {
        assert!(Instant::now() < deadline, "{:?}", log(&site));
        std::thread::sleep(Duration::from_millis(5));
    }
    site.db.rows("SELECT pg_cancel_backend(pid) FROM ferry.import_run", &[]);
    assert_eq!(importing.join().unwrap(), "57014");
    site.db.sql("ALTER TABLE users DISABLE TRIGGER USER");
    import(&site, ", batch_size => 10");
    let batches: i64 = site.db.one("SELECT batches FROM ferry.import_run", &[]);
    assert!(site.db.count(progressed) < batches / 2, "{:?}", log(&site));
    let told: Vec<String> = log(&site).into_iter().filter(|line| !line.starts_with("progress")).collect();
    assert!(
        told[1].starts_with("resumed warning: ") && told[1].contains("was cut off: cancelled, killed"),
        "{told:?}"
    );
    assert!(told[2].starts_with("finished info: 400 of 400 done, 400 moved"), "{told:?}");
}

/// Whether the newest run expires about so long after its end.
fn expires_after(site: &Site, interval: &str) -> bool {
    let sql =
        "SELECT expires_at = ended_at + $1::text::interval FROM ferry.import_run ORDER BY id DESC LIMIT 1";
    site.db.one(sql, &[&interval])
}

#[test]
fn a_run_expires_when_the_setting_says_or_the_dba() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 10);
    site.db.sql("SET TimeZone = 'UTC'");
    import(&site, ", dry_run => true");
    assert!(expires_after(&site, "1 year"));
    for (retention, interval) in [("0", "0"), ("90 days", "90 days"), (" 1 mon 12 hours ", "1 mon 12 hours")]
    {
        site.db.sql(&format!("SET ferry.history_retention = '{retention}'"));
        import(&site, ", dry_run => true");
        assert!(expires_after(&site, interval), "{retention}");
    }
    for forever in ["infinity", "Infinity "] {
        site.db.sql(&format!("SET ferry.history_retention = '{forever}'"));
        import(&site, ", dry_run => true");
        let newest = "SELECT expires_at = 'infinity' FROM ferry.import_run ORDER BY id DESC LIMIT 1";
        assert!(site.db.one::<bool>(newest, &[]), "{forever}");
    }
    let before = runs(&site);
    for nonsense in ["a year", "", "-1 day", "300000 years", "7000 years", "-infinity"] {
        let call = format!("SET ferry.history_retention = '{nonsense}'; SELECT ferry._history_expiry(now())");
        let refused = refusal(&mut site.db.client(), &format!("LOAD 'pg_ferry'; {call}"));
        assert_eq!(refused.state, "22023", "{refused:?}");
        let named = format!("invalid value for parameter \"ferry.history_retention\": \"{nonsense}\"");
        assert_eq!(refused.message, named);
        assert!(refused.hint.contains("90 days"), "{refused:?}");
    }
    site.db.sql("SET ferry.history_retention = 'a year'");
    assert_eq!(
        setup_config::Refusal::of(&site.db.try_sql("CALL ferry.import('shop')").unwrap_err()).state,
        "22023"
    );
    assert_eq!(runs(&site), before, "a run has begun that would never expire");
    site.db.sql("SET ferry.history_retention = '1 year'");
    // What the DBA says outlives the next call, which only puts it off.
    import(&site, ", max_rows => 3");
    let run = *runs(&site).last().unwrap();
    let expiry = || {
        site.db.one::<String>("SELECT expires_at::text FROM ferry.import_run ORDER BY id DESC LIMIT 1", &[])
    };
    site.db.sql(&format!("SELECT ferry.keep_run({run})"));
    import(&site, ", max_rows => 3");
    assert_eq!((*runs(&site).last().unwrap(), expiry().as_str()), (run, "infinity"));
    site.db.sql(&format!("SELECT ferry.keep_run({run}, '2020-01-01')"));
    assert!(expiry().starts_with("2020-01-01"));
    assert_eq!(
        log(&site).last().unwrap(),
        "kept info: to be kept until 2020-01-01 00:00:00+00, says postgres"
    );
    import(&site, "");
    assert!(expires_after(&site, "1 year"));
    for (call, message) in [
        ("SELECT ferry.keep_run(12345)", "there is no run 12345 of ferry.import"),
        ("SELECT ferry.keep_run(NULL)", "there is no run null of ferry.import"),
        ("SELECT ferry.keep_run(1, NULL)", "a run is kept until some time, not until null"),
    ] {
        let refused = refusal(&mut site.db.client(), call);
        assert_eq!((refused.state.as_str(), refused.message.as_str()), ("22023", message));
        assert!(!refused.hint.is_empty(), "{refused:?}");
    }
}

#[test]
fn a_purge_takes_what_has_expired_and_leaves_what_progress_counts_by() {
    need_extension!("pg_ferry");
    for batch_size in ["", "1"] {
        let site = md5_shop();
        crowd(&site, 20);
        let purge = || site.db.sql(&format!("CALL ferry.purge_history({batch_size})"));
        site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id BETWEEN 3 AND 7");
        import(&site, ", dry_run => true");
        import(&site, "");
        site.db.sql("UPDATE legacy.customers SET pwd = md5('mended') WHERE id IN (3, 4)");
        import(&site, ", 'retry'");
        import(&site, "");
        site.map("shop", "active", "l.active");
        import(&site, "");
        let (before, was_refused) = (progress(&site), refused(&site));
        assert_eq!((runs(&site).len(), was_refused.len()), (5, 3));
        // Nothing has expired.
        purge();
        assert_eq!((runs(&site).len(), site.db.count("ferry.import_reject")), (5, 19));
        // The third is kept for ever; the last but one has the refusals that stand no more.
        expire_all(&site);
        let third = runs(&site)[2];
        site.db.sql(&format!("SELECT ferry.keep_run({third}, now() + interval '1 day')"));
        purge();
        assert_eq!(progress(&site), before);
        assert_eq!(refused(&site), was_refused);
        assert_eq!((runs(&site).len(), site.db.count("ferry.import_reject")), (2, 6), "{batch_size}");
        assert_eq!(site.db.count("ferry.import_config"), 2);
        // Those whom a login moves are refused no more.
        site.db.sql("UPDATE legacy.customers SET pwd = md5('mended') WHERE id BETWEEN 3 AND 7");
        let answer = login(&mut site.app(), "user5@example.com", "mended");
        assert_eq!(answer.outcome, "migrated");
        expire_all(&site);
        let before = progress(&site);
        purge();
        assert_eq!((runs(&site).len(), site.db.count("ferry.import_reject")), (1, 2));
        assert_eq!((progress(&site), refused(&site).len()), (before, 2));
        import(&site, ", 'retry'");
        expire_all(&site);
        let before = progress(&site);
        purge();
        assert_eq!((runs(&site).len(), site.db.count("ferry.import_reject")), (1, 0));
        assert_eq!(progress(&site), before);
        assert_eq!((site.db.count("ferry.import_config"), site.db.count("ferry.link")), (1, 20));
        // Without the source nobody counts by it.
        site.db.sql("DELETE FROM ferry.mapping; DELETE FROM ferry.source");
        purge();
        let left =
            ["run", "log", "reject", "config"].map(|table| site.db.count(&format!("ferry.import_{table}")));
        assert_eq!(left, [0; 4]);
    }
}

#[test]
fn those_whose_update_is_refused_are_refused_still_when_it_has_expired() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 10);
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    import(&site, "");
    site.as_owner("UPDATE legacy.customers SET last = 'Nemo' WHERE id < 3; ALTER TABLE users ADD CHECK (name <> 'Ann Nemo')");
    import(&site, ", 'update'");
    import(&site, ", dry_run => true");
    expire_all(&site);
    site.db.sql("CALL ferry.purge_history()");
    assert_eq!(refused(&site).len(), 2);
    assert_eq!(runs(&site), [2, 3]);
    site.db.sql("SELECT ferry.forget_login('user1@example.com')");
    site.db.sql("CALL ferry.purge_history()");
    assert_eq!(refused(&site), ["2 write_failed users_name_check 23514"]);
}

#[test]
fn a_purge_leaves_runs_under_way_alone() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 200);
    site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id BETWEEN 101 AND 110");
    site.db.sql(&format!("ALTER DATABASE {} SET ferry.history_retention = '0'", site.db.name()));
    // One that was cut off is not under way, nor is it needed once there is another.
    in_background(&site, "CALL ferry.import('shop', max_rows => 5)").join().unwrap();
    site.db.sql("UPDATE ferry.import_run SET state = 'running'");
    // Between its batches a slow one holds no lock.
    let first = in_background(
        &site,
        "CALL ferry.import('shop', rows_per_second => 60, batch_size => 5, key_to => '101')",
    );
    await_done(&site, 11);
    let second = in_background(
        &site,
        "CALL ferry.import('shop', rows_per_second => 60, batch_size => 5, key_from => '101')",
    );
    while !(first.is_finished() && second.is_finished()) {
        site.db.sql("CALL ferry.purge_history(3)");
    }
    assert_eq!((first.join().unwrap().as_str(), second.join().unwrap().as_str()), ("finished", "finished"));
    assert_eq!((site.counts().0, refused(&site).len()), (190, 10));
    site.db.sql("CALL ferry.purge_history()");
    assert_eq!(runs(&site), [3]);
}

#[test]
fn a_purge_sees_what_it_has_waited_for_in_any_isolation() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, ", dry_run => true");
    import(&site, "");
    expire_all(&site);
    let mut dba = site.db.client();
    dba.batch_execute(
        "BEGIN; LOCK TABLE ferry.import_run IN SHARE ROW EXCLUSIVE MODE; SELECT ferry.keep_run(1)",
    )
    .unwrap();
    let mut client = site.db.client();
    client.batch_execute("SET default_transaction_isolation = 'repeatable read'").unwrap();
    let purge = std::thread::spawn(move || client.batch_execute("CALL ferry.purge_history()"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while site.db.count("pg_locks WHERE NOT granted AND relation = 'ferry.import_run'::regclass") == 0 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    dba.batch_execute("COMMIT").unwrap();
    purge.join().unwrap().unwrap();
    assert_eq!(runs(&site), [1, 2]);
}

#[test]
fn a_purge_that_cannot_be_done_says_so() {
    need_extension!("pg_ferry");
    let site = Site::shop();
    for (call, state, message) in [
        (
            "BEGIN; CALL ferry.purge_history()",
            "25001",
            "ferry.purge_history cannot run inside a transaction block",
        ),
        ("CALL ferry.purge_history(0)", "22023", "batch_size of ferry.purge_history is out of range"),
        ("CALL ferry.purge_history(NULL)", "22023", "batch_size of ferry.purge_history is out of range"),
    ] {
        let refused = refusal(&mut site.db.client(), call);
        assert_eq!((refused.state.as_str(), refused.message.as_str()), (state, message));
        assert!(!refused.hint.is_empty(), "{refused:?}");
    }
    let mut client = site.db.client();
    client.batch_execute("SET default_transaction_read_only = on").unwrap();
    let refused = refusal(&mut client, "CALL ferry.purge_history()");
    assert_eq!(
        (refused.state.as_str(), refused.message.as_str()),
        ("55000", "ferry.purge_history cannot write here")
    );
}

/// A directory for GnuPG, whose keys, agents and settings are nobody else's.
pub(crate) struct Gpg {
    home: PathBuf,
}

impl Gpg {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("ferry-gpg-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let home = std::env::temp_dir().join(name);
        std::fs::create_dir(&home).unwrap();
        std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Self { home }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// What `gpg --decrypt` makes of a file.
    fn decrypt(&self, armored: &str, passphrase: &str) -> Output {
        let file = self.home.join("file.asc");
        std::fs::write(&file, armored).unwrap();
        let mut gpg = Command::new("gpg")
            .args([
                "--batch",
                "--no-autostart",
                "--pinentry-mode",
                "loopback",
                "--passphrase-fd",
                "0",
                "--decrypt",
            ])
            .arg(&file)
            .env("GNUPGHOME", &self.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cannot run gpg");
        drop(writeln!(gpg.stdin.take().unwrap(), "{passphrase}"));
        gpg.wait_with_output().unwrap()
    }

    /// The lines of an export.
    #[track_caller]
    pub(crate) fn open(&self, armored: &str, passphrase: &str) -> Vec<Value> {
        let opened = self.decrypt(armored, passphrase);
        let told = String::from_utf8_lossy(&opened.stderr);
        assert!(opened.status.success(), "{told}");
        assert!(told.contains("AES256"), "{told}");
        lines(str::from_utf8(&opened.stdout).unwrap())
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.home));
    }
}

fn lines(document: &str) -> Vec<Value> {
    document
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// What is in the tables of a run, as an export names it; moments are in UTC.
fn tables(site: &Site, run: i64) -> Vec<Value> {
    let mut client = site.db.client();
    client.batch_execute("SET TimeZone = 'UTC'").unwrap();
    let sql = "SELECT jsonb_build_object(name, line) FROM (
                   SELECT 1, '', 'run' AS name, to_jsonb(r) AS line FROM ferry.import_run r WHERE id = $1
                   UNION ALL SELECT 2, digest, 'config', to_jsonb(c) FROM ferry.import_config c
                   UNION ALL SELECT 3, to_char(id, 'FM00000'), 'log', to_jsonb(l) FROM ferry.import_log l WHERE run = $1
                   UNION ALL SELECT 4, noted_at::text || legacy_key COLLATE \"C\", 'reject', to_jsonb(i) FROM ferry.import_reject i WHERE run = $1
               ) all_of_it (part, place, name, line)
               ORDER BY part, place COLLATE \"C\"";
    client.query(sql, &[&run]).unwrap().iter().map(|row| row.get(0)).collect()
}

#[track_caller]
fn assert_is_the_run(site: &Site, exported: &[Value], run: i64) {
    let truth = tables(site, run);
    assert_eq!(exported[1..exported.len() - 1], truth);
    let header = &exported[0]["header"];
    assert!(header["title"].as_str().unwrap().contains(&format!("run {run} of ferry.import")), "{header}");
    assert_eq!(header["database"], site.db.name());
    assert!(header["exported_at"].as_str().unwrap().ends_with("+00:00"), "{header}");
    let count = |name: &str| Value::from(truth.iter().filter(|line| line.get(name).is_some()).count());
    let end = &exported[exported.len() - 1]["end"];
    assert_eq!(
        (&end["config"], &end["log"], &end["reject"]),
        (&count("config"), &count("log"), &count("reject"))
    );
}

/// A shop whose legacy keys are any text, with a run that refuses some of them.
fn hostile_shop() -> (Site, i64) {
    let site = md5_shop();
    site.as_owner("ALTER TABLE legacy.customers ALTER id DROP IDENTITY; ALTER TABLE legacy.customers ALTER id TYPE text");
    let keys = [
        "line\nbreak",
        "cr\r\nlf",
        "'quotes\" \\back\\slash",
        "Ünïcødé 語 \u{1F600} \u{202e}",
        "{\"run\":{\"id\":1}}",
        "\t \u{7}",
        "-----END PGP MESSAGE-----",
        "$$; DROP TABLE users; --",
        "<script>",
    ];
    for (n, key) in keys.iter().enumerate() {
        site.db.rows(
            "INSERT INTO legacy.customers (id, email, pwd) VALUES ($1, $2, 'damaged')",
            &[key, &format!("hostile{n}@example.com")],
        );
    }
    import(&site, "");
    assert_eq!(site.db.count("ferry.import_reject"), i64::try_from(keys.len()).unwrap());
    let run = runs(&site)[0];
    site.db.sql("SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = -10");
    (site, run)
}

fn export(site: &Site, run: i64, passphrase: &str) -> String {
    site.db.one("SELECT ferry.export_log($1, $2)", &[&run, &passphrase])
}

#[test]
fn gpg_opens_an_exported_log_with_its_passphrase_alone_and_finds_what_is_in_the_tables() {
    need_extension!("pgcrypto");
    let (site, run) = hostile_shop();
    site.db.sql("CREATE SCHEMA \"odd \"\"schema\"; CREATE EXTENSION pgcrypto SCHEMA \"odd \"\"schema\"");
    let armored = export(&site, run, PASSPHRASE);
    assert!(armored.starts_with("-----BEGIN PGP MESSAGE-----\nComment: log of run "), "{armored}");
    let gpg = Gpg::new();
    assert_is_the_run(&site, &gpg.open(&armored, PASSPHRASE), run);
    for wrong in ["", "gänse \"füßchen\" 語 $2", "correct horse battery staple"] {
        let opened = gpg.decrypt(&armored, wrong);
        assert!(!opened.status.success() && opened.stdout.is_empty(), "{wrong} opens it");
    }
    assert_ne!(export(&site, run, PASSPHRASE), armored, "each file has a salt of its own");
    let plain: Vec<Value> = {
        let rows = site.db.rows("SELECT * FROM ferry.export_log_plain($1)", &[&run]);
        rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect()
    };
    assert_is_the_run(&site, &plain, run);
    let exports =
        "SELECT string_agg(message, ', ' ORDER BY id) FROM ferry.import_log WHERE kind = 'exported'";
    assert_eq!(
        site.db.one::<String>(exports, &[]),
        "exported by postgres, encrypted, exported by postgres, encrypted, exported by postgres, in plain"
    );
    // Where nothing can be written, nothing is logged, and the file is the same.
    let mut client = site.db.client();
    client.batch_execute("BEGIN READ ONLY").unwrap();
    let armored: String =
        client.query_one("SELECT ferry.export_log($1, $2)", &[&run, &PASSPHRASE]).unwrap().get(0);
    assert_is_the_run(&site, &gpg.open(&armored, PASSPHRASE), run);
}

#[test]
fn a_database_in_another_encoding_exports_utf8() {
    need_extension!("pgcrypto");
    let home = Site::shop();
    let (database, _) = crate::encodings::latin1(&home.db, "lower");
    let mut dba = database.client_as("postgres");
    dba.batch_execute(
        "CREATE EXTENSION pgcrypto; INSERT INTO \"möbel\" VALUES ('schlüssel', 'ä', 'Köln', 'damaged')",
    )
    .unwrap();
    dba.batch_execute("CALL ferry.import('bücher')").unwrap();
    let mut export = |passphrase: &str| {
        dba.query_one("SELECT ferry.export_log(1, $1)", &[&passphrase]).map(|row| row.get::<_, String>(0))
    };
    let opened = Gpg::new().open(&export("all of it is ASCII").unwrap(), "all of it is ASCII");
    let reject = opened.iter().find_map(|line| line.get("reject")).unwrap();
    assert_eq!(reject["legacy_key"], "schlüssel");
    // Its bytes would be others than those that gpg asks for.
    let refused = setup_config::Refusal::of(&export("nicht nur in Köln").unwrap_err());
    assert_eq!(refused.state, "22023", "{refused:?}");
    assert!(refused.hint.contains("ASCII"), "{refused:?}");
}

#[test]
fn a_bad_passphrase_is_refused_and_none_is_ever_told() {
    need_extension!("pgcrypto");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, "");
    site.db.sql("CREATE EXTENSION pgcrypto");
    let mut client = site.db.client();
    for (passphrase, message) in [
        (None, "the passphrase of ferry.export_log is too short"),
        (Some(""), "the passphrase of ferry.export_log is too short"),
        (Some("eleven char"), "the passphrase of ferry.export_log is too short"),
        (Some("   little but blanks   "), ""),
        (Some(" blanks      "), "the passphrase of ferry.export_log is too short"),
        (
            Some("two lines\nof a secret"),
            "the passphrase of ferry.export_log has characters that other programs would not read alike",
        ),
        (
            Some("a bell\u{7} in a secret"),
            "the passphrase of ferry.export_log has characters that other programs would not read alike",
        ),
    ] {
        let result = client.query_one("SELECT ferry.export_log(1, $1)", &[&passphrase]);
        if message.is_empty() {
            result.unwrap();
            continue;
        }
        let error = result.unwrap_err();
        let refused = setup_config::Refusal::of(&error);
        assert_eq!((refused.state.as_str(), refused.message.as_str()), ("22023", message));
        assert!(!refused.hint.is_empty(), "{refused:?}");
        let told = format!("{:?}", error.as_db_error());
        assert!(
            passphrase.is_none_or(|passphrase| passphrase.is_empty() || !told.contains(passphrase)),
            "{told}"
        );
    }
    let refused = client.query_one("SELECT ferry.export_log(99, 'the secret of a run')", &[]).unwrap_err();
    assert_eq!(setup_config::Refusal::of(&refused).message, "there is no run 99 of ferry.import");
    // With every statement logged and bound values not, it is in no line of the log.
    client
        .batch_execute(
            "SET log_statement = 'all'; SET log_min_duration_statement = 0; SET log_parameter_max_length = 0",
        )
        .unwrap();
    client.query_one("SELECT ferry.export_log(1, $1)", &[&"bound and never told"]).unwrap();
    client.query_one("SELECT ferry.export_log(99, $1)", &[&"bound and never told"]).unwrap_err();
    let told = site.db.log();
    assert!(
        told.contains("SELECT ferry.export_log(99, $1)") && !told.contains("never told"),
        "{}",
        told.text()
    );
    let kept: String = site.db.one("SELECT string_agg(l::text, '') FROM ferry.import_log l", &[]);
    assert!(kept.contains("exported") && !kept.contains("never told"), "{kept}");
}

#[test]
fn functions_that_somebody_has_planted_never_see_the_passphrase() {
    need_extension!("pgcrypto");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, "");
    let refused = refusal(&mut site.db.client(), "SELECT ferry.export_log(1, 'long enough for one')");
    assert_eq!(refused.state, "55000", "{refused:?}");
    assert!(
        refused.message.contains("pgcrypto") && refused.hint.ends_with("CREATE EXTENSION pgcrypto;"),
        "{refused:?}"
    );
    // One who may install pgcrypto, and plants functions of the same names wherever they may.
    let (mallory, admin) = (site.db.role("mallory"), site.db.role("dba"));
    site.db.sql(&format!(
        "GRANT CREATE ON DATABASE {} TO {mallory}; GRANT CREATE ON SCHEMA public TO {mallory}",
        site.db.name()
    ));
    site.db.sql(&format!("CREATE SCHEMA crypto AUTHORIZATION {mallory}"));
    let plant = |schema: &str| {
        format!(
            "CREATE FUNCTION {schema}.pgp_sym_encrypt_bytea(bytea, text, text) RETURNS bytea LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'caught % as %', $2, current_user; END $$;
             CREATE FUNCTION {schema}.armor(bytea, text[], text[]) RETURNS text LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'caught as %', current_user; END $$;"
        )
    };
    let mut client = site.db.client_as(&mallory);
    client.batch_execute(&plant("crypto")).unwrap();
    client.batch_execute("CREATE EXTENSION pgcrypto SCHEMA public").unwrap();
    client
        .batch_execute(
            "ALTER EXTENSION pgcrypto ADD FUNCTION crypto.pgp_sym_encrypt_bytea(bytea, text, text);
             ALTER EXTENSION pgcrypto ADD FUNCTION crypto.armor(bytea, text[], text[]);
             CREATE FUNCTION public.pgp_sym_encrypt_bytea(bytea, varchar, text) RETURNS bytea LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'caught %', $2; END $$;
             CREATE FUNCTION public.convert_to(text, text) RETURNS bytea LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'caught'; END $$",
        )
        .unwrap();
    client.batch_execute(&plant("pg_temp")).unwrap();
    // Which of them came first says nothing.
    site.db.sql(
        "ALTER EXTENSION pgcrypto DROP FUNCTION public.pgp_sym_encrypt_bytea(bytea, text, text);
         ALTER EXTENSION pgcrypto ADD FUNCTION public.pgp_sym_encrypt_bytea(bytea, text, text)",
    );
    site.db.rows("SELECT ferry.grant_access($1::text::name, 'admin')", &[&admin]);
    let mut admin = site.db.client_as(&admin);
    admin.batch_execute("SET search_path = crypto, public, pg_catalog").unwrap();
    admin.batch_execute(&plant("pg_temp")).unwrap();
    let armored = setup_config::text(&mut admin, "SELECT ferry.export_log(1, $1)", &[&"long enough for one"]);
    assert_eq!(Gpg::new().open(&armored, "long enough for one")[1]["run"]["moved"], 1);
}

#[test]
fn who_may_audit_reads_and_exports_and_changes_nothing() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 1);
    import(&site, "");
    let (admin, auditor) = (site.db.role("dba"), site.db.role("auditor"));
    let change = |verb: &str, role: &str, task: &str| {
        site.db.rows(&format!("SELECT ferry.{verb}_access($1::text::name, $2)"), &[&role, &task]);
    };
    change("grant", &admin, "admin");
    change("grant", &auditor, "audit");
    let plain = "SELECT count(*)::text FROM ferry.export_log_plain(1)";
    let mut app = site.app();
    for statement in [
        plain,
        "SELECT ferry.export_log(1, 'long enough for one')",
        "SELECT ferry.keep_run(1)",
        "CALL ferry.purge_history()",
        "TABLE ferry.import_log",
        "TABLE ferry.import_config",
    ] {
        assert_eq!(refusal(&mut app, statement).state, "42501", "{statement}");
    }
    let mut dba = site.db.client_as(&admin);
    assert_eq!(refusal(&mut dba, plain).state, "42501");
    dba.batch_execute("SELECT ferry.keep_run(1); TABLE ferry.import_log; TABLE ferry.import_config").unwrap();
    dba.batch_execute("CALL ferry.purge_history()").unwrap();
    for statement in ["DELETE FROM ferry.import_log", "UPDATE ferry.import_run SET expires_at = now()"] {
        assert_eq!(refusal(&mut dba, statement).state, "42501", "{statement}");
    }
    let mut client = site.db.client_as(&auditor);
    assert_eq!(setup_config::text(&mut client, plain, &[]), "8");
    for table in ["import_run", "import_log", "import_reject", "import_config", "progress", "event"] {
        client.batch_execute(&format!("TABLE ferry.{table}")).unwrap();
    }
    client.batch_execute("SELECT source, legacy_key, user_id, via, moved_at FROM ferry.link").unwrap();
    for statement in [
        "CALL ferry.import('shop')",
        "CALL ferry.purge_history()",
        "SELECT ferry.keep_run(1)",
        "TABLE ferry.target",
        "SELECT replaced FROM ferry.link",
        "SELECT hash_digest FROM ferry.link",
        "DELETE FROM ferry.event",
    ] {
        assert_eq!(refusal(&mut client, statement).state, "42501", "{statement}");
    }
    // Of two tasks that give the same, one may go.
    change("grant", &admin, "audit");
    change("revoke", &admin, "audit");
    assert_eq!(refusal(&mut dba, plain).state, "42501");
    dba.batch_execute("TABLE ferry.import_log; TABLE ferry.event; TABLE ferry.progress").unwrap();
    change("grant", &admin, "audit");
    change("revoke", &admin, "admin");
    assert_eq!(refusal(&mut dba, "TABLE ferry.target").state, "42501");
    dba.batch_execute("TABLE ferry.import_log; TABLE ferry.event; TABLE ferry.progress").unwrap();
    change("revoke", &admin, "audit");
    assert_eq!(refusal(&mut dba, "TABLE ferry.import_log").state, "42501");
}
