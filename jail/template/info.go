package template

import (
	"path"
	"time"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// Kind is how a template comes to its root.
type Kind string

// The kinds.
const (
	Copy Kind = "copy" // commands and files copied from the host, by profiles
	Host Kind = "host" // the host's own programs, beside an /etc of the template's
	Dir  Kind = "dir"  // a folder with a root file system, as it lies there
)

// Info describes one build of a template.
type Info struct {
	Name     string
	ID       string    // of the build: when it was made, and a random part
	Built    time.Time // UTC
	Kind     Kind
	Profiles []string // of kind Copy
	Source   string   // of kind Dir: the folder
	Bound    []string // of kind Host: the host's folders that it is made of, "/usr"
	Files    int      // regular files that the build has of its own
	Bytes    int64    // of all these files together
	Build    string   // absolute path of the build's folder, without links in it
	Root     string   // the same of the root; of kind Dir, it is Source
}

// Tree is the root as a jail sees it.
func (i *Info) Tree() rootfs.Tree {
	switch i.Kind {
	case Host:
		t := rootfs.Tree{Dir: i.Root, Bound: map[string]string{}}
		for _, name := range i.Bound {
			t.Bound[path.Base(name)] = name
		}
		return t
	case Dir:
		return rootfs.Tree{Dir: i.Root, Without: leftOut(i.Root)}
	default:
		return rootfs.Dir(i.Root)
	}
}
