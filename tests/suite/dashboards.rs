//! What is shipped for those who watch: the Grafana dashboard and the queries for Prometheus, run against a move under way
//! by a role that may read figures and nothing else.

use crate::setup::{Site, login};
use ferry_tests::{Server, skip, sqlstate};
use postgres::types::Type;
use postgres::{Client, Row};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use yaml_rust2::{Yaml, YamlLoader};

/// A shop in the midst of its move: some came by logging in, an import goes on slowly, two are refused and one has no luck.
struct Move {
    site: Site,
    import: Option<std::thread::JoinHandle<Result<(), postgres::Error>>>,
    pid: i32,
}

impl Move {
    fn under_way() -> Self {
        let site = Site::shop();
        site.db.sql(
            "INSERT INTO ferry.rule (source, name, expression, severity) VALUES ('shop', 'no bots', $$l.first <> 'Bot'$$, 'reject');
             INSERT INTO legacy.customers (email, first, pwd) SELECT 'bot' || n || '@example.com', 'Bot', '!' FROM generate_series(1, 2) n;
             INSERT INTO legacy.customers (email, pwd) SELECT 'user' || n || '@example.com', '!' FROM generate_series(1, 20000) n",
        );
        let mut app = site.app();
        assert_eq!(login(&mut app, "ann@example.com", "ann's secret").outcome, "migrated");
        assert_eq!(login(&mut app, "ann@example.com", "another").outcome, "invalid");
        let mut client = site.db.client();
        let pid = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
        let import = std::thread::spawn(move || {
            client.batch_execute("CALL ferry.import('shop', batch_size => 5, rows_per_second => 20)")
        });
        let under_way = Self { site, import: Some(import), pid };
        // Both bots are at the beginning.
        under_way.wait("SELECT count(*) = 1 FROM ferry.import_progress WHERE state = 'running' AND moved > 0 AND refused = 2 AND rows_per_second > 0");
        under_way
    }

    fn wait(&self, condition: &str) {
        let start = Instant::now();
        while !self.site.db.one::<bool>(condition, &[]) {
            assert!(start.elapsed() < Duration::from_secs(120), "never: {condition}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn monitor(&self) -> Client {
        let role = self.site.db.role("monitor");
        self.site.db.rows("SELECT ferry.grant_access($1::text::name, 'monitor')", &[&role]);
        self.site.db.client_as(&role)
    }

    fn cancel(&mut self) {
        assert!(self.site.db.one::<bool>("SELECT pg_cancel_backend($1)", &[&self.pid]));
        let import = self.import.take().expect("it is cancelled once");
        assert_eq!(sqlstate(&import.join().unwrap().unwrap_err()), "57014");
    }

    /// The shop is asked no more, with nearly everybody left behind.
    fn retire(&mut self) {
        self.cancel();
        self.site.db.sql("SELECT ferry.retire_source('shop')");
    }
}

fn example(file: &str) -> String {
    let path = root().join("examples").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of a query, whose text must tell of nobody.
fn ask(client: &mut Client, sql: &str) -> Vec<Row> {
    let sql = sql.trim().trim_end_matches(';');
    let told = format!("SELECT coalesce(string_agg(q::text, ' '), '') FROM ({sql}) q");
    let told: String =
        client.query_one(&told, &[]).unwrap_or_else(|error| panic!("{error:?}\nin: {sql}")).get(0);
    assert!(!told.contains("example.com"), "a login is told by: {sql}");
    client.query(sql, &[]).unwrap()
}

fn is_number(of: &Type) -> bool {
    [Type::INT4, Type::INT8, Type::NUMERIC, Type::FLOAT8].contains(of)
}

fn columns(rows: &[Row]) -> Vec<(String, Type)> {
    let row = rows.first().expect("there is data");
    row.columns().iter().map(|column| (column.name().to_owned(), column.type_().clone())).collect()
}

#[test]
fn a_monitor_reads_figures_and_nothing_else() {
    let mut under_way = Move::under_way();
    let mut monitor = under_way.monitor();
    for forbidden in [
        "TABLE ferry.event",
        "TABLE ferry.link",
        "TABLE ferry.import_run",
        "TABLE ferry.import_reject",
        "TABLE ferry.source",
        "TABLE users",
        "TABLE legacy.customers",
        "SELECT * FROM ferry.authenticate('ann@example.com', 'x')",
        "SELECT * FROM ferry.find_login('ann@example.com')",
        "CALL ferry.import('shop')",
    ] {
        let error = monitor.batch_execute(forbidden).unwrap_err();
        assert_eq!(sqlstate(&error), "42501", "{forbidden}");
    }
    let one = |monitor: &mut Client, sql: &str| -> String { ask(monitor, sql)[0].get(0) };
    let by_login =
        "SELECT via || ' ' || moved FROM ferry.moved_per_day WHERE day = current_date AND via = 'login'";
    assert_eq!(one(&mut monitor, by_login), "login 1");
    let refused = "SELECT concat_ws(' ', source, reason, rule, refused) FROM ferry.refused_by_reason";
    assert_eq!(one(&mut monitor, refused), "shop rule no bots 2");
    let events =
        "SELECT string_agg(concat_ws(' ', kind, outcome, source, reason, events), ', ' ORDER BY outcome)
                  FROM ferry.count_events() WHERE kind = 'login'";
    assert_eq!(one(&mut monitor, events), "login invalid wrong_password 1, login migrated shop login 1");
    let all = "SELECT count(*)::text FROM ferry.count_events(now() + interval '1 hour', now() + interval '2 hours')";
    assert_eq!(one(&mut monitor, all), "0");
    under_way.cancel();
    let state = "SELECT state FROM ferry.import_progress";
    assert_eq!(one(&mut monitor, state), "interrupted");
}

/// What Grafana's PostgreSQL data source makes of a query before it sends it.
fn expand(sql: &str) -> String {
    const FROM: &str = "'2020-01-01T00:00:00Z'";
    const TO: &str = "'2100-01-01T00:00:00Z'";
    let mut sql = sql.to_owned();
    while let Some(start) = sql.find("$__timeFilter(") {
        let end = start + sql[start..].find(')').expect("the macro is closed");
        let column = sql[start + "$__timeFilter(".len()..end].to_owned();
        sql.replace_range(start..=end, &format!("{column} BETWEEN {FROM} AND {TO}"));
    }
    let sql = sql.replace("$__timeFrom()", FROM).replace("$__timeTo()", TO);
    let sql = sql.replace("$__interval_ms", "60000").replace("${source:sqlstring}", "'shop','another'");
    assert!(!sql.contains("$__") && !sql.contains("${"), "a macro or variable that is not known: {sql}");
    sql
}

#[test]
fn the_grafana_dashboard_shows_a_move_under_way() {
    let mut under_way = Move::under_way();
    let mut monitor = under_way.monitor();
    let dashboard: Value = serde_json::from_str(&example("grafana/pg_ferry.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().unwrap() {
            let rows = ask(&mut monitor, &expand(target["rawSql"].as_str().unwrap()));
            check_columns(panel, target, &columns(&rows), title);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        if variable["type"] == "query" {
            let rows = ask(&mut monitor, variable["query"].as_str().unwrap());
            assert_eq!(rows[0].get::<_, String>(0), "shop");
        }
    }
    under_way.retire();
    let of_panel = |name: &str| {
        &dashboard["panels"].as_array().unwrap().iter().find(|one| one["title"] == name).unwrap()["targets"]
            [0]
    };
    let users = expand(of_panel("Users")["rawSql"].as_str().unwrap());
    let are_left_behind = format!("SELECT \"remaining\" = 0 AND \"left behind\" > 10000 FROM ({users}) q");
    assert!(ask(&mut monitor, &are_left_behind)[0].get::<_, bool>(0), "{users}");
    let [retired] = &dashboard["annotations"]["list"].as_array().unwrap()[..] else { panic!("one note") };
    let notes = ask(&mut monitor, &expand(retired["target"]["rawSql"].as_str().unwrap()));
    assert_eq!(columns(&notes), [("time".to_owned(), Type::TIMESTAMPTZ), ("text".to_owned(), Type::TEXT)]);
    assert_eq!(notes[0].get::<_, String>("text"), "source shop was retired");
    assert_eq!(
        (&retired["datasource"], &retired["enable"]),
        (&dashboard["panels"][0]["datasource"], &true.into())
    );
}

#[test]
fn the_grafana_dashboard_says_no_more_than_is_known() {
    let site = Site::shop();
    site.add_local_source("another", "members");
    site.add_customer("customers", "ben@example.com", "ben's secret");
    site.db.sql(
        "INSERT INTO ferry.link (source, legacy_key, target, user_id, via, moved_at)
         SELECT 'another', 'x' || n, 'default', 'x' || n, 'login', now() - interval '2 days' FROM generate_series(1, 6) n",
    );
    site.db.sql("CALL ferry.import('shop', dry_run => true)");
    login(&mut site.app(), "ann@example.com", "ann's secret");
    let dashboard: Value = serde_json::from_str(&example("grafana/pg_ferry.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let figure = |kind: &str, title: &str| -> Option<f64> {
        let panel = panels.iter().find(|panel| panel["type"] == kind && panel["title"] == title).unwrap();
        let sql = expand(panel["targets"][0]["rawSql"].as_str().unwrap());
        site.db.one(&format!("SELECT q.of::float8 FROM ({sql}) q (of)"), &[])
    };
    // Nobody knows of how many the other six are.
    assert_eq!(figure("gauge", "Moved"), Some(0.5));
    assert!(figure("stat", "Projected end").is_some());
    site.db.sql("INSERT INTO legacy.members (email, pwd) SELECT n || '@x', '!' FROM generate_series(1, 8) n");
    site.db.sql("CALL ferry.import('another', dry_run => true)");
    assert_eq!(figure("gauge", "Moved"), Some(0.7));
    assert_eq!(figure("stat", "Projected end"), None, "one source stands still");
    site.db.sql("UPDATE ferry.link SET moved_at = now()");
    assert!(figure("stat", "Projected end").is_some());
}

/// What each kind of panel can draw.
fn check_columns(panel: &Value, target: &Value, columns: &[(String, Type)], title: &str) {
    let of = |name: &str| columns.iter().find(|column| column.0 == name).map(|column| &column.1);
    let others = |names: &[&str]| {
        let others: Vec<_> = columns.iter().filter(|column| !names.contains(&column.0.as_str())).collect();
        assert!(!others.is_empty() && others.iter().all(|other| is_number(&other.1)), "{title}: {columns:?}");
    };
    match panel["type"].as_str().unwrap() {
        "timeseries" => {
            assert_eq!(target["format"], "time_series", "{title}");
            assert_eq!((of("time"), of("metric")), (Some(&Type::TIMESTAMPTZ), Some(&Type::TEXT)), "{title}");
            others(&["time", "metric"]);
        }
        "stat" | "gauge" => others(&[]),
        "barchart" => {
            let x = panel["options"]["xField"].as_str().unwrap();
            assert_eq!(of(x), Some(&Type::TEXT), "{title}");
            others(&[x]);
        }
        "table" => {}
        other => panic!("{title}: what does a {other} take?"),
    }
    assert!(target["format"] == "table" || panel["type"] == "timeseries", "{title}");
    for rule in panel["fieldConfig"]["overrides"].as_array().unwrap() {
        let name = rule["matcher"]["options"].as_str().unwrap();
        assert!(of(name).is_some(), "{title} has no column {name}");
    }
}

#[test]
fn the_grafana_dashboard_is_of_the_form_that_grafana_reads() {
    let dashboard: Value = serde_json::from_str(&example("grafana/pg_ferry.json")).unwrap();
    assert!(dashboard["schemaVersion"].as_i64().unwrap() >= 36 && dashboard["title"] == "pg_ferry");
    assert!(dashboard["uid"].as_str().unwrap().len() <= 40 && dashboard["id"].is_null());
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have one id");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(!panel["description"].as_str().unwrap().is_empty(), "{title}");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_i64().unwrap());
        assert!(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, "{title} is not on the grid");
        let cells = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
        assert!(cells.into_iter().all(|cell| taken.insert(cell)), "{title} lies over another panel");
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<_> = targets.iter().map(|target| target["refId"].as_str().unwrap()).collect();
        assert!(!targets.is_empty() && names.len() == targets.len(), "{title}");
        for holder in targets.iter().chain([panel]) {
            assert_eq!(holder["datasource"]["uid"], "${datasource}", "{title}");
        }
        assert!(targets.iter().all(|target| target["rawQuery"] == true), "{title}");
    }
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let of_kind = |kind: &str| variables.iter().filter(|one| one["type"] == kind).collect::<Vec<_>>();
    let [database] = of_kind("datasource")[..] else { panic!("one variable chooses the database") };
    assert_eq!(
        (&database["name"], &database["query"]),
        (&"datasource".into(), &panels[0]["datasource"]["type"])
    );
    assert_eq!(of_kind("query").len() + 1, variables.len());
}

/// A metric family of `queries.yaml`.
struct Family {
    name: String,
    query: String,
    /// Name, usage, description.
    columns: Vec<(String, String, String)>,
}

fn families() -> Vec<Family> {
    let document = YamlLoader::load_from_str(&example("prometheus/queries.yaml")).unwrap().remove(0);
    let text = |yaml: &Yaml| yaml.as_str().unwrap_or_else(|| panic!("{yaml:?} is no text")).to_owned();
    let column = |column: &Yaml| {
        let column = column.as_hash().unwrap();
        assert_eq!(column.len(), 1, "{column:?}");
        let (name, of) = column.front().unwrap();
        (text(name), text(&of["usage"]), text(&of["description"]))
    };
    let families = document.as_hash().unwrap().iter();
    families
        .map(|(name, of)| Family {
            name: text(name),
            query: text(&of["query"]),
            columns: of["metrics"].as_vec().unwrap().iter().map(column).collect(),
        })
        .collect()
}

impl Family {
    fn labels(&self) -> Vec<&str> {
        self.columns.iter().filter(|column| column.1 == "LABEL").map(|column| column.0.as_str()).collect()
    }
}

fn is_name(name: &str, may_have: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || may_have.contains(c))
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.contains("__")
}

#[test]
fn the_metrics_for_prometheus_are_what_their_queries_give() {
    let mut under_way = Move::under_way();
    let mut monitor = under_way.monitor();
    let families = families();
    assert!(families.len() > 5);
    for family in &families {
        let rows = ask(&mut monitor, &family.query);
        let found: BTreeSet<String> = columns(&rows).into_iter().map(|column| column.0).collect();
        let told: BTreeSet<String> = family.columns.iter().map(|column| column.0.clone()).collect();
        assert_eq!(found, told, "{}", family.name);
        for (column, usage, description) in &family.columns {
            let name = format!("{}_{column}", family.name);
            assert!(is_name(&name, "") && name.starts_with("pg_ferry_") && !description.is_empty(), "{name}");
            let of = columns(&rows).into_iter().find(|found| found.0 == *column).unwrap().1;
            match usage.as_str() {
                "LABEL" => assert_eq!(of, Type::TEXT, "{name}"),
                // Whatever is purged or put back goes down.
                "GAUGE" => assert!(is_number(&of) && !name.ends_with("_total"), "{name} of {of}"),
                other => panic!("{name} is a {other}"),
            }
        }
        let numbers = family.columns.iter().filter(|column| column.1 == "GAUGE");
        let all = numbers
            .map(|column| format!("{}::float8 IS NOT NULL", column.0))
            .collect::<Vec<_>>()
            .join(" AND ");
        let labels = family.labels().join(", ");
        let sql = format!(
            "SELECT bool_and({all}) AND count(*) = count(DISTINCT ({labels})) FROM ({}) q",
            family.query
        );
        assert!(ask(&mut monitor, &sql)[0].get::<_, bool>(0), "{}", family.name);
    }
    under_way.retire();
    let of_source = families.iter().find(|family| family.name == "pg_ferry_source").unwrap();
    let is_retired = format!("SELECT bool_and(retired = 1) FROM ({}) q", of_source.query);
    assert!(ask(&mut monitor, &is_retired)[0].get::<_, bool>(0));

    // What the README would have us be told of.
    let of_family = |family: &Family| {
        family.columns.iter().map(|column| format!("{}_{}", family.name, column.0)).collect::<Vec<_>>()
    };
    let known: BTreeSet<String> = families.iter().flat_map(of_family).collect();
    let readme = example("prometheus/README.md");
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: Vec<&str> =
        readme.split(|c| !is_part(c)).filter(|word| word.starts_with("pg_ferry_")).collect();
    assert!(named.len() > 10 && named.iter().all(|name| known.contains(*name)), "{named:?}");
}

/// Debian's postgres_exporter, where it is installed or was fetched by `tools/bootstrap`.
fn exporter() -> Option<PathBuf> {
    const PROGRAM: &str = "usr/bin/prometheus-postgres-exporter";
    [Path::new("/").join(PROGRAM), root().join(".work/exporter").join(PROGRAM)]
        .into_iter()
        .find(|path| path.exists())
}

/// A process of the test's own.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_real_exporter_serves_the_metrics() {
    let Some(program) = exporter() else { skip!("there is no postgres_exporter here") };
    let mut under_way = Move::under_way();
    let db = &under_way.site.db;
    if db.cluster().server().major() != Server::oldest().major() {
        under_way.cancel();
        skip!("one major is enough");
    }
    let role = db.role("monitor");
    drop(under_way.monitor());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let socket = db.cluster().socket_directory().display();
    let source = format!(
        "host={socket} port={} user={role} dbname={} sslmode=disable",
        db.cluster().port(),
        db.name()
    );
    let exporter = Command::new(program)
        .args(["--disable-default-metrics", "--disable-settings-metrics"])
        .args(["--no-collector.database", "--no-collector.bgwriter"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg(format!("--extend.query-path={}", root().join("examples/prometheus/queries.yaml").display()))
        .env("DATA_SOURCE_NAME", source)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let exporter = Running(exporter);
    let start = Instant::now();
    let page = loop {
        match fetch(port) {
            Ok(page) if page.contains("pg_ferry_") => break page,
            page => assert!(start.elapsed() < Duration::from_secs(120), "no metrics: {page:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    drop(exporter);
    for family in families() {
        for (column, _, description) in family.columns.iter().filter(|column| column.1 == "GAUGE") {
            let name = format!("{}_{column}", family.name);
            assert!(page.contains(&format!("# HELP {name} {description}\n")), "{name}:\n{page}");
            assert!(page.contains(&format!("# TYPE {name} gauge\n")), "{name}");
            let sample = page.lines().find(|line| line.starts_with(&format!("{name}{{")));
            let sample = sample.unwrap_or_else(|| panic!("no sample of {name}:\n{page}"));
            let (labels, value) = sample.rsplit_once("} ").unwrap();
            assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{sample}");
            for label in family.labels() {
                assert!(labels.contains(&format!("{label}=\"")), "{sample}");
            }
        }
    }
    assert!(page.contains("pg_ferry_refused_users{reason=\"rule\",rule=\"no bots\""), "{page}");
    assert!(!page.contains("@example.com"), "a login is told");
    under_way.cancel();
}

fn fetch(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}
