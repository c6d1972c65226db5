-- Discourse's tables of users, which follow the documented layout; columns that do not matter here are left out.

CREATE TABLE users (
    id             integer     PRIMARY KEY,
    username       varchar(60) NOT NULL,
    created_at     timestamp   NOT NULL,
    updated_at     timestamp   NOT NULL,
    name           varchar,
    active         boolean     NOT NULL DEFAULT false,
    username_lower varchar(60) NOT NULL UNIQUE,
    last_seen_at   timestamp,
    admin          boolean     NOT NULL DEFAULT false,
    trust_level    integer     NOT NULL DEFAULT 1,
    approved       boolean     NOT NULL DEFAULT false,
    suspended_at   timestamp,
    suspended_till timestamp,
    date_of_birth  date,
    moderator      boolean     DEFAULT false,
    locale         varchar(10),
    staged         boolean     NOT NULL DEFAULT false,
    silenced_till  timestamp
);

CREATE TABLE user_emails (
    id               integer      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    user_id          integer      NOT NULL,
    email            varchar(513) NOT NULL,
    "primary"        boolean      NOT NULL DEFAULT false,
    normalized_email varchar
);
CREATE UNIQUE INDEX index_user_emails_on_email ON user_emails (lower(email));
CREATE UNIQUE INDEX index_user_emails_on_user_id_and_primary ON user_emails (user_id, "primary") WHERE "primary";

CREATE TABLE user_passwords (
    id                  integer     PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    user_id             integer     NOT NULL UNIQUE,
    password_hash       varchar(64) NOT NULL,
    password_salt       varchar(32) NOT NULL,
    password_algorithm  varchar(64) NOT NULL,
    password_expired_at timestamp
);

INSERT INTO users (id, username, username_lower, name, active, staged, admin, suspended_till, locale, created_at, updated_at, last_seen_at) VALUES
    (-1, 'system', 'system', 'system', true, false, true, NULL, NULL, '2020-01-01', '2020-01-01', NULL),
    (1, 'Robin', 'robin', 'Robin Ward', true, false, true, NULL, 'en', '2020-01-02 03:04:05', '2024-01-01', '2024-01-01 12:00:00'),
    (2, 'jeff', 'jeff', '', true, false, false, '2021-01-01', NULL, '2021-01-01', '2021-01-01', NULL),
    (3, 'troll', 'troll', NULL, true, false, false, '2999-01-01', NULL, '2021-01-01', '2021-01-01', NULL),
    (4, 'unconfirmed', 'unconfirmed', NULL, false, false, false, NULL, NULL, '2021-01-01', '2021-01-01', NULL),
    (5, 'mailer', 'mailer', NULL, false, true, false, NULL, NULL, '2021-01-01', '2021-01-01', NULL),
    (6, 'expired', 'expired', NULL, true, false, false, NULL, NULL, '2021-01-01', '2021-01-01', NULL);

INSERT INTO user_emails (user_id, email, "primary") VALUES
    (-1, 'no_reply', true),
    (1, 'Robin@Forum.example', true),
    (1, 'robin.too@forum.example', false),
    (2, 'jeff@forum.example', true),
    (3, 'troll@forum.example', true),
    (4, 'unconfirmed@forum.example', true),
    (5, 'mailer@forum.example', true),
    (6, 'expired@forum.example', true);

INSERT INTO user_passwords (user_id, password_algorithm, password_salt, password_hash, password_expired_at) VALUES
    (1, '$pbkdf2-sha256$i=600000,l=32$', '5f4e3d2c1b0a99887766554433221100', '002015812e6e3b0f14485c946fb9ce3bce001719dc3cac65dad026790eb2bf6e', NULL),
    (2, '$pbkdf2-sha256$i=64000,l=32$', '0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'ffd7ff13a981074b50d10f51ecf149af85e24e0ccf7809f70cb129e3b52c6295', NULL),
    (3, '$pbkdf2-sha256$i=64000,l=32$', '0f1e2d3c4b5a69788796a5b4c3d2e1f0', '7ce19cfd70680fd7237c6b3405a909be8fd6e6cf9c770f3def15a1bb192435c3', NULL),
    (4, '$pbkdf2-sha256$i=64000,l=32$', '0f1e2d3c4b5a69788796a5b4c3d2e1f0', '7ce19cfd70680fd7237c6b3405a909be8fd6e6cf9c770f3def15a1bb192435c3', NULL),
    (6, '$pbkdf2-sha256$i=64000,l=32$', '0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'cb4a7ae61631372c7f6a83454c909fb3225ca49f64f0fd9eac0b3fa2fc56ff1c', '2024-01-01');
