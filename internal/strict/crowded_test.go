package strict

import (
	"strings"
	"testing"
)

// Each of these took the memory of the machine, or minutes, before the caps.
func TestCrowded(t *testing.T) {
	t.Parallel()
	const mib = MaxFile
	for name, src := range map[string]string{
		"dotted key":          strings.Repeat("a.", mib/2-2) + "a=1",
		"dotted headers":      strings.Repeat("["+strings.Repeat("a.", maxDots)+"a]\n", mib/2600),
		"inline tables":       "a=" + strings.Repeat("{a=", mib/5) + "1" + strings.Repeat("}", mib/5),
		"inline tables, open": "a=" + strings.Repeat("{a=\n", mib/5),
		"lists":               "a=" + strings.Repeat("[", mib/2-2) + strings.Repeat("]", mib/2-2),
		"lists, each deep":    strings.Repeat("a="+strings.Repeat("[", maxOpen)+strings.Repeat("]", maxOpen)+"\n", mib/20480),
	} {
		t.Run(name, func(t *testing.T) {
			if d := Parse("f", []byte(src)); len(d.Problems()) == 0 {
				t.Error("no problem")
			}
		})
	}
	if p := crowded([]byte("a = '" + strings.Repeat(".[", 2000) + "' # " + strings.Repeat("[.", 2000))); p != nil {
		t.Errorf("dots and brackets in quotes and comments: %v", p)
	}
}
