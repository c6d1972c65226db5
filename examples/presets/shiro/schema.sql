-- What the queries of JdbcRealm ask for.

CREATE TABLE users (
    username varchar(100) PRIMARY KEY,
    password varchar(255) NOT NULL
);

INSERT INTO users VALUES
    ('Castle', '$shiro1$SHA-256$500000$M2zR/zwj6SZtifiQ0F4Ozw==$J4i9TZmRP6Huru8eTtc0aFG2tSSSIL0FOAL9p4wuR+o=');
