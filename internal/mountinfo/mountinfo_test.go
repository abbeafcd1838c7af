package mountinfo

import (
	"os"
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse("94 67 0:42 / / ro,nosuid - tmpfs none rw,size=1024k\n" +
		`36 35 0:30 /a\040b /x\134y\011\012z rw shared:1 master:2 - cgroup2 some\040source rw` + "\n" +
		"37 35 0:31 / /run rw - tmpfs  ro\n")
	want := []Mount{
		{ID: "94", Root: "/", Target: "/", Options: []string{"ro", "nosuid"}, Tags: []string{}, Type: "tmpfs", Super: []string{"rw", "size=1024k"}},
		{ID: "36", Root: "/a b", Target: "/x\\y\t\nz", Options: []string{"rw"}, Tags: []string{"shared:1", "master:2"}, Type: "cgroup2", Super: []string{"rw"}},
		{ID: "37", Root: "/", Target: "/run", Options: []string{"rw"}, Tags: []string{}, Type: "tmpfs", Super: []string{"ro"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %+v, %v", got, err)
	}
	if !got[0].Has("nosuid") || got[0].Has("rw") {
		t.Errorf("options of the mount: %v", got[0].Options)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"\n",
		"94 67\n",
		"94 67 0:42 / / ro\n",
		"94 67 0:42 / - tmpfs none rw\n",
		"94 67 0:42 / / ro - tmpfs\n",
	} {
		if got, err := Parse(line); err == nil {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func TestParseOwn(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := Parse(string(table)); err != nil || len(all) == 0 {
		t.Errorf("Parse = %+v, %v", all, err)
	}
}
