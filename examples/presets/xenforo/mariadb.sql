-- XenForo's tables of users as its installer makes them in MySQL and MariaDB, with two of the users. Follows the documented layout.

CREATE DATABASE board;
USE board;

CREATE TABLE xf_user (
    user_id       int unsigned     NOT NULL AUTO_INCREMENT,
    username      varchar(50)      NOT NULL,
    email         varchar(120)     NOT NULL,
    language_id   int unsigned     NOT NULL DEFAULT 1,
    timezone      varchar(50)      NOT NULL DEFAULT 'Europe/London',
    user_group_id int unsigned     NOT NULL DEFAULT 2,
    register_date int unsigned     NOT NULL DEFAULT 0,
    last_activity int unsigned     NOT NULL DEFAULT 0,
    user_state    enum('valid','email_confirm','email_confirm_edit','moderated','email_bounce','rejected','disabled') NOT NULL DEFAULT 'valid',
    is_moderator  tinyint unsigned NOT NULL DEFAULT 0,
    is_admin      tinyint unsigned NOT NULL DEFAULT 0,
    is_banned     tinyint unsigned NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id),
    UNIQUE KEY username (username),
    KEY email (email)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;

CREATE TABLE xf_user_authenticate (
    user_id      int unsigned NOT NULL,
    scheme_class varchar(80)  NOT NULL,
    data         mediumblob   NOT NULL,
    PRIMARY KEY (user_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;

INSERT INTO xf_user (user_id, username, email, register_date, last_activity, is_admin, is_banned) VALUES
    (1, 'Kier', 'Kier@Forum.example', 1500000000, 1704067200, 1, 0),
    (6, 'banned', 'banned@forum.example', 1500000000, 0, 0, 1);
INSERT INTO xf_user_authenticate (user_id, scheme_class, data) VALUES
    (1, 'XF:Core12', '{"hash":"$2y$08$nOHgfCG\/7ChbXllHaoURUOSwC7PgfsFrGF29MoKmcrPwwIz5c0qAS"}'),
    (6, 'XF:Core12', '{"hash":"$2y$08$n5u6.uX76fmZJy3LeS.5BORF67Fb5wFlKAggWPpwyEXfagkmGLmiG"}');
