// Package build is what jailsh-init does as root: it turns the fresh namespaces
// that it was cloned into into one user's jail, and itself into that user. What is
// the same in each jail comes first, and needs no plan: jailshd keeps one
// jailsh-init that has done it (package jail, spare).
//
// The work is a table of named steps (steps.go), walked once, in order, on the
// main thread, by a loop that stops at the first error. A jail of which a step
// went wrong doesn't exist: the process reports `step 5/34 proc: mount: EPERM`
// to jailshd and ends, and the kernel takes back its namespaces with all mounts.
// No step has a fallback.
//
// # What a hostile user can touch meanwhile
//
// Only what is in her home and in the writable mounts, from other cells of hers
// or from outside. So nothing there is reached by a path twice: a source is
// opened once, with no symbolic link in its path, checked by its descriptor, and
// cloned from it (CVE-2021-30465); a target is opened below the new root with
// openat2, which can't leave it (CVE-2025-31133, CVE-2025-52881), and mounted on
// by descriptor. The new root is a tmpfs of root's that nobody else has seen.
//
// # Order
//
// Masks come after /proc. The pivot comes before the plan: the host's mounts are
// gone to for the sources alone, and there is no way back to them once all is in
// place. Identity comes after all that needs root. A new home is filled after that,
// by the user herself: no file of hers is ever written by root. Verification is
// last: it tries what must not work.
package build
