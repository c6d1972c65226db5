//! Imports and the keys of a source: keys that are equal but written otherwise, arrays as keys, and several rows of one key.

use crate::import::{Run, crowd, import, let_one_row_in_at_a_time, md5_shop, refused};
use crate::setup::Site;
use ferry_tests::{Db, need_extension};

/// A shop whose key is a column `key` of a type, of the customers 1 to `count`.
fn keyed_shop(key_type: &str, key: &str, count: i64) -> Site {
    let site = md5_shop();
    site.as_owner(&format!("ALTER TABLE legacy.customers ADD key {key_type}"));
    site.configure_source("shop", "key_column = 'key'");
    crowd(&site, count);
    site.as_owner(&format!("UPDATE legacy.customers n SET key = {key}"));
    site
}

fn remaining(site: &Site) -> i64 {
    site.db.one("SELECT remaining::bigint FROM ferry.progress WHERE source = 'shop'", &[])
}

/// Deletes, from the source itself and from a copy, whoever is gone: customer 7 and nobody else of 12.
#[track_caller]
fn assert_one_is_deleted(site: &Site) {
    site.as_owner("DELETE FROM legacy.customers WHERE id = 7");
    for staged in ["true", "false"] {
        let dry = import(site, &format!(", 'delete', batch_size => 5, dry_run => true, staged => {staged}"));
        assert_eq!((dry.deleted, dry.skipped, dry.refused), (1, 11, 0), "staged => {staged}");
    }
    assert_eq!(import(site, ", 'delete', batch_size => 5").deleted, 1);
    assert_eq!((site.db.count("users"), site.db.count("ferry.link WHERE gone_at IS NULL")), (11, 11));
}

#[test]
fn nobody_is_deleted_whose_key_is_written_otherwise_now() {
    need_extension!("pg_ferry");
    for (before, key, after, now) in [
        ("int", "id", "numeric(10,1)", "key"),
        ("numeric", "id + 0.50", "numeric", "key + 0.000"),
        ("uuid", "md5(id::text)::uuid", "text", "key::text"),
        ("numeric(10,1)", "id", "int", "key"),
        ("interval", "make_interval(days => id::int)", "interval", "make_interval(hours => 24 * id::int)"),
    ] {
        let site = keyed_shop(before, key, 12);
        assert_eq!(import(&site, "").moved, 12);
        site.as_owner(&format!("ALTER TABLE legacy.customers ALTER key TYPE {after}"));
        site.as_owner(&format!("UPDATE legacy.customers SET key = {now}"));
        if after == "int" {
            // What is no value of the type any more is nobody's end.
            let end =
                crate::setup_config::refusal(&mut site.db.client(), "CALL ferry.import('shop', 'delete')");
            assert_eq!((end.state.as_str(), site.db.count("users")), ("55000", 12), "{end:?}");
            continue;
        }
        assert_one_is_deleted(&site);
    }
}

#[test]
fn nobody_is_deleted_whose_key_differs_in_case_where_case_does_not_count() {
    need_extension!("citext");
    let site = Site::new();
    site.db.sql("CREATE EXTENSION citext");
    site.add_local_source("shop", "customers");
    site.configure_source("shop", "format = 'md5'");
    site.as_owner("ALTER TABLE legacy.customers ADD key citext");
    site.configure_source("shop", "key_column = 'key'");
    crowd(&site, 12);
    site.as_owner("UPDATE legacy.customers SET key = email");
    assert_eq!(import(&site, "").moved, 12);
    site.as_owner("UPDATE legacy.customers SET key = upper(email)");
    assert_one_is_deleted(&site);
}

#[test]
fn nobody_is_deleted_whose_key_another_server_writes_otherwise() {
    need_extension!("postgres_fdw");
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&crate::setup::customers_table("customers"));
    legacy.sql(
        "ALTER TABLE customers ALTER id DROP IDENTITY, DROP CONSTRAINT customers_pkey;
         ALTER TABLE customers ALTER id TYPE numeric;
         INSERT INTO customers (id, email, pwd) SELECT n, format('user%s@example.com', n), '!' FROM generate_series(1, 30) n",
    );
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    site.configure_source("shop", "format = 'md5'");
    assert_eq!(import(&site, "").moved, 30);
    legacy.sql("UPDATE customers SET id = id + 0.00; DELETE FROM customers WHERE id = 7");
    let run = import(&site, ", 'delete', batch_size => 9");
    assert_eq!((run.deleted, run.skipped), (1, 29));
    assert!(legacy.log().contains("id = ANY"), "keys are looked up on the far side");
}

#[test]
fn arrays_are_keys_like_any_other() {
    need_extension!("pg_ferry");
    for key_type in ["int[]", "text[]", "numeric[]"] {
        let site = keyed_shop(key_type, &format!("ARRAY[id % 3, id]::{key_type}"), 30);
        site.as_owner("UPDATE legacy.customers SET pwd = 'damaged' WHERE id IN (4, 5)");
        let run = import(&site, ", batch_size => 7");
        assert_eq!((run.moved, run.refused), (28, 2));
        site.as_owner("UPDATE legacy.customers SET pwd = md5('mended')");
        let run = import(&site, ", 'retry'");
        assert_eq!((run.moved, run.done), (2, 2), "{key_type}");
        site.as_owner("DELETE FROM legacy.customers WHERE id = 9");
        let dry = import(&site, ", 'delete', dry_run => true, staged => true");
        let run = import(&site, ", 'delete', batch_size => 7");
        assert_eq!((dry.deleted, run.deleted, site.db.count("users")), (1, 1, 29), "{key_type}");
    }
}

#[test]
fn rows_of_one_key_are_on_one_page() {
    need_extension!("pg_ferry");
    for (key_type, key) in [
        ("int", "CASE WHEN id <= 20 THEN id WHEN id <= 25 THEN 7 ELSE 20 END"),
        ("text", "'k' || least(id, 20)"),
        // Equal, and two people for their texts.
        ("numeric", "CASE WHEN id <= 20 THEN id ELSE (id - 10) * 1.0 END"),
    ] {
        for arguments in [
            ", batch_size => 1",
            ", batch_size => 2",
            ", batch_size => 7",
            ", batch_size => 7, staged => true",
        ] {
            let site = keyed_shop(key_type, key, 30);
            let run = import(&site, arguments);
            let people: i64 = site.db.one("SELECT count(DISTINCT key::text) FROM legacy.customers", &[]);
            assert_eq!(
                (run.state.as_str(), run.total, run.done, run.moved, run.skipped),
                ("finished", 30, 30, people, 30 - people),
                "{key_type}{arguments}: {:?}",
                refused(&site)
            );
            assert_eq!((site.db.count("users"), remaining(&site)), (people, 0), "{key_type}{arguments}");
        }
    }
}

#[test]
fn rows_of_one_key_are_of_one_transaction_where_a_page_takes_several() {
    need_extension!("pg_ferry");
    let site = keyed_shop("int", "CASE WHEN id BETWEEN 245 AND 260 THEN 245 ELSE id END", 600);
    let_one_row_in_at_a_time(&site);
    let run = import(&site, "");
    assert_eq!((run.done, run.moved, run.skipped), (600, 585, 15));
    assert_eq!(remaining(&site), 0);
}

#[test]
fn rows_of_one_key_on_another_server_are_on_one_page() {
    need_extension!("postgres_fdw");
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&crate::setup::customers_table("customers"));
    legacy.sql(
        "ALTER TABLE customers ALTER id DROP IDENTITY, DROP CONSTRAINT customers_pkey;
         INSERT INTO customers (id, email, pwd) SELECT n / 4, format('user%s@example.com', n), '!' FROM generate_series(1, 400) n",
    );
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    site.configure_source("shop", "format = 'md5'");
    let run = import(&site, ", batch_size => 33");
    assert_eq!((run.done, run.moved, run.skipped), (400, 101, 299));
    assert_eq!(remaining(&site), 0);
    assert!(legacy.log().contains("LIMIT 34"), "pages are cut on the far side");
}

#[test]
fn of_several_rows_of_one_key_the_first_brings_up_to_date() {
    need_extension!("pg_ferry");
    let site = keyed_shop("int", "(id + 1) / 2", 40);
    site.db.sql("UPDATE ferry.mapping SET on_conflict = 'overwrite' WHERE target_column = 'name'");
    assert_eq!(import(&site, "").moved, 20);
    let outcome = |run: Run| (run.done, run.updated, run.skipped, run.refused);
    for operation in ["update", "upsert"] {
        for arguments in ["", ", batch_size => 3", ", staged => true", ", dry_run => true"] {
            let run = import(&site, &format!(", '{operation}'{arguments}"));
            assert_eq!(outcome(run), (40, 0, 40, 0), "{operation}{arguments}");
        }
    }
    site.as_owner("UPDATE legacy.customers SET last = 'New' WHERE key = 5");
    assert_eq!(outcome(import(&site, ", 'update'")), (40, 1, 39, 0));
    assert_eq!(outcome(import(&site, ", 'update'")), (40, 0, 40, 0));
}
