-- Run by tools/bench: what a login costs. The legacy hashes are plain MD5, which costs nothing: what is measured of a first login is pg_ferry's own work.
\set SHOW_CONTEXT never
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
SET ferry.failure_floor = 0;
SET ferry.refusals_per_minute = 1000000;

CREATE ROLE bench_owner;
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text, password_hash text);
CREATE TABLE customers (id integer PRIMARY KEY, email text UNIQUE, pwd text);
INSERT INTO customers SELECT n, format('user%s@example.com', n), md5('a password') FROM generate_series(1, :calls + 5) n;
ALTER TABLE users OWNER TO bench_owner;
ALTER TABLE customers OWNER TO bench_owner;
ANALYZE customers;

INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column)
VALUES ('default', 'users', 'id', '{email}', 'password_hash');
INSERT INTO ferry.source (name, relation, key_column, login_columns, hash, format)
VALUES ('legacy', 'customers', 'id', '{email}', 'l.pwd', 'md5');
INSERT INTO ferry.mapping (source, target_column, expression) VALUES ('legacy', 'email', 'lower(l.email)'), ('legacy', 'name', 'l.id::text');

CREATE TABLE kind (number int PRIMARY KEY, name text, call text, answer text);
INSERT INTO kind VALUES
    (1, 'bare hash',      $$SELECT left(ferry.hash_password('a password'), 9)$$, '$argon2id'),
    (2, 'first login',    $$SELECT outcome FROM ferry.authenticate(format('user%s@example.com', $1), 'a password')$$, 'migrated'),
    (3, 'moved login',    $$SELECT outcome FROM ferry.authenticate(format('user%s@example.com', $1), 'a password')$$, 'ok'),
    (4, 'wrong password', $$SELECT outcome FROM ferry.authenticate(format('user%s@example.com', $1), 'another password')$$, 'invalid'),
    (5, 'unknown login',  $$SELECT outcome FROM ferry.authenticate(format('nobody%s@example.com', $1), 'another password')$$, 'invalid');
CREATE TABLE measured (n int, number int, ms double precision);

-- One call of each kind after the other, so that a busy moment of the machine meets all kinds alike.
CREATE PROCEDURE measure(calls int, warm_up int) LANGUAGE plpgsql AS $$
DECLARE
    kind record;
    answer text;
    started timestamptz;
BEGIN
    FOR n IN 1..calls LOOP
        FOR kind IN SELECT * FROM kind ORDER BY number LOOP
            started := clock_timestamp();
            EXECUTE kind.call INTO answer USING n;
            COMMIT;
            IF answer <> kind.answer THEN
                RAISE EXCEPTION '% answered %, not %', kind.name, answer, kind.answer;
            END IF;
            IF n > warm_up THEN
                INSERT INTO measured VALUES (n, kind.number, extract(epoch FROM clock_timestamp() - started) * 1000);
            END IF;
        END LOOP;
    END LOOP;
END
$$;
CALL measure(:calls + 5, 5);

-- Of two kinds, call by call; then the median.
CREATE FUNCTION ratio(one text, other text) RETURNS numeric LANGUAGE sql
RETURN (SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY a.ms / b.ms)::numeric, 2)
        FROM measured a JOIN measured b USING (n)
        WHERE a.number = (SELECT number FROM kind WHERE name = one) AND b.number = (SELECT number FROM kind WHERE name = other));

\echo
SELECT name AS call, round(ms::numeric, 1) AS "ms", round((1000 / ms)::numeric, 1) AS "per second, one connection"
FROM (SELECT number, percentile_cont(0.5) WITHIN GROUP (ORDER BY m.ms) AS ms FROM measured m GROUP BY number) median JOIN kind USING (number)
ORDER BY number;

SELECT 'moved login / bare hash' AS ratio, ratio('moved login', 'bare hash') AS value, 'what pg_ferry adds to the hash: 1.00 would be nothing' AS "what it means"
UNION ALL
SELECT 'first login / moved login', ratio('first login', 'moved login'), 'what moving adds: fetch, INSERT, link, event, COMMIT'
UNION ALL
SELECT 'wrong password / moved login', ratio('wrong password', 'moved login'), 'a refusal is an event, written and committed'
UNION ALL
SELECT 'unknown login / wrong password', ratio('unknown login', 'wrong password'), 'near 1: time does not tell who exists';

\echo 'A release build, fsync off, ferry.failure_floor 0, the legacy users in a local table with plain MD5.'
\echo
