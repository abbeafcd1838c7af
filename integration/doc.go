// Package integration tests jailsh as people meet it: the built programs,
// started on an instance of their own, and driven by the stock ssh, scp, tmux,
// git, ssh-audit, or by clients that mean harm. It is tests only, and knows
// nothing of what is inside the programs.
//
// Everything runs in namespaces that TestMain makes: a test can't disturb the
// host or another run, each port is free, and whatever is still there at the end
// was left behind, which is a failure. So the tests run as root, as jailshd does.
//
// Each test starts as many instances as it needs (instance_test.go), and most run
// beside each other. When an instance ends, nothing of it may be left: no
// process, mount, socket, cgroup, or file in run_dir (remains_test.go). Nobody
// sleeps: tests wait for a line of the log, for a program's output, for a word
// on a screen, or for a process's end, with a deadline.
package integration
