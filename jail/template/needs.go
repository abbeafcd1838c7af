package template

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxScriptLine is how much of a script's first line the kernel reads (BINPRM_BUF_SIZE).
const maxScriptLine = 256

// needs returns what the file at p has to find to run: an ELF file its
// interpreter and libraries, a script its interpreter. Other files need nothing.
func (l *linker) needs(f io.ReaderAt, p string, mode fs.FileMode) (paths, missing []string, err error) {
	head := make([]byte, maxScriptLine)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if bytes.HasPrefix(head[:n], []byte("#!")) {
		return scriptNeeds(p, mode, head[:n]), nil, nil
	}
	o, err := readObject(f)
	if errors.Is(err, errNotELF) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	paths, missing = l.closure(p, o)
	return paths, missing, nil
}

// scriptNeeds returns the interpreter of a script among the commands. Scripts
// elsewhere are data of a package, often for interpreters that nobody asked for.
func scriptNeeds(p string, mode fs.FileMode, head []byte) []string {
	dir := path.Base(path.Dir(p))
	if mode&0o111 == 0 || dir != "bin" && dir != "sbin" {
		return nil
	}
	line, _, _ := bytes.Cut(head[2:], []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return nil
	}
	return words[:1]
}
