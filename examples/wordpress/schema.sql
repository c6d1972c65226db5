-- WordPress' two tables of users, as they stand in PostgreSQL after a move from MySQL: names, types and keys are WordPress' own,
-- with bigint for `bigint unsigned`, timestamp for `datetime` and text for `longtext`.

CREATE TABLE wp_users (
    "ID"                bigint       PRIMARY KEY,
    user_login          varchar(60)  NOT NULL DEFAULT '',
    user_pass           varchar(255) NOT NULL DEFAULT '',
    user_nicename       varchar(50)  NOT NULL DEFAULT '',
    user_email          varchar(100) NOT NULL DEFAULT '',
    user_url            varchar(100) NOT NULL DEFAULT '',
    user_registered     timestamp    NOT NULL,
    user_activation_key varchar(255) NOT NULL DEFAULT '',
    user_status         integer      NOT NULL DEFAULT 0,
    display_name        varchar(250) NOT NULL DEFAULT ''
);
CREATE INDEX user_login_key ON wp_users (user_login);
CREATE INDEX user_nicename ON wp_users (user_nicename);
CREATE INDEX user_email ON wp_users (user_email);

CREATE TABLE wp_usermeta (
    umeta_id   bigint       PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    user_id    bigint       NOT NULL DEFAULT 0,
    meta_key   varchar(255),
    meta_value text
);
CREATE INDEX user_id ON wp_usermeta (user_id);
CREATE INDEX meta_key ON wp_usermeta (meta_key);
