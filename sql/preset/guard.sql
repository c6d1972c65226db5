-- The source itself is told, too, who was last there when, and whose address was verified. Boards let people in whose address
-- nobody has answered from: there it says too little to take somebody for another.
UPDATE ferry.preset
SET source = jsonb_strip_nulls(jsonb_build_object(
        'last_seen', mappings -> 'last_login_at',
        'verified', CASE WHEN name NOT IN ('discourse', 'xenforo') THEN mappings -> 'email_verified' END)) || source;

-- The last word on presets: from here on, those that came with the extension keep as they are. A script that updates the
-- extension disables the triggers to change them.

CREATE TRIGGER check_preset BEFORE INSERT OR UPDATE OR DELETE ON ferry.preset FOR EACH ROW EXECUTE FUNCTION ferry._check_preset();
CREATE TRIGGER keep_presets BEFORE TRUNCATE ON ferry.preset FOR EACH STATEMENT EXECUTE FUNCTION ferry._check_preset();
