-- MediaWiki's table of users, which follows the documented layout of MediaWiki 1.39 on MariaDB, as it stands in PostgreSQL: bytea for
-- the binary types.

CREATE TABLE "user" (
    user_id                  bigint PRIMARY KEY,
    user_name                bytea  NOT NULL DEFAULT '' UNIQUE,
    user_real_name           bytea  NOT NULL DEFAULT '',
    user_password            bytea  NOT NULL,
    user_newpassword         bytea  NOT NULL DEFAULT '',
    user_newpass_time        bytea,
    user_email               bytea  NOT NULL,
    user_touched             bytea  NOT NULL DEFAULT '20240101000000',
    user_token               bytea  NOT NULL DEFAULT '',
    user_email_authenticated bytea,
    user_email_token         bytea,
    user_email_token_expires bytea,
    user_registration        bytea,
    user_editcount           bigint,
    user_password_expires    bytea
);

INSERT INTO "user" (user_id, user_name, user_real_name, user_password, user_email, user_email_authenticated, user_registration, user_password_expires)
SELECT id, convert_to(name, 'UTF8'), convert_to(real_name, 'UTF8'), convert_to(password, 'UTF8'), convert_to(email, 'UTF8'),
       convert_to(authenticated, 'UTF8'), convert_to(registration, 'UTF8'), convert_to(expires, 'UTF8')
FROM (VALUES
    (1, 'Édouard', 'Édouard Wiki', ':pbkdf2:sha512:300:64:6FFESM88nlTdpgBzbRAgmQ==:n1jeTIWrxc3iM7eEsr46aef0u8FiITY4apuq2dSDji64N/6J8WvpBKyjFpKGo8OM5HRqFo1N+YpMzGnI5g3Eug==', 'Edouard@Wiki.example', '20210203040506', '20210203040000', NULL),
    (2, 'Old hand', '', ':B:29799eee:f3bea9231b881a45f058a008cbdf1b17', 'old@wiki.example', NULL, NULL, NULL),
    (3, 'Layer', '', ':pbkdf2-legacyB:!sha512:300:64!f6bdde59!uL1n34yDui8kzhVxTPEfsA==!g3YgHzr1PoiZFo0MqWP9Gl4ZC7b8eUo6YSXdlAbBXtxR8a98crd/tF4fFet8gNDzcPEl+qSS9/aVqhd2fbXZSQ==', '', NULL, '20150101000000', '20160101000000'),
    (4, 'Pretender', '', ':A:83878c91171338902e0fe0fb97a8c47a', 'edouard@wiki.example', NULL, '20220101000000', NULL),
    (5, 'MediaWiki default', '', '', '', NULL, '20210203040000', NULL)
) AS wiki (id, name, real_name, password, email, authenticated, registration, expires);
