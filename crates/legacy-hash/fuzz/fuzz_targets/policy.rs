//! Any text is read as a policy or refused; what is printed reads as the same, and what a cheap one makes verifies.
#![no_main]

use std::ops::ControlFlow;

use legacy_hash::{Policy, Stored, Verdict, costs_at_least, verify};
use legacy_hash_fuzz::TIGHT;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(policy) = Policy::parse(text) else { return };
    assert_eq!(Policy::parse(&policy.to_string()).as_ref(), Ok(&policy));
    let mut on = || ControlFlow::Continue(());
    let Ok(hash) = policy.hash(b"password", &TIGHT, &mut on) else { return };
    assert!(!policy.needs_rehash(&hash) && costs_at_least(&hash, &policy));
    let stored = Stored { hash: &hash, salt: None, login: None, pepper: None };
    assert_eq!(verify(b"password", &stored, None, &TIGHT, &mut on), Ok(Verdict::Right));
});
