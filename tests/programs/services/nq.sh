# SPDX-License-Identifier: MIT
# Jobs in the background, one after the other, by two forks each.
export NQDIR="$PWD"
for i in 1 2 3; do
	(under nq sh -c "echo job $i >>done; exit $i") >/dev/null
done
# nq -w may return before the last job has ended, or even begun, natively as well.
n=0
until [ "$(grep -ls '^\[exited' ,* | wc -l)" = 3 ] || [ $((n += 1)) -gt 200 ]; do sleep 0.05; done
cat "done"
for i in ,*; do tail -n 1 "$i"; done
