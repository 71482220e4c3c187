# SPDX-License-Identifier: MIT
# A server that makes itself a daemon and opens terminals with forkpty.
export TMUX_TMPDIR="$PWD" SHELL=/bin/sh
tmux -f /dev/null new-session -d -x 80 -y 24 'echo in a terminal; tty >/dev/null && echo tty >file; sleep 5'
i=0
until test -e file || test $i = 100; do i=$((i + 1)); sleep 0.05; done
cat file
tmux run-shell 'echo run'
tmux if-shell 'exit 0' 'display-message -p yes'
tmux capture-pane -p | head -n 1
tmux kill-server
rm -rf tmux-*
exit 9
