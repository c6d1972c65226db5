-- auth.users of a Supabase project, here as legacy.users: what a foreign table shows of it. Columns that do not matter are left out.

CREATE TABLE users (
    instance_id        uuid,
    id                 uuid PRIMARY KEY,
    aud                varchar(255),
    role               varchar(255),
    email              varchar(255),
    encrypted_password varchar(255),
    email_confirmed_at timestamptz,
    invited_at         timestamptz,
    last_sign_in_at    timestamptz,
    raw_app_meta_data  jsonb,
    raw_user_meta_data jsonb,
    is_super_admin     boolean,
    created_at         timestamptz,
    updated_at         timestamptz,
    phone              text UNIQUE DEFAULT NULL,
    phone_confirmed_at timestamptz,
    banned_until       timestamptz,
    is_sso_user        boolean NOT NULL DEFAULT false,
    deleted_at         timestamptz,
    is_anonymous       boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX users_email_partial_key ON users (email) WHERE is_sso_user = false;

INSERT INTO users (id, email, encrypted_password, email_confirmed_at, last_sign_in_at, raw_user_meta_data, created_at, updated_at, phone, phone_confirmed_at, banned_until, is_sso_user, deleted_at) VALUES
    ('11111111-1111-4111-8111-111111111111', 'sue@example.com', '$2a$04$WCFZ20TqL5NtHXJQ.Snx.OuATjLypqy5mhTsFlXWs467gFOYy7Tue', '2023-01-02 03:04:05+00', '2024-01-02 03:04:05+00',
     '{"full_name": "Sue Base", "avatar_url": "https://example.com/sue.png"}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', '4930123456', NULL, NULL, false, NULL),
    ('22222222-2222-4222-8222-222222222222', 'from_firebase@example.com',
     '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==',
     '2023-01-02 03:04:05+00', NULL, '{}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', NULL, NULL, NULL, false, NULL),
    ('33333333-3333-4333-8333-333333333333', 'banned@example.com', '$2a$04$WCFZ20TqL5NtHXJQ.Snx.OuATjLypqy5mhTsFlXWs467gFOYy7Tue', '2023-01-02 03:04:05+00', NULL,
     '{}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', NULL, NULL, '2999-01-01 00:00+00', false, NULL),
    ('77777777-7777-4777-8777-777777777777', 'was_banned@example.com', '$2a$04$WCFZ20TqL5NtHXJQ.Snx.OuATjLypqy5mhTsFlXWs467gFOYy7Tue', '2023-01-02 03:04:05+00', NULL,
     '{}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', NULL, NULL, '2024-01-01 00:00+00', false, NULL),
    ('44444444-4444-4444-8444-444444444444', 'unconfirmed@example.com', '$2a$04$WCFZ20TqL5NtHXJQ.Snx.OuATjLypqy5mhTsFlXWs467gFOYy7Tue', NULL, NULL,
     '{}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', NULL, NULL, NULL, false, NULL),
    ('55555555-5555-4555-8555-555555555555', 'deleted@example.com', '$2a$04$WCFZ20TqL5NtHXJQ.Snx.OuATjLypqy5mhTsFlXWs467gFOYy7Tue', '2023-01-02 03:04:05+00', NULL,
     '{}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', NULL, NULL, NULL, false, '2024-01-01 00:00+00'),
    ('66666666-6666-4666-8666-666666666666', 'sue@example.com', NULL, '2023-01-02 03:04:05+00', NULL,
     '{}', '2023-01-01 00:00+00', '2024-01-01 00:00+00', NULL, NULL, NULL, true, NULL);
