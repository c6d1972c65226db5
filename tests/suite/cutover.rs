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
