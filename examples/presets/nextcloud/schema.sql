-- Nextcloud's tables of users and their preferences, which follow the documented layout.

CREATE TABLE oc_users (
    uid         varchar(64)  PRIMARY KEY,
    displayname varchar(64),
    password    varchar(255) NOT NULL DEFAULT '',
    uid_lower   varchar(64)  DEFAULT ''
);
CREATE INDEX user_uid_lower ON oc_users (uid_lower);

CREATE TABLE oc_preferences (
    userid      varchar(64) NOT NULL DEFAULT '',
    appid       varchar(32) NOT NULL DEFAULT '',
    configkey   varchar(64) NOT NULL DEFAULT '',
    configvalue text,
    PRIMARY KEY (userid, appid, configkey)
);

INSERT INTO oc_users (uid, uid_lower, displayname, password) VALUES
    ('Frank', 'frank', 'Frank K.', '3|$argon2id$v=19$m=1024,t=2,p=1$aEpNaEw2RWtxMnZxNTlUeg$PVbf4rwQaRZBkgo91E4VSAkysAwUkc86UlJwnEXUZis'),
    ('argon', 'argon', NULL, '2|$argon2i$v=19$m=1024,t=2,p=2$NC9xM0FFaDlzM01QM3kudg$fSfndwtO2mKMZlKdsT8XAtPY51cSS6pLSGS3xMqeJhg'),
    ('bcrypt', 'bcrypt', NULL, '1|$2a$05$ezAE0dkwk57jlfo6z5Pql.gcIK3ReXT15W7ITNxVS0ksfhO/4E4Kq'),
    ('disabled', 'disabled', NULL, '1|$2y$08$//GKIn.tVgascxrSuB1omO/SFDqdPBaZyfBS2edLhm8ckBLJ2lGjS');

INSERT INTO oc_preferences (userid, appid, configkey, configvalue) VALUES
    ('Frank', 'settings', 'email', 'Frank@Cloud.example'),
    ('Frank', 'core', 'lang', 'de'),
    ('Frank', 'core', 'timezone', 'Europe/Berlin'),
    ('Frank', 'core', 'enabled', 'true'),
    ('Frank', 'login', 'lastLogin', '1704067200'),
    ('argon', 'login', 'lastLogin', '0'),
    ('disabled', 'core', 'enabled', 'false');
