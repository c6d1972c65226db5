-- AspNetUsers of ASP.NET Identity 2 (Entity Framework 6), as copied to PostgreSQL: text for nvarchar, timestamp for datetime.

CREATE TABLE "AspNetUsers" (
    "Id"                   varchar(128) PRIMARY KEY,
    "Email"                varchar(256),
    "EmailConfirmed"       boolean      NOT NULL,
    "PasswordHash"         text,
    "SecurityStamp"        text,
    "PhoneNumber"          text,
    "PhoneNumberConfirmed" boolean      NOT NULL,
    "TwoFactorEnabled"     boolean      NOT NULL,
    "LockoutEndDateUtc"    timestamp,
    "LockoutEnabled"       boolean      NOT NULL,
    "AccessFailedCount"    integer      NOT NULL,
    "UserName"             varchar(256) NOT NULL UNIQUE
);

INSERT INTO "AspNetUsers" ("Id", "Email", "EmailConfirmed", "PasswordHash", "PhoneNumber", "PhoneNumberConfirmed", "TwoFactorEnabled",
                           "LockoutEndDateUtc", "LockoutEnabled", "AccessFailedCount", "UserName") VALUES
    ('5f0c6c53-7a1c-4d2e-9a55-0d3a2a0f7b11', 'Nora@Example.com', true, 'AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==',
     NULL, false, false, '2015-01-01 00:00', true, 0, 'Nora'),
    ('7d1e5a66-5b0e-4c53-9d0a-9b6c0a3f4c33', 'locked@example.com', true, 'AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==',
     NULL, false, false, '9999-12-31 23:59', true, 0, 'locked');
