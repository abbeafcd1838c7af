package main

import (
	"fmt"
	"os"
	"regexp"
)

// firstSubmatch is what the brackets of pattern match first in text, or "unknown".
func firstSubmatch(text []byte, pattern string) string {
	if m := regexp.MustCompile(pattern).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return "unknown"
}

// replaceInFile replaces the first match of pattern.
func replaceInFile(name, pattern, replacement string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	at := regexp.MustCompile(pattern).FindIndex(text)
	if at == nil {
		return fmt.Errorf("%s: nothing in it looks like %s", name, pattern)
	}
	text = append(text[:at[0]:at[0]], append([]byte(replacement), text[at[1]:]...)...)
	return os.WriteFile(name, text, 0o644)
}
