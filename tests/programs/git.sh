# SPDX-License-Identifier: MIT
# Commands that start others: aliases, hooks, filters, a pager, a clone, bisect run.
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='1 Jan 2020 00:00 +0000' \
	GIT_COMMITTER_DATE='1 Jan 2020 00:00 +0000'
git config --global user.name Name
git config --global user.email name@example.org
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git init -q repository && cd repository || exit 1
git config alias.hello '!echo hello'
git hello
echo 'echo hook >&2' >.git/hooks/commit-msg && chmod +x .git/hooks/commit-msg
git config filter.upper.clean 'tr a-z A-Z'
echo '*.txt filter=upper' >.gitattributes
for i in 1 2 3 4 5 6; do
	echo "line $i" >>file.txt
	git add .
	git commit -qm "commit $i"
done
git show HEAD:file.txt
git log --oneline | cat
git -c core.pager='cat -n' -p log -2 --format=%s
git clone -q . ../clone 2>/dev/null && git -C ../clone log --format=%s -1
git bisect start HEAD HEAD~5 >/dev/null 2>&1
git bisect run sh -c 'test $(wc -l <file.txt) -lt 4' 2>/dev/null | grep -c 'first bad commit'
git bisect reset >/dev/null 2>&1
git gc -q
git fsck 2>&1 | grep -v dangling
rm -rf .git/hooks .git/logs .git/index ../clone .git/ORIG_HEAD .git/FETCH_HEAD
exit 9
