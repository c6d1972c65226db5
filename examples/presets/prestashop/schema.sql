-- PrestaShop's table of customers, which follows the documented layout, as it stands in PostgreSQL after a move from MySQL: smallint for
-- `tinyint(1)`; columns that do not matter here are left out.

CREATE TABLE ps_customer (
    id_customer      bigint       PRIMARY KEY,
    id_shop_group    bigint       NOT NULL DEFAULT 1,
    id_shop          bigint       NOT NULL DEFAULT 1,
    id_gender        bigint       NOT NULL DEFAULT 0,
    id_default_group bigint       NOT NULL DEFAULT 1,
    id_lang          bigint,
    company          varchar(255),
    firstname        varchar(255) NOT NULL,
    lastname         varchar(255) NOT NULL,
    email            varchar(255) NOT NULL,
    passwd           varchar(255) NOT NULL,
    last_passwd_gen  timestamp    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    birthday         date,
    website          varchar(128),
    secure_key       varchar(32)  NOT NULL DEFAULT '-1',
    active           smallint     NOT NULL DEFAULT 0,
    is_guest         smallint     NOT NULL DEFAULT 0,
    deleted          smallint     NOT NULL DEFAULT 0,
    date_add         timestamp    NOT NULL,
    date_upd         timestamp    NOT NULL
);
CREATE INDEX customer_email ON ps_customer (email);

INSERT INTO ps_customer (id_customer, firstname, lastname, email, passwd, company, birthday, active, is_guest, deleted, date_add, date_upd) VALUES
    (1, 'Anaïs', 'Panier', 'Anais@Boutique.example', '$2y$08$nPG6OhAv/Ll4Dhj7dyFMF.55OGH8OtWyEGm4VHUVmtypxKnBHxleO', 'Panier SARL', '1980-05-04', 1, 0, 0, '2022-01-02 03:04:05', '2023-01-02 03:04:05'),
    (2, 'In', 'Actif', 'inactif@boutique.example', '$2y$08$LTXGTuBq/4mTrxPH4XVu1upjGAl0GFvRUCrtyOA30xoW/L0qfwIvO', NULL, NULL, 0, 0, 0, '2022-01-02 03:04:05', '2022-01-02 03:04:05'),
    (3, 'Anaïs', 'Panier', 'anais@boutique.example', '$2y$08$LTXGTuBq/4mTrxPH4XVu1upjGAl0GFvRUCrtyOA30xoW/L0qfwIvO', NULL, NULL, 1, 1, 0, '2021-01-02 03:04:05', '2021-01-02 03:04:05'),
    (4, 'De', 'Leted', 'deleted@boutique.example', '$2y$08$LTXGTuBq/4mTrxPH4XVu1upjGAl0GFvRUCrtyOA30xoW/L0qfwIvO', NULL, NULL, 1, 0, 1, '2021-01-02 03:04:05', '2021-01-02 03:04:05');
