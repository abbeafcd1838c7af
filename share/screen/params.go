package screen

// Limits of xterm.js: what comes after them in a sequence is ignored.
const (
	maxParams    = 32
	maxSubparams = 32
	maxValue     = 1<<31 - 1
)

// params are the parameters of a control sequence. A missing one is 0, a missing
// subparameter, after a colon, is -1.
type params struct {
	n     int
	value [maxParams]int
	subs  int
	sub   [maxSubparams]int
	from  [maxParams]uint8 // sub[from[i]:to[i]] belong to value[i]
	to    [maxParams]uint8
}

// at is a parameter that is at least 1 and is so if it is missing.
func (p *params) at(i int) int {
	if i >= p.n || p.value[i] == 0 {
		return 1
	}
	return p.value[i]
}

func (p *params) subsOf(i int) []int { return p.sub[p.from[i]:p.to[i]] }

// kind tells control sequences apart: prefix, intermediates and final byte.
type kind uint32

// sequenceKind packs what stands around the parameters, at most two
// intermediates.
func sequenceKind(around string) (k kind) {
	for _, c := range []byte(around) {
		k = k<<8 | kind(c)
	}
	return k
}

// malformed tells a body that no final byte makes a sequence: a prefix that isn't
// first, or a parameter after an intermediate.
func malformed(body []byte) bool {
	more := false
	for i, c := range body {
		switch {
		case c < 0x30:
			more = true
		case more || c >= 0x3c && i > 0:
			return true
		}
	}
	return false
}

// parse reads the body of a control sequence. It isn't ok if it is malformed.
func (p *params) parse(body []byte, final byte) (k kind, ok bool) {
	i := 0
	if len(body) > 0 && body[0] >= 0x3c {
		k = kind(body[0])
		i = 1
	}
	p.n, p.value[0], p.from[0], p.to[0], p.subs = 1, 0, 0, 0, 0
	inSub, full, subFull := false, false, false
	for ; i < len(body); i++ {
		c := body[i]
		switch {
		case c-'0' <= 9:
			d := int(c - '0')
			switch {
			case full || inSub && subFull:
			case inSub:
				p.sub[p.subs-1] = digit(max(p.sub[p.subs-1], 0), d)
			default:
				p.value[p.n-1] = digit(p.value[p.n-1], d)
			}
		case c == ';':
			inSub = false
			if p.n == maxParams {
				full = true
				continue
			}
			p.value[p.n], p.from[p.n], p.to[p.n] = 0, uint8(p.subs), uint8(p.subs)
			p.n++
		case c == ':':
			inSub = true
			if full || p.subs == maxSubparams {
				subFull = true
				continue
			}
			p.sub[p.subs] = -1
			p.subs++
			p.to[p.n-1]++
		case c < 0x30:
			for n := 0; i < len(body); i++ {
				if body[i] >= 0x30 {
					return 0, false
				}
				if n++; n > 2 {
					k = 0x7f7f // as many as nothing has
				}
				k = k<<8 | kind(body[i])
			}
			return k<<8 | kind(final), true
		default:
			return 0, false
		}
	}
	return k<<8 | kind(final), true
}

func digit(v, d int) int { return min(v*10+d, maxValue) }
