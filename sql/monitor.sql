-- Figures for those who watch: how many, how fast, and how it ended. No login, no user and no legacy key is in them.

CREATE VIEW ferry.moved_per_day AS
SELECT l.moved_at::date AS day, l.source, l.target, l.via, count(*) AS moved
FROM ferry.link l
WHERE NOT l.tombstone
GROUP BY l.moved_at::date, l.source, l.target, l.via
ORDER BY day, l.source, l.via;
COMMENT ON VIEW ferry.moved_per_day IS 'how many users were moved on each day, from each source, in each way';
COMMENT ON COLUMN ferry.moved_per_day.day IS 'the day, in the time zone of the session';
COMMENT ON COLUMN ferry.moved_per_day.source IS 'the source that the users came from';
COMMENT ON COLUMN ferry.moved_per_day.target IS 'the target that they were moved into';
COMMENT ON COLUMN ferry.moved_per_day.via IS 'how they were moved: login, import, reset, admin, adopt';
COMMENT ON COLUMN ferry.moved_per_day.moved IS 'how many; forgotten and deleted users are not counted';

CREATE VIEW ferry.refused_by_reason AS
SELECT i.source, i.reason, i.rule, count(DISTINCT i.legacy_key) AS refused
FROM ferry.import_reject i
WHERE i.settled_at IS NULL
  AND NOT EXISTS (SELECT FROM ferry.link l WHERE l.source = i.source AND l.legacy_key = i.legacy_key)
GROUP BY i.source, i.reason, i.rule
ORDER BY i.source, refused DESC, i.reason, i.rule;
COMMENT ON VIEW ferry.refused_by_reason IS 'how many legacy users an import refuses now, for each reason';
COMMENT ON COLUMN ferry.refused_by_reason.source IS 'the source';
COMMENT ON COLUMN ferry.refused_by_reason.reason IS 'why, as in ferry.import_reject';
COMMENT ON COLUMN ferry.refused_by_reason.rule IS 'the rule that rejects them, where that is the reason';
COMMENT ON COLUMN ferry.refused_by_reason.refused IS 'how many legacy users; one who was refused for several reasons counts for each';

CREATE VIEW ferry.import_progress AS
SELECT r.id AS run, r.source, r.operation, r.dry_run,
       CASE WHEN r.state = 'running' AND NOT ferry._import_is_alive(r.pid, r.backend_start, r.called_at) THEN 'interrupted' ELSE r.state END AS state,
       r.total, r.done, r.moved, r.updated, r.deleted, r.deactivated, r.refused, r.skipped, r.rows_per_second, r.started_at, r.called_at, r.ended_at, r.estimated_end
FROM ferry.import_run r
ORDER BY r.id DESC;
COMMENT ON VIEW ferry.import_progress IS 'the runs of ferry.import in figures, the newest first';
COMMENT ON COLUMN ferry.import_progress.run IS 'the run, a row of ferry.import_run';
COMMENT ON COLUMN ferry.import_progress.source IS 'the source whose users are moved';
COMMENT ON COLUMN ferry.import_progress.operation IS 'insert, update, upsert, delete, deactivate, retry';
COMMENT ON COLUMN ferry.import_progress.dry_run IS 'true = nothing was written but the report';
COMMENT ON COLUMN ferry.import_progress.state IS 'running, interrupted (its call was cancelled or its session has died: the next call goes on with it), finished, stopped (by a limit)';
COMMENT ON COLUMN ferry.import_progress.total IS 'the rows that it is about';
COMMENT ON COLUMN ferry.import_progress.done IS 'rows dealt with';
COMMENT ON COLUMN ferry.import_progress.moved IS 'users moved';
COMMENT ON COLUMN ferry.import_progress.updated IS 'users brought up to date';
COMMENT ON COLUMN ferry.import_progress.deleted IS 'users deleted';
COMMENT ON COLUMN ferry.import_progress.deactivated IS 'users put out of use';
COMMENT ON COLUMN ferry.import_progress.refused IS 'users refused';
COMMENT ON COLUMN ferry.import_progress.skipped IS 'rows about which nothing was to be done';
COMMENT ON COLUMN ferry.import_progress.rows_per_second IS 'rows dealt with per second since the last call';
COMMENT ON COLUMN ferry.import_progress.started_at IS 'when it was called first';
COMMENT ON COLUMN ferry.import_progress.called_at IS 'when it was called last';
COMMENT ON COLUMN ferry.import_progress.ended_at IS 'when it was finished or stopped';
COMMENT ON COLUMN ferry.import_progress.estimated_end IS 'when it will be finished at this rate';

-- A function, so that the index on logged_at is used whatever the step: a view would read all events to count those of an hour.
CREATE FUNCTION ferry.count_events(since timestamptz DEFAULT now() - interval '1 day', until timestamptz DEFAULT now(), step interval DEFAULT '1 hour')
    RETURNS TABLE (begins_at timestamptz, target text, source text, kind text, outcome text, reason text, events bigint)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT date_bin(step, e.logged_at, timestamptz '2000-01-01 00:00:00+00'), e.target, e.source, e.kind, e.outcome, e.reason, count(*)
    FROM ferry.event e
    WHERE e.logged_at >= since AND e.logged_at <= until
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 1, 2, 3, 4, 5, 6
$$;
COMMENT ON FUNCTION ferry.count_events(timestamptz, timestamptz, interval) IS 'how many events there were in each step of a time, by default each hour of the last day, by target, source, kind, outcome and reason. An ordinary good login leaves no event';
