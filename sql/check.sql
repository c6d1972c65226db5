-- Config is checked as it is written. The triggers run with the writer's rights and search path;
-- every name in them is qualified.

-- Documents cross into the library as text, which is converted from the database's encoding.
CREATE FUNCTION ferry._check_config(table_name text, new_row text, old_row text) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'check_config_row_wrapper';
COMMENT ON FUNCTION ferry._check_config(text, text, text) IS 'internal: checks one row of config, given as JSON, and returns it with its defaults filled in';

CREATE FUNCTION ferry._lacking(config_table text, config_row jsonb) RETURNS TABLE (column_name text, comment text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.attname::text, col_description(a.attrelid, a.attnum)
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass(format('ferry.%I', config_table)) AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
      AND config_row ->> a.attname IS NULL
    ORDER BY a.attnum LIMIT 1
$$;
COMMENT ON FUNCTION ferry._lacking(text, jsonb) IS 'internal: the first column of a row of config that must have a value and has none, and its comment';

CREATE FUNCTION ferry._need_expression(expression text, place text) RETURNS void
    LANGUAGE c STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'need_expression_wrapper';
COMMENT ON FUNCTION ferry._need_expression(text, text) IS 'internal: refuses what is not one SQL expression; null is none, and nothing in it is looked up';

CREATE FUNCTION ferry._config_changed() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'config_changed_wrapper';
COMMENT ON FUNCTION ferry._config_changed() IS 'internal: tells every session, at commit, that config has changed';

CREATE FUNCTION ferry._check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
        PERFORM ferry._check_config(TG_TABLE_NAME, NULL, pg_catalog.to_jsonb(OLD)::pg_catalog.text);
        RETURN OLD;
    END IF;
    RETURN pg_catalog.jsonb_populate_record(NEW, ferry._check_config(
        TG_TABLE_NAME,
        pg_catalog.to_jsonb(NEW)::pg_catalog.text,
        CASE WHEN TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN pg_catalog.to_jsonb(OLD)::pg_catalog.text END)::pg_catalog.jsonb);
END
$$;
COMMENT ON FUNCTION ferry._check() IS 'internal: trigger that checks config rows';

-- Checks what was written with check_function_bodies off, as if each row were written anew; nothing is. A target and a source
-- are checked with all that belongs to them. Of targets whose role the caller is not, nothing can have been written.
CREATE PROCEDURE ferry._check_together() LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t ferry.target;
    orphan record;
BEGIN
    -- Nobody else can have written any.
    IF has_function_privilege('ferry._orphans()', 'EXECUTE') THEN
        SELECT * INTO orphan FROM ferry._orphans() LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = format('%s: %s', orphan.object, orphan.problem),
                HINT = 'Write that row in the same file, under the same name.';
        END IF;
    END IF;
    FOR t IN SELECT * FROM ferry.target
             WHERE EXISTS (SELECT FROM pg_roles r WHERE r.rolname = run_as AND pg_has_role(r.oid, 'MEMBER')
                             AND (NOT r.rolsuper OR (SELECT c.rolsuper FROM pg_roles c WHERE c.rolname = current_user))) ORDER BY name LOOP
        PERFORM ferry._check_config('target', to_jsonb(t)::text, to_jsonb(t)::text);
        PERFORM ferry._check_config('source', to_jsonb(s)::text, to_jsonb(s)::text) FROM ferry.source s WHERE s.target = t.name;
        PERFORM ferry._check_config('hook', to_jsonb(h)::text, to_jsonb(h)::text) FROM ferry.hook h WHERE h.target = t.name AND h.enabled;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE ferry._check_together() IS 'internal: ends a file of ferry.export_config, whose rows are checked together once all are written';

CREATE FUNCTION ferry._invalidate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ferry._config_changed();
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ferry._invalidate() IS 'internal: trigger that makes every session read the config anew';

DO $$
DECLARE
    config regclass;
BEGIN
    FOREACH config IN ARRAY ARRAY['ferry.target', 'ferry.source', 'ferry.mapping', 'ferry.rule', 'ferry.child', 'ferry.hook']::regclass[] LOOP
        EXECUTE format('CREATE TRIGGER check_config BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION ferry._check()', config);
        EXECUTE format('CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION ferry._invalidate()', config);
        EXECUTE format('CREATE TRIGGER invalidate_all AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION ferry._invalidate()', config);
        -- Replicated rows were checked where they were written, but the cache here must still hear of them.
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER invalidate', config);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER invalidate_all', config);
    END LOOP;
END
$$;

CREATE FUNCTION ferry._check_all()
    RETURNS TABLE (object text, severity text, problem text, hint text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'check_all_wrapper';
COMMENT ON FUNCTION ferry._check_all() IS 'internal: checks every row of config anew';

CREATE FUNCTION ferry._unindexed()
    RETURNS TABLE (object text, problem text, hint text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH looked_up AS (
        SELECT 'target ' || t.name AS object, c.oid AS relation, t.relation AS relation_name, entry,
               CASE c.relkind WHEN 'r' THEN 'UNIQUE ' END AS kind
        FROM ferry.target t
        JOIN pg_class c ON c.oid = to_regclass(t.relation), unnest(t.login_columns) entry
        WHERE c.relkind IN ('r', 'p')
        UNION ALL
        SELECT 'source ' || s.name, c.oid, s.relation, entry, NULL
        FROM ferry._asked s
        JOIN pg_class c ON c.oid = to_regclass(s.relation), unnest(s.login_columns) entry
        WHERE c.relkind IN ('r', 'p')
    )
    SELECT l.object, format('no index begins with the login column %s of %s', l.entry, l.relation_name),
           format('CREATE %sINDEX ON %s (%I);', l.kind, l.relation_name, a.attname)
    FROM looked_up l
    JOIN pg_attribute a ON a.attrelid = l.relation AND a.attname = l.entry
    WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = l.relation AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid)
$$;
COMMENT ON FUNCTION ferry._unindexed() IS 'internal: login columns of local tables without an index';

CREATE FUNCTION ferry._lacking_policy()
    RETURNS TABLE (target text, verb text, problem text, hint text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.name, p.verb, format('row level security of %s has no policy that lets role "%s" of run_as %s users', t.relation, t.run_as, p.verb),
           format('CREATE POLICY pg_ferry ON %s TO %I USING (true) WITH CHECK (true);', t.relation, t.run_as)
    FROM ferry.target t
    JOIN pg_roles r ON r.rolname = t.run_as AND NOT r.rolsuper AND NOT r.rolbypassrls
    JOIN pg_class c ON c.oid = to_regclass(t.relation) AND c.relrowsecurity AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
    CROSS JOIN (VALUES ('r'::"char", 'read'), ('a', 'insert'), ('w', 'update')) AS p (command, verb)
    WHERE (p.verb <> 'insert' OR EXISTS (SELECT FROM ferry._asked s WHERE s.target = t.name))
      AND NOT EXISTS (SELECT FROM pg_policy y
                      WHERE y.polrelid = c.oid AND y.polpermissive AND y.polcmd IN (p.command, '*')
                        AND EXISTS (SELECT FROM unnest(y.polroles) AS m (role) WHERE CASE m.role WHEN 0 THEN true ELSE pg_has_role(r.oid, m.role, 'USAGE') END))
$$;
COMMENT ON FUNCTION ferry._lacking_policy() IS 'internal: what row level security keeps run_as from doing with the users of a target';

CREATE FUNCTION ferry._misset()
    RETURNS TABLE (setting text, problem text, hint text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value text;
BEGIN
    FOR setting, value IN VALUES ('ferry.event_retention', ferry._event_retention()), ('ferry.history_retention', ferry._history_retention()) LOOP
        BEGIN
            PERFORM ferry._retention(setting, value);
        EXCEPTION WHEN invalid_parameter_value THEN
            GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RETURN NEXT;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ferry._misset() IS 'internal: the settings of pg_ferry that are text and do not mean what they must';

CREATE FUNCTION ferry._unfilled(relation text, filled text[])
    RETURNS TABLE (problem text, mend text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('column %s of %s may not be null, has no default, and nothing fills it', a.attname, relation),
           CASE WHEN a.attnotnull THEN format(': ALTER TABLE %s ALTER %I DROP NOT NULL;', relation, a.attname)
                ELSE ' give the column a default.' END
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type d ON d.oid = a.atttypid AND d.typdefault IS NULL
    WHERE c.oid = to_regclass(relation) AND c.relkind IN ('r', 'p')
      AND (a.attnotnull OR d.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND NOT EXISTS (SELECT FROM unnest(filled) f WHERE f = a.attname)
      -- A trigger before each row may fill it.
      AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgtype & 7 = 7)
    ORDER BY a.attnum
$$;
COMMENT ON FUNCTION ferry._unfilled(text, text[]) IS 'internal: columns of a table that would be null and may not be, where only some are filled; mend goes on after the word or';

CREATE FUNCTION ferry._lint()
    RETURNS TABLE (object text, severity text, problem text, hint text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH unique_columns AS (
        SELECT 'target ' || t.name AS object, c.oid AS relation, c.relkind, t.relation AS relation_name, k.what, k.entry
        FROM ferry.target t
        JOIN pg_class c ON c.oid = to_regclass(t.relation) AND c.relkind IN ('r', 'p'),
             LATERAL (SELECT 'login' AS what, entry FROM unnest(t.login_columns) entry UNION ALL SELECT 'id', t.id_column) k
        UNION ALL
        SELECT 'source ' || s.name, c.oid, c.relkind, s.relation, 'key', s.key_column
        FROM ferry._asked s
        JOIN pg_class c ON c.oid = to_regclass(s.relation) AND c.relkind = 'r'
    ), logged AS (
        SELECT name, setting
        FROM pg_settings
        WHERE (name = 'log_statement' AND setting = 'all')
           OR (name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1')
    )
    SELECT object, 'warning', problem, hint FROM ferry._unindexed()
    UNION ALL
    SELECT * FROM ferry._outbox_lint()
    UNION ALL
    SELECT 'child ' || k.source || '.' || k.name, 'warning', format('no index begins with the user_column %s of %s', k.user_column, k.relation),
           format('CREATE INDEX ON %s (%I);', k.relation, k.user_column)
    FROM ferry.child k
    JOIN pg_class c ON c.oid = to_regclass(k.relation) AND c.relkind IN ('r', 'p')
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k.user_column
    WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid)
    UNION ALL
    SELECT 'server ' || v.srvname, 'warning', 'connecting to the foreign server has no time limit',
           format('ALTER SERVER %I OPTIONS (ADD connect_timeout ''3'');', v.srvname)
    FROM ferry._asked s
    LEFT JOIN pg_foreign_table f ON f.ftrelid = to_regclass(s.relation)
    JOIN pg_foreign_server v ON v.oid = f.ftserver OR (s.kind = 'dblink' AND v.srvname = s.server)
    JOIN pg_foreign_data_wrapper w ON w.oid = v.srvfdw AND w.fdwname IN ('postgres_fdw', 'dblink_fdw')
    WHERE NOT EXISTS (SELECT FROM unnest(v.srvoptions) o WHERE o LIKE 'connect_timeout=%')
    UNION ALL
    SELECT 'source ' || s.name, 'warning', format('users who are deactivated can still log in: target %s has no allowed', t.name),
           'Set allowed of ferry.target, such as u.active.'
    FROM ferry.source s
    JOIN ferry.target t ON t.name = s.target AND t.allowed IS NULL
    WHERE s.deactivate IS NOT NULL
    UNION ALL
    SELECT 'target ' || t.name, 'warning', format('config SQL runs as superuser %I', t.run_as),
           'Make a role that owns the users table and nothing else, and set run_as to it.'
    FROM ferry.target t
    JOIN pg_roles r ON r.rolname = t.run_as AND r.rolsuper
    UNION ALL
    SELECT 'target ' || t.name, 'warning', 'whoever can write the legacy store can take over moved users until ' || t.on_mismatch_until,
           'Set on_mismatch to refuse as soon as passwords are no longer changed there.'
    FROM ferry.target t
    WHERE t.on_mismatch = 'source' AND t.on_mismatch_until > now()
    UNION ALL
    SELECT 'setting ' || m.setting, 'error', m.problem, m.hint FROM ferry._misset() m
    UNION ALL
    SELECT 'setting ' || l.name, 'warning', 'the server log shows passwords that are bound as parameters',
           'Set log_parameter_max_length = 0, and never write a password as a literal.'
    FROM logged l
    WHERE current_setting('log_parameter_max_length') <> '0'
    UNION ALL
    SELECT 'setting auto_explain.log_nested_statements', 'warning', 'the server log shows hashes that are parameters of inner statements',
           'Set auto_explain.log_nested_statements = off, or auto_explain.log_parameter_max_length = 0.'
    WHERE current_setting('auto_explain.log_nested_statements', true) = 'on'
      AND coalesce(current_setting('auto_explain.log_parameter_max_length', true), '') NOT IN ('', '0')
    UNION ALL
    SELECT 'server ' || v.srvname, 'warning', format('there is no user mapping for role "%s" of run_as', t.run_as),
           format('CREATE USER MAPPING FOR %I SERVER %I OPTIONS (user ''…'', password ''…'');', t.run_as, v.srvname)
    FROM ferry._asked s
    JOIN ferry.target t ON t.name = s.target
    JOIN pg_roles r ON r.rolname = t.run_as
    LEFT JOIN pg_foreign_table f ON f.ftrelid = to_regclass(s.relation)
    JOIN pg_foreign_server v ON v.oid = f.ftserver OR (s.kind = 'dblink' AND v.srvname = s.server)
    JOIN pg_foreign_data_wrapper w ON w.oid = v.srvfdw AND w.fdwname IN ('postgres_fdw', 'dblink_fdw', 'mysql_fdw', 'tds_fdw')
    WHERE NOT EXISTS (SELECT FROM pg_user_mapping m WHERE m.umserver = v.oid AND m.umuser IN (0, r.oid))
    UNION ALL
    SELECT 'target ' || t.name, 'warning', format('role "%s" of run_as may not use the sequence %s of column %s', t.run_as, q.oid::regclass, a.attname),
           format('GRANT USAGE ON SEQUENCE %s TO %I;', q.oid::regclass, t.run_as)
    FROM ferry.target t
    JOIN pg_roles r ON r.rolname = t.run_as
    JOIN pg_attrdef f ON f.adrelid = to_regclass(t.relation)
    JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class q ON q.oid = d.refobjid AND q.relkind = 'S'
    WHERE NOT has_sequence_privilege(r.oid, q.oid, 'USAGE')
    UNION ALL
    SELECT c.object, 'warning', format('no unique index has the %s column %s of %s alone', c.what, c.entry, c.relation_name),
           CASE WHEN c.relkind = 'p' THEN 'A partitioned table may not have one: pg_ferry locks a login while it moves its user, other writers do not.'
                ELSE format('CREATE UNIQUE INDEX ON %s (%I);', c.relation_name, c.entry) END
    FROM unique_columns c
    JOIN pg_attribute a ON a.attrelid = c.relation AND a.attname = c.entry
    -- A login column without any index was told already.
    WHERE (c.what <> 'login' OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.relation AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid))
      AND NOT EXISTS (SELECT FROM pg_index i
                      WHERE i.indrelid = c.relation AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1
                        AND (i.indkey[0] = a.attnum OR i.indkey[0] = 0 AND EXISTS (
                               SELECT FROM pg_depend d
                               WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.relation AND d.refobjsubid = a.attnum)))
    UNION ALL
    SELECT 'source ' || s.name, 'error', u.problem, 'INSERT a row for it into ferry.mapping, or' || u.mend
    FROM ferry._asked s
    JOIN ferry.target t ON t.name = s.target
    CROSS JOIN ferry._unfilled(t.relation, ARRAY[t.hash_column, s.unmapped] || ARRAY(SELECT m.target_column FROM ferry.mapping m WHERE m.source = s.name)) u
    UNION ALL
    SELECT 'target ' || t.name, 'warning', 'adopt = any lets a legacy password replace that of a user who signed up here, and verified does not say on both sides whose address was checked',
           'Set verified of ferry.target and of ferry.source, such as u.email_verified and l.email_verified; or set adopt to locked or review.'
    FROM ferry.target t
    WHERE t.adopt = 'any'
      AND (t.verified IS NULL OR EXISTS (SELECT FROM ferry._asked s WHERE s.target = t.name AND s.enabled AND s.verified IS NULL))
    UNION ALL
    SELECT 'target ' || target, 'error', problem, hint FROM ferry._lacking_policy()
    UNION ALL
    SELECT 'target ' || t.name, 'warning', format('the deferred trigger %s of %s runs at COMMIT with the rights of whoever logs in', g.tgname, t.relation),
           format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, pg_temp;', g.tgfoid::regprocedure)
    FROM ferry.target t
    JOIN pg_trigger g ON g.tgrelid = to_regclass(t.relation) AND NOT g.tgisinternal AND g.tginitdeferred AND g.tgenabled IN ('O', 'A')
    JOIN pg_proc f ON f.oid = g.tgfoid AND NOT f.prosecdef
    -- PostgreSQL 18 remembers who queued it.
    WHERE current_setting('server_version_num')::int < 180000
    UNION ALL
    SELECT 'setting log_parameter_max_length_on_error', 'warning', 'an error during a login shows the password in the server log and to the client',
           'Set log_parameter_max_length_on_error = 0, which is the default.'
    WHERE current_setting('log_parameter_max_length_on_error') <> '0'
$$;
COMMENT ON FUNCTION ferry._lint() IS 'internal: what is unwise in the config and around it';

-- Names may have any character in them, dots too: of several sources whose names fit, the longest is meant.
CREATE FUNCTION ferry._is_of_source(object text, source text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN object = 'source ' || source
        OR object ~ '^(mapping|rule|child) ' AND source = (
            SELECT s.name FROM ferry.source s
            WHERE starts_with(substr(object, strpos(object, ' ') + 1), s.name || '.')
            ORDER BY length(s.name) DESC LIMIT 1);
COMMENT ON FUNCTION ferry._is_of_source(text, text) IS 'internal: whether a finding of ferry.check_config is about a source, a mapping, a rule or a child of it';

CREATE FUNCTION ferry.check_config()
    RETURNS TABLE (object text, severity text, problem text, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT * FROM ferry._check_all()
        UNION ALL
        SELECT * FROM ferry._orphans()
        UNION ALL
        SELECT * FROM ferry._lint();
    END;
COMMENT ON FUNCTION ferry.check_config() IS 'what is wrong (error) or unwise (warning) in the config, and what to do; no row means nothing was found. Never contacts a legacy system';
