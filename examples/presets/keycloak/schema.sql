-- The tables of Keycloak that matter, with the columns that its change logs make on PostgreSQL; others are left out.

CREATE TABLE realm (
    id   varchar(36) PRIMARY KEY,
    name varchar(255) UNIQUE
);

CREATE TABLE user_entity (
    id                          varchar(36)  PRIMARY KEY,
    email                       varchar(255),
    email_constraint            varchar(255),
    email_verified              boolean      NOT NULL DEFAULT false,
    enabled                     boolean      NOT NULL DEFAULT false,
    federation_link             varchar(255),
    first_name                  varchar(255),
    last_name                   varchar(255),
    realm_id                    varchar(255),
    username                    varchar(255),
    created_timestamp           bigint,
    service_account_client_link varchar(255),
    not_before                  integer      NOT NULL DEFAULT 0,
    UNIQUE (realm_id, email_constraint),
    UNIQUE (realm_id, username)
);
CREATE INDEX idx_user_email ON user_entity (email);

CREATE TABLE credential (
    id              varchar(36)  PRIMARY KEY,
    salt            bytea,
    type            varchar(255),
    user_id         varchar(36)  REFERENCES user_entity,
    created_date    bigint,
    user_label      varchar(255),
    secret_data     text,
    credential_data text,
    priority        integer
);
CREATE INDEX idx_user_credential ON credential (user_id);

CREATE TABLE user_required_action (
    user_id         varchar(36)  NOT NULL REFERENCES user_entity,
    required_action varchar(255) NOT NULL DEFAULT ' ',
    PRIMARY KEY (required_action, user_id)
);

INSERT INTO realm VALUES ('r1', 'shop'), ('r0', 'master');

INSERT INTO user_entity (id, email, email_constraint, email_verified, enabled, first_name, last_name, realm_id, username, created_timestamp, service_account_client_link) VALUES
    ('11111111-1111-4111-8111-111111111111', 'duke@example.com', 'duke@example.com', true, true, 'Duke', 'Key', 'r1', 'duke', 1700000000000, NULL),
    ('22222222-2222-4222-8222-222222222222', 'older@example.com', 'older@example.com', false, true, NULL, NULL, 'r1', 'older', 1600000000000, NULL),
    ('33333333-3333-4333-8333-333333333333', NULL, 'c3', false, false, NULL, NULL, 'r1', 'disabled', 1600000000000, NULL),
    ('44444444-4444-4444-8444-444444444444', NULL, 'c4', false, true, NULL, NULL, 'r0', 'admin', 1600000000000, NULL),
    ('55555555-5555-4555-8555-555555555555', NULL, 'c5', false, true, NULL, NULL, 'r1', 'service-account-shop', 1600000000000, 'client'),
    ('66666666-6666-4666-8666-666666666666', 'social@example.com', 'social@example.com', true, true, NULL, NULL, 'r1', 'social', 1600000000000, NULL);

INSERT INTO credential (id, type, user_id, created_date, credential_data, secret_data, priority) VALUES
    ('c1', 'password', '11111111-1111-4111-8111-111111111111', 1700000000000,
     '{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}',
     '{"value":"BuViHNDGmCq80fvpty/QoggTI8NSt0CuNDGgeoa5f5A=","salt":"RJ0aLMQ2qKbZuROs7qQhcA==","additionalParameters":{}}', 10),
    ('c0', 'otp', '11111111-1111-4111-8111-111111111111', 1700000000000,
     '{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}', '{"value":"not a password"}', 20);
INSERT INTO credential (id, type, user_id, created_date, credential_data, secret_data, priority)
SELECT 'c-' || username, 'password', id, created_timestamp,
     '{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}',
     '{"value":"gI7lGJLNUQfn6xcMUtLp0XnOIF3JdaoAj8IogosYZsDg4Q5cFxG5JkJrKZpR7mIG5MxlH346ikZKsiZovvFKDQ==","salt":"H1Yjwf5UUIip/deJSkNJ+Q==","additionalParameters":{}}', 10
FROM user_entity
WHERE username IN ('older', 'disabled', 'admin', 'service-account-shop');

INSERT INTO user_required_action VALUES
    ('22222222-2222-4222-8222-222222222222', 'UPDATE_PASSWORD'),
    ('22222222-2222-4222-8222-222222222222', 'VERIFY_EMAIL');
