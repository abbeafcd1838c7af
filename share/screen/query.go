package screen

import "bytes"

// asksControl tells control sequences that a terminal answers, or by which it does
// something to the viewer's window or printer.
func asksControl(body []byte, final byte) bool {
	var p params
	k, _ := p.parse(body, final)
	switch k {
	case 'c', sequenceKind(">c"), sequenceKind("=c"), sequenceKind("?c"): // DA
		return true
	case 'n', sequenceKind("?n"): // DSR, CPR
		return true
	case sequenceKind("$p"), sequenceKind("?$p"): // DECRQM
		return true
	case 'x', sequenceKind("+x"): // DECREQTPARM, DECRQPKFM
		return true
	case sequenceKind("$u"), sequenceKind("&u"), sequenceKind("?u"): // DECRQTSR, DECRQUPSS, kitty's keyboard
		return true
	case sequenceKind("$w"), sequenceKind("*y"), sequenceKind("'|"), sequenceKind("\"v"): // DECRQPSR, DECRQCRA, DECRQLP, DECRQDE
		return true
	case sequenceKind(">q"), sequenceKind("?S"), sequenceKind("?m"), sequenceKind("?g"): // XTVERSION, XTSMGRAPHICS, XTQMODKEYS, XTQFMTKEYS
		return true
	case sequenceKind("#R"), sequenceKind("#|"): // XTREPORTCOLORS, XTREPORTSGR
		return true
	case 'i', sequenceKind("?i"): // MC: to the printer
		return true
	case 't': // XTWINOPS: all but saved titles moves the window or reports it
		return p.value[0] != 22 && p.value[0] != 23
	}
	return false
}

// asksCommand tells OSC that a terminal answers: those with a ? for a value. A
// title, a link, a folder or a notice may have one in its text.
func asksCommand(text []byte) bool {
	number, data, ok := splitCommand(text)
	if !ok {
		return false
	}
	switch number {
	case 0, 1, 2, 7, 8, 9, 66, 133, 633, 777:
		return false
	case 60, 61: // XTQALLOWED, XTQDISALLOWED
		return true
	case 1337: // iTerm2
		for _, asks := range []string{"Report", "Request", "Capabilities"} {
			if bytes.HasPrefix(data, []byte(asks)) {
				return true
			}
		}
	}
	for field := range bytes.FieldsFuncSeq(data, func(r rune) bool { return r == ';' || r == ':' }) {
		if field[0] == '?' || bytes.HasSuffix(field, []byte("=?")) || bytes.HasSuffix(field, []byte("=read")) {
			return true
		}
	}
	return false
}
