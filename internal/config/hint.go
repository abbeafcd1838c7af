package config

import (
	"path/filepath"
	"strings"
)

// Hints completes the commands that a message says to run: those of jailsh work on
// the default instance, unless they are told which one. file is the instance's
// jailsh.toml.
func Hints(message, file string) string {
	if !strings.Contains(message, "jailsh ") {
		return message
	}
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	if file == DefaultFile {
		return message
	}
	if strings.Trim(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=") != "" {
		file = "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
	}
	var pairs []string
	for _, verb := range []string{"check", "explain", "record", "run", "template", "user"} {
		pairs = append(pairs, "jailsh "+verb, "jailsh --config "+file+" "+verb)
	}
	return strings.NewReplacer(pairs...).Replace(message)
}
