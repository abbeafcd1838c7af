package screen

import "unicode/utf8"

// maxSequence is how many bytes of an unfinished control sequence or string are
// kept. What is longer is read to its end and has no effect, on the screen as on
// what a Filter passes.
const maxSequence = 8 << 10

// state is where in the stream the parser is: the states of DEC's VT500 as Paul
// Williams drew them, those together that differ only in what has been read.
type state uint8

const (
	ground     state = iota
	escape           // after ESC
	escapeMore       // and intermediates
	control          // CSI, up to its final byte
	device           // DCS, up to its final byte
	command          // OSC; this and the following are strings
	ignored          // SOS, PM or APC
	deviceData       // what comes after the final byte of a DCS
	deviceSkip       // of a DCS whose beginning is malformed
)

// handler is told what a parser finds. The slices are valid during the call.
type handler interface {
	ascii(run []byte)                // printable ASCII, at least one byte
	char(r rune)                     // any other character, from U+00A0 on
	execute(c byte)                  // C0 or C1
	escape(more []byte, final byte)  // ESC more final
	control(body []byte, final byte) // CSI body final; the body may be malformed
	command(text []byte, ok bool)    // OSC text; not ok if cancelled or too long
	deviceStart(body []byte, final byte)
	deviceData(data []byte)
	deviceEnd()
}

// parser cuts a stream into characters, controls and sequences as xterm.js
// does: UTF-8 is decoded first, so that C1 are two bytes, and what isn't UTF-8 is
// dropped. It doesn't matter how the stream is cut into writes.
type parser struct {
	state state
	over  bool  // the sequence is longer than maxSequence
	have  uint8 // bytes of an unfinished character
	need  uint8 // its length, 0 if there is none
	part  [4]byte
	body  []byte // of an unfinished sequence, without what introduced it
}

func (ps *parser) write(p []byte, h handler) {
	for i := 0; i < len(p); {
		c := p[i]
		switch {
		case ps.need != 0:
			if c&0xC0 == 0x80 {
				ps.continuation(c, h)
				i++
			} else {
				ps.need = 0 // cut short: dropped, and c begins something new
			}
		case c >= 0x80:
			if r, n := utf8.DecodeRune(p[i:]); r != utf8.RuneError || n > 1 {
				ps.decoded(r, h)
				i += n
			} else {
				ps.lead(c)
				i++
			}
		case ps.state >= command && c-0x20 < 0x5f:
			j := i + 1
			for j < len(p) && p[j]-0x20 < 0x5f {
				j++
			}
			i += ps.inString(p[i:j], h)
		case ps.state != ground:
			ps.sequence(p[i:i+1], h)
			i++
		case c == 0x1b:
			i += ps.introduced(p[i:], h)
		case c < 0x20:
			h.execute(c)
			i++
		case c == 0x7f:
			i++
		default:
			j := i + 1
			for j < len(p) && p[j]-0x20 < 0x5f {
				j++
			}
			h.ascii(p[i:j])
			i = j
		}
	}
}

// introduced reads what ESC begins. A whole control sequence, which is most of
// them, is handled without being copied.
func (ps *parser) introduced(p []byte, h handler) int {
	if len(p) > 2 && p[1] == '[' {
		j := 2
		for j < len(p) && p[j]-0x20 < 0x20 {
			j++
		}
		if j < len(p) && p[j]-0x40 < 0x3f && j-2 <= maxSequence {
			h.control(p[2:j], p[j])
			return j + 1
		}
	}
	ps.begin(escape)
	return 1
}

func (ps *parser) begin(s state) {
	ps.state, ps.over, ps.body = s, false, ps.body[:0]
}

// put keeps what belongs to an unfinished sequence.
func (ps *parser) put(b ...byte) {
	if ps.over || len(ps.body)+len(b) > maxSequence {
		ps.over, ps.body = true, ps.body[:0]
		return
	}
	ps.body = append(ps.body, b...)
}

// lead begins a character of more than one byte. Bytes that can't are dropped.
func (ps *parser) lead(c byte) {
	switch {
	case c&0xE0 == 0xC0:
		ps.need = 2
	case c&0xF0 == 0xE0:
		ps.need = 3
	case c&0xF8 == 0xF0:
		ps.need = 4
	default:
		return
	}
	ps.part[0], ps.have = c, 1
}

func (ps *parser) continuation(c byte, h handler) {
	ps.part[ps.have] = c
	ps.have++
	if ps.have < ps.need {
		return
	}
	b := ps.part[:ps.need]
	ps.need = 0
	if r, n := utf8.DecodeRune(b); n == len(b) {
		ps.decoded(r, h)
	}
}

// decoded handles a character beyond ASCII.
func (ps *parser) decoded(r rune, h handler) {
	if r < 0xA0 {
		ps.c1(byte(r), h)
		return
	}
	if r == 0xFEFF { // a byte order mark is part of the encoding
		return
	}
	switch ps.state {
	case ground:
		h.char(r)
	case command:
		ps.put([]byte(string(r))...)
	case deviceData:
		h.deviceData([]byte(string(r)))
	case control:
		// A sequence that is ignored anyway is read to its end; another ends here.
		if !ps.over && !malformed(ps.body) {
			ps.state = ground
		}
	case escape, escapeMore, device, ignored:
		ps.state = ground
	case deviceSkip:
	}
}

func (ps *parser) c1(c byte, h handler) {
	ps.end(c == 0x9c, h)
	switch c {
	case 0x9c: // ST
		ps.state = ground
	case 0x90:
		ps.begin(device)
	case 0x9b:
		ps.begin(control)
	case 0x9d:
		ps.begin(command)
	case 0x98, 0x9e, 0x9f:
		ps.begin(ignored)
	default:
		ps.state = ground
		h.execute(c)
	}
}

// end finishes a string, if the parser is in one.
func (ps *parser) end(ok bool, h handler) {
	switch ps.state {
	case command:
		h.command(ps.body, ok && !ps.over)
	case deviceData:
		h.deviceEnd()
	case ground, escape, escapeMore, control, ignored, device, deviceSkip:
	}
}

// appendUnfinished appends what leaves another terminal where this parser is:
// within the same sequence or character. A device control string goes on as one
// that no terminal knows, so that nobody draws half an image.
func (ps *parser) appendUnfinished(dst []byte) []byte {
	switch ps.state {
	case escape, escapeMore:
		dst = append(append(dst, 0x1b), ps.body...)
	case control:
		dst = append(dst, "\x1b["...)
		if ps.over {
			dst = append(dst, "0<"...)
		}
		dst = append(dst, ps.body...)
	case command:
		dst = append(dst, "\x1b]"...)
		if ps.over {
			dst = append(dst, "-;"...)
		}
		dst = append(dst, ps.body...)
	case ignored:
		dst = append(dst, "\x1b^"...)
	case device:
		dst = append(append(dst, "\x1bP"...), ps.body...)
	case deviceData:
		dst = append(dst, "\x1bPz"...)
	case deviceSkip:
		dst = append(dst, "\x1bP0<"...)
	case ground:
	}
	if ps.need != 0 {
		dst = append(dst, ps.part[:ps.have]...)
	}
	return dst
}
