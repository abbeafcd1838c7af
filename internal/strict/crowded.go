package strict

import (
	"bytes"
	"fmt"
)

// The TOML library's time and memory grow with the square of the parts of a
// dotted key, and of the depth of inline tables: a file of 1 MiB could take all
// of a machine's memory. Nobody writes as much as this.
const (
	maxDots = 128  // in one line
	maxOpen = 1024 // brackets and braces that are open at once
)

// crowded returns the problem of a text that has more than that outside quotes
// and comments, or nil. A string of several lines counts as if it had no quotes.
func crowded(src []byte) *Problem {
	n, open, most := 0, 0, 0
	for line := range bytes.Lines(src) {
		n++
		dots, quote := 0, byte(0)
		for _, c := range line {
			switch {
			case c == quote:
				quote = 0
			case quote != 0:
			case c == '"' || c == '\'':
				quote = c
			case c == '.':
				dots++
			case c == '[' || c == '{':
				open++
				most = max(most, open)
			case c == ']' || c == '}':
				open = max(0, open-1)
			}
			if c == '#' && quote == 0 {
				break
			}
		}
		switch {
		case dots > maxDots:
			return &Problem{Line: n, What: fmt.Sprintf("has more than %d dots outside quotes", maxDots), Fix: "shorten it"}
		case most > maxOpen:
			return &Problem{Line: n, What: fmt.Sprintf("has more than %d open brackets", maxOpen), Fix: "close them"}
		}
	}
	return nil
}
