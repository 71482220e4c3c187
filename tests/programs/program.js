// SPDX-License-Identifier: MIT
// spawnSync, execSync, spawn with pipes, exec, fork, many at once, large memory.
const cp = require("child_process");
const keep = Buffer.alloc(200e6, "x");
const show = (...what) => console.log(...what);

let r = cp.spawnSync("sh", ["-c", "cat; echo error >&2; exit 3"], {input: "in\n"});
show("spawnSync", r.status, String(r.stdout), String(r.stderr));
show("execSync", String(cp.execSync("pwd", {cwd: "/"})));
show("missing", cp.spawnSync("/nonexistent/x").error.code);
show("timeout", cp.spawnSync("sleep", ["60"], {timeout: 100}).signal);
show("environment", String(cp.execSync("echo $NEW", {env: {NEW: "value", PATH: process.env.PATH}})));

function wait(child) {
	let out = "";
	child.stdout.on("data", (d) => (out += d));
	return new Promise((done) => child.on("close", (code, signal) => done([out, code, signal])));
}

async function main() {
	let child = cp.spawn("cat", ["-n"]);
	child.stdin.end("to a pipe\n");
	show("spawn", await wait(child));
	show("exec", await new Promise((done) => cp.exec("echo one; exit 4", (e, o) => done([e.code, o]))));
	show("many", (await Promise.all([...Array(20).keys()].map((i) =>
		wait(cp.spawn("sh", ["-c", `echo ${i}; exit ${i}`]))))).map((x) => x[1]).join());
	child = cp.spawn("sleep", ["60"], {detached: true});
	setTimeout(() => process.kill(-child.pid, "SIGTERM"), 50);
	show("killed", await wait(child));
	process.exit(9);
}
main();
