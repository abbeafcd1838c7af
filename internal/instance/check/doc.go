// Package check finds what keeps an instance from working on this host: before
// jailshd starts, and before somebody who logs in finds it. jailshd asks it for
// the kernel, `jailsh check` for everything.
//
// Every problem is reported at once, at the line of the configuration that it
// comes from, with what to do. Nothing is changed: a port is bound for a moment,
// and namespaces are made on a thread that ends with them.
//
// What is found good may be bad a second later. No decision about a jail rests
// on an answer of this package; jailsh-init checks again, by descriptor, what it
// uses.
package check
