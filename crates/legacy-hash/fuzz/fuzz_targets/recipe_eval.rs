//! Any recipe over any input: an answer or an error, within the bounds.
#![no_main]

use legacy_hash::Method;
use legacy_hash_fuzz::Question;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(question) = Question::read(data) else { return };
    if let Ok(method @ Method::Recipe(_)) = Method::parse(question.method) {
        question.ask(Some(&method));
    }
});
