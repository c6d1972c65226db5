-- Magento's table of customers, which follows the documented layout, as it stands in PostgreSQL after a move from MySQL:
-- bigint for `int unsigned`, integer for `smallint unsigned`, timestamp for `timestamp` and `datetime`.

CREATE TABLE customer_entity (
    entity_id                 bigint       PRIMARY KEY,
    website_id                integer,
    email                     varchar(255),
    group_id                  integer      NOT NULL DEFAULT 0,
    increment_id              varchar(50),
    store_id                  integer      DEFAULT 0,
    created_at                timestamp    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at                timestamp    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    is_active                 integer      NOT NULL DEFAULT 1,
    disable_auto_group_change integer      NOT NULL DEFAULT 0,
    created_in                varchar(255),
    prefix                    varchar(40),
    firstname                 varchar(255),
    middlename                varchar(255),
    lastname                  varchar(255),
    suffix                    varchar(40),
    dob                       date,
    password_hash             varchar(128),
    rp_token                  varchar(128),
    rp_token_created_at       timestamp,
    default_billing           bigint,
    default_shipping          bigint,
    taxvat                    varchar(50),
    confirmation              varchar(64),
    gender                    integer,
    failures_num              smallint     DEFAULT 0,
    first_failure             timestamp,
    lock_expires              timestamp,
    session_cutoff            timestamp,
    UNIQUE (email, website_id)
);

INSERT INTO customer_entity (entity_id, website_id, email, firstname, lastname, dob, is_active, confirmation, lock_expires, created_at, updated_at, password_hash) VALUES
    (1, 1, 'Roni@Shop.example', 'Veronica', 'Costello', '1973-12-15', 1, NULL, NULL, '2023-03-01 12:00:00', '2024-03-01 12:00:00', 'abf1de8d537a1270237b9b56c8db9c67aeece6d89639a64d5ffd7264262541ab:PNK7gwTSnTc9L8AXZEvgZQ4SA66qirus:3_32_2_67108864'),
    (2, 1, 'argon@shop.example', 'Argon', 'Two', NULL, 1, NULL, NULL, '2019-03-01 12:00:00', '2019-03-01 12:00:00', 'a0f9f007c538cccdc8a809d76b5fc8f9b372b3c7ade7dc8f74e4aef709b727df:xBOgXnu843dmyzRM:2'),
    (3, 1, 'sha@shop.example', 'Sha', 'Two', NULL, 1, '', '2016-03-01 12:00:00', '2016-03-01 12:00:00', '2016-03-01 12:00:00', '816d1ded1d621873595048912ea3405d9d42afd3b57665d9f5a2db4d89720854:36176620:1'),
    (4, 1, 'one@shop.example', 'Magento', 'One', NULL, 1, NULL, NULL, '2012-03-01 12:00:00', '2012-03-01 12:00:00', '57ab8499d08c59a7211c77f557bf9425:4247:0'),
    (5, 1, 'inactive@shop.example', 'In', 'Active', NULL, 0, NULL, NULL, '2020-03-01 12:00:00', '2020-03-01 12:00:00', 'd27d6a76789dec2e0b83e63119793aef82bee69d950249fc3879797ecee04d62:sAlTsAlT12345678:1'),
    (6, 1, 'unconfirmed@shop.example', 'Un', 'Confirmed', NULL, 1, 'h6Xq0u1JpYb2sT', NULL, '2020-03-01 12:00:00', '2020-03-01 12:00:00', '109b0226cb965fe63bbfaf70bc5efab861463db920e41813682595ed86ef1eab:QWERTYUIOPasdfghjklzxcvbnm123456:1'),
    (7, 1, 'locked@shop.example', 'Lock', 'Ed', NULL, 1, NULL, '2999-01-01 00:00:00', '2020-03-01 12:00:00', '2020-03-01 12:00:00', 'd27d6a76789dec2e0b83e63119793aef82bee69d950249fc3879797ecee04d62:sAlTsAlT12345678:1');
