-- The settings as pg_settings has them, and how wrong values are refused.
LOAD 'pg_ferry';
\pset null '-'
SELECT name, vartype, setting, boot_val = setting AS is_default, context, min_val, max_val, unit
FROM pg_settings WHERE name LIKE 'ferry.%' ORDER BY name COLLATE "C";

SELECT name, short_desc, extra_desc FROM pg_settings WHERE name LIKE 'ferry.%' ORDER BY name COLLATE "C";

-- Out of range; since 17 the message names the unit of the bounds.
\set VERBOSITY sqlstate
SET ferry.failure_floor = -1;
SET ferry.failure_floor = '2min';
\set VERBOSITY default
SET ferry.refusals_per_minute = 'many';
SET ferry.failure_floor = '1s';
SHOW ferry.failure_floor;
RESET ferry.failure_floor;

-- A name that does not exist.
SET ferry.failure_flor = 0;

-- Whoever logs in with it cannot take the protection away.
CREATE ROLE regress_ferry_app;
SET ROLE regress_ferry_app;
SET ferry.failure_floor = 0;
SET ferry.refusals_per_minute = 0;
SET ferry.event_retention = '0';
RESET ROLE;
DROP ROLE regress_ferry_app;
