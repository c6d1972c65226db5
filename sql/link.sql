-- The permanent tie between a legacy key and a target user.

-- What differs comes first in both indexes: an import adds millions of rows, and compares each with a dozen others.
CREATE TABLE ferry.link (
    source      text NOT NULL,
    legacy_key  text NOT NULL,
    target      text NOT NULL,
    user_id     text,
    via         text NOT NULL,
    moved_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    hash_digest text,
    tombstone   boolean NOT NULL DEFAULT false,
    replaced    jsonb,
    gone_at     timestamptz,
    PRIMARY KEY (legacy_key, source),
    CONSTRAINT link_via_known CHECK (via IN ('login', 'import', 'reset', 'admin', 'adopt')),
    CONSTRAINT link_user_or_tombstone CHECK (user_id IS NOT NULL OR tombstone)
);
CREATE INDEX link_user_idx ON ferry.link (user_id, target);
SELECT pg_catalog.pg_extension_config_dump('ferry.link', '');

COMMENT ON TABLE ferry.link IS 'who was moved: one row per legacy user, kept for ever, so that nobody is moved twice; written by pg_ferry alone';
COMMENT ON INDEX ferry.link_user_idx IS 'finds the legacy keys of a user';
COMMENT ON COLUMN ferry.link.source IS 'the source that the user came from';
COMMENT ON COLUMN ferry.link.legacy_key IS 'the text of the source''s key_column';
COMMENT ON COLUMN ferry.link.target IS 'the target that the user was moved into';
COMMENT ON COLUMN ferry.link.user_id IS 'the text of the target''s id_column';
COMMENT ON COLUMN ferry.link.via IS 'how the user was moved: login, import, reset, admin, adopt';
COMMENT ON COLUMN ferry.link.moved_at IS 'when the user was moved';
COMMENT ON COLUMN ferry.link.hash_digest IS 'SHA-256 (hex) of the hash that pg_ferry wrote from the legacy password; once the target holds another hash, the legacy password is never asked again; empty of an adopted user who has set another password here';
COMMENT ON COLUMN ferry.link.tombstone IS 'true = the user was forgotten and does not come back';
COMMENT ON COLUMN ferry.link.replaced IS 'of an adopted user: the columns that were overwritten, or may be by a refresh, and the texts of what they held before, for unmigrate_login; of the hash column only that it held none, or a lock';
COMMENT ON COLUMN ferry.link.gone_at IS 'when ferry.import (delete, deactivate) found the user gone from the source; null = not, or there again. The source is not asked about them';
