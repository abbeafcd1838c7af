// Package landlock takes from the calling thread, and from all that it executes,
// the right to write anywhere but below what a ruleset names (landlock(7), the
// kernel's landlock.rst). It holds beside modes, mount flags and capabilities:
// who gets around one of those still meets it.
//
// Reading and executing aren't looked at: what can be seen is the mount table's
// business. Scopes come along where the kernel has them: no process can connect
// to an abstract unix socket that was bound outside, nor signal one outside.
//
// jailsh-init uses it as root code does: three system calls on one locked
// thread that executes itself afterwards. A library would bring a way to apply
// them to all threads, which isn't needed, and a policy of falling back rights by
// rights, which is this package's to decide.
package landlock
