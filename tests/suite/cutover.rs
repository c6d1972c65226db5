//! The end: whether a source may be switched off, who is left, and what becomes of them.

use crate::import::{crowd, md5_shop};
use crate::setup::{Site, login};
use ferry_tests::need_extension;

/// `topic: item users` of each line.
#[track_caller]
fn cutover(site: &Site, arguments: &str) -> Vec<String> {
    let sql = format!(
        "SELECT concat_ws(' ', topic || ':', item, users, value) FROM ferry.cutover('shop'{arguments})"
    );
    site.db.rows(&sql, &[]).iter().map(|row| row.get(0)).collect()
}

#[test]
fn the_counts_add_up_and_the_verdict_says_why_not() {
    need_extension!("pg_ferry");
    let site = md5_shop();
    crowd(&site, 20);
    assert!(login(&mut site.app(), "user1@example.com", "password 1").authenticated);
    let told = cutover(&site, "");
    assert_eq!(told[0], "verdict: not yet: 19 of 20 users would be shut out 19");
    for line in [
        "reason: not moved yet 19",
        "count: in the source 20",
        "count: moved by login 1",
        "count: remaining 19",
    ] {
        assert!(told.iter().any(|told| told == line), "{line} is not in {told:#?}");
    }
}

/// A shop whose customers say when they were seen last, and what they have spent.
fn busy_shop() -> Site {
    let site = md5_shop();
    site.as_owner("ALTER TABLE legacy.customers ADD seen_at timestamptz, ADD spent numeric, ADD phone text");
    crowd(&site, 10);
    site.db.sql("UPDATE legacy.customers SET seen_at = now() - id * interval '20 days', spent = id * 1.5");
    site.configure_source("shop", "last_seen = 'l.seen_at', value = 'l.spent'");
    site
}

#[test]
fn look() {
    need_extension!("pg_ferry");
    let site = busy_shop();
    site.db.sql("CALL ferry.import('shop', max_rows => 4)");
    let show = |sql: &str| println!("{}", String::from_utf8_lossy(&site.db.psql(sql).stdout));
    show(
        "\\pset null '·'\nSELECT * FROM ferry.cutover('shop');\nSELECT * FROM ferry.remaining_users('shop');\nSELECT * FROM ferry.notice_list('shop');",
    );
    show(
        "SELECT * FROM ferry.retire_source('shop', 'rejected', 'Write to us.');\nSELECT * FROM ferry.progress; SELECT ferry.retired_message('rejected'); SELECT * FROM ferry.check_config()",
    );
    let mut app = site.app();
    for who in ["user1", "user9", "nobody"] {
        println!("{:?}", login(&mut app, &format!("{who}@example.com"), "password 1"));
        println!("{:?}", site.why());
    }
    show("SELECT ferry.export_config(); SELECT ferry.reinstate_source('shop')");
    println!("{:?}", login(&mut app, "user9@example.com", "password 9"));
    panic!("look");
}
