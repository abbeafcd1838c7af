package template

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// List returns the templates that are built, by name. Those that are broken come
// back as the error, beside the good ones. A directory that doesn't exist has none.
func List(dir string) ([]Info, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Info
	var problems []error
	for _, e := range entries {
		if !e.IsDir() || checkName(e.Name()) != nil {
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, e.Name(), buildsName)); err != nil {
			continue
		}
		info, err := current(dir, e.Name())
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, *info)
	}
	return list, errors.Join(problems...)
}
