-- The table of users of vBulletin 3 and 4, which follows the documented layout, as it stands in PostgreSQL after a move from MySQL; columns
-- that do not matter here are left out.

CREATE TABLE "user" (
    userid         bigint       PRIMARY KEY,
    usergroupid    integer      NOT NULL DEFAULT 0,
    membergroupids varchar(250) NOT NULL DEFAULT '',
    username       varchar(100) NOT NULL DEFAULT '',
    password       char(32)     NOT NULL DEFAULT '',
    passworddate   date,
    email          varchar(100) NOT NULL DEFAULT '',
    homepage       varchar(100) NOT NULL DEFAULT '',
    joindate       bigint       NOT NULL DEFAULT 0,
    lastvisit      bigint       NOT NULL DEFAULT 0,
    lastactivity   bigint       NOT NULL DEFAULT 0,
    posts          bigint       NOT NULL DEFAULT 0,
    timezoneoffset varchar(4)   NOT NULL DEFAULT '',
    salt           varchar(30)  NOT NULL DEFAULT ''
);
CREATE INDEX username ON "user" (username);
CREATE INDEX email ON "user" (email);

INSERT INTO "user" (userid, usergroupid, username, password, salt, email, homepage, joindate, lastactivity) VALUES
    (1, 6, 'Admin', '28f9975808ae2bdc5847b1cda26033ea', '308', 'Admin@Board.example', 'http://board.example/', 946684800, 1704067200),
    (2, 2, 'R&amp;D &lt;dept&gt;', 'de56b00bb15d6db79204bd44383469bc', 'T &', 'rd@board.example', '', 1100000000, 0),
    (3, 2, 'four', '0844fbb2fdeda31884a7a45ec2010bb6', '324410183853308365427804872426', 'four@board.example', '', 1300000000, 0),
    (4, 3, 'newcomer', 'fb685c6f469f6e549c85e4c1fb5a65a6', '\H:', 'newcomer@board.example', '', 1300000000, 0),
    (5, 8, 'banned', '5dd8145e0d1e2499bce05dcb4bce5cdf', '$2O', 'banned@board.example', '', 1300000000, 0),
    (6, 4, 'moderated', '5dd8145e0d1e2499bce05dcb4bce5cdf', '$2O', 'moderated@board.example', '', 1300000000, 0);
