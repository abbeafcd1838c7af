package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const templateRounds = 5

// takeTemplate compares the build of the template basic, with no earlier build to
// share files with, to jk_init(8) of jailkit, which is asked for the same commands
// and folders and finds their libraries itself.
func takeTemplate(ctx context.Context, s *site, _ []starter, r *report) error {
	sections, err := s.jailkitSections()
	if err != nil {
		return err
	}
	alone := filepath.Join(s.dir, "alone") // an instance without other templates
	config := filepath.Join(alone, "jailsh.toml")
	if err := os.Mkdir(alone, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(config, nil, 0o644); err != nil {
		return err
	}
	values := map[string][]float64{}
	for range templateRounds {
		jail := filepath.Join(s.dir, "jailkit")
		if err := os.RemoveAll(jail); err != nil {
			return err
		}
		if err := os.Mkdir(jail, 0o755); err != nil {
			return err
		}
		start := time.Now()
		if err := command(ctx, "jk_init", "-c", sections, "-j", jail, "bench"); err != nil {
			return err
		}
		values["jk_init"] = append(values["jk_init"], milliseconds(time.Since(start)))

		if err := os.RemoveAll(filepath.Join(alone, "templates")); err != nil {
			return err
		}
		start = time.Now()
		if err := command(ctx, filepath.Join(s.programs, "jailsh"), "--config", config, "template", "build", "basic"); err != nil {
			return err
		}
		values["jailsh"] = append(values["jailsh"], milliseconds(time.Since(start)))
	}
	r.add(row{what: "template basic built", peer: "jk_init", unit: "ms", target: 0.2}, values)
	return nil
}

// wholeFolders are taken whole by the profile basic, as jk_init takes a folder.
// What both find by themselves, libraries, isn't asked for; nor is what the profile
// takes a part of.
func wholeFolders() []string {
	return []string{"/etc/vim", "/usr/share/vim", "/usr/share/nano", "/usr/lib/locale/C.utf8"}
}

// jailkitSections writes a jk_init.ini(5) with the commands of the template and its
// folders.
func (s *site) jailkitSections() (string, error) {
	entries, err := os.ReadDir(filepath.Join(s.chroot(), "usr/bin"))
	if err != nil {
		return "", err
	}
	candidates := wholeFolders()
	for _, e := range entries {
		candidates = append(candidates, "/usr/bin/"+e.Name())
	}
	var paths []string
	for _, path := range candidates {
		if _, err := os.Lstat(filepath.Join(s.chroot(), path)); err != nil {
			continue
		}
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	name := filepath.Join(s.dir, "jk_init.ini")
	text := fmt.Sprintf("[bench]\ncomment = the commands of the template basic\npaths = %s\n", strings.Join(paths, ", "))
	return name, os.WriteFile(name, []byte(text), 0o644)
}
