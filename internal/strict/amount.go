package strict

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Units of sizes, as the kernel and systemd count them: by 1024.
const sizeUnits = "KMGT"

// Is reports whether v is the string word, and says nothing if it isn't.
func (v *Value) Is(word string) bool { return v.data == any(word) }

// Cut returns what v has before suffix, and whether it is a string that ends with
// it. It says nothing if it isn't.
func (v *Value) Cut(suffix string) (string, bool) {
	s, ok := v.data.(string)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, suffix)
}

// Size returns a string like "512M" in bytes, from min to max.
func (v *Value) Size(min, max int64) (int64, bool) {
	s, ok := v.data.(string)
	if !ok {
		v.wrong("a size", `"512M"`)
		return 0, false
	}
	n, ok := parseSize(s)
	if !ok {
		v.Bad(fmt.Sprintf("%q is no size", s), `write a number and a unit (K, M, G, T), like "512M"`)
		return 0, false
	}
	if n < min || n > max {
		v.Bad(fmt.Sprintf("%q is out of range", s), fmt.Sprintf("choose from %q to %q", ShowSize(min), ShowSize(max)))
		return 0, false
	}
	return n, true
}

// parseSize reads digits and at most one unit. What doesn't fit into an int64 is
// no size.
func parseSize(s string) (int64, bool) {
	digits := strings.TrimRight(s, sizeUnits+strings.ToLower(sizeUnits))
	shift := 0
	switch len(s) - len(digits) {
	case 0:
	case 1:
		shift = 10 * (1 + strings.IndexByte(sizeUnits, s[len(s)-1]&^0x20))
	default:
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > math.MaxInt64>>shift {
		return 0, false
	}
	return int64(n << shift), true
}

// ShowSize writes a size as Size reads it, in the largest unit without a rest.
func ShowSize(n int64) string {
	unit := ""
	for _, u := range sizeUnits {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, string(u)
	}
	return strconv.FormatInt(n, 10) + unit
}

// Number returns a number, with a fraction or without, from min to max.
func (v *Value) Number(min, max float64) (float64, bool) {
	var n float64
	switch d := v.data.(type) {
	case int64:
		n = float64(d)
	case float64:
		n = d
	default:
		v.wrong("a number", "1.5")
		return 0, false
	}
	if !(n >= min && n <= max) { // nor a NaN
		v.Bad(fmt.Sprintf("%g is out of range", n), fmt.Sprintf("choose from %g to %g", min, max))
		return 0, false
	}
	return n, true
}
