package main

import (
	"math"
	"strings"
	"testing"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	values := []float64{4, 1, 3, 2}
	for _, c := range []struct{ p, want float64 }{{0, 1}, {50, 2.5}, {25, 1.75}, {100, 4}} {
		if got := percentile(values, c.p); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("percentile %v = %v, want %v", c.p, got, c.want)
		}
	}
	if values[0] != 4 {
		t.Error("percentile sorted its caller's values")
	}
	if got := percentile(nil, 50); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]string{203.4: "203", 19.04: "19.0", 2.345: "2.35", 0.1044: "0.104", 0.00012: "0.000", 1882.3: "1882"} {
		if got := number(value); got != want {
			t.Errorf("number(%v) = %s, want %s", value, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		row            row
		peer, own      []float64
		ratio, reached string
	}{
		{"less is better", row{target: 0.1}, []float64{200}, []float64{19}, "0.095x", "reached"},
		{"not less enough", row{target: 0.1}, []float64{200}, []float64{21}, "0.105x", "missed"},
		{"more is better", row{target: 5, more: true}, []float64{90}, []float64{460}, "5.11x", "reached"},
		{"not more enough", row{target: 5, more: true}, []float64{90}, []float64{440}, "4.89x", "missed"},
		{"the median, not the mean", row{target: 1}, []float64{1, 1, 100}, []float64{2, 2, 2}, "2.00x", "missed"},
		{"one server alone", row{target: 1}, []float64{1}, nil, "-", ""},
		{"the other alone", row{target: 1}, nil, []float64{1}, "-", ""},
		{"a goal", row{peer: "openssh", goal: 40}, []float64{20}, []float64{40}, "2.00x", "reached"},
		{"more than a goal", row{peer: "openssh", goal: 40}, []float64{410}, []float64{41}, "0.100x", "missed"},
		{"a goal that no peer has", row{goal: 80, more: true}, nil, []float64{79}, "-", "missed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.row.values = map[string][]float64{"openssh": c.peer, "jailsh": c.own}
			ratio, reached := c.row.verdict()
			if ratio != c.ratio || reached != c.reached {
				t.Errorf("verdict = %s %s, want %s %s", ratio, reached, c.ratio, c.reached)
			}
		})
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	r := &report{notes: []string{"a note"}}
	r.add(row{what: "echo, p99", unit: "ms", target: 1, percentile: 99}, map[string][]float64{"openssh": {1, 2, 3, 4, 5}, "jailsh": {2}})
	r.add(row{what: "other", peer: "somebody", target: 1}, map[string][]float64{"openssh": {7}, "somebody": {2}, "jailsh": {3}})
	r.add(row{what: "with a goal", unit: "ms", goal: 40}, map[string][]float64{"jailsh": {7}})
	var out strings.Builder
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"echo, p99", "somebody", " 1.50x", " 4.96 ", " 0.403x", "reached", "40.0 ms", "a note"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
