// Package cgroup bounds what all processes of a cell together may use up: memory
// with swap, processes, and processor time (cgroups(7), cgroup-v1 and cgroup-v2
// of the kernel's documentation). jailshd calls it for each cell; `jailsh check`
// asks it what the host can't do.
//
// Each instance has one cgroup per hierarchy, and each cell one below it:
//
//	base/jailsh-38-2f41/cell-1      38 and 2f41 are of the instance's run_dir
//
// With cgroup v2, base is the cgroup that jailshd was started in, if it has it
// for itself, as in a systemd unit with Delegate=yes; processes may only be in
// leaves there, so jailshd moves to base/jailshd first. Otherwise base is the top
// of what is mounted. With v1, where processes may be anywhere, base is always
// jailshd's own cgroup. On a hybrid host each controller is taken from where it
// is; v2 goes first.
//
// # What a hostile user can do
//
// Nothing with the files: the cgroup file system isn't mounted in a jail, there
// is no way to mount it, and its files are root's. A cell's first process is born
// in its cgroup, before anything of the user's has run, so there is no moment in
// which it could have forked out of it; and it is in a PID namespace of its own,
// which ends with it, so nothing of hers is left when the cgroup is removed. Its
// cgroup namespace hides the path of it.
//
// # Invariants
//
// A limit that isn't enforced is an error: no cell starts with less than what was
// asked for. Only what has the instance's name is ever changed or removed, and
// only whoever holds the instance's lock (run/jailshd.pid) calls Prepare.
package cgroup
