// Package mountinfo reads mount tables, /proc/pid/mountinfo
// (proc_pid_mountinfo(5)). They are the kernel's own words; what users have in
// them, the names of mount points, is escaped by it.
package mountinfo

import (
	"fmt"
	"slices"
	"strings"
)

// Mount is a line of the table:
//
//	36 35 0:30 /root /mount/point rw,noatime master:1 - cgroup2 source rw,option
//
// with any number of optional fields, here master:1, before the hyphen. The source
// is whatever the mounter said it was, perhaps nothing, and isn't kept.
type Mount struct {
	ID      string
	Root    string   // what of the file system is mounted
	Target  string   // where
	Options []string // the mount's own
	Tags    []string // the optional fields: how it takes part in others' changes
	Type    string   // of the file system
	Super   []string // the file system's options, which are the same at each mount of it
}

// Parse reads a table. A line that isn't as above is an error.
func Parse(table string) ([]Mount, error) {
	var all []Mount
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		dash := slices.Index(f, "-")
		if dash < 6 || len(f) < dash+3 {
			return nil, fmt.Errorf("mountinfo has the line %q", line)
		}
		all = append(all, Mount{
			ID: f[0], Root: unescape(f[3]), Target: unescape(f[4]), Options: strings.Split(f[5], ","), Tags: f[6:dash],
			Type: f[dash+1], Super: strings.Split(f[len(f)-1], ","),
		})
	}
	return all, nil
}

// Has tells whether the mount itself has an option.
func (m Mount) Has(option string) bool { return slices.Contains(m.Options, option) }

// unescape puts back what the kernel writes in octal in a path.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s // most have none, and to make a Replacer takes longer than the rest
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
