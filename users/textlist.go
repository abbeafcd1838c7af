package users

import (
	"bytes"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/jailsh/jailsh/internal/strict"
)

// keysList writes `keys` as a list with one line for each key.
func (f *text) keysList(keys []string) string {
	var b strings.Builder
	b.WriteString("keys = [" + f.newline)
	for _, k := range keys {
		b.WriteString("    " + quote(k) + "," + f.newline)
	}
	b.WriteString("]" + f.newline)
	return b.String()
}

// texts returns the strings of a list, "" for what isn't one.
func (f *text) texts(list *strict.Span) []string {
	out := make([]string, len(list.Items))
	for i, item := range list.Items {
		var v struct{ V string }
		if _, err := toml.Decode("V = "+string(f.src[item.Value.Start:item.Value.End]), &v); err == nil {
			out[i] = v.V
		}
	}
	return out
}

func sameKey(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

func join(path []string) string { return toml.Key(path).String() }

// comma returns the offset behind the comma that follows item i of a list or an
// inline table, or -1. Only blanks, newlines and comments may stand between.
func (f *text) comma(list *strict.Span, i int) int {
	for at := list.Items[i].Value.End; at < list.End; at++ {
		switch f.src[at] {
		case ',':
			return at + 1
		case '#':
			at = f.lineEnd(at) - 1
		case ' ', '\t', '\r', '\n':
		default:
			return -1
		}
	}
	return -1
}

// appendItem adds an element to a list, or a key to an inline table, in the way
// the others are written: on a line of its own if the last one has one.
func (f *text) appendItem(list *strict.Span, item string) {
	if len(list.Items) == 0 {
		f.firstItem(list, item)
		return
	}
	last := len(list.Items) - 1
	end, comma := list.Items[last].Value.End, f.comma(list, last)
	own := last > 0 && f.indented(list.Items[last].Start) || bytes.IndexByte(f.src[list.Start:list.Items[0].Start], '\n') >= 0
	closing := f.src[max(end, comma) : list.End-1]
	switch {
	case !own && comma < 0:
		f.patch(end, end, ", "+item)
	case !own:
		f.patch(comma, comma, " "+item+",")
	case bytes.IndexByte(closing, '\n') < 0: // the bracket follows on the same line
		if comma < 0 {
			f.patch(end, end, ",")
			comma = end
		}
		f.patch(comma, comma, f.newline+f.indent(list.Items[last].Start)+item)
	default:
		trailing := ","
		if comma < 0 {
			f.patch(end, end, ",")
			comma, trailing = end, ""
		}
		at := f.lineEnd(comma)
		f.patch(at, at, f.indent(list.Items[last].Start)+item+trailing+f.newline)
	}
}

// firstItem puts an element into an empty list or inline table, on a line of its
// own if the closing bracket has one.
func (f *text) firstItem(list *strict.Span, item string) {
	closing := list.End - 1
	if start := f.lineStart(closing); start > list.Start && f.indented(closing) {
		f.patch(start, start, f.indent(closing)+"    "+item+","+f.newline)
		return
	}
	f.patch(closing, closing, item)
}

// indented reports whether nothing but blanks stands before offset at in its
// line.
func (f *text) indented(at int) bool {
	return strings.Trim(string(f.src[f.lineStart(at):at]), " \t") == ""
}

// dropItem takes an element out of a list, or a key out of an inline table, with
// its comma, and with its line if it has one of its own.
func (f *text) dropItem(list *strict.Span, i int) {
	start, end := list.Items[i].Start, list.Items[i].Value.End
	if comma := f.comma(list, i); comma >= 0 {
		if f.indented(start) && f.lineStart(start) > list.Start && f.onlyComment(comma) {
			f.patch(f.lineStart(start), f.lineEnd(comma), "")
			return
		}
		for comma < list.End-1 && (f.src[comma] == ' ' || f.src[comma] == '\t') {
			comma++
		}
		f.patch(start, comma, "")
		return
	}
	// The last one without a comma: that of the one before goes instead.
	if i > 0 {
		before := f.comma(list, i-1)
		f.patch(before-1, before, "")
		if f.indented(start) && f.onlyComment(end) {
			f.patch(f.lineStart(start), f.lineEnd(end), "")
			return
		}
		if bytes.IndexByte(f.src[before:start], '\n') < 0 {
			start = before
		}
	}
	f.patch(start, end, "")
}

// onlyComment reports whether nothing but blanks and a comment follows offset at
// in its line.
func (f *text) onlyComment(at int) bool {
	rest := strings.TrimLeft(string(f.src[at:f.lineEnd(at)]), " \t\r\n")
	return rest == "" || rest[0] == '#'
}
