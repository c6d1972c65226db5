-- What the DBA writes: targets, sources, mappings. Every row is checked as it is written
-- (see check.sql) and reaches every session with its next login.

CREATE TABLE ferry.target (
    name              text PRIMARY KEY CONSTRAINT target_name_not_empty CHECK (name <> ''),
    relation          text NOT NULL,
    id_column         text NOT NULL,
    login_columns     text[] NOT NULL,
    login_form        text NOT NULL DEFAULT 'lower',
    hash_column       text NOT NULL,
    hash_policy       text NOT NULL DEFAULT 'argon2id',
    unicode_form      text NOT NULL DEFAULT 'none',
    allowed           text,
    must_change       text,
    lookup            text[] NOT NULL DEFAULT '{}',
    adopt             text NOT NULL DEFAULT 'refuse',
    verified          text,
    changed_at        text,
    on_mismatch       text NOT NULL DEFAULT 'refuse',
    on_mismatch_until timestamptz,
    outbox            text[] NOT NULL DEFAULT '{}',
    no_other_checks   boolean NOT NULL DEFAULT false,
    run_as            text,
    search_path       text,
    CONSTRAINT target_login_columns_not_empty
        CHECK (cardinality(login_columns) > 0 AND array_position(login_columns, NULL) IS NULL),
    CONSTRAINT target_lookup_without_nulls CHECK (array_position(lookup, NULL) IS NULL),
    CONSTRAINT target_outbox_without_nulls CHECK (array_position(outbox, NULL) IS NULL),
    CONSTRAINT target_login_form_known
        CHECK (login_form IN ('lower', 'exact', 'casefold', 'lower_nfkc', 'casefold_nfkc')),
    CONSTRAINT target_adopt_known CHECK (adopt IN ('refuse', 'locked', 'any', 'review')),
    CONSTRAINT target_on_mismatch_known CHECK (on_mismatch IN ('refuse', 'source')),
    CONSTRAINT target_on_mismatch_ends
        CHECK (on_mismatch = 'refuse' OR on_mismatch_until IS NOT NULL)
);
SELECT pg_catalog.pg_extension_config_dump('ferry.target', '');

COMMENT ON TABLE ferry.target IS 'the users tables that logins are checked against and users are moved into, one row each; the first is named default';
COMMENT ON COLUMN ferry.target.name IS 'its name, which functions take as target; default is meant where none is given';
COMMENT ON COLUMN ferry.target.relation IS 'the users table; stored schema-qualified';
COMMENT ON COLUMN ferry.target.id_column IS 'the column that identifies a user, or an expression over u for a key of several; the user_id of answers, links and events is its text, so that it stays as it is once users were moved';
COMMENT ON COLUMN ferry.target.login_columns IS 'where a login is looked up, in order, the first with a match decides: column names, or expressions over u such as lower(u.email)';
COMMENT ON COLUMN ferry.target.login_form IS 'how a login is normalised before it is looked up: lower (default), exact, casefold; Unicode NFC except for exact; lower_nfkc and casefold_nfkc use NFKC, which merges look-alike characters';
COMMENT ON COLUMN ferry.target.hash_column IS 'the password hash; written by pg_ferry alone';
COMMENT ON COLUMN ferry.target.hash_policy IS 'how new hashes are made, such as argon2id, argon2id:m=19456,t=2,p=1, bcrypt:cost=12, django-pbkdf2-sha256; hashes weaker than this are replaced at login';
COMMENT ON COLUMN ferry.target.unicode_form IS 'the form of Unicode that a password has before it is hashed here, so that every keyboard makes the same bytes: none (default), nfc, nfd, nfkc, nfkd, saslprep. An application that checks hashes itself must use the same one';
COMMENT ON COLUMN ferry.target.allowed IS 'boolean SQL expression over the user''s row u: false means blocked; null = everybody is allowed';
COMMENT ON COLUMN ferry.target.must_change IS 'boolean column that says the password must be changed; null = there is none';
COMMENT ON COLUMN ferry.target.lookup IS 'how a user who is here under another login is found before a new one is made, in order, the first with a match decides: columns, or expressions over u such as lower(u.email), compared with what the mappings would write there. See adopt';
COMMENT ON COLUMN ferry.target.adopt IS 'whether a user that pg_ferry did not move may be tied to a legacy user of the same login, or found by lookup, once the legacy password was verified: refuse (default), locked (only where the hash is null or locked), any (the legacy password replaces the one there), review (somebody decides in ferry.review)';
COMMENT ON COLUMN ferry.target.verified IS 'boolean SQL expression over u: whether the addresses of this user were verified. Nobody is found by lookup and adopted unless it is true here and in the source; without it they are sent to ferry.review';
COMMENT ON COLUMN ferry.target.changed_at IS 'timestamp expression over u: when the user was last changed here, for mappings with on_conflict newer';
COMMENT ON COLUMN ferry.target.on_mismatch IS 'what a wrong password of a moved user means: refuse (default), or source: ask the legacy system, until on_mismatch_until and only while the hash is still the one pg_ferry wrote. Whoever can write the legacy store can then take over moved users';
COMMENT ON COLUMN ferry.target.on_mismatch_until IS 'when on_mismatch = source ends';
COMMENT ON COLUMN ferry.target.outbox IS 'what other systems are told, by a row of ferry.outbox and NOTIFY ferry: kinds such as moved, refused; see kind of ferry.outbox';
COMMENT ON COLUMN ferry.target.no_other_checks IS 'true = ferry.authenticate alone checks the hashes of this table, and no application by itself: ferry.wrap_hashes may put them into a form that only it can read. false (default): it leaves those alone that another could check';
COMMENT ON COLUMN ferry.target.run_as IS 'the role whose rights all config SQL of this target has; default: the owner of the users table. A superuser must be named explicitly, by a superuser';
COMMENT ON COLUMN ferry.target.search_path IS 'the search path of all config SQL of this target; default: the one in force when the row was written';

CREATE TABLE ferry.source (
    name          text PRIMARY KEY CONSTRAINT source_name_not_empty CHECK (name <> ''),
    target        text NOT NULL DEFAULT 'default' CONSTRAINT source_target_fkey REFERENCES ferry.target (name),
    kind          text NOT NULL DEFAULT 'relation',
    relation      text,
    server        text,
    query         text,
    row_type      text,
    key_column    text NOT NULL,
    login_columns text[] NOT NULL,
    hash          text NOT NULL,
    salt          text,
    salt_encoding text NOT NULL DEFAULT 'text',
    hash_login    text,
    pepper        text,
    format        text,
    unicode_forms text[] NOT NULL DEFAULT '{none}',
    transforms    text[] NOT NULL DEFAULT '{}',
    charsets      text[] NOT NULL DEFAULT '{utf-8}',
    priority      integer NOT NULL DEFAULT 100,
    scope         text,
    filter        text,
    on_wrong      text NOT NULL DEFAULT 'stop',
    timeout       interval NOT NULL DEFAULT '5 seconds',
    enabled       boolean NOT NULL DEFAULT true,
    verified      text,
    changed_at    text,
    unmapped      text,
    last_seen     text,
    value         text,
    contact       text,
    deactivate    jsonb,
    CONSTRAINT source_login_columns_not_empty
        CHECK (cardinality(login_columns) > 0 AND array_position(login_columns, NULL) IS NULL),
    CONSTRAINT source_password_lists_without_nulls
        CHECK (array_position(unicode_forms, NULL) IS NULL AND array_position(transforms, NULL) IS NULL AND array_position(charsets, NULL) IS NULL),
    CONSTRAINT source_kind_known CHECK (kind IN ('relation', 'dblink')),
    CONSTRAINT source_kind_complete
        CHECK (CASE kind
                   WHEN 'relation' THEN relation IS NOT NULL AND server IS NULL AND query IS NULL AND row_type IS NULL
                   ELSE relation IS NULL AND server IS NOT NULL AND query IS NOT NULL AND row_type IS NOT NULL
               END),
    CONSTRAINT source_on_wrong_known CHECK (on_wrong IN ('stop', 'next')),
    CONSTRAINT source_timeout_sensible CHECK (timeout BETWEEN '1 millisecond' AND '1 hour'),
    CONSTRAINT source_deactivate_of_expressions
        CHECK (jsonb_typeof(deactivate) = 'object' AND deactivate <> '{}' AND NOT jsonb_path_exists(deactivate, '$.* ? (@.type() <> "string")'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.source', '');

COMMENT ON TABLE ferry.source IS 'the legacy stores that users are moved from, asked by ascending priority; the first that knows a login decides';
COMMENT ON COLUMN ferry.source.name IS 'what links and events call it';
COMMENT ON COLUMN ferry.source.target IS 'the target that its users are moved into';
COMMENT ON COLUMN ferry.source.kind IS 'relation (default): a table, view or foreign table here; dblink: a query run on a foreign server';
COMMENT ON COLUMN ferry.source.relation IS 'kind relation: the table, view or foreign table; stored schema-qualified';
COMMENT ON COLUMN ferry.source.server IS 'kind dblink: the foreign server, with a user mapping for the target''s run_as';
COMMENT ON COLUMN ferry.source.query IS 'kind dblink: the remote query; $1 in it is the login; its columns are those of row_type, in their order';
COMMENT ON COLUMN ferry.source.row_type IS 'kind dblink: the composite type of the query''s rows; stored schema-qualified';
COMMENT ON COLUMN ferry.source.key_column IS 'the legacy key, which never changes for a user; links are made by it, so that it stays as it is once users were moved';
COMMENT ON COLUMN ferry.source.login_columns IS 'where a login is looked up, in order, the first with a match decides: column names, or (kind relation) expressions over l such as lower(l.email)';
COMMENT ON COLUMN ferry.source.hash IS 'SQL expression over the legacy row l: the legacy password hash';
COMMENT ON COLUMN ferry.source.salt IS 'SQL expression over l: the salt, where it is not inside the hash';
COMMENT ON COLUMN ferry.source.salt_encoding IS 'how the salt is written: text (default) whose UTF-8 was hashed, hex, base64, base64url, ab64';
COMMENT ON COLUMN ferry.source.hash_login IS 'SQL expression over l: the login as it was hashed, for formats that take it, such as lower(l.username); null = the first of login_columns, as it is stored';
COMMENT ON COLUMN ferry.source.pepper IS 'the name of a pepper in the file of ferry.pepper_file, for formats that take one. Whoever may write this row can find the pepper out by trying';
COMMENT ON COLUMN ferry.source.format IS 'the format of the legacy hashes, a name from ferry.hash_format, or a recipe such as md5(md5($pass).$salt); null = each hash says itself';
COMMENT ON COLUMN ferry.source.unicode_forms IS 'the forms of Unicode in which passwords may have been hashed, tried in this order: none (default: as typed), nfc, nfd, nfkc, nfkd, saslprep';
COMMENT ON COLUMN ferry.source.transforms IS 'what the legacy application did to a password before it hashed it, in order: trim, html, html_compat (single quotes stay), addslashes, lower, upper, truncate:72 (bytes of the charset)';
COMMENT ON COLUMN ferry.source.charsets IS 'the charsets in which passwords may have been hashed, tried in this order: utf-8 (default), latin1, cp1252 (as browsers send it), utf-16le, utf-16be, utf-8-twice (doubly encoded)';
COMMENT ON COLUMN ferry.source.priority IS 'sources are asked in ascending order, then by name';
COMMENT ON COLUMN ferry.source.scope IS 'boolean SQL expression over login: which logins this source is asked about; null = all';
COMMENT ON COLUMN ferry.source.filter IS 'boolean SQL expression over l: which rows may be moved; the others do not exist for pg_ferry';
COMMENT ON COLUMN ferry.source.on_wrong IS 'what a wrong password here means, or that it cannot be reached: stop (default), or next: the next source is asked. With next, whoever registers a victim''s login in a weaker source gets in';
COMMENT ON COLUMN ferry.source.timeout IS 'how long a query to it may take before the answer is unavailable';
COMMENT ON COLUMN ferry.source.enabled IS 'false = it is not asked';
COMMENT ON COLUMN ferry.source.verified IS 'boolean SQL expression over l: whether the addresses of this legacy user were verified; see verified of ferry.target';
COMMENT ON COLUMN ferry.source.changed_at IS 'timestamp expression over l: when the row was last changed; for mappings with on_conflict newer, changed_since of ferry.import, and what ferry.cutover says of changes since the move';
COMMENT ON COLUMN ferry.source.unmapped IS 'jsonb column of the users table that keeps the legacy columns which nothing else here reads; null = they stay behind';
COMMENT ON COLUMN ferry.source.last_seen IS 'date or timestamp expression over l: when the user was last active in the legacy system, such as l.last_login; for ferry.cutover and the lists of who is left';
COMMENT ON COLUMN ferry.source.value IS 'number expression over l: what the user is worth to you, such as l.revenue; summed up by ferry.cutover';
COMMENT ON COLUMN ferry.source.contact IS 'expression over l: the address that ferry.notice_list tells, such as l.email; null = the first login, one with an @ before others';
COMMENT ON COLUMN ferry.source.deactivate IS 'how ferry.import with operation deactivate puts users out of use who are gone from the source: columns of the users table, each with an SQL expression over the user''s row u, such as {"active": "false", "deleted_at": "now()"}';

CREATE TABLE ferry.mapping (
    source        text NOT NULL CONSTRAINT mapping_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    target_column text NOT NULL,
    expression    text NOT NULL,
    on_conflict   text NOT NULL DEFAULT 'keep',
    refresh       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (source, target_column),
    CONSTRAINT mapping_on_conflict_known CHECK (on_conflict IN ('keep', 'overwrite', 'fill', 'merge', 'newer'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.mapping', '');

COMMENT ON TABLE ferry.mapping IS 'how a legacy row becomes a user: one row per target column';
COMMENT ON COLUMN ferry.mapping.source IS 'the source whose rows it transforms';
COMMENT ON COLUMN ferry.mapping.target_column IS 'the column of the users table that it fills';
COMMENT ON COLUMN ferry.mapping.expression IS 'SQL expression over the legacy row l, such as lower(l.email)';
COMMENT ON COLUMN ferry.mapping.on_conflict IS 'when a user who already exists is adopted: keep (default) what is there, overwrite it, fill it where it is null, merge (jsonb: the keys that are missing are added), newer (overwrite it if the legacy row was changed later: changed_at of ferry.source and ferry.target)';
COMMENT ON COLUMN ferry.mapping.refresh IS 'whether the column is brought up to date at later logins: overwritten where it differs, or as on_conflict says if that is fill, merge or newer. The source is then asked at every login of its users; where it cannot be, they are let in all the same';

CREATE TABLE ferry.rule (
    source     text NOT NULL CONSTRAINT rule_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    name       text NOT NULL CONSTRAINT rule_name_not_empty CHECK (name <> ''),
    expression text NOT NULL,
    severity   text NOT NULL DEFAULT 'reject',
    code       text,
    message    text,
    PRIMARY KEY (source, name),
    CONSTRAINT rule_severity_known CHECK (severity IN ('reject', 'must_change', 'warn'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.rule', '');

COMMENT ON TABLE ferry.rule IS 'what a legacy user must satisfy to be moved; asked once the legacy password was found right';
COMMENT ON COLUMN ferry.rule.source IS 'the source whose users it is about';
COMMENT ON COLUMN ferry.rule.name IS 'what events call it';
COMMENT ON COLUMN ferry.rule.expression IS 'boolean SQL expression over the legacy row l, and over what may be told of the password: p.length (characters), p.sha1 and p.sha256 (lower-case hex). What is not true, null included, breaks the rule';
COMMENT ON COLUMN ferry.rule.severity IS 'what breaking it means: reject (default: the user is not moved, the outcome is rejected), must_change (moved, and must change the password), warn (moved, and noted in the event)';
COMMENT ON COLUMN ferry.rule.code IS 'a short word for programs, kept in the event';
COMMENT ON COLUMN ferry.rule.message IS 'a sentence for people, kept in the event';

CREATE TABLE ferry.child (
    source      text NOT NULL CONSTRAINT child_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    name        text NOT NULL CONSTRAINT child_name_not_empty CHECK (name <> ''),
    relation    text NOT NULL,
    user_column text NOT NULL,
    rows        text NOT NULL,
    columns     text[],
    on_conflict text NOT NULL DEFAULT 'add',
    refresh     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (source, name),
    CONSTRAINT child_columns_without_nulls CHECK (array_position(columns, NULL) IS NULL),
    CONSTRAINT child_on_conflict_known CHECK (on_conflict IN ('add', 'keep', 'replace'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.child', '');

COMMENT ON TABLE ferry.child IS 'rows of other tables that come with a user, such as roles, second factors or consents: one row here per table, in the order of their names, written in the same transaction as the user';
COMMENT ON COLUMN ferry.child.source IS 'the source whose users they belong to';
COMMENT ON COLUMN ferry.child.name IS 'what events call it';
COMMENT ON COLUMN ferry.child.relation IS 'the table that takes the rows; stored schema-qualified';
COMMENT ON COLUMN ferry.child.user_column IS 'its column that refers to the user: it gets the id of the target''s id_column';
COMMENT ON COLUMN ferry.child.rows IS 'the rows: a query over the legacy row l, such as SELECT r.id AS role_id FROM roles r WHERE r.name = ANY (l.roles), or an expression, such as unnest(l.roles). It is asked before anything is locked or written, and may ask foreign tables';
COMMENT ON COLUMN ferry.child.columns IS 'the columns that they fill, in order; null = as the query names them';
COMMENT ON COLUMN ferry.child.on_conflict IS 'when the user has rows there already, from a trigger or as one who is adopted: add (default) those that are missing, as the columns that are filled tell; keep what is there and add none; replace what is there: those that are missing are added, and what the query does not return is deleted';
COMMENT ON COLUMN ferry.child.refresh IS 'whether later logins, too, write them as on_conflict says';

CREATE TABLE ferry.hook (
    target   text NOT NULL DEFAULT 'default' CONSTRAINT hook_target_fkey REFERENCES ferry.target (name) ON DELETE CASCADE ON UPDATE CASCADE,
    name     text NOT NULL CONSTRAINT hook_name_not_empty CHECK (name <> ''),
    source   text CONSTRAINT hook_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    point    text NOT NULL,
    function text NOT NULL,
    priority integer NOT NULL DEFAULT 100,
    timeout  interval NOT NULL DEFAULT '1 second',
    enabled  boolean NOT NULL DEFAULT true,
    PRIMARY KEY (target, name),
    CONSTRAINT hook_point_known
        CHECK (point IN ('before_source', 'after_fetch', 'after_verify', 'before_write', 'after_write', 'after_login', 'on_failure')),
    CONSTRAINT hook_timeout_sensible CHECK (timeout BETWEEN '1 millisecond' AND '1 hour')
);
SELECT pg_catalog.pg_extension_config_dump('ferry.hook', '');

COMMENT ON TABLE ferry.hook IS 'SQL functions that are called at points of a login, with the rights of the target''s run_as; an error in one undoes the move and keeps the user out';
COMMENT ON COLUMN ferry.hook.target IS 'the target at whose logins it is called';
COMMENT ON COLUMN ferry.hook.name IS 'what events call it';
COMMENT ON COLUMN ferry.hook.source IS 'only for users of this source; null = of all';
COMMENT ON COLUMN ferry.hook.point IS 'when it is called: before_source, after_fetch, after_verify, before_write, after_write, after_login, on_failure; the README tells what each is for';
COMMENT ON COLUMN ferry.hook.function IS 'the function, by its name alone; it takes the row type of the point, which is looked for first, or a context in jsonb; stored schema-qualified';
COMMENT ON COLUMN ferry.hook.priority IS 'hooks of one point are called in ascending order, then by name';
COMMENT ON COLUMN ferry.hook.timeout IS 'how long one call may take; one that takes longer has failed';
COMMENT ON COLUMN ferry.hook.enabled IS 'false = it is not called';

-- Written by ferry.retire_source alone, and kept with everything else that must survive a dump.
CREATE TABLE ferry.retirement (
    source       text PRIMARY KEY CONSTRAINT retirement_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    outcome      text NOT NULL,
    message      text,
    retired_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    retired_by   text NOT NULL DEFAULT session_user,
    legacy_total bigint,
    figures      jsonb NOT NULL,
    CONSTRAINT retirement_outcome_known CHECK (outcome IN ('invalid', 'rejected', 'unavailable'))
);
SELECT pg_catalog.pg_extension_config_dump('ferry.retirement', '');

COMMENT ON TABLE ferry.retirement IS 'the sources that are asked no more; written by ferry.retire_source, and by ferry.reinstate_source, which takes it back';
COMMENT ON COLUMN ferry.retirement.source IS 'the source; its config stays, but is neither used nor checked';
COMMENT ON COLUMN ferry.retirement.outcome IS 'how logins of those end who were left behind: invalid (default: as of somebody whom nobody knows), rejected, unavailable; these two tell whoever types such a login that it was one';
COMMENT ON COLUMN ferry.retirement.message IS 'what applications show to them, through ferry.retired_message';
COMMENT ON COLUMN ferry.retirement.retired_at IS 'when it was retired';
COMMENT ON COLUMN ferry.retirement.retired_by IS 'the role that opened the session that did it';
COMMENT ON COLUMN ferry.retirement.legacy_total IS 'legacy users at that time; null = they could not be counted';
COMMENT ON COLUMN ferry.retirement.figures IS 'what ferry.cutover said at that time';

-- Where the outcome is one of its own, the logins of those who were left behind must be known again when they are typed: as
-- digests under a key of their own, which a dump carries with them. Whoever has both can try logins, but not list them.
CREATE TABLE ferry._left_key (
    source text PRIMARY KEY CONSTRAINT left_key_source_fkey REFERENCES ferry.source (name) ON DELETE CASCADE ON UPDATE CASCADE,
    key    bytea NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('ferry._left_key', '');
COMMENT ON TABLE ferry._left_key IS 'the keys under which the logins in ferry._left_login are digested; granted to nobody';
COMMENT ON COLUMN ferry._left_key.source IS 'the retired source';
COMMENT ON COLUMN ferry._left_key.key IS '32 random bytes';

CREATE TABLE ferry._left_login (
    source text CONSTRAINT left_login_source_fkey REFERENCES ferry._left_key (source) ON DELETE CASCADE ON UPDATE CASCADE,
    digest bytea,
    PRIMARY KEY (source, digest)
);
SELECT pg_catalog.pg_extension_config_dump('ferry._left_login', '');
COMMENT ON TABLE ferry._left_login IS 'the logins of those who were left behind in a retired source; granted to nobody';
COMMENT ON COLUMN ferry._left_login.source IS 'the retired source';
COMMENT ON COLUMN ferry._left_login.digest IS 'keyed digest of a login in its normal form';

CREATE FUNCTION ferry._left_digest(key bytea, login text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN substr(sha256(key || sha256(key || convert_to(login, 'UTF8'))), 1, 16);
COMMENT ON FUNCTION ferry._left_digest(bytea, text) IS 'internal: how a login is kept in ferry._left_login';

CREATE FUNCTION ferry._is_left_behind(source text, login text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM ferry._left_key k JOIN ferry._left_login l ON l.source = k.source AND l.digest = ferry._left_digest(k.key, $2)
        WHERE k.source = $1)
$$;
COMMENT ON FUNCTION ferry._is_left_behind(text, text) IS 'internal: whether a login is of somebody whom a retired source has left behind';

CREATE VIEW ferry._asked AS SELECT s.* FROM ferry.source s WHERE s.name NOT IN (SELECT r.source FROM ferry.retirement r);
COMMENT ON VIEW ferry._asked IS 'internal: the sources that are not retired';

CREATE FUNCTION ferry._config() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object(
        'relations', jsonb_build_array('ferry.target'::regclass::oid::bigint, 'ferry.source'::regclass::oid::bigint, 'ferry.mapping'::regclass::oid::bigint, 'ferry.rule'::regclass::oid::bigint, 'ferry.child'::regclass::oid::bigint, 'ferry.hook'::regclass::oid::bigint),
        'targets', (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.name), '[]') FROM ferry.target t),
        'sources', (SELECT coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object('timeout_ms', ceil(extract(epoch FROM s.timeout) * 1000), 'retired', (SELECT r.outcome FROM ferry.retirement r WHERE r.source = s.name)) ORDER BY s.priority, s.name), '[]') FROM ferry.source s),
        'mappings', (SELECT coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.source, m.target_column), '[]') FROM ferry.mapping m),
        'rules', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.source, r.name), '[]') FROM ferry.rule r),
        'children', (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.source, c.name), '[]') FROM ferry.child c),
        'hooks', (SELECT coalesce(jsonb_agg(to_jsonb(h) || jsonb_build_object('timeout_ms', ceil(extract(epoch FROM h.timeout) * 1000)) ORDER BY h.priority, h.name), '[]') FROM ferry.hook h))
$$;
COMMENT ON FUNCTION ferry._config() IS 'internal: all config as one document, read once per change by every session';

CREATE FUNCTION ferry._columns(relation oid)
    RETURNS TABLE (number int2, name text, type oid, type_name text, typmod int4, is_generated boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    -- A domain has the length, not the column.
    SELECT attnum, attname::text, atttypid, format_type(atttypid, atttypmod), greatest(atttypmod, typtypmod), attgenerated <> '' OR attidentity = 'a'
    FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
$$;
COMMENT ON FUNCTION ferry._columns(oid) IS 'internal: the columns of a relation or composite type';

CREATE FUNCTION ferry._may_alter_later(row_type oid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    -- A view is a rule, too.
    SELECT c.relhasrules OR EXISTS (
        SELECT FROM pg_trigger t
        WHERE t.tgrelid IN (SELECT c.oid UNION ALL SELECT relid FROM pg_partition_tree(c.oid))
          -- INSERT, and neither BEFORE nor INSTEAD OF.
          AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 4 = 4 AND t.tgtype & 66 = 0)
    FROM pg_type y
    JOIN pg_class c ON c.oid = y.typrelid
    WHERE y.oid = row_type
$$;
COMMENT ON FUNCTION ferry._may_alter_later(oid) IS 'internal: whether what INSERT has returned of a relation, given its row type, may be something else once it is stored';

CREATE FUNCTION ferry._unreadable_columns(row_type oid, role_name text) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.attname::text
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_roles r ON r.rolname = role_name
    WHERE c.reltype = row_type AND c.relkind <> 'c' AND NOT has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')
    ORDER BY a.attnum
$$;
COMMENT ON FUNCTION ferry._unreadable_columns(oid, text) IS 'internal: the columns of a relation, given its row type, that a role may not read';

CREATE FUNCTION ferry._function(function oid, role_name text)
    RETURNS TABLE (schema text, name text, title text, signature text, result oid, is_plain boolean, can_use_schema boolean, can_execute boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT n.nspname::text, p.proname::text, format('%I.%I', n.nspname, p.proname), p.oid::regprocedure::text, p.prorettype,
           p.prokind = 'f' AND NOT p.proretset,
           coalesce(has_schema_privilege(r.oid, n.oid, 'USAGE'), false),
           coalesce(has_function_privilege(r.oid, p.oid, 'EXECUTE'), false)
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    LEFT JOIN pg_roles r ON r.rolname = role_name
    WHERE p.oid = function
$$;
COMMENT ON FUNCTION ferry._function(oid, text) IS 'internal: what a function is and what a role may do with it';

-- Privileges are asked for role and object together, so that a missing one can be named with its cure.
CREATE FUNCTION ferry._relation(relation oid, role_name text)
    RETURNS TABLE (schema text, name text, title text, kind text, row_type oid, owner text, can_use_schema boolean, can_select boolean, can_write boolean, takes_rows boolean, can_insert boolean, can_delete boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT n.nspname::text, c.relname::text, c.oid::regclass::text, c.relkind::text, c.reltype, pg_get_userbyid(c.relowner)::text,
           coalesce(has_schema_privilege(r.oid, n.oid, 'USAGE'), false),
           coalesce(c.relkind = 'c' OR has_any_column_privilege(r.oid, c.oid, 'SELECT'), false),
           coalesce(c.relkind <> 'c' AND has_any_column_privilege(r.oid, c.oid, 'INSERT') AND has_any_column_privilege(r.oid, c.oid, 'UPDATE'), false),
           -- Bit 3 says that INSERT works, by itself or by a trigger or rule.
           c.relkind IN ('r', 'p') OR (c.relkind = 'v' AND pg_relation_is_updatable(c.oid, true) & 8 = 8),
           coalesce(c.relkind <> 'c' AND has_any_column_privilege(r.oid, c.oid, 'INSERT'), false),
           coalesce(c.relkind <> 'c' AND has_table_privilege(r.oid, c.oid, 'DELETE'), false)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_roles r ON r.rolname = role_name
    WHERE c.oid = relation
$$;
COMMENT ON FUNCTION ferry._relation(oid, text) IS 'internal: what a relation is and what a role may do with it';

-- Asked of the catalogue, so that every config table is known here that there will ever be.
CREATE FUNCTION ferry._config_defaults(config_table text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pairs text;
    defaults jsonb;
BEGIN
    SELECT string_agg(format('%L, %s', attname, coalesce(pg_get_expr(adbin, adrelid), 'NULL')), ', ' ORDER BY attnum) INTO pairs
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = format('ferry.%I', config_table)::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('SELECT jsonb_build_object(%s)', pairs) INTO defaults;
    RETURN defaults;
END
$$;
COMMENT ON FUNCTION ferry._config_defaults(text) IS 'internal: the row of a config table of which nothing was said';

-- What PostgreSQL puts around a value that is assigned to a column: the cast, then the function that fits it to the length
-- (of three arguments where it must know that the cast is not an explicit one, which would cut), then the domain.
CREATE FUNCTION ferry._assignment(type oid, typmod int4)
    RETURNS TABLE (before text, after text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE under (depth, oid, typmod) AS (
        SELECT 0, type, typmod
        UNION ALL
        SELECT u.depth + 1, t.typbasetype, t.typtypmod
        FROM under u JOIN pg_type t ON t.oid = u.oid AND t.typtype = 'd'
    ), base AS (
        SELECT b.oid, b.typmod, p.oid IS NOT NULL AS has_length, p.pronargs,
               format('%I.%I', n.nspname, p.proname) AS function
        FROM (SELECT * FROM under ORDER BY depth DESC LIMIT 1) b
        LEFT JOIN pg_cast c ON c.castsource = b.oid AND c.casttarget = b.oid AND c.castfunc <> 0 AND b.typmod >= 0
        LEFT JOIN pg_proc p ON p.oid = c.castfunc
        LEFT JOIN pg_namespace n ON n.oid = p.pronamespace
    )
    SELECT concat(CASE WHEN is_domain THEN 'CAST(' END, CASE WHEN has_length THEN function || '(' END, 'CAST('),
           concat(' AS ', CASE WHEN has_length THEN format_type(oid, -1) ELSE format_type(oid, typmod) END, ')',
                  CASE WHEN has_length THEN concat(', ', typmod, CASE WHEN pronargs = 3 THEN ', false' END, ')') END,
                  CASE WHEN is_domain THEN concat(' AS ', format_type(type, -1), ')') END)
    FROM base, LATERAL (SELECT oid <> type AS is_domain) AS d
$$;
COMMENT ON FUNCTION ferry._assignment(oid, int4) IS 'internal: the SQL before and after an expression that makes of it what a column of a type gets in an assignment';
