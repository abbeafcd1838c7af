package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// Authority is one of trusted_ca: a public key, or a file of them.
type Authority struct {
	Key  string // the line of a .pub file, or "" for a file
	File string // absolute
	Line int    // of jailsh.toml
	Name string // trusted_ca[0]
}

// maxAuthorities is how many trusted_ca may name.
const maxAuthorities = 64

// maxKey is the length of a public key in jailsh.toml, in bytes: as long as sshd
// reads a line.
const maxKey = 16 << 10

// authorities reads a list of public keys and of files of them. A file's name
// has no blank in it, and a key has.
func authorities(v *strict.Value, dir string, to *[]Authority) {
	list, ok := v.List(maxAuthorities)
	if !ok {
		return
	}
	*to = nil
	for _, e := range list {
		s, ok := e.Text(maxKey)
		if !ok {
			continue
		}
		a := Authority{Line: e.Line(), Name: e.Path()}
		if strings.Contains(strings.TrimSpace(s), " ") {
			a.Key = s
		} else {
			path(dir, &a.File)(e)
		}
		*to = append(*to, a)
	}
}

// algorithms reads a list of at least one name.
func algorithms(v *strict.Value, to *[]string) {
	known := credential.Algorithms()
	list, ok := v.List(len(known))
	if !ok {
		return
	}
	if len(list) == 0 {
		v.Bad("is empty: nobody could log in", "list at least one, or remove the key")
		return
	}
	*to = nil
	for _, e := range list {
		s, ok := e.Text(wire.MaxName)
		if !ok {
			continue
		}
		if !slices.Contains(known, s) {
			fix := "choose from " + strings.Join(known, ", ")
			if near := strict.Nearest(s, known); near != "" {
				fix = fmt.Sprintf("did you mean %q?", near)
			}
			e.Bad(fmt.Sprintf("%q is no algorithm that is served", s), fix)
			continue
		}
		if slices.Contains(*to, s) {
			e.Bad(fmt.Sprintf("%q is there already", s), "remove one of them")
			continue
		}
		*to = append(*to, s)
	}
}

// certificates reads a list of paths, none of them twice.
func certificates(v *strict.Value, dir string, to *[]string) {
	if list, ok := v.List(wire.MaxFiles); ok && len(list) == 0 {
		*to = nil
		return
	}
	paths(v, dir, to)
}

// WatchedFiles are those whose content matters beside jailsh.toml and users.toml:
// a change of one is a change of the configuration.
func (c *Config) WatchedFiles() []string {
	var files []string
	for _, a := range c.TrustedCA {
		if a.File != "" {
			files = append(files, filepath.Clean(a.File))
		}
	}
	if c.RevokedKeys != "" {
		files = append(files, c.RevokedKeys)
	}
	return append(files, c.HostCertificates...)
}
