-- Run by tools/bench after login.sql: two users tables to move into, each beside the same table written by hand. A narrow one, and one with
-- ten mapped columns and the usual indexes. The legacy users are read through postgres_fdw; their hashes say themselves what they are, so that
-- all write the same.
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SCHEMA far;
CREATE TABLE far.narrow (id bigint PRIMARY KEY, email text, first text, last text, pwd text);
INSERT INTO far.narrow
SELECT n, format('Member%s@example.com', n), 'Ann', 'Nr ' || n,
       format('$argon2id$v=19$m=19456,t=2,p=1$%s$%s', rtrim(encode(decode(md5(n::text), 'hex'), 'base64'), '='),
              rtrim(encode(sha256(n::text::bytea), 'base64'), '='))
FROM generate_series(1, :rows) n;
CREATE TABLE far.realistic (
    id bigint PRIMARY KEY, email text, nick text, first text, last text, phone text, country text, lang text, born text, status int,
    registered bigint, seen bigint, newsletter text, pwd text);
INSERT INTO far.realistic
SELECT n, format('Member%s@example.com', n), 'Member' || n, 'Ann', 'Nr ' || n, format(' +49 30 %s ', 100000 + n), 'de', 'de_DE',
       format('%s-0%s-1%s', 1950 + n % 50, 1 + n % 9, n % 10), n % 20, 1200000000 + n * 60, CASE WHEN n % 3 > 0 THEN 1600000000 + n END,
       CASE WHEN n % 2 = 0 THEN 'Y' ELSE 'N' END,
       format('$2y$10$%s%s', left(translate(encode(sha256(n::text::bytea), 'base64'), '+=', './'), 21) || 'u',
              left(translate(encode(sha256(n::text::bytea), 'base64'), '+=', './'), 30) || 'O')
FROM generate_series(1, :rows) n;
ANALYZE far.narrow, far.realistic;

SELECT format('CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L, fetch_size ''1000'')',
              :'HOST', :'PORT', current_database()) \gexec
-- The password is never asked for here, which only a superuser may say.
SELECT format('CREATE USER MAPPING FOR %I SERVER far OPTIONS (user %L, password_required ''false'')', role, current_user)
FROM unnest(ARRAY['bench_owner', current_user]) role \gexec
CREATE SCHEMA near;
IMPORT FOREIGN SCHEMA far FROM SERVER far INTO near;
GRANT USAGE ON SCHEMA near TO bench_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA near TO bench_owner;

CREATE SCHEMA by_hand;
CREATE SCHEMA linked;
CREATE SCHEMA imported;
GRANT USAGE ON SCHEMA imported TO bench_owner;
CREATE TABLE by_hand.narrow (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text, password_hash text);
CREATE TABLE by_hand.realistic (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, username text NOT NULL UNIQUE, name text NOT NULL, phone text,
    locale text NOT NULL DEFAULT 'en', birthday date CHECK (birthday > '1900-01-01'), is_active boolean NOT NULL DEFAULT true,
    preferences jsonb NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL DEFAULT now(), last_login_at timestamptz, password_hash text);
CREATE INDEX ON by_hand.realistic (created_at);
SELECT format('CREATE TABLE %I.%I (LIKE by_hand.%2$I INCLUDING ALL)', schema, shape)
FROM unnest(ARRAY['linked', 'imported']) schema, unnest(ARRAY['narrow', 'realistic']) shape \gexec
ALTER TABLE imported.narrow OWNER TO bench_owner;
ALTER TABLE imported.realistic OWNER TO bench_owner;
CREATE TABLE linked.link (source text, legacy_key text, target text, user_id text, hash_digest text, PRIMARY KEY (source, legacy_key));
CREATE INDEX ON linked.link (target, user_id);

INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column)
SELECT shape, 'imported.' || shape, 'id', '{email}', 'password_hash' FROM unnest(ARRAY['narrow', 'realistic']) shape;
INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
SELECT shape, shape, 'near.' || shape, 'id', '{lower(l.email)}', 'l.pwd' FROM unnest(ARRAY['narrow', 'realistic']) shape;
INSERT INTO ferry.mapping (source, target_column, expression) VALUES
    ('narrow', 'email', 'lower(l.email)'),
    ('narrow', 'name', $$l.first || ' ' || l.last$$),
    ('realistic', 'email', 'lower(l.email)'),
    ('realistic', 'username', 'lower(l.nick)'),
    ('realistic', 'name', $$l.first || ' ' || l.last$$),
    ('realistic', 'phone', $$nullif(replace(btrim(l.phone), ' ', ''), '')$$),
    ('realistic', 'locale', $$replace(l.lang, '_', '-')$$),
    ('realistic', 'birthday', $$nullif(l.born, '0000-00-00')::date$$),
    ('realistic', 'is_active', 'l.status <> 0'),
    ('realistic', 'preferences', $$jsonb_build_object('country', upper(l.country), 'newsletter', l.newsletter = 'Y')$$),
    ('realistic', 'created_at', 'to_timestamp(l.registered)'),
    ('realistic', 'last_login_at', 'to_timestamp(l.seen)');

-- What is measured, as statements. By hand, the expressions are those of the mappings.
CREATE TABLE way (number int, shape text, name text, statement text);
INSERT INTO way
SELECT w.number, s.shape, w.name, w.statement
FROM (SELECT source AS shape, string_agg(target_column, ', ' ORDER BY target_column) AS columns,
             string_agg(expression, ', ' ORDER BY target_column) AS expressions FROM ferry.mapping WHERE source IN ('narrow', 'realistic') GROUP BY source) s,
     LATERAL (VALUES
         (1, 'by hand', format('INSERT INTO by_hand.%I (%s, password_hash) SELECT %s, l.pwd FROM near.%1$I l', s.shape, s.columns, s.expressions)),
         (2, 'by hand, with a table of links', format(
             'WITH l AS MATERIALIZED (SELECT * FROM near.%1$I), moved AS (
                  INSERT INTO linked.%1$I (%2$s, password_hash) SELECT %3$s, l.pwd FROM l RETURNING id, email, password_hash)
              INSERT INTO linked.link
              SELECT %1$L, l.id::text, %1$L, m.id::text, encode(sha256(convert_to(m.password_hash, ''UTF8'')), ''hex'')
              FROM moved m JOIN l ON lower(l.email) = m.email', s.shape, s.columns, s.expressions)),
         (3, 'ferry.import', format('CALL ferry.import(%L)', s.shape)),
         (4, 'ferry.import, two sessions', NULL)) w (number, name, statement);
CREATE TABLE took (round int, shape text, number int, started timestamptz DEFAULT clock_timestamp(), ended timestamptz);
