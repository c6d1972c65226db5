-- What the extension consists of, and how it reads in psql. Whoever changes the surface changes this file's output, and sees what they change.
\pset null '-'
-- Since 17 the row types of tables are members too: they are not objects of their own.
\set members 'SELECT classid, objid FROM pg_depend WHERE refclassid = ''pg_extension''::regclass AND deptype = ''e'' AND classid <> ''pg_type''::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = ''pg_ferry'')'

-- All objects, as \dx+ lists them.
SELECT pg_describe_object(classid, objid, 0) COLLATE "C" AS object FROM (:members) m ORDER BY 1;

-- None of them lacks a comment ...
SELECT pg_describe_object(classid, objid, 0) AS without_comment
FROM (:members) m
WHERE obj_description(objid, classid::regclass::name) IS NULL;

-- ... and no column, and no index that is not a key's.
SELECT attrelid::regclass AS relation, attname AS column_without_comment
FROM pg_attribute, (:members) m
WHERE classid = 'pg_class'::regclass AND attrelid = objid AND attnum > 0 AND NOT attisdropped
  AND attrelid <> 'ferry.event_id_seq'::regclass
  AND col_description(attrelid, attnum) IS NULL;

SELECT indexrelid::regclass AS index_without_comment
FROM pg_index, (:members) m
WHERE indrelid = objid AND NOT indisprimary AND obj_description(indexrelid, 'pg_class') IS NULL;

-- Comments are fragments in PostgreSQL's own style: no capital at the start, no full stop at the end.
SELECT objoid, objsubid, description AS of_another_style
FROM pg_description, (:members) m
WHERE classoid = classid AND objoid = objid AND description ~ '^[A-Z][a-z]|\.$' AND description !~ '^(SQL|SHA)';

-- Functions for everybody's eyes.
SELECT proname AS name, pg_get_function_arguments(oid) AS arguments
FROM pg_proc WHERE pronamespace = 'ferry'::regnamespace AND proname NOT LIKE '\_%' ORDER BY 1, pg_get_function_arguments(oid) COLLATE "C";

SELECT proname AS name, pg_get_function_result(oid) AS result
FROM pg_proc WHERE pronamespace = 'ferry'::regnamespace AND proname NOT LIKE '\_%' ORDER BY 1, oid::regprocedure::text COLLATE "C";

SELECT oid::regprocedure::text COLLATE "C" AS function, obj_description(oid) AS comment
FROM pg_proc WHERE pronamespace = 'ferry'::regnamespace AND proname NOT LIKE '\_%' ORDER BY 1;

-- How functions run. What applications and admins call is a definer with a pinned search path; triggers, and what grants rights, run as
-- their caller on purpose.
SELECT oid::regprocedure::text COLLATE "C" AS function,
       CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
       CASE proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
       proisstrict AS strict, prosecdef AS definer, array_to_string(proconfig, '; ') AS settings
FROM pg_proc WHERE pronamespace = 'ferry'::regnamespace ORDER BY 1;

-- A definer function without a pinned search path would be a hole.
SELECT oid::regprocedure AS definer_without_search_path
FROM pg_proc WHERE pronamespace = 'ferry'::regnamespace AND prosecdef
  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false);

-- Tables and views, column by column, as \d+ has them.
SELECT relname AS relation, attname AS column, format_type(atttypid, atttypmod) AS type, attnotnull AS not_null,
       coalesce(pg_get_expr(adbin, adrelid), CASE attidentity WHEN 'a' THEN 'identity' END) AS default
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relnamespace = 'ferry'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
ORDER BY relname COLLATE "C", attnum;

SELECT relname AS relation, obj_description(oid, 'pg_class') AS comment
FROM pg_class WHERE relnamespace = 'ferry'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY relname COLLATE "C";

SELECT attname AS column_of_mapping, col_description(attrelid, attnum) AS comment
FROM pg_attribute WHERE attrelid = 'ferry.mapping'::regclass AND attnum > 0 ORDER BY attnum;

-- Constraints, indexes and triggers. (From PostgreSQL 18 on NOT NULL is a constraint as well: left out.)
SELECT conrelid::regclass AS relation, conname AS constraint, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE connamespace = 'ferry'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text COLLATE "C", conname;

SELECT indexrelid::regclass AS index, pg_get_indexdef(indexrelid) AS definition
FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE relnamespace = 'ferry'::regnamespace AND NOT indisprimary ORDER BY relname COLLATE "C";

SELECT tgrelid::regclass AS relation, tgname AS trigger, tgenabled AS enabled
FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
WHERE relnamespace = 'ferry'::regnamespace AND NOT tgisinternal ORDER BY tgrelid::regclass::text COLLATE "C", tgname;

-- What a dump carries.
SELECT config::regclass::text COLLATE "C" AS dumped, condition
FROM pg_extension, unnest(extconfig, extcondition) AS dumped (config, condition)
WHERE extname = 'pg_ferry' ORDER BY 1;

-- How an extension of this name is described before it is installed.
SELECT name, comment FROM pg_available_extensions WHERE name = 'pg_ferry';
SELECT superuser, trusted, relocatable, schema, requires FROM pg_available_extension_versions WHERE name = 'pg_ferry' AND installed;
