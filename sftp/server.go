package sftp

import (
	"io"
	"os"

	"github.com/jailsh/jailsh/sftp/options"
)

// Server serves one client.
type Server struct {
	in       packets
	to       io.Writer
	gone     func() bool // the client is; asked where something takes long
	out      replies
	options  options.Options
	allowed  map[string]bool
	handles  handles
	accounts accounts
	report   *reporter
	home     string
	begun    bool // INIT has come
}

// flushAt is how many bytes of replies may wait while there are requests left to
// answer.
const flushAt = 64 << 10

// New returns a server that reads from and writes to a client, and tells of
// transfers on reports.
func New(from io.Reader, to, reports io.Writer, o options.Options) *Server {
	s := &Server{
		in: packets{from: from}, to: to, gone: func() bool { return false },
		options: o, allowed: map[string]bool{}, handles: handles{most: mostHandles()}, home: os.Getenv("HOME"),
	}
	if o.Log {
		s.report = &reporter{to: reports}
	}
	for _, name := range options.Requests() {
		s.allowed[name] = o.Allows(name)
	}
	return s
}

// Serve answers requests until the client is gone, or says what can't be
// understood. It leaves nothing open. The end of the input is no error.
func (s *Server) Serve() error {
	defer s.close()
	for {
		packet, err := s.in.next()
		if err == nil && packet != nil {
			err = s.answer(packet)
		}
		if err == nil && (packet == nil || len(s.out.buf) >= flushAt) {
			err = s.flush()
		}
		if err == nil && packet == nil {
			err = s.in.fill()
		}
		if err == io.EOF { //nolint:errorlint // a pipe's own, never wrapped
			return nil
		}
		if err != nil {
			_ = s.flush() // answers to what came before
			return err
		}
	}
}

func (s *Server) flush() error {
	if len(s.out.buf) == 0 {
		return nil
	}
	_, err := s.to.Write(s.out.buf)
	s.out.buf = s.out.buf[:0]
	return err
}

// answer carries out one request. An error ends the connection: a client that
// doesn't begin with INIT, or a packet without an id to answer to, is none that
// could be talked to.
func (s *Server) answer(packet []byte) error {
	r, ok := parse(packet)
	if !ok || s.begun == (r.kind == typeInit) {
		return statusBadMessage
	}
	if r.kind == typeInit {
		s.begun = true
		s.hello()
		return nil
	}
	v := verbs[r.kind]
	if r.kind == typeExtended {
		v = extended[string(r.bytes(maxPacket))]
	}
	mark := len(s.out.buf)
	err := s.try(v, &r)
	if r.bad {
		err = statusBadMessage
	}
	if err != nil {
		s.out.buf = s.out.buf[:mark]
		s.out.status(r.id, err)
	}
	return nil
}

// errDone is what a verb returns that has been carried out, where the protocol
// answers with no more than that.
const errDone = statusOK

// try carries out a request that is known and allowed.
func (s *Server) try(v verb, r *request) error {
	switch {
	case v.do == nil:
		return statusUnsupported
	case !s.allowed[v.name], s.options.ReadOnly && v.changes:
		return statusDenied
	}
	return v.do(s, r)
}

// hello answers INIT.
func (s *Server) hello() {
	s.out.begin(typeVersion, version)
	for _, e := range extensions {
		s.out.str(e.name)
		s.out.str(e.version)
	}
	s.out.end()
}

// close closes what the client has left open.
func (s *Server) close() {
	for _, h := range s.handles.table {
		if h != nil {
			_ = h.close() // nobody is left to be told
			s.report.transfer(h, true)
		}
	}
	s.handles = handles{}
}

// verb is one kind of request.
type verb struct {
	name    string // as sftp-server(8) calls it
	do      func(*Server, *request) error
	changes bool // something, and so isn't for who may only read
}

// verbs are the requests by the type of their packet. OPEN is for readers too: it
// looks at what it is for.
var verbs = [256]verb{
	typeOpen:     {"open", (*Server).open, false},
	typeClose:    {"close", (*Server).closeHandle, false},
	typeRead:     {"read", (*Server).read, false},
	typeWrite:    {"write", (*Server).write, true},
	typeLstat:    {"lstat", (*Server).lstat, false},
	typeFstat:    {"fstat", (*Server).fstat, false},
	typeSetstat:  {"setstat", (*Server).setstat, true},
	typeFsetstat: {"fsetstat", (*Server).fsetstat, true},
	typeOpendir:  {"opendir", (*Server).opendir, false},
	typeReaddir:  {"readdir", (*Server).readdir, false},
	typeRemove:   {"remove", (*Server).remove, true},
	typeMkdir:    {"mkdir", (*Server).mkdir, true},
	typeRmdir:    {"rmdir", (*Server).rmdir, true},
	typeRealpath: {"realpath", (*Server).realpath, false},
	typeStat:     {"stat", (*Server).stat, false},
	typeRename:   {"rename", (*Server).rename, true},
	typeReadlink: {"readlink", (*Server).readlink, false},
	typeSymlink:  {"symlink", (*Server).symlink, true},
}

// extended are those of type EXTENDED, by the names that VERSION announces.
var extended = map[string]verb{
	"posix-rename@openssh.com":       {"posix-rename", (*Server).posixRename, true},
	"statvfs@openssh.com":            {"statvfs", (*Server).statvfs, false},
	"fstatvfs@openssh.com":           {"fstatvfs", (*Server).fstatvfs, false},
	"hardlink@openssh.com":           {"hardlink", (*Server).hardlink, true},
	"fsync@openssh.com":              {"fsync", (*Server).fsync, true},
	"lsetstat@openssh.com":           {"lsetstat", (*Server).lsetstat, true},
	"limits@openssh.com":             {"limits", (*Server).limits, false},
	"expand-path@openssh.com":        {"expand-path", (*Server).expandPath, false},
	"copy-data":                      {"copy-data", (*Server).copyData, true},
	"home-directory":                 {"home-directory", (*Server).homeDirectory, false},
	"users-groups-by-id@openssh.com": {"users-groups-by-id", (*Server).usersGroupsByID, false},
}
