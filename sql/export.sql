-- Config as code: all of it as one file of SQL.

-- Asked of the catalogue, so that no config table can be forgotten: what is dumped with the extension and checked as it
-- is written. A table comes after those that its foreign keys name.
CREATE FUNCTION ferry._config_tables()
    RETURNS TABLE (relation oid, name text, condition text, place bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE config AS (
        SELECT c.oid, c.relname::text AS name,
               -- What a retired source names may be gone, and then its config could not be run.
               CASE WHEN c.oid = 'ferry.source'::regclass THEN 'WHERE t.name NOT IN (SELECT r.source FROM ferry.retirement r)'
                    WHEN EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid = 'ferry.source'::regclass)
                    THEN 'WHERE t.source IS NULL OR t.source NOT IN (SELECT r.source FROM ferry.retirement r)'
                    ELSE e.condition END AS condition
        FROM pg_extension x
        CROSS JOIN unnest(x.extconfig, x.extcondition) AS e (relation, condition)
        JOIN pg_class c ON c.oid = e.relation
        WHERE x.extname = 'pg_ferry'
          AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid IN ('ferry._check'::regproc, 'ferry._check_preset'::regproc))
    ), level (oid, depth) AS (
        SELECT oid, 0 FROM config
        UNION
        SELECT f.conrelid, l.depth + 1
        FROM level l JOIN pg_constraint f ON f.contype = 'f' AND f.confrelid = l.oid AND f.conrelid <> f.confrelid
        WHERE f.conrelid IN (SELECT oid FROM config)
    )
    SELECT c.oid, c.name, c.condition, row_number() OVER (ORDER BY max(l.depth), c.name)
    FROM config c JOIN level l ON l.oid = c.oid
    GROUP BY c.oid, c.name, c.condition
$$;
COMMENT ON FUNCTION ferry._config_tables() IS 'internal: the tables that hold config, in the order in which they are filled';

-- Columns in which all rows have the default are left out, so that the file says what somebody has said.
CREATE FUNCTION ferry._export_table(relation oid, condition text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
    keys text[];
    literals text[];
    rows jsonb;
    used integer[];
BEGIN
    SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum),
           array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (k.conkey)),
           array_agg(format(CASE WHEN y.typcategory IN ('N', 'B') THEN 'CASE WHEN t.%1$I IS DISTINCT FROM %2$s THEN coalesce(t.%1$I::text, ''NULL'') ELSE ''DEFAULT'' END'
                                 ELSE 'CASE WHEN t.%1$I IS DISTINCT FROM %2$s THEN quote_nullable(t.%1$I::text) ELSE ''DEFAULT'' END' END,
                            a.attname, coalesce(pg_get_expr(d.adbin, d.adrelid), 'NULL')) ORDER BY a.attnum)
    INTO names, keys, literals
    FROM pg_attribute a
    JOIN pg_type y ON y.oid = a.atttypid
    JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped;

    -- In the same order whatever the database's collation.
    EXECUTE format('SELECT jsonb_agg(jsonb_build_array(%s) ORDER BY %s) FROM %s AS t %s', array_to_string(literals, ', '),
                   (SELECT string_agg(format('t.%s::text COLLATE "C"', key), ', ' ORDER BY place) FROM unnest(keys) WITH ORDINALITY AS k (key, place)),
                   relation::regclass, condition) INTO rows;
    SELECT array_agg(n ORDER BY n) INTO used
    FROM generate_series(1, cardinality(names)) AS n
    WHERE names[n] = ANY (keys) OR EXISTS (SELECT FROM jsonb_array_elements(rows) AS r WHERE r ->> n - 1 <> 'DEFAULT');

    RETURN format(E'INSERT INTO %s (%s) VALUES\n%s\nON CONFLICT (%s) DO UPDATE SET\n    %s\nWHERE (%s.*) IS DISTINCT FROM (EXCLUDED.*);\n',
        relation::regclass,
        (SELECT string_agg(names[n], ', ' ORDER BY n) FROM unnest(used) AS n),
        (SELECT string_agg(format('    (%s)', (SELECT string_agg(r ->> n - 1, ', ' ORDER BY n) FROM unnest(used) AS n)), E',\n' ORDER BY place)
         FROM jsonb_array_elements(rows) WITH ORDINALITY AS e (r, place)),
        array_to_string(keys, ', '),
        (SELECT string_agg(format('%s = EXCLUDED.%1$s', name), ', ' ORDER BY place)
         FROM unnest(names) WITH ORDINALITY AS e (name, place) WHERE name <> ALL (keys)),
        (SELECT c.relname FROM pg_class c WHERE c.oid = relation))
    WHERE rows IS NOT NULL;
END
$$;
COMMENT ON FUNCTION ferry._export_table(oid, text) IS 'internal: the rows of a config table as one statement; null = there are none';

CREATE FUNCTION ferry.export_config() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
    -- What is written here is read as it was meant, everywhere.
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET quote_all_identifiers = off SET jit = off
AS $$
BEGIN
    -- Loads the library, without which nobody knows the settings.
    PERFORM ferry._event_retention();
    RETURN NEXT '-- The config of pg_ferry, as ferry.export_config() writes it. Tables, roles and servers that it names must be there:';
    RETURN NEXT '-- psql --set=ON_ERROR_STOP=1 --file=this_file. Rows that are not in it stay.';
    RETURN QUERY SELECT format('-- %s = %L', name, regexp_replace(current_setting(name), '[\r\n]', ' ', 'g'))
                 FROM pg_settings WHERE name LIKE 'ferry.%' AND setting IS DISTINCT FROM boot_val ORDER BY name;
    RETURN QUERY SELECT format('-- source %I is retired, and left out', r.source) FROM ferry.retirement r ORDER BY r.source;
    RETURN NEXT format(E'\nBEGIN;\nSET LOCAL client_encoding = %L;', current_setting('client_encoding'));
    -- A change may take several tables: on the way through them not all that is there need fit together.
    RETURN NEXT E'-- Rows are checked together, at the end.\nSET LOCAL check_function_bodies = off;';
    RETURN QUERY SELECT E'\n' || rtrim(statement, E'\n')
                 FROM ferry._config_tables() AS c CROSS JOIN LATERAL ferry._export_table(c.relation, c.condition) AS statement
                 WHERE statement IS NOT NULL
                 ORDER BY c.place;
    RETURN NEXT E'\nSET LOCAL check_function_bodies = on;\nCALL ferry._check_together();\nCOMMIT;';
END
$$;
COMMENT ON FUNCTION ferry.export_config() IS 'all config as one file of SQL that can be run again and again: psql -Atc ''SELECT ferry.export_config()'' > config.sql. It adds and changes rows, and removes none; presets that came with the extension and retired sources are not in it. No secret is in config; settings that are not at their defaults are told as comments';
