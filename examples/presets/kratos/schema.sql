-- The tables of Kratos that matter, as its migrations make them on PostgreSQL; columns that do not matter are left out.

CREATE TABLE identities (
    id               uuid          PRIMARY KEY,
    schema_id        varchar(2048) NOT NULL,
    traits           jsonb         NOT NULL,
    created_at       timestamp     NOT NULL,
    updated_at       timestamp     NOT NULL,
    nid              uuid,
    state            varchar(255)  NOT NULL DEFAULT 'active',
    state_changed_at timestamp,
    metadata_public  jsonb,
    metadata_admin   jsonb
);

CREATE TABLE identity_credential_types (
    id   uuid        PRIMARY KEY,
    name varchar(32) NOT NULL UNIQUE
);

CREATE TABLE identity_credentials (
    id                          uuid      PRIMARY KEY,
    config                      jsonb     NOT NULL,
    identity_credential_type_id uuid      NOT NULL REFERENCES identity_credential_types,
    identity_id                 uuid      NOT NULL REFERENCES identities ON DELETE CASCADE,
    created_at                  timestamp NOT NULL,
    updated_at                  timestamp NOT NULL,
    nid                         uuid,
    version                     integer   NOT NULL DEFAULT 0
);
CREATE INDEX ON identity_credentials (identity_id);

CREATE TABLE identity_credential_identifiers (
    id                          uuid         PRIMARY KEY,
    identifier                  varchar(255) NOT NULL,
    identity_credential_id      uuid         NOT NULL REFERENCES identity_credentials ON DELETE CASCADE,
    created_at                  timestamp    NOT NULL,
    updated_at                  timestamp    NOT NULL,
    nid                         uuid,
    identity_credential_type_id uuid         NOT NULL REFERENCES identity_credential_types,
    UNIQUE (nid, identity_credential_type_id, identifier)
);

CREATE TABLE identity_verifiable_addresses (
    id          uuid         PRIMARY KEY,
    status      varchar(16)  NOT NULL,
    via         varchar(16)  NOT NULL,
    verified    boolean      NOT NULL,
    value       varchar(400) NOT NULL,
    verified_at timestamp,
    identity_id uuid         NOT NULL REFERENCES identities ON DELETE CASCADE,
    created_at  timestamp    NOT NULL,
    updated_at  timestamp    NOT NULL,
    nid         uuid
);

INSERT INTO identity_credential_types VALUES
    ('78c1b41d-8341-4507-aa60-aff1d4369670', 'password'), ('6fa5e2e0-bfce-4631-b62b-cf2b0252b289', 'oidc');

INSERT INTO identities (id, schema_id, traits, created_at, updated_at, state) VALUES
    ('11111111-1111-4111-8111-111111111111', 'default', '{"email": "Ory@Example.com", "username": "ory", "name": {"first": "O", "last": "Ry"}}',
     '2022-01-01 00:00', '2024-01-01 00:00', 'active'),
    ('22222222-2222-4222-8222-222222222222', 'default', '{"email": "imported@example.com", "name": "Im Ported"}',
     '2022-01-01 00:00', '2024-01-01 00:00', 'active'),
    ('33333333-3333-4333-8333-333333333333', 'default', '{"email": "inactive@example.com"}',
     '2022-01-01 00:00', '2024-01-01 00:00', 'inactive'),
    ('44444444-4444-4444-8444-444444444444', 'default', '{"email": "social@example.com"}',
     '2022-01-01 00:00', '2024-01-01 00:00', 'active');

INSERT INTO identity_credentials (id, config, identity_credential_type_id, identity_id, created_at, updated_at) VALUES
    ('c1000000-0000-4000-8000-000000000000', '{"hashed_password": "$argon2id$v=19$m=97,t=1,p=1$Epnds4jf6QjmzRAMpKTSfQ$OjTaQ/muO9n6lStFDedrEpRVlw"}',
     '78c1b41d-8341-4507-aa60-aff1d4369670', '11111111-1111-4111-8111-111111111111', '2022-01-01 00:00', '2022-01-01 00:00'),
    ('c2000000-0000-4000-8000-000000000000', '{"hashed_password": "$pbkdf2-sha256$i=100000,l=32$1jP+5Zxpxgtee/iPxGgOz0RfE9/KJuDElP1ley4VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI"}',
     '78c1b41d-8341-4507-aa60-aff1d4369670', '22222222-2222-4222-8222-222222222222', '2022-01-01 00:00', '2022-01-01 00:00'),
    ('c3000000-0000-4000-8000-000000000000', '{"hashed_password": "$argon2id$v=19$m=97,t=1,p=1$Epnds4jf6QjmzRAMpKTSfQ$OjTaQ/muO9n6lStFDedrEpRVlw"}',
     '78c1b41d-8341-4507-aa60-aff1d4369670', '33333333-3333-4333-8333-333333333333', '2022-01-01 00:00', '2022-01-01 00:00'),
    ('c4000000-0000-4000-8000-000000000000', '{"providers": [{"provider": "google", "subject": "1234"}]}',
     '6fa5e2e0-bfce-4631-b62b-cf2b0252b289', '44444444-4444-4444-8444-444444444444', '2022-01-01 00:00', '2022-01-01 00:00');

INSERT INTO identity_credential_identifiers (id, identifier, identity_credential_id, created_at, updated_at, identity_credential_type_id)
SELECT gen_random_uuid(), identifier, credential::uuid, '2022-01-01 00:00', '2022-01-01 00:00', type::uuid
FROM (VALUES
    ('ory@example.com',      'c1000000-0000-4000-8000-000000000000', '78c1b41d-8341-4507-aa60-aff1d4369670'),
    ('ory',                  'c1000000-0000-4000-8000-000000000000', '78c1b41d-8341-4507-aa60-aff1d4369670'),
    ('imported@example.com', 'c2000000-0000-4000-8000-000000000000', '78c1b41d-8341-4507-aa60-aff1d4369670'),
    ('inactive@example.com', 'c3000000-0000-4000-8000-000000000000', '78c1b41d-8341-4507-aa60-aff1d4369670'),
    ('google:1234',          'c4000000-0000-4000-8000-000000000000', '6fa5e2e0-bfce-4631-b62b-cf2b0252b289')) AS i (identifier, credential, type);

INSERT INTO identity_verifiable_addresses (id, status, via, verified, value, verified_at, identity_id, created_at, updated_at) VALUES
    ('a1000000-0000-4000-8000-000000000000', 'completed', 'email', true, 'ory@example.com', '2022-01-02 00:00',
     '11111111-1111-4111-8111-111111111111', '2022-01-01 00:00', '2022-01-01 00:00');
