-- Moodle's table of users, which follows the documented layout, as it stands in PostgreSQL; columns that do not matter here are left out.

CREATE TABLE mdl_user (
    id           bigint       PRIMARY KEY,
    auth         varchar(20)  NOT NULL DEFAULT 'manual',
    confirmed    smallint     NOT NULL DEFAULT 0,
    policyagreed smallint     NOT NULL DEFAULT 0,
    deleted      smallint     NOT NULL DEFAULT 0,
    suspended    smallint     NOT NULL DEFAULT 0,
    mnethostid   bigint       NOT NULL DEFAULT 0,
    username     varchar(100) NOT NULL DEFAULT '',
    password     varchar(255) NOT NULL DEFAULT '',
    idnumber     varchar(255) NOT NULL DEFAULT '',
    firstname    varchar(100) NOT NULL DEFAULT '',
    lastname     varchar(100) NOT NULL DEFAULT '',
    email        varchar(100) NOT NULL DEFAULT '',
    emailstop    smallint     NOT NULL DEFAULT 0,
    phone1       varchar(20)  NOT NULL DEFAULT '',
    phone2       varchar(20)  NOT NULL DEFAULT '',
    city         varchar(120) NOT NULL DEFAULT '',
    country      varchar(2)   NOT NULL DEFAULT '',
    lang         varchar(30)  NOT NULL DEFAULT 'en',
    timezone     varchar(100) NOT NULL DEFAULT '99',
    firstaccess  bigint       NOT NULL DEFAULT 0,
    lastaccess   bigint       NOT NULL DEFAULT 0,
    lastlogin    bigint       NOT NULL DEFAULT 0,
    currentlogin bigint       NOT NULL DEFAULT 0,
    timecreated  bigint       NOT NULL DEFAULT 0,
    timemodified bigint       NOT NULL DEFAULT 0,
    UNIQUE (mnethostid, username)
);
CREATE INDEX mdl_user_ema_ix ON mdl_user (email);

INSERT INTO mdl_user (id, auth, confirmed, deleted, suspended, mnethostid, username, password, firstname, lastname, email, phone2, city, country, timezone, currentlogin, timecreated) VALUES
    (1, 'manual', 1, 0, 0, 1, 'guest', '$2y$08$GLWKyzwcZ4SB0UNPZg3q7.26ucBUeywuBHqp5kWsouM2anm373cya', 'Guest user', ' ', 'root@localhost', '', '', '', '99', 0, 0),
    (2, 'manual', 1, 0, 0, 1, 'teacher', '$2y$08$GLWKyzwcZ4SB0UNPZg3q7.26ucBUeywuBHqp5kWsouM2anm373cya', 'Terri', 'Teacher', 'Terri@Moodle.example', '+61 8 9467 4167', 'Perth', 'AU', 'Australia/Perth', 1704067200, 1609459200),
    (3, 'email', 1, 0, 0, 1, 'student', '$6$rounds=10000$5popaqt4pnRd02hW$90AacT03Rmle69m7UXlwPrfgjgwzhj.4Qj0fdZxlJch1Dn7t59bCYTTbxxM9h0bNDY9PmVGBKFVePL6Pz2z/a.', 'Sam', 'Student', 'sam@moodle.example', '', '', '', '99', 0, 1700000000),
    (4, 'manual', 1, 0, 0, 1, 'oldstudent', '925d7518fc597af0e43f5606f9a51512', 'Old', 'Student', 'old@moodle.example', '', '', '', '99', 0, 1100000000),
    (5, 'manual', 1, 0, 1, 1, 'suspended', '$2y$08$0ukvHFHmOwxg1MwCrkkPteI1r.CqtPrRPPK3xJ3Zh/Kln5HUiWQRW', 'Sus', 'Pended', 'suspended@moodle.example', '', '', '', '99', 0, 1700000000),
    (6, 'email', 0, 0, 0, 1, 'unconfirmed', '$2y$08$0ukvHFHmOwxg1MwCrkkPteI1r.CqtPrRPPK3xJ3Zh/Kln5HUiWQRW', 'Un', 'Confirmed', 'unconfirmed@moodle.example', '', '', '', '99', 0, 1700000000),
    (7, 'manual', 1, 1, 0, 1, 'deleted@moodle.example.1700000001', '$2y$08$0ukvHFHmOwxg1MwCrkkPteI1r.CqtPrRPPK3xJ3Zh/Kln5HUiWQRW', 'De', 'Leted', '0cc175b9c0f1b6a831c399e269772661', '', '', '', '99', 0, 1700000000),
    (8, 'ldap', 1, 0, 0, 1, 'directory', 'not cached', 'Di', 'Rectory', 'ldap@moodle.example', '', '', '', '99', 0, 1700000000),
    (9, 'nologin', 1, 0, 0, 1, 'archive', '$2y$08$0ukvHFHmOwxg1MwCrkkPteI1r.CqtPrRPPK3xJ3Zh/Kln5HUiWQRW', 'Ar', 'Chive', 'archive@moodle.example', '', '', '', '99', 0, 1700000000),
    (10, 'mnet', 1, 0, 0, 2, 'visitor', '$2y$08$0ukvHFHmOwxg1MwCrkkPteI1r.CqtPrRPPK3xJ3Zh/Kln5HUiWQRW', 'Vi', 'Sitor', 'visitor@moodle.example', '', '', '', '99', 0, 1700000000);
