package options

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestArgsComeBack(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		None(),
		{ReadOnly: true, Start: "/a b/%d", Umask: 0o27, Allow: []string{"open", "read"}, Deny: []string{"copy-data"}, Log: true},
		{Umask: 0},
	} {
		got, err := Parse(o.Args())
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Errorf("%+v became %q became %+v: %v", o, o.Args(), got, err)
		}
	}
	if got, err := Parse([]string{"-u022", "-lVERBOSE", "-Popen,read", "-R"}); err != nil || got.Umask != 0o22 || !got.Log || !got.ReadOnly || len(got.Deny) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsNoOption(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-x": "is no option here", "R": "is no option here", "-": "is no option here", "-e": "is no option here", "-f AUTH": "is no option here",
		"-u": "has no value", "-u 8": "is no umask", "-u 1777": "is no umask", "-u -1": "is no umask", "-p nothing": "is no request",
		"-P open,": "is no request", "-l LOUD": "is no level", "-d /%x": "none of %d, %u and %%", "-d %": "none of %d",
	} {
		if _, err := Parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	o := Options{Start: "%d/%u/100%%/%%d"}
	if got := o.Expand("/home/alice", "alice"); got != "/home/alice/alice/100%/%d" {
		t.Error(got)
	}
}

// A key's forced command narrows what the user has, and never widens it.
func TestWith(t *testing.T) {
	t.Parallel()
	full := Options{ReadOnly: true, Start: "/a", Umask: 0o22, Allow: []string{"open", "read"}, Deny: []string{"stat"}, Log: true}
	for _, c := range []struct{ one, more, want Options }{
		{None(), None(), None()},
		{full, None(), full},
		{None(), full, full},
		{full, Options{Start: "/b", Umask: 0o77, Allow: []string{"read", "write"}, Deny: []string{"lstat"}}, Options{
			ReadOnly: true, Start: "/b", Umask: 0o77, Allow: []string{"read"}, Deny: []string{"stat", "lstat"}, Log: true,
		}},
		{full, Options{Umask: -1, Allow: []string{"write"}}, Options{ReadOnly: true, Start: "/a", Umask: 0o22, Allow: []string{}, Deny: []string{"stat"}, Log: true}},
	} {
		got := c.one.With(c.more)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) || (got.Allow == nil) != (c.want.Allow == nil) {
			t.Errorf("%+v with %+v: %+v", c.one, c.more, got)
		}
		if again, err := Parse(got.Args()); err != nil || again.Allows("open") != got.Allows("open") || again.Allows("read") != got.Allows("read") {
			t.Errorf("%+v: %q: %v", got, got.Args(), err)
		}
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{
		"internal-sftp": true, "internal-sftp -R -u 027": true, "internal-sftp\t-R": true, "internal-sftp ": true,
		"internal-sftpd": false, " internal-sftp": false, "exec internal-sftp": false, "": false, "internal-sftp; ls": false,
	} {
		if _, is, err := Command(command); is != want || err != nil {
			t.Errorf("%q: %t, %v", command, is, err)
		}
	}
	if o, _, err := Command("internal-sftp -R -d /in"); err != nil || !o.ReadOnly || o.Start != "/in" {
		t.Errorf("%+v, %v", o, err)
	}
	for command, want := range map[string]string{"internal-sftp -x": "is no option", "internal-sftp -d '/a b'": "quotes", "internal-sftp ; ls": "is no option"} {
		if _, is, err := Command(command); !is || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %t, %v", command, is, err)
		}
	}
}

func TestAllows(t *testing.T) {
	t.Parallel()
	o := None()
	if !o.Allows("open") {
		t.Error("by itself nothing is refused")
	}
	o.Allow, o.Deny = []string{"open", "read"}, []string{"read"}
	if !o.Allows("open") || o.Allows("read") || o.Allows("stat") {
		t.Error("what is denied counts, then what is allowed")
	}
}
