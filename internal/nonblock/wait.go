package nonblock

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// WriteAll writes all of b to a descriptor of the poller's, and waits when it is
// full. It returns how much was written before an error: that of write(2), or the
// poller's when the file was closed or its deadline has passed.
func WriteAll(raw syscall.RawConn, b []byte) (int, error) { return WriteBoth(raw, nil, b) }

// WriteBoth is WriteAll of two parts, with as few calls as one has.
func WriteBoth(raw syscall.RawConn, first, second []byte) (int, error) {
	written := 0
	var writeErr error
	err := raw.Write(func(fd uintptr) bool {
		for written < len(first)+len(second) {
			var n int
			var err error
			if written < len(first) {
				n, err = Writev(int(fd), first[written:], second)
			} else {
				n, err = Write(int(fd), second[written-len(first):])
			}
			if errors.Is(err, unix.EAGAIN) {
				return false
			}
			if err != nil {
				writeErr = err
				return true
			}
			written += n
		}
		return true
	})
	if err == nil {
		err = writeErr
	}
	return written, err
}
