//! Any hash under any format: wrapped it takes the passwords that it took, or it is refused.
#![no_main]

use std::ops::ControlFlow;

use legacy_hash::{Limits, Method, Policy, Stored, Verdict, verify, wrap};
use legacy_hash_fuzz::{Question, TIGHT, some_format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(question) = Question::read(data) else { return };
    let method = match Method::parse(question.method) {
        Ok(method @ Method::Recipe(_)) => method,
        _ => Method::Format(some_format(question.method)),
    };
    let Ok(policy) = Policy::parse("argon2id:m=8,t=1,p=1") else { return };
    let mut on = || ControlFlow::Continue(());
    let limits = Limits { argon2_memory_kib: 64, ..TIGHT };
    let Ok(wrapped) = wrap(&question.stored, Some(&method), &policy, &limits, &mut on) else { return };
    let before = verify(question.password, &question.stored, Some(&method), &limits, &mut on);
    let stored = Stored { hash: &wrapped, ..question.stored };
    let after = verify(question.password, &stored, None, &limits, &mut on);
    assert_eq!(before == Ok(Verdict::Right), after == Ok(Verdict::Right), "{method}");
});
