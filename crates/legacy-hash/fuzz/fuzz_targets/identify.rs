//! Any bytes are identified, checked and measured without a panic, and as a set: what is evident is listed first.
#![no_main]

use legacy_hash::{Identified, Policy, check, costs_at_least, identify};
use legacy_hash_fuzz::TIGHT;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let hash = &*String::from_utf8_lossy(data);
    let _ = Policy::default().needs_rehash(hash);
    let _ = costs_at_least(hash, &Policy::default());
    let checked = check(hash, None, &TIGHT);
    match identify(hash) {
        Identified::Locked => assert!(checked.is_err()),
        Identified::Candidates(found) => {
            assert!(found.is_sorted_by_key(|format| format.must_name));
            assert!(checked.is_err() || found.iter().filter(|format| !format.must_name).count() == 1);
        }
    }
});
