package jail_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
)

// Types of packets of the sftp protocol (draft-ietf-secsh-filexfer-02).
const (
	sftpInit, sftpVersion, sftpReadlink, sftpName = 1, 2, 19, 104
)

func sftpPacket(kind byte, id uint32, path string) []byte {
	body := binary.BigEndian.AppendUint32([]byte{kind}, id)
	if path != "" {
		body = binary.BigEndian.AppendUint32(body, uint32(len(path)))
		body = append(body, path...)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// sftp starts the applet in a cell. What it returns asks it one thing.
func sftp(t *testing.T, c *cell.Cell) func(request []byte) (answer []byte) {
	t.Helper()
	p, err := c.Spawn(t.Context(), &wire.Spawn{Program: wire.ProgramSFTP})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stdin.Close()
		p.Stdout.Close()
		if said := drain(p.Stderr); said != "" {
			t.Errorf("it says: %s", said)
		}
		if e := <-p.Exit(); e.Status != 0 || e.Signal != 0 {
			t.Errorf("it ends with %+v", e)
		}
	})
	if err := p.Stdout.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	ask := func(request []byte) []byte {
		t.Helper()
		head := make([]byte, 4)
		_, err := p.Stdin.Write(request)
		if err == nil {
			_, err = io.ReadFull(p.Stdout, head)
		}
		answer := make([]byte, binary.BigEndian.Uint32(head))
		if err == nil {
			_, err = io.ReadFull(p.Stdout, answer)
		}
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if answer := ask(sftpPacket(sftpInit, 3, "")); answer[0] != sftpVersion {
		t.Fatalf("INIT: %q", answer)
	}
	return ask
}

// link is what a symbolic link holds, as the applet sees it.
func link(ask func([]byte) []byte, path string) (string, bool) {
	answer := ask(sftpPacket(sftpReadlink, 1, path))
	if answer[0] != sftpName {
		return "", false
	}
	n := binary.BigEndian.Uint32(answer[9:])
	return string(answer[13 : 13+n]), true
}

// An applet has its standard three and nothing else, least of all a descriptor of
// its own program; with a limit of processor time, which takes another way, too.
func TestAnAppletInheritsNothing(t *testing.T) {
	for _, limit := range []time.Duration{0, time.Hour} {
		cells, _ := newCells(t)
		a := account(t, "alice", 20001)
		a.Limits.CPUTime = limit
		ask := sftp(t, enter(t, cells, a))
		open := map[string]bool{}
		for fd := range 1024 {
			if held, ok := link(ask, fmt.Sprintf("/proc/self/fd/%d", fd)); ok {
				kind, _, _ := strings.Cut(held, ":")
				open[fmt.Sprint(fd, " ", kind)] = true
			}
		}
		if got := slices.Sorted(maps.Keys(open)); !slices.Equal(got, []string{"0 pipe", "1 pipe", "2 pipe"}) {
			t.Errorf("with a limit of %s: descriptors %q", limit, got)
		}
		if exe, _ := link(ask, "/proc/self/exe"); exe != "/memfd:jailsh-applet (deleted)" {
			t.Errorf("with a limit of %s: it runs %q", limit, exe)
		}
	}
}

// An applet is one of the user's processes like any other: her ids, no rights, her
// filter of system calls, her limits.
func TestAnAppletIsTheUser(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits.CPUTime = time.Hour
	a.Limits.OpenFiles = 333
	c := enter(t, cells, a)
	sftp(t, c)
	pid := output(t, c, "pgrep -x sftp")
	for command, want := range map[string]string{
		"grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/" + pid + "/status | tr '\\t' ' '":            "Uid: 20001 20001 20001 20001\nCapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2",
		"awk '/cpu time/ {print $4} /open files/ {print $5}' /proc/" + pid + "/limits":                   "3600\n333",
		"tr '\\0' ' ' </proc/" + pid + "/cmdline":                                                        "jailsh-applet sftp",
		"ls /proc/" + pid + "/fd 2>&1 | sed 's/.*: //'; cat /proc/" + pid + "/exe 2>&1 | sed 's/.*: //'": "Permission denied\nPermission denied",
	} {
		if got := output(t, c, command); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", command, got, want)
		}
	}
}

// What jailsh-net asks for is checked by PID 1: it has a list.
func TestThereAreNoOtherApplets(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	if _, err := c.Spawn(t.Context(), &wire.Spawn{Program: 200, Args: []string{"x"}}); err == nil || !strings.Contains(err.Error(), "there is no program 200") {
		t.Error(err)
	}
}

// The program in memory can't be changed, nor read, by whoever gets hold of it.
func TestAProgramIsSealed(t *testing.T) {
	cells, _ := newCells(t)
	ask := sftp(t, enter(t, cells, account(t, "alice", 20001)))
	if _, ok := link(ask, "/proc/self/exe"); !ok {
		t.Fatal("it can't be found at all")
	}
	for _, flags := range []uint32{1, 2, 2 | 0x10} { // read, write, write and truncate
		body := append(sftpPacket(3, 1, "/proc/self/exe"), byte(flags>>24), byte(flags>>16), byte(flags>>8), byte(flags), 0, 0, 0, 0)
		binary.BigEndian.PutUint32(body, uint32(len(body)-4))
		if answer := ask(body); answer[0] != 101 {
			t.Errorf("opened with %#x: %q", flags, answer)
		}
	}
}
