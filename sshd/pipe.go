package sshd

import "github.com/jailsh/jailsh/internal/nonblock"

// pipeSize is what a pipe holds through which a lot goes, bytes. With the kernel's
// 64 KiB (pipe(7)) the server and the program wake each other so often that it is a
// quarter of the time. Pages are taken for what is in it only; of how many all
// pipes of a user may have, pipe-user-pages-soft, four times as many count.
const pipeSize = 256 << 10

// widen has a pipe hold more. What isn't a pipe stays as it is, and so does that of
// a user who has too many.
func widen(fd uintptr) { _ = nonblock.SetPipeSize(int(fd), pipeSize) }
