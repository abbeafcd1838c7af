package sftp

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// A transfer is one file from its OPEN to its CLOSE of which something was read or
// written. It is told to jailsh-net, on the standard error, in a line of its own:
//
//	READ WRITTEN MILLISECONDS closed|cut "NAME"
//
// Both are bytes. The name is as the client wrote it, in ASCII and in quotes, and
// cut if it is long. Nobody has to believe it: it is said by the user's process.

// maxName is how much of a name is told, bytes.
const maxName = 512

// reporter tells of transfers; nil tells of none.
type reporter struct{ to io.Writer }

// transfer tells of one; cut is that the client didn't close it.
func (p *reporter) transfer(h *handle, cut bool) {
	if p == nil || h.folder != nil || h.read == 0 && h.written == 0 && !h.write {
		return
	}
	how := "closed"
	if cut {
		how = "cut"
	}
	name := h.path
	if len(name) > maxName {
		name = name[:maxName] + "..."
	}
	// A reader that is gone, or slow, costs lines and not the transfer.
	_, _ = fmt.Fprintf(p.to, "%d %d %d %s %s\n", h.read, h.written, time.Since(h.opened).Milliseconds(), how, strconv.QuoteToASCII(name))
}
