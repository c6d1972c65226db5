-- How config is refused, as a DBA reads it. The statements stand in one transaction, which is rolled back at the end.
\set SHOW_CONTEXT never
\set ON_ERROR_ROLLBACK on
BEGIN;
CREATE ROLE regress_ferry_owner;
CREATE ROLE regress_ferry_stranger;
CREATE ROLE regress_ferry_super SUPERUSER;
CREATE SCHEMA regress_legacy AUTHORIZATION regress_ferry_owner;
CREATE SCHEMA regress_new AUTHORIZATION regress_ferry_owner;
SET LOCAL search_path = regress_new, regress_legacy;
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    name varchar(20),
    born date,
    password_hash text,
    shape point
);
CREATE TABLE of_superuser (id int, email text, password_hash text);
CREATE TABLE customers (id int PRIMARY KEY, email text, pwd text, salt text, first text, last text, active int, created bigint);
ALTER TABLE users OWNER TO regress_ferry_owner;
ALTER TABLE customers OWNER TO regress_ferry_owner;
ALTER TABLE of_superuser OWNER TO regress_ferry_super;

-- The target.
\set columns 'INSERT INTO ferry.target (name, relation, id_column, login_columns, hash_column'
:columns) VALUES ('default', 'nowhere', 'id', '{email}', 'password_hash');
:columns) VALUES ('default', 'users', 'key', '{email}', 'password_hash');
:columns) VALUES ('default', 'users', 'id', '{mail}', 'password_hash');
:columns) VALUES ('default', 'users', 'id', '{}', 'password_hash');
:columns) VALUES ('default', 'users', 'id', '{lower(u.mail)}', 'password_hash');
:columns) VALUES ('default', 'users', 'id', '{shape}', 'password_hash');
:columns) VALUES ('default', 'users', 'id', '{email}', 'pwd');
:columns) VALUES ('default', 'users', 'id', '{email}', 'born');
:columns) VALUES ('default', 'of_superuser', 'id', '{email}', 'password_hash');
:columns) VALUES ('', 'users', 'id', '{email}', 'password_hash');
:columns, hash_policy) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'md5');
:columns, login_form) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'upper');
:columns, adopt) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'always');
:columns, on_mismatch) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'source');
:columns, must_change) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'name');
:columns, allowed) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'u.born');
:columns, run_as) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'regress_ferry_absent');
:columns, run_as) VALUES ('default', 'users', 'id', '{email}', 'password_hash', 'regress_ferry_stranger');
:columns) VALUES ('default', 'users', 'id', '{email}', 'password_hash');

-- The source.
\set columns 'INSERT INTO ferry.source (name, relation, key_column, login_columns, hash'
:columns) VALUES ('shop', 'clients', 'id', '{email}', 'l.pwd');
:columns) VALUES ('shop', 'customers', 'key', '{email}', 'l.pwd');
:columns) VALUES ('shop', 'customers', 'id', '{mail}', 'l.pwd');
:columns) VALUES ('shop', 'customers', 'id', '{email}', 'l.password');
:columns) VALUES ('shop', 'customers', 'id', '{email}', 'pwd)');
:columns) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd; DROP TABLE users');
:columns) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd, l.salt');
:columns) VALUES ('shop', 'customers', 'id', '{email}', 'l.*');
:columns) VALUES ('shop', 'customers', 'id', '{email}', '');
:columns, target) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'elsewhere');
:columns, format) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'rot13');
:columns, format) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'md5($pass.$salt)');
:columns, filter) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'l.active');
:columns, scope) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'l.active = 1');
:columns, scope) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'login');
:columns, kind) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'dblink');
:columns, kind) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'ldap');
:columns, on_wrong) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', 'ignore');
:columns, timeout) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd', '2 hours');
:columns) VALUES ('shop', 'customers', 'id', '{email}', 'l.pwd');

-- The mappings.
\set columns 'INSERT INTO ferry.mapping (source, target_column, expression'
:columns) VALUES ('shop', 'mail', 'l.email');
:columns) VALUES ('shop', 'email', 'l.mail');
:columns) VALUES ('shop', 'email', 'lower(email');
:columns) VALUES ('shop', 'email', 'lower(l.email) FROM pg_authid');
:columns) VALUES ('shop', 'email', 'lower(l.id)');
:columns) VALUES ('shop', 'email', 'max(l.email)');
:columns) VALUES ('shop', 'email', 'unnest(ARRAY[l.email])');
:columns) VALUES ('shop', 'born', 'l.created');
:columns) VALUES ('shop', 'id', 'l.id');
:columns) VALUES ('shop', 'password_hash', 'l.pwd');
:columns) VALUES ('club', 'email', 'l.email');
:columns, on_conflict) VALUES ('shop', 'email', 'l.email', 'ask');
:columns) VALUES ('shop', 'email', 'l.email'), ('shop', 'born', 'to_timestamp(l.created)::date');

-- Another role writes: it is no member of the one that config SQL runs as.
\pset tuples_only on
SELECT ferry.grant_access('regress_ferry_stranger', 'admin');
\pset tuples_only off
SET LOCAL ROLE regress_ferry_stranger;
UPDATE ferry.mapping SET expression = 'upper(l.email)' WHERE target_column = 'email';
DELETE FROM ferry.source;
RESET ROLE;

-- What is there now, with its defaults filled in.
SELECT name, relation, run_as, search_path FROM ferry.target;
SELECT name, target, kind, relation FROM ferry.source;
SELECT source, target_column, expression FROM ferry.mapping;

-- The tables change behind the config's back: check_config() finds it.
ALTER TABLE users RENAME COLUMN born TO birthday;
ALTER TABLE customers DROP COLUMN first;
SELECT object, severity, problem, hint FROM ferry.check_config();
ALTER TABLE customers RENAME TO clients;
SELECT object, severity, problem, hint FROM ferry.check_config() WHERE severity = 'error';

-- A call that is a mistake of the application's.
SELECT * FROM ferry.authenticate('somebody', 'something', target => 'elsewhere');
SELECT * FROM ferry.set_password('somebody', '');
SELECT * FROM ferry.set_password('somebody', repeat('x', 5000));
ROLLBACK;
