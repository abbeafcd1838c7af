package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// row is one line of the table: a figure of jailsh's and of its peer's, and what
// the ratio of the two is to be, or jailsh's figure.
type row struct {
	what       string
	peer       string // whose figure it is compared to, a key of values; "" is openssh, or with a goal nobody
	unit       string
	target     float64 // ratio
	goal       float64 // what the figure itself is to be; then there is no target
	more       bool    // more is better
	percentile float64 // 0 is the median
	values     map[string][]float64
}

// report collects the rows, and what is to be said of them.
type report struct {
	rows  []row
	notes []string
}

// add takes a row, with the values that were measured at each server.
func (r *report) add(w row, values map[string][]float64) {
	w.values = values
	r.rows = append(r.rows, w)
}

// print writes the machine and the table: medians, with the quartiles beside
// where there are enough values.
func (r *report) print(out io.Writer) error {
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nOpenSSH %s, tmux %s, %s, Linux %s, %d cores\n\n", packageVersion("openssh-server"), packageVersion("tmux"), distribution(), bytes.TrimRight(uname.Release[:], "\x00"), runtime.NumCPU())
	const line = "%-46s %-4s %-15s %8s %-15s %8s %-15s %7s %8s  %s\n"
	fmt.Fprintf(out, line, "", "unit", "peer", "its", "(quartiles)", "jailsh", "(quartiles)", "ratio", "target", "")
	for _, w := range r.rows {
		peer, peerSpread := w.cells(w.against())
		own, ownSpread := w.cells("jailsh")
		ratio, reached := w.verdict()
		_, err := fmt.Fprintf(out, line, w.what, w.unit, w.against(), peer, peerSpread, own, ownSpread, ratio, w.wanted(), reached)
		if err != nil {
			return err
		}
	}
	for _, note := range r.notes {
		fmt.Fprintf(out, "\n%s\n", note)
	}
	return nil
}

func (w row) against() string {
	if w.goal > 0 {
		return cmp.Or(w.peer, "-")
	}
	return cmp.Or(w.peer, "openssh")
}

func (w row) wanted() string {
	if w.goal > 0 {
		return number(w.goal) + " " + w.unit
	}
	return times(w.target)
}

// cells returns a server's figure and its spread.
func (w row) cells(server string) (figure, spread string) {
	v := w.values[server]
	if len(v) == 0 {
		return "-", ""
	}
	if len(v) >= 4 && w.percentile == 0 {
		spread = fmt.Sprintf("(%s..%s)", number(percentile(v, 25)), number(percentile(v, 75)))
	}
	return number(w.value(server)), spread
}

func (w row) value(server string) float64 {
	if w.percentile == 0 {
		return percentile(w.values[server], 50)
	}
	return percentile(w.values[server], w.percentile)
}

// verdict returns the ratio, and whether it, or the figure itself, is as good as
// wanted.
func (w row) verdict() (ratio, reached string) {
	ratio = "-"
	if len(w.values["jailsh"]) == 0 {
		return ratio, ""
	}
	figure, wanted := w.value("jailsh"), w.goal
	if len(w.values[w.against()]) > 0 {
		r := figure / w.value(w.against())
		ratio = times(r)
		if w.goal == 0 {
			figure, wanted = r, w.target
		}
	}
	switch {
	case wanted == 0:
		return ratio, "" // one server alone
	case w.more && figure >= wanted, !w.more && figure <= wanted:
		return ratio, "reached"
	}
	return ratio, "missed"
}

func times(ratio float64) string { return number(ratio) + "x" }

// number has three digits that count.
func number(f float64) string {
	digits := 2 - int(math.Floor(math.Log10(math.Max(math.Abs(f), 0.001))))
	return fmt.Sprintf("%.*f", min(max(digits, 0), 3), f)
}

// percentile returns the value below which p percent of values are, between its
// neighbours by proportion.
func percentile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p / 100 * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func distribution() string {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "Linux"
	}
	return firstSubmatch(text, `(?m)^PRETTY_NAME="?([^"\n]*)`)
}
