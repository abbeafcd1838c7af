// Package template makes and opens what a jail's root is made of. There is one
// kind, `copy`: the commands and files that a profile names, copied from the
// host with all the libraries they need. cmd/jailsh builds templates;
// internal/instance opens them; jailshd holds the build that a cell runs on.
//
//	TEMPLATES/NAME/current              a link to builds/ID
//	TEMPLATES/NAME/builds/ID/root       what the jail mounts, read-only
//	TEMPLATES/NAME/builds/ID/MANIFEST   every entry of root: kind, mode, size, SHA-256
//	TEMPLATES/NAME/builds/.tmp-ID       a build at work, or what one left that was killed
//
// A build is planned (profile.go, gather.go, take.go, closure.go), copied (copy.go),
// read back and checked as a whole (verify.go), and only then put in place by one
// rename (build.go, store.go). A build that isn't current any more is removed by
// the next Build, unless it was the one before (a login may have opened it and not
// yet held it) or somebody holds it: Hold is a shared flock on its MANIFEST, and
// ends with the process.
//
// # Trust
//
// The host's files and the profiles belong to the administrator. A profile may
// still sweep up a file that somebody else wrote, so nothing of the host is ever
// run (no ldd), every reader of ELF and of ld.so.cache is bounded, and only
// regular files, directories and links are copied. The user of a jail sees the
// root read-only; what she may conclude from it is which programs the host has
// in which version. She gains nothing by it: everything belongs to root, setuid,
// setgid and file capabilities are gone, and nobody else may write.
//
// # Invariants
//
//   - root has no entry that the jail itself provides (home, tmp, dev, proc, run,
//     root, sys), and has the placeholders over which it binds generated files.
//   - Every link in root resolves within root; every ELF file finds its libraries
//     and its interpreter there.
//   - builds/ID is complete: it got that name by a rename, after a sync.
//   - A failed, cancelled or killed build changes neither current nor a build.
//   - Files are copies, not hard links: a write to a file of the host would show
//     in the jail, and a write by root in the jail would change the host.
package template
