-- Knowing before doing, for all of a source: what would be written, and what would not. Nothing here writes.

-- What must hold for a row of a users table, from the catalogues. Names in expressions are those of its columns.
CREATE FUNCTION ferry._shape(relation oid) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH columns AS (
        SELECT a.attnum, a.attname::text AS name, a.attnotnull,
               -- A domain may have a default, too.
               coalesce(pg_get_expr(d.adbin, d.adrelid), pg_get_expr(t.typdefaultbin, 0)) AS "default",
               a.attgenerated <> '' OR a.attidentity <> '' AS is_made,
               coalesce(coalesce(d.adbin, t.typdefaultbin)::text LIKE '{CONST %', false) AS is_constant
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
    ), keys AS (
        SELECT i.indexrelid, k.place, pg_get_indexdef(i.indexrelid, k.place::int, true) AS expression,
               format('OPERATOR(%I.%s)', n.nspname, o.oprname) AS equals,
               c.opcintype IN (SELECT oid FROM pg_type WHERE typname = 'citext') AS folds_case
        FROM pg_index i
        LEFT JOIN pg_constraint x ON x.conindid = i.indexrelid AND x.conrelid = i.indrelid AND x.contype = 'x'
        CROSS JOIN generate_series(1, i.indnkeyatts) AS k (place)
        JOIN pg_opclass c ON c.oid = i.indclass[k.place - 1]
        LEFT JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype AND m.amopstrategy = 3
        JOIN pg_operator o ON o.oid = coalesce(x.conexclop[k.place], m.amopopr)
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        WHERE i.indrelid = relation
    ), read_by_index AS (
        SELECT i.indexrelid, a.attname::text AS name
        FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0
         AND (a.attnum = ANY (i.indkey) OR EXISTS (
                SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
        WHERE i.indrelid = relation
    )
    SELECT jsonb_build_object(
        'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', name, 'not_null', attnotnull, 'is_made', is_made, 'default', "default", 'is_constant', is_constant)
                ORDER BY attnum), '[]') FROM columns),
        'checks', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.conname, 'expression', pg_get_expr(c.conbin, c.conrelid),
                'columns', (SELECT jsonb_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (c.conkey)))
                ORDER BY c.conname), '[]')
            FROM pg_constraint c WHERE c.conrelid = relation AND c.contype = 'c'),
        'uniques', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', x.relname, 'predicate', pg_get_expr(i.indpred, i.indrelid), 'is_exclusion', i.indisexclusion, 'nulls_are_equal', i.indnullsnotdistinct,
                'columns', (SELECT jsonb_agg(DISTINCT r.name) FROM read_by_index r WHERE r.indexrelid = i.indexrelid),
                'keys', (SELECT jsonb_agg(jsonb_build_object('expression', k.expression, 'equals', k.equals, 'folds_case', k.folds_case) ORDER BY k.place)
                         FROM keys k WHERE k.indexrelid = i.indexrelid))
                ORDER BY i.indexrelid), '[]')
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = relation AND (i.indisunique OR i.indisexclusion) AND i.indisvalid),
        'parents', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.conname, 'relation', format('%I.%I', n.nspname, p.relname),
                'columns', (SELECT jsonb_agg(a.attname ORDER BY k.place)
                            FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
                            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number),
                'keys', (SELECT jsonb_agg(jsonb_build_object('column', a.attname, 'equals', format('OPERATOR(%I.%s)', m.nspname, o.oprname)) ORDER BY k.place)
                         FROM unnest(c.confkey, c.conpfeqop) WITH ORDINALITY AS k (number, operator, place)
                         JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number
                         JOIN pg_operator o ON o.oid = k.operator
                         JOIN pg_namespace m ON m.oid = o.oprnamespace))
                ORDER BY c.conname), '[]')
            FROM pg_constraint c
            JOIN pg_class p ON p.oid = c.confrelid
            JOIN pg_namespace n ON n.oid = p.relnamespace
            WHERE c.conrelid = relation AND c.contype = 'f' AND c.conparentid = 0),
        'unforeseen', (SELECT coalesce(jsonb_agg(u.what ORDER BY u.what), '[]') FROM (
                SELECT 'trigger ' || tgname FROM pg_trigger
                WHERE tgrelid = relation AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 4 = 4) AS u (what)))
$$;
COMMENT ON FUNCTION ferry._shape(oid) IS 'internal: what must hold for a row of a users table';

CREATE FUNCTION ferry._assess(source text, max_rows bigint)
    RETURNS TABLE (topic text, item text, rows bigint, sample text, detail text, hint text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'assess_wrapper';
COMMENT ON FUNCTION ferry._assess(text, bigint) IS 'internal: the findings of ferry.assess, and of each row what must be compared with all others';

CREATE FUNCTION ferry.assess(source text, max_rows bigint DEFAULT NULL)
    RETURNS TABLE (topic text, item text, rows bigint, sample text, detail jsonb, hint text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH found AS MATERIALIZED (
        SELECT * FROM ferry._assess(assess.source, assess.max_rows)
    ), keys AS (
        SELECT item, count(*) AS rows FROM found WHERE topic = '~key' GROUP BY item HAVING count(*) > 1
    ), logins AS (
        -- sample is the legacy key, rows the place of the login column, detail the source; in others the key does not matter.
        SELECT item, detail, min(sample) AS key, count(*) AS rows,
               min(sample) <> max(sample) AS is_shared, min(rows) = max(rows) AS is_one_column
        FROM found WHERE topic = '~login' GROUP BY item, detail
    ), elsewhere AS (
        SELECT o.detail, sum(l.rows) AS rows, min(l.key) AS key
        FROM logins l JOIN logins o ON o.item = l.item AND o.detail <> l.detail
        WHERE l.detail = assess.source
        GROUP BY o.detail
    ), uniques AS (
        SELECT detail, item, count(*) AS rows, min(sample) AS key
        FROM found WHERE topic = '~unique' GROUP BY detail, item HAVING count(*) > 1
    ), told AS (
        SELECT f.topic, f.item, f.rows, f.sample, f.detail::jsonb, f.hint FROM found f WHERE f.topic NOT LIKE '~%'
        UNION ALL
        SELECT 'row', 'of a key that others have too', sum(k.rows)::bigint, min(k.item), jsonb_build_object('keys', count(*)),
               'Links are made by the key: name another key_column, or clean the legacy table up.'
        FROM keys k HAVING count(*) > 0
        UNION ALL
        SELECT 'login', CASE WHEN l.is_one_column THEN 'of several people' ELSE 'of several people, in different columns' END,
               sum(l.rows)::bigint, min(l.key), jsonb_build_object('logins', count(*)),
               CASE WHEN l.is_one_column THEN 'Two people of one login are nobody: rename all but one, or leave them out by filter.'
                    ELSE 'The first of login_columns decides: whoever has it in a later one cannot log in with it.' END
        FROM logins l WHERE l.detail = assess.source AND l.is_shared GROUP BY l.is_one_column
        UNION ALL
        SELECT 'login', format('also in source %s', e.detail), e.rows::bigint, e.key, NULL,
               'The source that is asked first decides. If they are one person, only one of the rows can be moved.'
        FROM elsewhere e
        UNION ALL
        SELECT 'constraint', format('%s: 23505', u.detail), sum(u.rows)::bigint, min(u.key), jsonb_build_object('sqlstate', '23505', 'constraint', u.detail, 'among', 'the legacy rows'),
               'Only the first of those who share a value can be moved.'
        FROM uniques u GROUP BY u.detail
        UNION ALL
        SELECT 'index', i.problem, NULL, NULL, jsonb_build_object('object', i.object), i.hint
        FROM ferry._unindexed() i JOIN ferry.source s ON s.name = assess.source
        WHERE i.object IN ('source ' || s.name, 'target ' || s.target)
    )
    SELECT t.topic, t.item, t.rows, t.sample, t.detail, t.hint
    FROM told t
    ORDER BY array_position('{row,login,hash,rule,value,constraint,column,index,estimate}', t.topic), t.rows DESC NULLS LAST, t.item COLLATE "C"
$$;
COMMENT ON FUNCTION ferry.assess(text, bigint) IS 'what is in a source and what would become of it, without writing anything: rows by state, hashes by format and cost, logins that collide, rows that break a rule, do not convert or break a constraint (with the SQLSTATE), columns that nobody reads or fills, missing indexes, an estimate of time. sample is the legacy key of one such row. Reads the source once, as run_as; max_rows reads only so many rows. Sources of kind dblink cannot be read so';

CREATE FUNCTION ferry._preview(source text, max_rows integer)
    RETURNS TABLE (legacy_key text, login text, action text, "row" text, problem text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'preview_wrapper';
COMMENT ON FUNCTION ferry._preview(text, integer) IS 'internal: the rows of ferry.preview, with the row as JSON text';

CREATE FUNCTION ferry.preview(source text, max_rows integer DEFAULT 10)
    RETURNS TABLE (legacy_key text, login text, action text, "row" jsonb, problem text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        SELECT p.legacy_key, p.login, p.action, p."row"::jsonb, p.problem FROM ferry._preview(source, max_rows) AS p;
    END;
COMMENT ON FUNCTION ferry.preview(text, integer) IS 'the first rows of a source by key, as they would be written, without writing anything. action: insert, adopt, skip (moved already, or forgotten), reject (by a rule), fail (with column or constraint and SQLSTATE), refuse (the login, or what lookup looks for, is taken in the users table; or the login is of no use). The hash column shows the format of the legacy hash, never a hash';
