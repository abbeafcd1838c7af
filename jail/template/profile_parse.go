package template

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
)

// Caps on what a profile may say. The largest of etc/profiles is far below each.
const (
	maxList    = 4096     // elements of one list, keys of one table
	maxCommand = 255      // bytes of a command, NAME_MAX
	maxPath    = 4096     // bytes of a path, PATH_MAX
	maxContent = 64 << 10 // bytes of a written file
	maxSummary = 200      // bytes
)

// parseProfile decodes a profile strictly. Its error is all that is wrong with
// it, each with its line.
func parseProfile(name, file string, src []byte) (*profile, error) {
	d := strict.Parse(file, src)
	p := &profile{name: name}
	var choices *strict.Value
	d.Root.Fields([]strict.Field{
		{Name: "summary", Read: func(v *strict.Value) { p.summary, _ = v.Text(maxSummary) }},
		{Name: "include", Read: func(v *strict.Value) { p.include = texts(v, maxName, checkProfileName) }},
		{Name: "any", Read: func(v *strict.Value) { choices = v }},
		{Name: "package", Read: func(v *strict.Value) { p.packages = parsePackages(v) }},
		{Name: "file", Read: func(v *strict.Value) { p.files = parseFiles(v) }},
	})
	if choices != nil { // after the packages that they name
		p.choices = parseChoices(choices, p.packages)
	}
	return p, d.Problems().Err()
}

// texts reads a list of strings, each of at most size bytes. check says what is
// wrong with one and what to do about it, or nothing.
func texts(v *strict.Value, size int, check func(string) (what, fix string)) []string {
	elements, _ := v.List(maxList)
	var list []string
	for _, e := range elements {
		s, ok := e.Text(size)
		if !ok {
			continue
		}
		if what, fix := check(s); what != "" {
			e.Bad(what, fix)
			continue
		}
		list = append(list, s)
	}
	return list
}

func checkProfileName(s string) (what, fix string) {
	if !isName(s) {
		return fmt.Sprintf("%q is not a profile's name", s), "name a file of this folder without its .toml"
	}
	return "", ""
}

func checkCommand(s string) (what, fix string) {
	if s == "" || strings.Contains(s, "/") {
		return fmt.Sprintf("%q is not a command", s), "write its name alone, or use paths"
	}
	return "", ""
}

func checkPath(s string) (what, fix string) {
	switch {
	case !path.IsAbs(s) || path.Clean(s) != s || s == "/":
		return fmt.Sprintf("%q is not an absolute path", s), "write it from / on, without //, . or .."
	case inJail(s):
		return fmt.Sprintf("%q is in a part of the jail that doesn't come from a template", s), "leave it out"
	}
	return "", ""
}

func checkPackage(s string) (what, fix string) {
	if _, err := path.Match(s, ""); err != nil || s == "" || strings.Trim(s, "*?") == "" || strings.ContainsAny(s, "/:") {
		return fmt.Sprintf("%q is not the name of packages", s), "write it as dpkg lists it, without the machine; * and ? and [...] match as in a shell"
	}
	return "", ""
}

func checkGlob(s string) (what, fix string) {
	if _, err := path.Match(s, ""); err != nil {
		return fmt.Sprintf("%q is not a pattern", s), "close each [ with a ]"
	}
	return checkPath(s)
}

func parsePackages(v *strict.Value) []*packageList {
	keys, _ := v.Keys(maxList)
	var list []*packageList
	for _, k := range keys {
		l := &packageList{name: k.Name()}
		into := func(list *[]string, size int, check func(string) (string, string)) func(*strict.Value) {
			return func(v *strict.Value) { *list = texts(v, size, check) }
		}
		k.Fields([]strict.Field{
			{Name: "contents", Read: into(&l.contents, maxCommand, checkPackage)},
			{Name: "commands", Read: into(&l.commands, maxCommand, checkCommand)},
			{Name: "optional_commands", Read: into(&l.optionalCommands, maxCommand, checkCommand)},
			{Name: "paths", Read: into(&l.paths, maxPath, checkPath)},
			{Name: "optional_paths", Read: into(&l.optionalPaths, maxPath, checkPath)},
			{Name: "globs", Read: into(&l.globs, maxPath, checkGlob)},
			{Name: "without", Read: into(&l.without, maxPath, checkGlob)},
			{Name: "optional", Read: func(v *strict.Value) { l.optional, _ = v.Bool() }},
		})
		list = append(list, l)
	}
	return list
}

// parseChoices marks the packages that are named as chosen.
func parseChoices(v *strict.Value, packages []*packageList) []choice {
	byName := map[string]*packageList{}
	for _, l := range packages {
		byName[l.name] = l
	}
	keys, _ := v.Keys(maxList)
	var list []choice
	for _, k := range keys {
		c := choice{what: k.Name()}
		for _, name := range texts(k, maxCommand, func(name string) (what, fix string) {
			if byName[name] == nil {
				return fmt.Sprintf("%q is not a package of this profile", name), fmt.Sprintf("add [package.%s]", name)
			}
			return "", ""
		}) {
			byName[name].chosen = true
			c.of = append(c.of, byName[name])
		}
		if elements, ok := k.List(maxList); ok && len(elements) == 0 {
			k.Bad("names no package", "name at least one")
		}
		list = append(list, c)
	}
	return list
}

func parseFiles(v *strict.Value) []madeFile {
	keys, _ := v.Keys(maxList)
	var list []madeFile
	for _, k := range keys {
		f := madeFile{path: k.Name(), mode: 0o644}
		if what, fix := checkPath(f.path); what != "" {
			k.Bad(what, fix)
		}
		if k.Child("content") == nil {
			k.Missing("content", `write it, "" for an empty file`)
		}
		k.Fields([]strict.Field{
			{Name: "content", Read: func(v *strict.Value) { f.content, _ = v.Text(maxContent) }},
			{Name: "mode", Read: func(v *strict.Value) {
				mode, ok := v.Int(0, 0o7777)
				if ok && mode&^allowed != 0 {
					v.Bad(fmt.Sprintf("0o%03o is more than a file of a template may have", mode), "use at most 0o755")
				}
				f.mode = fs.FileMode(mode)
			}},
		})
		list = append(list, f)
	}
	return list
}
