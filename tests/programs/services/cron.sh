# SPDX-License-Identifier: MIT
# Jobs that are run at its start, in directories of its own in place of the system's.
test "$(id -u)" = 0 || skip "for root only"
command -v unshare >/dev/null || skip "no unshare here"
unshare -m true 2>/dev/null || skip "no mount namespaces here"
mkdir spool etc run
cat >etc/crontab <<-END
	SHELL=/bin/sh
	@reboot root echo one; id -un >$PWD/root
	@reboot nobody id -un >$PWD/nobody
END
chmod 600 etc/crontab
echo "@reboot echo three >$PWD/three" >spool/root
chmod 600 spool/root
mkdir -p /etc/cron.d
(
	export DIR="$PWD"
	under unshare -m sh -c 'mount --bind "$DIR/spool" /var/spool/cron/crontabs &&
		mount --bind "$DIR/etc/crontab" /etc/crontab && mount -t tmpfs none /etc/cron.d &&
		mount --bind "$DIR/run" /run && exec cron -f'
) &
server=$!
until_true test -s root -a -s nobody -a -s three
kill $server
wait $server 2>/dev/null
cat root nobody three
