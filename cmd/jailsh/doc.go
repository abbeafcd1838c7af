// Jailsh is the administrator's command: it makes an instance, edits its user
// table, builds its templates, checks it, explains what it would decide, and
// runs commands in a user's jail without ssh.
//
// Each command is one file, named after it: user_add.go is `jailsh user add`.
// A command parses its arguments, calls the packages that know the subject, and
// prints; it decides nothing that jailshd would decide differently, because both
// read an instance through internal/instance.
//
// publish is the one that has nothing to do with an instance: it is for a user, on her
// own machine. Its files are publish_options.go, what ssh is told; publish_window.go,
// her terminal; publish_link.go and publish_call.go, what is shown of it, and by which
// ssh.
//
// # Trust
//
// The administrator and the files of the instance are trusted, once their owner
// and mode have been checked. Three things are not, and are only printed with
// control bytes escaped: what a public key file says, names found in a user's
// home, and what a daemon answers. `jailsh run` passes the bytes of a program
// in a jail to the terminal as ssh does: whoever runs a user's program in a
// terminal lets it write to that terminal. `jailsh watch` keeps from it what would make
// it answer.
//
// # Exit status
//
// 0 good, 1 a problem found or a failure, 2 wrong usage. `jailsh run` and publish exit with
// the command's own status, or with 128 and the number of the signal that ended it.
package main
