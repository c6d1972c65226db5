-- MyBB's table of users, which follows the documented layout, as it stands in PostgreSQL; columns that do not matter here are left out.

CREATE TABLE mybb_users (
    uid              integer      PRIMARY KEY,
    username         varchar(120) NOT NULL DEFAULT '' UNIQUE,
    password         varchar(120) NOT NULL DEFAULT '',
    salt             varchar(10)  NOT NULL DEFAULT '',
    loginkey         varchar(50)  NOT NULL DEFAULT '',
    email            varchar(220) NOT NULL DEFAULT '',
    postnum          integer      NOT NULL DEFAULT 0,
    usergroup        smallint     NOT NULL DEFAULT 0,
    additionalgroups varchar(200) NOT NULL DEFAULT '',
    regdate          integer      NOT NULL DEFAULT 0,
    lastactive       integer      NOT NULL DEFAULT 0,
    lastvisit        integer      NOT NULL DEFAULT 0,
    website          varchar(200) NOT NULL DEFAULT '',
    timezone         varchar(5)   NOT NULL DEFAULT '',
    language         varchar(50)  NOT NULL DEFAULT ''
);

INSERT INTO mybb_users (uid, username, password, salt, email, usergroup, regdate, lastvisit, website, language) VALUES
    (1, 'Admin', '022f7e02b3314f7d0968f73c00ba759f', '67588', 'Admin@MyBB.example', 4, 1280000000, 1704067200, 'http://mybb.example/', 'english'),
    (2, 'member', 'fbbd9532460f2d03fa8af9e75c41eefc', 'aaaSXB', 'member@mybb.example', 2, 1380000000, 0, '', ''),
    (3, 'newcomer', '022f7e02b3314f7d0968f73c00ba759f', '67588', 'newcomer@mybb.example', 5, 1480000000, 0, '', ''),
    (4, 'banned', 'fbbd9532460f2d03fa8af9e75c41eefc', 'aaaSXB', 'banned@mybb.example', 7, 1480000000, 0, '', '');
