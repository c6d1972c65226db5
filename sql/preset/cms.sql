-- Presets: content management systems and shops.

-- wp_check_password of wp-includes/pluggable.php takes the hashes of all ages: $wp$2y$ (6.8), $P$ (2.5), and bare MD5 digests
-- (before), which are told here as what they are. Passwords come slashed from its forms (wp_magic_quotes) and are hashed so.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped) VALUES (
    'wordpress',
    'WordPress 1.5 to 6.8',
    'the table wp_users (with the prefix of your installation)',
    jsonb_build_object(
        'key_column', 'ID',
        'login_columns', '{user_login,lower(l.user_email)}'::text[],
        'hash', $$CASE WHEN l.user_pass ~ '^[0-9a-f]{32}$' THEN '{MD5}' || encode(decode(l.user_pass, 'hex'), 'base64') ELSE l.user_pass END$$,
        'transforms', '{trim,addslashes}'::text[]),
    jsonb_build_object(
        'email', $$lower(l.user_email)$$,
        'username', $$l.user_login$$,
        'display_name', $$l.display_name$$,
        'created_at', $$l.user_registered AT TIME ZONE 'UTC'$$,
        'website', $$nullif(l.user_url, '')$$,
        'legacy_id', $$l."ID"$$),
    jsonb_build_array(
        jsonb_build_object(
            'name', 'active',
            'expression', 'l.user_status = 0',
            'code', 'status',
            'message', 'The account is marked as spam or was never activated.')),
    'First and last names, roles and the rest of wp_usermeta are not moved. user_status is 0 in WordPress itself; plugins such as BuddyPress set it. In a network (multisite) '
    'wp_users has the columns spam and deleted: add a rule such as l.spam = 0 AND l.deleted = 0. Plugins that replace wp_check_password may write hashes of their own. '
    'The table is described at https://codex.wordpress.org/Database_Description',
    true);
