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
)

// manifestLine is what a manifest says of one entry.
type manifestLine struct {
	path   string
	mode   fs.FileMode
	target string
	size   int64
	sum    string // SHA-256 of a file, in hex
	stamp  stamp  // of the host's file that it is a copy of; "" if it was written
}

// A manifest is a header, an empty line, and a line for each entry of the root,
// sorted by path. A file that was written and not copied has - for its stamp.
//
//	file 0755 1265648 SHA-256 STAMP "/usr/bin/bash"
//	dir 0755 "/usr/bin"
//	link "usr/bin" "/bin"
const (
	manifestName  = "MANIFEST"
	manifestMagic = "jailsh template 2"
	maxHeader     = 64 << 10  // bytes
	maxManifest   = 256 << 20 // bytes: maxEntries of the longest paths that occur
	notCopied     = "-"
)

func encodeManifest(i *Info, lines []manifestLine) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nbuilt %s\nkind %s\nprofiles %s\nfiles %d\nbytes %d\n", manifestMagic,
		i.Built.Format(time.RFC3339), i.Kind, strings.Join(i.Profiles, " "), i.Files, i.Bytes)
	if i.Source != "" {
		fmt.Fprintf(&b, "source %q\n", i.Source)
	}
	if len(i.Bound) > 0 {
		fmt.Fprintf(&b, "bound %s\n", strings.Join(i.Bound, " "))
	}
	b.WriteByte('\n')
	for _, l := range lines {
		switch {
		case l.mode.IsDir():
			fmt.Fprintf(&b, "dir %04o %q\n", l.mode.Perm(), l.path)
		case l.mode.IsRegular():
			from := l.stamp
			if from == "" {
				from = notCopied
			}
			fmt.Fprintf(&b, "file %04o %d %s %s %q\n", l.mode.Perm(), l.size, l.sum, from, l.path)
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
	if err := i.parse(bufio.NewScanner(io.LimitReader(f, maxHeader))); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if i.Kind == Dir {
		i.Root = i.Source
	}
	return i, nil
}

// readManifest reads the lines of a build's manifest.
func readManifest(build string) ([]manifestLine, error) {
	f, err := os.Open(filepath.Join(build, manifestName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxManifest))
	if err := new(Info).parse(lines); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	var list []manifestLine
	for lines.Scan() {
		l, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", f.Name(), len(list)+1, err)
		}
		list = append(list, l)
	}
	return list, lines.Err()
}

// parse reads the header, up to the empty line.
func (i *Info) parse(lines *bufio.Scanner) error {
	if !lines.Scan() || lines.Text() != manifestMagic {
		return errors.New("not a template's manifest of this version")
	}
	for lines.Scan() && lines.Text() != "" {
		key, value, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch key {
		case "built":
			i.Built, err = time.Parse(time.RFC3339, value)
		case "kind":
			i.Kind = Kind(value)
		case "profiles":
			i.Profiles = strings.Fields(value)
		case "files":
			i.Files, err = strconv.Atoi(value)
		case "bytes":
			i.Bytes, err = strconv.ParseInt(value, 10, 64)
		case "source":
			i.Source, err = strconv.Unquote(value)
		case "bound":
			i.Bound = strings.Fields(value)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	known := i.Kind == Copy || i.Kind == Host || i.Kind == Dir && filepath.IsAbs(i.Source)
	if i.Built.IsZero() || !known {
		return errors.New("its header is not complete")
	}
	return nil
}

// parseLine reads one entry.
func parseLine(text string) (l manifestLine, err error) {
	kind, rest, _ := strings.Cut(text, " ")
	var perm, size string
	switch kind {
	case "dir":
		perm, rest, _ = strings.Cut(rest, " ")
		l.mode = fs.ModeDir
	case "file":
		var from string
		perm, rest, _ = strings.Cut(rest, " ")
		size, rest, _ = strings.Cut(rest, " ")
		l.sum, rest, _ = strings.Cut(rest, " ")
		from, rest, _ = strings.Cut(rest, " ")
		if from != notCopied {
			l.stamp = stamp(from)
		}
		l.size, err = strconv.ParseInt(size, 10, 64)
	case "link":
		var quoted string
		if quoted, err = strconv.QuotedPrefix(rest); err != nil {
			return l, err
		}
		l.target, err = strconv.Unquote(quoted)
		l.mode, perm, rest = fs.ModeSymlink, "0777", strings.TrimPrefix(rest[len(quoted):], " ")
	default:
		err = fmt.Errorf("%q is no kind of entry", kind)
	}
	if err != nil {
		return l, err
	}
	mode, err := strconv.ParseUint(perm, 8, 9)
	if err != nil {
		return l, err
	}
	l.mode |= fs.FileMode(mode)
	l.path, err = strconv.Unquote(rest)
	return l, err
}
