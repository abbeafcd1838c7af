package strict

import (
	"fmt"
	"os"
	"testing"

	"github.com/jailsh/jailsh/internal/strict/fixture"
)

func TestMain(m *testing.M) {
	fixture.Flag()
	os.Exit(m.Run())
}

// Each syntax error is found, and none is made up because of another.
func TestSyntax(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/syntax/*.txt", func(_ *testing.T, input string) string {
		d := Parse("f.toml", []byte(input))
		out := d.Problems().Error() + "\n\nunderstood:\n"
		d.problems = nil
		return out + outline(d.Root, "")
	})
}

// outline writes the tree with the line of each key.
func outline(v *Value, indent string) string {
	out := ""
	for _, k := range v.kids {
		out += indent + k.describe() + outline(k, indent+"  ")
	}
	return out
}

func (v *Value) describe() string {
	what := v.typeName()
	if v.kind == kindScalar && !v.lost {
		what = fmt.Sprintf("%v", v.data)
	}
	if v.lost {
		what = "lost"
	}
	return fmt.Sprintf("%d %s: %s\n", v.line, v.path, what)
}
