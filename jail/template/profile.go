package template

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/jailsh/jailsh/internal/strict"
)

// profile is one file NAME.toml of etc/profiles: what goes into a template. The
// lists are in file order.
type profile struct {
	name     string
	summary  string
	include  []string // profiles that come first
	choices  []choice
	packages []*packageList
	files    []madeFile
}

// choice is a need that several packages can meet: the first that the host has.
type choice struct {
	what string
	of   []*packageList
}

// packageList is what is taken of one Debian package. Only contents asks the
// database of packages; else the name is for the error when something isn't there.
type packageList struct {
	name             string
	contents         []string // names or patterns of packages, of each of which all is taken
	commands         []string // looked up in commandDirs
	optionalCommands []string
	paths            []string // files, or directories with all in them
	optionalPaths    []string
	globs            []string // of all of them together at least one must match
	without          []string // patterns of paths that are left out of directories and packages
	optional         bool     // taken if the host has it, else left out
	chosen           bool     // taken only as the choice of an `any`
}

// madeFile is a file that isn't copied but written.
type madeFile struct {
	path, content string
	mode          fs.FileMode
}

// loadProfiles reads the named profiles and those that they include, each once,
// an included one before the one that includes it.
func loadProfiles(dir fs.FS, names []string) ([]*profile, error) {
	var list []*profile
	var problems []error
	seen := map[string]bool{}
	var visit func(name, from string)
	visit = func(name, from string) {
		if seen[name] {
			return
		}
		seen[name] = true
		p, err := readProfile(dir, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s%w", from, err))
			return
		}
		for _, include := range p.include {
			visit(include, fmt.Sprintf("profile %s: include: ", name))
		}
		list = append(list, p)
	}
	for _, name := range names {
		visit(name, "")
	}
	return list, errors.Join(problems...)
}

// readProfile reads one of dir, or one of the administrator's, by its absolute
// path. Whoever may write to such a file says what is in jails, so it is trusted
// as little as users.toml.
func readProfile(dir fs.FS, name string) (*profile, error) {
	if filepath.IsAbs(name) {
		if strings.ContainsFunc(name, unicode.IsSpace) {
			return nil, fmt.Errorf("profile %q: has white space in its path, which a manifest can't keep - rename it", name)
		}
		src, err := strict.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return parseProfile(name, name, src)
	}
	if !isName(name) {
		return nil, fmt.Errorf("profile %q: not a name - use letters, digits, - and _, at most %d", name, maxName)
	}
	file := name + profileSuffix
	src, err := fs.ReadFile(dir, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("profile %s: there is none of that name - use one of: %s", name, strings.Join(profileNames(dir), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", name, err)
	}
	return parseProfile(name, file, src)
}

const profileSuffix = ".toml"

func profileNames(dir fs.FS) []string {
	files, _ := fs.Glob(dir, "*"+profileSuffix) // the pattern is good, and no other error is possible
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, profileSuffix)
	}
	return files
}
