-- Run by tools/bench once for each way of moving users, between emptying the tables and noting the time.
SELECT statement FROM way WHERE shape = :'shape' AND number = :number \gexec
