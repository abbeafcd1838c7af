// Package quota bounds how much a folder and all below it may take on its file
// system, by the project quotas of ext4 and XFS: each file belongs to the project
// of the folder that it was made in, whoever owns it and whichever way it was
// opened.
//
// Callers are jailsh-init, as root and before anything of the user's runs, which
// sets the limit of a home (limits.home), and `jailsh check`, which asks whether
// it could. The number of the project is the user's uid.
//
// # What the user can try
//
// The kernel lets the owner of a file change its project, and whether new files
// inherit it (ioctl_fsetxattr, FS_IOC_FSSETXATTR and FS_IOC_SETFLAGS), unless she is
// in a user namespace. The jail's system call filter refuses both. Without it this
// would be no limit.
//
// # Invariants
//
// Set succeeds only when the file system enforces the limit from now on, for all
// that is in the folder: it reads back what it has set, and refuses a folder with
// files that aren't counted.
package quota
