-- The history of imports: what is logged of each run, when it expires, and how it leaves the database as a file.

-- A nightly import under the same config keeps it once.
CREATE TABLE ferry.import_config (
    digest   text PRIMARY KEY,
    noted_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    config   text NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('ferry.import_config', '');

COMMENT ON TABLE ferry.import_config IS 'the config that runs of ferry.import had: what ferry.export_config() gave to a role of access admin';
COMMENT ON COLUMN ferry.import_config.digest IS 'SHA-256 (hex) of the config; lines of ferry.import_log have it in their detail, as config';
COMMENT ON COLUMN ferry.import_config.noted_at IS 'when a run was called with it first';
COMMENT ON COLUMN ferry.import_config.config IS 'the config, as SQL';

CREATE TABLE ferry.import_log (
    run       bigint NOT NULL CONSTRAINT import_log_run_fkey REFERENCES ferry.import_run (id) ON DELETE CASCADE,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    logged_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    severity  text NOT NULL,
    kind      text NOT NULL,
    message   text NOT NULL,
    detail    jsonb NOT NULL,
    PRIMARY KEY (run, id),
    CONSTRAINT import_log_severity_known CHECK (severity IN ('info', 'warning')),
    CONSTRAINT import_log_kind_known CHECK (kind IN ('began', 'resumed', 'progress', 'stopped', 'finished', 'exported', 'kept'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.import_log', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.import_log_id_seq', '');

COMMENT ON TABLE ferry.import_log IS 'the log of the runs of ferry.import; holds no password, no hash, and no row data but legacy keys';
COMMENT ON SEQUENCE ferry.import_log_id_seq IS 'numbers the lines of the log';
COMMENT ON COLUMN ferry.import_log.run IS 'the run, a row of ferry.import_run';
COMMENT ON COLUMN ferry.import_log.id IS 'ascending number';
COMMENT ON COLUMN ferry.import_log.logged_at IS 'when it was written';
COMMENT ON COLUMN ferry.import_log.severity IS 'info, or warning: the run was stopped by a limit, or its call before was cut off';
COMMENT ON COLUMN ferry.import_log.kind IS 'began, resumed (the next call went on with it), progress (once a minute), stopped, finished, exported, kept (ferry.keep_run has set its expiry)';
COMMENT ON COLUMN ferry.import_log.message IS 'what happened, in words';
COMMENT ON COLUMN ferry.import_log.detail IS 'the same as figures; of a call also who made it, its parameters, the version of pg_ferry, and the digest of its config';

CREATE FUNCTION ferry._history_retention() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'history_retention_wrapper';
COMMENT ON FUNCTION ferry._history_retention() IS 'internal: the setting ferry.history_retention, in sessions that have not loaded the library too';

CREATE FUNCTION ferry._history_expiry(since timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(since + ferry._retention('ferry.history_retention', ferry._history_retention()), 'infinity')
$$;
COMMENT ON FUNCTION ferry._history_expiry(timestamptz) IS 'internal: when a run expires that has been quiet since then';

CREATE FUNCTION ferry._import_config() RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH exported AS (
        SELECT string_agg(line || E'\n', '' ORDER BY place) AS config
        FROM ferry.export_config() WITH ORDINALITY AS e (line, place)
        -- Where the peppers are is for superusers to know.
        WHERE line NOT LIKE '-- ferry.pepper_file = %'
    ), digested AS (
        SELECT encode(sha256(convert_to(config, 'UTF8')), 'hex') AS digest, config FROM exported
    ), noted AS (
        INSERT INTO ferry.import_config (digest, config) SELECT digest, config FROM digested
        ON CONFLICT DO NOTHING
    )
    SELECT digest FROM digested
$$;
COMMENT ON FUNCTION ferry._import_config() IS 'internal: keeps the config that is in force, and returns its digest';

-- A call that ends in an error, or with its session, takes what it would have said of it along. The next one says it.
CREATE FUNCTION ferry._log_call(run bigint, former ferry.import_run) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r ferry.import_run;
    task text;
    is_resumed boolean := run IS NOT DISTINCT FROM former.id;
BEGIN
    UPDATE ferry.import_run i SET expires_at = greatest(i.expires_at, ferry._history_expiry(i.called_at))
    WHERE i.id = _log_call.run
    RETURNING i.* INTO r;
    task := format('%s%s, source %s, target %s', r.operation, CASE WHEN r.dry_run THEN ' (dry run)' END, r.source, r.target);
    INSERT INTO ferry.import_log (run, severity, kind, message, detail)
    VALUES (r.id,
            CASE WHEN is_resumed AND former.state = 'running' THEN 'warning' ELSE 'info' END,
            CASE WHEN is_resumed THEN 'resumed' ELSE 'began' END,
            CASE WHEN NOT is_resumed THEN format('%s: %s to look at, %s in the source', task, r.total, r.source_total)
                 ELSE format('%s: %s of %s done before; the call before %s', task, r.done, r.total,
                             CASE former.state WHEN 'stopped' THEN 'was stopped by ' || former.message
                                  ELSE 'was cut off: cancelled, killed, or ended by an error, which the server''s log has' END) END,
            jsonb_strip_nulls(jsonb_build_object(
                'by', session_user, 'source_total', r.source_total, 'total', r.total, 'done', r.done, 'last_key', r.last_key,
                'parameters', r.parameters - '{key_order,done_before,refused_before}'::text[],
                'version', (SELECT x.extversion FROM pg_extension x WHERE x.extname = 'pg_ferry'),
                'config', ferry._import_config())));
END
$$;
COMMENT ON FUNCTION ferry._log_call(bigint, ferry.import_run) IS 'internal: logs that a run has begun or was gone on with';

CREATE FUNCTION ferry._log_batch(r ferry.import_run, counts text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF r.state = 'running' AND
       (SELECT l.logged_at FROM ferry.import_log l WHERE l.run = r.id ORDER BY l.id DESC LIMIT 1) > clock_timestamp() - interval '1 minute' THEN
        RETURN;
    ELSIF r.state <> 'running' THEN
        UPDATE ferry.import_run i SET expires_at = greatest(i.expires_at, ferry._history_expiry(r.ended_at)) WHERE i.id = r.id;
    END IF;
    INSERT INTO ferry.import_log (run, severity, kind, message, detail)
    VALUES (r.id,
            CASE r.state WHEN 'stopped' THEN 'warning' ELSE 'info' END,
            CASE r.state WHEN 'running' THEN 'progress' ELSE r.state END,
            counts,
            jsonb_build_object(
                'total', r.total, 'done', r.done, 'moved', r.moved, 'updated', r.updated, 'deleted', r.deleted, 'deactivated', r.deactivated, 'refused', r.refused,
                'skipped', r.skipped, 'batches', r.batches, 'rows_per_second', r.rows_per_second));
END
$$;
COMMENT ON FUNCTION ferry._log_batch(ferry.import_run, text) IS 'internal: logs how far a run is, once a minute, and how it has ended';

CREATE FUNCTION ferry._need_run(run bigint) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ferry.import_run r WHERE r.id = _need_run.run) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('there is no run %s of ferry.import', coalesce(run::text, 'null')),
            HINT = 'The runs are the rows of ferry.import_run; one that had expired may have been purged.';
    END IF;
END
$$;
COMMENT ON FUNCTION ferry._need_run(bigint) IS 'internal: refuses a run that is not there';

CREATE FUNCTION ferry.keep_run(run bigint, until timestamptz DEFAULT 'infinity') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM ferry._need_run(run);
    IF until IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a run is kept until some time, not until null',
            HINT = 'Give a timestamp, or leave it out to keep the run for ever.';
    END IF;
    UPDATE ferry.import_run r SET expires_at = until WHERE r.id = run;
    INSERT INTO ferry.import_log (run, severity, kind, message, detail)
    VALUES (run, 'info', 'kept', format('to be kept until %s, says %s', until, session_user), jsonb_build_object('by', session_user, 'until', until));
END
$$;
COMMENT ON FUNCTION ferry.keep_run(bigint, timestamptz) IS 'sets when a run of ferry.import expires: later than ferry.history_retention says, or sooner, or never (infinity, the default). A later call of the same run only puts it off';

CREATE FUNCTION ferry._need_own_transaction(procedure text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'need_own_transaction_wrapper';
COMMENT ON FUNCTION ferry._need_own_transaction(text) IS 'internal: refuses a procedure that commits where it could not';

CREATE FUNCTION ferry._expired_runs() RETURNS SETOF bigint
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.id FROM ferry.import_run r
    WHERE r.expires_at <= now() AND NOT (r.state = 'running' AND ferry._import_is_alive(r.pid, r.backend_start, r.called_at))
$$;
COMMENT ON FUNCTION ferry._expired_runs() IS 'internal: the runs that have expired and are not under way';

-- What ferry.progress counts by stays, or the figures would change by themselves: who is refused now, and the last count
-- of each source. Nothing is waited for that an import has locked.
CREATE FUNCTION ferry._purge_history(rows bigint, OUT rejects bigint, OUT runs bigint, OUT kept bigint, OUT is_over boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF rows IS NULL OR rows < 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'batch_size of ferry.purge_history is out of range',
            HINT = 'Give a number of 1 or more; 10000 is a good one.';
    END IF;
    -- A call of ferry.import that chooses the run to go on with is waited for, and then waits for this.
    LOCK TABLE ferry.import_run IN ROW EXCLUSIVE MODE;
    DELETE FROM ferry.import_reject d
    USING (SELECT i.run, i.legacy_key
           FROM ferry.import_reject i
           WHERE i.run IN (SELECT ferry._expired_runs())
             AND NOT (i.settled_at IS NULL
                      AND EXISTS (SELECT FROM ferry.source s WHERE s.name = i.source)
                      AND NOT EXISTS (SELECT FROM ferry.link l
                                      WHERE l.source = i.source AND l.legacy_key = i.legacy_key AND (l.tombstone OR l.moved_at >= i.noted_at)))
           LIMIT rows
           FOR UPDATE OF i SKIP LOCKED) spent
    WHERE d.run = spent.run AND d.legacy_key = spent.legacy_key;
    GET DIAGNOSTICS rejects = ROW_COUNT;
    DELETE FROM ferry.import_run d
    USING (SELECT r.id
           FROM ferry.import_run r
           WHERE r.id IN (SELECT ferry._expired_runs())
             AND NOT EXISTS (SELECT FROM ferry.import_reject i WHERE i.run = r.id)
             AND (NOT EXISTS (SELECT FROM ferry.source s WHERE s.name = r.source)
                  OR EXISTS (SELECT FROM ferry.import_run n WHERE n.source = r.source AND (n.called_at, n.id) > (r.called_at, r.id)))
           LIMIT rows
           FOR UPDATE OF r SKIP LOCKED) spent
    WHERE d.id = spent.id;
    GET DIAGNOSTICS runs = ROW_COUNT;
    is_over := rejects < rows AND runs < rows;
    IF is_over THEN
        PERFORM ferry._import_sweep();
        DELETE FROM ferry.import_config c
        WHERE NOT EXISTS (SELECT FROM ferry.import_log l WHERE l.detail ->> 'config' = c.digest);
        kept := (SELECT count(*) FROM ferry._expired_runs());
    END IF;
END
$$;
COMMENT ON FUNCTION ferry._purge_history(bigint) IS 'internal: deletes one batch of what has expired';

CREATE PROCEDURE ferry.purge_history(batch_size bigint DEFAULT 10000)
    LANGUAGE plpgsql
AS $$
DECLARE
    step record;
    runs pg_catalog.int8 := 0;
    rejects pg_catalog.int8 := 0;
BEGIN
    PERFORM ferry._need_own_transaction('ferry.purge_history');
    LOOP
        -- In a stricter isolation the lock of ferry._purge_history would be waited for with a snapshot from before it.
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        SELECT * INTO step FROM ferry._purge_history(batch_size);
        runs := runs OPERATOR(pg_catalog.+) step.runs;
        rejects := rejects OPERATOR(pg_catalog.+) step.rejects;
        EXIT WHEN step.is_over;
    END LOOP;
    RAISE NOTICE 'expired and deleted: runs %, refused users %; expired and kept, since ferry.progress counts by them: runs %',
        runs, rejects, step.kept;
END
$$;
COMMENT ON PROCEDURE ferry.purge_history(bigint) IS 'deletes the runs of ferry.import that have expired, with their log and the users they refused, in batches that commit; for a scheduler. A run under way stays, and so does what ferry.progress counts by: who is still refused, with their run, and the newest run of each source';

CREATE FUNCTION ferry._log_export(run bigint, manner text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM ferry._need_run(run);
    -- A standby exports as well.
    IF current_setting('transaction_read_only') = 'off' THEN
        INSERT INTO ferry.import_log (run, severity, kind, message, detail)
        VALUES (run, 'info', 'exported', format('exported by %s, %s', session_user, manner), jsonb_build_object('by', session_user, 'manner', manner));
    END IF;
END
$$;
COMMENT ON FUNCTION ferry._log_export(bigint, text) IS 'internal: logs that a run was exported';

CREATE FUNCTION ferry._log_file(run bigint) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC'
AS $$
    WITH part AS (
        SELECT 2 AS part, NULL::timestamptz AS at, NULL::text AS place, 'run' AS name, row_to_json(r) AS line
        FROM ferry.import_run r WHERE r.id = _log_file.run
        UNION ALL
        SELECT 3, c.noted_at, c.digest, 'config', row_to_json(c)
        FROM ferry.import_config c
        WHERE c.digest IN (SELECT l.detail ->> 'config' FROM ferry.import_log l WHERE l.run = _log_file.run)
        UNION ALL
        SELECT 4, NULL, to_char(l.id, 'FM0000000000000000000'), 'log', row_to_json(l)
        FROM ferry.import_log l WHERE l.run = _log_file.run
        UNION ALL
        SELECT 5, i.noted_at, i.legacy_key, 'reject', row_to_json(i)
        FROM ferry.import_reject i WHERE i.run = _log_file.run
    ), whole AS (
        SELECT part, at, place, name, line FROM part
        UNION ALL
        SELECT 1, NULL, NULL, 'header', json_build_object(
            'title', format('pg_ferry: run %s of ferry.import, its log, and whom it has refused', _log_file.run),
            'format', 'one JSON object a line: header, run, config, log, reject, end', 'format_version', 1,
            'exported_at', statement_timestamp(), 'exported_by', session_user, 'database', current_database(),
            'pg_ferry', (SELECT x.extversion FROM pg_extension x WHERE x.extname = 'pg_ferry'), 'postgresql', current_setting('server_version'))
        UNION ALL
        -- A file without this line was cut off.
        SELECT 6, NULL, NULL, 'end', json_build_object('config', count(*) FILTER (WHERE part = 3), 'log', count(*) FILTER (WHERE part = 4),
                                                       'reject', count(*) FILTER (WHERE part = 5))
        FROM part
    )
    SELECT format('{"%s":%s}', name, line) FROM whole ORDER BY part, at, place COLLATE "C"
$$;
COMMENT ON FUNCTION ferry._log_file(bigint) IS 'internal: all that is kept of a run, one JSON object a line';

CREATE FUNCTION ferry.export_log_plain(run bigint) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM ferry._log_export(run, 'in plain');
    RETURN QUERY SELECT f.line FROM ferry._log_file(run) WITH ORDINALITY AS f (line, place) ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION ferry.export_log_plain(bigint) IS 'what ferry.export_log encrypts, in plain: JSON objects, one a line. Granted by itself (access audit)';

-- Whoever may create functions, in any schema, must not get hold of a passphrase: asked is what is of pgcrypto's library,
-- by the schema in which the extension has it.
CREATE FUNCTION ferry._pgcrypto(function_name text, argument_types text) RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found oid;
BEGIN
    SELECT p.oid INTO found
    FROM pg_extension x
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
    JOIN pg_proc p ON p.oid = d.objid
    JOIN pg_language g ON g.oid = p.prolang
    WHERE x.extname = 'pgcrypto' AND p.proname = function_name AND array_to_string(p.proargtypes::regtype[], ',') = argument_types
      AND g.lanname = 'c' AND p.probin ~ '(^|/)pgcrypto$';
    IF found IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'extension pgcrypto, which encrypts, is not installed in this database',
            HINT = CASE WHEN NOT EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = 'pgcrypto')
                        THEN 'Install the contrib modules of PostgreSQL on this server, then: ' ELSE '' END || 'CREATE EXTENSION pgcrypto;';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION ferry._pgcrypto(text, text) IS 'internal: a function of pgcrypto';

CREATE FUNCTION ferry._seal(encrypt oid, armor oid, document bytea, passphrase text, options text, comment text) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'seal_wrapper';
COMMENT ON FUNCTION ferry._seal(oid, oid, bytea, text, text, text) IS 'internal: encrypts and armors a document, by functions that are called as they were found, whatever has their names by then';

CREATE FUNCTION ferry.export_log(run bigint, passphrase text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    encrypt oid := ferry._pgcrypto('pgp_sym_encrypt_bytea', 'bytea,text,text');
    armor oid := ferry._pgcrypto('armor', 'bytea,text[],text[]');
    -- The defaults of pgcrypto are AES-128, a key from SHA-1 over some 100 000 bytes, and no compression. These are the
    -- strongest that it has: to try one passphrase takes a hash over 62 MiB.
    options constant text := 'cipher-algo=aes256, s2k-mode=3, s2k-digest-algo=sha512, s2k-count=65011712, compress-algo=2, compress-level=6';
    document bytea;
BEGIN
    IF passphrase IS NULL OR length(btrim(passphrase)) < 12 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the passphrase of ferry.export_log is too short',
            HINT = 'Give 12 characters or more, such as five words taken at random. Roles with access audit write a file in plain by ferry.export_log_plain.';
    ELSIF passphrase ~ '[[:cntrl:]]' OR (getdatabaseencoding() <> 'UTF8' AND passphrase ~ '[^ -~]') THEN
        -- pgcrypto takes the bytes as they are here, gpg those of UTF-8 up to the end of the line.
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the passphrase of ferry.export_log has characters that other programs would not read alike',
            HINT = CASE WHEN getdatabaseencoding() <> 'UTF8' THEN 'In a database that is not in UTF8 use ASCII characters'
                        ELSE 'Use any characters' END || ' without line breaks and other control characters.';
    END IF;
    PERFORM ferry._log_export(run, 'encrypted');
    document := (SELECT convert_to(string_agg(f.line || E'\n', '' ORDER BY f.place), 'UTF8')
                 FROM ferry._log_file(run) WITH ORDINALITY AS f (line, place));
    RETURN ferry._seal(encrypt, armor, document, passphrase, options, format('log of run %s of ferry.import; open it by gpg --decrypt', run));
END
$$;
COMMENT ON FUNCTION ferry.export_log(bigint, text) IS 'all that is kept of a run of ferry.import (the run, its log, its config, whom it has refused) as a file that gpg --decrypt opens: OpenPGP, AES-256 under the passphrase, armored; in it JSON objects, one a line. The passphrase has at least 12 characters: bind it. Needs pgcrypto';
