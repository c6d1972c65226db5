//! The ground that the tests stand on: throwaway PostgreSQL clusters, databases with genuine legacy users, and the ties between them.
//!
//! It starts and stops only what it made itself, as the `postgres` user when root runs it, and leaves nothing behind: a guardian
//! process stops each server and deletes its directory as soon as the test process is gone, however it went.
//!
//! - [`Browser`]: a headless Chromium, for pages
//! - [`Cluster`]: a private server; [`target`] and [`legacy`] are the two that the whole suite shares
//! - [`Db`]: a database of one test's own, with its own roles and its part of the server's log
//! - [`legacy_data`]: what Django and WordPress left behind, with the passwords that fit
//! - [`MariaDb`]: a private MariaDB, for legacy systems that are nowhere else
//! - [`Server`]: the installed PostgreSQL of one major
//! - [`skip!`], [`need_extension!`]: tests that a server can't run
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a panic that says what was seen is the right way to fail"
)]

mod browser;
mod cluster;
mod database;
mod foreign;
mod guardian;
pub mod legacy_data;
mod log;
mod mariadb;
mod os_user;
mod processor;
mod server;
mod skip;

pub use browser::Browser;
pub use cluster::{Cluster, Options, Shutdown, legacy, target};
pub use database::{Db, sqlstate};
pub use log::Log;
pub use mariadb::MariaDb;
pub use processor::processor_ticks;
pub use server::Server;
pub use skip::record as record_skip;
