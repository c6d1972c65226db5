-- Nothing is granted to PUBLIC; roles get what they need by the name of a task.

CREATE VIEW ferry._access AS
SELECT access, object
FROM (VALUES
    ('login',  'FUNCTION ferry.authenticate(text, text, text, text)'),
    ('login',  'FUNCTION ferry.authenticate(text, bytea, text, text)'),
    ('login',  'FUNCTION ferry.change_password(text, text, text, text, text)'),
    ('login',  'FUNCTION ferry.retired_message(text, text)'),
    ('reset',  'FUNCTION ferry.prepare_reset(text, text, text)'),
    ('reset',  'FUNCTION ferry.set_password(text, text, text, text)'),
    ('signup', 'FUNCTION ferry.find_login(text, text)'),
    ('outbox', 'FUNCTION ferry.take_outbox(bigint, text[], text)'),
    ('admin',  'FUNCTION ferry.explain_login(text, text, text)'),
    ('admin',  'FUNCTION ferry.migrate_login(text, text)'),
    ('admin',  'FUNCTION ferry.unmigrate_login(text, text)'),
    ('admin',  'FUNCTION ferry.forget_login(text, text)'),
    ('admin',  'FUNCTION ferry.assess(text, bigint)'),
    ('admin',  'FUNCTION ferry.preview(text, integer)'),
    ('admin',  'FUNCTION ferry.assessment_page(text, bigint, boolean)'),
    ('admin',  'FUNCTION ferry.progress_page()'),
    ('admin',  'FUNCTION ferry.cutover_page(text, interval, bigint)'),
    ('admin',  'FUNCTION ferry.cutover(text, interval, bigint)'),
    ('admin',  'FUNCTION ferry.retire_source(text, text, text, boolean)'),
    ('admin',  'FUNCTION ferry.reinstate_source(text)'),
    ('admin',  'FUNCTION ferry.remaining_users(text)'),
    ('admin',  'FUNCTION ferry.notice_list(text, interval)'),
    ('admin',  'FUNCTION ferry.check_config()'),
    ('admin',  'FUNCTION ferry.purge_events(interval)'),
    ('admin',  'FUNCTION ferry.purge_outbox(interval)'),
    ('admin',  'FUNCTION ferry._check_config(text, text, text)'),
    ('admin',  'FUNCTION ferry._config_changed()'),
    ('admin',  'PROCEDURE ferry._check_together()'),
    ('admin',  'FUNCTION ferry.identify_hash(text)'),
    ('admin',  'FUNCTION ferry.verify_hash(text, text, text, text, text, text, text, text)'),
    ('admin',  'FUNCTION ferry.calibrate(text, text, text, text, text, text, text)'),
    ('admin',  'FUNCTION ferry.hash_password(text, text)'),
    ('admin',  'FUNCTION ferry.needs_rehash(text, text)'),
    ('admin',  'FUNCTION ferry._hash_formats()'),
    ('admin',  'FUNCTION ferry.automap(text)'),
    ('admin',  'FUNCTION ferry._names(text, text)'),
    ('admin',  'FUNCTION ferry._field(text[])'),
    ('admin',  'FUNCTION ferry._legacy_columns(text)'),
    ('admin',  'FUNCTION ferry._candidates(text, text)'),
    ('admin',  'FUNCTION ferry._conversions(text, oid, oid, text)'),
    ('admin',  'FUNCTION ferry.use_preset(text, text, text, text)'),
    ('admin',  'FUNCTION ferry._use_preset(text, text, text, text)'),
    ('admin',  'FUNCTION ferry.export_config()'),
    ('admin',  'FUNCTION ferry._event_retention()'),
    ('admin',  'FUNCTION ferry._config_tables()'),
    ('admin',  'FUNCTION ferry._export_table(oid, text)'),
    ('admin',  'FUNCTION ferry._preset(text)'),
    ('admin',  'FUNCTION ferry._pairs(text)'),
    ('admin',  'FUNCTION ferry._plain(text)'),
    ('admin',  'FUNCTION ferry._columns(oid)'),
    ('admin',  'FUNCTION ferry._columns_for(text, text[])'),
    ('admin',  'FUNCTION ferry._fillable(text)'),
    ('admin',  'FUNCTION ferry._config_defaults(text)'),
    ('admin',  'FUNCTION ferry._misfit(text, text, text)'),
    ('admin',  'FUNCTION ferry._add_mapping(text, text, text, text)'),
    ('admin',  'FUNCTION ferry._check_preset()'),
    ('admin',  'FUNCTION ferry._check_preset_parts(ferry.preset)'),
    ('admin',  'FUNCTION ferry._lacking(text, jsonb)'),
    ('admin',  'FUNCTION ferry._need_expression(text, text)'),
    ('admin',  'FUNCTION ferry._check()'),
    ('admin',  'FUNCTION ferry._invalidate()'),
    ('admin',  'TABLE ferry.target'),
    ('admin',  'TABLE ferry.source'),
    ('admin',  'TABLE ferry.mapping'),
    ('admin',  'TABLE ferry.rule'),
    ('admin',  'TABLE ferry.child'),
    ('admin',  'TABLE ferry.hook'),
    ('admin',  'TABLE ferry.review'),
    ('admin',  'FUNCTION ferry._decided()'),
    ('admin',  'PROCEDURE ferry.import(text, text, bigint, bigint, bigint, bigint, text, text, timestamptz, boolean, boolean, boolean)'),
    ('admin',  'FUNCTION ferry._import_begin(text, text, bigint, bigint, bigint, bigint, text, text, timestamptz, boolean, boolean)'),
    ('admin',  'FUNCTION ferry._import_stage(bigint, boolean)'),
    ('admin',  'FUNCTION ferry._import_batch(bigint)'),
    ('admin',  'FUNCTION ferry.keep_run(bigint, timestamptz)'),
    ('admin',  'PROCEDURE ferry.purge_history(bigint)'),
    ('admin',  'FUNCTION ferry._need_own_transaction(text)'),
    ('admin',  'FUNCTION ferry._purge_history(bigint)'),
    ('admin',  'FUNCTION ferry.export_log(bigint, text)'),
    ('admin',  'TABLE ferry.preset'),
    ('admin',  'PROCEDURE ferry.wrap_hashes(text, bigint, double precision, boolean, text)'),
    ('admin',  'FUNCTION ferry._wrap_open(text, bigint, double precision, boolean)'),
    ('admin',  'FUNCTION ferry._wrap_rows(text, bigint)'),
    ('admin',  'FUNCTION ferry._wrap_close(text, text)'),
    ('read',   'TABLE ferry.link'),
    ('read',   'TABLE ferry.event'),
    ('read',   'TABLE ferry.outbox'),
    ('read',   'TABLE ferry.retirement'),
    ('read',   'TABLE ferry.hash_format'),
    ('read',   'TABLE ferry._synonym'),
    ('read',   'TABLE ferry.import_run'),
    ('read',   'TABLE ferry.import_reject'),
    ('read',   'TABLE ferry.import_log'),
    ('read',   'TABLE ferry.import_config'),
    ('audit',  'FUNCTION ferry.export_log(bigint, text)'),
    ('audit',  'FUNCTION ferry.export_log_plain(bigint)'),
    ('audit',  'FUNCTION ferry._import_is_alive(integer, timestamptz, timestamptz)'),
    ('audit',  'TABLE ferry.link'),
    ('audit',  'TABLE ferry.event'),
    ('audit',  'TABLE ferry.import_run'),
    ('audit',  'TABLE ferry.import_reject'),
    ('audit',  'TABLE ferry.import_log'),
    ('audit',  'TABLE ferry.import_config'),
    ('audit',  'TABLE ferry.progress'),
    ('monitor', 'TABLE ferry.progress'),
    ('monitor', 'TABLE ferry.import_progress'),
    ('monitor', 'TABLE ferry.moved_per_day'),
    ('monitor', 'TABLE ferry.refused_by_reason'),
    ('monitor', 'FUNCTION ferry.count_events(timestamptz, timestamptz, interval)'),
    ('monitor', 'FUNCTION ferry._is_monitor()'),
    ('monitor', 'FUNCTION ferry._import_is_alive(integer, timestamptz, timestamptz)')
) AS granted (access, object);
COMMENT ON VIEW ferry._access IS 'internal: which objects each task needs';
COMMENT ON COLUMN ferry._access.access IS 'the task';
COMMENT ON COLUMN ferry._access.object IS 'the object, as GRANT names it';

-- admin gives all that monitor does but this, so that a role that has both can lose one of them.
CREATE FUNCTION ferry._is_monitor() RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN true;
COMMENT ON FUNCTION ferry._is_monitor() IS 'internal: whoever may execute it was granted access monitor by that name';

CREATE VIEW ferry._gives AS
SELECT g.task, g.object,
       CASE WHEN g.object ~ '^(FUNCTION|PROCEDURE)' THEN 'EXECUTE'
            -- Not what a legacy password could be guessed by, nor what adopted users had in their columns.
            WHEN g.access = 'audit' AND g.object = 'TABLE ferry.link'
            THEN 'SELECT (source, legacy_key, target, user_id, via, moved_at, tombstone, gone_at)'
            WHEN g.access IN ('read', 'audit', 'monitor') THEN 'SELECT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE' END AS rights
FROM (SELECT CASE a.access WHEN 'read' THEN 'admin' ELSE a.access END, a.access, a.object FROM ferry._access a
      UNION ALL
      SELECT 'admin', a.access, a.object FROM ferry._access a
      WHERE a.access = 'monitor' AND a.object <> 'FUNCTION ferry._is_monitor()') AS g (task, access, object);
COMMENT ON VIEW ferry._gives IS 'internal: what each task gives';
COMMENT ON COLUMN ferry._gives.task IS 'the task, as ferry.grant_access takes it';
COMMENT ON COLUMN ferry._gives.object IS 'the object, as GRANT names it';
COMMENT ON COLUMN ferry._gives.rights IS 'what may be done with it, as GRANT names it';

-- A role has a task if it was granted, itself, all functions that this task alone gives. What it inherits may end.
CREATE FUNCTION ferry._tasks(role_name name) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT own.task
    FROM (SELECT min(g.task), g.object FROM ferry._gives g WHERE g.object LIKE 'FUNCTION %' GROUP BY g.object HAVING count(*) = 1) AS own (task, object)
    GROUP BY own.task
    HAVING bool_and(EXISTS (
        SELECT FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE p.oid = to_regprocedure(substr(own.object, 10)) AND a.privilege_type = 'EXECUTE' AND r.rolname = role_name))
$$;
COMMENT ON FUNCTION ferry._tasks(name) IS 'internal: the tasks that a role was granted by itself';

CREATE FUNCTION ferry._change_access(role_name name, task text, is_granted boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted record;
BEGIN
    IF task IS NULL OR task NOT IN (SELECT access FROM ferry._access WHERE access <> 'read') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown access %L', task),
            HINT = format('Use %s.', (SELECT string_agg(DISTINCT a.access, ', ') FROM ferry._access a WHERE a.access <> 'read'));
    END IF;
    IF is_granted THEN
        EXECUTE format('GRANT USAGE ON SCHEMA ferry TO %I', role_name);
    END IF;
    FOR granted IN SELECT g.object, g.rights FROM ferry._gives g WHERE g.task = _change_access.task LOOP
        EXECUTE format(CASE WHEN is_granted THEN 'GRANT %s ON %s TO %I' ELSE 'REVOKE %s ON %s FROM %I' END,
                       granted.rights, granted.object, role_name);
    END LOOP;
    IF is_granted THEN
        RETURN;
    END IF;
    -- What another task gives the role, too.
    FOR granted IN
        SELECT o.object, o.rights
        FROM ferry._gives o JOIN ferry._gives g ON g.object = o.object AND g.task = _change_access.task
        WHERE o.task IN (SELECT ferry._tasks(role_name))
    LOOP
        EXECUTE format('GRANT %s ON %s TO %I', granted.rights, granted.object, role_name);
    END LOOP;
END
$$;
COMMENT ON FUNCTION ferry._change_access(name, text, boolean) IS 'internal: grants or revokes the rights of a task';

CREATE FUNCTION ferry.grant_access(role_name name, access text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    AS 'SELECT ferry._change_access($1, $2, true)';
COMMENT ON FUNCTION ferry.grant_access(name, text) IS 'lets a role do a task: login (authenticate, change_password, retired_message), reset (prepare_reset, set_password), signup (find_login), outbox (take_outbox), monitor (figures for dashboards, without logins), admin (config, imports, tools, audit trail, and what monitor gives), audit (reading the audit trail and the history of imports, and export_log_plain). admin also needs membership in a target''s run_as to write its config';

CREATE FUNCTION ferry.revoke_access(role_name name, access text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    AS 'SELECT ferry._change_access($1, $2, false)';
COMMENT ON FUNCTION ferry.revoke_access(name, text) IS 'takes a task''s rights from a role, but for those that another task gives it too; USAGE on the schema stays';

REVOKE ALL ON ALL TABLES IN SCHEMA ferry FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA ferry FROM PUBLIC;
