-- Run by tools/bench after login.sql: what a bulk import costs, beside the INSERT … SELECT that somebody would write by hand.
-- The legacy users are read through postgres_fdw; their hashes say themselves what they are, so that both write the same.
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SCHEMA far;
CREATE TABLE far.members (id bigint PRIMARY KEY, email text, first text, last text, pwd text);
INSERT INTO far.members
SELECT n, format('Member%s@example.com', n), 'Ann', 'Nr ' || n,
       format('$argon2id$v=19$m=19456,t=2,p=1$%s$%s', rtrim(encode(decode(md5(n::text), 'hex'), 'base64'), '='),
              rtrim(encode(sha256(n::text::bytea), 'base64'), '='))
FROM generate_series(1, :rows) n;
ANALYZE far.members;

SELECT format('CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L, fetch_size ''1000'')',
              :'HOST', :'PORT', current_database()) \gexec
-- The password is never asked for here, which only a superuser may say.
SELECT format('CREATE USER MAPPING FOR %I SERVER far OPTIONS (user %L, password_required ''false'')', role, current_user)
FROM unnest(ARRAY['bench_owner', current_user]) role \gexec
CREATE SCHEMA near;
IMPORT FOREIGN SCHEMA far FROM SERVER far INTO near;
GRANT USAGE ON SCHEMA near TO bench_owner;
GRANT SELECT ON near.members TO bench_owner;

CREATE TABLE by_hand (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text, password_hash text);
CREATE TABLE by_hand_linked (LIKE by_hand INCLUDING ALL);
CREATE TABLE imported (LIKE by_hand INCLUDING ALL);
ALTER TABLE imported OWNER TO bench_owner;
CREATE TABLE hand_link (source text, legacy_key text, target text, user_id text, hash_digest text, PRIMARY KEY (source, legacy_key));
CREATE INDEX ON hand_link (target, user_id);

INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column)
VALUES ('bulk', 'imported', 'id', '{email}', 'password_hash');
INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
VALUES ('far', 'bulk', 'near.members', 'id', '{lower(l.email)}', 'l.pwd');
INSERT INTO ferry.mapping (source, target_column, expression)
VALUES ('far', 'email', 'lower(l.email)'), ('far', 'name', $$l.first || ' ' || l.last$$);

CREATE TABLE took (what text, at timestamptz DEFAULT clock_timestamp());
CHECKPOINT;
INSERT INTO took VALUES ('by hand');
INSERT INTO by_hand (email, name, password_hash) SELECT lower(l.email), l.first || ' ' || l.last, l.pwd FROM near.members l;
CHECKPOINT;
INSERT INTO took VALUES ('by hand, with a table of links');
WITH moved AS (
    INSERT INTO by_hand_linked (email, name, password_hash) SELECT lower(l.email), l.first || ' ' || l.last, l.pwd FROM near.members l
    RETURNING id, email, password_hash)
INSERT INTO hand_link
SELECT 'far', l.id::text, 'bulk', m.id::text, encode(sha256(convert_to(m.password_hash, 'UTF8')), 'hex')
FROM moved m JOIN near.members l ON lower(l.email) = m.email;
CHECKPOINT;
INSERT INTO took VALUES ('ferry.import');
CALL ferry.import('far', batch_size => 5000);
INSERT INTO took VALUES (NULL);

SELECT what, round(:rows / seconds) AS "rows per second", round((first_value(seconds) OVER (ORDER BY at) / seconds)::numeric, 2) AS "of by hand"
FROM (SELECT what, at, extract(epoch FROM lead(at) OVER (ORDER BY at) - at) AS seconds FROM took) t
WHERE what IS NOT NULL
ORDER BY at;

\echo 'By hand nothing is checked: no rule, no hash, nobody who is here already; one bad row undoes all of it, and nothing tells who came from where.'
\echo
