-- Joomla's table of users as its installer makes it in MySQL and MariaDB, with three of the users; phil was never there: Joomla 3 wrote
-- a date of zeros. Follows the documented layout.

CREATE DATABASE site;
USE site;

CREATE TABLE jos_users (
    id            int          NOT NULL AUTO_INCREMENT,
    name          varchar(400) NOT NULL DEFAULT '',
    username      varchar(150) NOT NULL DEFAULT '',
    email         varchar(100) NOT NULL DEFAULT '',
    password      varchar(100) NOT NULL DEFAULT '',
    block         tinyint      NOT NULL DEFAULT 0,
    sendEmail     tinyint      DEFAULT 0,
    registerDate  datetime     NOT NULL,
    lastvisitDate datetime,
    activation    varchar(100) NOT NULL DEFAULT '',
    params        text         NOT NULL,
    lastResetTime datetime,
    resetCount    int          NOT NULL DEFAULT 0,
    otpKey        varchar(1000) NOT NULL DEFAULT '',
    otep          varchar(1000) NOT NULL DEFAULT '',
    requireReset  tinyint      NOT NULL DEFAULT 0,
    authProvider  varchar(100) NOT NULL DEFAULT '',
    PRIMARY KEY (id),
    UNIQUE KEY idx_username (username),
    KEY email (email)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

INSERT INTO jos_users (id, name, username, email, password, block, registerDate, lastvisitDate, activation, params) VALUES
    (42, 'Ann Component', 'Ann', 'Ann@Joomla.example', '$2y$08$7yOIaMA417T9G5vebjz6mudlE61Vj6i7MCA5.BpzDnVuddWPpVOc6', 0, '2021-08-17 10:00:00', '2024-01-01 00:00:00', '', '{}'),
    (43, 'Phil Pass', 'phil', 'phil@joomla.example', '$P$5wXj51eXl3LYkD.okddxxFQ8qQ2m/W.', 0, '2014-02-06 10:00:00', '0000-00-00 00:00:00', '', '{}'),
    (46, 'No Mail', 'unactivated', 'unactivated@joomla.example', '$2y$08$3PMD9Cq4IE3k81bohEW19.t3AusA78PiGuUmHu9qbOAPufIiYnCkC', 1, '2023-05-05 10:00:00', NULL, '3f7a1c0e5b9d', '{}');
