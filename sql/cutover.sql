-- The end: may a legacy system be switched off, who is left, and a source that is asked no more.

CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON ferry.retirement FOR EACH ROW EXECUTE FUNCTION ferry._invalidate();
CREATE TRIGGER invalidate_all AFTER TRUNCATE ON ferry.retirement FOR EACH STATEMENT EXECUTE FUNCTION ferry._invalidate();
ALTER TABLE ferry.retirement ENABLE ALWAYS TRIGGER invalidate;
ALTER TABLE ferry.retirement ENABLE ALWAYS TRIGGER invalidate_all;

CREATE FUNCTION ferry._roll(source text, max_rows bigint)
    RETURNS TABLE (legacy_key text, login text, logins text, state text, user_id text, via text, last_seen text, is_seen_known boolean,
                   value double precision, contact text, password text, hash text, needs text[], is_changed boolean, must_change boolean, is_allowed boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'roll_wrapper';
COMMENT ON FUNCTION ferry._roll(text, bigint) IS 'internal: who is in a source, one by one, and how each stands here. Reads the source once, as run_as';

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

CREATE FUNCTION ferry._cutover(of_source text, inactive_after interval, max_rows bigint)
    RETURNS TABLE (topic text, item text, users bigint, value numeric, detail jsonb, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH s AS (
        SELECT s.*, t.on_mismatch_until FROM ferry.source s JOIN ferry.target t ON t.name = s.target WHERE s.name = of_source
    ), kind AS MATERIALIZED (
        -- People of one kind are counted together: what follows is about a few hundred rows at most.
        SELECT r.state, r.via, f.reason AS refusal, f.hint AS refusal_hint, r.password, r.hash, r.needs, r.is_changed, p.seen,
               inactive_after IS NOT NULL AND (p.seen = 6 OR p.seen < 6 AND p.last_seen <= now() - inactive_after) AS is_inactive,
               count(*) AS users, sum(r.value) AS value
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
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    ), total AS (
        SELECT coalesce(sum(k.users), 0) AS rows,
               coalesce(sum(k.users) FILTER (WHERE k.state IN ('moved', 'deleted')), 0) AS moved,
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
               format('CALL ferry.import(%L); moves them all. ferry.remaining_users(%1$L) tells who they are, ferry.notice_list(%1$L) whom to write to.', of_source)
        FROM kind k WHERE k.state = 'left' AND k.refusal IS NULL AND NOT k.is_inactive HAVING count(*) > 0
        UNION ALL
        SELECT 2, 'left', 'refused by an import', sum(k.users), sum(k.value),
               format('The lines of topic lost say why. Mend it, and CALL ferry.import(%L, ''retry'');', of_source)
        FROM kind k WHERE k.state = 'left' AND k.refusal IS NOT NULL AND NOT k.is_inactive HAVING count(*) > 0
        UNION ALL
        SELECT 3, 'needs', 'moved without a password: the legacy one still decides', sum(k.users), sum(k.value),
               'They were moved by prepare_reset, migrate_login or adopt. Wait until they have logged in, or have them set a password.'
        FROM kind k WHERE 'password' = ANY (k.needs) HAVING count(*) > 0
        UNION ALL
        SELECT 4, 'needs', 'log in by a name that only the source knows', sum(k.users), sum(k.value),
               'Map that login to a column of the users table, and add it to login_columns of ferry.target.'
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
        SELECT 8, 'busy', 'waiting for a decision', count(*), NULL, 'Decide in ferry.review.'
        FROM ferry.review v WHERE v.source = of_source AND v.decision IS NULL HAVING count(*) > 0
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
               CASE WHEN NOT EXISTS (SELECT FROM reason) THEN 'yes: nobody needs it any more'
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
        SELECT 2, 0, 'count', 'in the source', total.rows, NULL, NULL, 'The other lines of this topic add up to it, but for those gone from it.' FROM total
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
               sum(k.users), sum(k.value), jsonb_build_object('refused', coalesce(sum(k.users) FILTER (WHERE k.refusal IS NOT NULL), 0)),
               CASE WHEN k.seen = 7 THEN 'Set last_seen of ferry.source to an expression such as l.last_login.' END
        FROM kind k WHERE k.state = 'left' GROUP BY k.seen
        UNION ALL
        SELECT 4, 0, 'lost', 'refused: ' || k.refusal, sum(k.users), sum(k.value), NULL, min(k.refusal_hint)
        FROM kind k WHERE k.refusal IS NOT NULL GROUP BY k.refusal
        UNION ALL
        SELECT 4, 1, 'lost', 'passwords of those left that cannot be verified: ' || k.hash, sum(k.users), sum(k.value), NULL,
               format('An import refuses them: see ferry.assess(%L).', of_source)
        FROM kind k WHERE k.state = 'left' AND k.password = 'unverifiable' GROUP BY k.hash
        UNION ALL
        SELECT 4, 2, 'lost', 'no password of those left: ' || k.hash, sum(k.users), sum(k.value), NULL, 'Once moved, they come in by a reset only.'
        FROM kind k WHERE k.state = 'left' AND k.password = 'locked' GROUP BY k.hash
        UNION ALL
        SELECT 4, 3, 'lost', 'what was changed there since its users were moved', sum(k.users), sum(k.value), NULL,
               format('CALL ferry.import(%L, ''update''); brings over what on_conflict of ferry.mapping says.', of_source)
        FROM kind k WHERE k.state = 'moved' AND k.is_changed HAVING count(*) > 0
        UNION ALL
        SELECT 4, 4, 'lost', format('column %s of %s', c.name, s.relation), NULL, NULL, NULL,
               'Map it if it is to be kept, or name a column in unmapped of ferry.source, before everybody is moved.'
        FROM s, ferry._left_behind(of_source) c (name)
        UNION ALL
        SELECT 5, array_position('{here,envelope,locked,unverifiable}', k.password), 'password',
               CASE k.password WHEN 'here' THEN 'of those moved: checked here'
                               WHEN 'envelope' THEN 'of those moved: the legacy hash, checked here' || coalesce(' with pepper ' || k.hash, '')
                               WHEN 'locked' THEN 'of those moved: none'
                               ELSE 'of those moved: cannot be checked' END,
               sum(k.users), sum(k.value), NULL,
               CASE WHEN k.password IN ('locked', 'unverifiable') THEN format('They need a reset: ferry.notice_list(%L).', of_source)
                    WHEN k.hash IS NOT NULL THEN 'Keep the file of ferry.pepper_file until all of them have logged in.' END
        FROM kind k WHERE k.state = 'moved' GROUP BY k.password, k.hash
        UNION ALL
        SELECT 6, 0, 'asks', CASE WHEN s.enabled THEN 'logins: enabled' ELSE 'nobody: enabled is false' END, NULL, NULL,
               jsonb_build_object('enabled', s.enabled, 'priority', s.priority), NULL FROM s
        UNION ALL
        SELECT 6, 1, 'asks', format('%s: %s, in the last 30 days', e.kind, e.outcome), count(DISTINCT coalesce(e.user_id, e.login)), NULL,
               jsonb_build_object('events', count(*), 'last_at', max(e.logged_at)), NULL
        FROM ferry.event e
        WHERE e.source = of_source AND e.logged_at > now() - interval '30 days'
        GROUP BY e.kind, e.outcome
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
BEGIN
    RETURN QUERY SELECT * FROM ferry._cutover(cutover.source, cutover.inactive_after, cutover.max_rows);
END
$$;
COMMENT ON FUNCTION ferry.cutover(text, interval, bigint) IS 'may a source be switched off? The first line is the verdict, those of topic reason say why not; then the counts, which add up, who is left by when they were last seen and what they are worth (last_seen and value of ferry.source), what would be lost, how those moved are checked, and what still asks it. Who was not seen for inactive_after is no reason. Reads the source once, as run_as, and writes nothing; max_rows reads only so many rows. Of a retired source it tells the last figures';
