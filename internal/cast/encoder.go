package cast

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// The kinds of events.
const (
	Output = 'o'
	Input  = 'i'
	Resize = 'r' // "80x24"
	Marker = 'm'
	Exit   = 'x' // the status as a number; version 3 alone
)

// Encoder makes lines of events. Output and input may be cut anywhere.
type Encoder struct {
	version int
	last    int64 // microseconds
	output  joiner
	input   joiner
}

// NewEncoder makes lines of that version.
func NewEncoder(version int) *Encoder { return &Encoder{version: version} }

// Append adds the line of an event that came at a time since the beginning. What is
// the start of a character waits for its end, and adds nothing.
func (e *Encoder) Append(dst []byte, at time.Duration, kind byte, data []byte) []byte {
	var from *joiner
	switch kind {
	case Output:
		from = &e.output
	case Input:
		from = &e.input
	case Exit:
		if e.version == V2 {
			return dst
		}
	}
	var head []byte
	if from != nil {
		if head, data = from.join(data); len(head)+len(data) == 0 {
			return dst
		}
	}
	dst = e.start(dst, at, kind)
	dst = escape(escape(dst, head), data)
	return append(dst, '"', ']', '\n')
}

// Finish adds what still waits for the end of a character that doesn't come.
func (e *Encoder) Finish(dst []byte, at time.Duration) []byte {
	for _, rest := range []struct {
		kind byte
		from *joiner
	}{{Output, &e.output}, {Input, &e.input}} {
		if n := rest.from.n; n > 0 {
			dst = escape(e.start(dst, at, rest.kind), rest.from.start[:n])
			dst = append(dst, '"', ']', '\n')
			rest.from.n = 0
		}
	}
	return dst
}

// start adds an event up to its text. A time before that of the last event is that
// of the last event.
func (e *Encoder) start(dst []byte, at time.Duration, kind byte) []byte {
	now := max(at.Microseconds(), e.last)
	shown := now
	if e.version == V3 {
		shown -= e.last
	}
	e.last = now
	return fmt.Appendf(dst, `[%d.%06d, "%c", "`, shown/1e6, shown%1e6, kind)
}

// joiner keeps the start of a character.
type joiner struct {
	start [utf8.UTFMax]byte
	n     int
}

// join returns the character that was begun before and is complete now, and what of
// data follows it. The start of one at the end of data is kept.
func (j *joiner) join(data []byte) (head, rest []byte) {
	if j.n > 0 {
		var whole [2 * utf8.UTFMax]byte
		had := j.n
		n := had + copy(whole[copy(whole[:], j.start[:had]):], data[:min(len(data), utf8.UTFMax)])
		if !utf8.FullRune(whole[:n]) {
			j.n = copy(j.start[:], whole[:n])
			return nil, nil
		}
		// Of what isn't UTF-8 after all, each byte is one by itself.
		_, size := utf8.DecodeRune(whole[:n])
		size = max(size, had)
		head, data = append([]byte(nil), whole[:size]...), data[size-had:]
		j.n = 0
	}
	for back := 1; back < utf8.UTFMax && back <= len(data); back++ {
		if tail := data[len(data)-back:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				j.n = copy(j.start[:], tail)
				data = data[:len(data)-back]
			}
			break
		}
	}
	return head, data
}

// escape adds text as the inside of a JSON string.
func escape(dst, text []byte) []byte {
	plain := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r >= 0xa0 && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, text[plain:i]...)
		i += size
		plain = i
		switch {
		case r == '"', r == '\\':
			dst = append(dst, '\\', c)
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == utf8.RuneError:
			dst = append(dst, "\uFFFD"...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		}
	}
	return append(dst, text[plain:]...)
}

const digits = "0123456789abcdef"
