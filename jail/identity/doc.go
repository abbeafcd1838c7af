// Package identity turns a root process into an ordinary one, for good: the
// user's ids and groups, no capability in any set, no_new_privs.
//
// It is called by jailsh-init, before a user's PID 1 starts to serve, and by
// jailsh-net, before it reads the first byte of the network. Both call it on
// the thread that they locked, and execute themselves afterwards: ids,
// capabilities and no_new_privs belong to a thread, and only execve leaves a
// process with one thread and so with one set of them.
//
// Nothing here is recoverable. A caller that gets an error must exit.
package identity
