-- Who may do what, under a role for each task and one for none.
\pset null '-'
CREATE ROLE regress_ferry_nobody;
CREATE ROLE regress_ferry_login;
CREATE ROLE regress_ferry_reset;
CREATE ROLE regress_ferry_signup;
CREATE ROLE regress_ferry_admin;
\pset tuples_only on
SELECT ferry.grant_access('regress_ferry_login', 'login');
SELECT ferry.grant_access('regress_ferry_reset', 'reset');
SELECT ferry.grant_access('regress_ferry_signup', 'signup');
SELECT ferry.grant_access('regress_ferry_admin', 'admin');
\pset tuples_only off
\set tasks 'VALUES (1, ''nobody''), (2, ''login''), (3, ''reset''), (4, ''signup''), (5, ''admin'')'

-- Nothing is granted to PUBLIC: not a function, not a table, not the schema.
SELECT oid::regprocedure AS executable_by_public
FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
WHERE pronamespace = 'ferry'::regnamespace AND a.grantee = 0;
SELECT oid::regclass AS open_to_public, privilege_type
FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner))) a
WHERE relnamespace = 'ferry'::regnamespace AND relkind IN ('r', 'v', 'S') AND a.grantee = 0;
SELECT nspname AS open_to_public
FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
WHERE nspname = 'ferry' AND a.grantee = 0;

-- Who may execute what.
SELECT p.oid::regprocedure::text COLLATE "C" AS function,
       string_agg(task, ' ' ORDER BY number) FILTER (WHERE has_function_privilege('regress_ferry_' || task, p.oid, 'EXECUTE')) AS executable_by
FROM pg_proc p, (:tasks) t (number, task)
WHERE pronamespace = 'ferry'::regnamespace GROUP BY 1 ORDER BY 1;

-- Who may do what with which table.
SELECT c.oid::regclass::text COLLATE "C" AS relation,
       string_agg(task, ' ' ORDER BY number) FILTER (WHERE has_table_privilege('regress_ferry_' || task, c.oid, 'SELECT')) AS readable_by,
       string_agg(task, ' ' ORDER BY number) FILTER (WHERE has_table_privilege('regress_ferry_' || task, c.oid, 'INSERT, UPDATE, DELETE')) AS writable_by
FROM pg_class c, (:tasks) t (number, task)
WHERE relnamespace = 'ferry'::regnamespace AND relkind IN ('r', 'v') GROUP BY 1 ORDER BY 1;

SELECT has_sequence_privilege('regress_ferry_admin', 'ferry.event_id_seq', 'USAGE, SELECT, UPDATE') AS admin_numbers_events;

-- And so it is in earnest.
SET ROLE regress_ferry_nobody;
SELECT * FROM ferry.authenticate('somebody', 'something');
RESET ROLE;
SET ROLE regress_ferry_login;
SELECT * FROM ferry.link;
SELECT * FROM ferry._secret;
SELECT * FROM ferry.set_password('somebody', 'something');
SELECT ferry.find_login('somebody');
SELECT ferry.verify_hash('something', 'x');
RESET ROLE;
SET ROLE regress_ferry_admin;
SELECT * FROM ferry.authenticate('somebody', 'something');
INSERT INTO ferry.link (source, legacy_key, target, user_id, via) VALUES ('shop', '1', 'default', '1', 'admin');
DELETE FROM ferry.event;
SELECT * FROM ferry._secret;
SELECT count(*) FROM ferry.event;
RESET ROLE;

-- A task that does not exist.
\set SHOW_CONTEXT never
SELECT ferry.grant_access('regress_ferry_nobody', 'everything');
SELECT ferry.grant_access('regress_ferry_nobody', 'read');
SELECT ferry.grant_access('regress_ferry_nobody', NULL);
SELECT ferry.grant_access('regress_ferry_absent', 'login');

-- Taken back.
\pset tuples_only on
SELECT ferry.revoke_access('regress_ferry_' || task, task) FROM (:tasks) t (number, task) WHERE task <> 'nobody';
\pset tuples_only off
SELECT count(*) AS executable_after FROM pg_proc p, (:tasks) t (number, task)
WHERE pronamespace = 'ferry'::regnamespace AND has_function_privilege('regress_ferry_' || task, p.oid, 'EXECUTE');
SELECT count(*) AS readable_after FROM pg_class c, (:tasks) t (number, task)
WHERE relnamespace = 'ferry'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege('regress_ferry_' || task, c.oid, 'SELECT, INSERT, UPDATE, DELETE');

REVOKE ALL ON SCHEMA ferry FROM regress_ferry_login, regress_ferry_reset, regress_ferry_signup, regress_ferry_admin;
DROP ROLE regress_ferry_nobody, regress_ferry_login, regress_ferry_reset, regress_ferry_signup, regress_ferry_admin;
