//! What genuine hashes cost: they are within the default limits, none runs long without a tick, and under tight limits
//! none runs long at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use common::tight::{MOST_TICKS, TIGHT};
use common::{Vector, one_a_format, vectors};
use legacy_hash::{Error, Limits, Method, Verdict, verify};

/// A verdict, how often it ticked, and how long it took.
fn measure(v: &Vector, limits: &Limits) -> (Result<Verdict, Error>, u32, Duration) {
    let method = Method::parse(&v.format).unwrap();
    let mut ticks = 0;
    let mut count = || {
        ticks += 1;
        ControlFlow::Continue(())
    };
    let start = Instant::now();
    let verdict = verify(&v.password, &v.stored(), Some(&method), limits, &mut count);
    (verdict, ticks, start.elapsed())
}

#[test]
fn under_tight_limits_a_hash_is_refused_or_cheap() {
    for v in vectors() {
        let (verdict, ticks, _) = measure(&v, &TIGHT);
        assert!(ticks <= MOST_TICKS, "{ticks} ticks for {v:?}");
        assert!(matches!(verdict, Ok(Verdict::Right) | Err(Error::OverLimit(_))), "{verdict:?} for {v:?}");
    }
}

#[test]
fn nothing_runs_long_without_a_tick() {
    // Memory-hard functions tick before and after only. sha-crypt hashes each byte of a password with all of it, which
    // takes a while for thousands.
    let memory_hard = |text: &str| ["argon2", "scrypt", "magento2"].iter().any(|name| text.contains(name));
    let ticking = |v: &&Vector| v.password.len() < 1000 && !memory_hard(&v.format) && !memory_hard(&v.hash);
    for v in one_a_format().iter().filter(ticking) {
        let between = |(_, ticks, took): (_, u32, Duration)| took / (ticks + 1);
        // On a busy machine a measurement may be too long, never too short.
        let least = (0..5).map(|_| between(measure(v, &Limits::default()))).find(|gap| gap.as_millis() < 50);
        assert!(least.is_some(), "{v:?}");
    }
}

#[test]
fn each_tick_can_stop_a_hash() {
    for v in one_a_format() {
        let method = Method::parse(&v.format).unwrap();
        let (_, ticks, _) = measure(&v, &TIGHT);
        for stop in (0..ticks).take(3) {
            let mut left = stop;
            let mut tick = || match left.checked_sub(1) {
                Some(less) => {
                    left = less;
                    ControlFlow::Continue(())
                }
                None => ControlFlow::Break(()),
            };
            let verdict = verify(&v.password, &v.stored(), Some(&method), &TIGHT, &mut tick);
            assert_eq!(verdict, Err(Error::Interrupted), "at tick {stop} of {ticks}: {v:?}");
        }
    }
}
