package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jailsh/jailsh/users"
)

// maxKeyFile is how much of a key file is read, in bytes: as much as users reads
// of an authorized_keys file.
const maxKeyFile = 64 << 10

// readKeys reads the authorized_keys lines of the files, - being standard input.
// A line that a login would refuse is refused here, with its place.
func (a *app) readKeys(files []string) ([]string, error) {
	var keys []string
	for _, file := range files {
		src, name, err := a.readInput(file)
		if err != nil {
			return nil, err
		}
		if strings.Contains(src, "PRIVATE KEY-----") {
			return nil, fmt.Errorf("%s: is a private key, which nobody else should ever see - give the public one, %s.pub", name, strings.TrimSuffix(name, ".pub"))
		}
		before, n := len(keys), 0
		for line := range strings.Lines(src) {
			n++
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			if _, err := users.ParseKey(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
			keys = append(keys, line)
		}
		if len(keys) == before {
			return nil, fmt.Errorf("%s: has no key in it - give an id_*.pub file", name)
		}
	}
	return keys, nil
}

func (a *app) readInput(file string) (text, name string, err error) {
	in, name := a.stdin, "standard input"
	if file != "-" {
		name = file
		if in, err = os.Open(file); err != nil {
			return "", name, err
		}
		defer in.Close()
	}
	b, err := io.ReadAll(io.LimitReader(in, maxKeyFile+1))
	if err != nil {
		return "", name, err
	}
	if len(b) > maxKeyFile {
		return "", name, fmt.Errorf("%s: has more than the %d bytes allowed - give a file of public keys", name, maxKeyFile)
	}
	return string(b), name, nil
}
