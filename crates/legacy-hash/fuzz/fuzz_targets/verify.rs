//! Any hash under any format: an answer or an error, within the bounds.
#![no_main]

use legacy_hash::Method;
use legacy_hash_fuzz::{Question, some_format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(question) = Question::read(data) else { return };
    question.ask(None);
    question.ask(Some(&Method::Format(some_format(question.method))));
});
