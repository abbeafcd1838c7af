package options

import (
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
