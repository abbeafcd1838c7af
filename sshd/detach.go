package sshd

// The keys that detach are Ctrl-\ and then d. Twice Ctrl-\ is one for the program;
// before any other key it is passed on with it.
const (
	detachPrefix = 0x1c // Ctrl-\, which dtach(1) and abduco(1) use
	detachKey    = 'd'  // as after the prefix of screen(1) and tmux(1)
)

// detachKeys finds them in what a client types.
type detachKeys struct {
	held bool // the prefix came last
	out  []byte
}

// next returns what is for the program, good until it is called again, and whether the
// keys have come; what follows them is nobody's.
func (k *detachKeys) next(typed []byte) (rest []byte, detach bool) {
	k.out = k.out[:0]
	for _, c := range typed {
		switch {
		case !k.held && c == detachPrefix:
			k.held = true
			continue
		case k.held && c == detachKey:
			return k.out, true
		case k.held && c != detachPrefix:
			k.out = append(k.out, detachPrefix)
		}
		k.held = false
		k.out = append(k.out, c)
	}
	return k.out, false
}
