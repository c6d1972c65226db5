-- The user model of Flask-Security-Too (fsqla_v3) without what does not matter here.

CREATE TABLE "user" (
    id               serial       PRIMARY KEY,
    email            varchar(255) NOT NULL UNIQUE,
    username         varchar(255) UNIQUE,
    password         varchar(255),
    active           boolean      NOT NULL,
    fs_uniquifier    varchar(64)  NOT NULL UNIQUE,
    confirmed_at     timestamp,
    last_login_at    timestamp,
    current_login_at timestamp
);

INSERT INTO "user" (email, username, password, active, fs_uniquifier, confirmed_at, current_login_at) VALUES
    ('flask@example.com', 'Flask', '$2b$05$O/IWpvLO5guaFyMLi8uSrOaALgR1DY3ninXOz12l/ZuMBwPudVYCa', true, 'f1', '2022-01-02 03:04:05', '2024-01-02 03:04:05'),
    ('disabled@example.com', NULL, '$2b$05$O/IWpvLO5guaFyMLi8uSrOaALgR1DY3ninXOz12l/ZuMBwPudVYCa', false, 'f2', NULL, NULL);
