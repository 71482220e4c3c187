" SPDX-License-Identifier: MIT
call setline(1, ["b", "a", "c"])
%!sort
r !echo read
let s = system("echo system; exit 3")
call append("$", [s, v:shell_error, system("cat", "input"), systemlist("printf 'a\nb'")[1]])
w !cat > piped
call writefile(getline(1, "$"), "out")
qa!
