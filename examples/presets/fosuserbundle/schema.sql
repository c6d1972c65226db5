-- The table of an entity that extends FOS\UserBundle\Model\User of version 1, on PostgreSQL.

CREATE TABLE fos_user (
    id                    integer      PRIMARY KEY,
    username              varchar(180) NOT NULL,
    username_canonical    varchar(180) NOT NULL UNIQUE,
    email                 varchar(180) NOT NULL,
    email_canonical       varchar(180) NOT NULL UNIQUE,
    enabled               boolean      NOT NULL,
    salt                  varchar(255),
    password              varchar(255) NOT NULL,
    last_login            timestamp(0),
    locked                boolean      NOT NULL,
    expired               boolean      NOT NULL,
    expires_at            timestamp(0),
    confirmation_token    varchar(180),
    password_requested_at timestamp(0),
    roles                 text         NOT NULL,
    credentials_expired   boolean      NOT NULL,
    credentials_expire_at timestamp(0)
);

INSERT INTO fos_user (id, username, username_canonical, email, email_canonical, enabled, salt, password, last_login, locked, expired, roles, credentials_expired) VALUES
    (1, 'Symfonist', 'symfonist', 'Symfonist@Example.com', 'symfonist@example.com', true, 'salt',
     'iKw+yyYDAaIE9cknw6XdfjaVtHJ7Gqh+o/GYWoVpWN1wNDQcSjc8uqXSBC+yj0KOMwA7RpCKH9weKfJT+7AEHQ==', '2014-01-02 03:04:05', false, false, 'a:0:{}', false),
    (2, 'disabled', 'disabled', 'disabled@example.com', 'disabled@example.com', false, 'salt',
     'iKw+yyYDAaIE9cknw6XdfjaVtHJ7Gqh+o/GYWoVpWN1wNDQcSjc8uqXSBC+yj0KOMwA7RpCKH9weKfJT+7AEHQ==', NULL, false, false, 'a:0:{}', false),
    (3, 'locked', 'locked', 'locked@example.com', 'locked@example.com', true, 'salt',
     'iKw+yyYDAaIE9cknw6XdfjaVtHJ7Gqh+o/GYWoVpWN1wNDQcSjc8uqXSBC+yj0KOMwA7RpCKH9weKfJT+7AEHQ==', NULL, true, false, 'a:0:{}', false);
