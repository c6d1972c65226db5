-- Joomla's table of users, which follows the documented layout of Joomla 4 on PostgreSQL.

CREATE TABLE jos_users (
    "id"            integer      PRIMARY KEY,
    "name"          varchar(400) DEFAULT '' NOT NULL,
    "username"      varchar(150) DEFAULT '' NOT NULL UNIQUE,
    "email"         varchar(100) DEFAULT '' NOT NULL,
    "password"      varchar(100) DEFAULT '' NOT NULL,
    "block"         smallint     DEFAULT 0 NOT NULL,
    "sendEmail"     smallint     DEFAULT 0,
    "registerDate"  timestamp    NOT NULL,
    "lastvisitDate" timestamp,
    "activation"    varchar(100) DEFAULT '' NOT NULL,
    "params"        text         DEFAULT '{}' NOT NULL,
    "lastResetTime" timestamp,
    "resetCount"    bigint       DEFAULT 0 NOT NULL,
    "otpKey"        varchar(1000) DEFAULT '' NOT NULL,
    "otep"          varchar(1000) DEFAULT '' NOT NULL,
    "requireReset"  smallint     DEFAULT 0,
    "authProvider"  varchar(100) DEFAULT '' NOT NULL
);
CREATE INDEX jos_users_email ON jos_users ("email");

INSERT INTO jos_users ("id", "name", "username", "email", "password", "block", "registerDate", "lastvisitDate", "activation", "requireReset") VALUES
    (42, 'Ann Component', 'Ann', 'Ann@Joomla.example', '$2y$08$7yOIaMA417T9G5vebjz6mudlE61Vj6i7MCA5.BpzDnVuddWPpVOc6', 0, '2021-08-17 10:00:00', '2024-01-01 00:00:00', '', 0),
    (43, 'Phil Pass', 'phil', 'phil@joomla.example', '$P$5wXj51eXl3LYkD.okddxxFQ8qQ2m/W.', 0, '2014-02-06 10:00:00', NULL, '', 0),
    (44, 'Salty Dog', 'salty', 'salty@joomla.example', 'ed52af63d8ecf0c682442dfef5f36391:1aDNNojYGSc7pSzcdxKxhbqvLtEe4deG', 0, '2008-01-21 10:00:00', NULL, '0', 0),
    (45, 'Re Set', 'reset', 'reset@joomla.example', 'b78f863f2c67410c41e617f724e22f34:89384528665349271307465505333378', 0, '2010-01-21 10:00:00', NULL, '', 1),
    (46, 'No Mail', 'unactivated', 'unactivated@joomla.example', '$2y$08$3PMD9Cq4IE3k81bohEW19.t3AusA78PiGuUmHu9qbOAPufIiYnCkC', 1, '2023-05-05 10:00:00', NULL, '3f7a1c0e5b9d', 0);
