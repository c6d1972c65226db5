-- A proposal for the mappings of a source, from the names and the types of columns.

CREATE FUNCTION ferry._names(column_name text, relation_name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_remove(ARRAY[
        ferry._plain(column_name),
        CASE WHEN words[1] IN ('user', 'usr', 'u', 'member', 'account', 'acct', 'person', 'client', 'contact', 'profile')
                  OR starts_with(lower(relation_name), words[1])
             THEN ferry._plain(words[2]) END], NULL)
    -- userName, User_Name
    FROM (SELECT regexp_match(lower(regexp_replace(column_name, '([a-z0-9])([A-Z])', '\1_\2', 'g')), '^([^_]+)_(.+)$')) AS split (words)
$$;
COMMENT ON FUNCTION ferry._names(text, text) IS 'internal: the names of a column without case and underscores: its own, and without the word before it that only says whose it is';

CREATE FUNCTION ferry._field(names text[]) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.field FROM unnest(names) WITH ORDINALITY AS n (name, place) JOIN ferry._synonym s ON s.column_name = n.name
    ORDER BY n.place, s.place LIMIT 1
$$;
COMMENT ON FUNCTION ferry._field(text[]) IS 'internal: the field that a column of these names holds';

-- What the hash is made of, or looks as if it were, is nobody's to copy.
CREATE FUNCTION ferry._legacy_columns(source_name text)
    RETURNS TABLE (number int2, name text, value text, type oid, is_key boolean, names text[], field text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.number, c.name, 'l.' || quote_ident(c.name), c.type, c.name = s.key_column, known.names, ferry._field(known.names)
    FROM ferry.source s
    JOIN pg_class r ON r.oid = coalesce(to_regclass(s.relation), (SELECT typrelid FROM pg_type WHERE oid = to_regtype(s.row_type)))
    CROSS JOIN ferry._columns(r.oid) AS c
    CROSS JOIN LATERAL (SELECT ferry._names(c.name, r.relname)) AS known (names)
    WHERE s.name = source_name
      AND ferry._plain(c.name) !~ '(password|passwd|passphrase|pass|pwd|hash|salt|secret|token|otp)$'
      AND (c.name = s.key_column OR c.name = ANY (s.login_columns)
           OR concat_ws(' ', s.hash, s.salt) !~* ('\ml\."?' || regexp_replace(c.name, '([^[:alnum:]_])', '\\\1', 'g') || '(?![[:alnum:]_])'))
$$;
COMMENT ON FUNCTION ferry._legacy_columns(text) IS 'internal: the columns of a source that mappings may read, and what they seem to hold';

-- What is derived comes last: first and last name where there is no whole one, a date for a yes, a no for a yes.
CREATE FUNCTION ferry._candidates(source_name text, target_name text)
    RETURNS TABLE (target_column text, value text, type oid, is_negated boolean, tier integer, rank integer, number int2, reason text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH wanted AS (
        SELECT f.name, f.is_id, known.names, ferry._field(known.names) AS field
        FROM ferry.target t
        JOIN pg_class r ON r.oid = to_regclass(t.relation)
        CROSS JOIN ferry._fillable(t.name) AS f
        CROSS JOIN LATERAL (SELECT ferry._names(f.name, r.relname)) AS known (names)
        WHERE t.name = target_name AND NOT (f.is_id AND f.fills_itself)
    ), legacy AS (
        SELECT * FROM ferry._legacy_columns(source_name)
    ), by_name AS (
        SELECT w.name, l.value, l.type, l.number, w.field, l.name AS legacy_name,
               CASE WHEN l.name = w.name THEN 1 WHEN l.names[1] = w.names[1] THEN 2
                    WHEN l.names && w.names AND (l.field = w.field OR l.field IS NULL OR w.field IS NULL) THEN 3
                    WHEN l.field = w.field THEN 4 END AS tier,
               (SELECT min(s.rank) FROM ferry._synonym s WHERE s.field = l.field AND s.column_name = ANY (l.names)) AS rank
        FROM wanted w CROSS JOIN legacy l
    )
    SELECT name, value, type, false, tier, rank, number,
           CASE tier WHEN 1 THEN 'the same name' WHEN 2 THEN 'the same name' WHEN 3 THEN 'the same name but for what stands before it'
                     ELSE format('"%s" and "%s" are usual names of %s', legacy_name, name, field) END
    FROM by_name WHERE tier IS NOT NULL
    UNION ALL
    SELECT w.name, format('btrim(concat_ws('' '', %s, %s))', f.value, l.value), 'text'::regtype, false, 4, 99, f.number, 'first and last name'
    FROM wanted w JOIN legacy f ON f.field = 'first_name' JOIN legacy l ON l.field = 'last_name'
    WHERE w.field = 'display_name'
    UNION ALL
    SELECT w.name, l.value || ' IS NOT NULL', 'boolean'::regtype, false, 5, 1, l.number, 'a date stands for yes'
    FROM wanted w JOIN legacy l ON l.field = 'email_verified_at'
    WHERE w.field = 'email_verified'
    UNION ALL
    SELECT w.name, l.value, l.type, true, 5, 1, l.number, format('the opposite of "%s"', l.name)
    FROM wanted w JOIN legacy l ON (w.field, l.field) IN (('active', 'disabled'), ('disabled', 'active'))
    UNION ALL
    SELECT w.name, l.value, l.type, false, 3, 0, l.number, 'the legacy key'
    FROM wanted w JOIN legacy l ON l.is_key
    WHERE w.is_id OR w.field = 'legacy_id'
$$;
COMMENT ON FUNCTION ferry._candidates(text, text) IS 'internal: which legacy columns may belong into which column of the users table: the lower the tier, the surer';

-- How a value may be written so that a column takes it: the first way that is accepted is the best. What is not sure
-- can fail for a value.
CREATE FUNCTION ferry._conversions(value text, from_type oid, to_type oid, type_name text)
    RETURNS TABLE (place integer, expression text, is_sure boolean, remark text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT way.place, way.expression, way.is_sure, way.remark
    FROM (SELECT (SELECT typcategory FROM pg_type WHERE oid = from_type), (SELECT typcategory FROM pg_type WHERE oid = to_type)) AS category (f, t),
    LATERAL (VALUES
        (1, value, true, NULL, true),
        (2, format('to_timestamp(nullif(%s, 0))', value), true, 'seconds since 1970, 0 for never', f = 'N' AND t = 'D'),
        (3, format('extract(epoch FROM %s)', value), true, 'seconds since 1970', f = 'D' AND t = 'N'),
        (4, format('%s <> 0', value), true, '0 is false', f = 'N' AND t = 'B'),
        (5, format('%s = B''1''', value), true, NULL, f = 'V' AND t = 'B'),
        (6, format('%s::integer', value), true, NULL, f = 'B' AND t = 'N'),
        (7, format('nullif(%s, '''')::%s', value, type_name), false, format('text that is no %s fails', type_name), f = 'S' AND t NOT IN ('S', 'A')),
        (8, format('%s::text::%s', value, type_name), false, format('a value that is no %s fails', type_name), f = 'E' AND t = 'E'),
        (9, format('%s::%s', value, type_name), false, format('a value that is no %s fails', type_name), f <> 'S' AND t <> 'A')
    ) AS way (place, expression, is_sure, remark, is_meant)
    WHERE way.is_meant
    ORDER BY way.place
$$;
COMMENT ON FUNCTION ferry._conversions(text, oid, oid, text) IS 'internal: the ways to write a value for a column of another type';

CREATE FUNCTION ferry.automap(of_source text)
    RETURNS TABLE (source text, target_column text, expression text, confidence text, reason text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
    SET jit = off -- the planner takes these few rows for thousands
AS $$
#variable_conflict use_column
DECLARE
    origin ferry.source;
BEGIN
    SELECT s.* INTO origin FROM ferry.source s WHERE s.name = of_source;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('there is no source "%s"', of_source),
            HINT = 'Describe the legacy table first: INSERT INTO ferry.source.';
    END IF;
    -- A source that is broken, or that is not the caller's to describe, is told as such.
    PERFORM ferry._check_config('source', to_jsonb(origin)::text, NULL);

    RETURN QUERY
    WITH candidate AS MATERIALIZED (
        SELECT c.*, y.typcategory = 'S' AS is_text FROM ferry._candidates(of_source, origin.target) AS c JOIN pg_type y ON y.oid = c.type
    ), wanted AS (
        SELECT f.*, t.login_form LIKE 'lower%' AND f.name = ANY (t.login_columns) AND y.typcategory = 'S' AND y.typname <> 'citext' AS is_lower
        FROM ferry.target t CROSS JOIN ferry._fillable(t.name) AS f JOIN pg_type y ON y.oid = f.type
        WHERE t.name = origin.target AND f.name NOT IN (SELECT m.target_column FROM ferry.mapping m WHERE m.source = of_source)
    ), best AS (
        SELECT wanted.number AS place, wanted.name, fit.*
        FROM wanted CROSS JOIN LATERAL (
            SELECT * FROM (
                SELECT c.tier, c.number, c.reason, w.is_sure, w.remark, is_lower AND is_text AS is_lowered,
                       format(CASE WHEN is_negated THEN 'NOT (%s)' ELSE '%s' END, w.expression) AS expression
                FROM candidate c
                CROSS JOIN ferry._conversions(format(CASE WHEN is_lower AND is_text THEN 'lower(%s)' ELSE '%s' END, c.value),
                                              c.type, wanted.type, wanted.type_name) AS w
                WHERE c.target_column = wanted.name
                ORDER BY c.tier, c.rank, c.number, w.place
                OFFSET 0 -- one is tried after the other
            ) AS way
            WHERE ferry._misfit(of_source, wanted.name, way.expression) IS NULL
            LIMIT 1
        ) AS fit
    )
    SELECT of_source, b.name, b.expression,
           CASE WHEN b.tier > 4 OR other.columns IS NOT NULL OR NOT b.is_sure THEN 'low' WHEN b.tier > 2 OR b.remark IS NOT NULL THEN 'medium' ELSE 'high' END,
           concat_ws('; ', b.reason, CASE WHEN b.is_lowered THEN 'in lower case, as logins are looked up' END, b.remark, 'also possible: ' || other.columns)
    FROM best b
    CROSS JOIN LATERAL (SELECT string_agg(c.value, ', ' ORDER BY c.number) FROM candidate c
                        WHERE c.target_column = b.name AND c.number <> b.number
                          AND (c.tier = b.tier OR b.tier IN (3, 4) AND c.tier < 5)) AS other (columns)
    ORDER BY b.place;
END
$$;
COMMENT ON FUNCTION ferry.automap(text) IS 'proposes a mapping for each column of the users table that has none, by the names and types of the legacy columns. A proposal that is good can be inserted as it is. confidence: high, medium, low; reason says why, and what else it could be. Writes nothing';
