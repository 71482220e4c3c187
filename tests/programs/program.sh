# SPDX-License-Identifier: MIT
# Subshells, pipelines, substitutions, background jobs, traps, here-documents; any Bourne shell.
(exit 3)
echo "subshell $?"
echo "substitution $(echo one; exit 4) $?"
echo pipe | tr a-z A-Z | cat -n
{ sh -c 'kill -9 $$'; } 2>/dev/null # a shell may say which pid was killed
echo "signal $?"
(echo background; exit 5) &
wait $!
echo "waited $?"
trap 'echo trapped' USR1
(sleep 0.05; kill -USR1 $$) &
wait $!
wait 2>/dev/null # bash 5.3 may say that the job is none of its own any more
cat <<-END
	here $(echo document)
	END
i=0
while test $i -lt 20; do
	i=$((i + $(echo 1)))
done
echo "counted $i"
(trap 'echo left' EXIT; exit 6)
echo "left with $?"
/nonexistent/x 2>/dev/null
echo "missing $?"
find . -maxdepth 0 -exec echo found {} \;
printf 'a b c' | xargs -n 1 -P 1 echo xargs
exec sh -c 'echo exec; exit 9'
