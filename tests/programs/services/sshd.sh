# SPDX-License-Identifier: MIT
# A login by a key, with and without a terminal, and sftp.
test "$(id -u)" = 0 || skip "for root only"
mkdir -p /run/sshd
for type in host user; do
	ssh-keygen -q -t ed25519 -N '' -f "$PWD/$type"
done
cp user.pub authorized && chmod 600 authorized
cat >config <<-END
	ListenAddress 127.0.0.1
	HostKey $PWD/host
	PidFile none
	AuthorizedKeysFile $PWD/authorized
	StrictModes no
	UsePAM no
	PermitRootLogin prohibit-password
	Subsystem sftp internal-sftp
END
port=$((20000 + $$ % 20000))
(under "$(command -v sshd)" -D -E "$PWD/log" -f "$PWD/config" -p $port) &
server=$!
options="-F none -i $PWD/user -o Port=$port -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o IdentityAgent=none"
until_true ssh $options root@127.0.0.1 true
ssh $options root@127.0.0.1 'echo in; id -un; exit 3'
echo "status $?"
ssh $options -tt root@127.0.0.1 'test -t 0 && echo on a terminal' | tr -d '\r'
seq 20000 | ssh $options root@127.0.0.1 'wc -l'
seq 10000 >numbers
printf 'put numbers %s/copy\nget %s/copy %s/back\n' "$PWD" "$PWD" "$PWD" | sftp -q -b - $options 127.0.0.1
cmp numbers back && echo the same
kill $server
wait $server
ls
