# SPDX-License-Identifier: MIT
# Workers that answer requests, one of which runs a command; a worker is replaced after each three.
cat >config <<-END
	[global]
	daemonize = no
	error_log = $PWD/log
	[www]
	listen = $PWD/socket
	pm = static
	pm.max_children = 2
	pm.max_requests = 3
	user = nobody
	group = nogroup
	catch_workers_output = yes
END
cat >page.php <<-'END'
	<?php echo "page ", shell_exec('echo by a command');
END
chmod 644 page.php
(under "$program" -R -n -F -y "$PWD/config") &
server=$!
request() {
	SCRIPT_FILENAME=$PWD/page.php REQUEST_METHOD=GET cgi-fcgi -bind -connect "$PWD/socket"
}
until_true request
for i in 1 2 3 4 5 6 7 8 9; do
	request | tail -n 1 | tr -d '\r'
done
kill -QUIT $server
wait $server
echo "status $?"
test ! -e socket && echo gone
