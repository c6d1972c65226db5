-- The tables of SqlMembershipProvider that matter, as copied to PostgreSQL: names and keys are its own, text for nvarchar, timestamp for datetime.

CREATE TABLE "aspnet_Applications" (
    "ApplicationName"        varchar(256) NOT NULL UNIQUE,
    "LoweredApplicationName" varchar(256) NOT NULL UNIQUE,
    "ApplicationId"          uuid         PRIMARY KEY,
    "Description"            varchar(256)
);

CREATE TABLE "aspnet_Users" (
    "ApplicationId"    uuid         NOT NULL REFERENCES "aspnet_Applications",
    "UserId"           uuid         PRIMARY KEY,
    "UserName"         varchar(256) NOT NULL,
    "LoweredUserName"  varchar(256) NOT NULL,
    "MobileAlias"      varchar(16),
    "IsAnonymous"      boolean      NOT NULL,
    "LastActivityDate" timestamp    NOT NULL,
    UNIQUE ("ApplicationId", "LoweredUserName")
);

CREATE TABLE "aspnet_Membership" (
    "ApplicationId"    uuid         NOT NULL REFERENCES "aspnet_Applications",
    "UserId"           uuid         PRIMARY KEY REFERENCES "aspnet_Users",
    "Password"         varchar(128) NOT NULL,
    "PasswordFormat"   integer      NOT NULL DEFAULT 0,
    "PasswordSalt"     varchar(128) NOT NULL,
    "Email"            varchar(256),
    "LoweredEmail"     varchar(256),
    "IsApproved"       boolean      NOT NULL,
    "IsLockedOut"      boolean      NOT NULL,
    "CreateDate"       timestamp    NOT NULL,
    "LastLoginDate"    timestamp    NOT NULL
);

INSERT INTO "aspnet_Applications" VALUES ('/', '/', 'a0000000-0000-4000-8000-000000000000', NULL);

INSERT INTO "aspnet_Users" ("ApplicationId", "UserId", "UserName", "LoweredUserName", "IsAnonymous", "LastActivityDate")
SELECT 'a0000000-0000-4000-8000-000000000000', id::uuid, name, lower(name), false, '2012-01-01'
FROM (VALUES ('b0000000-0000-4000-8000-000000000001', 'Webmaster'),
             ('b0000000-0000-4000-8000-000000000002', 'Locked'),
             ('b0000000-0000-4000-8000-000000000003', 'Unapproved'),
             ('b0000000-0000-4000-8000-000000000004', 'Encrypted')) AS u (id, name);

INSERT INTO "aspnet_Membership"
SELECT "ApplicationId", "UserId", 'ZUgAmuaYTqAvisD0A427FA3oaWU=', CASE "UserName" WHEN 'Encrypted' THEN 2 ELSE 1 END, 'MjEwNA==',
       "UserName" || '@Example.com', lower("UserName" || '@Example.com'), "UserName" <> 'Unapproved', "UserName" = 'Locked',
       '2008-01-02 03:04:05', '2012-01-02 03:04:05'
FROM "aspnet_Users";
