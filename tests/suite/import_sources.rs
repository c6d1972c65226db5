//! Imports from stores of several kinds: no row is skipped, whatever order the far end has.

use crate::import::{Run, crowd, import, md5_shop, refused};
use crate::setup::{Site, customers_table, login};
use crate::setup_config::refusal;
use ferry_tests::{Db, need_extension};

/// A site whose shop is on another server.
fn foreign_shop(key_type: &str, keys: &str) -> (Site, Db<'static>) {
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&customers_table("customers"));
    legacy.sql(&format!(
        "ALTER TABLE customers ALTER id DROP IDENTITY;
         ALTER TABLE customers ALTER id TYPE {key_type} USING NULL;
         INSERT INTO customers (id, email, pwd)
         SELECT {keys}, format('user%s@example.com', n), md5(format('password %s', n)) FROM generate_series(1, 500) n"
    ));
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    site.configure_source("shop", "format = 'md5'");
    (site, legacy)
}

#[track_caller]
fn assert_all_moved(site: &Site, run: &Run) {
    assert_eq!((run.state.as_str(), run.done, run.moved), ("finished", 500, 500), "{:?}", refused(site));
    assert_eq!(site.db.count("users"), 500);
}

#[test]
fn everybody_comes_from_a_postgres_server_page_by_page() {
    need_extension!("postgres_fdw");
    let (site, legacy) = foreign_shop("bigint", "n * 7");
    assert_all_moved(&site, &import(&site, ", batch_size => 60"));
    assert_eq!(login(&mut site.app(), "user9@example.com", "password 9").outcome, "ok");
    assert!(legacy.log().contains("LIMIT 61"), "pages are cut on the far side");
}

#[test]
fn keys_of_other_types_skip_nobody() {
    need_extension!("postgres_fdw");
    // Under most collations these are in another order than their bytes are.
    let texts = "substr('aAbBcC_-äÄzZ', n % 12 + 1, 1) || md5(n::text)";
    for (key_type, keys) in [
        ("text", texts),
        ("uuid", "md5(n::text)::uuid"),
        ("numeric", "n / 7.0"),
        ("date", "'2000-01-01'::date + n"),
    ] {
        let (site, _legacy) = foreign_shop(key_type, keys);
        assert_all_moved(&site, &import(&site, ", batch_size => 60"));
        let (site, _legacy) = foreign_shop(key_type, keys);
        for _ in 0..4 {
            import(&site, ", max_rows => 120");
        }
        assert_all_moved(&site, &import(&site, ""));
    }
}

#[test]
fn local_text_keys_skip_nobody_even_where_they_compare_as_equal() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    site.as_owner("ALTER TABLE legacy.customers ADD code text UNIQUE");
    crowd(&site, 200);
    site.db.sql("UPDATE legacy.customers SET code = substr('aAbBcC_-zZ', id::int % 10 + 1, 1) || id");
    site.configure_source("shop", "key_column = 'code'");
    let run = import(&site, ", batch_size => 7");
    assert_eq!((run.done, run.moved), (200, 200));
}

#[test]
fn a_file_is_imported() {
    need_extension!("file_fdw");
    let site = Site::new();
    let path = site.db.cluster().data_directory().join(format!("{}.csv", site.db.name()));
    let owner = site.db.owner();
    site.db.sql(&format!(
        "CREATE EXTENSION file_fdw;
         CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
         CREATE SCHEMA legacy AUTHORIZATION {owner};
         COPY (SELECT n, format('user%s@example.com', n), 'Ann', 'Nr ' || n, md5(format('password %s', n)) FROM generate_series(1, 500) n)
             TO '{0}' (FORMAT csv);
         CREATE FOREIGN TABLE legacy.customers (id text, email text, first text, last text, pwd text)
             SERVER files OPTIONS (filename '{0}', format 'csv');
         GRANT SELECT ON legacy.customers TO {owner}",
        path.display()
    ));
    site.add_source("shop", "legacy.customers");
    site.configure_source("shop", "format = 'md5'");
    assert_all_moved(&site, &import(&site, ", batch_size => 60"));
    let refusal = {
        site.db.sql(&format!("COPY (SELECT 1, 'only two') TO '{}' (FORMAT csv)", path.display()));
        refusal(&mut site.db.client(), "CALL ferry.import('shop')")
    };
    assert_eq!(refusal.message, "source shop: its rows could not be read (SQLSTATE 22P04)");
}

#[test]
fn a_source_that_can_only_be_asked_by_login_says_so() {
    need_extension!("dblink");
    let site = Site::new();
    site.db.add_dblink_server(&Db::legacy());
    site.as_owner("CREATE TYPE customer AS (id bigint, email text, first text, last text, pwd text)");
    site.db.sql(
        "INSERT INTO ferry.source (name, kind, server, query, row_type, key_column, login_columns, hash)
         VALUES ('shop', 'dblink', 'legacy_dblink', 'SELECT 1 WHERE $1 = ''''', 'customer', 'id', '{email}', 'l.pwd')",
    );
    let refusal = refusal(&mut site.db.client(), "CALL ferry.import('shop')");
    assert_eq!(refusal.message, "source shop: a source of kind dblink can only be asked for a login");
    assert!(refusal.hint.contains("postgres_fdw"), "{refusal:?}");
}

#[test]
fn a_server_that_is_gone_stops_the_run_and_loses_nothing() {
    need_extension!("postgres_fdw");
    let (site, _legacy) = foreign_shop("bigint", "n");
    site.db.sql("CALL ferry.import('shop', max_rows => 200)");
    let port: String = site.db.one(
        "SELECT split_part(o, '=', 2) FROM pg_foreign_server, unnest(srvoptions) o WHERE o LIKE 'port=%'",
        &[],
    );
    site.db.sql("ALTER SERVER legacy OPTIONS (SET port '1')");
    let refusal = refusal(&mut site.db.client(), "CALL ferry.import('shop')");
    assert_eq!(refusal.state, "08001", "{refusal:?}");
    site.db.sql(&format!("ALTER SERVER legacy OPTIONS (SET port '{port}')"));
    assert_all_moved(&site, &import(&site, ""));
    assert_eq!(site.db.count("ferry.import_run"), 1);
}
