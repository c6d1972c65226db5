-- The table of customers of OpenCart 3, which follows the documented layout, as it stands in PostgreSQL after a move from MySQL: smallint for
-- `tinyint(1)`; columns that do not matter here are left out.

CREATE TABLE oc_customer (
    customer_id       integer     PRIMARY KEY,
    customer_group_id integer     NOT NULL DEFAULT 1,
    store_id          integer     NOT NULL DEFAULT 0,
    language_id       integer     NOT NULL DEFAULT 1,
    firstname         varchar(32) NOT NULL,
    lastname          varchar(32) NOT NULL,
    email             varchar(96) NOT NULL,
    telephone         varchar(32) NOT NULL,
    password          varchar(40) NOT NULL,
    salt              varchar(9)  NOT NULL,
    newsletter        smallint    NOT NULL DEFAULT 0,
    status            smallint    NOT NULL,
    safe              smallint    NOT NULL DEFAULT 0,
    date_added        timestamp   NOT NULL
);

INSERT INTO oc_customer (customer_id, firstname, lastname, email, telephone, password, salt, status, date_added) VALUES
    (1, 'Open', 'Cart', 'Open@Shop.example', '555 0100', '058c1c3773340c8563421e2b17e60eb7c916787e', '827500576', 1, '2017-01-02 03:04:05'),
    (3, 'Fish', 'Chips', 'fish@shop.example', '', '4194af6b598b27ee39c785ebf8978a7edcad19ff', 'Tk3Wq9zL0', 1, '2018-01-02 03:04:05'),
    (2, 'Dis', 'Abled', 'disabled@shop.example', '', '058c1c3773340c8563421e2b17e60eb7c916787e', '827500576', 0, '2017-01-02 03:04:05');
