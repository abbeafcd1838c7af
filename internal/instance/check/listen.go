package check

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// checkListen binds addr and lets go of it again. An address in use is fine when
// the process daemon, 0 for none, is the one that listens there.
func checkListen(addr string, daemon int) (what, fix string) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		l.Close()
		return "", ""
	case errors.Is(err, unix.EADDRINUSE) && daemon != 0 && listens("/proc", daemon, addr):
		return "", ""
	case errors.Is(err, unix.EADDRINUSE):
		_, port, _ := net.SplitHostPort(addr)
		return fmt.Sprintf("%q is held by another process", addr), fmt.Sprintf("find it with: ss -ltnp 'sport = :%s', or choose another port", port)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Sprintf("%q is not an address of this host", addr), "name one that `ip address` shows"
	case errors.Is(err, unix.EACCES):
		return fmt.Sprintf("%q: only root may listen on it", addr), "use sudo, or a port above 1023"
	}
	return fmt.Sprintf("%q: %v", addr, err), "write it as host:port"
}

// listens tells whether the process has a TCP socket that listens on the port of
// addr.
func listens(proc string, pid int, addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		return false
	}
	mine := socketInodes(filepath.Join(proc, strconv.Itoa(pid), "fd"))
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		for _, inode := range listeners(filepath.Join(proc, table), uint16(n)) {
			if mine[inode] {
				return true
			}
		}
	}
	return false
}

// socketInodes reads which sockets the descriptors of a /proc/PID/fd are.
func socketInodes(dir string) map[string]bool {
	found := map[string]bool{}
	entries, _ := os.ReadDir(dir) // none: it isn't our process
	for _, e := range entries {
		to, _ := os.Readlink(filepath.Join(dir, e.Name()))
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			found[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return found
}

// listeners reads the inodes of the sockets that listen on port from a table of
// proc_pid_net(5): fields 2 to 4 are local address, remote address, state.
func listeners(table string, port uint16) []string {
	const stateListen = "0A"
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	var inodes []string
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) > 9 && fields[3] == stateListen && strings.HasSuffix(fields[1], suffix) {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}
