-- The table of customers of OpenCart 4, which follows the documented layout, as it stands in PostgreSQL after a move from MySQL: boolean for
-- `tinyint(1)`, as pgloader makes it; columns that do not matter here are left out.

CREATE TABLE oc_customer (
    customer_id       integer      PRIMARY KEY,
    customer_group_id integer      NOT NULL DEFAULT 1,
    store_id          integer      NOT NULL DEFAULT 0,
    language_id       integer      NOT NULL DEFAULT 1,
    firstname         varchar(32)  NOT NULL,
    lastname          varchar(32)  NOT NULL,
    email             varchar(96)  NOT NULL,
    telephone         varchar(32)  NOT NULL,
    password          varchar(255) NOT NULL,
    newsletter        boolean      NOT NULL DEFAULT false,
    status            boolean      NOT NULL,
    safe              boolean      NOT NULL DEFAULT false,
    date_added        timestamp    NOT NULL
);
CREATE INDEX email ON oc_customer (email);

INSERT INTO oc_customer (customer_id, firstname, lastname, email, telephone, password, status, date_added) VALUES
    (1, 'Cart', 'Smith &amp; Sons', 'Cart@Shop.example', '555 0100', '$2y$08$11FppnMOFsmUr3fUnzFzpOEdKHxNtOJvIfcRaVR70jq4sD4qa3H2y', true, '2023-01-02 03:04:05'),
    (2, 'Old', 'Timer', 'old@shop.example', '', 'f08f3e98c0fccc5cd54af42281752c95', true, '2010-01-02 03:04:05'),
    (3, 'Dis', 'Abled', 'disabled@shop.example', '', '$2y$08$11FppnMOFsmUr3fUnzFzpOEdKHxNtOJvIfcRaVR70jq4sD4qa3H2y', false, '2023-01-02 03:04:05');
