package sshd

import "github.com/jailsh/jailsh/internal/wire"

// maxTerm bounds the name of a terminal type, in bytes; the longest of ncurses'
// terminfo has fewer than 40.
const maxTerm = 64

// maxCells is the largest size that a terminal can have in the kernel, in
// characters and in pixels: struct winsize has 16-bit fields (ioctl_tty(2)).
const maxCells = 0xffff

// parsePTY decodes a pty-req, RFC 4254 section 6.2.
func parsePTY(data []byte) (term string, tty *wire.TTY, ok bool) {
	p := payload{rest: data}
	term = p.string(maxTerm)
	size := takeSize(&p)
	modes := p.bytes(maxModesLen)
	if !p.ok() || !validTerm(term) {
		return "", nil, false
	}
	return term, &wire.TTY{Size: size, Modes: parseModes(modes)}, true
}

// parseSize decodes a window-change, RFC 4254 section 6.7.
func parseSize(data []byte) (wire.Size, bool) {
	p := payload{rest: data}
	size := takeSize(&p)
	return size, p.ok()
}

func takeSize(p *payload) wire.Size {
	columns, rows := p.uint32(), p.uint32()
	width, height := p.uint32(), p.uint32()
	return wire.Size{
		Columns: min(columns, maxCells), Rows: min(rows, maxCells),
		Width: min(width, maxCells), Height: min(height, maxCells),
	}
}

// validTerm reports whether a terminal's name is harmless wherever it ends up:
// in TERM, and from there in the paths that programs make of it. The empty name
// is good and sets no TERM.
func validTerm(term string) bool {
	for _, c := range []byte(term) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '_', c == '+', c == '.', c == '-':
		default:
			return false
		}
	}
	return len(term) <= maxTerm
}
