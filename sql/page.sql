-- Reports as pages: what their figures are. The library makes HTML of them; it asks nothing more.

CREATE FUNCTION ferry._render_page(page text, figures text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'render_page_wrapper';
COMMENT ON FUNCTION ferry._render_page(text, text) IS 'internal: a page of HTML that shows figures, which are given as JSON';

CREATE FUNCTION ferry._page_time(at timestamptz) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.to_char(at, 'YYYY-MM-DD HH24:MI TZH:TZM');
COMMENT ON FUNCTION ferry._page_time(timestamptz) IS 'internal: a time as pages have it, in the time zone of the session';

CREATE FUNCTION ferry._page_origin() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN jsonb_build_object(
        'made_at', ferry._page_time(now()),
        'time_zone', current_setting('TimeZone'),
        'database', current_database(),
        'cluster', nullif(current_setting('cluster_name'), ''),
        'made_by', session_user,
        'server_version', split_part(current_setting('server_version'), ' ', 1),
        'version', (SELECT x.extversion FROM pg_extension x WHERE x.extname = 'pg_ferry'));
COMMENT ON FUNCTION ferry._page_origin() IS 'internal: when and where a page was made';

CREATE FUNCTION ferry._page_findings(source text) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('object', c.object, 'is_error', c.severity = 'error', 'problem', c.problem, 'hint', c.hint)
                              ORDER BY c.severity = 'error' DESC, c.object COLLATE "C", c.problem COLLATE "C"), '[]')
    FROM ferry.check_config() c
    WHERE _page_findings.source IS NULL
       OR split_part(c.object, ' ', 1) NOT IN ('target', 'source', 'mapping', 'rule', 'child')
       OR c.object = (SELECT 'target ' || s.target FROM ferry.source s WHERE s.name = _page_findings.source)
       OR ferry._is_of_source(c.object, _page_findings.source)
$$;
COMMENT ON FUNCTION ferry._page_findings(text) IS 'internal: what ferry.check_config says of a source and what is around it; null = of everything';

CREATE FUNCTION ferry.assessment_page(source text, max_rows bigint DEFAULT NULL, with_keys boolean DEFAULT false) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ferry._render_page('assessment', jsonb_build_object(
        'origin', ferry._page_origin(),
        'source', assessment_page.source,
        'target', (SELECT s.target FROM ferry.source s WHERE s.name = assessment_page.source),
        'max_rows', assessment_page.max_rows,
        'lines', l.lines,
        'findings', ferry._page_findings(assessment_page.source))::text)
    FROM (SELECT jsonb_agg(jsonb_build_object('topic', a.topic, 'item', a.item, 'rows', a.rows, 'detail', a.detail, 'hint', a.hint,
                                              'sample', CASE WHEN with_keys THEN a.sample END) ORDER BY a.place) AS lines
          FROM ferry.assess(assessment_page.source, assessment_page.max_rows) WITH ORDINALITY AS a (topic, item, rows, sample, detail, hint, place)) AS l
$$;
COMMENT ON FUNCTION ferry.assessment_page(text, bigint, boolean) IS 'what ferry.assess says of a source, as one page of HTML that needs nothing else: psql -XAtc "SELECT ferry.assessment_page(''shop'')" > assessment.html. with_keys shows the legacy key of one row of each kind, which may be an address; without it nobody is named';

-- The newest reason of each legacy user who is refused now, counted by kind.
CREATE VIEW ferry._page_reject AS
WITH newest AS (
    SELECT DISTINCT ON (i.source, i.legacy_key) i.*
    FROM ferry.import_reject i
    WHERE i.settled_at IS NULL
      AND NOT EXISTS (SELECT FROM ferry.link l WHERE l.source = i.source AND l.legacy_key = i.legacy_key)
    ORDER BY i.source, i.legacy_key, i.run DESC
)
SELECT n.source, n.reason, n.rule, n.code, n.message, coalesce(n.constraint_name, n.column_name) AS object, n.sqlstate, count(*) AS users,
       min(n.noted_at) AS since
FROM newest n
GROUP BY n.source, n.reason, n.rule, n.code, n.message, object, n.sqlstate;
COMMENT ON VIEW ferry._page_reject IS 'internal: those who are refused now, by reason';
COMMENT ON COLUMN ferry._page_reject.source IS 'the source';
COMMENT ON COLUMN ferry._page_reject.reason IS 'why, as a fixed word';
COMMENT ON COLUMN ferry._page_reject.rule IS 'the rule that rejects them';
COMMENT ON COLUMN ferry._page_reject.code IS 'the code of that rule';
COMMENT ON COLUMN ferry._page_reject.message IS 'the message of that rule';
COMMENT ON COLUMN ferry._page_reject.object IS 'the constraint that objects, or the column that could not be written';
COMMENT ON COLUMN ferry._page_reject.sqlstate IS 'the SQLSTATE of the error';
COMMENT ON COLUMN ferry._page_reject.users IS 'how many they are';
COMMENT ON COLUMN ferry._page_reject.since IS 'when the first of them was refused';

-- Bounded: of a migration that takes years, a page shows the last three months. At least two weeks, so that a day is a day wide.
CREATE FUNCTION ferry._page_first_day() RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN current_date - least(greatest(current_date - (SELECT min(l.moved_at)::date FROM ferry.link l WHERE NOT l.tombstone), 13), 89);
COMMENT ON FUNCTION ferry._page_first_day() IS 'internal: the first day of the pictures of moves';

-- One array for each way that anybody has come, of as many numbers as there are days.
CREATE FUNCTION ferry._page_moves(first_day date) RETURNS TABLE (source text, moves jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH counted AS (
        SELECT l.source, l.via, l.moved_at::date AS day, count(*) AS users
        FROM ferry.link l
        WHERE NOT l.tombstone AND l.moved_at >= first_day
        GROUP BY l.source, l.via, day
    ), filled AS (
        SELECT w.source, w.via, jsonb_agg(coalesce(c.users, 0) ORDER BY d.day) AS days
        FROM (SELECT DISTINCT c.source, c.via FROM counted c) w
        CROSS JOIN (SELECT first_day + n AS day FROM generate_series(0, current_date - first_day) n) d
        LEFT JOIN counted c ON c.source = w.source AND c.via = w.via AND c.day = d.day
        GROUP BY w.source, w.via
    )
    SELECT f.source, jsonb_object_agg(f.via, f.days) FROM filled f GROUP BY f.source
$$;
COMMENT ON FUNCTION ferry._page_moves(date) IS 'internal: how many users of each source were moved on each day until today, by way';

CREATE FUNCTION ferry._page_runs(most bigint) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', r.id, 'source', r.source, 'operation', r.operation, 'dry_run', r.dry_run, 'message', r.message,
               'state', r.state_now,
               'total', r.total, 'done', r.done, 'moved', r.moved, 'updated', r.updated, 'deleted', r.deleted, 'deactivated', r.deactivated,
               'refused', r.refused, 'skipped', r.skipped,
               'started_by', r.started_by, 'started_at', ferry._page_time(r.started_at),
               'seconds', extract(epoch FROM coalesce(r.ended_at, CASE WHEN r.state_now = 'running' THEN greatest(now(), r.called_at) END) - r.called_at))
               ORDER BY r.id DESC), '[]')
    FROM (SELECT i.*, CASE WHEN i.state = 'running' AND NOT ferry._import_is_alive(i.pid, i.backend_start, i.called_at) THEN 'interrupted'
                           ELSE i.state END AS state_now
          FROM ferry.import_run i ORDER BY i.id DESC LIMIT most) AS r
$$;
COMMENT ON FUNCTION ferry._page_runs(bigint) IS 'internal: the newest runs of ferry.import';

CREATE FUNCTION ferry._page_sources(first_day date) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH progress AS MATERIALIZED (
        SELECT * FROM ferry.progress
    ), moves AS MATERIALIZED (
        SELECT * FROM ferry._page_moves(first_day)
    ), rejects AS MATERIALIZED (
        SELECT r.source, jsonb_agg(to_jsonb(r) || jsonb_build_object('since', ferry._page_time(r.since)) ORDER BY r.users DESC, r.reason) AS kinds
        FROM ferry._page_reject r
        GROUP BY r.source
    )
    SELECT coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object(
               'counted_at', ferry._page_time(p.counted_at),
               'projected_end', ferry._page_time(p.projected_end),
               'projected_days', extract(epoch FROM p.projected_end - now()) / 86400,
               'enabled', s.enabled,
               'retired_at', ferry._page_time(p.retired_at),
               'moves', coalesce(m.moves, '{}'),
               'rejects', coalesce(r.kinds, '[]'),
               'reviews', (SELECT count(*) FROM ferry.review w WHERE w.source = p.source AND w.decision IS NULL
                             AND NOT EXISTS (SELECT FROM ferry.link l WHERE l.source = w.source AND l.legacy_key = w.legacy_key)))
           ORDER BY p.source NULLS LAST), '[]')
    FROM progress p
    LEFT JOIN ferry.source s ON s.name = p.source
    LEFT JOIN moves m ON m.source = p.source
    LEFT JOIN rejects r ON r.source = p.source
    -- Of no source at all there is no sum.
    WHERE p.source IS NOT NULL OR EXISTS (SELECT FROM ferry.source)
$$;
COMMENT ON FUNCTION ferry._page_sources(date) IS 'internal: ferry.progress with what pages show besides of each source';

CREATE FUNCTION ferry.progress_page() RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH past AS MATERIALIZED (
        SELECT ferry._page_first_day() AS first_day
    )
    SELECT ferry._render_page('progress', jsonb_build_object(
        'origin', ferry._page_origin(),
        -- Today, and as far ahead as the pictures may look.
        'days', (SELECT jsonb_agg(p.first_day + n ORDER BY n) FROM generate_series(0, current_date - p.first_day + 92) n),
        'today', current_date - p.first_day,
        'sources', ferry._page_sources(p.first_day),
        'runs', ferry._page_runs(20),
        'all_runs', (SELECT count(*) FROM ferry.import_run),
        'findings', ferry._page_findings(NULL))::text)
    FROM past p
$$;
COMMENT ON FUNCTION ferry.progress_page() IS 'how far the move is, as one page of HTML that needs nothing else: all sources as one picture and each by itself, moves by day with the projection, who is refused and why, runs of ferry.import, what to do next: psql -XAtc "SELECT ferry.progress_page()" > progress.html. Names no user';

CREATE FUNCTION ferry.cutover_page(source text, inactive_after interval DEFAULT NULL, max_rows bigint DEFAULT NULL) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ferry._render_page('cutover', jsonb_build_object(
        'origin', ferry._page_origin(),
        'source', cutover_page.source,
        'lines', (SELECT jsonb_agg(jsonb_build_object(
                      -- No page has room for more, and a double precision may not either.
                      'topic', c.topic, 'item', c.item, 'users', c.users, 'value', CASE WHEN c.value IS NOT NULL THEN least(greatest(c.value, -1e15), 1e15) END, 'hint', c.hint,
                      'detail', c.detail || jsonb_build_object('last_at', ferry._page_time((c.detail ->> 'last_at')::timestamptz))) ORDER BY c.place)
                  FROM ferry.cutover(cutover_page.source, cutover_page.inactive_after, cutover_page.max_rows)
                       WITH ORDINALITY AS c (topic, item, users, value, detail, hint, place)),
        'findings', ferry._page_findings(cutover_page.source))::text)
$$;
COMMENT ON FUNCTION ferry.cutover_page(text, interval, bigint) IS 'what ferry.cutover says of a source, as one page of HTML that needs nothing else: psql -XAtc "SELECT ferry.cutover_page(''shop'')" > cutover.html. Names no user';
