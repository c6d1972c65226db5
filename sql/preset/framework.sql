-- Presets: web frameworks and their libraries for accounts. Timestamps without a zone are UTC, as config SQL takes them.
-- to_jsonb(l) ->> 'column' is null where there is no such column: that is how columns are read which only some
-- applications have.

INSERT INTO ferry.preset (name, title, relation, view_sql, source, mappings, rules, notes, shipped) VALUES (
    'django', 'Django 1.0 to 5.2, django.contrib.auth',
    'the table auth_user, or that of AUTH_USER_MODEL', NULL,
    $${"key_column": "id", "login_columns": ["lower(l.username)", "lower(l.email)"], "hash": "l.password"}$$,
    $${
        "legacy_id":     "l.id",
        "username":      "lower(l.username)",
        "email":         "nullif(lower(l.email), '')",
        "first_name":    "nullif(l.first_name, '')",
        "last_name":     "nullif(l.last_name, '')",
        "display_name":  "nullif(concat_ws(' ', nullif(l.first_name, ''), nullif(l.last_name, '')), '')",
        "active":        "l.is_active",
        "is_admin":      "l.is_superuser",
        "created_at":    "l.date_joined",
        "last_login_at": "l.last_login"
    }$$,
    $$[{"name": "active", "expression": "l.is_active", "code": "disabled", "message": "The account is disabled."}]$$,
    $$Layout: django/contrib/auth/models.py. Every hasher that came with Django is recognised, and unusable passwords are locked.
Django does not make addresses unique or verify them: two users of one address are nobody when they log in by it, and
whoever could claim another's address there is found by it here. Take "lower(l.email)" out of login_columns if people log in by user name only.
Groups, permissions and is_staff are not moved. A custom user model may lack username: copy the preset and change it.$$,
    true
), (
    'devise', 'Devise 1.2 to 4.9 (Ruby on Rails), without a pepper',
    'the table users', NULL,
    $${"key_column": "id", "login_columns": ["email"], "hash": "l.encrypted_password",
       "filter": "to_jsonb(l) ->> 'deleted_at' IS NULL"}$$,
    $${
        "legacy_id":         "l.id",
        "email":             "lower(l.email)",
        "username":          "lower(to_jsonb(l) ->> 'username')",
        "display_name":      "to_jsonb(l) ->> 'name'",
        "first_name":        "to_jsonb(l) ->> 'first_name'",
        "last_name":         "to_jsonb(l) ->> 'last_name'",
        "email_verified":    "to_jsonb(l) ->> 'confirmed_at' IS NOT NULL",
        "email_verified_at": "(to_jsonb(l) ->> 'confirmed_at')::timestamptz",
        "created_at":        "l.created_at",
        "updated_at":        "l.updated_at",
        "last_login_at":     "coalesce(to_jsonb(l) ->> 'current_sign_in_at', to_jsonb(l) ->> 'last_sign_in_at')::timestamptz"
    }$$,
    $$[
        {"name": "confirmed", "expression": "to_jsonb(l) -> 'confirmed_at' IS DISTINCT FROM 'null'",
         "code": "unconfirmed", "message": "The address was never confirmed."},
        {"name": "not locked", "expression": "coalesce((to_jsonb(l) ->> 'locked_at')::timestamptz < now() - interval '1 hour', true)",
         "code": "locked", "message": "The account is locked after too many failed attempts."}
    ]$$,
    $$Layout: the migration that rails generate devise makes; the columns of the modules confirmable, lockable and trackable may be there or not.
Locks end after an hour, as config.unlock_in has it by default. Devise folds the address to lower case (case_insensitive_keys); where it was told
not to, look up "lower(l.email)". Rows with a deleted_at (paranoia) do not exist for pg_ferry; with discard, name discarded_at in filter.
If config/initializers/devise.rb sets config.pepper, use the preset devise-pepper.$$,
    true
), (
    'rails', 'Ruby on Rails 8, the authentication generator',
    'the table users', NULL,
    $${"key_column": "id", "login_columns": ["email_address"], "hash": "l.password_digest"}$$,
    $${
        "legacy_id":    "l.id",
        "email":        "lower(l.email_address)",
        "display_name": "to_jsonb(l) ->> 'name'",
        "created_at":   "l.created_at",
        "updated_at":   "l.updated_at"
    }$$,
    '[]',
    $$Layout: the migration that rails generate authentication makes; its model folds addresses to lower case.
What else the table has is the application's: add rules for its own flags.$$,
    true
), (
    'rails-secure-password', 'Ruby on Rails 3.1 and later, has_secure_password',
    'the table users', NULL,
    $${"key_column": "id", "login_columns": ["lower(l.email)"], "hash": "l.password_digest"}$$,
    $${
        "legacy_id":    "l.id",
        "email":        "lower(l.email)",
        "username":     "lower(to_jsonb(l) ->> 'username')",
        "display_name": "to_jsonb(l) ->> 'name'",
        "created_at":   "l.created_at",
        "updated_at":   "l.updated_at"
    }$$,
    '[]',
    $$Layout: the documentation of ActiveModel::SecurePassword, which asks for password_digest; the address is in email by custom.
What else the table has is the application's: add rules for its own flags.$$,
    true
), (
    'laravel', 'Laravel 4 to 12',
    'the table users', NULL,
    $${"key_column": "id", "login_columns": ["lower(l.email)"], "hash": "l.password",
       "filter": "to_jsonb(l) ->> 'deleted_at' IS NULL"}$$,
    $${
        "legacy_id":         "l.id",
        "email":             "lower(l.email)",
        "display_name":      "to_jsonb(l) ->> 'name'",
        "username":          "lower(to_jsonb(l) ->> 'username')",
        "email_verified":    "to_jsonb(l) ->> 'email_verified_at' IS NOT NULL",
        "email_verified_at": "(to_jsonb(l) ->> 'email_verified_at')::timestamptz",
        "created_at":        "l.created_at",
        "updated_at":        "l.updated_at"
    }$$,
    '[]',
    $$Layout: the migration create_users_table of laravel/laravel; email_verified_at is there since 5.7. Hashes are bcrypt ($2y$) or, where
config/hashing.php says so, argon2. Soft-deleted users (deleted_at) do not exist for pg_ferry. Timestamps are in the timezone of config/app.php,
which is UTC by default: say AT TIME ZONE in the mappings if it is another. Users of Socialite without a password have to reset it.$$,
    true
), (
    'symfony', 'Symfony 4 to 7, entity made by make:user',
    'the table of the entity, such as "user"', NULL,
    $${"key_column": "id", "login_columns": ["lower(l.email)"], "hash": "l.password"}$$,
    $${
        "legacy_id":      "l.id",
        "email":          "lower(l.email)",
        "email_verified": "(to_jsonb(l) ->> 'is_verified')::boolean",
        "is_admin":       "l.roles::jsonb @> '[\"ROLE_ADMIN\"]'"
    }$$,
    '[]',
    $$Layout: the entity and migration of MakerBundle's make:user; is_verified comes from make:registration-form. The password hasher "auto" writes
bcrypt ($2y$) or argon2id; roles other than ROLE_ADMIN are not moved. For SHA-512 hashes of older applications see the preset fosuserbundle.$$,
    true
), (
    'fosuserbundle', 'FOSUserBundle 1 to 3 (Symfony) with its encoder sha512',
    'the table fos_user', NULL,
    $${"key_column": "id", "login_columns": ["username_canonical", "email_canonical"],
       "hash": "l.password", "salt": "l.salt", "format": "symfony-messagedigest"}$$,
    $${
        "legacy_id":     "l.id",
        "username":      "lower(l.username)",
        "email":         "lower(l.email)",
        "active":        "l.enabled",
        "last_login_at": "l.last_login"
    }$$,
    $$[
        {"name": "enabled", "expression": "l.enabled AND coalesce((to_jsonb(l) ->> 'expired')::boolean, false) = false",
         "code": "disabled", "message": "The account is disabled, expired, or was never confirmed."},
        {"name": "not locked", "expression": "coalesce((to_jsonb(l) ->> 'locked')::boolean, false) = false",
         "code": "locked", "message": "The account is locked."}
    ]$$,
    $$Layout: Resources/config/doctrine-mapping/User.orm.xml of the bundle; locked and expired were there until version 2.
The format is that of the encoder sha512 with 5000 iterations. Where security.yml names bcrypt or argon2, set format and salt to null.
Roles are a serialized PHP array and are not moved.$$,
    true
), (
    'aspnet-identity', 'ASP.NET Core Identity 1 to 9',
    'the table "AspNetUsers"', NULL,
    $${"key_column": "Id", "login_columns": ["lower(l.\"UserName\")", "lower(l.\"Email\")"], "hash": "l.\"PasswordHash\""}$$,
    $${
        "legacy_id":      "l.\"Id\"",
        "username":       "lower(l.\"UserName\")",
        "email":          "lower(l.\"Email\")",
        "email_verified": "l.\"EmailConfirmed\"",
        "phone":          "l.\"PhoneNumber\""
    }$$,
    $$[{"name": "not locked out", "expression": "NOT l.\"LockoutEnabled\" OR coalesce(l.\"LockoutEnd\" < now(), true)",
        "code": "locked", "message": "The account is locked out."}]$$,
    $$Layout: IdentityDbContext of Microsoft.AspNetCore.Identity.EntityFrameworkCore. Hashes are of version 3, or of version 2 where users came from ASP.NET Identity 2.
If the application sets SignIn.RequireConfirmedAccount, add a rule on "EmailConfirmed". Roles, claims, external logins and authenticator keys
(AspNetUserRoles, AspNetUserClaims, AspNetUserLogins, AspNetUserTokens) are not moved. Copied to PostgreSQL by Npgsql the columns are of these types;
through tds_fdw a bit is a boolean and a datetimeoffset a timestamptz.$$,
    true
), (
    'aspnet-identity-2', 'ASP.NET Identity 1 and 2 (.NET Framework)',
    'the table "AspNetUsers"', NULL,
    $${"key_column": "Id", "login_columns": ["lower(l.\"UserName\")", "lower(l.\"Email\")"], "hash": "l.\"PasswordHash\""}$$,
    $${
        "legacy_id":      "l.\"Id\"",
        "username":       "lower(l.\"UserName\")",
        "email":          "lower(l.\"Email\")",
        "email_verified": "l.\"EmailConfirmed\"",
        "phone":          "l.\"PhoneNumber\""
    }$$,
    $$[{"name": "not locked out", "expression": "NOT l.\"LockoutEnabled\" OR coalesce(l.\"LockoutEndDateUtc\" < now(), true)",
        "code": "locked", "message": "The account is locked out."}]$$,
    $$Layout: IdentityDbContext of Microsoft.AspNet.Identity.EntityFramework. Hashes are of version 2 (PBKDF2-SHA1 with 1000 iterations).
SimpleMembership has the same hashes in webpages_Membership."Password". Roles, claims and external logins are not moved.$$,
    true
), (
    'aspnet-membership', 'ASP.NET membership 2.0 to 4.x, SqlMembershipProvider',
    'the view legacy.aspnet_members that view_sql makes',
    $$CREATE VIEW legacy.aspnet_members AS
SELECT u."UserId", a."ApplicationName", u."UserName", u."LoweredUserName", m."Email", m."LoweredEmail",
       m."Password", m."PasswordSalt", m."IsApproved", m."IsLockedOut", m."CreateDate", m."LastLoginDate"
FROM legacy."aspnet_Users" u
JOIN legacy."aspnet_Membership" m ON m."UserId" = u."UserId"
JOIN legacy."aspnet_Applications" a ON a."ApplicationId" = u."ApplicationId"
WHERE m."PasswordFormat" = 1$$,
    $${"key_column": "UserId", "login_columns": ["LoweredUserName", "LoweredEmail"],
       "hash": "l.\"Password\"", "salt": "l.\"PasswordSalt\"", "format": "aspnet-membership-sha1"}$$,
    $${
        "legacy_id":     "l.\"UserId\"",
        "username":      "l.\"LoweredUserName\"",
        "email":         "l.\"LoweredEmail\"",
        "active":        "l.\"IsApproved\"",
        "created_at":    "l.\"CreateDate\"",
        "last_login_at": "l.\"LastLoginDate\""
    }$$,
    $$[
        {"name": "approved", "expression": "l.\"IsApproved\"", "code": "unapproved", "message": "The account was never approved."},
        {"name": "not locked out", "expression": "NOT l.\"IsLockedOut\"", "code": "locked", "message": "The account is locked out."}
    ]$$,
    $$Layout: what aspnet_regsql.exe installs. Only hashed passwords are moved (PasswordFormat 1): 0 is clear text, for which a second source with the format
plaintext serves, and 2 is encrypted with the machineKey. The hashes are SHA-1; where web.config sets hashAlgorithmType to SHA256, put
b64(sha256_raw(unb64($salt).utf16le($pass))) into format. Several applications in one database share user names: add a filter on "ApplicationName".$$,
    true
), (
    'spring-security', 'Spring Security 5 to 6, JdbcUserDetailsManager',
    'the table users', NULL,
    $${"key_column": "username", "login_columns": ["lower(l.username)"], "hash": "l.password"}$$,
    $${
        "legacy_id": "l.username",
        "username":  "lower(l.username)",
        "email":     "CASE WHEN l.username LIKE '%_@_%' THEN lower(l.username) END",
        "active":    "l.enabled"
    }$$,
    $$[{"name": "enabled", "expression": "l.enabled", "code": "disabled", "message": "The account is disabled."}]$$,
    $$Layout: org/springframework/security/core/userdetails/jdbc/users.ddl. The hashes are those of DelegatingPasswordEncoder: {bcrypt}, {argon2}, {scrypt}, {pbkdf2},
{sha256}, {ldap}, {MD5} and others, or bcrypt alone. {noop} is followed by the password itself: keep such rows
out by a filter here, l.password NOT LIKE '{noop}%', and make a second source of this preset with l.password LIKE '{noop}%' as filter, substr(l.password, 7) as
hash and plaintext as format. Where an encoder was given a secret, it is the pepper.
The user name is the key: who is renamed there is somebody else here. The table authorities is not moved.$$,
    true
), (
    'flask-security', 'Flask-Security and Flask-Security-Too with bcrypt',
    'the table of the user model, such as "user"', NULL,
    $${"key_column": "id", "login_columns": ["lower(l.email)"], "hash": "l.password",
       "format": "flask-security-bcrypt", "pepper": "flask"}$$,
    $${
        "legacy_id":         "l.id",
        "email":             "lower(l.email)",
        "username":          "lower(to_jsonb(l) ->> 'username')",
        "active":            "l.active",
        "email_verified":    "to_jsonb(l) ->> 'confirmed_at' IS NOT NULL",
        "email_verified_at": "(to_jsonb(l) ->> 'confirmed_at')::timestamptz",
        "last_login_at":     "coalesce(to_jsonb(l) ->> 'current_login_at', to_jsonb(l) ->> 'last_login_at')::timestamptz"
    }$$,
    $$[{"name": "active", "expression": "l.active", "code": "disabled", "message": "The account is disabled."}]$$,
    $$Layout: UserMixin and fsqla of the package. The pepper is SECURITY_PASSWORD_SALT: put it into the file of ferry.pepper_file as flask = text:...
If SECURITY_CONFIRMABLE is set, add a rule on confirmed_at. Roles are not moved.$$,
    true
), (
    'shiro', 'Apache Shiro 1.2 to 1.13, JdbcRealm with DefaultPasswordService',
    'the table users', NULL,
    $${"key_column": "username", "login_columns": ["lower(l.username)"], "hash": "l.password"}$$,
    $${
        "legacy_id": "l.username",
        "username":  "lower(l.username)",
        "email":     "CASE WHEN l.username LIKE '%_@_%' THEN lower(l.username) END"
    }$$,
    '[]',
    $$Layout: the queries of org.apache.shiro.realm.jdbc.JdbcRealm. DefaultPasswordService writes $shiro1$; the $shiro2$ of version 2 is not recognised.
For hashes made otherwise (HashedCredentialsMatcher with password_salt) name a recipe as format and the column as salt.
The user name is the key: who is renamed there is somebody else here. The tables of roles and permissions are not moved.$$,
    true
);

-- As devise, but for the pepper.
INSERT INTO ferry.preset (name, title, relation, source, mappings, rules, notes, shipped)
SELECT 'devise-pepper', 'Devise 1.2 to 4.9 (Ruby on Rails), with a pepper', relation,
       source || '{"format": "devise-bcrypt-pepper", "pepper": "devise"}', mappings, rules,
       $$The preset devise, for applications whose config/initializers/devise.rb sets config.pepper: put that into the file of ferry.pepper_file as
devise = text:... What the notes of devise say holds here too.$$,
       true
FROM ferry.preset
WHERE name = 'devise';
