-- users.ddl of Spring Security, with varchar for varchar_ignorecase.

CREATE TABLE users (
    username varchar(50)  NOT NULL PRIMARY KEY,
    password varchar(500) NOT NULL,
    enabled  boolean      NOT NULL
);
CREATE TABLE authorities (
    username  varchar(50) NOT NULL REFERENCES users,
    authority varchar(50) NOT NULL,
    UNIQUE (username, authority)
);

INSERT INTO users VALUES
    ('Bean', '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG', true),
    ('alice@example.com', '{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=16384,t=2,p=1$hp9jQvZs8lvWNzB/+zrdnQ$rW8hKbhfb3Ll1UgpvZqcDkb2fAUPWuvZkDo4F+XvNBU', true),
    ('admin', '{pbkdf2@SpringSecurity_v5_8}5070e01244772466c4b842cc367df8164deaa379b73d04bd36f524b94a9540e4b4014e9d3c6f2d8d52f936fb0c5b6823', true),
    ('elder', '{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0', true),
    ('unprefixed', '$2a$04$WCFZ20TqL5NtHXJQ.Snx.OuATjLypqy5mhTsFlXWs467gFOYy7Tue', true),
    ('disabled', '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG', false);
