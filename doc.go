// Package jailsh has no code: it is the map of the project, and the home of the
// tests that hold everybody to its conventions (conventions_*_test.go).
//
// A login goes down this list and comes back once:
//
//	cmd/jailsh-net   the unprivileged half: reads the network
//	sshd             all that speaks SSH
//	internal/wire    the contract between the processes
//	cmd/jailshd      the root half: reads the config, signs, opens jails
//	internal/config  jailsh.toml
//	users            users.toml: who may log in, with what, and what they get
//	internal/instance  both files together, with the host keys and the templates
//	jail             what a user's jail is made of (Plan), and the cells that run
//	cmd/jailsh-init  PID 1 of a jail
//	cmd/jailsh-applet  what it runs for the user beside her own programs
//	sftp             the server of files, one of the applets
//	jail/build       the steps that build it, from within
//	jail/identity    becoming the user, and giving root up
//	jail/pid1        afterwards: spawning, signals, reaping
//	internal/cell    the other end of PID 1, for sshd and `jailsh run`
//
// Beside it stand:
//
//	cmd/jailsh       the administrator's command
//	jail/template    the root file systems that jails are made from
//	internal/strict  TOML with all problems at once, and their lines
//	etc              profiles of templates, sample configs
//	integration      the real programs driven by the real clients
//	bench            ratios to OpenSSH
//	tools, scripts   what make uses
package jailsh
