-- SMF's table of members, which follows the documented layout, as it stands in PostgreSQL; columns that do not matter here are left out.

CREATE TABLE smf_members (
    id_member       bigint       PRIMARY KEY,
    member_name     varchar(80)  NOT NULL DEFAULT '',
    date_registered bigint       NOT NULL DEFAULT 0,
    posts           bigint       NOT NULL DEFAULT 0,
    id_group        integer      NOT NULL DEFAULT 0,
    lngfile         varchar(255) NOT NULL DEFAULT '',
    last_login      bigint       NOT NULL DEFAULT 0,
    real_name       varchar(255) NOT NULL DEFAULT '',
    passwd          varchar(64)  NOT NULL DEFAULT '',
    email_address   varchar(255) NOT NULL DEFAULT '',
    website_title   varchar(255) NOT NULL DEFAULT '',
    website_url     varchar(255) NOT NULL DEFAULT '',
    is_activated    smallint     NOT NULL DEFAULT 1,
    password_salt   varchar(255) NOT NULL DEFAULT ''
);
CREATE INDEX smf_members_member_name_low ON smf_members (lower(member_name));
CREATE INDEX smf_members_email_address ON smf_members (email_address);

INSERT INTO smf_members (id_member, member_name, real_name, passwd, email_address, website_url, id_group, lngfile, is_activated, date_registered, last_login) VALUES
    (1, 'Alice', 'Alice &amp; Bob&#039;s', '$2y$05$43MAwmLz6lfyJXZ4fkTh/O4WxxSj1iZW/UXgtxvGloinDfRdldqUS', 'Alice@Simple.example', 'http://simple.example/', 1, 'english', 1, 1580000000, 1704067200),
    (2, '25551135', 'Old', 'd27c0a627a45db487af161fcc3a4005d88eb8a1f', 'old@simple.example', '', 0, '', 1, 1280000000, 0),
    (3, 'ALICE', 'Unactivated', '$2y$05$3jCY.BM4ufn1S/c85/xibeRsZlFzvSiboSPPe2OzphmQchjH0t522', 'unactivated@simple.example', '', 0, '', 0, 1580000000, 0),
    (4, 'alice', 'Banned', '$2y$05$wqhM7tEIzaHCgHsAySE9VeHC1DkLvura0ldhKMSKQbWK9AYta200.', 'banned@simple.example', '', 0, '', 11, 1580000000, 0);
