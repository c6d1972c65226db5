-- The last word on presets: from here on, those that came with the extension keep as they are. A script that updates the
-- extension disables the triggers to change them.

CREATE TRIGGER check_preset BEFORE INSERT OR UPDATE OR DELETE ON ferry.preset FOR EACH ROW EXECUTE FUNCTION ferry._check_preset();
CREATE TRIGGER keep_presets BEFORE TRUNCATE ON ferry.preset FOR EACH STATEMENT EXECUTE FUNCTION ferry._check_preset();
