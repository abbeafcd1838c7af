// Package template makes and opens what a jail's root is made of. cmd/jailsh builds
// templates; internal/instance opens them; jailshd holds the build that a cell runs
// on. There are three kinds:
//
//	copy  the commands and files that profiles name, copied from the host with all
//	      the libraries that they need
//	host  the host's /usr, beside an /etc that says nothing of the host
//	dir   a folder with a root file system, made by debootstrap or unpacked
//
// Whatever the kind, a template has a folder of its own:
//
//	TEMPLATES/NAME/current              a link to builds/ID
//	TEMPLATES/NAME/builds/ID/root       what the build has of its own; empty for dir
//	TEMPLATES/NAME/builds/ID/MANIFEST   how it was built, and every entry of root: kind, mode, size, SHA-256
//	TEMPLATES/NAME/builds/.tmp-ID       a build at work, or what one left that was killed
//
// A build is planned (profile.go, gather.go, take.go, contents.go, closure.go),
// copied or shared with other builds (copy.go, reuse.go), read back and checked as
// a whole (verify.go), and only then put in place by one rename (build.go,
// store.go). A build that isn't current any more is removed by the next Build,
// unless it was the one before (a login may have opened it and not yet held it) or
// somebody holds it: Hold is a shared flock on its MANIFEST, and ends with the
// process. What was held then goes with its last cell (collect.go).
//
// # Trust
//
// The host's files and the profiles belong to the administrator. A profile may
// still sweep up a file that somebody else wrote, so nothing of the host is ever
// run (no ldd, no dpkg), every reader of ELF, of ld.so.cache and of lists of
// packages is bounded, and only regular files, directories and links are copied.
// The user of a jail sees the root read-only; what she may conclude from it is
// which programs the host has in which version. She gains nothing by it: of what a
// build has of its own everything belongs to root, setuid, setgid and file
// capabilities are gone, and nobody else may write. What is bound of the host or
// of a folder keeps its modes; setuid bits there have no effect in a jail, where
// every mount is nosuid and every process has no_new_privs.
//
// A folder of kind dir is somebody else's work, so it is looked at again at each
// login (folder.go): nobody but root may be able to exchange what is in it.
//
// # Invariants
//
//   - root has no entry that the jail itself provides (home, tmp, dev, proc, run,
//     root, sys), and has the placeholders over which it binds generated files.
//   - Every link in root resolves within the tree; every ELF file finds its
//     libraries and its interpreter there.
//   - builds/ID is complete: it got that name by a rename, after a sync.
//   - A failed, cancelled or killed build changes neither current nor a build.
//   - No file is a hard link to one of the host: a write to a file of the host would
//     show in the jail, and a write by root in the jail would change the host. With
//     other builds files are shared (reuse.go), and each is summed up when it is.
package template
