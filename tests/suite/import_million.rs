//! A whole legacy system imported through postgres_fdw while its users log in, with everything that can go wrong on the
//! way: the books balance to the row.
//!
//! On the first major of pgrx.toml there are a million users, on the others fewer; `FERRY_IMPORT_ROWS=200000` overrides
//! both. What happens when is drawn from a seed: the same each time, so that a change is judged and not luck;
//! `FERRY_IMPORT_SEED=$RANDOM` looks for more.

use crate::import_population::{Population, Servers, email, is_plain, outcast, password};
use ferry_tests::{Server, Shutdown, need_extension, sqlstate};
use postgres::{Client, Config, Error, NoTls};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const ROWS_ON_FIRST_MAJOR: i64 = 1_000_000;
const ROWS_ON_OTHERS: i64 = 20_000;
const ROWS_IN_PARALLEL: i64 = 100_000;

/// More than a loaded machine needs from one batch to the next, or to recover.
const PATIENCE: Duration = Duration::from_secs(120);

fn rows() -> i64 {
    let is_first = Server::under_test().major() == Server::oldest().major();
    let default = if is_first { ROWS_ON_FIRST_MAJOR } else { ROWS_ON_OTHERS };
    std::env::var("FERRY_IMPORT_ROWS").map_or(default, |rows| rows.parse().unwrap())
}

/// SplitMix64: a few lines, and the same everywhere.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
        let seed = std::env::var("FERRY_IMPORT_SEED").map_or(1, |seed| seed.parse().unwrap());
        println!("to repeat this: FERRY_IMPORT_SEED={seed} FERRY_IMPORT_ROWS={}", rows());
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `from` on, before `to`.
    fn within(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.next() % u64::try_from(to - from).unwrap()).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, usize::try_from(self.within(0, place as i64 + 1)).unwrap());
        }
    }
}

/// What the visitors and the test tell each other.
#[derive(Default)]
struct World {
    /// How far the import has come: people log in around there, too.
    front: AtomicI64,
    is_over: AtomicBool,
    is_legacy_down: AtomicBool,
}

/// What a visitor has done.
#[derive(Default)]
struct Diary {
    /// Whom a login or a reset may have moved, or given a new hash.
    touched: Vec<i64>,
    welcomed: usize,
    turned_away: usize,
    cut_off: usize,
}

/// Somebody's clients: they log in, mistype, ask for resets, and come back when the server does.
struct Visitor {
    config: Config,
    client: Option<Client>,
    world: Arc<World>,
    random: Random,
    count: i64,
    diary: Diary,
}

impl Visitor {
    fn start(population: &Population<'_>, app: &str, world: &Arc<World>, seed: u64) -> JoinHandle<Diary> {
        let mut visitor = Visitor {
            config: population.db.config_as(app),
            client: None,
            world: Arc::clone(world),
            random: Random(seed),
            count: population.count,
            diary: Diary::default(),
        };
        std::thread::spawn(move || {
            while !visitor.world.is_over.load(Ordering::Relaxed) {
                if let Err(error) = visitor.visit() {
                    assert!(is_outage(&error), "{error:?}");
                    visitor.diary.cut_off += 1;
                    visitor.client = None;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            visitor.diary
        })
    }

    fn visit(&mut self) -> Result<(), Error> {
        let customer = self.somebody();
        match self.random.within(0, 10) {
            0 => self.expect("authenticate($1, $2)", &email(customer), "mistyped", &["invalid"]),
            1 => {
                let nobody = format!("nobody{}@example.com", self.random.next());
                self.expect("authenticate($1, $2)", &nobody, "any", &["invalid"])
            }
            2 => {
                let outcast = outcast(self.count, self.random.within(0, 1 << 40));
                let refusals = ["invalid", "rejected", "failed"];
                self.expect("authenticate($1, $2)", &email(outcast), &password(outcast), &refusals)
            }
            3 => {
                self.diary.touched.push(customer);
                self.expect(
                    "prepare_reset($1, client => $2)",
                    &email(customer),
                    "10.0.0.1",
                    &["ok", "migrated"],
                )
            }
            _ => {
                self.diary.touched.push(customer);
                self.expect(
                    "authenticate($1, $2)",
                    &email(customer),
                    &password(customer),
                    &["ok", "migrated"],
                )
            }
        }
    }

    /// Anybody, or one of those whom the import is about to move.
    fn somebody(&mut self) -> i64 {
        loop {
            let front = self.world.front.load(Ordering::Relaxed);
            let customer = match self.random.within(0, 2) {
                0 => self.random.within(1, self.count + 1),
                _ => (front + self.random.within(-200, 2000)).clamp(1, self.count),
            };
            if is_plain(customer) {
                return customer;
            }
        }
    }

    fn expect(&mut self, call: &str, login: &str, second: &str, outcomes: &[&str]) -> Result<(), Error> {
        let was_down = self.world.is_legacy_down.load(Ordering::Relaxed);
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(self.config.connect(NoTls)?),
        };
        let row = client.query_one(&format!("SELECT outcome FROM ferry.{call}"), &[&login, &second])?;
        let outcome: &str = row.get(0);
        let is_down = was_down || self.world.is_legacy_down.load(Ordering::Relaxed);
        assert!(
            outcomes.contains(&outcome) || (is_down && outcome == "unavailable"),
            "{call} of {login}: {outcome}"
        );
        match outcome {
            "ok" | "migrated" => self.diary.welcomed += 1,
            _ => self.diary.turned_away += 1,
        }
        Ok(())
    }
}

/// The server or the legacy one went away, and nothing else.
fn is_outage(error: &Error) -> bool {
    let state = sqlstate(error);
    state == "none" || state.starts_with("08") || state.starts_with("57P")
}

/// What ends a call of the import.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Blow {
    /// Its session is told to go.
    Terminate,
    /// Somebody presses Ctrl-C.
    Cancel,
    /// Its process is shot, and PostgreSQL restarts all of them.
    Kill,
    /// The whole server stops as in a power cut, and starts again.
    PowerCut,
    /// The legacy server goes, and comes back.
    LegacyGone,
}

impl Blow {
    const ALL: [Blow; 5] = [Blow::Terminate, Blow::Cancel, Blow::Kill, Blow::PowerCut, Blow::LegacyGone];

    fn strike(self, servers: &Servers, population: &Population<'_>, world: &World) {
        let db = &population.db;
        let pid = "SELECT pid FROM ferry.import_run WHERE state = 'running'";
        match self {
            Blow::Terminate => db.sql("SELECT pg_terminate_backend(pid) FROM ferry.import_run"),
            Blow::Cancel => db.sql("SELECT pg_cancel_backend(pid) FROM ferry.import_run"),
            Blow::Kill => {
                shoot(db.one(pid, &[]));
                await_true("the server goes down", || db.try_sql("SELECT 1").is_err());
                db.reconnect();
            }
            Blow::PowerCut => {
                servers.target.stop(Shutdown::Immediate);
                servers.target.start_again();
                db.reconnect();
            }
            Blow::LegacyGone => {
                world.is_legacy_down.store(true, Ordering::Relaxed);
                servers.legacy.stop(Shutdown::Immediate);
            }
        }
    }

    fn mend(self, servers: &Servers, population: &Population<'_>, world: &World) {
        if self == Blow::LegacyGone {
            servers.legacy.start_again();
            population.legacy.reconnect();
            world.is_legacy_down.store(false, Ordering::Relaxed);
        }
    }

    /// What the caller of the import is told. The last word of a server process does not always arrive.
    fn states(self) -> &'static [&'static str] {
        match self {
            Blow::Terminate => &["57P01", "none"],
            Blow::Cancel => &["57014"],
            Blow::Kill | Blow::PowerCut => &["57P01", "57P02", "none"],
            Blow::LegacyGone => &["08001", "08006", "57P01", "57P02"],
        }
    }
}

fn shoot(pid: i32) {
    let status = Command::new("sh").args(["-c", &format!("kill -s KILL {pid}")]).status().unwrap();
    assert!(status.success());
}

#[track_caller]
fn await_true(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A call of `ferry.import` in a session of its own; ends with the SQLSTATE it met.
fn call_import(population: &Population<'_>, arguments: &str) -> JoinHandle<String> {
    let mut client = population.db.client();
    // A crash may then lose the newest batches: their users, and that they were counted.
    client.batch_execute("SET synchronous_commit = off").unwrap();
    let call = format!("CALL ferry.import('shop'{arguments})");
    std::thread::spawn(move || match client.batch_execute(&call) {
        Ok(()) => "finished".to_string(),
        Err(error) => sqlstate(&error).to_string(),
    })
}

/// Waits until a number of rows are done, telling the visitors how far it is.
fn await_done(population: &Population<'_>, world: &World, importing: &JoinHandle<String>, least: i64) {
    let sql = "SELECT coalesce(sum(done), 0)::bigint FROM ferry.import_run";
    let (mut seen, mut since) = (-1, Instant::now());
    while seen < least {
        let done: i64 = population.db.one(sql, &[]);
        assert!(!importing.is_finished(), "the import has ended at {done} of {least}");
        if done > seen {
            (seen, since) = (done, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE, "the import stands still at {done}");
        world.front.store(done, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_whole_legacy_system_is_imported_while_people_log_in_and_five_blows_fall() {
    need_extension!("postgres_fdw");
    let mut random = Random::from_environment();
    let started = Instant::now();
    let tell = |what: &str| println!("{:6.1} s: {what}", started.elapsed().as_secs_f64());
    let servers = Servers::start();
    let population = Population::new(&servers, rows());
    tell("the legacy system is there");
    let mut touched = population.live_before();
    tell("some were moved before");
    let world = Arc::new(World::default());
    let app = population.app();
    let visitors: Vec<_> = (0..4).map(|_| Visitor::start(&population, &app, &world, random.next())).collect();
    let mut blows = Blow::ALL;
    random.shuffle(&mut blows);
    // Slow enough that there is something left to do when the last blow falls.
    let pace = format!(", rows_per_second => {}", population.count / 5);
    let mut done: i64 = 0;
    for (turn, blow) in (0..).zip(blows) {
        let part = population.count / 8;
        // And not before this call has done a batch, by which it is known.
        let least = (part * turn + random.within(1, part)).max(done + 1);
        let importing = call_import(&population, &pace);
        await_done(&population, &world, &importing, least);
        // Anywhere in a batch.
        std::thread::sleep(Duration::from_micros(random.next() % 50_000));
        blow.strike(&servers, &population, &world);
        let end = importing.join().unwrap();
        assert!(blow.states().contains(&end.as_str()), "{blow:?}: {end}");
        blow.mend(&servers, &population, &world);
        // What was counted is there, and nothing else.
        let sql = "SELECT concat_ws(' ', state, moved = (SELECT count(*) FROM ferry.link WHERE via = 'import'),
                                    refused = (SELECT count(*) FROM ferry.import_reject), done = last_key::bigint) FROM ferry.import_run";
        assert_eq!(
            population.db.one::<String>(sql, &[]),
            "running t t t",
            "{blow:?}\n{}",
            population.progress()
        );
        done = population.db.one("SELECT done FROM ferry.import_run", &[]);
        tell(&format!("{blow:?} after {least} rows, of which {done} were done"));
    }
    let importing = call_import(&population, &pace);
    while !importing.is_finished() {
        world.front.store(population.db.one("SELECT done FROM ferry.import_run", &[]), Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(importing.join().unwrap(), "finished");
    tell("the import is finished");
    world.is_over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        let diary = visitor.join().unwrap();
        assert!(diary.welcomed > 0 && diary.turned_away > 0 && diary.cut_off > 0, "a visitor saw nothing");
        let seen = (diary.welcomed, diary.turned_away, diary.cut_off);
        tell(&format!("a visitor was welcomed, turned away and cut off {seen:?} times"));
        touched.extend(diary.touched);
    }
    population.assert_balanced(&touched, &population.refusals_due());
    let run: String = population.db.one(
        "SELECT concat_ws(' ', count(*), min(total), min(done), min(refused)) FROM ferry.import_run",
        &[],
    );
    assert_eq!(run, format!("1 {0} {0} {1}", population.count, population.refused()));
    tell("the books balance");
    assert_eq!(population.db.count("ferry.link WHERE tombstone"), population.tombstoned());
    let visited = touched.iter().copied().filter(|customer| is_plain(*customer));
    let sample = population.sample().chain(visited.step_by(touched.len() / 500 + 1));
    population.assert_welcome(&mut population.db.client_as(&app), sample);
    tell("everybody asked gets in");
}

#[test]
fn sessions_with_ranges_one_with_all_a_retry_and_an_upsert_at_once_move_nobody_twice() {
    need_extension!("postgres_fdw");
    let mut random = Random::from_environment();
    let servers = Servers::start();
    let population = Population::new(&servers, ROWS_IN_PARALLEL.min(rows()));
    let mut touched = population.live_before();
    // A first run has refused whom it had to refuse in the first half.
    let half = population.count / 2;
    population.db.sql(&format!("CALL ferry.import('shop', max_rows => {half})"));
    population.mend();
    population.legacy.sql("UPDATE customers SET first = 'Annie' WHERE id % 10 = 0");
    let world = Arc::new(World::default());
    world.front.store(half, Ordering::Relaxed);
    let app = population.app();
    let visitors: Vec<_> = (0..2).map(|_| Visitor::start(&population, &app, &world, random.next())).collect();
    let quarter = population.count / 4;
    let mut calls: Vec<String> = (0..4)
        .map(|part| {
            format!(", key_from => '{}', key_to => '{}'", part * quarter + 1, (part + 1) * quarter + 1)
        })
        .collect();
    calls.extend(["".into(), ", operation => 'retry'".into(), ", operation => 'upsert'".into()]);
    random.shuffle(&mut calls);
    let sessions: Vec<_> = calls.iter().map(|call| call_import(&population, call)).collect();
    for (session, call) in sessions.into_iter().zip(&calls) {
        assert_eq!(session.join().unwrap(), "finished", "{call}");
    }
    world.is_over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        touched.extend(visitor.join().unwrap().touched);
    }
    // Whoever was moved before the upsert came by has the old name still.
    population.db.sql("CALL ferry.import('shop', 'upsert')");
    population.db.sql("CALL ferry.import('shop', 'retry')");
    population.assert_balanced(&touched, &Default::default());
    population.assert_welcome(&mut population.db.client_as(&app), population.sample());
}
