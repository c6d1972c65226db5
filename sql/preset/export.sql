-- Presets: files that services export. They are read by file_fdw, a row for each line of JSON.
-- Each view_sql makes a materialized view with indexes, since a file would be read as a whole at every login.

INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'auth0', 'Auth0, export of password hashes and of profiles (NDJSON)',
    'the view legacy.auth0_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.auth0_users AS
WITH entry AS (
    SELECT coalesce(u ->> 'user_id', 'auth0|' || coalesce(u ->> 'alt_id', u #>> '{_id,$oid}')) AS user_id, u
    FROM (SELECT line::jsonb AS u FROM legacy.auth0_export WHERE line ~ '\S') AS lines
), person AS (
    -- Lines of both files about one user are one row.
    SELECT user_id, jsonb_object_agg(field.key, field.value) AS u
    FROM entry, jsonb_each(u) AS field
    WHERE field.value <> 'null'
    GROUP BY user_id
)
SELECT user_id,
       coalesce(u ->> 'email', address ->> 'value') AS email,
       coalesce((u ->> 'email_verified')::boolean, (address ->> 'verified')::boolean, false) AS email_verified,
       u ->> 'username' AS username, u ->> 'phone_number' AS phone_number,
       u ->> 'name' AS name, u ->> 'given_name' AS given_name, u ->> 'family_name' AS family_name,
       u ->> 'picture' AS picture, u ->> 'connection' AS connection,
       coalesce((u ->> 'blocked')::boolean, false) AS blocked,
       (u ->> 'created_at')::timestamptz AS created_at, (u ->> 'updated_at')::timestamptz AS updated_at,
       (u ->> 'last_login')::timestamptz AS last_login,
       coalesce(u ->> 'passwordHash', u ->> 'password_hash', custom.password_hash) AS password_hash
FROM person
CROSS JOIN LATERAL jsonb_path_query_first(u, '$.identifiers[*] ? (@.type == "email")') AS address
CROSS JOIN LATERAL (
    -- custom_password_hash: the value where it says itself what it is, else put together as a string that does.
    SELECT CASE
               WHEN c ->> 'algorithm' IN ('bcrypt', 'argon2', 'pbkdf2', 'ldap') THEN c #>> '{hash,value}'
               WHEN c ->> 'algorithm' IN ('md5', 'sha1', 'sha256', 'sha512') THEN
                   format('$%s$pf=%s$%s$%s', c ->> 'algorithm',
                          encode(CASE WHEN salt = '' THEN '{PASSWORD}' WHEN c #>> '{salt,position}' = 'suffix' THEN '{PASSWORD}{SALT}'
                                      ELSE '{SALT}{PASSWORD}' END::bytea, 'base64'),
                          translate(encode(salt, 'base64'), E'\n', ''), translate(encode(hash, 'base64'), E'\n', ''))
               WHEN c ->> 'algorithm' = 'hmac' THEN
                   format('$hmac-%s$%s$%s', c #>> '{hash,digest}',
                          translate(encode(encode(hash, 'hex')::bytea, 'base64'), E'\n', ''), translate(encode(key, 'base64'), E'\n', ''))
               WHEN c ->> 'algorithm' = 'scrypt' THEN
                   format('$scrypt$ln=%s,r=%s,p=%s$%s$%s', round(log(2, (c ->> 'cost')::numeric)), c ->> 'blockSize', c ->> 'parallelization',
                          translate(encode(salt, 'base64'), E'=\n', ''), translate(encode(hash, 'base64'), E'=\n', ''))
           END AS password_hash
    FROM (SELECT u -> 'custom_password_hash' AS c) AS given
    CROSS JOIN LATERAL (SELECT
        CASE c #>> '{hash,encoding}' WHEN 'hex' THEN decode(c #>> '{hash,value}', 'hex') WHEN 'base64' THEN decode(c #>> '{hash,value}', 'base64') END AS hash,
        CASE c #>> '{salt,encoding}' WHEN 'hex' THEN decode(c #>> '{salt,value}', 'hex') WHEN 'base64' THEN decode(c #>> '{salt,value}', 'base64')
             ELSE convert_to(coalesce(c #>> '{salt,value}', ''), 'UTF8') END AS salt,
        CASE c #>> '{hash,key,encoding}' WHEN 'hex' THEN decode(c #>> '{hash,key,value}', 'hex') WHEN 'base64' THEN decode(c #>> '{hash,key,value}', 'base64')
             ELSE convert_to(coalesce(c #>> '{hash,key,value}', ''), 'UTF8') END AS key) AS decoded
) AS custom;
CREATE UNIQUE INDEX ON legacy.auth0_users (user_id);
CREATE INDEX ON legacy.auth0_users (lower(email));
CREATE INDEX ON legacy.auth0_users (lower(username))$$,
    $${"key_column": "user_id", "login_columns": ["lower(l.email)", "lower(l.username)"], "hash": "l.password_hash"}$$,
    $${
        "legacy_id":      "l.user_id",
        "email":          "lower(l.email)",
        "username":       "lower(l.username)",
        "display_name":   "l.name",
        "first_name":     "l.given_name",
        "last_name":      "l.family_name",
        "phone":          "l.phone_number",
        "avatar_url":     "l.picture",
        "email_verified": "l.email_verified",
        "active":         "NOT l.blocked",
        "created_at":     "l.created_at",
        "updated_at":     "l.updated_at",
        "last_login_at":  "l.last_login"
    }$$,
    $$[{"name": "not blocked", "expression": "NOT l.blocked", "code": "blocked", "message": "The account is blocked."}]$$,
    $$Documented in How to Use the Password Hashes Export from Auth0 (support.auth0.com) and Bulk User Import Database Schema (auth0.com/docs).
Auth0's support hands the hashes over, encrypted with PGP, as one user a line; that file knows neither names nor who is blocked. Export the profiles too (Import/Export
extension or POST /api/v2/jobs/users-exports, format json, with user_id, blocked and what you need) and append them to the same file: lines of one user_id are merged.
Files for the bulk import (custom_password_hash) can be read as well, once the array is made lines by jq -c .[]
Users of social and enterprise connections have no password and must reset it. With several database connections, one address may be two users: filter by connection.
Metadata, roles and second factors are not moved.$$,
    true
), (
    'firebase', 'Firebase Authentication, firebase auth:export users.json',
    'the view legacy.firebase_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.firebase_users AS
SELECT u ->> 'localId' AS local_id, u ->> 'email' AS email, coalesce((u ->> 'emailVerified')::boolean, false) AS email_verified,
       u ->> 'passwordHash' AS password_hash, u ->> 'salt' AS salt,
       u ->> 'displayName' AS display_name, u ->> 'photoUrl' AS photo_url, u ->> 'phoneNumber' AS phone_number,
       coalesce((u ->> 'disabled')::boolean, false) AS disabled,
       to_timestamp((u ->> 'createdAt')::numeric / 1000) AS created_at,
       to_timestamp((u ->> 'lastSignedInAt')::numeric / 1000) AS last_signed_in_at
FROM (SELECT string_agg(line, E'\n')::jsonb AS document FROM legacy.firebase_export) AS file,
     jsonb_array_elements(document -> 'users') AS u;
CREATE UNIQUE INDEX ON legacy.firebase_users (local_id);
CREATE INDEX ON legacy.firebase_users (lower(email));
CREATE INDEX ON legacy.firebase_users (phone_number)$$,
    $${"key_column": "local_id", "login_columns": ["lower(l.email)", "phone_number"],
       "hash": "l.password_hash", "salt": "l.salt", "format": "firebase-scrypt", "pepper": "firebase"}$$,
    $${
        "legacy_id":      "l.local_id",
        "email":          "lower(l.email)",
        "display_name":   "l.display_name",
        "phone":          "l.phone_number",
        "avatar_url":     "l.photo_url",
        "email_verified": "l.email_verified",
        "active":         "NOT l.disabled",
        "created_at":     "l.created_at",
        "last_login_at":  "l.last_signed_in_at"
    }$$,
    $$[{"name": "enabled", "expression": "NOT l.disabled", "code": "disabled", "message": "The account is disabled."}]$$,
    $$Documented in Firebase CLI auth:import and auth:export; the file is one JSON object, {"users": [...]}.
The hash parameters of the project (console: Authentication, Users, the menu, Password hash parameters) are the pepper: put them into the file of ferry.pepper_file as
firebase = text:signer key$salt separator$rounds$memory cost, such as text:jxspr8Ki...mXA==$Bw==$8$14
Users of other providers, and imported ones who have not logged in to Firebase since, are exported without a hash and must reset the password.
Custom claims and second factors are not moved. The document must be below 256 MB: split greater ones with jq.$$,
    true
), (
    'okta', 'Okta, users as its API has them (one JSON object a line)',
    'the view legacy.okta_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.okta_users AS
SELECT u ->> 'id' AS id, u ->> 'status' AS status,
       u #>> '{profile,login}' AS login, u #>> '{profile,email}' AS email,
       u #>> '{profile,firstName}' AS first_name, u #>> '{profile,lastName}' AS last_name,
       u #>> '{profile,displayName}' AS display_name, u #>> '{profile,mobilePhone}' AS mobile_phone,
       u #>> '{profile,locale}' AS locale, u #>> '{profile,timezone}' AS timezone,
       (u ->> 'created')::timestamptz AS created, (u ->> 'lastUpdated')::timestamptz AS last_updated,
       (u ->> 'lastLogin')::timestamptz AS last_login,
       CASE
           WHEN h ->> 'algorithm' = 'BCRYPT' THEN
               format('$2a$%s$%s%s', lpad(h ->> 'workFactor', 2, '0'), h ->> 'salt', h ->> 'value')
           WHEN h ->> 'algorithm' IN ('MD5', 'SHA-1', 'SHA-256', 'SHA-512') THEN
               format('$%s$pf=%s$%s$%s', lower(replace(h ->> 'algorithm', '-', '')),
                      encode(CASE WHEN coalesce(h ->> 'salt', '') = '' THEN '{PASSWORD}' WHEN h ->> 'saltOrder' = 'POSTFIX' THEN '{PASSWORD}{SALT}'
                                  ELSE '{SALT}{PASSWORD}' END::bytea, 'base64'),
                      coalesce(h ->> 'salt', ''), h ->> 'value')
           WHEN h ->> 'algorithm' = 'PBKDF2' THEN
               format('$pbkdf2-%s$i=%s,l=%s$%s$%s', lower(split_part(h ->> 'digestAlgorithm', '_', 1)), h ->> 'iterationCount', h ->> 'keySize',
                      rtrim(h ->> 'salt', '='), rtrim(h ->> 'value', '='))
       END AS password_hash
FROM (SELECT line::jsonb AS u FROM legacy.okta_export WHERE line ~ '\S') AS lines
CROSS JOIN LATERAL (SELECT u #> '{credentials,password,hash}' AS h) AS credential;
CREATE UNIQUE INDEX ON legacy.okta_users (id);
CREATE INDEX ON legacy.okta_users (lower(login));
CREATE INDEX ON legacy.okta_users (lower(email))$$,
    $${"key_column": "id", "login_columns": ["lower(l.login)", "lower(l.email)"],
       "hash": "CASE WHEN l.status <> 'RECOVERY' THEN l.password_hash END", "filter": "l.status <> 'DEPROVISIONED'"}$$,
    $${
        "legacy_id":     "l.id",
        "username":      "lower(l.login)",
        "email":         "lower(l.email)",
        "first_name":    "l.first_name",
        "last_name":     "l.last_name",
        "display_name":  "coalesce(l.display_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''))",
        "phone":         "l.mobile_phone",
        "locale":        "l.locale",
        "timezone":      "l.timezone",
        "active":        "l.status NOT IN ('SUSPENDED', 'LOCKED_OUT')",
        "created_at":    "l.created",
        "updated_at":    "l.last_updated",
        "last_login_at": "l.last_login"
    }$$,
    $$[
        {"name": "activated", "expression": "l.status NOT IN ('STAGED', 'PROVISIONED')",
         "code": "not_activated", "message": "The account was never activated."},
        {"name": "not suspended", "expression": "l.status NOT IN ('SUSPENDED', 'LOCKED_OUT')",
         "code": "suspended", "message": "The account is suspended or locked."},
        {"name": "password current", "expression": "l.status <> 'PASSWORD_EXPIRED'", "severity": "must_change",
         "code": "password_expired", "message": "The password had expired."}
    ]$$,
    $$Layout: the objects of GET /api/v1/users (developer.okta.com), one a line: curl ... | jq -c .[]
Okta's API tells no hashes. Without them the users are moved by ferry.prepare_reset and set a new password; a login says invalid, with the reason legacy_locked. Where
Okta's support hands hashes over, or you have kept those that were imported, put them into the objects as the import takes them: credentials.password.hash with algorithm
(BCRYPT, PBKDF2, SHA-512, SHA-256, SHA-1, MD5), workFactor, salt, saltOrder, value. Deprovisioned users do not exist for pg_ferry; the password of who is
in RECOVERY opens nothing, as in Okta: they are moved by ferry.prepare_reset. Groups and factors are not moved.$$,
    true
), (
    'cognito', 'Amazon Cognito, a CSV file in the layout of its user import',
    'the view legacy.cognito_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.cognito_users AS
SELECT "cognito:username" AS username, nullif(email, '') AS email, upper(email_verified) = 'TRUE' AS email_verified,
       nullif(phone_number, '') AS phone_number, nullif(preferred_username, '') AS preferred_username,
       nullif(name, '') AS name, nullif(given_name, '') AS given_name, nullif(family_name, '') AS family_name,
       nullif(picture, '') AS picture, nullif(website, '') AS website,
       nullif(locale, '') AS locale, nullif(zoneinfo, '') AS zoneinfo,
       to_timestamp(nullif(updated_at, '')::numeric) AS updated_at
FROM legacy.cognito_export;
CREATE UNIQUE INDEX ON legacy.cognito_users (username);
CREATE INDEX ON legacy.cognito_users (lower(username));
CREATE INDEX ON legacy.cognito_users (lower(email));
CREATE INDEX ON legacy.cognito_users (phone_number);
CREATE INDEX ON legacy.cognito_users (lower(preferred_username))$$,
    $${"key_column": "username", "hash": "NULL::text",
       "login_columns": ["lower(l.username)", "lower(l.email)", "phone_number", "lower(l.preferred_username)"]}$$,
    $${
        "legacy_id":      "l.username",
        "username":       "lower(coalesce(l.preferred_username, l.username))",
        "email":          "lower(l.email)",
        "phone":          "l.phone_number",
        "display_name":   "coalesce(l.name, nullif(concat_ws(' ', l.given_name, l.family_name), ''))",
        "first_name":     "l.given_name",
        "last_name":      "l.family_name",
        "avatar_url":     "l.picture",
        "website":        "l.website",
        "locale":         "l.locale",
        "timezone":       "l.zoneinfo",
        "email_verified": "l.email_verified",
        "updated_at":     "l.updated_at"
    }$$,
    '[]',
    $$Documented in Importing users into user pools from a CSV file (docs.aws.amazon.com/cognito); the header is that of aws cognito-idp get-csv-header, and the columns of
legacy.cognito_export must be in its order: custom attributes come in between.
Cognito tells nobody a hash, so no password can be checked here: a login says invalid, with the reason legacy_locked. Users are moved without a password by
ferry.prepare_reset ("forgot password") and set a new one with ferry.set_password. The file does not tell who is disabled: leave those out of it, or use the preset
cognito-list-users, which knows.$$,
    true
), (
    'cognito-list-users', 'Amazon Cognito, aws cognito-idp list-users (JSON)',
    'the view legacy.cognito_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.cognito_users AS
SELECT u ->> 'Username' AS username, a ->> 'sub' AS sub, (u ->> 'Enabled')::boolean AS enabled, u ->> 'UserStatus' AS status,
       a ->> 'email' AS email, coalesce(a ->> 'email_verified' = 'true', false) AS email_verified,
       a ->> 'phone_number' AS phone_number, a ->> 'preferred_username' AS preferred_username,
       a ->> 'name' AS name, a ->> 'given_name' AS given_name, a ->> 'family_name' AS family_name,
       a ->> 'picture' AS picture, a ->> 'website' AS website, a ->> 'locale' AS locale, a ->> 'zoneinfo' AS zoneinfo,
       (u ->> 'UserCreateDate')::timestamptz AS created_at, (u ->> 'UserLastModifiedDate')::timestamptz AS updated_at
FROM (SELECT string_agg(line, E'\n')::jsonb AS document FROM legacy.cognito_export) AS file,
     jsonb_array_elements(document -> 'Users') AS u,
     LATERAL (SELECT jsonb_object_agg(attribute ->> 'Name', attribute ->> 'Value') AS a
              FROM jsonb_array_elements(u -> 'Attributes') AS attribute) AS attributes;
CREATE UNIQUE INDEX ON legacy.cognito_users (sub);
CREATE INDEX ON legacy.cognito_users (lower(username));
CREATE INDEX ON legacy.cognito_users (lower(email));
CREATE INDEX ON legacy.cognito_users (phone_number);
CREATE INDEX ON legacy.cognito_users (lower(preferred_username))$$,
    $${"key_column": "sub", "hash": "NULL::text",
       "login_columns": ["lower(l.username)", "lower(l.email)", "phone_number", "lower(l.preferred_username)"]}$$,
    $${
        "legacy_id":      "l.sub",
        "username":       "lower(coalesce(l.preferred_username, l.username))",
        "email":          "lower(l.email)",
        "phone":          "l.phone_number",
        "display_name":   "coalesce(l.name, nullif(concat_ws(' ', l.given_name, l.family_name), ''))",
        "first_name":     "l.given_name",
        "last_name":      "l.family_name",
        "avatar_url":     "l.picture",
        "website":        "l.website",
        "locale":         "l.locale",
        "timezone":       "l.zoneinfo",
        "email_verified": "l.email_verified",
        "active":         "l.enabled",
        "created_at":     "l.created_at",
        "updated_at":     "l.updated_at"
    }$$,
    $$[
        {"name": "enabled", "expression": "l.enabled", "code": "disabled", "message": "The account is disabled."},
        {"name": "confirmed", "expression": "l.status <> 'UNCONFIRMED'", "code": "unconfirmed", "message": "The account was never confirmed."}
    ]$$,
    $$Documented in ListUsers (docs.aws.amazon.com/cognito); the AWS CLI puts all pages into one document, {"Users": [...]}.
Cognito tells nobody a hash, so no password can be checked here: a login says invalid, with the reason legacy_locked. Users are moved without a password by
ferry.prepare_reset ("forgot password") and set a new one with ferry.set_password. The key is sub, as in Cognito's tokens.
Groups and second factors are not moved.$$,
    true
), (
    'keycloak-export', 'Keycloak 8 to 26, the file of a realm export (kc.sh export --users realm_file)',
    'the view legacy.keycloak_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.keycloak_users AS
SELECT u ->> 'id' AS id, document ->> 'realm' AS realm, u ->> 'username' AS username, u ->> 'email' AS email,
       coalesce((u ->> 'emailVerified')::boolean, false) AS email_verified,
       u ->> 'firstName' AS first_name, u ->> 'lastName' AS last_name, coalesce((u ->> 'enabled')::boolean, false) AS enabled,
       to_timestamp((u ->> 'createdTimestamp')::numeric / 1000) AS created_at,
       jsonb_path_query_first(u, '$.credentials[*] ? (@.type == "password")')::text AS credential,
       coalesce(u -> 'requiredActions' ? 'UPDATE_PASSWORD', false) AS must_change_password
FROM (SELECT string_agg(line, E'\n')::jsonb AS document FROM legacy.keycloak_export) AS file,
     jsonb_array_elements(document -> 'users') AS u
WHERE u ->> 'serviceAccountClientId' IS NULL;
CREATE UNIQUE INDEX ON legacy.keycloak_users (id);
CREATE INDEX ON legacy.keycloak_users (username);
CREATE INDEX ON legacy.keycloak_users (email)$$,
    $${"key_column": "id", "login_columns": ["username", "email"], "hash": "l.credential"}$$,
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
    $$Documented in Importing and exporting realms (keycloak.org/server/importExport). Only the command line exports users with their credentials; the admin console masks them.
The file must hold one realm and be below 256 MB. Otherwise what the notes of the preset keycloak say holds here too.$$,
    true
), (
    'meteor', 'Meteor 1 to 3 and Rocket.Chat, mongoexport --collection users',
    'the view legacy.meteor_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.meteor_users AS
SELECT u ->> '_id' AS id, u ->> 'username' AS username, coalesce(u ->> 'name', u #>> '{profile,name}') AS name,
       u #>> '{emails,0,address}' AS email, coalesce((u #>> '{emails,0,verified}')::boolean, false) AS email_verified,
       coalesce((u ->> 'active')::boolean, true) AS active,
       coalesce(u #>> '{createdAt,$date,$numberLong}', u #>> '{createdAt,$date}') AS created_at,
       coalesce(u #>> '{services,password,bcrypt}', u #>> '{services,password,argon2}') AS password_hash
FROM (SELECT line::jsonb AS u FROM legacy.meteor_export WHERE line ~ '\S') AS lines;
CREATE UNIQUE INDEX ON legacy.meteor_users (id);
CREATE INDEX ON legacy.meteor_users (lower(username));
CREATE INDEX ON legacy.meteor_users (lower(email))$$,
    $${"key_column": "id", "login_columns": ["lower(l.username)", "lower(l.email)"],
       "hash": "l.password_hash", "format": "bcrypt(sha256)"}$$,
    $${
        "legacy_id":      "l.id",
        "username":       "lower(l.username)",
        "email":          "lower(l.email)",
        "display_name":   "l.name",
        "email_verified": "l.email_verified",
        "active":         "l.active",
        "created_at":     "CASE WHEN l.created_at ~ '^[0-9]+$' THEN to_timestamp(l.created_at::numeric / 1000) ELSE l.created_at::timestamptz END"
    }$$,
    $$[{"name": "active", "expression": "l.active", "code": "disabled", "message": "The account is disabled."}]$$,
    $$Layout: the package accounts-password, and Rocket.Chat's users, which have active as well; mongoexport writes one user a line. The browser sends SHA-256 of
the password, and bcrypt is over that. Only the first address is a login. Where Meteor 3.3 or later writes argon2, make a second source of this preset with
l.password_hash LIKE '$argon2%' as filter and sha256($pass)|phc as format, and keep those rows out of this one. Users of other services have no password and must reset it.$$,
    true
), (
    'parse', 'Parse Server, mongoexport --collection _User',
    'the view legacy.parse_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.parse_users AS
SELECT u ->> '_id' AS id, u ->> 'username' AS username, u ->> 'email' AS email,
       coalesce((u ->> 'emailVerified')::boolean, false) AS email_verified,
       (u #>> '{_created_at,$date}')::timestamptz AS created_at, (u #>> '{_updated_at,$date}')::timestamptz AS updated_at,
       (u #>> '{_account_lockout_expires_at,$date}')::timestamptz AS locked_until,
       u ->> '_hashed_password' AS password_hash
FROM (SELECT line::jsonb AS u FROM legacy.parse_export WHERE line ~ '\S') AS lines;
CREATE UNIQUE INDEX ON legacy.parse_users (id);
CREATE INDEX ON legacy.parse_users (lower(username));
CREATE INDEX ON legacy.parse_users (lower(email))$$,
    $${"key_column": "id", "login_columns": ["lower(l.username)", "lower(l.email)"], "hash": "l.password_hash"}$$,
    $${
        "legacy_id":      "l.id",
        "username":       "lower(l.username)",
        "email":          "lower(l.email)",
        "email_verified": "l.email_verified",
        "created_at":     "l.created_at",
        "updated_at":     "l.updated_at"
    }$$,
    $$[{"name": "not locked", "expression": "coalesce(l.locked_until < now(), true)", "code": "locked", "message": "The account is locked."}]$$,
    $$Layout: the storage adapter for MongoDB of parse-community/parse-server; mongoexport writes one user a line. Hashes are bcrypt. Parse Server on PostgreSQL has
the same columns in the table "_User": make a view of it with these names. Users with authData only (and anonymous ones) have no password.$$,
    true
), (
    'zitadel-export', 'ZITADEL 2, the file of its export or import API (JSON)',
    'the view legacy.zitadel_users that view_sql makes',
    $$CREATE MATERIALIZED VIEW legacy.zitadel_users AS
SELECT h ->> 'userId' AS id, org ->> 'orgId' AS org_id, u ->> 'userName' AS username,
       u #>> '{profile,firstName}' AS first_name, u #>> '{profile,lastName}' AS last_name,
       u #>> '{profile,displayName}' AS display_name, u #>> '{profile,preferredLanguage}' AS preferred_language,
       u #>> '{email,email}' AS email, coalesce((u #>> '{email,isEmailVerified}')::boolean, false) AS email_verified,
       u #>> '{phone,phone}' AS phone, coalesce((u ->> 'passwordChangeRequired')::boolean, false) AS must_change_password,
       u #>> '{hashedPassword,value}' AS password_hash
FROM (SELECT string_agg(line, E'\n')::jsonb AS document FROM legacy.zitadel_export) AS file,
     jsonb_array_elements(coalesce(document #> '{data_orgs,orgs}', document #> '{dataOrgs,orgs}', document -> 'orgs')) AS org,
     jsonb_array_elements(org -> 'humanUsers') AS h,
     LATERAL (SELECT h -> 'user' AS u) AS human;
CREATE UNIQUE INDEX ON legacy.zitadel_users (id);
CREATE INDEX ON legacy.zitadel_users (lower(username));
CREATE INDEX ON legacy.zitadel_users (lower(email))$$,
    $${"key_column": "id", "login_columns": ["lower(l.username)", "lower(l.email)"], "hash": "l.password_hash"}$$,
    $${
        "legacy_id":      "l.id",
        "username":       "lower(l.username)",
        "email":          "lower(l.email)",
        "display_name":   "l.display_name",
        "first_name":     "l.first_name",
        "last_name":      "l.last_name",
        "phone":          "l.phone",
        "locale":         "nullif(l.preferred_language, 'und')",
        "email_verified": "l.email_verified"
    }$$,
    $$[{"name": "password kept", "expression": "NOT l.must_change_password", "severity": "must_change",
        "code": "update_password", "message": "ZITADEL demands a new password."}]$$,
    $$Documented in Migrate Users (zitadel.com/docs): POST /admin/v1/export with withPasswords; the hashes are bcrypt unless the instance chose another hasher.
The file does not tell who is locked or deactivated: leave those out of it. With several organisations one name may be two users: filter by org_id.
Second factors, metadata and grants are not moved.$$,
    true
);

-- How a file of JSON gets in is the same for all of them.
UPDATE ferry.preset
SET notes = notes || E'\n' || $$The file is read as a table of one text column, line: a foreign table of file_fdw with the options format 'csv', delimiter E'\x01', quote E'\x02', or
a table that COPY has filled with the same options. The view is materialized: REFRESH it after a newer export; once it is made, the file may go.$$
WHERE view_sql ~ '\mline\M';
