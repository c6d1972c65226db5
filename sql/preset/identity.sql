-- Presets: identity servers, read from their own databases.

INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'keycloak', 'Keycloak 8 to 26, from its database',
    'the view legacy.keycloak_users that view_sql makes',
    $$CREATE VIEW legacy.keycloak_users AS
SELECT u.id, r.name AS realm, u.username, u.email, u.email_verified, u.first_name, u.last_name, u.enabled,
       to_timestamp(u.created_timestamp / 1000.0) AS created_at,
       c.credential_data, c.secret_data, a.user_id IS NOT NULL AS must_change_password
FROM legacy.user_entity u
JOIN legacy.realm r ON r.id = u.realm_id
LEFT JOIN legacy.credential c ON c.user_id = u.id AND c.type = 'password'
LEFT JOIN legacy.user_required_action a ON a.user_id = u.id AND a.required_action = 'UPDATE_PASSWORD'
WHERE u.service_account_client_link IS NULL$$,
    $${"key_column": "id", "login_columns": ["username", "email"],
       "hash": "l.credential_data || l.secret_data", "filter": "l.realm <> 'master'"}$$,
    $${
        "legacy_id":      "l.id",
        "username":       "l.username",
        "email":          "lower(l.email)",
        "first_name":     "l.first_name",
        "last_name":      "l.last_name",
        "display_name":   "nullif(concat_ws(' ', l.first_name, l.last_name), '')",
        "email_verified": "l.email_verified",
        "active":         "l.enabled",
        "created_at":     "l.created_at"
    }$$,
    $$[
        {"name": "enabled", "expression": "l.enabled", "code": "disabled", "message": "The account is disabled."},
        {"name": "password kept", "expression": "NOT l.must_change_password", "severity": "must_change",
         "code": "update_password", "message": "Keycloak demands a new password."}
    ]$$,
    $$Layout: META-INF/jpa-changelog-*.xml of keycloak-model-jpa. Keycloak stores user names and addresses in lower case. The users of all realms but
master may be moved: with several realms, make one source for each and say l.realm = '...' in filter, or who is in two of them under one name is ambiguous.
Users from LDAP (federation_link) and from identity providers have no password here and must reset it. Attributes, groups, roles and
one-time-password devices (user_attribute, user_group_membership, user_role_mapping, credential of type otp) are not moved.
Of the required actions only UPDATE_PASSWORD is taken along: where the realm verifies addresses, add a rule l.email_verified.
Logins are looked up by username and by email: both have an index only together with realm_id, so add some if the login is slow.$$,
    true
), (
    'supabase', 'Supabase Auth (GoTrue), from auth.users',
    'the table auth.users of the project', NULL,
    $${"key_column": "id", "login_columns": ["email", "phone"], "hash": "l.encrypted_password",
       "filter": "l.deleted_at IS NULL AND NOT l.is_sso_user AND to_jsonb(l) ->> 'is_anonymous' IS DISTINCT FROM 'true'"}$$,
    $${
        "legacy_id":         "l.id",
        "email":             "lower(l.email)",
        "phone":             "nullif(l.phone, '')",
        "display_name":      "coalesce(l.raw_user_meta_data ->> 'full_name', l.raw_user_meta_data ->> 'name')",
        "username":          "lower(coalesce(l.raw_user_meta_data ->> 'user_name', l.raw_user_meta_data ->> 'username'))",
        "avatar_url":        "l.raw_user_meta_data ->> 'avatar_url'",
        "email_verified":    "l.email_confirmed_at IS NOT NULL",
        "email_verified_at": "l.email_confirmed_at",
        "created_at":        "l.created_at",
        "updated_at":        "l.updated_at",
        "last_login_at":     "l.last_sign_in_at"
    }$$,
    $$[
        {"name": "confirmed", "expression": "l.email_confirmed_at IS NOT NULL OR l.phone_confirmed_at IS NOT NULL",
         "code": "unconfirmed", "message": "The address was never confirmed."},
        {"name": "not banned", "expression": "l.banned_until IS NULL OR l.banned_until < now()",
         "code": "banned", "message": "The account is banned."}
    ]$$,
    $$Layout: the migrations of github.com/supabase/auth. Hashes are bcrypt, argon2 where they were imported, or $fbscrypt$ where the users came from Firebase.
Deleted and anonymous users and those of single sign-on do not exist for pg_ferry. Phone numbers are stored without the leading +, and are typed so.
What users write about themselves is in raw_user_meta_data, and they can change it: trust nothing in it. Identities of other providers
(auth.identities) and second factors (auth.mfa_factors) are not moved; who has never set a password must reset it.$$,
    true
), (
    'kratos', 'Ory Kratos 0.10 to 1.3, from its database',
    'the view legacy.kratos_users that view_sql makes',
    $$CREATE VIEW legacy.kratos_users AS
SELECT i.id, i.email_identifier, i.name_identifier, i.email_trait, i.name_trait, i.traits, i.state, i.created_at, i.updated_at,
       v.verified AS email_verified, v.verified_at AS email_verified_at, i.config ->> 'hashed_password' AS hashed_password
FROM (
    SELECT i.*, c.config, e.identifier AS email_identifier, n.identifier AS name_identifier, NULL::text AS email_trait, NULL::text AS name_trait
    FROM legacy.identities i
    JOIN legacy.identity_credentials c ON c.identity_id = i.id
    JOIN legacy.identity_credential_types t ON t.id = c.identity_credential_type_id AND t.name = 'password'
    LEFT JOIN legacy.identity_credential_identifiers e ON e.identity_credential_id = c.id AND e.identifier LIKE '%@%'
    LEFT JOIN legacy.identity_credential_identifiers n ON n.identity_credential_id = c.id AND n.identifier NOT LIKE '%@%'
    WHERE e.identifier IS NOT NULL OR n.identifier IS NOT NULL
    UNION ALL
    -- Without a password: a branch of their own lets an index on an expression over the traits be used.
    SELECT i.*, NULL, NULL, NULL, lower(i.traits ->> 'email'), lower(i.traits ->> 'username')
    FROM legacy.identities i
    WHERE NOT EXISTS (
        SELECT FROM legacy.identity_credentials c
        JOIN legacy.identity_credential_types t ON t.id = c.identity_credential_type_id AND t.name = 'password'
        JOIN legacy.identity_credential_identifiers o ON o.identity_credential_id = c.id
        WHERE c.identity_id = i.id)
) AS i
LEFT JOIN legacy.identity_verifiable_addresses v
       ON v.identity_id = i.id AND v.via = 'email' AND lower(v.value) = lower(i.traits ->> 'email')$$,
    $${"key_column": "id", "login_columns": ["email_identifier", "name_identifier", "email_trait", "name_trait"], "hash": "l.hashed_password"}$$,
    $${
        "legacy_id":         "l.id",
        "email":             "lower(l.traits ->> 'email')",
        "username":          "lower(l.traits ->> 'username')",
        "first_name":        "l.traits #>> '{name,first}'",
        "last_name":         "l.traits #>> '{name,last}'",
        "display_name":      "CASE jsonb_typeof(l.traits -> 'name') WHEN 'string' THEN l.traits ->> 'name' ELSE nullif(concat_ws(' ', l.traits #>> '{name,first}', l.traits #>> '{name,last}'), '') END",
        "email_verified":    "coalesce(l.email_verified, false)",
        "email_verified_at": "l.email_verified_at",
        "active":            "l.state = 'active'",
        "created_at":        "l.created_at",
        "updated_at":        "l.updated_at"
    }$$,
    $$[{"name": "active", "expression": "l.state = 'active'", "code": "inactive", "message": "The account is not active."}]$$,
    $$Layout: persistence/sql/migrations of github.com/ory/kratos. The traits are those of its example schemas: email, and name as a text or as first and last;
another identity schema needs other mappings. An identity may log in by an address and by a name, which Kratos keeps in lower case; one with several
of a kind has a row for each, of one key. Only who has no password is looked up by the address and the user name in the traits, which others could have
filled with somebody else's: indexes on (lower(traits ->> 'email')) and (lower(traits ->> 'username')) make that quick. Hashes are bcrypt or argon2id, and whatever was imported, in Kratos' notation. In a database with several networks (nid), add nid to the view and
a filter. Codes, passkeys, social sign-in and second factors are not moved; identities without a password must reset it.$$,
    true
), (
    'authentik', 'authentik 2023.5 to 2025.x, from its database',
    'the table authentik_core_user', NULL,
    $${"key_column": "id", "login_columns": ["lower(l.username)", "lower(l.email)"], "hash": "l.password",
       "filter": "l.type NOT IN ('service_account', 'internal_service_account')"}$$,
    $${
        "legacy_id":     "l.id",
        "username":      "lower(l.username)",
        "email":         "nullif(lower(l.email), '')",
        "display_name":  "nullif(l.name, '')",
        "active":        "l.is_active",
        "created_at":    "l.date_joined",
        "last_login_at": "l.last_login"
    }$$,
    $$[{"name": "active", "expression": "l.is_active", "code": "disabled", "message": "The account is disabled."}]$$,
    $$Layout: authentik/core/models.py. The hashes are Django's. Addresses are neither unique nor verified: take "lower(l.email)" out of login_columns if people log
in by user name only. Users of sources (LDAP, OAuth) have no password here and must reset it. Groups, attributes and devices are not moved.$$,
    true
), (
    'fusionauth', 'FusionAuth 1.16 to 1.58, from its database',
    'the view legacy.fusionauth_users that view_sql makes',
    $$CREATE VIEW legacy.fusionauth_users AS
SELECT u.id, u.tenants_id, i.email, i.username, i.verified, i.password_change_required,
       u.active, to_timestamp(u.expiry / 1000.0) AS expires_at, u.full_name, u.first_name, u.last_name,
       u.mobile_phone, u.image_url, u.timezone, u.birth_date,
       to_timestamp(u.insert_instant / 1000.0) AS created_at, to_timestamp(u.last_update_instant / 1000.0) AS updated_at,
       to_timestamp(i.last_login_instant / 1000.0) AS last_login_at,
       CASE i.encryption_scheme
           WHEN 'bcrypt' THEN format('$2a$%s$%s%s', lpad(i.factor::text, 2, '0'), i.salt, i.password)
           WHEN 'salted-pbkdf2-hmac-sha256' THEN format('$pbkdf2-sha256$i=%s,l=32$%s$%s', i.factor, rtrim(i.salt, '='), rtrim(i.password, '='))
           WHEN 'salted-pbkdf2-hmac-sha256-512' THEN format('$pbkdf2-sha256$i=%s,l=64$%s$%s', i.factor, rtrim(i.salt, '='), rtrim(i.password, '='))
           WHEN 'salted-pbkdf2-hmac-sha512-512' THEN format('$pbkdf2-sha512$i=%s,l=64$%s$%s', i.factor, rtrim(i.salt, '='), rtrim(i.password, '='))
           -- Of no format that is known: the events say so.
           ELSE format('{%s}', i.encryption_scheme)
       END AS password_hash
FROM legacy.users u
JOIN legacy.identities i ON i.users_id = u.id$$,
    $${"key_column": "id", "login_columns": ["email", "lower(l.username)"], "hash": "l.password_hash"}$$,
    $${
        "legacy_id":      "l.id",
        "email":          "lower(l.email)",
        "username":       "lower(l.username)",
        "display_name":   "coalesce(l.full_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''))",
        "first_name":     "l.first_name",
        "last_name":      "l.last_name",
        "phone":          "l.mobile_phone",
        "avatar_url":     "l.image_url",
        "timezone":       "l.timezone",
        "birth_date":     "l.birth_date",
        "email_verified": "l.verified",
        "active":         "l.active",
        "created_at":     "l.created_at",
        "updated_at":     "l.updated_at",
        "last_login_at":  "l.last_login_at"
    }$$,
    $$[
        {"name": "active", "expression": "l.active", "code": "locked", "message": "The account is locked."},
        {"name": "not expired", "expression": "coalesce(l.expires_at > now(), true)", "code": "expired", "message": "The account has expired."},
        {"name": "password kept", "expression": "NOT l.password_change_required", "severity": "must_change",
         "code": "change_required", "message": "FusionAuth demands a new password."}
    ]$$,
    $$Layout: fusionauth-database-schema, the tables users and identities before release 1.59, which splits them anew. FusionAuth stores addresses in lower case.
The hashes of bcrypt and of the schemes salted-pbkdf2-hmac are put together as strings that say themselves; the schemes salted-md5, salted-sha256, salted-hmac-sha256 and
those of plugins are not known (legacy_hash in the events): their users reset the password, or calibrate finds the recipe. With several tenants one address
may be several users: filter by tenants_id. Registrations, groups, consents and second factors are not moved.$$,
    true
);
