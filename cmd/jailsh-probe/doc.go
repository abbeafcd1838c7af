// Command jailsh-probe tries the known ways out of a jail, one by one, and says
// of each whether the jail held. It runs as the user in the jail, with all of her
// rights and no more, and needs nothing of the template: it is static.
//
//	jailsh-probe [--list] [--init PID] [--victim NAME=VALUE]... [ATTACK...]
//	jailsh-probe --leave NAME    leaves something of each kind, and says what
//	jailsh-probe --serve NAME    answers on 127.0.0.1:8000 and an abstract socket
//
// One line for each attack: its name, then
//
//	held     it was refused; how is said behind it
//	BROKEN   it worked, or nobody can tell that it didn't
//	absent   the kernel has nothing of the kind, or the test hasn't left what
//	         is attacked
//
// The exit status is 1 if any is BROKEN, 2 if the probe itself can't work.
//
// # What it does to the host
//
// Nothing, even if everything works. A file that must not be written to is opened
// for writing and closed; a call that needs root gets arguments that root's would
// be refused for; what is mounted is mounted in a process that ends. So it can be
// run in a jail with holes, which is how its own tests show that each attack can
// succeed: see package integration.
//
// # Each attack is a process
//
// An attack may hang, crash, or change who it is, so each runs in a child of its
// own, in its own session, with a time limit and an empty folder that is removed
// afterwards. An attack without an answer counts as BROKEN.
package main
