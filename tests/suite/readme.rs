//! The documents tell the truth: the quick start works as printed, the tables are those of the extension, the rules hold.

use crate::history::Gpg;
use ferry_tests::{Cluster, Db, MariaDb, Options, Server, need_extension, skip};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REFERENCE: &str = "docs/reference.md";

#[test]
fn the_quick_start_works_as_printed() {
    need_extension!("pg_ferry");
    // Of its own: the roles of the quick start belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let quick_start = section("Quick start");
    let printed = psql(&db, &script(before_subsections(&quick_start)));
    assert_promised(&printed, before_subsections(&quick_start));
}

#[test]
fn knowing_before_doing_prints_what_is_printed() {
    need_extension!("pg_ferry");
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let quick_start = script(before_subsections(&section("Quick start")));
    let before_the_first_login = quick_start.split("SET ROLE app;").next().unwrap();
    let knowing = section("Knowing before doing");
    let printed = psql(&db, &[before_the_first_login, &script(&knowing)].concat());
    assert_promised(&printed, &knowing);
}
#[test]
fn legacy_users_can_be_on_another_server_as_printed() {
    need_extension!("postgres_fdw");
    // Each of its own: the roles belong to whole clusters.
    let (elsewhere, here) = (Cluster::start(Options::legacy()), Cluster::start(Options::default()));
    let (shop, db) = (Db::empty_on(&elsewhere), Db::empty_on(&here));
    let quick_start = section("Quick start");
    let local = blocks(before_subsections(&quick_start), "sql");
    let with = |wanted: &str| {
        let found = local.iter().find(|block| block.contains(wanted));
        found.unwrap_or_else(|| panic!("no SQL of the quick start has {wanted}")).as_str()
    };
    shop.sql("CREATE ROLE reader LOGIN PASSWORD 'the password of reader'; CREATE ROLE app_owner");
    shop.sql(&with("CREATE TABLE legacy.customers").replace("legacy.customers", "public.customers"));
    shop.sql("GRANT SELECT ON customers TO reader");

    let foreign = blocks(&subsection(&quick_start, "Legacy users on another server"), "sql")
        .concat()
        .replace("legacy.example.com", "127.0.0.1")
        .replace("5432", &elsewhere.port().to_string())
        .replace("dbname 'shop'", &format!("dbname '{}'", shop.name()));
    let parts = [
        with("CREATE EXTENSION pg_ferry"),
        &foreign,
        with("INSERT INTO ferry.target"),
        with("SET ROLE app;"),
    ];
    let printed = psql(&db, &parts.concat());
    assert!(printed.contains("| migrated |"), "{printed}");
    assert!(shop.log().contains("FROM public.customers"), "the legacy server was not asked");
}

#[test]
fn a_legacy_server_is_asked_through_dblink_as_printed() {
    need_extension!("dblink");
    let (elsewhere, here) = (Cluster::start(Options::legacy()), Cluster::start(Options::default()));
    let (blog, db) = (Db::empty_on(&elsewhere), Db::empty_on(&here));
    blog.sql(
        "CREATE ROLE reader LOGIN PASSWORD 'the password of reader';
         CREATE TABLE wp_users (\"ID\" bigint, user_email text, user_pass text, display_name text);
         INSERT INTO wp_users VALUES (1, 'Ada@blog.example', '$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0', 'Ada');
         GRANT SELECT ON wp_users TO reader",
    );
    let local = blocks(before_subsections(&section("Quick start")), "sql");
    let with = |wanted: &str| local.iter().find(|block| block.contains(wanted)).unwrap().as_str();
    let target = with("INSERT INTO ferry.target").split("INSERT INTO ferry.source").next().unwrap();
    let server = format!("127.0.0.1', port '{}", elsewhere.port());
    let source = script(&subsection(&section("Configuration"), "Sources through dblink"))
        .replace("blog.example.com", &server)
        .replace("dbname 'blog'", &format!("dbname '{}'", blog.name()));
    let parts = [
        with("CREATE EXTENSION pg_ferry"),
        "CREATE SCHEMA legacy AUTHORIZATION app_owner;",
        target,
        &source,
        "INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('blog', 'email', 'lower(l.email)');
         SELECT outcome FROM ferry.authenticate('ada@blog.example', 'comments are closed');",
    ];
    let printed = psql(&db, &parts.concat());
    assert!(printed.lines().any(|line| line.trim() == "migrated"), "{printed}");
}

/// What rules, children and the like speak of: more columns and tables than the quick start has.
const MORE_OF_THE_SHOP: &str = "
    ALTER TABLE users ADD legacy_id int, ADD username text, ADD phone text, ADD email_confirmed_at timestamptz,
        ADD must_change boolean NOT NULL DEFAULT false, ADD active boolean NOT NULL DEFAULT true, ADD deleted_at timestamptz;
    ALTER TABLE legacy.customers ADD locked_at timestamptz, ADD email_verified boolean DEFAULT true, ADD roles text[],
        ADD totp_secret text, ADD newsletters text[];
    GRANT CREATE ON SCHEMA public TO app_owner;
    SET ROLE app_owner;
    CREATE TABLE leaked (sha1 text);
    CREATE TABLE roles (id int, name text);
    CREATE TABLE user_roles (user_id bigint, role_id int);
    CREATE TABLE user_groups (user_id bigint, group_id int);
    CREATE TABLE legacy.user_group (user_id int, group_id int);
    CREATE TABLE mfa_factors (user_id bigint, kind text, secret text);
    CREATE TABLE newsletters (user_id bigint, name text);
    INSERT INTO roles VALUES (7, 'editor');
    RESET ROLE;
    UPDATE ferry.target SET must_change = 'must_change';
    INSERT INTO legacy.customers (id, email, pwd, first, last, roles, newsletters) VALUES
        (18, 'kim@example.com', '$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0', 'Kim', 'Roe', '{editor}', '{news,more}');
";

#[test]
fn what_is_shown_of_rules_children_imports_and_roles_runs_as_printed() {
    need_extension!("pg_ferry");
    // Of its own: the roles belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let config = section("Configuration");
    let of_config = [
        "ferry.rule",
        "ferry.child",
        "Users who are in the users table already",
        "ferry.review",
        "Who may do what",
    ]
    .map(|heading| script(&subsection(&config, heading)));
    let the_end = blocks(&section("Switching the old system off"), "");
    let retire = the_end.iter().find(|block| block.contains("'rejected'")).unwrap();
    psql(
        &db,
        &[
            script(before_subsections(&section("Quick start"))),
            MORE_OF_THE_SHOP.into(),
            of_config.concat(),
            script(before_subsections(&section("Bulk import"))),
            script(&section("Wrapping weak hashes")),
            script(&section("Dashboards")),
            retire.clone(),
        ]
        .concat(),
    );
    let moved = db.rows(
        "SELECT l.via, u.password_hash LIKE '$ferry-wrapped$%', r.role_id, (SELECT count(*) FROM newsletters n WHERE n.user_id = u.id)
         FROM users u JOIN ferry.link l ON l.user_id = u.id::text LEFT JOIN user_roles r ON r.user_id = u.id
         WHERE u.email = 'kim@example.com'",
        &[],
    );
    let [row] = &moved[..] else { panic!("{} rows are of Kim", moved.len()) };
    let seen = (row.get::<_, String>(0), row.get::<_, bool>(1), row.get::<_, i32>(2), row.get::<_, i64>(3));
    assert_eq!(seen, ("import".to_string(), true, 7, 2));
}

#[test]
fn wordpress_is_moved_in_five_statements_as_printed() {
    need_extension!("mysql_fdw");
    let blog = MariaDb::with_wordpress("reader", "the password of reader", &[]);
    // Of its own: the roles of the quick start belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let quick_start = section("Quick start");
    let local = blocks(before_subsections(&quick_start), "sql");
    let with = |wanted: &str| local.iter().find(|block| block.contains(wanted)).unwrap().as_str();
    let target = with("INSERT INTO ferry.target").split_inclusive(";\n").next().unwrap();
    let wordpress = subsection(&quick_start, "WordPress in five statements");
    let statements =
        script(&wordpress).replace("blog.example.com", "127.0.0.1").replace("3306", &blog.port().to_string());
    let printed = psql(&db, &[with("CREATE EXTENSION pg_ferry"), target, &statements].concat());
    assert_promised(&printed, &wordpress);
    // Only the row asked for crosses the wire.
    let asked = blog.queries();
    assert!(asked.contains("WHERE ((`user_login` = 'admin'))"), "{asked}");
    assert!(!asked.contains("`user_activation_key`"), "{asked}");
}

#[test]
fn exported_files_are_read_as_printed() {
    need_extension!("file_fdw");
    // Of its own: the roles belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let quick_start = section("Quick start");
    let local = blocks(before_subsections(&quick_start), "sql");
    let with = |wanted: &str| local.iter().find(|block| block.contains(wanted)).unwrap().as_str();
    let target = with("INSERT INTO ferry.target").split("INSERT INTO ferry.source").next().unwrap();
    let file = root().join("examples/presets/auth0/auth0.ndjson").canonicalize().unwrap();
    let export = blocks(&subsection(&section("Configuration"), "Files that services export"), "sql")
        .concat()
        .replace("/srv/export/auth0.ndjson", &file.display().to_string());
    let parts = [
        with("CREATE EXTENSION pg_ferry"),
        "CREATE SCHEMA legacy AUTHORIZATION app_owner;",
        target,
        &export,
        "SELECT outcome FROM ferry.authenticate('zoe@example.com', 'password');",
    ];
    let printed = psql(&db, &parts.concat());
    assert!(printed.lines().any(|line| line.trim() == "migrated"), "{printed}");
}

#[test]
fn a_file_of_documents_is_imported_as_printed() {
    need_extension!("file_fdw");
    // Of its own: the roles belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let local = blocks(before_subsections(&section("Quick start")), "sql");
    let with = |wanted: &str| local.iter().find(|block| block.contains(wanted)).unwrap().as_str();
    let target = with("INSERT INTO ferry.target").split("INSERT INTO ferry.source").next().unwrap();
    let path = cluster.data_directory().join("people.ndjson");
    let hash = "$P$BX1XJqAQfMRLthhDLY0yYyS.Wh/GrU0";
    let document = |id: i32| {
        format!(r#"{{"id":"{id}","email":"P{id}@Example.com","name":"\"P\", né {id}","password":"{hash}"}}"#)
    };
    let lines = [
        document(1),
        String::new(),
        format!("{},", &document(3)[..40]),
        document(4),
        "  ".into(),
        document(6),
    ];
    std::fs::write(&path, lines.join("\n")).unwrap();
    let files = subsection(&section("Bulk import"), "Files");
    let files = script(&files).replace("/srv/export/people.ndjson", &path.display().to_string());
    let schema = "CREATE SCHEMA legacy AUTHORIZATION app_owner;";
    let printed = psql(
        &db,
        &[
            with("CREATE EXTENSION pg_ferry"),
            schema,
            target,
            &files,
            "SELECT outcome FROM ferry.authenticate('p4@example.com', 'comments are closed');
             SELECT string_agg(name, ' ' ORDER BY name) FROM users;",
        ]
        .concat(),
    );
    assert_promised(&printed, &subsection(&section("Bulk import"), "Files"));
    assert!(printed.lines().any(|line| line.trim() == "ok"), "{printed}");
    assert!(printed.contains(r#""P", né 1 "P", né 4 "P", né 6"#), "{printed}");
}

#[test]
fn calibrate_prints_what_is_printed() {
    let shown = blocks(&subsection(&section("Hash formats"), "Home-made hashes"), "text");
    let shown =
        shown.iter().find(|block| block.contains("ferry.calibrate(")).expect("no calibrate in the README");
    let (call, promised) = shown.split_once('\n').unwrap_or_default();
    // An account of a forum in latin1, as vBulletin kept it.
    let account = "md5(md5(convert_to('Grüße', 'LATIN1')) || 's4lt'), 'Grüße', 's4lt'";
    let printed = psql(&Db::new(), &call.replace("$1, $2, $3", account));
    let lines =
        |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n");
    assert_eq!(lines(promised.trim_matches('\n')), lines(printed.trim_matches('\n')));
}

#[test]
fn the_outbox_is_filled_as_printed() {
    need_extension!("pg_ferry");
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let quick_start = section("Quick start");
    let hook = subsection(&section("Configuration"), "ferry.hook");
    let [make, look] = &blocks(&hook, "sql")[..] else { panic!("ferry.hook has other blocks than two") };
    let mut parts = blocks(before_subsections(&quick_start), "sql");
    let first_login = parts.iter().position(|block| block.contains("SET ROLE app;")).unwrap();
    parts.insert(first_login, make.clone());
    parts.push(look.clone());
    let printed = psql(&db, &parts.concat());
    let promised = blocks(&hook, "text").concat();
    assert!(printed.contains(&promised), "the README promises\n{promised}\nbut psql has printed\n{printed}");
}

#[test]
fn an_exported_log_is_written_and_opened_as_printed() {
    need_extension!("pgcrypto");
    let psql = Server::newest();
    if psql.major() < 16 {
        skip!("psql {} cannot bind", psql.major());
    }
    let db = Db::new();
    db.sql(
        "CREATE EXTENSION pgcrypto;
         INSERT INTO ferry.import_run (id, source, target, operation, dry_run, parameters, source_total, total, started_at, called_at, pid)
         OVERRIDING SYSTEM VALUE VALUES (7, 'shop', 'default', 'insert', false, '{}', 1, 1, now(), now(), 1)",
    );
    let printed = blocks(&subsection(&section("Bulk import"), "History of imports"), "sh").concat();
    let script = printed.replace("-d app ", &format!("-d {} ", db.name())).replace(
        "gpg ",
        "gpg --batch --no-autostart --pinentry-mode loopback --passphrase \"$LOG_PASSPHRASE\" ",
    );
    assert_eq!(printed.matches("-d app ").count(), 1, "{printed}");
    let gpg = Gpg::new();
    let path = std::env::join_paths(
        std::iter::once(psql.bin_directory().to_path_buf())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("bash")
        .args(["-euc", &script])
        .current_dir(gpg.home())
        .env("PATH", path.unwrap())
        .env("GNUPGHOME", gpg.home())
        .env("PGHOST", db.cluster().socket_directory())
        .env("PGPORT", db.cluster().port().to_string())
        .env("PGUSER", "postgres")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all("five 'words' \"taken\" at \\random\n".as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
    let opened = read(&gpg.home().join("run-7.jsonl"));
    assert!(opened.contains("{\"run\":{\"id\":7,") && opened.ends_with("}}\n"), "{opened}");
    assert!(!db.log().contains("taken"), "{}", db.log().text());
}

#[test]
fn other_systems_are_told_as_printed() {
    need_extension!("pg_ferry");
    // Of its own: the roles belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let telling = section("Telling other systems");
    let [ask, take] = &blocks(&telling, "sql")[..] else { panic!("there are other blocks than two") };
    let mut parts = blocks(before_subsections(&section("Quick start")), "sql");
    let first_login = parts.iter().position(|block| block.contains("SET ROLE app;")).unwrap();
    parts.insert(first_login, ask.clone());
    parts.push(take.clone());
    assert_promised(&psql(&db, &parts.concat()), &telling);
    assert_eq!(db.count("ferry.outbox"), 0);
}

#[test]
fn pages_are_written_as_printed() {
    need_extension!("pg_ferry");
    // Of its own: the roles of the quick start belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    psql(&db, &script(before_subsections(&section("Quick start"))));
    let commands = blocks(&section("Reports as pages"), "sh").concat().replace("-d app", "");
    let directory = cluster.socket_directory();
    let shell = cluster.program("psql", db.name());
    let path = format!("{}:/usr/bin:/bin", cluster.server().bin_directory().display());
    let environment: Vec<_> = shell.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut sh = Command::new("sh");
    sh.args(["-ec", &commands]).current_dir(directory).envs(environment).env("PATH", path);
    let output = sh.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for page in ["assessment.html", "progress.html", "cutover.html"] {
        let page = read(&directory.join(page));
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    }
}

#[test]
fn mappings_are_proposed_as_printed() {
    need_extension!("pg_ferry");
    // Of its own: the roles belong to the whole cluster.
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let local = blocks(before_subsections(&section("Quick start")), "sql");
    let with = |wanted: &str| local.iter().find(|block| block.contains(wanted)).unwrap().as_str();
    let unmapped = with("INSERT INTO ferry.target").split("INSERT INTO ferry.mapping").next().unwrap();
    let proposed = subsection(&section("Configuration"), "Proposed mappings");
    let parts = [
        with("CREATE EXTENSION pg_ferry"),
        with("CREATE TABLE legacy.customers"),
        unmapped,
        &script(&proposed),
        with("SET ROLE app;"),
    ];
    let printed = psql(&db, &parts.concat());
    assert_promised(&printed, &proposed);
    assert!(printed.contains("| Jane Doe |"), "{printed}");
}

#[test]
fn the_presets_are_those_that_are_shipped_and_are_copied_as_printed() {
    need_extension!("pg_ferry");
    let db = Db::new();
    let presets = subsection(&section("Configuration"), "Presets");
    let shipped = db.rows("SELECT format('| `%s` | %s |', name, title) FROM ferry.preset", &[]);
    assert_same(table(&presets), shipped.iter().map(|row| row.get(0)).collect());
    psql(&db, &script(&presets));
    assert_eq!(db.count("ferry.preset WHERE NOT shipped"), 1);
}

#[test]
fn the_settings_are_those_of_the_server() {
    need_extension!("pg_ferry");
    let db = Db::new();
    db.sql("LOAD 'pg_ferry'");
    let query = "SELECT name, boot_val, coalesce(' ' || unit, ''), min_val, max_val, concat_ws(' ', short_desc, extra_desc) \
                 FROM pg_settings WHERE name LIKE 'ferry.%' ORDER BY name";
    let truth: Vec<String> = db
        .rows(query, &[])
        .iter()
        .map(|row| {
            let [name, default, unit, what] = [0, 1, 2, 5].map(|column| row.get::<_, String>(column));
            let bounds = [3, 4].map(|column| row.get::<_, Option<String>>(column));
            let range = match bounds {
                [Some(min), Some(max)] => format!(" {min}{unit} to {max}{unit} "),
                _ => "  ".to_string(),
            };
            format!("| `{name}` | `{default}{unit}` |{range}| {what} |")
        })
        .collect();
    assert_same(table(&reference("Settings")), truth);
}

#[test]
fn the_config_tables_are_the_comments_of_the_columns() {
    need_extension!("pg_ferry");
    let config = section("Configuration");
    for name in ["target", "source", "mapping", "rule", "child", "hook", "review"] {
        let rows = table(first_table(&subsection(&config, &format!("ferry.{name}"))));
        assert_same(rows.iter().map(|row| without_cells(row, 1..=2)).collect(), comments_of_columns(name));
    }
}

#[test]
fn the_reference_is_the_comments_of_the_columns() {
    need_extension!("pg_ferry");
    let told = read(&root().join(REFERENCE));
    let tables: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("## ferry.")).collect();
    let recorded = "link event progress import_run import_reject import_log import_config import_progress \
                    moved_per_day refused_by_reason retirement outbox preset hash_format";
    assert_eq!(tables.join(" "), recorded);
    for name in tables {
        let rows = table(&reference(&format!("ferry.{name}")));
        let hidden = if name == "preset" { 1..=2 } else { 1..=1 };
        assert_same(
            rows.iter().map(|row| without_cells(row, hidden.clone())).collect(),
            comments_of_columns(name),
        );
    }
}

#[test]
fn the_old_system_is_switched_off_as_printed() {
    need_extension!("pg_ferry");
    let cluster = Cluster::start(Options::default());
    let db = Db::empty_on(&cluster);
    let quick_start = script(before_subsections(&section("Quick start")));
    let the_end = section("Switching the old system off");
    let printed = psql(&db, &[quick_start, script(&the_end)].concat());
    assert_promised(&printed, &the_end);
}

#[test]
fn every_public_function_is_told_with_its_comment() {
    need_extension!("pg_ferry");
    let db = Db::new();
    let query = "SELECT proname::text, obj_description(oid) FROM pg_proc \
                 WHERE pronamespace = 'ferry'::regnamespace AND proname NOT LIKE '\\_%'";
    let rows = db.rows(query, &[]);
    let truth = rows.iter().map(|row| format!("| `{}` | {} |", row.get::<_, &str>(0), row.get::<_, &str>(1)));
    let told = table(&reference("Functions")).iter().map(|row| without_arguments(row)).collect();
    assert_same(told, truth.collect());
}

#[test]
fn the_reasons_are_those_of_the_code() {
    let told: BTreeSet<String> =
        table(&section("Troubleshooting")).iter().map(|row| cell(row, 0).replace('`', "")).collect();
    let truth = reasons_in_code();
    assert!(truth.len() > 20, "only {truth:?} was found in the code");
    let missing: Vec<_> = truth.difference(&told).collect();
    let outdated: Vec<_> = told.difference(&truth).collect();
    assert!(
        missing.is_empty() && outdated.is_empty(),
        "the README lacks the reasons {missing:?}, and has {outdated:?}, which are in no source file"
    );
}

#[test]
fn the_rules_that_grep_can_check_hold() {
    let contributing = read(&root().join("CONTRIBUTING.md"));
    let commands = blocks(&contributing, "sh").concat();
    assert!(commands.contains("grep"), "CONTRIBUTING.md has no commands");
    let output = Command::new("sh").arg("-c").arg(&commands).current_dir(root()).output().unwrap();
    let found = [output.stdout, output.stderr].concat();
    assert!(found.is_empty(), "a rule is broken here:\n{}", String::from_utf8_lossy(&found));
}

#[test]
fn every_link_leads_somewhere() {
    let documents = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/architecture.md", REFERENCE];
    for document in documents.map(|name| root().join(name)) {
        let text = read(&document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.starts_with("http")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let place = if path.is_empty() { document.clone() } else { document.with_file_name(path) };
            assert!(place.exists(), "{} leads to {link}", document.display());
            assert!(
                heading.is_empty() || headings(&read(&place)).iter().any(|known| known == heading),
                "{} leads to {link}",
                document.display()
            );
        }
    }
}

/// What is printed has the lines of the text blocks of a section, in their order.
fn assert_promised(printed: &str, section: &str) {
    let promised = blocks(section, "text").concat();
    let mut rest = printed.lines().map(str::trim_end);
    for line in promised.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        assert!(
            rest.any(|seen| seen == line),
            "the README promises this line, which psql has not printed there:\n{line}\nin:\n{printed}"
        );
    }
}

fn comments_of_columns(table: &str) -> Vec<String> {
    let db = Db::new();
    let query = "SELECT attname::text, col_description(attrelid, attnum) FROM pg_attribute \
                 WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    db.rows(query, &[&format!("ferry.{table}")])
        .iter()
        .map(|row| format!("| `{}` | {} |", row.get::<_, String>(0), row.get::<_, String>(1)))
        .collect()
}

/// The words that the code gives to events as their reason.
fn reasons_in_code() -> BTreeSet<String> {
    const GIVEN_BY: [&str; 8] = [
        "Why::of(",
        "why(",
        "refuse(",
        "refused(",
        "config_error(",
        "broken_hash(",
        // ferry._log, of its own accord
        "VALUES (_log.kind, _log.outcome, ",
        // a move has the way of the link for its reason
        "via_name(",
    ];
    let code: String = ["src", "sql"].iter().flat_map(|folder| files_under(&root().join(folder))).collect();
    let code = ["Login", "Import", "Reset", "Adopt"]
        .iter()
        .fold(code, |code, way| code.replace(&format!("Via::{way} => "), "via_name("));
    GIVEN_BY
        .iter()
        .flat_map(|call| code.split(call).skip(1))
        .filter_map(|rest| rest.trim_start().strip_prefix(['"', '\'']))
        .filter_map(|rest| rest.split(['"', '\'']).next())
        .map(str::to_string)
        .collect()
}

fn files_under(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![read(&path)] })
        .collect()
}

fn psql(db: &Db<'_>, script: &str) -> String {
    let output = db.psql(script);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "psql has failed: {}\nafter:\n{printed}",
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

fn script(section: &str) -> String {
    blocks(section, "sql").concat()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```") else { continue };
        let block: String =
            lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
        if name == language {
            found.push(block);
        }
    }
    found
}

/// The rows of the tables of a text, without their heads.
fn table(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |line: &str| line.starts_with('|');
    let is_head = |number: usize| lines.get(number + 1).is_some_and(|next| next.starts_with("|---"));
    (0..lines.len())
        .filter(|number| is_row(lines[*number]) && !lines[*number].starts_with("|---") && !is_head(*number))
        .map(|number| lines[number].to_string())
        .collect()
}

/// A text as far as its first table goes.
fn first_table(text: &str) -> &str {
    let start = text.find("\n|").map_or(0, |newline| newline + 1);
    let end = text[start..].find("\n\n").map_or(text.len(), |length| start + length);
    &text[start..end]
}

fn cell(row: &str, number: usize) -> String {
    row.trim_matches('|').split(" | ").nth(number).unwrap_or_default().trim().to_string()
}

/// A row without some of its cells.
fn without_cells(row: &str, hidden: std::ops::RangeInclusive<usize>) -> String {
    let inside = row.strip_prefix("| ").and_then(|row| row.strip_suffix(" |"));
    let cells = inside.unwrap_or(row).split(" | ").enumerate();
    let kept: Vec<&str> =
        cells.filter(|(number, _)| !hidden.contains(number)).map(|(_, cell)| cell).collect();
    format!("| {} |", kept.join(" | "))
}

/// A function's row with its name alone.
fn without_arguments(row: &str) -> String {
    match (row.find('('), row.find(")`")) {
        (Some(start), Some(end)) => format!("{}{}", &row[..start], &row[end + 1..]),
        _ => row.to_string(),
    }
}

fn assert_same(told: Vec<String>, truth: Vec<String>) {
    let missing: Vec<_> = truth.iter().filter(|row| !told.contains(row)).cloned().collect();
    let outdated: Vec<_> = told.iter().filter(|row| !truth.contains(row)).cloned().collect();
    assert!(
        missing.is_empty() && outdated.is_empty(),
        "the README, or docs/reference.md, should have these rows:\n{}\nin place of these:\n{}",
        missing.join("\n"),
        outdated.join("\n")
    );
}

/// What is under a heading of the second level.
fn section(heading: &str) -> String {
    under(&readme(), &format!("\n## {heading}\n"), "\n## ")
}

/// The same of the reference.
fn reference(heading: &str) -> String {
    under(&read(&root().join(REFERENCE)), &format!("\n## {heading}\n"), "\n## ")
}

/// What is under a heading of the third level.
fn subsection(section: &str, heading: &str) -> String {
    under(section, &format!("\n### {heading}\n"), "\n### ")
}

fn under(text: &str, heading: &str, next: &str) -> String {
    let rest = text.split_once(heading).unwrap_or_else(|| panic!("there is no heading {heading:?}")).1;
    rest.split(next).next().unwrap_or_default().to_string()
}

fn before_subsections(section: &str) -> &str {
    section.split("\n### ").next().unwrap_or_default()
}

/// The anchors of a document.
fn headings(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    heading
        .trim_matches(['#', ' '])
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

fn readme() -> String {
    read(&root().join("README.md"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
