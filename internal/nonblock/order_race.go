//go:build race

package nonblock

import "syscall"

// The race detector takes each read to come after every write before it, and is
// told so by package syscall alone, in its own Read and Write. Neither of these
// transfers anything: the first has no descriptor, the second no room.

func written()     { _, _ = syscall.Write(-1, nil) }
func taken(fd int) { _, _ = syscall.Read(fd, nil) }
