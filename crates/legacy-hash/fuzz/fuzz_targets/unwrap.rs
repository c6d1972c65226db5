//! Any format, hash and argon2id hash, put together as a wrapped hash: an answer or an error, within the bounds.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use legacy_hash::{check, wrapped};
use legacy_hash_fuzz::{Question, TIGHT};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(question) = Question::read(data) else { return };
    // The last line is what the digest was hashed to.
    let (blank, sealed) = question.stored.hash.rsplit_once('\n').unwrap_or((question.stored.hash, ""));
    let [method, blank] = [question.method, blank].map(|part| URL_SAFE_NO_PAD.encode(part));
    let hash = format!("$ferry-wrapped$v=1${method}${blank}{sealed}");
    assert!(check(&hash, None, &TIGHT).is_err() || wrapped(&hash).is_some());
    question.about(&hash).ask(None);
});
