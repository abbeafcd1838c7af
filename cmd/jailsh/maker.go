package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// maker makes what is missing, keeps what is there, and says which. After the
// first error it does nothing more.
type maker struct {
	out io.Writer
	err error
}

func (m *maker) say(what, path string) { fmt.Fprintf(m.out, "%-5s %s\n", what, path) }

// folder makes a directory of exactly this mode, whatever the umask is.
func (m *maker) folder(path string, mode os.FileMode) {
	if m.err != nil {
		return
	}
	if m.err = os.MkdirAll(filepath.Dir(path), 0o755); m.err != nil {
		return
	}
	err := os.Mkdir(path, mode)
	if errors.Is(err, fs.ErrExist) {
		m.say("kept", path)
		return
	}
	if m.err = errors.Join(err, os.Chmod(path, mode)); m.err == nil {
		m.say("made", path)
	}
}

// file makes a file of exactly this mode.
func (m *maker) file(path string, content []byte, mode os.FileMode) (made bool) {
	if m.err != nil {
		return false
	}
	err := createFile(path, content, mode)
	if errors.Is(err, fs.ErrExist) {
		m.say("kept", path)
		return false
	}
	if m.err = err; err == nil {
		m.say("made", path)
	}
	return err == nil
}

// createFile puts a complete file at path, or none: it is written beside and
// linked there. The error is fs.ErrExist when anything is there already.
func createFile(path string, content []byte, mode os.FileMode) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// hostKey makes an ed25519 key in OpenSSH's format, and its public half beside.
func (m *maker) hostKey(path string) {
	if m.err != nil {
		return
	}
	if _, err := os.Lstat(path); err == nil {
		m.say("kept", path)
		return
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		m.err = err
		return
	}
	block, err := ssh.MarshalPrivateKey(private, "jailsh")
	if err != nil {
		m.err = err
		return
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		m.err = err
		return
	}
	if m.file(path, pem.EncodeToMemory(block), 0o600) {
		m.file(path+".pub", ssh.MarshalAuthorizedKey(key), 0o644)
		m.say("", ssh.FingerprintSHA256(key))
	}
}
