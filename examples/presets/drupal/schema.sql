-- The table of Drupal 8 and later that has the accounts, which follows the documented layout, as it stands in PostgreSQL.

CREATE TABLE users_field_data (
    uid                      bigint       NOT NULL,
    langcode                 varchar(12)  NOT NULL,
    preferred_langcode       varchar(12),
    preferred_admin_langcode varchar(12),
    name                     varchar(60)  NOT NULL,
    pass                     varchar(255),
    mail                     varchar(254),
    timezone                 varchar(32),
    status                   smallint,
    created                  integer      NOT NULL,
    changed                  integer,
    access                   integer      NOT NULL,
    login                    integer,
    init                     varchar(254),
    default_langcode         smallint     NOT NULL,
    PRIMARY KEY (uid, langcode),
    UNIQUE (name, langcode)
);
CREATE INDEX user_field__mail ON users_field_data (mail);

INSERT INTO users_field_data VALUES
    (0, 'en', NULL, NULL, '', NULL, NULL, NULL, 0, 1447804800, 1447804800, 0, 0, NULL, 1),
    (1, 'en', 'fr', NULL, 'Editor', '$2y$08$DjNFVUF.PLZ6yuKU9lG5oOCIh5nPpFkYGQZ8F1Tqt3ez5/f.lgx2O', 'Editor@Drupal.example', 'Europe/Paris', 1, 1447804800, 1700000000, 1704067200, 1704067200, NULL, 1),
    (1, 'fr', 'fr', NULL, 'Rédacteur', '$2y$08$DjNFVUF.PLZ6yuKU9lG5oOCIh5nPpFkYGQZ8F1Tqt3ez5/f.lgx2O', 'editor@drupal.example', 'Europe/Paris', 1, 1447804800, 1700000000, 1704067200, 1704067200, NULL, 0),
    (2, 'en', NULL, NULL, 'eight', '$S$563834263lQvGzTU.Mj0ppK.Xr8mLu0I8zRYOPd/fiykJRH6qCW3', 'eight@drupal.example', NULL, 1, 1450000000, 1450000000, 0, 0, NULL, 1),
    (3, 'en', NULL, NULL, 'blocked', '$S$58d8c5ce7/AEBC4l7yLN13jwkARJfJkge0g7vF1inIuSIAF0pMBJ', 'blocked@drupal.example', NULL, 0, 1450000000, 1450000000, 0, 0, NULL, 1);
