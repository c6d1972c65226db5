-- The end: may a legacy system be switched off, who is left, and a source that is asked no more.

CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON ferry.retirement FOR EACH ROW EXECUTE FUNCTION ferry._invalidate();
CREATE TRIGGER invalidate_all AFTER TRUNCATE ON ferry.retirement FOR EACH STATEMENT EXECUTE FUNCTION ferry._invalidate();
ALTER TABLE ferry.retirement ENABLE ALWAYS TRIGGER invalidate;
ALTER TABLE ferry.retirement ENABLE ALWAYS TRIGGER invalidate_all;

CREATE FUNCTION ferry._roll(source text, max_rows bigint)
    RETURNS TABLE (legacy_key text, login text, logins text, is_asked_about boolean, state text, user_id text, via text, last_seen text,
                   is_seen_known boolean, value double precision, contact text, password text, hash text, needs text[], is_changed boolean,
                   must_change boolean, is_allowed boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'roll_wrapper';
COMMENT ON FUNCTION ferry._roll(text, bigint) IS 'internal: who is in a source, one by one, and how each stands here. Reads the source once, as run_as';

CREATE FUNCTION ferry._covers(source text, login text) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'covers_wrapper';
COMMENT ON FUNCTION ferry._covers(text, text) IS 'internal: whether a source is asked about a login';

CREATE FUNCTION ferry._left_behind(source text) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'left_behind_wrapper';
COMMENT ON FUNCTION ferry._left_behind(text) IS 'internal: the columns of a source that nothing takes along';

-- Those whom an import has refused and who were not moved since, each with the newest reason.
CREATE FUNCTION ferry._refusals(source text) RETURNS TABLE (legacy_key text, reason text, hint text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT ON (i.legacy_key) i.legacy_key,
           concat_ws(' ', i.reason, i.rule, i.column_name, i.constraint_name, i.sqlstate), i.message
    FROM ferry.import_reject i
    WHERE i.source = _refusals.source AND i.settled_at IS NULL
    ORDER BY i.legacy_key, i.run DESC
$$;
COMMENT ON FUNCTION ferry._refusals(text) IS 'internal: the legacy users who are refused now, and why';

-- The same, and those about whom nobody has decided yet, or has decided that they stay out.
CREATE FUNCTION ferry._held_back(source text) RETURNS TABLE (legacy_key text, why text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT legacy_key, CASE WHEN f.reason IS NOT NULL THEN 'refused: ' || f.reason
                            WHEN v.decision IS NULL THEN 'waits for a decision in ferry.review'
                            ELSE 'refused: by decision in ferry.review' END
    FROM ferry._refusals(_held_back.source) f
    FULL JOIN (SELECT w.legacy_key, w.decision FROM ferry.review w
               WHERE w.source = _held_back.source
                 AND (w.decision IS NULL OR w.decision = 'refuse' OR w.decision = 'insert' AND w.found_by = 'login')) v USING (legacy_key)
$$;
COMMENT ON FUNCTION ferry._held_back(text) IS 'internal: the legacy users whom neither a login nor an import would move, and why';

CREATE FUNCTION ferry._asked_lately(source text) RETURNS TABLE (item text, users bigint, detail jsonb)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('%s: %s, in the last 30 days', e.kind, e.outcome), count(DISTINCT coalesce(e.user_id, e.login)),
           jsonb_build_object('events', count(*), 'last_at', max(e.logged_at))
    FROM ferry.event e
    WHERE e.source = _asked_lately.source AND e.logged_at > now() - interval '30 days' AND e.kind NOT IN ('retire_source', 'reinstate_source')
    GROUP BY e.kind, e.outcome
    ORDER BY max(e.logged_at) DESC
$$;
COMMENT ON FUNCTION ferry._asked_lately(text) IS 'internal: the events of a month that name a source, by kind and outcome';

CREATE FUNCTION ferry._cutover(of_source text, inactive_after interval, max_rows bigint)
    RETURNS TABLE (topic text, item text, users bigint, value numeric, detail jsonb, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH s AS (
        SELECT s.*, t.on_mismatch_until,
               CASE WHEN s.enabled THEN '' ELSE format('Enable it first: UPDATE ferry.source SET enabled = true WHERE name = %L; then ', s.name) END AS enabling
        FROM ferry.source s JOIN ferry.target t ON t.name = s.target WHERE s.name = of_source
    ), kind AS MATERIALIZED (
        -- People of one kind are counted together: what follows is about a few hundred rows at most.
        SELECT r.state, r.via, f.reason AS refusal, f.hint AS refusal_hint, v.source IS NOT NULL AS is_in_review, r.password, r.hash, r.needs,
               r.is_changed, p.seen,
               inactive_after IS NOT NULL AND (p.seen = 6 OR p.seen < 6 AND p.last_seen <= now() - inactive_after) AS is_inactive,
               -- As numeric: a sum may be more than a double precision holds.
               count(*) AS users, sum(r.value::numeric) AS value
        FROM ferry._roll(of_source, max_rows) r
        CROSS JOIN LATERAL (SELECT r.last_seen::timestamptz AS last_seen,
                                   CASE WHEN NOT r.is_seen_known THEN 7
                                        WHEN r.last_seen IS NULL THEN 6
                                        WHEN r.last_seen::timestamptz > now() - interval '7 days' THEN 1
                                        WHEN r.last_seen::timestamptz > now() - interval '30 days' THEN 2
                                        WHEN r.last_seen::timestamptz > now() - interval '90 days' THEN 3
                                        WHEN r.last_seen::timestamptz > now() - interval '1 year' THEN 4
                                        ELSE 5 END AS seen) p
        LEFT JOIN ferry._refusals(of_source) f ON f.legacy_key = r.legacy_key AND r.state = 'left'
        LEFT JOIN ferry.review v ON v.source = of_source AND v.legacy_key = r.legacy_key AND v.decision IS NULL AND r.state = 'left'
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ), total AS (
        SELECT coalesce(sum(k.users), 0) AS rows,
               coalesce(sum(k.users) FILTER (WHERE k.state IN ('moved', 'deleted')), 0) AS moved,
               coalesce(sum(k.users) FILTER (WHERE k.state = 'left' AND k.is_inactive), 0) AS inactive,
               coalesce(sum(k.users) FILTER (WHERE k.state = 'left' AND NOT k.is_inactive OR k.needs && '{password,login}'), 0) AS shut_out,
               sum(k.value) FILTER (WHERE k.state = 'left' AND NOT k.is_inactive OR k.needs && '{password,login}') AS value
        FROM kind k
    ), refreshed AS (
        SELECT string_agg(r.what, ', ' ORDER BY r.what) AS what
        FROM (SELECT 'column ' || m.target_column FROM ferry.mapping m WHERE m.source = of_source AND m.refresh
              UNION ALL SELECT 'child ' || c.name FROM ferry.child c WHERE c.source = of_source AND c.refresh) r (what)
    ), importing AS (
        SELECT count(*) AS runs, string_agg(r.id::text, ', ' ORDER BY r.id) AS ids
        FROM ferry.import_run r
        WHERE r.source = of_source AND r.state = 'running' AND ferry._import_is_alive(r.pid, r.backend_start, r.called_at)
    ), reason (place, kind, item, users, value, hint) AS (
        SELECT 1, 'left', 'not moved yet', sum(k.users), sum(k.value),
               (SELECT s.enabling FROM s) || format('CALL ferry.import(%L); or wait, and write to those in ferry.notice_list(%1$L).', of_source)
        FROM kind k WHERE k.state = 'left' AND k.refusal IS NULL AND NOT k.is_inactive HAVING count(*) > 0
        UNION ALL
        SELECT 2, 'left', 'refused by an import', sum(k.users), sum(k.value),
               format('Mend what the lines of topic lost say. %sCALL ferry.import(%L, ''retry'');', (SELECT s.enabling FROM s), of_source)
        FROM kind k WHERE k.state = 'left' AND k.refusal IS NOT NULL AND NOT k.is_inactive HAVING count(*) > 0
        UNION ALL
        SELECT 3, 'needs', 'moved without a password: the legacy one still decides', sum(k.users), sum(k.value),
               'Wait until they have logged in, or have them set a password.'
        FROM kind k WHERE 'password' = ANY (k.needs) HAVING count(*) > 0
        UNION ALL
        SELECT 4, 'needs', 'log in by a name that only the source knows', sum(k.users), sum(k.value),
               'Map it to a column of the users table, and add that to login_columns of ferry.target: as lower(u.column) where it keeps its case.'
        FROM kind k WHERE 'login' = ANY (k.needs) HAVING count(*) > 0
        UNION ALL
        SELECT 5, 'needs', format('may log in by a password changed there, until %s', min(s.on_mismatch_until)), sum(k.users), sum(k.value),
               format('UPDATE ferry.target SET on_mismatch = ''refuse'' WHERE name = %L; once passwords are changed there no more.', min(s.target))
        FROM kind k, s WHERE 'mismatch' = ANY (k.needs) HAVING count(*) > 0
        UNION ALL
        SELECT 6, 'needs', 'brought up to date from it at each login: ' || r.what, total.moved, NULL,
               'Set refresh to false in ferry.mapping and ferry.child once the application keeps them itself.'
        FROM refreshed r, total WHERE r.what IS NOT NULL AND total.moved > 0
        UNION ALL
        SELECT 7, 'busy', 'being imported, by run ' || i.ids, NULL, NULL, 'Wait until ferry.progress says that it is over.'
        FROM importing i WHERE i.runs > 0
        UNION ALL
        SELECT 8, 'left', 'waiting for a decision', sum(k.users), sum(k.value), 'Decide in ferry.review.'
        FROM kind k WHERE k.is_in_review AND NOT k.is_inactive HAVING count(*) > 0
        UNION ALL
        SELECT 9, 'unknown', 'rows whose key, login or hash cannot be read', sum(k.users), NULL, format('ferry.assess(%L) tells more.', of_source)
        FROM kind k WHERE k.state = 'unreadable' HAVING count(*) > 0
        UNION ALL
        SELECT 10, 'unknown', 'the source has no rows', NULL, NULL, 'See whether its relation, or its filter, is what you think.'
        FROM total WHERE total.rows = 0
        UNION ALL
        SELECT 11, 'unknown', format('only %s rows were read', max_rows), NULL, NULL, 'Leave max_rows out.'
        FROM total WHERE total.rows >= max_rows
    ), line (chapter, place, topic, item, users, value, detail, hint) AS (
        SELECT 0, 0, 'verdict',
               CASE WHEN NOT EXISTS (SELECT FROM reason)
                    THEN 'yes: nobody needs it any more' || CASE WHEN total.inactive > 0 THEN format(', but for %s not seen for %s', total.inactive, inactive_after) ELSE '' END
                    WHEN total.shut_out = 0 THEN 'not yet: nobody would be shut out, but there are reasons'
                    ELSE format('not yet: %s of %s users would be shut out', total.shut_out, total.rows) END,
               total.shut_out, total.value,
               jsonb_strip_nulls(jsonb_build_object('verdict', CASE WHEN EXISTS (SELECT FROM reason) THEN 'not yet' ELSE 'yes' END,
                   'reasons', (SELECT count(*) FROM reason), 'rows', total.rows, 'counted_at', now(), 'inactive_after', inactive_after::text, 'max_rows', max_rows)),
               CASE WHEN EXISTS (SELECT FROM reason) THEN 'The lines of topic reason say why.'
                    ELSE format('SELECT * FROM ferry.retire_source(%L); and it is asked no more.', of_source) END
        FROM total
        UNION ALL
        SELECT 1, r.place, 'reason', r.item, r.users, r.value, jsonb_build_object('kind', r.kind), r.hint FROM reason r
        UNION ALL
        SELECT 2, 0, 'count', 'in the source', total.rows, NULL, NULL, NULL FROM total
        UNION ALL
        SELECT 2, array_position('{moved,deleted,left,forgotten,without_key,unreadable}', k.state) * 2 + (k.refusal IS NOT NULL)::int,
               'count', CASE k.state WHEN 'moved' THEN 'moved by ' || k.via
                                     WHEN 'deleted' THEN 'moved, and deleted here since'
                                     WHEN 'left' THEN coalesce('refused: ' || k.refusal, 'remaining')
                                     WHEN 'forgotten' THEN 'forgotten'
                                     WHEN 'without_key' THEN 'rows without a key'
                                     ELSE 'rows that cannot be read' END,
               sum(k.users), sum(k.value), NULL, NULL
        FROM kind k GROUP BY 2, 4
        UNION ALL
        SELECT 2, 99, 'count', 'moved, and gone from the source since', l.links - total.moved, NULL, NULL, NULL
        FROM total, (SELECT count(*) AS links FROM ferry.link l WHERE l.source = of_source AND NOT l.tombstone) l
        WHERE l.links > total.moved AND (max_rows IS NULL OR total.rows < max_rows)
        UNION ALL
        SELECT 3, k.seen, 'left', ('{last seen in the last 7 days,last seen 8 to 30 days ago,last seen 31 to 90 days ago,last seen 91 days to a year ago,'
                                   'last seen more than a year ago,never seen,not known when last seen}'::text[])[k.seen],
               sum(k.users), sum(k.value), NULL,
               CASE WHEN k.seen = 7 THEN 'Set last_seen of ferry.source to an expression such as l.last_login.' END
        FROM kind k WHERE k.state = 'left' GROUP BY k.seen
        UNION ALL
        SELECT 4, 0, 'lost', 'users refused: ' || k.refusal, sum(k.users), sum(k.value), NULL, min(k.refusal_hint)
        FROM kind k WHERE k.refusal IS NOT NULL GROUP BY k.refusal
        UNION ALL
        SELECT 4, 1, 'lost', 'passwords that cannot be verified: ' || k.hash, sum(k.users), sum(k.value), NULL,
               format('An import refuses them: see ferry.assess(%L).', of_source)
        FROM kind k WHERE k.state = 'left' AND k.password = 'unverifiable' GROUP BY k.hash
        UNION ALL
        SELECT 4, 2, 'lost', 'users without a password: ' || k.hash, sum(k.users), sum(k.value), NULL, 'Once moved, they come in by a reset only.'
        FROM kind k WHERE k.state = 'left' AND k.password = 'locked' GROUP BY k.hash
        UNION ALL
        SELECT 4, 3, 'lost', 'what was changed there since its users were moved', sum(k.users), sum(k.value), NULL,
               (SELECT s.enabling FROM s) || format('CALL ferry.import(%L, ''update''); brings over what on_conflict of ferry.mapping says.', of_source)
        FROM kind k WHERE k.state = 'moved' AND k.is_changed HAVING count(*) > 0
        UNION ALL
        SELECT 4, 4, 'lost', format('columns of %s: %s', min(s.relation), string_agg(c.name, ', ' ORDER BY c.place) FILTER (WHERE c.place <= 5) || CASE WHEN count(*) > 5 THEN ', …' ELSE '' END),
               NULL, NULL, jsonb_build_object('columns', jsonb_agg(c.name ORDER BY c.place)),
               'Map those that are to be kept, or name a column in unmapped of ferry.source.'
        FROM s, ferry._left_behind(of_source) WITH ORDINALITY AS c (name, place) HAVING count(*) > 0
        UNION ALL
        SELECT 5, array_position('{here,envelope,no_pepper,locked,unverifiable}', k.password), 'password',
               CASE k.password WHEN 'here' THEN 'of those moved: checked here'
                               WHEN 'envelope' THEN 'of those moved: the legacy hash, checked here' || coalesce(' with pepper ' || k.hash, '')
                               WHEN 'no_pepper' THEN format('of those moved: pepper %s is not there', k.hash)
                               WHEN 'locked' THEN 'of those moved: none'
                               ELSE 'of those moved: cannot be checked' END,
               sum(k.users), sum(k.value), NULL,
               CASE WHEN k.password IN ('locked', 'unverifiable') THEN format('They need a reset: ferry.notice_list(%L).', of_source)
                    WHEN k.password = 'no_pepper' THEN 'They cannot log in until it is in the file of ferry.pepper_file.'
                    WHEN k.hash IS NOT NULL THEN 'Keep the file of ferry.pepper_file until all of them have logged in.' END
        FROM kind k WHERE k.state = 'moved' GROUP BY k.password, k.hash
        UNION ALL
        SELECT 6, 0, 'asks', CASE WHEN s.enabled THEN 'logins: enabled' ELSE 'nobody: enabled is false' END, NULL, NULL,
               jsonb_build_object('enabled', s.enabled, 'priority', s.priority), NULL FROM s
        UNION ALL
        SELECT 6, 1, 'asks', a.item, a.users, NULL, a.detail, NULL FROM ferry._asked_lately(of_source) a
    )
    SELECT l.topic, l.item, l.users::bigint, round(l.value::numeric, 2), l.detail, l.hint
    FROM line l
    ORDER BY l.chapter, l.place, l.users DESC NULLS LAST, l.item COLLATE "C"
$$;
COMMENT ON FUNCTION ferry._cutover(text, interval, bigint) IS 'internal: ferry.cutover of a source that is not retired';

CREATE FUNCTION ferry.cutover(source text, inactive_after interval DEFAULT NULL, max_rows bigint DEFAULT NULL)
    RETURNS TABLE (topic text, item text, users bigint, value numeric, detail jsonb, hint text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    former ferry.retirement := (SELECT r FROM ferry.retirement r WHERE r.source = cutover.source);
BEGIN
    IF former.source IS NULL THEN
        RETURN QUERY SELECT * FROM ferry._cutover(cutover.source, cutover.inactive_after, cutover.max_rows);
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'verdict', format('retired on %s by %s: of %s users, %s were left behind', former.retired_at::date, former.retired_by,
                             coalesce(former.legacy_total::text, 'an unknown number of'), coalesce(l.users::text, 'an unknown number')),
           l.users, l.value,
           jsonb_build_object('verdict', 'retired', 'outcome', former.outcome, 'message', former.message, 'retired_at', former.retired_at,
                              'retired_by', former.retired_by, 'rows', former.legacy_total),
           format('SELECT ferry.reinstate_source(%L); takes that back.', former.source)
    FROM (SELECT CASE WHEN count(*) = 0 THEN 0 ELSE sum(f.users)::bigint END AS users, sum(f.value) AS value
          FROM jsonb_to_recordset(former.figures) AS f (topic text, users bigint, value numeric) WHERE f.topic = 'left') l;
    -- What was to be done before is not to be done now; but for the peppers, which are still needed.
    RETURN QUERY
    SELECT f.topic, f.item, f.users, f.value, f.detail, CASE WHEN f.hint LIKE '%ferry.pepper_file%' THEN f.hint END
    FROM jsonb_to_recordset(former.figures) AS f (topic text, item text, users bigint, value numeric, detail jsonb, hint text)
    WHERE f.topic NOT IN ('verdict', 'asks');
    RETURN QUERY
    SELECT 'asks', a.item, a.users, NULL::numeric, a.detail, NULL FROM ferry._asked_lately(former.source) a;
END
$$;
COMMENT ON FUNCTION ferry.cutover(text, interval, bigint) IS 'may a source be switched off? The first line is the verdict, those of topic reason say why not; then the counts, which add up, who is left by when they were last seen and what they are worth (last_seen and value of ferry.source), what would be lost, how those moved are checked, and what still asks it. Who was not seen for inactive_after is no reason. Reads the source once, as run_as, and writes nothing; max_rows reads only so many rows. Of a retired source it tells the last figures';

-- What is known of a source that cannot be read any more.
CREATE FUNCTION ferry._figures_unread(of_source text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_array(
               jsonb_build_object('topic', 'reason', 'item', 'the source could not be read', 'detail', jsonb_build_object('kind', 'unknown')),
               jsonb_build_object('topic', 'count', 'item', format('in the source, when it was counted on %s', p.counted_at::date), 'users', p.legacy_total),
               jsonb_build_object('topic', 'count', 'item', 'moved', 'users', p.moved_by_login + p.moved_by_import + p.moved_otherwise),
               jsonb_build_object('topic', 'count', 'item', 'refused', 'users', p.refused),
               jsonb_build_object('topic', 'count', 'item', 'forgotten', 'users', p.tombstoned),
               jsonb_build_object('topic', 'left', 'item', 'not known when last seen', 'users', p.remaining + p.refused))
    FROM ferry.progress p
    WHERE p.source = of_source
$$;
COMMENT ON FUNCTION ferry._figures_unread(text) IS 'internal: the figures of ferry.cutover, as far as they are known here';

-- The figures of a source that is about to be retired; with force also of one that cannot be read.
CREATE FUNCTION ferry._last_figures(of_source text, force boolean, OUT figures jsonb, OUT is_read boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state text;
    problem text;
    cure text;
BEGIN
    figures := (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(c))) FROM ferry._cutover(of_source, NULL, NULL) c);
    is_read := true;
EXCEPTION
    WHEN serialization_failure OR deadlock_detected OR lock_not_available OR insufficient_resources OR operator_intervention OR internal_error OR connection_failure THEN
        RAISE;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT, cure = PG_EXCEPTION_HINT;
        IF NOT force THEN
            RAISE EXCEPTION USING ERRCODE = state, MESSAGE = problem,
                HINT = concat_ws(' ', nullif(cure, ''), 'If it is gone for good, give force => true: then nobody can tell who is left behind.');
        END IF;
        figures := ferry._figures_unread(of_source);
        is_read := false;
END
$$;
COMMENT ON FUNCTION ferry._last_figures(text, boolean) IS 'internal: what ferry.cutover says of a source before it is retired';

CREATE FUNCTION ferry._keep_left_logins(of_source text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    new_key bytea := sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid()), 'UTF8'));
BEGIN
    INSERT INTO ferry._left_key (source, key) VALUES (of_source, new_key);
    INSERT INTO ferry._left_login (source, digest)
    SELECT DISTINCT of_source, ferry._left_digest(new_key, l.login)
    FROM ferry.source s CROSS JOIN ferry._roll(of_source, NULL) r CROSS JOIN LATERAL jsonb_array_elements_text(r.logins::jsonb) AS l (login)
    WHERE s.name = of_source AND r.state = 'left' AND CASE WHEN s.scope IS NULL THEN true ELSE ferry._covers(of_source, l.login) END;
END
$$;
COMMENT ON FUNCTION ferry._keep_left_logins(text) IS 'internal: keeps the logins of those who are left, as digests';

CREATE FUNCTION ferry.retire_source(source text, outcome text DEFAULT 'invalid', message text DEFAULT NULL, force boolean DEFAULT false)
    RETURNS TABLE (topic text, item text, users bigint, value numeric, detail jsonb, hint text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    name text := retire_source.source;
    forced boolean := coalesce(retire_source.force, false);
    of_target text;
    known record;
    obstacles text;
    total bigint;
BEGIN
    IF coalesce(retire_source.outcome NOT IN ('invalid', 'rejected', 'unavailable'), true) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('unknown outcome %L of a retired source', retire_source.outcome),
            HINT = 'Use invalid, rejected or unavailable.';
    END IF;
    SELECT s.target INTO of_target FROM ferry.source s WHERE s.name = retire_source.source FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('there is no source "%s"', name), HINT = 'Sources are rows of ferry.source.';
    ELSIF EXISTS (SELECT FROM ferry.retirement r WHERE r.source = retire_source.source) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('source %s is retired', name),
            HINT = format('SELECT ferry.reinstate_source(%L); takes that back.', name);
    END IF;
    known := ferry._last_figures(name, forced);
    IF NOT known.is_read AND retire_source.outcome <> 'invalid' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('source %s cannot be read, so nobody knows who is to get the outcome %s', name, retire_source.outcome),
            HINT = 'Use the outcome invalid, which is that of unknown logins too.';
    END IF;
    SELECT string_agg(concat_ws(': ', f.item, f.users || ' users'), E'\n') INTO obstacles
    FROM jsonb_to_recordset(known.figures) AS f (topic text, item text, users bigint, detail jsonb)
    WHERE f.topic = 'reason' AND f.detail ->> 'kind' <> 'left';
    IF obstacles IS NOT NULL AND NOT forced THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('source %s is still needed', name), DETAIL = obstacles,
            HINT = format('SELECT * FROM ferry.cutover(%L); tells what to do about each. With force => true it is retired all the same.', name);
    END IF;
    IF retire_source.outcome <> 'invalid' THEN
        PERFORM ferry._keep_left_logins(name);
    END IF;
    -- What a call that was killed has staged: nobody imports from here any more.
    DELETE FROM ferry._import_row s USING ferry.import_run r WHERE r.id = s.run AND r.source = name;
    SELECT f.users INTO total
    FROM jsonb_to_recordset(known.figures) AS f (topic text, item text, users bigint) WHERE f.topic = 'count' AND f.item LIKE 'in the source%';
    INSERT INTO ferry.retirement (source, outcome, message, legacy_total, figures)
    VALUES (name, retire_source.outcome, retire_source.message, total, known.figures);
    PERFORM ferry._log('retire_source', 'ok', of_target, name, NULL, true, NULL, NULL, NULL,
                       jsonb_build_object('outcome', retire_source.outcome, 'forced', forced)::text, 0);
    RETURN QUERY SELECT * FROM ferry.cutover(name);
END
$$;
COMMENT ON FUNCTION ferry.retire_source(text, text, text, boolean) IS 'asks a source no more, so that it can be switched off and its foreign table dropped; links, history and config stay, imports refuse it. Refuses while users who were moved still need it, unless force is true. Those left behind: outcome is how their logins end: invalid (default: as unknown ones, and nothing is kept of them), or rejected or unavailable, for which their logins are kept as keyed digests, and which tell whoever types one that it was one. message is what ferry.retired_message tells the application. Answers with the last figures of ferry.cutover';

CREATE FUNCTION ferry.reinstate_source(source text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_wrong record;
BEGIN
    DELETE FROM ferry.retirement r WHERE r.source = reinstate_source.source;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('source "%s" is not retired', reinstate_source.source),
            HINT = 'Those that are, are in ferry.retirement.';
    END IF;
    DELETE FROM ferry._left_key k WHERE k.source = reinstate_source.source;
    SELECT c.* INTO found_wrong
    FROM ferry._check_all() c
    WHERE c.severity = 'error' AND ferry._is_of_source(c.object, reinstate_source.source)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('%s: %s', found_wrong.object, found_wrong.problem),
            HINT = found_wrong.hint;
    END IF;
    PERFORM ferry._log('reinstate_source', 'ok', s.target, s.name, NULL, true, NULL, NULL, NULL, NULL, 0)
    FROM ferry.source s WHERE s.name = reinstate_source.source;
END
$$;
COMMENT ON FUNCTION ferry.reinstate_source(text) IS 'takes ferry.retire_source back: the source is asked as before, once what its config names is there again';

CREATE FUNCTION ferry.retired_message(outcome text, target text DEFAULT 'default') RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    -- Several sources may have been retired with the same words.
    SELECT string_agg(m.message, E'\n' ORDER BY m.priority, m.name)
    FROM (SELECT DISTINCT ON (r.message) r.message, s.priority, s.name
          FROM ferry.retirement r JOIN ferry.source s ON s.name = r.source
          WHERE r.outcome = retired_message.outcome AND s.target = coalesce(retired_message.target, 'default') AND s.enabled
          ORDER BY r.message, s.priority, s.name) m
$$;
COMMENT ON FUNCTION ferry.retired_message(text, text) IS 'for a login that ended with an outcome: what to show, as ferry.retire_source was told; null = nothing. It depends on the outcome alone, so it tells nobody who was left behind';

CREATE FUNCTION ferry.remaining_users(source text)
    RETURNS TABLE (legacy_key text, logins text[], last_seen timestamptz, value numeric, why text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.legacy_key, ARRAY(SELECT l.login FROM jsonb_array_elements_text(r.logins::jsonb) WITH ORDINALITY AS l (login, place) ORDER BY l.place),
           r.last_seen::timestamptz, round(r.value::numeric, 2),
           concat_ws(', ', coalesce(h.why, 'not moved yet'),
                     CASE WHEN NOT r.is_asked_about THEN 'has no login that the source is asked about' END,
                     CASE r.password WHEN 'locked' THEN 'has no password' WHEN 'unverifiable' THEN 'password cannot be verified: ' || r.hash END)
    FROM ferry._roll(remaining_users.source, NULL) r
    LEFT JOIN ferry._held_back(remaining_users.source) h ON h.legacy_key = r.legacy_key
    WHERE r.state = 'left'
    ORDER BY r.last_seen::timestamptz DESC NULLS LAST, r.value DESC NULLS LAST, r.legacy_key
$$;
COMMENT ON FUNCTION ferry.remaining_users(text) IS 'who is left in a source, and why: whoever was seen last comes first. Reads the source once, as run_as';

CREATE FUNCTION ferry.notice_list(source text, inactive_after interval DEFAULT NULL)
    RETURNS TABLE (contact text, notice text, login text, last_seen timestamptz, value numeric, user_id text, legacy_key text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH person AS (
        SELECT r.*, r.last_seen::timestamptz AS seen_at, btrim(coalesce(r.contact, a.login, r.login)) AS address,
               CASE WHEN r.state = 'left' AND (h.why IS NOT NULL OR NOT r.is_asked_about) THEN 'refused'
                    WHEN r.state = 'left' AND r.password = 'verifiable' THEN 'log_in'
                    WHEN r.state = 'left' OR r.password IN ('locked', 'unverifiable') THEN 'reset'
                    WHEN 'login' = ANY (r.needs) THEN 'other_login'
                    WHEN r.must_change THEN 'change_password' END AS notice
        FROM ferry._roll(notice_list.source, NULL) r
        LEFT JOIN ferry._held_back(notice_list.source) h ON h.legacy_key = r.legacy_key
        LEFT JOIN LATERAL (SELECT l.login FROM jsonb_array_elements_text(r.logins::jsonb) WITH ORDINALITY AS l (login, place)
                           WHERE l.login LIKE '%@%' ORDER BY l.place LIMIT 1) a ON true
        WHERE r.state = 'left' OR r.state = 'moved' AND r.is_allowed
    ), written_to AS (
        -- One line for each address: the notice that cannot wait.
        SELECT DISTINCT ON (lower(p.address)) p.*
        FROM person p
        WHERE p.notice IS NOT NULL AND p.address <> ''
          AND (notice_list.inactive_after IS NULL OR NOT p.is_seen_known OR p.seen_at > now() - notice_list.inactive_after)
        ORDER BY lower(p.address), array_position('{log_in,reset,refused,other_login,change_password}', p.notice), p.seen_at DESC NULLS LAST, p.legacy_key
    )
    SELECT w.address, w.notice, w.login, w.seen_at, round(w.value::numeric, 2), w.user_id, w.legacy_key
    FROM written_to w
    ORDER BY array_position('{log_in,reset,refused,other_login,change_password}', w.notice), w.seen_at DESC NULLS LAST, w.value DESC NULLS LAST, w.address
$$;
COMMENT ON FUNCTION ferry.notice_list(text, interval) IS 'whom to write to before a source is retired, one line for each address. notice: log_in (not moved, the password is good: log in once), reset (no password opens the account: ask for a new one), refused (not moved, for a reason that you mend), other_login (moved, but known by that login in the source only), change_password (moved, and must change it). Leaves out who was forgotten, is not allowed here, or was not seen for inactive_after. Reads the source once, as run_as';
