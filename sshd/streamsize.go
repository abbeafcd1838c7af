package sshd

import (
	"bytes"

	"github.com/jailsh/jailsh/share"
)

// sizeIntro begins the sequence by which a program sets the size of an xterm:
// CSI 8 ; rows ; columns t (XTWINOPS).
const sizeIntro = "\x1b[8;"

// maxStreamSize is the largest number that is read. A terminal is smaller.
const maxStreamSize = 1 << 16

// streamSizes finds them in a stream, however it is cut. An ESC within a sequence
// ends that, so no more has to be known of the others.
type streamSizes struct {
	at     int    // bytes of sizeIntro that were seen, and then numbers that have begun
	number [2]int // rows, columns
}

// next is up to where p has no size, or to the end of the first sequence that says
// one, and that size.
func (f *streamSizes) next(p []byte) (n int, size share.Size, found bool) {
	for n < len(p) {
		if f.at == 0 {
			i := bytes.IndexByte(p[n:], sizeIntro[0])
			if i < 0 {
				break
			}
			n += i
		}
		c := p[n]
		n++
		which := f.at - len(sizeIntro)
		switch {
		case c == sizeIntro[0]:
			*f = streamSizes{at: 1}
		case which < 0 && c == sizeIntro[f.at]:
			f.at++
		case which >= 0 && c >= '0' && c <= '9' && f.number[which] < maxStreamSize:
			f.number[which] = 10*f.number[which] + int(c-'0')
		case which == 0 && c == ';':
			f.at++
		case which == 1 && c == 't' && f.number[0] > 0 && f.number[1] > 0:
			size = share.Size{Cols: f.number[1], Rows: f.number[0]}
			*f = streamSizes{}
			return n, size, true
		default:
			*f = streamSizes{}
		}
	}
	return len(p), share.Size{}, false
}
