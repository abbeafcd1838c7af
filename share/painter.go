package share

import (
	"time"

	"github.com/jailsh/jailsh/share/screen"
)

const (
	// pace is the least time between two looks at what was written. What comes faster is
	// shown together.
	pace = 5 * time.Millisecond

	// flood is how many bytes between two looks are more than anybody reads, about 3 MB a
	// second. The next look is then as far away as the next picture is: until then there
	// mostly is so much that viewers are repainted, and nobody has the work of all that
	// was on the screen in between.
	flood = 16 << 10

	// courtesy is how long the owner has what was written for herself: to many viewers it
	// goes out in as much work, which would be in the way of her own client.
	courtesy = time.Millisecond

	// repaintPace and framePace are the least times between two pictures: for all who
	// were too slow, and for all with terminals of another size.
	repaintPace = 33 * time.Millisecond
	framePace   = 50 * time.Millisecond
)

// painter is the goroutine that shows viewers what was written. There is one for each
// terminal that has viewers.
type painter struct {
	*Terminal
	looked, repainted, framed time.Time
	after                     time.Duration // the least time to the next look
	pause                     time.Duration // after the frames
	later                     *time.Timer
	corners                   map[Size]corner // of the frames
}

// corner is the place on the screen where a frame begins.
type corner struct{ x, y int }

// paint works until the last viewer has left.
func (t *Terminal) paint() {
	p := &painter{Terminal: t, later: time.AfterFunc(time.Hour, t.poke), corners: map[Size]corner{}}
	defer p.later.Stop()
	rest := time.NewTimer(0)
	defer rest.Stop()
	for range t.wake {
		if t.audience.gone(t) {
			return
		}
		rest.Reset(max(courtesy, p.after-time.Since(p.looked)))
		<-rest.C
		p.looked = time.Now()
		p.look()
	}
}

// look shows what was written, and makes the pictures that are wanted and due.
func (p *painter) look() {
	p.work.Lock()
	defer p.work.Unlock()
	before := p.last.Load().end
	p.absorb()
	next := p.last.Load().next()
	p.after = pace
	if next.end-before >= flood {
		p.after = repaintPace
	}
	var wait time.Duration
	drawn := false
	sizes, stream := p.audience.shown(next.size)
	if stream && (p.wanted.Load() || next.from > before) { // nobody can go on from where he was
		if d := repaintPace - p.looked.Sub(p.repainted); d > 0 {
			wait = d
		} else {
			p.wanted.Store(false)
			p.repainted, drawn = p.looked, true
			next.repaint = &picture{next.end, next.epoch, p.screen.AppendRepaint([]byte(screen.Reset))}
		}
	}
	if len(sizes) > 0 && (p.stale || next.lacks(sizes)) {
		if d := p.pause - p.looked.Sub(p.framed); d > 0 {
			wait = max(wait, d)
		} else {
			p.stale, drawn = false, true
			p.framed = p.looked
			next.frames = p.frames(sizes, next)
			// However many sizes there are, the owner isn't held up by them.
			p.pause = max(framePace, 10*time.Since(p.framed))
		}
	}
	if drawn {
		p.publish(next)
	}
	if wait > 0 {
		p.later.Reset(wait)
	}
}

// frames draws one for each size.
func (p *painter) frames(sizes []Size, now *tail) map[Size]*picture {
	all := make(map[Size]*picture, len(sizes))
	for _, s := range sizes {
		c := p.follow(s, now.size)
		all[s] = &picture{now.end, now.epoch, p.screen.AppendWindow(nil, c.x, c.y, s.Cols, s.Rows)}
	}
	return all
}

// follow moves a frame that is smaller than the screen to where the cursor is, and no
// farther than it has to.
func (p *painter) follow(size, whole Size) corner {
	x, y, _ := p.screen.Cursor()
	c := p.corners[size]
	c.x = along(c.x, x, size.Cols, whole.Cols)
	c.y = along(c.y, y, size.Rows, whole.Rows)
	p.corners[size] = c
	return c
}

// along is where n of so many begin, so that at is among them.
func along(from, at, n, all int) int {
	if at < from {
		from = at
	}
	if at >= from+n {
		from = at - n + 1
	}
	return max(0, min(from, all-n))
}
