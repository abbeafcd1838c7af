package cgroup

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// put writes a value into a file of a cgroup. It makes none: a file that isn't
// there is a feature that isn't there.
func put(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("cgroups: %w", err)
	}
	_, err = f.WriteString(value)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("cgroups: %w (%s)", err, value)
	}
	return nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// lines reads a small file; one that can't be read has none.
func lines(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// counter reads a number of a file whose lines have a key and a number each; 0 if
// it isn't there.
func counter(file, key string) uint64 {
	for _, line := range lines(file) {
		if value, ok := strings.CutPrefix(line, key+" "); ok {
			n, _ := strconv.ParseUint(value, 10, 64)
			return n
		}
	}
	return 0
}
