-- Moving many users at once. The procedure runs with its caller's rights and only loops and commits; every name in it
-- is qualified. What it calls runs with those of pg_ferry.

CREATE TABLE ferry.import_run (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text NOT NULL,
    target          text NOT NULL,
    operation       text NOT NULL,
    dry_run         boolean NOT NULL,
    key_from        text,
    key_to          text,
    changed_since   timestamptz,
    parameters      jsonb NOT NULL,
    state           text NOT NULL DEFAULT 'running',
    message         text,
    source_total    bigint NOT NULL,
    total           bigint NOT NULL,
    done            bigint NOT NULL DEFAULT 0,
    moved           bigint NOT NULL DEFAULT 0,
    updated         bigint NOT NULL DEFAULT 0,
    deleted         bigint NOT NULL DEFAULT 0,
    deactivated     bigint NOT NULL DEFAULT 0,
    refused         bigint NOT NULL DEFAULT 0,
    skipped         bigint NOT NULL DEFAULT 0,
    batches         bigint NOT NULL DEFAULT 0,
    last_key        text,
    rows_per_second numeric,
    estimated_end   timestamptz,
    started_by      text NOT NULL DEFAULT session_user,
    started_at      timestamptz NOT NULL,
    called_at       timestamptz NOT NULL,
    ended_at        timestamptz,
    pid             integer NOT NULL,
    backend_start   timestamptz,
    expires_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT import_run_state_known CHECK (state IN ('running', 'finished', 'stopped'))
);
CREATE INDEX import_run_source_idx ON ferry.import_run (source, id);
SELECT pg_catalog.pg_extension_config_dump('ferry.import_run', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.import_run_id_seq', '');

COMMENT ON TABLE ferry.import_run IS 'the runs of ferry.import, those under way included: each batch is counted as it commits';
COMMENT ON INDEX ferry.import_run_source_idx IS 'finds the runs of a source';
COMMENT ON SEQUENCE ferry.import_run_id_seq IS 'numbers the runs';
COMMENT ON COLUMN ferry.import_run.id IS 'ascending number';
COMMENT ON COLUMN ferry.import_run.source IS 'the source whose users are moved';
COMMENT ON COLUMN ferry.import_run.target IS 'the target that they are moved into';
COMMENT ON COLUMN ferry.import_run.operation IS 'insert, update, upsert, delete, deactivate, retry';
COMMENT ON COLUMN ferry.import_run.dry_run IS 'true = nothing was written but this row and the refusals';
COMMENT ON COLUMN ferry.import_run.key_from IS 'only legacy keys from this one on';
COMMENT ON COLUMN ferry.import_run.key_to IS 'only legacy keys before this one';
COMMENT ON COLUMN ferry.import_run.changed_since IS 'only rows changed at this time or later';
COMMENT ON COLUMN ferry.import_run.parameters IS 'the other arguments of the last call: batch_size, max_rows, max_rejects, rows_per_second; how the keys are ordered; how many rows were staged; and what was done and refused before it';
COMMENT ON COLUMN ferry.import_run.state IS 'running (also where its session has died or was cancelled: ferry.progress knows, and the next call goes on with it), finished, stopped (by a limit: the next call goes on with it)';
COMMENT ON COLUMN ferry.import_run.message IS 'why it was stopped';
COMMENT ON COLUMN ferry.import_run.source_total IS 'legacy users in the source when the run was last called';
COMMENT ON COLUMN ferry.import_run.total IS 'those of them that it is about, for delete and deactivate the users moved from there, for retry those refused';
COMMENT ON COLUMN ferry.import_run.done IS 'rows dealt with: moved + updated + deleted + deactivated + refused + skipped';
COMMENT ON COLUMN ferry.import_run.moved IS 'users moved';
COMMENT ON COLUMN ferry.import_run.updated IS 'users moved before who were brought up to date';
COMMENT ON COLUMN ferry.import_run.deleted IS 'users deleted, since they are no longer in the source';
COMMENT ON COLUMN ferry.import_run.deactivated IS 'users put out of use, since they are no longer in the source';
COMMENT ON COLUMN ferry.import_run.refused IS 'users not moved, brought up to date, deleted or deactivated; ferry.import_reject says why';
COMMENT ON COLUMN ferry.import_run.skipped IS 'rows about which nothing was to be done: users moved before, forgotten ones, those who did not differ';
COMMENT ON COLUMN ferry.import_run.batches IS 'batches committed';
COMMENT ON COLUMN ferry.import_run.last_key IS 'the legacy key up to which all is done';
COMMENT ON COLUMN ferry.import_run.rows_per_second IS 'rows dealt with per second since the last call';
COMMENT ON COLUMN ferry.import_run.estimated_end IS 'when it will be finished at this rate';
COMMENT ON COLUMN ferry.import_run.started_by IS 'the role that opened the session of the first call';
COMMENT ON COLUMN ferry.import_run.started_at IS 'when it was called first';
COMMENT ON COLUMN ferry.import_run.called_at IS 'when it was called last';
COMMENT ON COLUMN ferry.import_run.ended_at IS 'when it was finished or stopped';
COMMENT ON COLUMN ferry.import_run.pid IS 'the server process of the last call';
COMMENT ON COLUMN ferry.import_run.backend_start IS 'when that process was started';
COMMENT ON COLUMN ferry.import_run.expires_at IS 'when ferry.purge_history may delete it: ferry.history_retention after its last call or its end, or as ferry.keep_run has set it';

CREATE TABLE ferry.import_reject (
    run             bigint NOT NULL CONSTRAINT import_reject_run_fkey REFERENCES ferry.import_run (id) ON DELETE CASCADE,
    source          text NOT NULL,
    legacy_key      text NOT NULL,
    user_id         text,
    reason          text NOT NULL,
    rule            text,
    code            text,
    message         text,
    column_name     text,
    constraint_name text,
    sqlstate        text,
    detail          jsonb NOT NULL,
    noted_at        timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    settled_at      timestamptz,
    PRIMARY KEY (run, legacy_key)
);
CREATE INDEX import_reject_open_idx ON ferry.import_reject (source, legacy_key) WHERE settled_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('ferry.import_reject', '');

COMMENT ON TABLE ferry.import_reject IS 'the legacy users whom an import has refused, and why; holds no hash and no row data but the legacy key';
COMMENT ON INDEX ferry.import_reject_open_idx IS 'finds the users who are refused now';
COMMENT ON COLUMN ferry.import_reject.run IS 'the run, a row of ferry.import_run';
COMMENT ON COLUMN ferry.import_reject.source IS 'its source';
COMMENT ON COLUMN ferry.import_reject.legacy_key IS 'the text of the source''s key_column; of one over 1024 bytes how it begins, and a digest';
COMMENT ON COLUMN ferry.import_reject.user_id IS 'the user who is here, where one is the reason';
COMMENT ON COLUMN ferry.import_reject.reason IS 'why, as a fixed word, such as rule; the README lists them';
COMMENT ON COLUMN ferry.import_reject.rule IS 'the rule that rejects the user, or cannot be evaluated';
COMMENT ON COLUMN ferry.import_reject.code IS 'the code of that rule';
COMMENT ON COLUMN ferry.import_reject.message IS 'the message of that rule';
COMMENT ON COLUMN ferry.import_reject.column_name IS 'the column of the users table that could not be written';
COMMENT ON COLUMN ferry.import_reject.constraint_name IS 'the constraint or unique index that objects';
COMMENT ON COLUMN ferry.import_reject.sqlstate IS 'the SQLSTATE of the error';
COMMENT ON COLUMN ferry.import_reject.detail IS 'other particulars, such as found_by, or what is wrong with a hash';
COMMENT ON COLUMN ferry.import_reject.noted_at IS 'when it was refused';
COMMENT ON COLUMN ferry.import_reject.settled_at IS 'when that was over: moved since, gone from the source, or dealt with by a later run; null = refused now. A dry run''s are settled from the start';

-- What the rows that a dry run has let pass would have taken: logins, and keys of unique indexes.
CREATE TABLE ferry._import_claim (
    run   bigint NOT NULL CONSTRAINT import_claim_run_fkey REFERENCES ferry.import_run (id) ON DELETE CASCADE,
    claim bytea NOT NULL,
    PRIMARY KEY (run, claim)
);
COMMENT ON TABLE ferry._import_claim IS 'internal: SHA-256 of what may be there only once and was taken by the rows before, while a dry run is under way';
COMMENT ON COLUMN ferry._import_claim.run IS 'the run';
COMMENT ON COLUMN ferry._import_claim.claim IS 'the digest';

-- The rows of a source that is read as a whole for each page, for the time of a call. They hold hashes: nobody has any right
-- to them, they are in no WAL and no backup, and they go when the call ends.
CREATE UNLOGGED TABLE ferry._import_row (
    run        bigint NOT NULL,
    place      bigint NOT NULL,
    legacy_key text NOT NULL,
    document   text,
    PRIMARY KEY (run, place)
);
CREATE INDEX import_row_key_idx ON ferry._import_row (run, legacy_key);
COMMENT ON TABLE ferry._import_row IS 'internal: legacy rows that were staged for an import under way; nobody is granted anything';
COMMENT ON INDEX ferry.import_row_key_idx IS 'finds staged rows by key';
COMMENT ON COLUMN ferry._import_row.run IS 'the run';
COMMENT ON COLUMN ferry._import_row.place IS 'the order of the pages; 0 = a mark that all are there';
COMMENT ON COLUMN ferry._import_row.legacy_key IS 'the text of the source''s key_column';
COMMENT ON COLUMN ferry._import_row.document IS 'the row as text, null where only the key is needed; of the mark, a digest of how the rows were read';

CREATE FUNCTION ferry._wrappers(relation oid) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE under (oid) AS (
        SELECT relation
        UNION
        SELECT d.refobjid
        FROM under u
        JOIN pg_rewrite r ON r.ev_class = u.oid
        JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'v'
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    )
    SELECT DISTINCT w.fdwname::text
    FROM under u
    JOIN pg_foreign_table f ON f.ftrelid = u.oid
    JOIN pg_foreign_server s ON s.oid = f.ftserver
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
$$;
COMMENT ON FUNCTION ferry._wrappers(oid) IS 'internal: the foreign data wrappers of what a relation reads, through views';

CREATE FUNCTION ferry._import_open(source text, operation text, batch_size bigint, max_rows bigint, max_rejects bigint, rows_per_second bigint, key_from text, key_to text, changed_since text)
    RETURNS TABLE (target text, source_total bigint, total bigint, key_order text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1
    AS 'MODULE_PATHNAME', 'import_open_wrapper';
COMMENT ON FUNCTION ferry._import_open(text, text, bigint, bigint, bigint, bigint, text, text, text) IS 'internal: checks what is wanted of an import and counts the rows';

CREATE FUNCTION ferry._import_rows(run bigint, source text, operation text, dry_run boolean, after_key text, key_from text, key_to text, changed_since text, key_order text, rows bigint, most bigint)
    RETURNS TABLE (done bigint, moved bigint, updated bigint, deleted bigint, deactivated bigint, refused bigint, skipped bigint, last_key text, is_end boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1
    AS 'MODULE_PATHNAME', 'import_rows_wrapper';
COMMENT ON FUNCTION ferry._import_rows(bigint, text, text, boolean, text, text, text, text, text, bigint, bigint) IS 'internal: does one batch of an import';

-- Whose process is there, and still at the very statement: a cancelled call leaves its session alive.
CREATE FUNCTION ferry._import_is_alive(pid integer, backend_start timestamptz, called_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.pid = _import_is_alive.pid AND a.backend_start = _import_is_alive.backend_start AND a.pid <> pg_backend_pid()
          AND (a.query_start IS NULL OR (a.state = 'active' AND a.query_start = _import_is_alive.called_at)));
COMMENT ON FUNCTION ferry._import_is_alive(integer, timestamptz, timestamptz) IS 'internal: whether the call of a run is still under way';

CREATE FUNCTION ferry._import_is_of_moved(reject ferry.import_reject) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM ferry.link l
        WHERE l.source = reject.source AND l.legacy_key = reject.legacy_key AND NOT l.tombstone AND l.moved_at <= reject.noted_at)
$$;
COMMENT ON FUNCTION ferry._import_is_of_moved(ferry.import_reject) IS 'internal: whether somebody moved before could not be updated, deleted or deactivated; who could not be moved is tried again by others';

CREATE FUNCTION ferry._import_note(run bigint, source text, dry_run boolean, rejects jsonb, settled text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ferry._notice_refused(run, rejects);
    UPDATE ferry.import_reject i SET settled_at = clock_timestamp()
    WHERE NOT dry_run AND i.source = _import_note.source AND i.settled_at IS NULL
      AND i.legacy_key = ANY (settled || ARRAY(SELECT r ->> 'legacy_key' FROM jsonb_array_elements(rejects) r))
      AND NOT (ferry._import_is_of_moved(i)
               AND (SELECT r.operation FROM ferry.import_run r WHERE r.id = _import_note.run) IN ('insert', 'retry'));
    INSERT INTO ferry.import_reject AS i (run, source, legacy_key, user_id, reason, rule, code, message, column_name, constraint_name, sqlstate, detail, settled_at)
    SELECT run, source, r ->> 'legacy_key', r ->> 'user_id', d ->> 'reason', d ->> 'rule', d ->> 'code', d ->> 'message',
           d ->> 'column', d ->> 'constraint', d ->> 'sqlstate',
           d - '{reason,source,rule,code,message,column,constraint,sqlstate}'::text[],
           CASE WHEN dry_run THEN clock_timestamp() END
    FROM (SELECT DISTINCT ON (r ->> 'legacy_key') r, r -> 'detail' AS d FROM jsonb_array_elements(rejects) r) noted
    ON CONFLICT (run, legacy_key) DO UPDATE
    SET (user_id, reason, rule, code, message, column_name, constraint_name, sqlstate, detail, noted_at, settled_at)
      = (excluded.user_id, excluded.reason, excluded.rule, excluded.code, excluded.message, excluded.column_name,
         excluded.constraint_name, excluded.sqlstate, excluded.detail, excluded.noted_at, excluded.settled_at)
$$;
COMMENT ON FUNCTION ferry._import_note(bigint, text, boolean, jsonb, text[]) IS 'internal: notes whom a batch has refused, and who is refused no more';

CREATE FUNCTION ferry._import_refused(source text, run bigint, after_key text, rows bigint) RETURNS TABLE (legacy_key text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT i.legacy_key
    FROM ferry.import_reject i
    WHERE i.source = _import_refused.source AND i.settled_at IS NULL
      -- Rows that were staged for a call can say nothing of whom another one refuses meanwhile.
      AND (_import_refused.run IS NULL
           OR (i.run < _import_refused.run AND i.noted_at < (SELECT r.called_at FROM ferry.import_run r WHERE r.id = _import_refused.run)))
      AND (after_key IS NULL OR i.legacy_key > after_key)
      AND NOT ferry._import_is_of_moved(i)
      -- What is noted of such a key is not the key: the source cannot be asked for it.
      AND i.reason <> 'long_key'
    GROUP BY i.legacy_key
    ORDER BY i.legacy_key
    LIMIT rows
$$;
COMMENT ON FUNCTION ferry._import_refused(text, bigint, text, bigint) IS 'internal: the next legacy users who were refused before a run, or ever, and may be moved by another one';

CREATE FUNCTION ferry._import_begin(source text, operation text, batch_size bigint, max_rows bigint, max_rejects bigint, rows_per_second bigint,
                                    key_from text, key_to text, changed_since timestamptz, dry_run boolean, resume boolean) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    opened record;
    former ferry.import_run;
    run bigint;
    dry boolean := coalesce(_import_begin.dry_run, false);
    backend timestamptz := (SELECT a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid());
BEGIN
    SELECT * INTO opened
    FROM ferry._import_open(_import_begin.source, _import_begin.operation, _import_begin.batch_size, _import_begin.max_rows, _import_begin.max_rejects,
                            _import_begin.rows_per_second, _import_begin.key_from, _import_begin.key_to, to_json(_import_begin.changed_since) #>> '{}');
    -- One call at a time looks for a run to go on with.
    LOCK TABLE ferry.import_run IN SHARE ROW EXCLUSIVE MODE;
    SELECT r.* INTO former
    FROM ferry.import_run r
    WHERE r.source = _import_begin.source AND r.operation = _import_begin.operation AND r.dry_run = dry
      AND (r.key_from, r.key_to, r.changed_since) IS NOT DISTINCT FROM (_import_begin.key_from, _import_begin.key_to, _import_begin.changed_since)
    ORDER BY r.id DESC
    LIMIT 1;
    IF former.state = 'running' AND ferry._import_is_alive(former.pid, former.backend_start, former.called_at) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('run %s imports source %s already', former.id, former.source),
            DETAIL = format('It is the server process %s.', former.pid),
            HINT = format('Wait for it, SELECT pg_cancel_backend(%s), or give each session a range of its own by key_from and key_to.', former.pid);
    END IF;
    -- Behind the last key of another order would be other rows than those that are left.
    IF coalesce(resume, true) AND former.state IN ('running', 'stopped') AND former.target = opened.target
       AND (_import_begin.operation IN ('delete', 'deactivate', 'retry')
            OR coalesce(former.parameters ->> 'key_order', opened.key_order) = opened.key_order) THEN
        run := former.id;
    ELSE
        DELETE FROM ferry._import_claim c WHERE c.run = former.id;
        INSERT INTO ferry.import_run AS r (source, target, operation, dry_run, key_from, key_to, changed_since, parameters, source_total, total, started_at, called_at, pid)
        VALUES (_import_begin.source, opened.target, _import_begin.operation, dry, _import_begin.key_from, _import_begin.key_to, _import_begin.changed_since, '{}', 0, 0,
                statement_timestamp(), statement_timestamp(), pg_backend_pid())
        RETURNING r.id INTO run;
    END IF;
    UPDATE ferry.import_run r
    SET state = 'running', message = NULL, ended_at = NULL, estimated_end = NULL, rows_per_second = NULL,
        source_total = opened.source_total, total = opened.total,
        called_at = statement_timestamp(), pid = pg_backend_pid(), backend_start = backend,
        parameters = jsonb_strip_nulls(jsonb_build_object(
            'batch_size', _import_begin.batch_size, 'max_rows', _import_begin.max_rows, 'max_rejects', _import_begin.max_rejects,
            'rows_per_second', _import_begin.rows_per_second, 'key_order', opened.key_order, 'done_before', r.done, 'refused_before', r.refused))
    WHERE r.id = run;
    -- These are not about rows of the source, and take those who are done off the list.
    UPDATE ferry.import_run r
    SET total = r.done + CASE r.operation
            WHEN 'retry' THEN (SELECT count(*) FROM ferry._import_refused(r.source, r.id, r.last_key, NULL))
            ELSE (SELECT count(*) FROM ferry.link l WHERE l.source = r.source AND NOT l.tombstone AND (r.last_key IS NULL OR l.legacy_key > r.last_key)) END
    WHERE r.id = run AND r.operation IN ('delete', 'deactivate', 'retry');
    PERFORM ferry._log_call(run, former);
    PERFORM ferry._notice_run(run);
    RETURN run;
END
$$;
COMMENT ON FUNCTION ferry._import_begin(text, text, bigint, bigint, bigint, bigint, text, text, timestamptz, boolean, boolean) IS 'internal: begins a run of ferry.import, or goes on with one';

CREATE FUNCTION ferry._import_stage_rows(run bigint, source text, operation text, after_key text, key_from text, key_to text, changed_since text, rows bigint, staged boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'import_stage_rows_wrapper';
COMMENT ON FUNCTION ferry._import_stage_rows(bigint, text, text, text, text, text, text, bigint, boolean) IS 'internal: copies the rows of a source for an import, where that is wanted or saves time; null = it does not';

CREATE FUNCTION ferry._import_run_of_call(run bigint) RETURNS ferry.import_run
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r ferry.import_run;
BEGIN
    SELECT * INTO r FROM ferry.import_run i WHERE i.id = _import_run_of_call.run FOR NO KEY UPDATE;
    IF r.state IS DISTINCT FROM 'running' OR r.pid <> pg_backend_pid() OR r.called_at <> statement_timestamp() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('run %s of ferry.import is another session''s now', run),
            HINT = 'See ferry.import_run.';
    END IF;
    RETURN r;
END
$$;
COMMENT ON FUNCTION ferry._import_run_of_call(bigint) IS 'internal: the run that this very call of ferry.import does';

-- The last one out empties the file, too.
CREATE FUNCTION ferry._import_unstage(run bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM ferry._import_row s WHERE s.run = _import_unstage.run;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    LOCK TABLE ferry._import_row IN ACCESS EXCLUSIVE MODE NOWAIT;
    IF NOT EXISTS (SELECT FROM ferry._import_row) THEN
        TRUNCATE ferry._import_row;
    END IF;
EXCEPTION WHEN lock_not_available THEN
    DELETE FROM ferry._import_row s WHERE s.run = _import_unstage.run;
END
$$;
COMMENT ON FUNCTION ferry._import_unstage(bigint) IS 'internal: drops what was staged for a run';

-- Staged rows hold hashes: those of a call that was killed do not wait for ever. Not by TRUNCATE, since others would wait for
-- whoever stages next.
CREATE FUNCTION ferry._import_sweep() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM ferry._import_row s
    WHERE s.run NOT IN (SELECT r.id FROM ferry.import_run r
                        WHERE r.state = 'running' AND ferry._import_is_alive(r.pid, r.backend_start, r.called_at))
$$;
COMMENT ON FUNCTION ferry._import_sweep() IS 'internal: deletes what calls have staged that are over, cancelled or killed';

CREATE FUNCTION ferry._import_stage(run bigint, staged boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r ferry.import_run := ferry._import_run_of_call(run);
    copied bigint;
BEGIN
    -- What a former call of this run has left behind, too.
    DELETE FROM ferry._import_row s WHERE s.run = _import_stage.run;
    PERFORM ferry._import_sweep();
    copied := ferry._import_stage_rows(run, r.source, r.operation, r.last_key, r.key_from, r.key_to, to_json(r.changed_since) #>> '{}',
                                       least(r.total - r.done, (r.parameters ->> 'max_rows')::bigint), staged);
    UPDATE ferry.import_run i SET parameters = i.parameters || jsonb_build_object('staged', copied) WHERE i.id = run AND copied IS NOT NULL;
    RETURN format('run %s, source %s: %s rows staged', run, r.source, copied) WHERE copied IS NOT NULL;
END
$$;
COMMENT ON FUNCTION ferry._import_stage(bigint, boolean) IS 'internal: stages the rows of a run of ferry.import, where that is wanted or saves time';

CREATE FUNCTION ferry._import_batch(run bigint, OUT is_over boolean, OUT pause double precision, OUT report text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r ferry.import_run;
    step record;
    rows bigint;
    seconds double precision;
    here bigint;
    counts text;
BEGIN
    r := ferry._import_run_of_call(run);
    here := r.done - (r.parameters ->> 'done_before')::bigint;
    rows := least((r.parameters ->> 'batch_size')::bigint, (r.parameters ->> 'rows_per_second')::bigint);
    SELECT * INTO step
    FROM ferry._import_rows(r.id, r.source, r.operation, r.dry_run, r.last_key, r.key_from, r.key_to, to_json(r.changed_since) #>> '{}',
                            r.parameters ->> 'key_order', rows, (r.parameters ->> 'max_rows')::bigint - here);
    here := here + step.done;
    seconds := greatest(extract(epoch FROM clock_timestamp() - r.called_at), 0.001);
    r.done := r.done + step.done;
    r.moved := r.moved + step.moved;
    r.updated := r.updated + step.updated;
    r.deleted := r.deleted + step.deleted;
    r.deactivated := r.deactivated + step.deactivated;
    r.refused := r.refused + step.refused;
    r.skipped := r.skipped + step.skipped;
    r.batches := r.batches + 1;
    r.last_key := coalesce(step.last_key, r.last_key);
    r.rows_per_second := round((here / seconds)::numeric, 1);
    IF step.is_end OR (step.done = 0 AND step.last_key IS NULL) THEN
        r.state := 'finished';
    ELSIF r.refused - (r.parameters ->> 'refused_before')::bigint >= (r.parameters ->> 'max_rejects')::bigint THEN
        r.state := 'stopped';
        r.message := format('max_rejects: %s users were refused, see ferry.import_reject', r.refused - (r.parameters ->> 'refused_before')::bigint);
    ELSIF here >= (r.parameters ->> 'max_rows')::bigint THEN
        r.state := 'stopped';
        r.message := format('max_rows: %s rows are done', here);
    END IF;
    is_over := r.state <> 'running';
    r.ended_at := CASE WHEN is_over THEN clock_timestamp() END;
    r.estimated_end := CASE WHEN is_over OR here = 0 THEN NULL
                            ELSE clock_timestamp() + make_interval(secs => least(greatest(r.total - r.done, 0) * seconds / here, 3e9)) END;
    IF is_over AND r.parameters ? 'staged' THEN
        PERFORM ferry._import_unstage(run);
    END IF;
    -- Whoever is still there was met, and refused anew.
    IF r.state = 'finished' AND NOT r.dry_run AND r.operation IN ('insert', 'upsert') AND num_nonnulls(r.key_from, r.key_to, r.changed_since) = 0 THEN
        UPDATE ferry.import_reject i SET settled_at = clock_timestamp()
        WHERE i.source = r.source AND i.settled_at IS NULL AND i.reason = 'long_key' AND i.noted_at < r.started_at;
    END IF;
    IF is_over AND r.dry_run AND r.state = 'finished' THEN
        DELETE FROM ferry._import_claim c WHERE c.run = r.id;
    END IF;
    UPDATE ferry.import_run i
    SET (done, moved, updated, deleted, deactivated, refused, skipped, batches, last_key, rows_per_second, state, message, ended_at, estimated_end)
      = (r.done, r.moved, r.updated, r.deleted, r.deactivated, r.refused, r.skipped, r.batches, r.last_key, r.rows_per_second, r.state, r.message, r.ended_at, r.estimated_end)
    WHERE i.id = r.id;
    IF is_over THEN
        PERFORM ferry._notice_run(r.id);
    END IF;
    pause := CASE WHEN is_over THEN 0 ELSE greatest(here / (r.parameters ->> 'rows_per_second')::double precision - seconds, 0) END;
    counts := format('%s of %s done, %s moved, %s updated, %s deleted, %s deactivated, %s refused, %s skipped, %s rows/s%s',
                     r.done, r.total, r.moved, r.updated, r.deleted, r.deactivated, r.refused, r.skipped,
                     r.rows_per_second, CASE WHEN is_over THEN ': ' || coalesce(r.message, r.state) END);
    PERFORM ferry._log_batch(r, counts);
    report := format('run %s, source %s%s: %s', r.id, r.source, CASE WHEN r.dry_run THEN ' (dry run)' END, counts);
END
$$;
COMMENT ON FUNCTION ferry._import_batch(bigint) IS 'internal: does one batch of a run of ferry.import and counts it';

CREATE PROCEDURE ferry.import(source text, operation text DEFAULT 'insert', batch_size bigint DEFAULT 5000, max_rows bigint DEFAULT NULL,
                              max_rejects bigint DEFAULT NULL, rows_per_second bigint DEFAULT NULL, key_from text DEFAULT NULL, key_to text DEFAULT NULL,
                              changed_since timestamptz DEFAULT NULL, dry_run boolean DEFAULT false, resume boolean DEFAULT true, staged boolean DEFAULT NULL)
    LANGUAGE plpgsql
AS $$
DECLARE
    run pg_catalog.int8;
    step record;
    staging pg_catalog.text;
    tries pg_catalog.int4 := 0;
    next_report pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    PERFORM ferry._need_own_transaction('ferry.import');
    -- In a stricter isolation whoever logs in during a batch would end the call.
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    run := ferry._import_begin(source, operation, batch_size, max_rows, max_rejects, rows_per_second, key_from, key_to, changed_since, dry_run, resume);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    staging := ferry._import_stage(run, staged);
    COMMIT;
    IF staging IS NOT NULL THEN
        RAISE NOTICE '%', staging;
    END IF;
    LOOP
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        BEGIN
            SELECT * INTO step FROM ferry._import_batch(run);
            tries := 0;
        EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
            tries := tries OPERATOR(pg_catalog.+) 1;
            IF tries OPERATOR(pg_catalog.>) 5 THEN
                RAISE;
            END IF;
        END;
        -- Whoever waits for this transaction goes on when it ends, and not before: a savepoint does not do for a deadlock.
        COMMIT;
        IF tries OPERATOR(pg_catalog.>) 0 THEN
            PERFORM pg_catalog.pg_sleep(0.05);
            CONTINUE;
        END IF;
        IF step.is_over OR pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) next_report THEN
            RAISE NOTICE '%', step.report;
            next_report := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) '5 seconds'::pg_catalog.interval;
        END IF;
        EXIT WHEN step.is_over;
        IF step.pause OPERATOR(pg_catalog.>) 0::pg_catalog.float8 THEN
            PERFORM pg_catalog.pg_sleep(step.pause);
        END IF;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE ferry.import(text, text, bigint, bigint, bigint, bigint, text, text, timestamptz, boolean, boolean, boolean) IS 'moves the users of a source in batches that commit, while logins go on. operation: insert (default: those not moved yet), update (those moved: columns whose mappings say so), upsert (both), delete (users who are no longer in the source, and a tombstone), deactivate (them, as the source says), retry (those refused before). Limits: batch_size, max_rows and max_rejects (of this call), rows_per_second. Only legacy keys from key_from on and before key_to; only rows changed_since. dry_run writes nothing but the report. A run that was stopped, cancelled or killed is gone on with, unless resume is false. staged copies the rows first, so that the source is read once; null = where each page would read all of it, as of a file';

CREATE VIEW ferry.progress AS
WITH counted AS (
    SELECT DISTINCT ON (r.source) r.source, r.source_total, r.called_at
    FROM (SELECT i.source, i.source_total, i.called_at FROM ferry.import_run i
          UNION ALL SELECT e.source, e.legacy_total, e.retired_at FROM ferry.retirement e WHERE e.legacy_total IS NOT NULL) r
    ORDER BY r.source, r.called_at DESC
), linked AS (
    SELECT l.source,
           count(*) FILTER (WHERE l.via = 'login' AND NOT l.tombstone) AS by_login,
           count(*) FILTER (WHERE l.via = 'import' AND NOT l.tombstone) AS by_import,
           count(*) FILTER (WHERE l.via NOT IN ('login', 'import') AND NOT l.tombstone) AS otherwise,
           count(*) FILTER (WHERE l.tombstone) AS tombstoned,
           count(*) FILTER (WHERE l.gone_at IS NULL) AS there,
           count(*) FILTER (WHERE l.moved_at > now() - interval '24 hours' AND NOT l.tombstone) AS last_24_hours
    FROM ferry.link l
    GROUP BY l.source
), refused AS (
    SELECT i.source, count(DISTINCT i.legacy_key) AS refused
    FROM ferry.import_reject i
    WHERE i.settled_at IS NULL
      AND NOT EXISTS (SELECT FROM ferry.link l WHERE l.source = i.source AND l.legacy_key = i.legacy_key)
    GROUP BY i.source
), live AS (
    SELECT r.source, sum(r.rows_per_second) AS rows_per_second
    FROM ferry.import_run r
    WHERE r.state = 'running' AND NOT r.dry_run AND ferry._import_is_alive(r.pid, r.backend_start, r.called_at)
    GROUP BY r.source
), one AS (
    SELECT s.name AS source, s.target, c.source_total AS legacy_total, c.called_at AS counted_at,
           coalesce(k.by_login, 0) AS moved_by_login, coalesce(k.by_import, 0) AS moved_by_import, coalesce(k.otherwise, 0) AS moved_otherwise,
           coalesce(f.refused, 0) AS refused, coalesce(k.tombstoned, 0) AS tombstoned,
           CASE WHEN c.source_total IS NOT NULL
                THEN greatest(c.source_total - coalesce(k.there, 0) - coalesce(f.refused, 0), 0) END AS remaining,
           coalesce(k.last_24_hours, 0) AS last_24_hours, v.source IS NOT NULL AS is_importing, v.rows_per_second, e.retired_at
    FROM ferry.source s
    LEFT JOIN counted c ON c.source = s.name
    LEFT JOIN linked k ON k.source = s.name
    LEFT JOIN refused f ON f.source = s.name
    LEFT JOIN live v ON v.source = s.name
    LEFT JOIN ferry.retirement e ON e.source = s.name
), projected AS (
    SELECT o.*,
           CASE WHEN coalesce(o.awaited, 0) = 0 THEN NULL
                WHEN o.rows_per_second > 0 THEN now() + make_interval(secs => least(o.awaited / o.rows_per_second, 3e9)::double precision)
                WHEN o.last_24_hours > 0 THEN now() + make_interval(secs => least(86400.0 * o.awaited / o.last_24_hours, 3e9)::double precision)
           END AS projected_end
    -- Whoever was left behind in a retired source is not waited for.
    FROM (SELECT n.*, CASE WHEN n.retired_at IS NULL THEN n.remaining ELSE 0 END AS awaited FROM one n) o
)
SELECT p.source, p.target, p.legacy_total, p.counted_at, p.moved_by_login, p.moved_by_import, p.moved_otherwise, p.refused, p.tombstoned,
       p.remaining, p.last_24_hours, p.is_importing, p.projected_end, p.retired_at
FROM projected p
UNION ALL
SELECT NULL, NULL, sum(p.legacy_total), min(p.counted_at), sum(p.moved_by_login), sum(p.moved_by_import), sum(p.moved_otherwise), sum(p.refused),
       sum(p.tombstoned), sum(p.remaining), sum(p.last_24_hours), coalesce(bool_or(p.is_importing), false),
       -- All are moved when the slowest source is done, and never where one stands still.
       CASE WHEN NOT bool_or(p.awaited > 0 AND p.projected_end IS NULL) THEN max(p.projected_end) END, NULL
FROM projected p
ORDER BY source NULLS LAST;
COMMENT ON VIEW ferry.progress IS 'how far the move is: a line for each source, and one without a source for all of them';
COMMENT ON COLUMN ferry.progress.source IS 'the source; null = all of them';
COMMENT ON COLUMN ferry.progress.target IS 'its target';
COMMENT ON COLUMN ferry.progress.legacy_total IS 'legacy users when they were last counted: by the last call of ferry.import, a dry run for instance, or when the source was retired; null = never';
COMMENT ON COLUMN ferry.progress.counted_at IS 'when that was';
COMMENT ON COLUMN ferry.progress.moved_by_login IS 'moved by logging in';
COMMENT ON COLUMN ferry.progress.moved_by_import IS 'moved by ferry.import';
COMMENT ON COLUMN ferry.progress.moved_otherwise IS 'moved by a reset, by migrate_login, or adopted';
COMMENT ON COLUMN ferry.progress.refused IS 'refused by an import, and not moved since';
COMMENT ON COLUMN ferry.progress.tombstoned IS 'forgotten or deleted: they do not come back';
COMMENT ON COLUMN ferry.progress.remaining IS 'legacy_total less all of these who were not found gone from the source; null where that is not known';
COMMENT ON COLUMN ferry.progress.last_24_hours IS 'moved in the last 24 hours, in whatever way';
COMMENT ON COLUMN ferry.progress.is_importing IS 'a call of ferry.import is under way';
COMMENT ON COLUMN ferry.progress.projected_end IS 'when nobody will remain: at the rate of the import under way, else at that of the last 24 hours; nobody of a retired source is waited for. For all of them, when the last source is done that was counted; null where one stands still';
COMMENT ON COLUMN ferry.progress.retired_at IS 'when ferry.retire_source has retired it: those who remain are left behind; null = it is not retired';
