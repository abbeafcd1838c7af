package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/users"
)

// maxKeyFile is how much of a key file is read, in bytes: as much as users reads
// of an authorized_keys file.
const maxKeyFile = 64 << 10

// readUserKeys reads the lines of keys for a user, as readLines does. A line that
// a login would refuse is refused here, and so is one that lets in whomever its
// key certifies: nobody should add that by accident, with a file that she was
// given.
func (a *app) readUserKeys(files []string) ([]string, error) {
	return a.readLines(files, func(line string) error {
		k, err := users.ParseKey(line)
		if err == nil && k.Options.Authority {
			return errors.New("is a cert-authority line: it lets in everybody whom that key certifies - write it into users.toml yourself, or name the authority in trusted_ca of jailsh.toml")
		}
		return err
	})
}

// readLines reads the lines of keys in the files, - being standard input, and says
// where the first is that check doesn't like.
func (a *app) readLines(files []string, check func(string) error) ([]string, error) {
	var keys []string
	for _, file := range files {
		src, name, err := a.readInput(file)
		if err != nil {
			return nil, err
		}
		if strings.Contains(src, "PRIVATE KEY-----") {
			return nil, fmt.Errorf("%s: is a private key, which nobody else should ever see - give the public one, %s.pub", name, strings.TrimSuffix(name, ".pub"))
		}
		before := len(keys)
		for n, line := range credential.Lines([]byte(src)) {
			if err := check(line); err != nil {
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
