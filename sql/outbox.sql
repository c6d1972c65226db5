-- What other systems are told. A row is written by the transaction that does what it tells of, so that there is neither
-- without the other.

CREATE TABLE ferry.outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    noted_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kind       text NOT NULL,
    target     text NOT NULL,
    source     text,
    legacy_key text,
    user_id    text,
    via        text,
    reason     text,
    run        bigint,
    detail     jsonb NOT NULL DEFAULT '{}'
);
SELECT pg_catalog.pg_extension_config_dump('ferry.outbox', '');
SELECT pg_catalog.pg_extension_config_dump('ferry.outbox_id_seq', '');

COMMENT ON TABLE ferry.outbox IS 'what other systems have not been told yet, of the kinds that outbox of ferry.target lists; ferry.take_outbox hands it out. Holds no login, no password, no hash and no row data but the legacy key';
COMMENT ON SEQUENCE ferry.outbox_id_seq IS 'numbers the notices';
COMMENT ON COLUMN ferry.outbox.id IS 'ascending number, by which a notice that comes twice is known';
COMMENT ON COLUMN ferry.outbox.noted_at IS 'when it was written';
COMMENT ON COLUMN ferry.outbox.kind IS 'what happened: moved, refused (a legacy user who may come was not moved: at a login only once the right password was shown), put_back (by unmigrate_login), removed (deleted or put out of use by an import, as gone from the source), forgotten (by forget_login), run_started, run_ended (of ferry.import)';
COMMENT ON COLUMN ferry.outbox.target IS 'the target';
COMMENT ON COLUMN ferry.outbox.source IS 'the source that the user came from';
COMMENT ON COLUMN ferry.outbox.legacy_key IS 'the text of the source''s key_column';
COMMENT ON COLUMN ferry.outbox.user_id IS 'the text of the target''s id_column; of one who was put back or removed, what it was; null of one who is not here';
COMMENT ON COLUMN ferry.outbox.via IS 'how: login, import, reset, admin; moved also: adopt';
COMMENT ON COLUMN ferry.outbox.reason IS 'why, as events have it, such as rule or gone_from_source; null of moved; of run_ended: finished, stopped';
COMMENT ON COLUMN ferry.outbox.run IS 'the row of ferry.import_run, if it was an import';
COMMENT ON COLUMN ferry.outbox.detail IS 'particulars, as ferry.event and ferry.import_reject have them, such as rule, code and message; of a run, its counts';

CREATE FUNCTION ferry._outbox_kinds() RETURNS SETOF text
    LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 7
    AS 'MODULE_PATHNAME', 'outbox_kinds_wrapper';
COMMENT ON FUNCTION ferry._outbox_kinds() IS 'internal: the kinds of notices';

-- Equal payloads of one transaction are folded: one notification of each kind. COMMIT of a transaction that notifies waits for
-- the others that do.
CREATE FUNCTION ferry._announce(kind text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT pg_notify('ferry', kind) WHERE current_setting('ferry.notify', true) IS DISTINCT FROM 'off'
$$;
COMMENT ON FUNCTION ferry._announce(text) IS 'internal: NOTIFY ferry';

CREATE FUNCTION ferry._notice(kind text, target text, source text, legacy_key text, user_id text, via text, reason text, run bigint, detail text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO ferry.outbox (kind, target, source, legacy_key, user_id, via, reason, run, detail)
    VALUES (kind, target, source, legacy_key, user_id, via, reason, run, detail::jsonb);
    SELECT ferry._announce(kind)
$$;
COMMENT ON FUNCTION ferry._notice(text, text, text, text, text, text, text, bigint, text) IS 'internal: writes one row of ferry.outbox';

CREATE FUNCTION ferry._notice_moved(target text, source text, run bigint, legacy_keys text[], user_ids text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO ferry.outbox (kind, target, source, legacy_key, user_id, via, run)
    SELECT 'moved', _notice_moved.target, _notice_moved.source, m.legacy_key, m.user_id, 'import', _notice_moved.run
    FROM unnest(legacy_keys, user_ids) AS m (legacy_key, user_id);
    SELECT ferry._announce('moved')
$$;
COMMENT ON FUNCTION ferry._notice_moved(text, text, bigint, text[], text[]) IS 'internal: writes a row of ferry.outbox for each of many who were moved';

-- PL/pgSQL, since ferry.import_reject and ferry.import_run come later. Who was refused before for the same reason, and was not moved
-- since, is not told of again.
CREATE FUNCTION ferry._notice_refused(run bigint, rejects jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO ferry.outbox (kind, target, source, legacy_key, user_id, via, reason, run, detail)
    SELECT 'refused', r.target, r.source, n.legacy_key, n.user_id, 'import', n.detail ->> 'reason', r.id, n.detail - '{reason,source}'::text[]
    FROM ferry.import_run r
    JOIN ferry.target t ON t.name = r.target AND 'refused' = ANY (t.outbox)
    CROSS JOIN (SELECT DISTINCT ON (j.legacy_key) j.* FROM jsonb_to_recordset(rejects) AS j (legacy_key text, user_id text, detail jsonb)) n
    WHERE r.id = _notice_refused.run AND NOT r.dry_run
      AND NOT EXISTS (SELECT FROM ferry.import_reject i
                      WHERE i.source = r.source AND i.legacy_key = n.legacy_key AND i.settled_at IS NULL AND i.reason = n.detail ->> 'reason');
    IF FOUND THEN
        PERFORM ferry._announce('refused');
    END IF;
END
$$;
COMMENT ON FUNCTION ferry._notice_refused(bigint, jsonb) IS 'internal: writes a row of ferry.outbox for each of those whom a batch has refused';

CREATE FUNCTION ferry._notice_run(run bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r record;
    kind text;
BEGIN
    SELECT * INTO r FROM ferry.import_run i WHERE i.id = _notice_run.run;
    kind := CASE r.state WHEN 'running' THEN 'run_started' ELSE 'run_ended' END;
    IF NOT r.dry_run AND EXISTS (SELECT FROM ferry.target t WHERE t.name = r.target AND kind = ANY (t.outbox)) THEN
        PERFORM ferry._notice(kind, r.target, r.source, NULL, NULL, 'import', nullif(r.state, 'running'), r.id,
            (SELECT jsonb_object_agg(c.key, c.value)::text
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(r))) c
             WHERE c.key IN ('operation', 'message', 'total', 'done', 'moved', 'updated', 'deleted', 'deactivated', 'refused', 'skipped')));
    END IF;
END
$$;
COMMENT ON FUNCTION ferry._notice_run(bigint) IS 'internal: writes a row of ferry.outbox about a run of ferry.import that begins or is over';

-- Whom another consumer has taken and not yet committed is left to it.
CREATE FUNCTION ferry.take_outbox(max_rows bigint DEFAULT 100, kinds text[] DEFAULT NULL, target text DEFAULT NULL) RETURNS SETOF ferry.outbox
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong text := (SELECT k FROM unnest(kinds) k WHERE k NOT IN (SELECT * FROM ferry._outbox_kinds()) LIMIT 1);
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('there is no kind "%s" of notices', wrong),
            HINT = format('Use %s.', (SELECT string_agg(k, ', ') FROM ferry._outbox_kinds() k));
    END IF;
    RETURN QUERY
        WITH taken AS (
            DELETE FROM ferry.outbox o
            WHERE o.id = ANY (ARRAY(
                SELECT w.id FROM ferry.outbox w
                WHERE (kinds IS NULL OR w.kind = ANY (kinds)) AND (take_outbox.target IS NULL OR w.target = take_outbox.target)
                ORDER BY w.id
                LIMIT max_rows
                FOR UPDATE SKIP LOCKED))
            RETURNING o.*)
        SELECT * FROM taken ORDER BY id;
END
$$;
COMMENT ON FUNCTION ferry.take_outbox(bigint, text[], text) IS 'hands out what waits in ferry.outbox, the oldest first, and deletes it there: commit once it was dealt with. Of several consumers no two get the same, and what one of them rolls back is there again. kinds and target: only these; max_rows null: all';

CREATE FUNCTION ferry.purge_outbox(older_than interval DEFAULT '30 days') RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM ferry.outbox
        WHERE id = ANY (ARRAY(SELECT id FROM ferry.outbox WHERE noted_at < now() - older_than FOR UPDATE SKIP LOCKED))
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION ferry.purge_outbox(interval) IS 'deletes what nobody has taken from ferry.outbox for longer than the given interval, and returns how many; for a scheduler';

CREATE FUNCTION ferry._outbox_lint()
    RETURNS TABLE (object text, severity text, problem text, hint text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'target ' || o.target, 'warning', format('nobody takes %s from ferry.outbox: %s waiting, the oldest since %s', o.kind, count(*), date_trunc('second', min(o.noted_at))),
           'Have a worker call ferry.take_outbox(), or take the kind out of outbox of ferry.target and call ferry.purge_outbox().'
    FROM ferry.outbox o
    GROUP BY o.target, o.kind
    HAVING min(o.noted_at) < now() - interval '1 day'
    UNION ALL
    SELECT 'channel ferry', 'warning', format('the queue of NOTIFY is %s %% full; when it is full, transactions that notify cannot commit', round(100 * pg_notification_queue_usage())),
           'Find the session that LISTENs and has had a transaction open for long: SELECT pid, xact_start, application_name FROM pg_stat_activity ORDER BY xact_start; or set ferry.notify = off.'
    WHERE pg_notification_queue_usage() > 0.25 AND EXISTS (SELECT FROM ferry.target t WHERE t.outbox <> '{}')
$$;
COMMENT ON FUNCTION ferry._outbox_lint() IS 'internal: whether anybody takes what is in ferry.outbox';
