package sftp

import (
	"encoding/binary"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// handle is an open file or folder.
type handle struct {
	fd     int
	folder *os.File // nil: a file
	path   string   // as the client wrote it
	begun  bool     // a folder's reading
	write  bool     // a file that is open for writing

	read, written uint64 // bytes
	opened        time.Time
}

// handles are those that are open, each at the place that its name says.
type handles struct {
	table []*handle
	free  []uint32
	open  int
	most  int
}

// add takes a handle in, or reports that there are too many.
func (t *handles) add(h *handle) (uint32, bool) {
	if t.open >= t.most {
		return 0, false
	}
	t.open++
	if n := len(t.free); n > 0 {
		place := t.free[n-1]
		t.free = t.free[:n-1]
		t.table[place] = h
		return place, true
	}
	t.table = append(t.table, h)
	return uint32(len(t.table) - 1), true
}

// get finds a handle by the name that the client was given, which is its place;
// nil if there is none.
func (t *handles) get(name []byte) (*handle, uint32) {
	if len(name) != 4 {
		return nil, 0
	}
	place := binary.BigEndian.Uint32(name)
	if uint64(place) >= uint64(len(t.table)) {
		return nil, 0
	}
	return t.table[place], place
}

func (t *handles) remove(place uint32) {
	t.table[place] = nil
	t.free = append(t.free, place)
	t.open--
}

// close closes what the handle is of. What the kernel couldn't write is told then
// (close(2)).
func (h *handle) close() error {
	if h.folder != nil {
		return h.folder.Close()
	}
	return closeFile(h.fd)
}

// spare is how many descriptors the server keeps for itself: the standard three,
// a folder that is looked through, a list of accounts, and some room.
const spare = 8

// mostHandles is how many handles the process may have.
func mostHandles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return spare
	}
	return int(max(1, min(limit.Cur, 1<<20)-spare))
}

// file is the handle of a file that a request names.
func (s *Server) file(r *request) (*handle, uint32, error) { return s.handle(r, false) }

// folder is the handle of a folder that a request names.
func (s *Server) folder(r *request) (*handle, uint32, error) { return s.handle(r, true) }

func (s *Server) handle(r *request, folder bool) (*handle, uint32, error) {
	name := r.bytes(maxPacket)
	if r.bad {
		return nil, 0, statusBadMessage
	}
	h, place := s.handles.get(name)
	if h == nil || folder != (h.folder != nil) {
		return nil, 0, statusFailure
	}
	return h, place, nil
}
