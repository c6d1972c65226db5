-- Drupal 7's table of users, which follows the documented layout, as it stands in PostgreSQL.

CREATE TABLE users (
    uid              bigint       PRIMARY KEY,
    name             varchar(60)  NOT NULL DEFAULT '' UNIQUE,
    pass             varchar(128) NOT NULL DEFAULT '',
    mail             varchar(254) DEFAULT '',
    theme            varchar(255) NOT NULL DEFAULT '',
    signature        varchar(255) NOT NULL DEFAULT '',
    signature_format varchar(255),
    created          integer      NOT NULL DEFAULT 0,
    access           integer      NOT NULL DEFAULT 0,
    login            integer      NOT NULL DEFAULT 0,
    status           smallint     NOT NULL DEFAULT 0,
    timezone         varchar(32),
    language         varchar(12)  NOT NULL DEFAULT '',
    picture          integer      NOT NULL DEFAULT 0,
    init             varchar(254) DEFAULT '',
    data             bytea
);
CREATE INDEX users_mail_idx ON users (mail);

INSERT INTO users (uid, name, pass, mail, created, access, login, status, timezone, language) VALUES
    (0, '', '', '', 0, 0, 0, 0, NULL, ''),
    (1, 'Admin', '$S$563834263lQvGzTU.Mj0ppK.Xr8mLu0I8zRYOPd/fiykJRH6qCW3', 'Admin@Drupal.example', 1294185600, 1704067200, 1704067200, 1, 'Europe/Brussels', 'nl'),
    (2, 'Jürgen', '$S$5a091cbd5nBAoMS7yCiimqIxOokSPgGIodaZ4whXwB1Ix5MD6elE', 'juergen@drupal.example', 1300000000, 0, 0, 1, '', ''),
    (3, 'from six', 'U$S$55d56e1dcK2801D35mmdUUrt12DRnRcZ0XGEO0qhYrkk5.BWS37W', 'six@drupal.example', 1200000000, 0, 0, 1, NULL, ''),
    (4, 'blocked', '$S$58d8c5ce7/AEBC4l7yLN13jwkARJfJkge0g7vF1inIuSIAF0pMBJ', 'blocked@drupal.example', 1300000000, 0, 0, 0, NULL, '');
