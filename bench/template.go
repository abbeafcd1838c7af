package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const templateRounds = 5

// takeTemplate compares the build of the template basic, with no earlier build to
// share files with, to jk_init(8) of jailkit, which is asked for the same commands
// and finds their libraries itself.
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

// jailkitSections writes a jk_init.ini(5) with the commands of the template.
func (s *site) jailkitSections() (string, error) {
	entries, err := os.ReadDir(filepath.Join(s.chroot(), "usr/bin"))
	if err != nil {
		return "", err
	}
	var paths bytes.Buffer
	for _, e := range entries {
		path := "/usr/bin/" + e.Name()
		if _, err := os.Stat(path); err == nil {
			if paths.Len() > 0 {
				paths.WriteString(", ")
			}
			paths.WriteString(path)
		}
	}
	name := filepath.Join(s.dir, "jk_init.ini")
	return name, os.WriteFile(name, fmt.Appendf(nil, "[bench]\ncomment = the commands of the template basic\npaths = %s\n", paths.String()), 0o644)
}
