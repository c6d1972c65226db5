//! Ties from a target database to a legacy one, as a DBA would make them: over TCP, as a reading role with a password.

use crate::database::Db;

impl Db<'_> {
    /// Makes the postgres_fdw server `legacy` and, in a schema `legacy` of [`owner`](Self::owner)'s, a foreign table for each of the
    /// legacy database's tables.
    pub fn import_foreign_tables(&self, legacy: &Db<'_>, tables: &[&str]) {
        let owner = self.owner();
        self.add_server("legacy", "postgres_fdw", "postgres_fdw", legacy);
        self.sql(&format!(
            "CREATE SCHEMA legacy AUTHORIZATION {owner};
             SET ROLE {owner};
             IMPORT FOREIGN SCHEMA public LIMIT TO ({}) FROM SERVER legacy INTO legacy;
             RESET ROLE",
            tables.join(", ")
        ));
    }

    /// Makes the dblink server `legacy_dblink` that [`owner`](Self::owner) may use.
    pub fn add_dblink_server(&self, legacy: &Db<'_>) {
        self.add_server("legacy_dblink", "dblink", "dblink_fdw", legacy);
    }

    fn add_server(&self, server: &str, extension: &str, wrapper: &str, legacy: &Db<'_>) {
        let owner = self.owner();
        let reader = legacy.reader();
        let (port, database) = (legacy.cluster().port(), legacy.name());
        self.sql(&format!(
            "CREATE EXTENSION IF NOT EXISTS {extension};
             CREATE SERVER {server} FOREIGN DATA WRAPPER {wrapper}
                 OPTIONS (host '127.0.0.1', port '{port}', dbname '{database}');
             GRANT USAGE ON FOREIGN SERVER {server} TO {owner}"
        ));
        for role in [owner.as_str(), "postgres"] {
            self.sql(&format!(
                "CREATE USER MAPPING FOR {role} SERVER {server} OPTIONS (user '{reader}', password '{READER_PASSWORD}')"
            ));
        }
    }

    /// The role by which this legacy database is read from outside: it may read every table.
    pub fn reader(&self) -> String {
        let reader = self.role("reader");
        self.sql(&format!(
            "ALTER ROLE {reader} PASSWORD '{READER_PASSWORD}';
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"
        ));
        reader
    }
}

/// The password of every reading role: a server must ask for one, and nobody else gets there.
const READER_PASSWORD: &str = "for reading only";
