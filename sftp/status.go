package sftp

import (
	"errors"

	"golang.org/x/sys/unix"
)

// status is how a request ended, draft section 7.
type status uint32

const (
	statusOK status = iota
	statusEOF
	statusNoSuchFile
	statusDenied
	statusFailure
	statusBadMessage
	_ // no connection
	_ // connection lost
	statusUnsupported
)

var statusTexts = [...]string{
	statusOK: "Success", statusEOF: "End of file", statusNoSuchFile: "No such file",
	statusDenied: "Permission denied", statusFailure: "Failure", statusBadMessage: "Bad message",
	statusUnsupported: "Operation unsupported",
}

// Error makes a status an error of its own, for what no system call has said.
func (s status) Error() string { return statusTexts[s] }

// statusOf is the status of an error. It is sftp-server's choice for each errno:
// clients act on it.
func statusOf(err error) status {
	var s status
	var errno unix.Errno
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &s):
		return s
	case !errors.As(err, &errno):
		return statusFailure
	}
	switch errno {
	case unix.ENOENT, unix.ENOTDIR, unix.EBADF, unix.ELOOP:
		return statusNoSuchFile
	case unix.EPERM, unix.EACCES, unix.EFAULT:
		return statusDenied
	case unix.ENAMETOOLONG, unix.EINVAL:
		return statusBadMessage
	case unix.ENOSYS:
		return statusUnsupported
	}
	return statusFailure
}

// text is what a client may show its user. Where the status says no more than
// that it failed, the kernel's reason is told: a full disk, a file that exists.
func text(s status, err error) string {
	var errno unix.Errno
	if s == statusFailure && errors.As(err, &errno) {
		return errno.Error()
	}
	return statusTexts[s]
}
