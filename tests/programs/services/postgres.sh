# SPDX-License-Identifier: MIT
# A server that forks for each connection and for its own work, under a load.
test "$(id -u)" = 0 && as="setpriv --reuid 65534 --regid 65534 --clear-groups"
export HOME="$PWD" PGHOST="$PWD" PGUSER=fuzz PGDATABASE=postgres PGOPTIONS=
$as initdb -N -A trust -U fuzz -D "$PWD/data" >/dev/null || skip "initdb does not work here"
(under $as pg_ctl -D "$PWD/data" -w -t 120 -l "$PWD/data/log" -o "-k $PWD -c listen_addresses= -c fsync=off" \
	start) | tail -n 1
pgbench -q -i -s 1 >/dev/null 2>&1
echo "initialised $?"
pgbench -n -c 4 -j 2 -t 50 >/dev/null 2>&1
echo "ran $?"
psql -Atc 'select sum(abalance) = (select sum(delta) from pgbench_history), count(*) from pgbench_accounts'
psql -Atc "select count(*) from pgbench_history"
psql -Atc "copy (select 1) to program 'cat >$PWD/data/one'" && cat data/one
psql -Atc 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0;
	select count(*) from pgbench_accounts'
$as pg_ctl -D "$PWD/data" -w -t 120 -m fast stop | tail -n 1
