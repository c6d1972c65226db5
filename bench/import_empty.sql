-- Run by tools/bench before each import: as if nobody had been moved.
SELECT format('TRUNCATE %I.%I', schema, :'shape') FROM unnest(ARRAY['by_hand', 'linked', 'imported']) schema \gexec
TRUNCATE linked.link, ferry.link, ferry.import_run CASCADE;
VACUUM ANALYZE ferry.link, ferry.import_reject;
CHECKPOINT;
