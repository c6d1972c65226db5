-- Presets: boards and wikis.
--
-- Where logins know no case, the columns themselves are asked first: they have indexes, and MySQL compares them without case. In a copy
-- lower() finds the others.

-- auth/provider/db.php trims what request->variable() has escaped (ENT_COMPAT) and brought to NFC. Names and addresses are stored
-- escaped in the same way. user_type: 0 = normal, 1 = inactive, 2 = a bot or the anonymous visitor, 3 = founder.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'phpbb3',
    'phpBB 3.0 to 3.3',
    'the table phpbb_users (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'user_id',
        'login_columns', ARRAY[
            'username_clean', 'user_email',
            $$lower(replace(replace(replace(replace(l.username, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&amp;', '&'))$$,
            $$lower(replace(l.user_email, '&amp;', '&'))$$],
        'hash', $$CASE WHEN l.user_password ~ '^[0-9a-f]{32}$' THEN '{MD5}' || l.user_password ELSE l.user_password END$$,
        'filter', 'l.user_type <> 2',
        'unicode_forms', '{nfc}'::text[],
        'transforms', '{html_compat,trim}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(replace(l.user_email, '&amp;', '&')), '')$$,
        'username', $$replace(replace(replace(replace(l.username, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&amp;', '&')$$,
        'created_at', 'to_timestamp(l.user_regdate)',
        'last_login_at', 'to_timestamp(nullif(l.user_lastvisit, 0))',
        'active', 'l.user_type <> 1',
        'is_admin', 'l.user_type = 3',
        'locale', $$nullif(l.user_lang, '')$$,
        'timezone', $$nullif(l.user_timezone::text, '')$$,
        'legacy_id', 'l.user_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.user_type <> 1',
            'code', 'inactive',
            'message', 'The account was never activated, or was deactivated: user_inactive_reason says which.')),
    'Bots and the anonymous visitor stay behind. is_admin is true for founders only; groups and permissions are not moved. Bans are in phpbb_banlist: add a rule NOT EXISTS (SELECT FROM '
    'legacy.phpbb_banlist b WHERE b.ban_userid = l.user_id AND b.ban_exclude = 0 AND (b.ban_end = 0 OR to_timestamp(b.ban_end) > now())). phpBB logs in by name; the address, which it '
    'keeps unique unless allow_emailreuse is set, is looked up after it. In phpBB 3.0 user_timezone is a number of hours. Hashes that the cron job of 3.1 has wrapped ($H\2y$…) and those '
    'converted from other boards ($CP$… and the like) cannot be verified: their owners need a "forgot password". The table is documented in phpbb/db/migration/data/v30x',
    true);

-- The columns have the names and types that they have on PostgreSQL, where users are in mwuser and no view is needed.
INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'mediawiki',
    'MediaWiki 1.5 to 1.44',
    'a view as view_sql makes it of the table user; of a wiki on PostgreSQL the table mwuser itself',
    $view$CREATE VIEW legacy.mediawiki_user AS
SELECT user_id,
       convert_from(user_name, 'UTF8') AS user_name,
       convert_from(user_real_name, 'UTF8') AS user_real_name,
       convert_from(user_password, 'UTF8') AS user_password,
       convert_from(user_email, 'UTF8') AS user_email,
       to_timestamp(convert_from(user_email_authenticated, 'UTF8'), 'YYYYMMDDHH24MISS')::timestamp AT TIME ZONE 'UTC' AS user_email_authenticated,
       to_timestamp(convert_from(user_registration, 'UTF8'), 'YYYYMMDDHH24MISS')::timestamp AT TIME ZONE 'UTC' AS user_registration,
       to_timestamp(convert_from(user_password_expires, 'UTF8'), 'YYYYMMDDHH24MISS')::timestamp AT TIME ZONE 'UTC' AS user_password_expires
FROM legacy."user"$view$,
    jsonb_build_object(
        'key_column', 'user_id',
        'login_columns', ARRAY[
            'user_name',
            'lower(l.user_name)',
            'CASE WHEN l.user_email_authenticated IS NOT NULL THEN lower(l.user_email) END'],
        'hash', 'l.user_password',
        'unicode_forms', '{nfc}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.user_email), '')$$,
        'username', 'l.user_name',
        'display_name', $$coalesce(nullif(l.user_real_name, ''), l.user_name)$$,
        'created_at', 'l.user_registration',
        'email_verified', 'l.user_email_authenticated IS NOT NULL',
        'email_verified_at', 'l.user_email_authenticated',
        'legacy_id', 'l.user_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'password not expired',
            'expression', 'l.user_password_expires IS NULL OR l.user_password_expires > now()',
            'severity', 'must_change',
            'code', 'password_expired',
            'message', 'The password has expired.')),
    'Names begin with a capital, so jane finds Jane; names that differ in case only are different people, and are found as they are written. An address is taken for a login only once it was '
    'confirmed: MediaWiki itself logs in by name. Nothing says that an account is closed: blocked users may log in, unless $wgBlockDisablesLogin is set; to keep them out add a rule NOT EXISTS '
    '(SELECT FROM legacy.ipblocks b WHERE b.ipb_user = l.user_id AND convert_from(b.ipb_expiry, ''UTF8'') > to_char(now() AT TIME ZONE ''UTC'', ''YYYYMMDDHH24MISS'')). Since 1.42 these are '
    'bt_user and bl_expiry of legacy.block b JOIN legacy.block_target t ON t.bt_id = b.bl_target; on PostgreSQL the expiry is a time: b.ipb_expiry > now(). Groups and '
    'preferences are not moved. user_password_expires exists since 1.23: of an older wiki let the view say NULL::timestamptz. The columns '
    'are binary on MySQL and MariaDB; a copy that has made text of some needs no convert_from for these. mysql_fdw cannot import a tinyblob: write the foreign table '
    'with bytea for these. For quick look-ups index (convert_from(user_name, ''UTF8'')) and '
    '(lower(convert_from(user_name, ''UTF8''))) of the copy. An address that was never confirmed is moved with email_verified false. The table is documented at https://www.mediawiki.org/wiki/Manual:User_table',
    true);

-- user_passwords has the algorithm as the head of a PHC string, and salt and hash beside it: together they say themselves what they are.
INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'discourse',
    'Discourse 3.4 and later',
    'a view as view_sql makes it of users, user_emails and user_passwords',
    $view$CREATE VIEW legacy.discourse_user AS
SELECT u.id, u.username, u.username_lower, u.name, e.email, u.active, u.staged, u.approved, u.suspended_till, u.admin, u.locale,
       u.created_at, u.updated_at, u.last_seen_at, u.date_of_birth,
       p.password_algorithm, p.password_salt, p.password_hash, p.password_expired_at
FROM legacy.users u
JOIN legacy.user_emails e ON e.user_id = u.id AND e."primary"
LEFT JOIN legacy.user_passwords p ON p.user_id = u.id$view$,
    jsonb_build_object(
        'key_column', 'id',
        'login_columns', '{username_lower,lower(l.email)}'::text[],
        'hash', $$l.password_algorithm || encode(convert_to(l.password_salt, 'UTF8'), 'base64') || '$' || encode(decode(l.password_hash, 'hex'), 'base64')$$,
        'filter', 'l.id > 0 AND NOT l.staged'),
    jsonb_build_object(
        'email', 'lower(l.email)',
        'username', 'l.username',
        'display_name', $$coalesce(nullif(l.name, ''), l.username)$$,
        'created_at', $$l.created_at AT TIME ZONE 'UTC'$$,
        'updated_at', $$l.updated_at AT TIME ZONE 'UTC'$$,
        'last_login_at', $$l.last_seen_at AT TIME ZONE 'UTC'$$,
        'email_verified', 'l.active',
        'active', 'l.active',
        'is_admin', 'l.admin',
        'locale', $$nullif(l.locale, '')$$,
        'birth_date', 'l.date_of_birth',
        'legacy_id', 'l.id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.active',
            'code', 'not_activated',
            'message', 'The address was never confirmed, or the account was deactivated.'),
        jsonb_build_object(
            'name', 'not suspended',
            'expression', $$l.suspended_till IS NULL OR l.suspended_till <= now() AT TIME ZONE 'UTC'$$,
            'code', 'suspended',
            'message', 'The account is suspended.'),
        jsonb_build_object(
            'name', 'password not expired',
            'expression', 'l.password_expired_at IS NULL',
            'severity', 'must_change',
            'code', 'password_expired',
            'message', 'The password has expired.')),
    'Users of the system (id below 0) and staged ones, who have only written mails, stay behind. Where must_approve_users is set, add a rule l.approved OR l.admin. Groups, custom fields '
    'and linked identities (user_associated_accounts) are not moved. Until 2024 the password was in users: let the view take u.password_algorithm, u.salt AS password_salt, '
    'u.password_hash and NULL::timestamp AS password_expired_at, without user_passwords; before it had an algorithm this was $pbkdf2-sha256$i=64000,l=32$. The tables are documented '
    'at the end of app/models/user.rb, user_email.rb and user_password.rb',
    true);

-- The pages hash passwords before they send them: the text trimmed, its MD5 once in UTF-8 and once in the charset of the board.
-- Names are stored escaped. Groups: 3 = awaiting activation, 4 = awaiting moderation, 6 = administrators, 8 = banned.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'vbulletin',
    'vBulletin 3 and 4',
    'the table user (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'userid',
        'login_columns', ARRAY[
            'username', 'email',
            $$lower(replace(replace(replace(replace(l.username, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&amp;', '&'))$$,
            'lower(l.email)'],
        'hash', 'l.password',
        'salt', 'l.salt',
        'format', 'vbulletin',
        'transforms', '{trim}'::text[],
        'charsets', '{utf-8,cp1252}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', $$replace(replace(replace(replace(l.username, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&amp;', '&')$$,
        'created_at', 'to_timestamp(nullif(l.joindate, 0))',
        'last_login_at', 'to_timestamp(nullif(l.lastactivity, 0))',
        'active', 'l.usergroupid NOT IN (3, 4, 8)',
        'is_admin', 'l.usergroupid = 6',
        'website', $$nullif(l.homepage, '')$$,
        'legacy_id', 'l.userid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'activated',
            'expression', 'l.usergroupid NOT IN (3, 4)',
            'code', 'not_activated',
            'message', 'The account awaits the confirmation of its address, or a moderator.'),
        jsonb_build_object(
            'name', 'not banned',
            'expression', 'l.usergroupid <> 8',
            'code', 'banned',
            'message', 'The account is banned.')),
    'The numbers of the groups are those of a new installation: compare them with the table usergroup; who is banned until some day is in userban. Further groups and profile fields '
    '(userfield) are not moved. vBulletin logs in by name; the address is looked up after it, and is ambiguous where requireuniqueemail is off. Imported members keep the hashes of the '
    'board that they came from until their first login. The table is documented in install/mysql-schema.php',
    true);

-- Every algorithm is over the MD5 of the password in hex; of the old hashes, MD5 over that and a salt, the token is hash, blank, salt.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'vbulletin5',
    'vBulletin 5.1 to 6',
    'the table user (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'userid',
        'login_columns', ARRAY[
            'username', 'email',
            $$lower(replace(replace(replace(replace(l.username, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&amp;', '&'))$$,
            'lower(l.email)'],
        'hash', $$CASE
            WHEN l.scheme = 'legacy' AND l.token ~ '^[0-9a-f]{32} ' THEN '{SMD5}' || encode(decode(left(l.token, 32), 'hex') || convert_to(substr(l.token, 34), 'UTF8'), 'base64')
            ELSE l.token
        END$$,
        'format', 'md5($pass)|any',
        'transforms', '{trim}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', $$replace(replace(replace(replace(l.username, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&amp;', '&')$$,
        'created_at', 'to_timestamp(nullif(l.joindate, 0))',
        'last_login_at', 'to_timestamp(nullif(l.lastactivity, 0))',
        'active', 'l.usergroupid NOT IN (3, 4, 8)',
        'is_admin', 'l.usergroupid = 6',
        'website', $$nullif(l.homepage, '')$$,
        'legacy_id', 'l.userid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'activated',
            'expression', 'l.usergroupid NOT IN (3, 4)',
            'code', 'not_activated',
            'message', 'The account awaits the confirmation of its address, or a moderator.'),
        jsonb_build_object(
            'name', 'not banned',
            'expression', 'l.usergroupid <> 8',
            'code', 'banned',
            'message', 'The account is banned.')),
    'The numbers of the groups are those of a new installation: compare them with the table usergroup; who is banned until some day is in userban. Further groups, profile fields '
    '(userfield) and second factors are not moved. The address is looked up after the name, and is ambiguous where requireuniqueemail is off. Until 5.1 the table has password and salt '
    'in place of token and scheme: preset vbulletin fits it. The table is documented in install/mysql-schema.php',
    true);

-- The column data is a PHP array, serialized until 2.0 and JSON since, of what the scheme wants: hash for most, hash, salt and hashFunc
-- for XenForo before 1.2. What is typed is trimmed.
INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'xenforo',
    'XenForo 1 and 2',
    'a view as view_sql makes it of xf_user and xf_user_authenticate',
    $view$CREATE VIEW legacy.xenforo_user AS
SELECT u.user_id, u.username, u.email, u.user_state::text AS user_state, u.is_banned, u.is_admin, u.register_date, u.last_activity, u.timezone, a.scheme_class,
       CASE WHEN a.data LIKE '{%' THEN a.data::jsonb ->> 'hash' ELSE substring(a.data FROM 's:4:"hash";s:[0-9]+:"([^"]*)";') END AS hash,
       CASE WHEN a.data LIKE '{%' THEN a.data::jsonb ->> 'salt' ELSE substring(a.data FROM 's:4:"salt";s:[0-9]+:"([^"]*)";') END AS salt,
       CASE WHEN a.data LIKE '{%' THEN a.data::jsonb ->> 'hashFunc' ELSE substring(a.data FROM 's:8:"hashFunc";s:[0-9]+:"([^"]*)";') END AS hash_func
FROM legacy.xf_user u
LEFT JOIN (SELECT user_id, scheme_class, convert_from(data, 'UTF8') AS data FROM legacy.xf_user_authenticate) a USING (user_id)$view$,
    jsonb_build_object(
        'key_column', 'user_id',
        'login_columns', '{username,email,lower(l.username),lower(l.email)}'::text[],
        'hash', $$CASE WHEN l.hash_func IS NULL THEN l.hash
            ELSE format('a:3:{s:4:"hash";s:%s:"%s";s:4:"salt";s:%s:"%s";s:8:"hashFunc";s:%s:"%s";}', length(l.hash), l.hash, octet_length(l.salt), l.salt, length(l.hash_func), l.hash_func)
        END$$,
        'transforms', '{trim}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', 'l.username',
        'created_at', 'to_timestamp(l.register_date)',
        'last_login_at', 'to_timestamp(nullif(l.last_activity, 0))',
        'email_verified', $$l.user_state = 'valid'$$,
        'active', $$l.user_state NOT IN ('rejected', 'disabled') AND l.is_banned::int = 0$$,
        'is_admin', 'l.is_admin::int = 1',
        'timezone', $$nullif(l.timezone, '')$$,
        'legacy_id', 'l.user_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'activated',
            'expression', $$l.user_state NOT IN ('email_confirm', 'moderated')$$,
            'code', 'not_activated',
            'message', 'The account awaits the confirmation of its address, or a moderator.'),
        jsonb_build_object(
            'name', 'enabled',
            'expression', $$l.user_state NOT IN ('rejected', 'disabled')$$,
            'code', 'disabled',
            'message', 'The account was rejected or disabled.'),
        jsonb_build_object(
            'name', 'not banned',
            'expression', 'l.is_banned::int = 0',
            'code', 'banned',
            'message', 'The account is banned.'),
        jsonb_build_object(
            'name', 'address works',
            'expression', $$l.user_state NOT IN ('email_confirm_edit', 'email_bounce')$$,
            'severity', 'warn',
            'code', 'address',
            'message', 'The address was changed and not confirmed, or mails to it come back.')),
    'Who logs in through a connected account only (scheme …NoPassword) has no hash and cannot be verified. Imported members keep the scheme of the board that they came from until their first '
    'login: hashes that say themselves what they are ($H$…, $2y$…) are taken; for the others see SELECT scheme_class, count(*) and make a source for each, with a filter on '
    'l.scheme_class, the hash l.hash, the salt l.salt and a format such as vbulletin, mybb or ipb2. Groups, profile fields and second factors are not moved. With mysql_fdw, import the tables '
    'with OPTIONS (import_enum_as_text ''true''): user_state is an enum. The columns are those of '
    'src/XF/Entity/User.php and UserAuth.php',
    true);

-- hash_password and login.php: SHA-1 over the name in lower case and the password until 2.0, bcrypt over the same since 2.1.
-- is_activated: 1 = yes, else it awaits something; 10 more when banned.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'smf',
    'Simple Machines Forum 2.0 and 2.1',
    'the table smf_members (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'id_member',
        'login_columns', '{member_name,email_address,lower(l.member_name),lower(l.email_address)}'::text[],
        'hash', $$CASE WHEN l.passwd ~ '^[0-9a-f]{40}$' THEN '{SHA}' || l.passwd ELSE l.passwd END$$,
        'hash_login', 'l.member_name',
        'format', 'lower($user).$pass|any'),
    jsonb_build_object(
        'email', $$nullif(lower(l.email_address), '')$$,
        'username', 'l.member_name',
        'display_name', $$replace(replace(replace(replace(replace(l.real_name, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&')$$,
        'created_at', 'to_timestamp(nullif(l.date_registered, 0))',
        'last_login_at', 'to_timestamp(nullif(l.last_login, 0))',
        'active', 'l.is_activated = 1',
        'is_admin', 'l.id_group = 1',
        'locale', $$nullif(l.lngfile, '')$$,
        'website', $$nullif(l.website_url, '')$$,
        'legacy_id', 'l.id_member'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'activated',
            'expression', 'l.is_activated % 10 = 1',
            'code', 'not_activated',
            'message', 'The account awaits its activation, approval, deletion or a parent''s consent.'),
        jsonb_build_object(
            'name', 'not banned',
            'expression', 'l.is_activated < 10',
            'code', 'banned',
            'message', 'The account is banned.')),
    'Further groups, profile fields and second factors are not moved. Bans by address or host are in smf_ban_items. Hashes that a converter has brought from another board cannot be '
    'verified: their owners need a "forgot password". In a board whose charset is not UTF-8 passwords beyond ASCII are of that charset: set charsets. The table is documented at '
    'https://wiki.simplemachines.org/smf/Table:members',
    true);

-- Groups: 4 = administrators, 5 = awaiting activation, 7 = banned.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'mybb',
    'MyBB 1.0 to 1.8',
    'the table mybb_users (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'uid',
        'login_columns', '{username,email,lower(l.username),lower(l.email)}'::text[],
        'hash', 'l.password',
        'salt', 'l.salt',
        'format', 'mybb'),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', 'l.username',
        'created_at', 'to_timestamp(nullif(l.regdate, 0))',
        'last_login_at', 'to_timestamp(nullif(l.lastvisit, 0))',
        'active', 'l.usergroup NOT IN (5, 7)',
        'is_admin', 'l.usergroup = 4',
        'locale', $$nullif(l.language, '')$$,
        'website', $$nullif(l.website, '')$$,
        'legacy_id', 'l.uid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'activated',
            'expression', 'l.usergroup <> 5',
            'code', 'not_activated',
            'message', 'The account awaits its activation.'),
        jsonb_build_object(
            'name', 'not banned',
            'expression', 'l.usergroup <> 7',
            'code', 'banned',
            'message', 'The account is banned.')),
    'The numbers of the groups are those of a new installation: compare them with mybb_usergroups; other groups may be banned too (isbannedgroup). Further groups and profile fields '
    '(mybb_userfields) are not moved. Plug-ins may store other hashes and name them in a column password_algorithm. The table is documented in install/resources/mysql_db_tables.php',
    true);
