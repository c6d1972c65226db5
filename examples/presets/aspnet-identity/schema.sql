-- AspNetUsers of ASP.NET Core Identity as Entity Framework makes it with Npgsql.

CREATE TABLE "AspNetUsers" (
    "Id"                   text         PRIMARY KEY,
    "UserName"             varchar(256),
    "NormalizedUserName"   varchar(256) UNIQUE,
    "Email"                varchar(256),
    "NormalizedEmail"      varchar(256),
    "EmailConfirmed"       boolean      NOT NULL,
    "PasswordHash"         text,
    "SecurityStamp"        text,
    "ConcurrencyStamp"     text,
    "PhoneNumber"          text,
    "PhoneNumberConfirmed" boolean      NOT NULL,
    "TwoFactorEnabled"     boolean      NOT NULL,
    "LockoutEnd"           timestamptz,
    "LockoutEnabled"       boolean      NOT NULL,
    "AccessFailedCount"    integer      NOT NULL
);

INSERT INTO "AspNetUsers" ("Id", "UserName", "NormalizedUserName", "Email", "NormalizedEmail", "EmailConfirmed", "PasswordHash",
                           "PhoneNumber", "PhoneNumberConfirmed", "TwoFactorEnabled", "LockoutEnd", "LockoutEnabled", "AccessFailedCount") VALUES
    ('5f0c6c53-7a1c-4d2e-9a55-0d3a2a0f7b11', 'Nora', 'NORA', 'Nora@Example.com', 'NORA@EXAMPLE.COM', true,
     'AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=',
     '+49 30 1234', true, false, NULL, true, 0),
    ('0b8a4d0e-1f0f-4a58-8a3c-5c1df7d9a022', 'from_version_2', 'FROM_VERSION_2', 'v2@example.com', 'V2@EXAMPLE.COM', false,
     'AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==',
     NULL, false, false, '2020-01-01 00:00+00', true, 0),
    ('7d1e5a66-5b0e-4c53-9d0a-9b6c0a3f4c33', 'locked', 'LOCKED', 'locked@example.com', 'LOCKED@EXAMPLE.COM', true,
     'AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=',
     NULL, false, false, 'infinity', true, 0),
    ('3b2f9a10-8c44-4a7e-b1de-6f0e2c9d5a55', 'exempt', 'EXEMPT', 'exempt@example.com', 'EXEMPT@EXAMPLE.COM', true,
     'AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=',
     NULL, false, false, 'infinity', false, 0),
    ('d9c1f2b4-52c7-4d3f-8f4d-aa55d1b0e044', 'outsider', 'OUTSIDER', 'outsider@example.com', 'OUTSIDER@EXAMPLE.COM', true,
     NULL,
     NULL, false, false, NULL, true, 0);
