# SPDX-License-Identifier: MIT
# Pipelines, substitutions, subshells, jobs and traps. Runs in an empty directory of its own.
resolve() { readlink "$1"; }
ln -s target link
for i in $(seq 1 100); do
  echo "$i" | cat | tr 0-9 a-j | sed s/a/A/
  x=$(echo sub $i; (exit 3)); echo "$x $?"
  ( cd /; pwd; exit $((i % 7)) ); echo "st $?"
  /bin/echo ext $i > f$i; cat f$i >> all; rm f$i
  { echo grp; /bin/true; } | wc -l
  if ! false; then env A=$i sh -c 'echo $A; exit 4'; echo $?; fi
  ( y=$(resolve link || true); [ "$y" = target ] && echo "$y" )
  diff <(echo a; echo $i) <(echo a; echo $i) && echo same
done
trap 'echo usr1' USR1; kill -USR1 $$; (kill -USR1 $$); wait
set -o pipefail; false | true; echo $?
sleep 0.05 & p=$!; wait $p; echo waited $?
(sleep 5 & echo $! > pid; wait) & sleep 0.1; kill $(cat pid); wait; echo done
md5sum all | cut -c1-32
set -m; /bin/echo job; (exit 5) & wait $!; echo $?
