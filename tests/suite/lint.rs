//! `check_config` tells what works and is unwise, or opens and would fail; its hints work when followed.

use crate::setup::{Site, login};
use ferry_tests::{Db, need_extension, target};

/// Severity, problem and hint of the findings about an object.
fn findings(site: &Site, object: &str) -> Vec<(String, String, String)> {
    let query = "SELECT severity, problem, coalesce(hint, '') FROM ferry.check_config() WHERE object = $1 ORDER BY problem";
    site.db.rows(query, &[&object]).iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// The one finding about an object whose problem has these words.
#[track_caller]
fn finding(site: &Site, object: &str, words: &str) -> (String, String) {
    let found = findings(site, object);
    let mut fitting = found.iter().filter(|(_, problem, _)| problem.contains(words));
    let (severity, _, hint) = fitting.next().unwrap_or_else(|| panic!("no {words:?} in {found:?}"));
    assert!(fitting.next().is_none(), "{words:?} is told twice: {found:?}");
    (severity.clone(), hint.clone())
}

#[track_caller]
fn is_gone(site: &Site, object: &str, words: &str) {
    let found = findings(site, object);
    assert!(found.iter().all(|(_, problem, _)| !problem.contains(words)), "{words:?} is still in {found:?}");
}

/// The finding is of this severity, and its hint, run as it stands, ends it.
#[track_caller]
fn is_mended_by_its_hint(site: &Site, object: &str, words: &str, severity: &str) {
    let (told, hint) = finding(site, object, words);
    assert_eq!(told, severity, "{words}");
    site.db.sql(&hint);
    is_gone(site, object, words);
}

#[test]
fn a_sound_config_has_no_findings() {
    let site = Site::shop();
    for object in ["target default", "source shop", "mapping shop.email"] {
        assert_eq!(findings(&site, object), Vec::new(), "{object}");
    }
}

#[test]
fn a_retention_that_is_no_interval_is_told() {
    let site = Site::shop();
    for setting in ["ferry.event_retention", "ferry.history_retention"] {
        let object = format!("setting {setting}");
        for wrong in ["2 yeers", "-1 day", ""] {
            site.db.sql(&format!("SET {setting} = '{wrong}'"));
            let (severity, hint) = finding(&site, &object, &format!("\"{setting}\": \"{wrong}\""));
            assert_eq!(severity, "error");
            assert!(hint.contains("such as 1 year or 90 days"), "{hint}");
        }
        for right in ["1 year", "infinity"] {
            site.db.sql(&format!("SET {setting} = '{right}'"));
            assert_eq!(findings(&site, &object), Vec::new(), "{right}");
        }
    }
}

#[test]
fn a_login_or_id_that_no_unique_index_guards_is_told() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users DROP CONSTRAINT users_email_key, DROP CONSTRAINT users_pkey; CREATE INDEX ON users (email)");
    is_mended_by_its_hint(&site, "target default", "no unique index has the login column email", "warning");
    is_mended_by_its_hint(&site, "target default", "no unique index has the id column id", "warning");
    site.as_owner("DROP INDEX users_email_idx, users_email_idx1");
    is_mended_by_its_hint(&site, "target default", "no index begins with the login column email", "warning");
    assert_eq!(findings(&site, "target default"), Vec::new(), "one index serves both");
    // One over the login in another form does as well.
    site.as_owner("DROP INDEX users_email_idx; CREATE INDEX ON users (email); CREATE UNIQUE INDEX ON users (lower(email))");
    is_gone(&site, "target default", "no unique index");
}

#[test]
fn an_expression_that_no_index_serves_is_told() {
    let site = Site::shop();
    site.as_owner(r#"ALTER TABLE users ADD "Phone" text; CREATE INDEX ON legacy.customers (upper(email))"#);
    site.configure(
        "target",
        r#"login_columns = '{email,lower(u.email)}', lookup = '{Phone,"u.name || ''u.x''",email}'"#,
    );
    site.configure("source", "login_columns = '{upper(l.email),lower(l.email)}'");
    for (object, words) in [
        ("target default", "the login lower(u.email) of public.users"),
        ("target default", "the lookup Phone of public.users"),
        ("target default", "the lookup u.name || 'u.x' of public.users"),
        ("source shop", "the login lower(l.email) of legacy.customers"),
    ] {
        let of_assess: i64 = site.db.one(
            "SELECT count(*) FROM ferry.assess('shop') WHERE topic = 'index' AND position($1 in item) > 0 AND detail ->> 'object' = $2",
            &[&words, &object],
        );
        assert_eq!(of_assess, 1, "{words}");
        is_mended_by_its_hint(&site, object, words, "warning");
    }
    for object in ["target default", "source shop"] {
        assert_eq!(findings(&site, object), Vec::new(), "{object}");
    }
}

#[test]
fn a_legacy_key_that_no_unique_index_guards_is_told() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE legacy.customers DROP CONSTRAINT customers_pkey");
    is_mended_by_its_hint(&site, "source shop", "no unique index has the key column id", "warning");
}

#[test]
fn a_sequence_that_run_as_may_not_use_is_told() {
    let site = Site::shop();
    site.db.sql("CREATE SEQUENCE tickets; ALTER TABLE users ADD ticket bigint DEFAULT nextval('tickets')");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
    is_mended_by_its_hint(&site, "target default", "may not use the sequence", "warning");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_hash_column_that_is_too_short_is_told() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ALTER password_hash TYPE varchar(60)");
    is_mended_by_its_hint(&site, "target default", "holds 60 characters", "error");
    site.as_owner("ALTER TABLE users ALTER password_hash TYPE varchar(60)");
    site.configure("target", "hash_policy = 'bcrypt:cost=4'");
    is_gone(&site, "target default", "characters");
}

#[test]
fn a_column_that_nothing_fills_and_may_not_be_null_is_told() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD org int NOT NULL, ADD since timestamptz NOT NULL DEFAULT now()");
    let (severity, hint) = finding(&site, "source shop", "column org of public.users");
    assert_eq!(severity, "error");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
    is_gone(&site, "source shop", "column since");
    site.db.sql(hint.split("or: ").nth(1).unwrap());
    is_gone(&site, "source shop", "column org");
    site.as_owner("ALTER TABLE users ALTER org SET NOT NULL");
    site.map("shop", "org", "1");
    is_gone(&site, "source shop", "column org");
    site.as_owner("ALTER TABLE users ADD rest jsonb NOT NULL");
    finding(&site, "source shop", "column rest of public.users");
    site.configure("source", "unmapped = 'rest'");
    is_gone(&site, "source shop", "column rest");
}

#[test]
fn a_column_of_a_child_table_that_nothing_fills_and_may_not_be_null_is_told() {
    let site = Site::shop();
    site.as_owner(
        "CREATE DOMAIN word AS text NOT NULL;
         CREATE TABLE roles (id bigint GENERATED ALWAYS AS IDENTITY, user_id bigint NOT NULL, role text NOT NULL, level int NOT NULL,
                             since date NOT NULL DEFAULT now(), remark word);
         CREATE INDEX ON roles (user_id)",
    );
    site.db.sql(
        "INSERT INTO ferry.child (source, name, relation, user_column, rows)
         VALUES ('shop', 'roles', 'public.roles', 'user_id', $$SELECT 'buyer' AS role$$)",
    );
    for column in ["id", "user_id", "role", "since"] {
        is_gone(&site, "child shop.roles", &format!("column {column} "));
    }
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
    let (severity, hint) =
        finding(&site, "child shop.roles", "column remark of public.roles may not be null");
    assert_eq!(
        (severity.as_str(), hint.as_str()),
        ("error", "Let rows return it, or give the column a default.")
    );
    site.configure("child", "rows = $$SELECT 'buyer' AS role, 'x' AS remark$$");
    let (severity, hint) = finding(&site, "child shop.roles", "column level of public.roles may not be null");
    assert_eq!(severity, "error");
    site.db.sql(hint.split("or: ").nth(1).unwrap());
    assert_eq!(findings(&site, "child shop.roles"), Vec::new());
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_column_for_the_unmapped_that_gets_nothing_is_told() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ADD rest jsonb, ADD old jsonb");
    site.configure("source", "unmapped = 'rest'");
    is_gone(&site, "source shop", "nothing is left");
    site.map("shop", "old", "to_jsonb(l)");
    assert_eq!(finding(&site, "source shop", "nothing is left for rest").0, "warning");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
    site.configure("source", "unmapped = NULL");
    assert_eq!(findings(&site, "source shop"), Vec::new());
}

#[test]
fn adopting_anybody_without_asking_whose_address_it_is_is_told() {
    let site = Site::shop();
    site.configure("target", "adopt = 'any'");
    assert_eq!(finding(&site, "target default", "adopt = any").0, "warning");
    site.configure("target", "verified = 'u.active'");
    assert_eq!(finding(&site, "target default", "adopt = any").0, "warning");
    site.configure("source", "verified = 'l.active'");
    is_gone(&site, "target default", "adopt");
    site.configure("source", "verified = NULL");
    site.configure("target", "adopt = 'review'");
    is_gone(&site, "target default", "adopt");
}

#[test]
fn row_level_security_that_shuts_run_as_out_is_told() {
    let site = Site::shop();
    site.as_owner("ALTER TABLE users ENABLE ROW LEVEL SECURITY");
    assert_eq!(findings(&site, "target default"), Vec::new(), "it does not apply to the owner");
    site.as_owner("ALTER TABLE users FORCE ROW LEVEL SECURITY");
    assert_eq!(findings(&site, "target default").len(), 3);
    let (severity, hint) = finding(&site, "target default", "insert users");
    assert_eq!(severity, "error");
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "failed");
    site.db.sql(&hint);
    assert_eq!(findings(&site, "target default"), Vec::new());
    assert_eq!(login(&mut site.app(), "ann@example.com", "ann's secret").outcome, "migrated");
}

#[test]
fn a_deferred_trigger_with_the_callers_rights_is_told() {
    let site = Site::shop();
    site.as_owner(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nothing()",
    );
    if target().server().major() < 18 {
        is_mended_by_its_hint(&site, "target default", "deferred trigger late", "warning");
    } else {
        is_gone(&site, "target default", "deferred");
    }
}

#[test]
fn a_function_that_run_as_may_not_execute_is_told_where_it_stands() {
    let site = Site::shop();
    site.db.sql(
        "CREATE FUNCTION public.strange(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'; ALTER TABLE users ADD nick text",
    );
    site.map("shop", "nick", "public.strange(l.first)");
    site.db.sql(
        "INSERT INTO ferry.rule (source, name, expression) VALUES ('shop', 'odd', 'public.strange(l.first) IS NOT NULL AND p.length > 0')",
    );
    site.configure("target", "allowed = 'public.strange(u.email) IS NOT NULL'");
    let objects = ["mapping shop.nick", "rule shop.odd", "target default"];
    for object in objects {
        is_gone(&site, object, "permission");
    }
    site.db.sql("REVOKE EXECUTE ON FUNCTION public.strange FROM PUBLIC");
    for object in objects {
        let (severity, hint) = finding(&site, object, "permission denied for function strange");
        assert_eq!(severity, "error");
        assert!(hint.starts_with("GRANT EXECUTE ON FUNCTION public.strange(text) TO "), "{hint}");
    }
    is_gone(&site, "mapping shop.email", "permission");
    let (_, hint) = finding(&site, objects[0], "permission");
    site.db.sql(&hint);
    for object in objects {
        is_gone(&site, object, "permission");
    }
    // What the source itself evaluates is told once, not with each of its parts.
    site.configure("source", "filter = 'public.strange(l.first) IS NOT NULL'");
    site.db.sql(&format!("REVOKE EXECUTE ON FUNCTION public.strange FROM {}", site.db.owner()));
    finding(&site, "source shop", "permission denied");
    is_gone(&site, "mapping shop.email", "permission");
}

#[test]
fn a_policy_that_the_bounds_forbid_is_told() {
    let site = Site::shop();
    site.configure("target", "hash_policy = 'bcrypt:cost=12'");
    is_gone(&site, "target default", "limit");
    site.db.sql("SET ferry.max_bcrypt_cost = 11");
    let (severity, hint) = finding(&site, "target default", "exceeds the limit on bcrypt cost");
    assert!(severity == "error" && hint.contains("bcrypt cost"), "{hint}");
}

#[test]
fn what_postgres_fdw_does_not_send_is_told_and_nobody_is_asked() {
    need_extension!("postgres_fdw");
    let (site, legacy) = (Site::new(), Db::legacy());
    legacy.sql(&crate::setup::customers_table("customers"));
    site.db.import_foreign_tables(&legacy, &["customers"]);
    site.add_source("shop", "legacy.customers");
    let server: String = site.db.one("SELECT srvname::text FROM pg_foreign_server", &[]);
    // Nobody is there to be asked.
    site.db.sql(&format!("ALTER SERVER {server} OPTIONS (SET port '1')"));
    site.configure("source", "filter = 'l.active AND l.id > 0'");
    is_gone(&site, "source shop", "sent");
    site.configure("source", "filter = 'l.id > extract(epoch FROM now()) - 2000000000'");
    assert_eq!(finding(&site, "source shop", "the filter is not sent").0, "warning");
    site.as_owner("CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'");
    site.configure("source", "filter = NULL, login_columns = '{public.folded(l.email)}'");
    is_gone(&site, "source shop", "sent");
    site.as_owner("CREATE OR REPLACE FUNCTION folded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lower($1); END'");
    assert_eq!(finding(&site, "source shop", "each login fetches the whole table").0, "warning");
    // Planned with remote estimates, it could not be told without asking.
    site.db.sql(&format!("ALTER SERVER {server} OPTIONS (ADD use_remote_estimate 'true')"));
    is_gone(&site, "source shop", "sent");
}
