package pid1

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// sockets are what a session has beside its terminal or its pipes: listeners for
// the client's agent, for its X server, and for those who ask jailsh itself, in the
// cell and the user's alone. They are removed when the program has ended.
type sockets struct {
	folder            string // "" if there is none
	display           string // path of the X socket
	agent, x11, words *os.File
	env               []string
}

// prepareSockets makes what s asks for. A session goes on without what can't be
// made: a /tmp that is full must not keep its user from making room.
func prepareSockets(s *wire.Spawn) (*sockets, error) {
	k := &sockets{}
	if !s.Agent && s.X11 == nil && !s.Words {
		return k, nil
	}
	var err error
	if k.folder, err = os.MkdirTemp("/tmp", "ssh-"); err != nil {
		return k, err
	}
	if s.Agent {
		err = k.makeAgent()
	}
	if err == nil && s.X11 != nil {
		err = k.makeDisplay(s.X11)
	}
	if err == nil && s.Words {
		err = k.makeWords()
	}
	if err != nil {
		closeAll(k.files())
		k.remove()
		return &sockets{}, err
	}
	return k, nil
}

func (k *sockets) makeAgent() error {
	name := filepath.Join(k.folder, "agent")
	var err error
	if k.agent, err = listenUnix(name, false); err != nil {
		return fmt.Errorf("listen at %s: %w", name, err)
	}
	k.env = append(k.env, "SSH_AUTH_SOCK="+name)
	return nil
}

func (k *sockets) makeWords() error {
	name := filepath.Join(k.folder, "jailsh")
	var err error
	if k.words, err = listenUnix(name, false); err != nil {
		return fmt.Errorf("listen at %s: %w", name, err)
	}
	k.env = append(k.env, wire.WordsVariable+"="+name)
	return nil
}

// Displays are numbered from 10, as with sshd(8): those below are for real ones.
const (
	firstDisplay = 10
	maxDisplays  = 200

	displays = "/tmp/.X11-unix" // where every X client looks, X(7)
)

// makeDisplay listens for X clients of the session. The socket is one of the file
// system: a TCP port would, in the host's network, be everybody's.
func (k *sockets) makeDisplay(x *wire.X11) error {
	if err := os.Mkdir(displays, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	for n := firstDisplay; n < firstDisplay+maxDisplays; n++ {
		name := fmt.Sprintf("%s/X%d", displays, n)
		listener, err := listenUnix(name, false)
		if err == unix.EADDRINUSE {
			continue
		}
		if err != nil {
			return fmt.Errorf("listen at %s: %w", name, err)
		}
		k.x11, k.display = listener, name
		authority := filepath.Join(k.folder, "xauthority")
		k.env = append(k.env, fmt.Sprintf("DISPLAY=:%d.%d", n, x.Screen), "XAUTHORITY="+authority)
		return os.WriteFile(authority, cookie(x, fmt.Sprint(n)), 0o600)
	}
	return fmt.Errorf("all of %d displays are taken", maxDisplays)
}

// anyFamily is FamilyWild of <X11/Xauth.h>: the entry is for the display by
// whatever way it is reached.
const anyFamily = 0xffff

// cookie is a file of one entry as Xau(3) reads it: the family of the address, then
// the address, the number of the display, the protocol and the data, each behind
// its length. It is a file of the session's own, so that no other's has to be
// locked and changed, and so that there need be no xauth(1).
func cookie(x *wire.X11, display string) []byte {
	b := binary.BigEndian.AppendUint16(nil, anyFamily)
	for _, field := range []string{"", display, x.Protocol, string(x.Cookie)} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(field)))
		b = append(b, field...)
	}
	return b
}

// files are those that go to the client, in this order.
func (k *sockets) files() (all []*os.File) {
	for _, f := range []*os.File{k.agent, k.x11, k.words} {
		if f != nil {
			all = append(all, f)
		}
	}
	return all
}

// remove takes all that was made away again; what the user has put beside it stays.
func (k *sockets) remove() {
	if k.folder == "" {
		return
	}
	for _, name := range []string{k.display, filepath.Join(k.folder, "agent"), filepath.Join(k.folder, "xauthority"), filepath.Join(k.folder, "jailsh"), k.folder} {
		if name != "" {
			os.Remove(name) // what isn't there needs no removing
		}
	}
}
