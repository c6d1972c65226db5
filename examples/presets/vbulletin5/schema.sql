-- The table of users of vBulletin 5 and 6, which follows the documented layout, as it stands in PostgreSQL after a move from MySQL; columns
-- that do not matter here are left out.

CREATE TABLE "user" (
    userid         bigint       PRIMARY KEY,
    usergroupid    integer      NOT NULL DEFAULT 0,
    membergroupids varchar(250) NOT NULL DEFAULT '',
    username       varchar(100) NOT NULL DEFAULT '',
    token          varchar(255) NOT NULL DEFAULT '',
    scheme         varchar(100) NOT NULL DEFAULT '',
    secret         varchar(255) NOT NULL DEFAULT '',
    passworddate   date,
    email          varchar(100) NOT NULL DEFAULT '',
    homepage       varchar(100) NOT NULL DEFAULT '',
    joindate       bigint       NOT NULL DEFAULT 0,
    lastvisit      bigint       NOT NULL DEFAULT 0,
    lastactivity   bigint       NOT NULL DEFAULT 0,
    posts          bigint       NOT NULL DEFAULT 0,
    timezoneoffset varchar(4)   NOT NULL DEFAULT ''
);
CREATE INDEX username ON "user" (username);
CREATE INDEX email ON "user" (email);

INSERT INTO "user" (userid, usergroupid, username, token, scheme, email, homepage, joindate, lastactivity) VALUES
    (1, 6, 'Admin', '$2y$08$ojD2KQEJ5LJjMTZEUEjOauIF7fWua24/8s242Hu0Jkqah2uBdDbHC', 'blowfish:10', 'Admin@Board.example', '', 1400000000, 1704067200),
    (2, 2, 'six', '$argon2id$v=19$m=1024,t=2,p=1$eDRhZ0FHcTd5VVVrRWVKRw$gAhqMmlSiQ1kDziL4FpEMq0NTA8cPCXZmF/ccExwfYY', 'argon2id:::', 'six@board.example', '', 1600000000, 0),
    (3, 2, 'R&amp;D', 'de56b00bb15d6db79204bd44383469bc T &', 'legacy', 'rd@board.example', '', 1100000000, 0),
    (4, 8, 'banned', '$2y$08$J2pzUEvDuwmCYLh08ExIeO3rgbMmDSA62Vt7ysk4x6YAB4e1wjDl.', 'blowfish:10', 'banned@board.example', '', 1500000000, 0);
