# SPDX-License-Identifier: MIT
# Tools that start a command for a file or a line: find, xargs, tar, split, sed, env, nice, timeout.
mkdir d
for i in 1 2 3 4 5 6 7 8 9; do echo "$i" >d/$i; done
find d -type f -exec cat {} \; | sort
find d -type f -exec sh -c 'echo $#' sh {} +
find d -type f -execdir true {} \; -print | sort
find d -type f -print0 | xargs -0 -P 3 -n 2 cat | sort
printf '1\n2\n' | xargs -I % sh -c 'exit %'
echo "xargs $?"
tar -cf t.tar --sort=name --mtime=@0 -I gzip d 2>/dev/null
tar -xOf t.tar -I gzip | sort | tail -n 1
tar -cf - d | tar -xf - --to-command='cat >/dev/null'
seq 10 | split -l 5 --filter='wc -l'
echo 'echo from sed' | sed e
timeout 5 sh -c 'exit 3'
echo "timeout $?"
timeout 0.1 sleep 10
echo "timeout $?"
env -i PATH="$PATH" nice sh -c 'echo $LD_PRELOAD nice'
rm -rf d t.tar
exit 9
