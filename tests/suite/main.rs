//! The client tests, one module per theme.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, a panic that says what was seen is the right way to fail"
)]

mod admin;
mod adopt;
mod asks;
mod assess;
mod automap;
mod calls;
mod children;
mod concurrency;
mod config;
mod config_changes;
mod config_rows;
mod cutover;
mod dashboards;
mod dump;
mod encodings;
mod endurance;
mod events;
mod explain;
mod export_config;
mod ground;
mod hash_vectors;
mod hints;
mod history;
mod hooks;
mod hostile_hashes;
mod import;
mod import_books;
mod import_concurrency;
mod import_keys;
mod import_million;
mod import_operations;
mod import_population;
mod import_set;
mod import_sources;
mod import_trouble;
mod isolation;
mod legacy_passwords;
mod lint;
mod login;
mod login_django;
mod login_form;
mod login_wordpress;
mod lookup;
mod mapping_conflicts;
mod outbox;
mod pages;
mod passwords;
mod presets;
mod preview;
mod privileges;
mod readme;
mod rehash_and_mismatch;
mod rules;
mod run_as;
mod secrets;
mod settings;
mod setup;
mod setup_config;
mod source_dblink;
mod sources;
mod sources_down;
mod splice;
mod standby;
mod target_shapes;
mod types;
mod wrap;
mod wrap_formats;
mod wrap_trouble;
mod write_failures;
