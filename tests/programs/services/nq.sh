# SPDX-License-Identifier: MIT
# Jobs in the background, one after the other, by two forks each.
export NQDIR="$PWD"
for i in 1 2 3; do
	(under nq sh -c "echo job $i >>done; exit $i") >/dev/null
done
nq -w
cat done
for i in ,*; do tail -n 1 "$i"; done
