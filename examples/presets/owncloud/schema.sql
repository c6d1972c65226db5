-- ownCloud's tables of accounts and passwords, which follow the documented layout; columns that do not matter here are left out.

CREATE TABLE oc_accounts (
    id            bigint       PRIMARY KEY,
    email         varchar(255),
    user_id       varchar(255) NOT NULL UNIQUE,
    lower_user_id varchar(255) NOT NULL UNIQUE,
    display_name  varchar(255),
    last_login    integer      NOT NULL DEFAULT 0,
    backend       varchar(64)  NOT NULL,
    home          varchar(1024) NOT NULL,
    state         smallint     NOT NULL DEFAULT 0
);
CREATE INDEX accounts_email ON oc_accounts (email);

CREATE TABLE oc_users (
    uid         varchar(64)  PRIMARY KEY,
    displayname varchar(64),
    password    varchar(255) NOT NULL DEFAULT ''
);

INSERT INTO oc_accounts (id, email, user_id, lower_user_id, display_name, last_login, backend, home, state) VALUES
    (1, 'Own@Cloud.example', 'Owner', 'owner', 'Own Er', 1704067200, 'OC\User\Database', '/data/Owner', 1),
    (2, NULL, 'disabled', 'disabled', NULL, 0, 'OC\User\Database', '/data/disabled', 2),
    (3, 'ldap@cloud.example', 'ldap', 'ldap', 'L. Dap', 0, 'OCA\User_LDAP\User_Proxy', '/data/ldap', 1);

INSERT INTO oc_users (uid, password) VALUES
    ('Owner', '1|$2a$10$Yiss2WVOqGakxuuqySv5UeOKpF8d8KmNjuAPcBMiRJGizJXjA2bKm'),
    ('disabled', '1|$2a$05$ST5E.rplNRfDCzRpzq69leRzsTGtY7k88h9Vy2eWj0Ug/iA9w5kGK');
