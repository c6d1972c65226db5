//! What is counted and noted of legacy users over several imports: who remains, who is refused now, and when that is over.

use crate::import::{crowd, import, md5_shop, refused};
use crate::setup::{Site, login};
use ferry_tests::need_extension;

/// A shop of so many users with a way to deactivate them; nobody is moved yet.
fn shop_of(count: i64) -> Site {
    let site = md5_shop();
    site.configure_source("shop", r#"deactivate = '{"active": "false"}'"#);
    crowd(&site, count);
    site
}

/// What `ferry.progress` says: of how many, moved, refused, tombstoned, remaining.
fn books(site: &Site) -> String {
    site.db.one(
        "SELECT concat_ws(' ', legacy_total, moved_by_login + moved_by_import + moved_otherwise, refused, tombstoned, remaining)
         FROM ferry.progress WHERE source = 'shop'",
        &[],
    )
}

/// A user leaves the legacy system, and comes back by [`bring_back`].
fn send_away(site: &Site, id: i64) {
    site.db.sql(&format!(
        "CREATE TABLE IF NOT EXISTS legacy.away (LIKE legacy.customers);
         WITH gone AS (DELETE FROM legacy.customers WHERE id = {id} RETURNING *) INSERT INTO legacy.away SELECT * FROM gone"
    ));
}

fn bring_back(site: &Site, id: i64) {
    site.db.sql(&format!(
        "WITH back AS (DELETE FROM legacy.away WHERE id = {id} RETURNING *) INSERT INTO legacy.customers SELECT * FROM back"
    ));
}

#[test]
fn a_key_too_long_for_an_index_is_refused_alone() {
    need_extension!("pg_ferry");
    for staged in ["false", "true"] {
        let site = md5_shop();
        crowd(&site, 6);
        site.as_owner(
            "ALTER TABLE legacy.customers ADD nr text;
             UPDATE legacy.customers SET nr = CASE id WHEN 3 THEN (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) n)
                                                      WHEN 4 THEN repeat('k', 1024) WHEN 5 THEN repeat('é', 513) ELSE id::text END",
        );
        site.configure_source("shop", "key_column = 'nr'");
        let all = format!(", staged => {staged}, batch_size => 2");
        let rejects = |dry_run: bool| -> Vec<String> {
            let sql = "SELECT left(legacy_key, 4) || ' ' || reason || ' ' || (octet_length(legacy_key) < 1200)
                       FROM ferry.import_reject WHERE run = (SELECT max(id) FROM ferry.import_run WHERE dry_run = $1) ORDER BY 1";
            site.db.rows(sql, &[&dry_run]).iter().map(|row| row.get(0)).collect()
        };
        let due = ["c4ca long_key true", "éééé long_key true"];
        let dry = import(&site, &format!("{all}, dry_run => true"));
        assert_eq!((dry.state.as_str(), dry.moved, dry.refused), ("finished", 4, 2));
        assert_eq!(rejects(true), due);
        let run = import(&site, &all);
        assert_eq!((run.state.as_str(), run.moved, run.refused), ("finished", 4, 2));
        assert_eq!((rejects(false), books(&site)), (due.map(String::from).to_vec(), "6 4 2 0 0".to_string()));
        let why = "SELECT string_agg(DISTINCT why, ' and ') FROM ferry.remaining_users('shop')";
        assert_eq!(site.db.one::<String>(why, &[]), "refused: long_key");
        let mut app = site.app();
        assert_eq!(login(&mut app, "user3@example.com", "password 3").outcome, "failed");
        assert_eq!(site.why(), "failed/long_key");
        assert_eq!(login(&mut app, "user4@example.com", "password 4").outcome, "ok");
        let forget = "SELECT outcome FROM ferry.forget_login('user3@example.com')";
        assert_eq!(site.db.one::<String>(forget, &[]), "invalid", "there is nobody to forget");
        // The source cannot be asked for them by what is noted.
        assert_eq!(import(&site, &format!(", 'retry', staged => {staged}")).total, 0);
        import(&site, &format!(", 'delete', staged => {staged}"));
        assert_eq!(books(&site), "6 4 2 0 0");
        site.db.sql("UPDATE legacy.customers SET nr = '3' WHERE id = 3");
        assert_eq!((import(&site, &all).moved, books(&site).as_str()), (1, "6 5 1 0 0"));
    }
}

#[test]
fn a_tombstone_whose_row_has_left_the_source_hides_nobody_who_remains() {
    need_extension!("pg_ferry");
    let site = shop_of(10);
    site.db.rows("SELECT ferry.forget_login('user3@example.com')", &[]);
    site.db.rows("SELECT ferry.forget_login('user1@example.com')", &[]);
    send_away(&site, 3);
    import(&site, ", max_rows => 3");
    // A batch of nothing but tombstones does not end it.
    let run = import(&site, ", 'delete', batch_size => 1");
    assert_eq!((run.state.as_str(), run.total, run.done, run.deleted), ("finished", 2, 2, 0));
    assert_eq!(books(&site), "9 2 0 2 6");
    let dry = import(&site, ", 'delete', dry_run => true");
    assert_eq!((dry.total, dry.done, books(&site).as_str()), (2, 2, "9 2 0 2 6"));
    bring_back(&site, 3);
    import(&site, ", dry_run => true");
    assert_eq!(site.db.count("ferry.link WHERE gone_at IS NOT NULL"), 1, "a dry run writes nothing");
    import(&site, ", resume => false");
    assert_eq!(books(&site), "10 8 0 2 0");
}

#[test]
fn whoever_comes_back_remains_no_more_whatever_became_of_them() {
    need_extension!("pg_ferry");
    let site = shop_of(10);
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    import(&site, "");
    for id in [3, 4, 5] {
        send_away(&site, id);
    }
    import(&site, ", 'deactivate'");
    site.db.rows("SELECT ferry.forget_login('user4@example.com')", &[]);
    assert_eq!(import(&site, ", 'delete'").deleted, 2);
    assert_eq!(books(&site), "7 7 0 3 0");
    for (id, operation) in [(3, "insert"), (4, "upsert"), (5, "deactivate")] {
        bring_back(&site, id);
        let run = import(&site, &format!(", '{operation}'"));
        assert_eq!((run.moved, run.refused), (0, 0));
        assert_eq!(books(&site), format!("{} 7 0 3 0", id + 5), "{operation}");
    }
}

#[test]
fn who_was_deleted_here_and_there_remains_nowhere() {
    need_extension!("pg_ferry");
    let site = shop_of(10);
    import(&site, ", max_rows => 5");
    send_away(&site, 3);
    site.db.sql("DELETE FROM users WHERE email = 'user3@example.com'");
    import(&site, ", 'deactivate', dry_run => true");
    assert_eq!(site.db.count("ferry.link WHERE gone_at IS NOT NULL"), 0);
    let run = import(&site, ", 'deactivate'");
    assert_eq!((run.deactivated, run.skipped, books(&site).as_str()), (0, 5, "9 5 0 0 5"));
    assert_eq!(site.db.one::<i64>("SELECT count(*) FROM ferry.remaining_users('shop')", &[]), 5);
}

#[test]
fn who_is_refused_and_leaves_the_source_is_refused_no_more() {
    need_extension!("pg_ferry");
    for operation in ["delete", "deactivate"] {
        for staged in ["false", "true"] {
            let site = shop_of(10);
            site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id IN (3, 4, 5)");
            assert_eq!(import(&site, "").refused, 3);
            send_away(&site, 3);
            send_away(&site, 5);
            import(&site, &format!(", '{operation}', dry_run => true"));
            assert_eq!(refused(&site).len(), 3);
            import(&site, &format!(", '{operation}', batch_size => 1, staged => {staged}"));
            assert_eq!((refused(&site), books(&site).as_str()), (vec!["4 legacy_hash".into()], "8 7 1 0 0"));
        }
    }
}

#[test]
fn a_refused_deletion_is_over_once_nobody_is_to_be_deleted() {
    need_extension!("pg_ferry");
    for operation in ["delete", "deactivate"] {
        let site = shop_of(10);
        import(&site, "");
        site.as_owner(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE check_violation; END$$;
             CREATE TRIGGER keep BEFORE DELETE OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION keep()",
        );
        send_away(&site, 3);
        send_away(&site, 4);
        assert_eq!(import(&site, &format!(", '{operation}'")).refused, 2);
        bring_back(&site, 3);
        site.as_owner("DROP TRIGGER keep ON users; DELETE FROM users WHERE email = 'user4@example.com'");
        assert_eq!(import(&site, &format!(", '{operation}', dry_run => true")).refused, 0);
        assert_eq!(refused(&site).len(), 2);
        assert_eq!(import(&site, &format!(", '{operation}'")).refused, 0);
        assert_eq!(refused(&site), [""; 0], "{operation}");
    }
}

#[test]
fn a_login_settles_what_an_import_has_refused() {
    need_extension!("pg_ferry");
    let site = shop_of(5);
    site.db.sql("UPDATE legacy.customers SET pwd = 'damaged' WHERE id IN (3, 4)");
    assert_eq!(import(&site, "").refused, 2);
    site.db.sql("UPDATE legacy.customers SET pwd = md5('mended') WHERE id IN (3, 4)");
    assert_eq!(login(&mut site.app(), "user3@example.com", "wrong").outcome, "invalid");
    assert_eq!(refused(&site).len(), 2);
    assert_eq!(login(&mut site.app(), "user3@example.com", "mended").outcome, "migrated");
    assert_eq!(refused(&site), ["4 legacy_hash"]);
}
