-- TYPO3's table of website users, which follows the documented layout, as it stands in PostgreSQL; columns that do not matter here are left out.

CREATE TABLE fe_users (
    uid         integer      PRIMARY KEY,
    pid         integer      NOT NULL DEFAULT 0,
    tstamp      integer      NOT NULL DEFAULT 0,
    crdate      integer      NOT NULL DEFAULT 0,
    deleted     smallint     NOT NULL DEFAULT 0,
    disable     smallint     NOT NULL DEFAULT 0,
    starttime   integer      NOT NULL DEFAULT 0,
    endtime     integer      NOT NULL DEFAULT 0,
    username    varchar(255) NOT NULL DEFAULT '',
    password    varchar(255) NOT NULL DEFAULT '',
    usergroup   text,
    name        varchar(160) NOT NULL DEFAULT '',
    first_name  varchar(50)  NOT NULL DEFAULT '',
    middle_name varchar(50)  NOT NULL DEFAULT '',
    last_name   varchar(50)  NOT NULL DEFAULT '',
    telephone   varchar(30)  NOT NULL DEFAULT '',
    email       varchar(255) NOT NULL DEFAULT '',
    zip         varchar(10)  NOT NULL DEFAULT '',
    city        varchar(50)  NOT NULL DEFAULT '',
    country     varchar(40)  NOT NULL DEFAULT '',
    www         varchar(80)  NOT NULL DEFAULT '',
    company     varchar(80)  NOT NULL DEFAULT '',
    lastlogin   integer      NOT NULL DEFAULT 0
);
CREATE INDEX username ON fe_users (username);

INSERT INTO fe_users (uid, pid, username, password, first_name, last_name, email, zip, city, crdate, lastlogin, deleted, disable, starttime, endtime) VALUES
    (1, 12, 'Kasper', '$argon2i$v=19$m=1024,t=2,p=1$RFl0aC50UmhvZEZ1VExwdQ$ZHmHoq+YpvCZv2Y2zZJIOeG3sj4Hm+RIj1YZDaEYaHA', 'Kasper', 'Skårhøj', 'Kasper@Typo.example', '1050', 'København', 1600000000, 1704067200, 0, 0, 0, 0),
    (2, 12, 'pbkdf', '$pbkdf2-sha256$500$AwAgZAwBgHAuJeT833vv/Q$Lzmg22ARLYNn5toqbkMU0lTs13xkqbOss9DunCaiqbs', '', '', 'pbkdf@typo.example', '', '', 1500000000, 0, 0, 0, 0, 0),
    (3, 12, 'phpass', '$P$5wXj51eXl3LYkD.okddxxFQ8qQ2m/W.', '', '', 'phpass@typo.example', '', '', 1400000000, 0, 0, 0, 0, 0),
    (4, 12, 'md5', 'M$P$A12345678QRWaFgCbC.gWS6YLhfQMY.', '', '', 'md5@typo.example', '', '', 1300000000, 0, 0, 0, 0, 0),
    (5, 12, 'disabled', '$2y$08$z8lsH4gdYsLsBygacxPzJe2qGaZNOzOZZkscijl7sLpiOjkMxEFTS', '', '', 'disabled@typo.example', '', '', 1600000000, 0, 0, 1, 0, 0),
    (6, 12, 'expired', '$2y$08$z8lsH4gdYsLsBygacxPzJe2qGaZNOzOZZkscijl7sLpiOjkMxEFTS', '', '', 'expired@typo.example', '', '', 1600000000, 0, 0, 0, 0, 1700000000),
    (7, 12, 'deleted', '$2y$08$z8lsH4gdYsLsBygacxPzJe2qGaZNOzOZZkscijl7sLpiOjkMxEFTS', '', '', 'deleted@typo.example', '', '', 1600000000, 0, 1, 0, 0, 0);
