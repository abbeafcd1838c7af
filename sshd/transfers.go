package sshd

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// What one sftp session may have recorded. jailshd takes 500 records a second of
// everybody together, and a client can open and close files much faster.
const (
	transfersPerSecond = 10
	transfersAtOnce    = 100

	// maxRemarks is how many lines are recorded that tell of no transfer: the head of
	// a crash, or why the server couldn't start.
	maxRemarks = 20

	// maxReport is the length of a line, bytes; sftp/report.go keeps below.
	maxReport = 4096
)

// transfer is one file that was read or written, as the user's own process tells
// it: she could have it say anything. It is her words that are recorded, bounded,
// and escaped as all that comes from outside.
type transfer struct {
	read, written, milliseconds uint64
	cut                         bool // the connection ended before the file was closed
	name                        string
}

// parseTransfer reads a line of package sftp's.
func parseTransfer(line string) (t transfer, ok bool) {
	f := strings.SplitN(line, " ", 5)
	if len(f) != 5 || f[3] != "closed" && f[3] != "cut" {
		return t, false
	}
	for i, to := range []*uint64{&t.read, &t.written, &t.milliseconds} {
		n, err := strconv.ParseUint(f[i], 10, 63)
		if err != nil {
			return t, false
		}
		*to = n
	}
	name, err := strconv.Unquote(f[4])
	t.cut, t.name = f[3] == "cut", name
	return t, err == nil
}

// transfers records what the server of files tells, until it ends. What is over
// the rate is summed up at the end.
func (s *session) transfers(from io.Reader) {
	lines := bufio.NewReaderSize(from, maxReport)
	limit := rate.NewLimiter(transfersPerSecond, transfersAtOnce)
	var more transfer
	unrecorded, remarks := 0, 0
	for {
		line, long, err := lines.ReadLine()
		if err != nil {
			break
		}
		t, ok := parseTransfer(string(line))
		switch {
		case !ok || long:
			if remarks++; remarks <= maxRemarks {
				s.conn.record(levelWarn, "sftp remark", "", "session", fmt.Sprint(s.number), "line", shown(string(line), maxDetail))
			}
		case limit.Allow():
			s.conn.record(levelInfo, "transfer", "", append(t.attrs(), "session", fmt.Sprint(s.number),
				"name", shown(t.name, maxDetail), "cut", strconv.FormatBool(t.cut))...)
		default:
			unrecorded++
			more.read += t.read
			more.written += t.written
			more.milliseconds += t.milliseconds
		}
	}
	if unrecorded > 0 {
		s.conn.record(levelInfo, "transfers", "", append(more.attrs(), "session", fmt.Sprint(s.number), "files", strconv.Itoa(unrecorded))...)
	}
}

func (t *transfer) attrs() []string {
	return []string{
		"read", strconv.FormatUint(t.read, 10), "written", strconv.FormatUint(t.written, 10),
		"seconds", fmt.Sprintf("%.3f", float64(t.milliseconds)/1000),
	}
}
