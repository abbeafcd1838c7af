package strict

import (
	"fmt"
	"strings"
	"time"
)

// typeName names what stands at v, in TOML's words.
func (v *Value) typeName() string {
	switch v.kind {
	case kindTable:
		return "a table"
	case kindList:
		return "a list"
	}
	switch d := v.data.(type) {
	case string:
		return "a string"
	case int64:
		return "a number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case time.Time:
		if d.Location().String() == "time-local" {
			return "a time of day"
		}
		return "a date"
	}
	return "something else"
}

// wrong reports a value of a wrong type.
func (v *Value) wrong(want, example string) {
	if v.lost {
		return
	}
	if v.name != "" {
		example = v.name + " = " + example
	}
	v.Bad("is "+v.typeName()+", must be "+want, "write it like "+example)
}

// Text returns a string of at most max bytes without NUL.
func (v *Value) Text(max int) (string, bool) {
	s, ok := v.data.(string)
	switch {
	case !ok:
		v.wrong("a string", `"..."`)
	case len(s) > max:
		v.Bad(fmt.Sprintf("has %d bytes, more than the %d allowed", len(s), max), "shorten it")
		ok = false
	case strings.IndexByte(s, 0) >= 0:
		v.Bad("has a NUL byte in it", "remove it")
		ok = false
	}
	return s, ok
}

// Int returns a whole number from min to max.
func (v *Value) Int(min, max int64) (int64, bool) {
	n, ok := v.data.(int64)
	switch {
	case !ok:
		example := int64(1000)
		if example < min || example > max {
			example = min
		}
		v.wrong("a whole number", fmt.Sprint(example))
	case n < min || n > max:
		v.Bad(fmt.Sprintf("%d is out of range", n), fmt.Sprintf("choose from %d to %d", min, max))
		ok = false
	}
	return n, ok
}

// Bool returns true or false.
func (v *Value) Bool() (value, ok bool) {
	value, ok = v.data.(bool)
	if !ok {
		v.wrong("true or false", "true")
	}
	return value, ok
}

// Duration returns a string like "30s" or "1h30m", from min to max.
func (v *Value) Duration(min, max time.Duration) (time.Duration, bool) {
	s, ok := v.data.(string)
	if !ok {
		v.wrong("a duration", `"30s"`)
		return 0, false
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		v.Bad(fmt.Sprintf("%q is no duration", s), `write a number and a unit (s, m, h), like "1h30m"`)
		return 0, false
	}
	if d < min || d > max {
		v.Bad(fmt.Sprintf("%q is out of range", s), fmt.Sprintf("choose from %q to %q", short(min), short(max)))
		return 0, false
	}
	return d, true
}

// short writes a duration without zero parts: 1h, not 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Time returns a date with or without time. Without an offset it is in the
// machine's time zone, and a date alone is its first moment.
func (v *Value) Time() (time.Time, bool) {
	t, ok := v.data.(time.Time)
	if !ok || t.Location().String() == "time-local" {
		v.wrong("a date", "2030-01-31")
		return time.Time{}, false
	}
	switch t.Location().String() {
	case "date-local", "datetime-local":
		// The library reads local times with today's offset, which is an hour
		// off on the other side of a daylight saving change.
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.Local)
	}
	return t, true
}

// List returns the elements of a list that has at most max of them.
func (v *Value) List(max int) ([]*Value, bool) {
	if v.kind != kindList {
		v.wrong("a list", "[ ... ]")
		return nil, false
	}
	if len(v.kids) > max {
		v.Bad(fmt.Sprintf("has %d elements, more than the %d allowed", len(v.kids), max), "shorten it")
		return nil, false
	}
	return v.kids, true
}

// Keys returns the keys of a table that has at most max of them, in file order.
func (v *Value) Keys(max int) ([]*Value, bool) {
	if v.kind != kindTable {
		v.wrong("a table", "{ ... }")
		return nil, false
	}
	if len(v.kids) > max {
		v.Bad(fmt.Sprintf("has %d keys, more than the %d allowed", len(v.kids), max), "shorten it")
		return nil, false
	}
	return v.kids, true
}
