//! The client tests, one module per theme.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a panic that says what was seen is the right way to fail"
)]

mod adopt;
mod asks;
mod events;
mod explain;
mod ground;
mod login;
mod login_django;
mod login_form;
mod login_wordpress;
mod passwords;
mod readme;
mod rehash_and_mismatch;
mod setup;
mod source_dblink;
mod sources;
mod sources_down;
mod write_failures;
