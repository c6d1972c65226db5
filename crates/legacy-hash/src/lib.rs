//! Identifies, bounds, verifies and produces the password hashes of legacy systems.
//!
//! What the crate does reads in [`verify`]; what it knows is one list, [`formats`]; what a hash may cost is
//! in [`limits`]; how new hashes are made is a [`Policy`]. It is pure: no database, no files, no clock.
//!
//! A hash is identified, never guessed: where several formats share a shape, the caller names one.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bytes;
mod calibrate;
mod encoding;
mod error;
mod format;
mod formats;
mod identify;
mod kdf;
pub mod limits;
mod method;
mod policy;
mod prepare;
mod random;
pub mod recipe;
mod text;
mod verify;
mod wrap;

pub use bytes::ByteEncoding;
pub use calibrate::calibrate;
pub use error::Error;
pub use format::{Format, Strength, format, formats};
pub use identify::{Identified, evident, identify, is_locked};
pub use limits::{Bound, Limits, MAX_HASH_BYTES, MAX_PASSWORD_BYTES};
pub use method::{Method, Needs};
pub use policy::{Policy, costs_at_least, parameters};
pub use prepare::{Charset, MAX_SPELLINGS, Preparation, Transform, UnicodeForm};
pub use random::locked_marker;
pub use recipe::Recipe;
pub use verify::{Stored, Verdict, check, inspect, verify};
pub use wrap::{is_weak, wrap, wrapped};
