-- Presets: content management systems and shops.
--
-- Where logins know no case, the columns themselves are asked first: they have indexes, and MySQL compares them without case. In a copy
-- lower() finds the others.

-- wp_check_password of wp-includes/pluggable.php takes the hashes of all ages: $wp$2y$ (6.8), $P$ (2.5), and bare MD5 digests
-- (before), which are told here as what they are. Passwords come slashed from its forms (wp_magic_quotes) and are hashed so.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'wordpress',
    'WordPress 1.5 to 6.8',
    'the table wp_users (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'ID',
        'login_columns', '{user_login,user_email,lower(l.user_login),lower(l.user_email)}'::text[],
        'hash', $$CASE WHEN l.user_pass ~ '^[0-9a-f]{32}$' THEN '{MD5}' || encode(decode(l.user_pass, 'hex'), 'base64') ELSE l.user_pass END$$,
        'transforms', '{trim,addslashes}'::text[]),
    jsonb_build_object(
        'email', $$lower(l.user_email)$$,
        'username', $$l.user_login$$,
        'display_name', $$l.display_name$$,
        'created_at', $$nullif(l.user_registered::text, '0000-00-00 00:00:00')::timestamp AT TIME ZONE 'UTC'$$,
        'website', $$nullif(l.user_url, '')$$,
        'legacy_id', $$l."ID"$$),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.user_status = 0',
            'code', 'status',
            'message', 'The account is marked as spam or was never activated.')),
    'MySQL and MariaDB compare without case: there, login_columns = {user_login,user_email} is enough, and spares two searches without an index for unknown logins. '
    'Where they hold a user_registered of 0000-00-00, ALTER FOREIGN TABLE … ALTER user_registered TYPE text. First and last names, roles and the rest of wp_usermeta are not moved. user_status is 0 in WordPress itself; plugins such as BuddyPress set it. In a network (multisite) '
    'wp_users has the columns spam and deleted: add a rule such as l.spam = 0 AND l.deleted = 0. Plugins that replace wp_check_password may write hashes of their own. '
    'The table is described at https://codex.wordpress.org/Database_Description',
    true);

-- user_save() and the form of logins trim passwords.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'drupal7',
    'Drupal 7',
    'the table users (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'uid',
        'login_columns', '{name,mail,lower(l.name),lower(l.mail)}'::text[],
        'hash', 'l.pass',
        'filter', 'l.uid > 0',
        'transforms', '{trim}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.mail), '')$$,
        'username', 'l.name',
        'created_at', 'to_timestamp(l.created)',
        'last_login_at', 'to_timestamp(nullif(l.login, 0))',
        'active', 'l.status::int = 1',
        'locale', $$nullif(l.language, '')$$,
        'timezone', $$nullif(l.timezone, '')$$,
        'legacy_id', 'l.uid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.status::int = 1',
            'code', 'blocked',
            'message', 'The account is blocked, or was never approved.')),
    'Row 0 is the anonymous visitor and stays behind. Roles (users_roles), profile fields (field_data_…) and linked identities (authmap) are not moved. Drupal logs in by name; the '
    'address, which it keeps unique, is looked up after it. Hashes that the upgrade from Drupal 6 left (U$S$…) are taken too. The table is documented in user_schema() of '
    'modules/user/user.install',
    true);

-- A row for each translation of an account; the one in its first language counts. PasswordItem trims, as the form of logins does.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'drupal',
    'Drupal 8 to 11',
    'the table users_field_data (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'uid',
        'login_columns', '{name,mail,lower(l.name),lower(l.mail)}'::text[],
        'hash', 'l.pass',
        'filter', 'l.uid > 0 AND l.default_langcode::int = 1',
        'transforms', '{trim}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.mail), '')$$,
        'username', 'l.name',
        'created_at', 'to_timestamp(l.created)',
        'updated_at', 'to_timestamp(l.changed)',
        'last_login_at', 'to_timestamp(nullif(l.login, 0))',
        'active', 'l.status::int = 1',
        'locale', $$nullif(l.preferred_langcode, '')$$,
        'timezone', $$nullif(l.timezone, '')$$,
        'legacy_id', 'l.uid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.status::int = 1',
            'code', 'blocked',
            'message', 'The account is blocked, or was never approved.')),
    'Row 0 is the anonymous visitor and stays behind. Roles (user__roles), fields of accounts (user__…) and linked identities are not moved. Drupal logs in by name; the address, '
    'which it keeps unique, is looked up after it. Hashes are PHP''s since 10.1 ($2y$…), before that Drupal''s own ($S$…), and both may be there. The columns are the base fields of '
    'core/modules/user/src/Entity/User.php',
    true);

-- JUserHelper::verifyPassword of old, and the handlers of Joomla 4: what has no prefix is MD5 over password and salt.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'joomla',
    'Joomla 3.3 to 5',
    'the table …_users (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'id',
        'login_columns', '{username,email,lower(l.username),lower(l.email)}'::text[],
        'hash', $$CASE
            WHEN l.password ~ '^[0-9a-fA-F]{32}:.' THEN '{SMD5}' || replace(encode(decode(left(l.password, 32), 'hex') || convert_to(substr(l.password, 34), 'UTF8'), 'base64'), chr(10), '')
            WHEN l.password ~ '^[0-9a-fA-F]{32}:?$' THEN '{MD5}' || left(l.password, 32)
            WHEN l.password ~ '^\{SHA256\}[0-9a-fA-F]{64}:.' THEN '{SSHA256}' || replace(encode(decode(substr(l.password, 9, 64), 'hex') || convert_to(substr(l.password, 74), 'UTF8'), 'base64'), chr(10), '')
            ELSE l.password
        END$$),
    jsonb_build_object(
        'email', 'lower(l.email)',
        'username', 'l.username',
        'display_name', 'l.name',
        'created_at', $$nullif(l."registerDate"::text, '0000-00-00 00:00:00')::timestamp AT TIME ZONE 'UTC'$$,
        'last_login_at', $$nullif(l."lastvisitDate"::text, '0000-00-00 00:00:00')::timestamp AT TIME ZONE 'UTC'$$,
        'active', 'l.block::int = 0',
        'legacy_id', 'l.id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.block::int = 0',
            'code', 'blocked',
            'message', 'The account is blocked, or was never activated.'),
        jsonb_build_object(
            'name', 'no reset required',
            'expression', 'coalesce(l."requireReset"::int, 0) = 0',
            'severity', 'must_change',
            'code', 'reset_required',
            'message', 'An administrator has asked for a new password.')),
    'Groups (…_user_usergroup_map; 8 is Super Users), profile fields and second factors are not moved. Joomla logs in by user name; the address, which it keeps unique, is looked up '
    'after it. An unactivated account is a blocked one whose activation holds a token. Times are UTC. Where MySQL holds a lastvisitDate of 0000-00-00, as Joomla 3 wrote it for who was never there, '
    'ALTER FOREIGN TABLE … ALTER "lastvisitDate" TYPE text. Joomla before 3.3 has no requireReset: insert a copy of this preset without '
    'that rule. A tool that folds column names to lower case (pgloader does, unless told to quote identifiers) makes registerdate of "registerDate": rename the columns in a view. '
    'The table is documented in installation/sql/…/base.sql',
    true);

-- Encryptor of lib/internal/Magento/Framework/Encryption: hash:salt:versions, 0 = MD5, 1 = SHA-256, 2 and 3 = argon2id.
-- The first two put the salt before the password; so did Magento 1, which wrote no version. e1NBTFR9e1BBU1NXT1JEfQ== is
-- {SALT}{PASSWORD} in base64.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'magento2',
    'Magento 2, Adobe Commerce and Mage-OS (customers)',
    'the table customer_entity (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'entity_id',
        'login_columns', '{email,lower(l.email)}'::text[],
        'hash', $$CASE
            WHEN l.password_hash ~ '^[0-9a-f]{64}:[^:]+(:1)?$' THEN '$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$' || encode(convert_to(split_part(l.password_hash, ':', 2), 'UTF8'), 'base64') || '$' || encode(decode(left(l.password_hash, 64), 'hex'), 'base64')
            WHEN l.password_hash ~ '^[0-9a-f]{32}:[^:]+(:0)?$' THEN '$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$' || encode(convert_to(split_part(l.password_hash, ':', 2), 'UTF8'), 'base64') || '$' || encode(decode(left(l.password_hash, 32), 'hex'), 'base64')
            ELSE l.password_hash
        END$$),
    jsonb_build_object(
        'email', 'lower(l.email)',
        'display_name', $$concat_ws(' ', nullif(l.firstname, ''), nullif(l.lastname, ''))$$,
        'first_name', 'l.firstname',
        'last_name', 'l.lastname',
        'created_at', $$l.created_at AT TIME ZONE 'UTC'$$,
        'updated_at', $$l.updated_at AT TIME ZONE 'UTC'$$,
        'active', 'l.is_active::int = 1',
        'birth_date', 'l.dob',
        'legacy_id', 'l.entity_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.is_active::int = 1',
            'code', 'inactive',
            'message', 'The account is inactive.'),
        jsonb_build_object(
            'name', 'confirmed',
            'expression', $$coalesce(l.confirmation, '') = ''$$,
            'code', 'not_confirmed',
            'message', 'The address was never confirmed.'),
        jsonb_build_object(
            'name', 'not locked',
            'expression', $$l.lock_expires IS NULL OR l.lock_expires <= now() AT TIME ZONE 'UTC'$$,
            'code', 'locked',
            'message', 'The account is locked for a while after too many wrong passwords.')),
    'Where customers are kept for each website (customer/account_share/scope = 1, which is the default), one address may belong to several: make a source for each with a filter such as '
    'l.website_id = 1, or they are ambiguous. Addresses, groups and orders are not moved; administrators are in admin_user. Hashes that customer:hash:upgrade has wrapped to '
    'hash:salt:0:1 cannot be verified until it has run with sodium. Times are UTC. The table is documented in app/code/Magento/Customer/etc/db_schema.xml',
    true);

INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'moodle',
    'Moodle 2.0 to 5',
    'the table mdl_user (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'id',
        'login_columns', '{username,email,lower(l.email)}'::text[],
        'hash', $$CASE
            WHEN l.password ~ '^[0-9a-f]{32}$' THEN '{MD5}' || l.password
            WHEN l.password NOT IN ('not cached', 'to be generated', 'restored') THEN l.password
        END$$,
        'filter', $$l.deleted::int = 0 AND l.username <> 'guest' AND l.auth <> 'mnet'$$),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', 'l.username',
        'display_name', $$concat_ws(' ', nullif(l.firstname, ''), nullif(l.lastname, ''))$$,
        'first_name', 'l.firstname',
        'last_name', 'l.lastname',
        'phone', $$coalesce(nullif(l.phone1, ''), nullif(l.phone2, ''))$$,
        'created_at', 'to_timestamp(nullif(l.timecreated, 0))',
        'updated_at', 'to_timestamp(nullif(l.timemodified, 0))',
        'last_login_at', 'to_timestamp(nullif(l.currentlogin, 0))',
        'active', 'l.suspended::int = 0',
        'locale', 'l.lang',
        'timezone', $$nullif(l.timezone, '99')$$,
        'city', $$nullif(l.city, '')$$,
        'country', $$nullif(l.country, '')$$,
        'legacy_id', 'l.id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'confirmed',
            'expression', 'l.confirmed::int = 1',
            'code', 'not_confirmed',
            'message', 'The account was never confirmed.'),
        jsonb_build_object(
            'name', 'not suspended',
            'expression', 'l.suspended::int = 0',
            'code', 'suspended',
            'message', 'The account is suspended.'),
        jsonb_build_object(
            'name', 'may log in',
            'expression', $$l.auth <> 'nologin'$$,
            'code', 'nologin',
            'message', 'The account is not for logging in.')),
    'Who logs in through LDAP, OAuth 2, Shibboleth and the like has no hash here (not cached) and stays behind, as do the deleted, the guest and users of other sites (mnet). Roles, enrolments '
    'and profile fields are not moved. For those who were told to change their password add a must_change rule: NOT EXISTS (SELECT FROM legacy.mdl_user_preferences p WHERE p.userid = l.id '
    'AND p.name = ''auth_forcepasswordchange'' AND p.value = ''1''). Hashes of before 2.5 are salted with $CFG->passwordsaltmain: set format to moodle-salted, hash to l.password and '
    'pepper for a source of those. With $CFG->passwordpeppers (4.3) set format to $pass.$pepper|any. The table is documented in lib/db/install.xml',
    true);

-- system/library/request.php escapes what is typed (ENT_COMPAT) and trims it. Until 3 the hash is over that; since 4.0 it is undone before
-- it is hashed, in the way of PHP, and login() of system/library/cart/customer.php takes a bare MD5 too.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'opencart',
    'OpenCart 4 (customers)',
    'the table oc_customer (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'customer_id',
        'login_columns', '{email,lower(l.email)}'::text[],
        'hash', $$CASE WHEN l.password ~ '^[0-9a-f]{32}$' THEN '{MD5}' || l.password ELSE l.password END$$,
        'transforms', '{trim}'::text[]),
    jsonb_build_object(
        'email', 'lower(l.email)',
        'display_name', $$concat_ws(' ', nullif(replace(l.firstname, '&amp;', '&'), ''), nullif(replace(l.lastname, '&amp;', '&'), ''))$$,
        'first_name', $$replace(l.firstname, '&amp;', '&')$$,
        'last_name', $$replace(l.lastname, '&amp;', '&')$$,
        'phone', $$nullif(l.telephone, '')$$,
        'created_at', $$l.date_added AT TIME ZONE 'UTC'$$,
        'active', 'l.status::int = 1',
        'legacy_id', 'l.customer_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.status::int = 1',
            'code', 'disabled',
            'message', 'The account is disabled, or awaits approval.')),
    'A shop that was upgraded has customers with the hashes of OpenCart 3 until their first login: make two sources of the table, this preset with the filter length(l.password) <> 40 and '
    'opencart3 with length(l.password) = 40. Addresses, groups and orders are not moved; administrators are in oc_user. Times are taken for UTC. The table is documented in '
    'system/helper/db_schema.php',
    true);

INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'opencart3',
    'OpenCart 1.5 to 3 (customers)',
    'the table oc_customer (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'customer_id',
        'login_columns', '{email,lower(l.email)}'::text[],
        'hash', 'l.password',
        'salt', 'l.salt',
        'format', 'opencart',
        'transforms', '{html_compat,trim}'::text[]),
    jsonb_build_object(
        'email', 'lower(l.email)',
        'display_name', $$concat_ws(' ', nullif(replace(l.firstname, '&amp;', '&'), ''), nullif(replace(l.lastname, '&amp;', '&'), ''))$$,
        'first_name', $$replace(l.firstname, '&amp;', '&')$$,
        'last_name', $$replace(l.lastname, '&amp;', '&')$$,
        'phone', $$nullif(l.telephone, '')$$,
        'created_at', $$l.date_added AT TIME ZONE 'UTC'$$,
        'active', 'l.status::int = 1',
        'legacy_id', 'l.customer_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.status::int = 1',
            'code', 'disabled',
            'message', 'The account is disabled, or awaits approval.')),
    'Before 3.0 the table has a column approved: add a rule l.approved::int = 1. The bare MD5 digests of 1.4 cannot be verified by this source. '
    'Addresses, groups and orders are not moved; administrators are in oc_user. Times are taken for UTC. The table is documented in install/opencart.sql',
    true);

INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'prestashop',
    'PrestaShop 1.7 to 9 (customers)',
    'the table ps_customer (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'id_customer',
        'login_columns', '{email,lower(l.email)}'::text[],
        'hash', 'l.passwd',
        'filter', 'l.deleted::int = 0 AND l.is_guest::int = 0'),
    jsonb_build_object(
        'email', 'lower(l.email)',
        'display_name', $$concat_ws(' ', nullif(l.firstname, ''), nullif(l.lastname, ''))$$,
        'first_name', 'l.firstname',
        'last_name', 'l.lastname',
        'created_at', $$l.date_add AT TIME ZONE 'UTC'$$,
        'updated_at', $$l.date_upd AT TIME ZONE 'UTC'$$,
        'active', 'l.active::int = 1',
        'birth_date', 'l.birthday',
        'company', $$nullif(l.company, '')$$,
        'website', $$nullif(l.website, '')$$,
        'legacy_id', 'l.id_customer'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.active::int = 1',
            'code', 'inactive',
            'message', 'The account is inactive.')),
    'Guests, who have no password of their own, and the deleted stay behind. Customers of a shop that was 1.6 have MD5 hashes until their first login: make two sources of the table, this '
    'preset with l.passwd LIKE ''$%'' added to its filter, and a copy of it with the format prestashop, a pepper that holds _COOKIE_KEY_ (cookie_key in app/config/parameters.php) and NOT LIKE. '
    'Where shops do not share their customers an address may be in each: add l.id_shop to the filter. Times are those of PS_TIMEZONE and are taken for UTC. Addresses, groups and orders are '
    'not moved; employees are in ps_employee. The table is documented in install/data/db_structure.sql',
    true);

-- Hashes say themselves what they are; an M stands before those that were made of a stored MD5. Forms trim.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'typo3',
    'TYPO3 4.5 to 13 (website users)',
    'the table fe_users',
    jsonb_build_object(
        'key_column', 'uid',
        'login_columns', '{username,email,lower(l.username),lower(l.email)}'::text[],
        'hash', $$CASE WHEN l.password LIKE 'M$P$%' THEN 'U' || substr(l.password, 2) ELSE l.password END$$,
        'filter', 'l.deleted::int = 0',
        'transforms', '{trim}'::text[]),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', 'l.username',
        'display_name', $$coalesce(nullif(l.name, ''), nullif(concat_ws(' ', nullif(l.first_name, ''), nullif(l.last_name, '')), ''), l.username)$$,
        'first_name', $$nullif(l.first_name, '')$$,
        'last_name', $$nullif(l.last_name, '')$$,
        'phone', $$nullif(l.telephone, '')$$,
        'created_at', 'to_timestamp(nullif(l.crdate, 0))',
        'updated_at', 'to_timestamp(nullif(l.tstamp, 0))',
        'last_login_at', 'to_timestamp(nullif(l.lastlogin, 0))',
        'active', 'l.disable::int = 0',
        'website', $$nullif(l.www, '')$$,
        'company', $$nullif(l.company, '')$$,
        'country', $$nullif(l.country, '')$$,
        'city', $$nullif(l.city, '')$$,
        'postal_code', $$nullif(l.zip, '')$$,
        'legacy_id', 'l.uid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'enabled',
            'expression', 'l.disable::int = 0',
            'code', 'disabled',
            'message', 'The account is disabled.'),
        jsonb_build_object(
            'name', 'in its time',
            'expression', 'l.starttime <= extract(epoch FROM now()) AND (l.endtime = 0 OR l.endtime > extract(epoch FROM now()))',
            'code', 'expired',
            'message', 'The account has expired, or has not begun yet.')),
    'A name belongs to one folder (pid) and may be in several: add a filter such as l.pid IN (12, 13), those of the login form. Addresses need not be unique: who shares one logs in by name. '
    'Editors are in be_users, whose columns for this are username, password, realName and email. Groups are not moved. Sites from before 4.5 may hold bare MD5 digests or clear text: identify_hash '
    'tells. The table is documented in typo3/sysext/frontend/ext_tables.sql',
    true);

INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'nextcloud',
    'Nextcloud 13 to 31',
    'a view as view_sql makes it of oc_users and oc_preferences',
    $view$CREATE VIEW legacy.nextcloud_user AS
SELECT u.uid, u.uid_lower, u.displayname, u.password,
       (SELECT p.configvalue FROM legacy.oc_preferences p WHERE p.userid = u.uid AND p.appid = 'settings' AND p.configkey = 'email') AS email,
       (SELECT p.configvalue FROM legacy.oc_preferences p WHERE p.userid = u.uid AND p.appid = 'core' AND p.configkey = 'enabled') AS enabled,
       (SELECT p.configvalue FROM legacy.oc_preferences p WHERE p.userid = u.uid AND p.appid = 'core' AND p.configkey = 'lang') AS lang,
       (SELECT p.configvalue FROM legacy.oc_preferences p WHERE p.userid = u.uid AND p.appid = 'core' AND p.configkey = 'timezone') AS timezone,
       (SELECT p.configvalue FROM legacy.oc_preferences p WHERE p.userid = u.uid AND p.appid = 'login' AND p.configkey = 'lastLogin') AS last_login
FROM legacy.oc_users u$view$,
    jsonb_build_object(
        'key_column', 'uid',
        'login_columns', '{uid_lower,email,lower(l.email)}'::text[],
        'hash', 'l.password'),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', 'l.uid',
        'display_name', $$coalesce(nullif(l.displayname, ''), l.uid)$$,
        'last_login_at', $$to_timestamp(nullif(nullif(l.last_login, ''), '0')::bigint)$$,
        'active', $$coalesce(l.enabled, '') <> 'false'$$,
        'locale', $$nullif(l.lang, '')$$,
        'timezone', $$nullif(l.timezone, '')$$,
        'legacy_id', 'l.uid'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'enabled',
            'expression', $$coalesce(l.enabled, '') <> 'false'$$,
            'code', 'disabled',
            'message', 'The account is disabled.')),
    'Users of LDAP, SAML and other backends are not in oc_users. Addresses need not be unique: who shares one logs in by name. Groups (oc_group_user), profiles (oc_accounts), second factors and '
    'app passwords (oc_authtoken) are not moved. The tables are documented in core/Migrations',
    true);

INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'owncloud',
    'ownCloud 10',
    'a view as view_sql makes it of oc_users and oc_accounts',
    $view$CREATE VIEW legacy.owncloud_user AS
SELECT a.user_id, a.lower_user_id, a.display_name, a.email, a.state, a.last_login, u.password
FROM legacy.oc_accounts a
JOIN legacy.oc_users u ON u.uid = a.user_id$view$,
    jsonb_build_object(
        'key_column', 'user_id',
        'login_columns', '{lower_user_id,email,lower(l.email)}'::text[],
        'hash', 'l.password'),
    jsonb_build_object(
        'email', $$nullif(lower(l.email), '')$$,
        'username', 'l.user_id',
        'display_name', $$coalesce(nullif(l.display_name, ''), l.user_id)$$,
        'last_login_at', 'to_timestamp(nullif(l.last_login, 0))',
        'active', 'l.state = 1',
        'legacy_id', 'l.user_id'),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'enabled',
            'expression', 'l.state = 1',
            'code', 'disabled',
            'message', 'The account is disabled.')),
    'Users of LDAP and other backends are not in oc_users. Addresses need not be unique: who shares one logs in by name. Groups (oc_group_user), second factors and app passwords (oc_authtoken) are '
    'not moved. The tables are documented in core/Migrations',
    true);
