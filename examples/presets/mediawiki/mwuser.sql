-- The same users as a wiki on PostgreSQL has them: text and timestamptz in place of the binary types. Follows the documented layout.

CREATE TABLE mwuser (
    user_id                  integer     PRIMARY KEY,
    user_name                text        NOT NULL UNIQUE,
    user_real_name           text        NOT NULL DEFAULT '',
    user_password            text        NOT NULL,
    user_newpassword         text        NOT NULL DEFAULT '',
    user_newpass_time        timestamptz,
    user_email               text        NOT NULL,
    user_touched             timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00',
    user_token               text        NOT NULL DEFAULT '',
    user_email_authenticated timestamptz,
    user_email_token         text,
    user_email_token_expires timestamptz,
    user_registration        timestamptz,
    user_editcount           integer,
    user_password_expires    timestamptz
);

INSERT INTO mwuser (user_id, user_name, user_real_name, user_password, user_email, user_email_authenticated, user_registration, user_password_expires) VALUES
    (1, 'Édouard', 'Édouard Wiki', ':pbkdf2:sha512:300:64:6FFESM88nlTdpgBzbRAgmQ==:n1jeTIWrxc3iM7eEsr46aef0u8FiITY4apuq2dSDji64N/6J8WvpBKyjFpKGo8OM5HRqFo1N+YpMzGnI5g3Eug==', 'Edouard@Wiki.example', '2021-02-03 04:05:06+00', '2021-02-03 04:00:00+00', NULL),
    (2, 'Old hand', '', ':B:29799eee:f3bea9231b881a45f058a008cbdf1b17', 'old@wiki.example', NULL, NULL, NULL),
    (4, 'Pretender', '', ':A:83878c91171338902e0fe0fb97a8c47a', 'edouard@wiki.example', NULL, '2022-01-01 00:00:00+00', NULL);
