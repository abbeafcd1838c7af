package template

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/BurntSushi/toml"
)

// profile is one file NAME.toml of etc/profiles: what goes into a template.
type profile struct {
	name    string
	Summary string                  `toml:"summary"`
	Include []string                `toml:"include"` // profiles that come first
	Any     map[string][]string     `toml:"any"`     // of these packages the first that the host has
	Package map[string]*packageList `toml:"package"`
	File    map[string]*madeFile    `toml:"file"` // by path: files that aren't copied but written
}

// packageList is what is taken of one Debian package. The package's own database
// isn't asked: its name is for the error when something isn't there.
type packageList struct {
	Commands         []string `toml:"commands"` // looked up in commandDirs
	OptionalCommands []string `toml:"optional_commands"`
	Paths            []string `toml:"paths"` // files, or directories with all in them
	OptionalPaths    []string `toml:"optional_paths"`
	Globs            []string `toml:"globs"`    // at least one of all of them must match
	Optional         bool     `toml:"optional"` // taken if the host has all of it, else left out
}

type madeFile struct {
	Content string `toml:"content"`
	Mode    uint32 `toml:"mode"` // 0: 0644
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
		for _, include := range p.Include {
			visit(include, fmt.Sprintf("profile %s: include: ", name))
		}
		list = append(list, p)
	}
	for _, name := range names {
		visit(name, "")
	}
	return list, errors.Join(problems...)
}

func readProfile(dir fs.FS, name string) (*profile, error) {
	b, err := fs.ReadFile(dir, name+".toml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("profile %s: there is none of that name - use one of: %v", name, profileNames(dir))
	}
	if err != nil {
		return nil, err
	}
	p := &profile{name: name}
	if _, err := toml.Decode(string(b), p); err != nil {
		return nil, fmt.Errorf("profile %s: %w", name, err)
	}
	return p, nil
}

func profileNames(dir fs.FS) []string {
	files, _ := fs.Glob(dir, "*.toml")
	for i, f := range files {
		files[i] = f[:len(f)-len(".toml")]
	}
	return files
}

// packages lists the profile's packages that are wanted in any case, by name.
func (p *profile) packages() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.Package)), func(name string) bool {
		for _, choice := range p.Any {
			if slices.Contains(choice, name) {
				return true
			}
		}
		return false
	})
}
