package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/creack/pty"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                  "",
		"alice@laptop":      "alice@laptop",
		`a "quoted" \ word`: `a "quoted" \ word`,
		"grüße 日本":          "grüße 日本",
		"\x1b[2Jgone":       `\x1b[2Jgone`,
		"two\nlines\r\t":    `two\nlines\r\t`,
		"\x9b31m\xff":       `\x9b31m\xff`,
		"\u009b31m":         `\u009b31m`,
		"right\u202eleft":   `right\u202eleft`,
		"\uFFFD":            "\uFFFD",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

// The shell itself is asked whether it reads a word back.
func TestQuote(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"/srv/jailsh.toml", "", "a b", "it's", "$HOME", "`id`", "a\nb", `\`, "*", "--x=y", "'", "''"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("quote(%q) = %s, which sh reads as %q (%v)", word, quote(word), out, err)
		}
	}
	if got := quote("/srv/a.toml"); got != "/srv/a.toml" {
		t.Errorf("a plain path is written as %s", got)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	tab := table{header: []string{"NAME", "COMMENT"}}
	tab.add("alice", "\x1b[31mred")
	tab.add("bartholomew", "")
	var b strings.Builder
	if err := tab.print(&b); err != nil {
		t.Fatal(err)
	}
	const want = "NAME         COMMENT\nalice        \\x1b[31mred\nbartholomew  -\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := &bar{w: &b, label: "basic"}
	p.set(0, 0) // nothing is known yet
	p.clear()
	if b.Len() != 0 {
		t.Errorf("drawn before anything is known: %q", b.String())
	}
	const total = 64 << 20
	p.set(0, total)
	p.set(total/2, total)
	p.set(total/2+1, total) // looks the same
	p.set(total, total)
	p.clear()
	want := "\rbasic [..............................]   0% of 64.0 MiB\x1b[K" +
		"\rbasic [###############...............]  50% of 64.0 MiB\x1b[K" +
		"\rbasic [##############################] 100% of 64.0 MiB\x1b[K" +
		"\r\x1b[K"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

// On anything but a terminal there is no bar.
func TestNewBar(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if b := newBar(w, "x"); b != nil {
		t.Error("a bar on a pipe")
	}
	var none *bar
	none.set(1, 2)
	none.clear()
	ours, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer tty.Close()
	if newBar(tty, "x") == nil {
		t.Error("no bar on a terminal")
	}
}
