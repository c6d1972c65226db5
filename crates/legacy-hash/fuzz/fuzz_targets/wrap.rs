//! Any hash under any format: wrapped it takes the passwords that it took, or it is refused. Neither the string that was
//! wrapped nor the wrapped one is a password.
#![no_main]

use std::ops::ControlFlow;

use legacy_hash::{Limits, Method, Policy, Stored, Verdict, verify, wrap};
use legacy_hash_fuzz::{MOST_TICKS, Question, TIGHT, some_format};
use libfuzzer_sys::fuzz_target;

/// Places where a digest may be written in a string, times comparisons that a format may make.
const MOST_RUNS: u32 = 30 * 8;

fuzz_target!(|data: &[u8]| {
    let Some(question) = Question::read(data) else { return };
    let method = match Method::parse(question.method) {
        Ok(method @ Method::Recipe(_)) => method,
        _ => Method::Format(some_format(question.method)),
    };
    let Ok(policy) = Policy::parse("argon2id:m=8,t=1,p=1") else { return };
    let limits = Limits { argon2_memory_kib: 64, ..TIGHT };
    let mut ticks = 0;
    let mut count = || {
        ticks += 1;
        ControlFlow::Continue(())
    };
    let wrapped = wrap(&question.stored, Some(&method), &policy, &limits, &mut count);
    assert!(ticks <= MOST_RUNS * MOST_TICKS, "{ticks} ticks");
    let Ok(wrapped) = wrapped else { return };
    let mut on = || ControlFlow::Continue(());
    let now = Stored { hash: &wrapped, ..question.stored };
    for password in [question.password, question.stored.hash.as_bytes(), wrapped.as_bytes()] {
        let before = verify(password, &question.stored, Some(&method), &limits, &mut on);
        let after = verify(password, &now, None, &limits, &mut on);
        assert_eq!(before == Ok(Verdict::Right), after == Ok(Verdict::Right), "{method}");
    }
});
