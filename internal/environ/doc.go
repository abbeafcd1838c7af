// Package environ says which environment variables may enter a jail from
// outside: from an ssh client, or from the environment="..." of a key.
//
// Callers are sshd, for each env request, and users, for the patterns of
// accept_env and for key options. The client is an attacker: a name that makes a
// program run or load something else would lead out of a forced command. Such
// names are refused whatever the administrator's patterns say.
//
// The package uses the standard library only.
package environ
