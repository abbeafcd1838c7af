package screen

import (
	"bytes"
	"unicode/utf8"
)

// Filter takes out of a stream what would make a viewer's terminal answer, or do
// something else than show: a viewer can't be asked what only the owner may tell.
// What it returns is cut between characters and sequences, never within, and is
// well formed: C1 are in 7 bits, and what was cancelled or isn't UTF-8 is gone. A
// Screen that is shown the same is where the viewers are, so that one who joins
// can be sent its repaint. The zero value is ready.
type Filter struct {
	parser parser
	out    []byte
	passed bool // a device control string is being passed on
	ended  bool // a string was ended, and nothing printed since: another ST has no use
}

// none stands for what was taken out: ST does nothing, but as that did it ends
// what a character can be joined to.
const none = "\x1b\\"

// Append appends what is left of p, and of what was held back before. Held back
// are an unfinished character and an unfinished sequence, at most 8 KiB; a longer
// one is dropped.
func (f *Filter) Append(dst, p []byte) []byte {
	f.out = dst
	f.parser.write(p, f)
	dst, f.out = f.out, nil
	return dst
}

// Settled tells that nothing is held back: the stream has ended neither within a
// character nor within a sequence.
func (f *Filter) Settled() bool { return f.parser.state == ground && f.parser.need == 0 }

func (f *Filter) ascii(run []byte) {
	f.out = append(f.out, run...)
	f.ended = false
}

func (f *Filter) char(r rune) {
	f.out = utf8.AppendRune(f.out, r)
	f.ended = false
}

func (f *Filter) execute(c byte) {
	switch c {
	case 0x05: // ENQ asks for the answerback
		f.put(none)
	case 0x84, 0x85, 0x88: // IND, NEL, HTS
		f.out = append(f.out, 0x1b, c-0x40)
	default:
		if c < 0x80 {
			f.out = append(f.out, c)
		} else {
			f.put(none) // xterm.js knows no other
		}
	}
}

func (f *Filter) put(text string) { f.out = append(f.out, text...) }

func (f *Filter) escape(more []byte, final byte) {
	if len(more) == 0 {
		switch final {
		case 'Z': // DECID
			f.put(none)
			return
		case '\\':
			if f.ended {
				return
			}
		}
	}
	f.out = append(f.out, 0x1b)
	f.out = append(append(f.out, more...), final)
}

func (f *Filter) control(body []byte, final byte) {
	if malformed(body) || asksControl(body, final) {
		f.put(none)
		return
	}
	f.put("\x1b[")
	if final == 'h' && len(body) > 0 && body[0] == '?' {
		f.setModes(body[1:])
	} else {
		f.out = append(append(f.out, body...), final)
	}
}

// setModes passes DECSET without the modes in which a terminal reports by itself,
// beginning at once: colors (2031) and its size (2048). The program would take the
// viewer's for the owner's.
func (f *Filter) setModes(list []byte) {
	between := byte('?')
	for mode := range bytes.SplitSeq(list, []byte{';'}) {
		if n := bytes.TrimLeft(mode, "0"); string(n) != "2031" && string(n) != "2048" {
			f.out = append(append(f.out, between), mode...)
			between = ';'
		}
	}
	if between == '?' {
		f.out = append(f.out, '?') // none is left: no mode
	}
	f.out = append(f.out, 'h')
}

func (f *Filter) command(text []byte, ok bool) {
	f.ended = true
	if !ok || asksCommand(text) {
		f.put(none)
		return
	}
	f.put("\x1b]")
	f.out = append(f.out, text...)
	f.put("\x1b\\")
}

// Of device control strings only pictures pass: sixel. The others ask, define keys
// and fonts, or are meant for a terminal within which the program runs.
func (f *Filter) deviceStart(body []byte, final byte) {
	f.passed = final == 'q' && (len(body) == 0 || body[len(body)-1] >= '0')
	if f.passed {
		f.put("\x1bP")
		f.out = append(append(f.out, body...), final)
	}
}

func (f *Filter) deviceData(data []byte) {
	if f.passed {
		f.out = append(f.out, data...)
	}
}

// deviceEnd ends what was passed on, and stands for what wasn't.
func (f *Filter) deviceEnd() {
	f.ended = true
	f.put("\x1b\\")
}
