package sshd

import "github.com/jailsh/jailsh/internal/nonblock"

// What a pipe holds through which a lot goes, bytes. With the kernel's 64 KiB (pipe(7))
// the server and the program wake each other so often that it is a quarter of the time.
// Pages are taken for what is in it only; of how many all pipes of a user may have,
// pipe-user-pages-soft, four and eight times as many count.
const (
	outputPipe = 2 * wideSize // the program writes one half while the other is read
	inputPipe  = aheadSize    // all that is handed on at once
)

// widen has a pipe hold size bytes, if it holds less. What isn't a pipe stays as it is,
// and so does that of a user who has too many.
func widen(fd uintptr, size int) { _ = nonblock.GrowPipe(int(fd), size) }
