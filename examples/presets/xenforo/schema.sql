-- XenForo's tables of users, which follow the documented layout, as they stand in PostgreSQL after a move from MySQL: bytea for
-- `mediumblob`; columns that do not matter here are left out.

CREATE TYPE xf_user_user_state AS ENUM ('valid', 'email_confirm', 'email_confirm_edit', 'moderated', 'email_bounce', 'rejected', 'disabled');

CREATE TABLE xf_user (
    user_id       bigint       PRIMARY KEY,
    username      varchar(50)  NOT NULL UNIQUE,
    email         varchar(120) NOT NULL,
    language_id   bigint       NOT NULL DEFAULT 1,
    timezone      varchar(50)  NOT NULL DEFAULT 'Europe/London',
    user_group_id bigint       NOT NULL DEFAULT 2,
    register_date bigint       NOT NULL DEFAULT 0,
    last_activity bigint       NOT NULL DEFAULT 0,
    user_state    xf_user_user_state NOT NULL DEFAULT 'valid',
    is_moderator  smallint     NOT NULL DEFAULT 0,
    is_admin      smallint     NOT NULL DEFAULT 0,
    is_banned     smallint     NOT NULL DEFAULT 0
);
CREATE INDEX email ON xf_user (email);

CREATE TABLE xf_user_authenticate (
    user_id      bigint       PRIMARY KEY,
    scheme_class varchar(100) NOT NULL,
    data         bytea        NOT NULL
);

INSERT INTO xf_user (user_id, username, email, register_date, last_activity, user_state, is_admin, is_banned) VALUES
    (1, 'Kier', 'Kier@Forum.example', 1500000000, 1704067200, 'valid', 1, 0),
    (2, 'twelve', 'twelve@forum.example', 1400000000, 0, 'valid', 0, 0),
    (3, 'one', 'one@forum.example', 1300000000, 0, 'email_bounce', 0, 0),
    (4, 'json', 'json@forum.example', 1300000000, 0, 'valid', 0, 0),
    (5, 'imported', 'imported@forum.example', 1200000000, 0, 'valid', 0, 0),
    (6, 'banned', 'banned@forum.example', 1500000000, 0, 'valid', 0, 1),
    (7, 'newcomer', 'newcomer@forum.example', 1500000000, 0, 'email_confirm', 0, 0),
    (8, 'connected', 'connected@forum.example', 1500000000, 0, 'valid', 0, 0),
    (9, 'moving', 'moving@forum.example', 1500000000, 0, 'email_confirm_edit', 0, 0),
    (10, 'moderated', 'moderated@forum.example', 1500000000, 0, 'moderated', 0, 0),
    (11, 'rejected', 'rejected@forum.example', 1500000000, 0, 'rejected', 0, 0),
    (12, 'disabled', 'disabled@forum.example', 1500000000, 0, 'disabled', 0, 0);

INSERT INTO xf_user_authenticate (user_id, scheme_class, data)
SELECT id, scheme, convert_to(data, 'UTF8')
FROM (VALUES
    (1, 'XF:Core12', '{"hash":"$2y$08$nOHgfCG\/7ChbXllHaoURUOSwC7PgfsFrGF29MoKmcrPwwIz5c0qAS"}'),
    (2, 'XenForo_Authentication_Core12', 'a:1:{s:4:"hash";s:60:"$2a$10$EnvKvs.royUb7HV2lBGAROLdwbghtS4KBlaDrkFoFa3sIAmPn6gk6";}'),
    (3, 'XenForo_Authentication_Core', 'a:3:{s:4:"hash";s:64:"38d61fda7efdc4122b3a5a36f2a548ec72bd013a9ce05b4404f412b00089517a";s:4:"salt";s:7:"seasalt";s:8:"hashFunc";s:6:"sha256";}'),
    (4, 'XF:Core', '{"hash":"ccb1e9f3865a8f03a26b8d7f76139268f5d1e9e6","salt":"seasalt","hashFunc":"sha1"}'),
    (5, 'XF:PhpBb3', '{"hash":"$H$5prZ5pS2rbjSk70m7.HoPWkoe1vJsz."}'),
    (6, 'XF:Core12', '{"hash":"$2y$08$n5u6.uX76fmZJy3LeS.5BORF67Fb5wFlKAggWPpwyEXfagkmGLmiG"}'),
    (7, 'XF:Core12', '{"hash":"$2y$08$31uNuxconxdgNBWYScl9teqSFuuxyaNFEiGUp9B\/6qcUdHT2vEtLe"}'),
    (8, 'XF:NoPassword', '[]'),
    (9, 'XF:Core12', '{"hash":"$2y$08$nOHgfCG\/7ChbXllHaoURUOSwC7PgfsFrGF29MoKmcrPwwIz5c0qAS"}'),
    (10, 'XF:Core12', '{"hash":"$2y$08$nOHgfCG\/7ChbXllHaoURUOSwC7PgfsFrGF29MoKmcrPwwIz5c0qAS"}'),
    (11, 'XF:Core12', '{"hash":"$2y$08$nOHgfCG\/7ChbXllHaoURUOSwC7PgfsFrGF29MoKmcrPwwIz5c0qAS"}'),
    (12, 'XF:Core12', '{"hash":"$2y$08$nOHgfCG\/7ChbXllHaoURUOSwC7PgfsFrGF29MoKmcrPwwIz5c0qAS"}')
) AS authenticate (id, scheme, data);
