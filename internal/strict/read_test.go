package strict

import (
	"fmt"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/strict/fixture"
)

// Each way to read a value refuses what isn't one, once, and the others go on.
func TestRead(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/read/*.txt", func(_ *testing.T, input string) string {
		out := ""
		show := func(v *Value, value any, ok bool) {
			if ok {
				out += fmt.Sprintf("%s = %v\n", v.Path(), value)
			}
		}
		d := Parse("f.toml", []byte(input))
		var inner []Field
		fields := []Field{
			{Name: "text", Read: func(v *Value) { s, ok := v.Text(10); show(v, s, ok) }},
			{Name: "int", Read: func(v *Value) { n, ok := v.Int(1, 9); show(v, n, ok) }},
			{Name: "bool", Read: func(v *Value) { b, ok := v.Bool(); show(v, b, ok) }},
			{Name: "duration", Read: func(v *Value) { d, ok := v.Duration(time.Second, time.Hour); show(v, d, ok) }},
			{Name: "time", Read: func(v *Value) { t, ok := v.Time(); show(v, t.Format(time.RFC3339), ok) }},
			{Name: "list", Read: func(v *Value) {
				list, _ := v.List(2)
				for _, e := range list {
					s, ok := e.Text(10)
					show(e, s, ok)
				}
			}},
			{Name: "keys", Read: func(v *Value) {
				keys, _ := v.Keys(2)
				for _, k := range keys {
					s, ok := k.Text(10)
					show(k, s, ok)
				}
			}},
			{Name: "later"},
			{Name: "table", Read: func(v *Value) {
				v.Fields(inner)
				if v.Child("int") == nil {
					v.Missing("int", "add it")
				}
			}},
		}
		inner = fields
		d.Root.Fields(fields)
		return d.Problems().Error() + "\n\n" + out
	})
}

// A date without an offset means the machine's time zone on that day, not with
// the offset of today.
func TestTimeInTheOtherHalfOfTheYear(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	old := time.Local
	time.Local = zone
	defer func() { time.Local = old }()
	for src, want := range map[string]string{
		"2030-01-31":                "2030-01-31T00:00:00+01:00",
		"2030-07-31":                "2030-07-31T00:00:00+02:00",
		"2030-07-31 10:30:00":       "2030-07-31T10:30:00+02:00",
		"2030-07-31T10:30:00Z":      "2030-07-31T10:30:00Z",
		"2030-07-31T10:30:00-05:00": "2030-07-31T10:30:00-05:00",
	} {
		d := Parse("f", []byte("a = "+src+"\n"))
		got, ok := d.Root.Child("a").Time()
		if !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%s: got %s, want %s; %v", src, got.Format(time.RFC3339), want, d.Problems())
		}
	}
}
