// Package rootfs looks at a root file system from outside as a process sees it
// that has it as its root. A tree may be one folder, or be put together of
// several, as the jail of a `host` template is: its own /etc beside the host's
// /usr. jail/template asks what is in a tree and which libraries a program finds
// there; jail binds its top entries, and looks shells and mount points up.
//
// It is for planning and checking alone. What it says may have changed a moment
// later, so nothing relies on it for safety: jail/build opens by descriptor, with
// openat2, and refuses every link.
//
// A tree may hold what somebody else wrote. Its links never lead out of it, a
// chain of them ends after 40, and only regular files are opened.
package rootfs
