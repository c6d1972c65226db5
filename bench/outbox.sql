-- Run by tools/bench after login.sql: what it costs an import to tell other systems of each user moved, and how fast they take it.
\set SHOW_CONTEXT never
CREATE SCHEMA old;
CREATE TABLE old.members (id bigint PRIMARY KEY, email text, first text, last text, pwd text);
INSERT INTO old.members
SELECT n, format('Member%s@example.com', n), 'Ann', 'Nr ' || n,
       format('$argon2id$v=19$m=19456,t=2,p=1$%s$%s', rtrim(encode(decode(md5(n::text), 'hex'), 'base64'), '='),
              rtrim(encode(sha256(n::text::bytea), 'base64'), '='))
FROM generate_series(1, :rows) n;
ANALYZE old.members;
GRANT USAGE ON SCHEMA old TO bench_owner;
GRANT SELECT ON old.members TO bench_owner;

-- What the backend has computed so far: a busy machine makes it wait, but not compute more.
CREATE FUNCTION processor_seconds() RETURNS double precision LANGUAGE sql AS $$
    SELECT (s[12]::float8 + s[13]::float8) / 100 FROM string_to_array(substring(pg_read_file('/proc/self/stat') FROM '\) (.*)'), ' ') s
$$;

-- In turn, so that the memory of what was before meets both alike.
CREATE TABLE telling (number int PRIMARY KEY, outbox text[]);
INSERT INTO telling SELECT n, CASE n % 2 WHEN 0 THEN '{moved}' ELSE '{}' END::text[] FROM generate_series(1, 6) n;
SELECT format('CREATE TABLE moved_%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text, password_hash text);
               ALTER TABLE moved_%1$s OWNER TO bench_owner', number) FROM telling \gexec
INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column, outbox)
SELECT number, 'moved_' || number, 'id', '{email}', 'password_hash', outbox FROM telling;
INSERT INTO ferry.source (name, target, relation, key_column, login_columns, hash)
SELECT number, number, 'old.members', 'id', '{lower(l.email)}', 'l.pwd' FROM telling;
INSERT INTO ferry.mapping (source, target_column, expression)
SELECT number, m.* FROM telling, (VALUES ('email', 'lower(l.email)'), ('name', $$l.first || ' ' || l.last$$)) m;

CREATE TABLE told_took (number int, at double precision DEFAULT processor_seconds(), n int GENERATED ALWAYS AS IDENTITY);
SELECT format('CHECKPOINT'), format('INSERT INTO told_took VALUES (%s)', number), format('CALL ferry.import(%L, batch_size => 5000)', number)
FROM telling ORDER BY number \gexec
INSERT INTO told_took VALUES (NULL);

SELECT CASE outbox WHEN '{}' THEN 'ferry.import' ELSE 'ferry.import that tells of moved' END AS what,
       round((1e6 * seconds / :rows)::numeric, 1) AS "µs of processor per user", round((seconds / first_value(seconds) OVER (ORDER BY outbox))::numeric, 2) AS "of untold"
FROM (SELECT w.outbox, percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds) AS seconds
      FROM (SELECT number, lead(at) OVER (ORDER BY n) - at AS seconds FROM told_took) t JOIN telling w USING (number)
      GROUP BY w.outbox) m
ORDER BY outbox;

CREATE PROCEDURE drain(most int) LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        PERFORM FROM ferry.take_outbox(most);
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END
$$;
TRUNCATE told_took;
INSERT INTO told_took VALUES (1);
CALL drain(1000);
INSERT INTO told_took VALUES (NULL);
SELECT round((1e6 * (max(at) - min(at)) / (3 * :rows))::numeric, 1) AS "µs of processor per notice taken, 1000 at a time" FROM told_took;
