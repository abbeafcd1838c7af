package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
)

// maxSocket is the longest path of a unix socket, in bytes: sun_path of unix(7)
// with its NUL.
const maxSocket = 107

// folders checks the paths against each other. What the users' names, or the
// templates', become a part of must not hold anything else: a user could be
// called templates.
func (c *Config) folders(doc *strict.Document) {
	named := []struct{ key, path string }{
		{"users", c.Users},
		{"homes", c.Homes},
		{"templates", c.Templates},
		{"totp", c.TOTP},
		{"run_dir", c.RunDir},
		{"logs", c.Logs},
		{"", c.File},
	}
	for _, k := range c.HostKeys {
		named = append(named, struct{ key, path string }{"host_keys", k})
	}
	for _, outer := range named[1:4] {
		for _, inner := range named {
			if inner.key == outer.key || !within(inner.path, outer.path) {
				continue
			}
			what := inner.key
			if what == "" {
				what = filepath.Base(c.File)
			}
			doc.Bad(outer.key, fmt.Sprintf("%q has %s in it, %q", outer.path, what, inner.path), "give it a folder of its own")
			break
		}
	}
	if c.RunDir == c.Logs {
		doc.Bad("logs", fmt.Sprintf("%q is run_dir too", c.Logs), "give it a folder of its own")
	}
	if c.Users == c.File {
		doc.Bad("users", fmt.Sprintf("%q is this file", c.Users), "name another")
	}
	if socket := filepath.Join(c.RunDir, "jailshd.sock"); len(socket) > maxSocket {
		doc.Bad("run_dir", fmt.Sprintf("%q is too long for a socket, which may have %d bytes", socket, maxSocket), "choose a shorter path, like /run/jailsh")
	}
}

// within reports whether the clean path s is dir or inside it.
func within(s, dir string) bool {
	return s == dir || dir == "/" || strings.HasPrefix(s, dir+"/")
}
