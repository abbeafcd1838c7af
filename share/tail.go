package share

import "slices"

// tail is the end of what viewers are shown. It never changes: when there is more,
// the next one takes its place, and more is closed. So viewers read it without a lock.
type tail struct {
	from, end uint64   // bytes of the stream since the terminal began
	chunks    [][]byte // those from from to end, each of whole characters and sequences
	size      Size
	epoch     uint64            // counts changes of the size: after each one all are repainted
	repaint   *picture          // the last one; may be nil, or too old
	frames    map[Size]*picture // for terminals of other sizes
	ended     bool
	more      chan struct{}
}

// picture is what makes a terminal show the screen as of a place in the stream: a
// repaint, after which the stream goes on, or a frame, after which another one comes.
type picture struct {
	at, epoch uint64
	data      []byte
}

// with returns the tail that has one more chunk. What is over kept bytes goes at the
// beginning: who hasn't seen it yet is repainted.
func (t *tail) with(chunk []byte) *tail {
	next := t.next()
	next.end += uint64(len(chunk))
	next.chunks = append(next.chunks, chunk)
	for next.end-next.from > kept {
		next.from += uint64(len(next.chunks[0]))
		next.chunks = next.chunks[1:]
	}
	return next
}

// without returns the tail after n bytes that nobody is shown as they are. One at
// least: a repaint of before isn't good any more.
func (t *tail) without(n int) *tail {
	next := t.next()
	next.end += uint64(max(n, 1))
	next.from, next.chunks = next.end, nil
	return next
}

// lacks tells whether a frame is missing.
func (t *tail) lacks(sizes []Size) bool {
	return slices.ContainsFunc(sizes, func(s Size) bool { return t.frames[s] == nil })
}

// next returns a tail with the same in it. Chunks are appended behind what this one
// has of the array, and there is only one next.
func (t *tail) next() *tail {
	next := *t
	next.more = make(chan struct{})
	return &next
}

// since returns the chunks from a place on, at most limit bytes but at least one.
func (t *tail) since(at uint64, limit int) (chunks [][]byte, now uint64) {
	place := t.from
	for _, c := range t.chunks {
		if place >= at {
			if len(chunks) > 0 && limit < len(c) {
				break
			}
			chunks = append(chunks, c)
			limit -= len(c)
			at = place + uint64(len(c))
		}
		place += uint64(len(c))
	}
	return chunks, at
}
