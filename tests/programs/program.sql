-- SPDX-License-Identifier: MIT
create table t(a);
insert into t values (1), (2), (3);
.shell echo from the shell; exit 3
.system echo from system
.output '|cat -n'
select a from t;
.output
.once '|sort -r'
select a from t;
.import '|printf "4\n5\n"' t
select sum(a) from t;
