package template

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// Collect removes the builds of a template that nobody needs any more. jailshd
// calls it when a cell has let go of the build that it ran on; as long as that is
// the current one, there is nothing to do.
func Collect(build string) error {
	top := filepath.Dir(filepath.Dir(build))
	now := currentID(top)
	if now == "" || now == filepath.Base(build) {
		return nil
	}
	s, err := openStore(filepath.Dir(top), filepath.Base(top))
	if errors.Is(err, errBusy) {
		return nil // that build will do it
	}
	if err != nil {
		return err
	}
	defer s.close()
	now = currentID(top) // a build may have ended since
	before, err := buildBefore(s.builds(), now)
	if err != nil {
		return err
	}
	return s.collect(now, before)
}

// buildBefore is the newest build that is older than id, or "".
func buildBefore(builds, id string) (string, error) {
	entries, err := os.ReadDir(builds) // sorted, and so by time
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(entries) {
		if isID(e.Name()) && e.Name() < id {
			return e.Name(), nil
		}
	}
	return "", nil
}
