// Command testlog reads what `go test -json` writes, and prints what somebody who
// waits for it wants to know: a line for each package, and all that a failed or
// skipped test said. It ends with 1 if a test failed, was skipped, or never
// ended, or if there was none: what is not tested here is tested nowhere.
//
// scripts/test.sh puts it behind go test.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	good, err := summarize(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
	}
	if err != nil || !good {
		os.Exit(1)
	}
}

// event is one line of go test -json (go doc test2json); or, before a package is
// built, what the compiler says of it.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// counts says how tests ended.
type counts struct{ passed, failed, skipped int }

// summarize copies what matters, and tells whether all is well.
func summarize(in io.Reader, out io.Writer) (bool, error) {
	said := map[[2]string][]string{} // output of what has not ended, by package and test
	var n counts
	broken := 0 // packages that failed
	w := bufio.NewWriter(out)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(w, "%s", line) // go test's own words
			continue
		}
		key := [2]string{e.Package + e.ImportPath, e.Test}
		switch e.Action {
		case "output", "build-output":
			said[key] = append(said[key], e.Output)
			continue
		case "pass", "fail", "skip", "build-fail":
		default:
			continue
		}
		if e.Test != "" {
			n.count(e.Action)
		} else if e.Action != "pass" && e.Action != "skip" { // a package without tests is skipped
			broken++
		}
		fmt.Fprint(w, worthReading(e, said[key]))
		delete(said, key)
		if e.Test == "" {
			if err := w.Flush(); err != nil { // now, since somebody waits
				return false, err
			}
		}
	}
	for _, texts := range said { // the tests were still running when go test ended
		for _, text := range texts {
			fmt.Fprint(w, text)
		}
	}
	if n.skipped > 0 {
		fmt.Fprintln(w, "skipped tests count as failures: make them run, or remove them")
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", n.passed, n.failed, n.skipped)
	return n.passed > 0 && n.failed+n.skipped+broken+len(said) == 0, w.Flush()
}

// worthReading is all that a failed or skipped test said, but not which tests ran
// beside it; and of a package that is well the line that says so.
func worthReading(e event, texts []string) string {
	if e.Test == "" && e.Action != "fail" && e.Action != "build-fail" {
		return strings.Join(texts[max(0, len(texts)-1):], "")
	}
	if e.Action == "pass" {
		return ""
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return strings.HasPrefix(text, "=== ") })
	return strings.Join(texts, "")
}

func (n *counts) count(action string) {
	switch action {
	case "pass":
		n.passed++
	case "fail":
		n.failed++
	case "skip":
		n.skipped++
	}
}
