-- phpBB's table of users, which follows the documented layout of phpBB 3.3 on PostgreSQL; columns that do not matter here are left out.

CREATE TABLE phpbb_users (
    user_id              integer      PRIMARY KEY,
    user_type            smallint     NOT NULL DEFAULT 0,
    group_id             integer      NOT NULL DEFAULT 3,
    user_regdate         integer      NOT NULL DEFAULT 0,
    username             varchar(255) NOT NULL DEFAULT '',
    username_clean       varchar(255) NOT NULL DEFAULT '' UNIQUE,
    user_password        varchar(255) NOT NULL DEFAULT '',
    user_passchg         integer      NOT NULL DEFAULT 0,
    user_email           varchar(100) NOT NULL DEFAULT '',
    user_lastvisit       integer      NOT NULL DEFAULT 0,
    user_inactive_reason smallint     NOT NULL DEFAULT 0,
    user_inactive_time   integer      NOT NULL DEFAULT 0,
    user_lang            varchar(30)  NOT NULL DEFAULT '',
    user_timezone        varchar(100) NOT NULL DEFAULT '',
    user_actkey          varchar(32)  NOT NULL DEFAULT ''
);
CREATE INDEX phpbb_users_user_email ON phpbb_users (user_email);

INSERT INTO phpbb_users (user_id, user_type, group_id, user_regdate, username, username_clean, user_password, user_email, user_lastvisit, user_inactive_reason, user_lang, user_timezone) VALUES
    (1, 2, 1, 1197500000, 'Anonymous', 'anonymous', '', '', 0, 0, 'en', ''),
    (2, 3, 5, 1197500000, 'Founder', 'founder', '$argon2id$v=19$m=1024,t=2,p=1$YmJuekduQ2J1WHhMenhOVQ$dgYuqkj4mA2okuxn5mxbJg5oPnCn4IQeejGzRB1pxQk', 'Founder@Board.example', 1704067200, 0, 'en', 'Europe/Paris'),
    (3, 2, 6, 1197500000, 'Google [Bot]', 'google [bot]', '', '', 0, 0, 'en', 'UTC'),
    (48, 0, 2, 1500000000, 'Tom &amp; Jerry', 'tom &amp; jerry', '$2y$08$gKm2oAPmBXFHMinehHsWY.O4hUbVYgqFQaB7Q4/x0XGqzrWPdCevG', 'tom@board.example', 0, 0, 'de', 'UTC'),
    (49, 0, 2, 1210000000, 'Olaf', 'olaf', '$H$5kpnJ7e1neSSlxkj3iWuqiV0.UvnVx/', 'olaf@board.example', 0, 0, 'en', 'UTC'),
    (50, 0, 2, 1110000000, 'Silver', 'silver', 'f08f3e98c0fccc5cd54af42281752c95', 'silver@board.example', 0, 0, 'en', 'UTC'),
    (51, 1, 2, 1600000000, 'Sleeper', 'sleeper', '$2y$08$XiuxC32Z/C5ELJBG0/1ng.wAtWRe4rRotlc7GmINXc0JRWACu1G9K', 'sleeper@board.example', 0, 1, 'en', 'UTC');
