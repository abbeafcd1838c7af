package template

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// Info describes one built template.
type Info struct {
	Name     string
	ID       string    // of the build: when it was made, and a random part
	Built    time.Time // UTC
	Profiles []string
	Files    int    // regular files
	Bytes    int64  // of all files together
	Build    string // absolute path of the build's folder, without links in it
	Root     string // the same of the root
}

// Tree is the root as a jail sees it.
func (i *Info) Tree() rootfs.Tree {
	return rootfs.Dir(i.Root)
}

// manifestLine is what a manifest says of one entry.
type manifestLine struct {
	path   string
	mode   fs.FileMode
	target string
	size   int64
	sum    string // SHA-256 of a file, in hex
}

// A manifest is a header, an empty line, and a line for each entry, sorted by path:
//
//	file 0755 1265648 SHA-256 "/usr/bin/bash"
//	dir 0755 "/usr/bin"
//	link "usr/bin" "/bin"
const (
	manifestName  = "MANIFEST"
	manifestMagic = "jailsh template 1"
	maxHeader     = 64 << 10 // bytes
)

func encodeManifest(i *Info, lines []manifestLine) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nbuilt %s\nprofiles %s\nfiles %d\nbytes %d\n\n", manifestMagic,
		i.Built.Format(time.RFC3339), strings.Join(i.Profiles, " "), i.Files, i.Bytes)
	for _, l := range lines {
		switch {
		case l.mode.IsDir():
			fmt.Fprintf(&b, "dir %04o %q\n", l.mode.Perm(), l.path)
		case l.mode.IsRegular():
			fmt.Fprintf(&b, "file %04o %d %s %q\n", l.mode.Perm(), l.size, l.sum, l.path)
		default:
			fmt.Fprintf(&b, "link %q %q\n", l.target, l.path)
		}
	}
	return b.Bytes()
}

// readInfo reads the header of a build's manifest.
func readInfo(name, build string) (*Info, error) {
	f, err := os.Open(filepath.Join(build, manifestName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	i := &Info{Name: name, ID: filepath.Base(build), Build: build, Root: filepath.Join(build, "root")}
	if err := i.parse(io.LimitReader(f, maxHeader)); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return i, nil
}

func (i *Info) parse(r io.Reader) error {
	lines := bufio.NewScanner(r)
	if !lines.Scan() || lines.Text() != manifestMagic {
		return errors.New("not a template's manifest of this version")
	}
	for lines.Scan() && lines.Text() != "" {
		key, value, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch key {
		case "built":
			i.Built, err = time.Parse(time.RFC3339, value)
		case "profiles":
			i.Profiles = strings.Fields(value)
		case "files":
			i.Files, err = strconv.Atoi(value)
		case "bytes":
			i.Bytes, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if i.Built.IsZero() {
		return errors.New("its header is not complete")
	}
	return nil
}
