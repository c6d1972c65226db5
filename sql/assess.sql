-- Knowing before doing, for all of a source: what would be written, and what would not. Nothing here writes.

-- What must hold for a row of a users table, from the catalogues. Names in expressions are those of its columns.
-- conenforced came with PostgreSQL 18.
CREATE FUNCTION ferry._shape(relation oid, role_name text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH columns AS (
        SELECT a.attnum, a.attname::text AS name, a.attnotnull OR t.not_null AS not_null, format_type(t.oid, -1) AS base_type,
               -- A function that is called anew for each row, unlike a constant.
               a.attgenerated = '' AND (a.attidentity <> '' OR coalesce(d.adbin, t.default_tree)::text !~ '^{(COERCETODOMAIN :arg {)?CONST ') AS is_made,
               CASE WHEN a.attgenerated = '' THEN coalesce(pg_get_expr(d.adbin, d.adrelid), pg_get_expr(t.default_tree, 0)) END AS "default",
               CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
               (SELECT coalesce(jsonb_agg(r.attname), '[]')
                FROM pg_depend p JOIN pg_attribute r ON r.attrelid = p.refobjid AND r.attnum = p.refobjsubid AND r.attnum <> a.attnum
                WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refobjid = relation) AS reads
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        CROSS JOIN LATERAL (
            -- Domains down to what is under them; a default is inherited when a domain is made.
            WITH RECURSIVE under (oid, below, not_null, default_tree) AS (
                SELECT y.oid, y.typbasetype, y.typnotnull, y.typdefaultbin FROM pg_type y WHERE y.oid = a.atttypid
                UNION ALL
                SELECT y.oid, y.typbasetype, u.not_null OR y.typnotnull, u.default_tree FROM under u JOIN pg_type y ON y.oid = u.below
            )
            SELECT u.* FROM under u WHERE u.below = 0) AS t
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
    ), keys AS (
        SELECT i.indexrelid, k.place, format('OPERATOR(%I.%s)', n.nspname, o.oprname) AS equals,
               concat(pg_get_indexdef(i.indexrelid, k.place::int, true),
                      (SELECT format(' COLLATE %I.%I', cn.nspname, l.collname) FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace
                       WHERE l.oid = i.indcollation[k.place - 1])) AS expression,
               y.typtype <> 'p' AND EXISTS (
                   SELECT FROM pg_opclass h JOIN pg_am g ON g.oid = h.opcmethod AND g.amname = 'hash'
                   WHERE h.opcdefault AND h.opcintype = c.opcintype
                     -- The hash of 64 bits, which a type need not have.
                     AND EXISTS (SELECT FROM pg_amproc p
                                 WHERE p.amprocfamily = h.opcfamily AND p.amproclefttype = h.opcintype AND p.amprocrighttype = h.opcintype
                                   AND p.amprocnum = 2)) AS has_hash,
               y.typname = 'citext' AS ignores_case
        FROM pg_index i
        LEFT JOIN pg_constraint x ON x.conindid = i.indexrelid AND x.conrelid = i.indrelid AND x.contype = 'x'
        CROSS JOIN generate_series(1, i.indnkeyatts) AS k (place)
        JOIN pg_opclass c ON c.oid = i.indclass[k.place - 1]
        JOIN pg_type y ON y.oid = c.opcintype
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
    ), secured AS (
        SELECT r.oid AS role FROM pg_class c JOIN pg_roles r ON r.rolname = role_name
        WHERE c.oid = relation AND c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls
          AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
    ), policies AS (
        SELECT y.polname, y.polcmd, y.polpermissive, pg_get_expr(coalesce(y.polwithcheck, y.polqual), relation) AS condition
        FROM pg_policy y CROSS JOIN secured s
        WHERE y.polrelid = relation AND y.polcmd IN ('a', 'w', '*')
          AND EXISTS (SELECT FROM unnest(y.polroles) AS m (role) WHERE CASE m.role WHEN 0 THEN true ELSE pg_has_role(s.role, m.role, 'USAGE') END)
    )
    SELECT jsonb_build_object(
        'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', name, 'not_null', not_null, 'base_type', base_type, 'is_made', coalesce(is_made, false), 'default', "default", 'generated', generated,
                'reads', reads) ORDER BY attnum), '[]') FROM columns),
        'checks', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.conname, 'expression', pg_get_expr(c.conbin, c.conrelid),
                'columns', (SELECT jsonb_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = ANY (c.conkey)))
                ORDER BY c.conname), '[]')
            FROM pg_constraint c WHERE c.conrelid = relation AND c.contype = 'c' AND to_jsonb(c) -> 'conenforced' IS DISTINCT FROM 'false'),
        'uniques', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', x.relname, 'predicate', pg_get_expr(i.indpred, i.indrelid), 'is_exclusion', i.indisexclusion, 'nulls_are_equal', i.indnullsnotdistinct,
                'is_deferred', EXISTS (SELECT FROM pg_constraint d
                                       WHERE d.conindid = i.indexrelid AND d.conrelid = relation AND d.contype IN ('p', 'u', 'x') AND d.condeferred),
                'columns', (SELECT jsonb_agg(DISTINCT r.name) FROM read_by_index r WHERE r.indexrelid = i.indexrelid),
                'keys', (SELECT jsonb_agg(jsonb_build_object('expression', k.expression, 'equals', k.equals, 'has_hash', k.has_hash, 'ignores_case', k.ignores_case) ORDER BY k.place)
                         FROM keys k WHERE k.indexrelid = i.indexrelid))
                ORDER BY i.indexrelid), '[]')
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = relation AND (i.indisunique OR i.indisexclusion) AND i.indisvalid),
        'parents', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.conname, 'is_deferred', c.condeferred, 'relation', format('%I.%I', n.nspname, p.relname),
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
            WHERE c.conrelid = relation AND c.contype = 'f' AND c.conparentid = 0 AND to_jsonb(c) -> 'conenforced' IS DISTINCT FROM 'false')
    ) || (
        SELECT jsonb_object_agg('on_' || e.name, jsonb_build_object(
            'has_before_trigger', EXISTS (
                SELECT FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & (e.bit | 3) = e.bit | 3),
            'unforeseen', (SELECT coalesce(jsonb_agg(u.what ORDER BY u.what), '[]') FROM (
                SELECT 'trigger ' || tgname FROM pg_trigger
                WHERE tgrelid = relation AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & e.bit = e.bit
                UNION ALL
                SELECT 'the table under the view' FROM pg_class WHERE oid = relation AND relkind = 'v'
                UNION ALL
                -- There may be none for a row, or one with checks of its own.
                SELECT 'the partition' FROM pg_class WHERE oid = relation AND relkind = 'p'
                UNION ALL
                SELECT 'policy ' || polname FROM policies WHERE polcmd IN (e.command, '*') AND condition <> 'true'
                UNION ALL
                SELECT 'row level security without a policy for ' || upper(e.name) FROM secured
                WHERE NOT EXISTS (SELECT FROM policies WHERE polpermissive AND polcmd IN (e.command, '*'))) AS u (what))))
        FROM (VALUES ('insert', 4, 'a'::"char"), ('update', 16, 'w')) AS e (name, bit, command))
$$;
COMMENT ON FUNCTION ferry._shape(oid, text) IS 'internal: what must hold for a row of a users table that a role writes';

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
    ), lookups AS (
        -- Of several people, as above: a person may have several rows.
        SELECT detail, item, count(*) AS rows, min(sample) AS key
        FROM found WHERE topic = '~lookup' GROUP BY detail, item HAVING min(sample) <> max(sample)
    ), uniques AS (
        SELECT detail, item, count(*) AS rows, min(sample) AS key
        FROM found WHERE topic = '~unique' GROUP BY detail, item HAVING min(sample) <> max(sample)
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
        SELECT 'login', format('of several people by lookup, %s', l.detail), sum(l.rows)::bigint, min(l.key), jsonb_build_object('values', count(*)),
               'Only the first of those who share a value is made a user of; adopt of ferry.target says what becomes of the others.'
        FROM lookups l GROUP BY l.detail
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
