-- Run by tools/bench at the end: of each way the median of the rounds, each compared with what was done by hand in the same round.
SELECT t.shape || ' table' AS "moved into a", w.name AS "how",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY :rows / t.seconds)::numeric, -2) AS "rows per second",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY h.seconds / t.seconds)::numeric, 2) AS "of by hand"
FROM (SELECT *, extract(epoch FROM ended - started) AS seconds FROM took) t
JOIN (SELECT *, extract(epoch FROM ended - started) AS seconds FROM took WHERE number = 1) h USING (round, shape)
JOIN way w ON (w.shape, w.number) = (t.shape, t.number)
GROUP BY t.shape, w.name, w.number
ORDER BY t.shape, w.number;

\echo 'One INSERT … SELECT by hand from the same foreign table, with the same expressions and no checks: no rule, no hash is looked at, nobody'
\echo 'is here already; one bad row undoes all of it, and without links nothing tells who came from where. A release build, fsync off.'
\echo
