# SPDX-License-Identifier: MIT
# BGSAVE and BGREWRITEAOF while others write. What was saved is what there was at that moment.
ask() { redis-cli -s "$PWD/socket" "$@"; }
bgsave_done() { ask info persistence | tr -d '\r' | grep -qx 'rdb_bgsave_in_progress:0'; }
rewrite_done() {
	ask info persistence | tr -d '\r' | grep -qx 'aof_rewrite_in_progress:0' &&
		ask info persistence | tr -d '\r' | grep -qx 'aof_rewrite_scheduled:0'
}
stop() {
	ask shutdown nosave
	wait "$server"
	until_true test ! -e socket
}

(under redis-server --port 0 --unixsocket "$PWD/socket" --dir "$PWD" --save '' --enable-debug-command yes \
	--appendonly yes --logfile log) &
server=$!
until_true ask ping
ask debug populate 50000 key 100
redis-benchmark -s "$PWD/socket" -q -n 100000 -r 1000 -c 2 set writing:__rand_int__ x >/dev/null 2>&1 &
writer=$!
# The script holds up all others: the digest is that of the moment of the fork.
before=$(ask eval 'redis.call("select", 1) redis.call("set", "a", "b") return 1' 0)
ask -n 1 rpush list 1 2 3
for i in 1 2 3; do
	ask bgsave schedule
	until_true bgsave_done
	ask info persistence | tr -d '\r' | grep rdb_last_bgsave_status
done
ask bgrewriteaof
until_true rewrite_done
ask info persistence | tr -d '\r' | grep aof_last_bgrewrite_status
kill $writer
wait $writer 2>/dev/null
ask bgsave
until_true bgsave_done
saved=$(ask debug digest)
ask -n 1 lrange list 0 -1
stop
echo "evaluated $before"
ls | sed 's/base\.[0-9]*/base/'
ls appendonlydir | grep -c temp

# Both that it has left are read back by a native server.
for way in no yes; do
	(exec redis-server --port 0 --unixsocket "$PWD/socket" --dir "$PWD" --save '' --enable-debug-command yes \
		--appendonly $way --logfile log) &
	server=$!
	until_true ask dbsize
	until_true sh -c "redis-cli -s '$PWD/socket' ping | grep -q PONG"
	test "$(ask debug digest)" = "$saved" && echo "appendonly $way: the same"
	stop
done
