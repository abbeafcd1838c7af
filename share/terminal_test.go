package share

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jailsh/jailsh/share/screen"
)

const patience = 20 * time.Second

// terminal is a viewer's, of which the screen shows what he sees.
type terminal struct {
	*Viewer
	t      *testing.T
	screen *screen.Screen
	bytes  int
}

func joined(t *testing.T, from *Terminal, role Role, size Size) *terminal {
	v := &terminal{Viewer: from.Join("bob", role, size), t: t}
	if size == (Size{}) {
		size = from.Size()
	}
	v.screen = screen.New(size.Cols, size.Rows)
	return v
}

// one shows what comes next.
func (v *terminal) one() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	data, err := v.Next(ctx)
	for _, d := range data {
		v.bytes += len(d)
		_, _ = v.screen.Write(d) // has no errors
	}
	return err
}

// rest shows everything to the end.
func (v *terminal) rest() {
	v.t.Helper()
	for {
		if err := v.one(); err == io.EOF {
			return
		} else if err != nil {
			v.t.Fatal(err)
		}
	}
}

// shows waits until the text is there.
func (v *terminal) shows(text string) {
	v.t.Helper()
	for !bytes.Contains(v.screen.AppendRepaint(nil), []byte(text)) {
		if err := v.one(); err != nil {
			v.t.Fatalf("%q doesn't come: %v", text, err)
		}
	}
}

// same compares what a viewer sees with what there is.
func same(t *testing.T, v *terminal, owner *Terminal) {
	t.Helper()
	owner.work.Lock()
	defer owner.work.Unlock()
	size := owner.Size()
	fresh := screen.New(size.Cols, size.Rows)
	_, _ = fresh.Write([]byte(screen.Reset)) // which says more than that all is as ever
	_, _ = fresh.Write(owner.screen.AppendRepaint(nil))
	equal(t, v.screen, fresh)
}

// equal compares two screens, and shows the beginning of what differs.
func equal(t *testing.T, a, b *screen.Screen) {
	t.Helper()
	got, want := a.AppendRepaint(nil), b.AppendRepaint(nil)
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	at = max(0, at-20)
	t.Errorf("...%.100q\ninstead of\n...%.100q", got[at:], want[at:])
}

// stream is output of all kinds.
func stream(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	for b.Len() < n {
		switch r.IntN(8) {
		case 0:
			fmt.Fprintf(&b, "\x1b[%d;%dH", r.IntN(30), r.IntN(90))
		case 1:
			fmt.Fprintf(&b, "\x1b[3%d;4%dm", r.IntN(8), r.IntN(8))
		case 2:
			fmt.Fprintf(&b, "\x1b[%dJ\x1b[%d;%dr", r.IntN(3), r.IntN(10), 10+r.IntN(10))
		case 3:
			b.WriteString("\x1b]2;title\x07\x1b[?1049h")
		case 4:
			b.WriteString("世界 é \x1b[?1049l\x1b[c")
		default:
			for range r.IntN(40) {
				b.WriteString("some words\r\n")
			}
		}
	}
	return b.Bytes()
}

// Whoever joins sees what there is, and goes on seeing it, whatever is written and
// however often he is skipped.
func TestViewersSeeTheScreen(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		owner := newTerminal(Usual(), nil, &buffers{})
		all := stream(seed, 200<<10)
		first := joined(t, owner, View, Size{})
		var watching sync.WaitGroup
		watching.Go(first.rest)
		half := len(all) / 2
		write(owner, all[:half], seed)
		late := joined(t, owner, View, Usual())
		watching.Go(late.rest)
		write(owner, all[half:], seed)
		owner.End()
		watching.Wait()
		same(t, first, owner)
		same(t, late, owner)
		first.Leave()
		late.Leave()
		owner.Wait()
	}
}

// write cuts anywhere.
func write(owner *Terminal, p []byte, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for len(p) > 0 {
		n := min(len(p), 1+r.IntN(1<<r.IntN(18)))
		owner.Write(p[:n])
		p = p[n:]
	}
}

// Without viewers the screen is kept up to date all the same.
func TestJoinedLate(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Usual(), nil, &buffers{})
	owner.Write(bytes.Repeat([]byte("a line of no interest\r\n"), 100_000))
	owner.Write([]byte("\x1b[31mthe last\x1b[m line"))
	v := joined(t, owner, View, Usual())
	v.shows("last")
	same(t, v, owner)
	v.Leave()
	owner.Write([]byte("\x1b[2J\x1b[Hnobody has seen this"))
	again := joined(t, owner, View, Usual())
	again.shows("nobody has seen")
	same(t, again, owner)
	again.Leave()
	owner.Wait()
}

// Who doesn't read is skipped: what he is given then is short, and up to date.
func TestWhoStallsIsSkipped(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Usual(), nil, &buffers{})
	v := joined(t, owner, View, Usual())
	owner.Write([]byte("begin"))
	v.shows("begin")
	for i := range 20_000 {
		owner.Write(fmt.Appendf(nil, "\x1b[32mline %d\x1b[m\r\n", i))
	}
	owner.Write([]byte("the end"))
	before := v.bytes
	v.shows("the end")
	same(t, v, owner)
	if n := v.bytes - before; n > 2*kept {
		t.Errorf("he was given %d bytes of what he had missed", n)
	}
	v.Leave()
	owner.Wait()
}

// The owner writes while nobody reads, and while a viewer stands still in Next.
func TestTheOwnerDoesNotWait(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Usual(), nil, &buffers{})
	for range 10 {
		joined(t, owner, View, Usual())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			owner.Write(bytes.Repeat([]byte("0123456789\x1b[K"), 1000))
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("the owner is held up")
	}
	owner.mu.Lock()
	defer owner.mu.Unlock()
	if n := cap(owner.output); n > 4*mostPending {
		t.Errorf("%d bytes are kept", n)
	}
}

// The owner's size rules; after a change everybody sees the new screen.
func TestTheOwnerResizes(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Usual(), nil, &buffers{})
	owner.Write([]byte("here\r\nthere"))
	v := joined(t, owner, View, Size{})
	v.shows("there")
	owner.Resize(Size{40, 10})
	v.screen.Resize(40, 10)
	owner.Write([]byte("\r\nafterwards"))
	v.shows("afterwards")
	same(t, v, owner)
	v.Leave()
	owner.Wait()
}

// A smaller terminal shows the part in which the cursor is, a larger one all of it.
func TestOtherSizes(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Size{100, 40}, nil, &buffers{})
	small, large := joined(t, owner, View, Size{20, 5}), joined(t, owner, View, Size{120, 50})
	owner.Write([]byte("\x1b[Habove\x1b[40;90H\x1b[1mbelow"))
	small.shows("below")
	large.shows("below")
	if x, y, _ := small.screen.Cursor(); x != 19 || y != 4 {
		t.Errorf("the cursor is at %d, %d of the small terminal", x, y)
	}
	if bytes.Contains(small.screen.AppendRepaint(nil), []byte("above")) {
		t.Error("the small terminal shows what has no place on it")
	}
	if x, y, _ := large.screen.Cursor(); x != 94 || y != 39 {
		t.Errorf("the cursor is at %d, %d of the large terminal", x, y)
	}
	owner.Write([]byte("\x1b[H\x1b[m"))
	small.shows("above")
	// It becomes as large as the owner's, and is shown the stream from then on.
	small.screen.Resize(100, 40)
	small.Resize(Size{100, 40})
	owner.Write([]byte("once more"))
	small.shows("once more")
	owner.Write([]byte("\x1b[6nstream"))
	small.shows("stream")
	same(t, small, owner)
	small.Leave()
	large.Leave()
	owner.End()
	owner.Wait()
}

// For those who are all shown frames no picture is made of the whole screen, however
// much is written; who comes for the stream then is shown one.
func TestNobodyToRepaintFor(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Usual(), nil, &buffers{})
	small := joined(t, owner, View, Size{40, 10})
	owner.Write([]byte("begin"))
	small.shows("begin")
	of := func() uint64 {
		if p := owner.last.Load().repaint; p != nil {
			return p.at
		}
		return 0
	}
	before := of()
	for i := range 5 {
		owner.Write(bytes.Repeat([]byte("0123456789\x1b[K"), 2*kept/13))
		owner.Write(fmt.Appendf(nil, "\r\nflood %d", i))
		small.shows(fmt.Sprint("flood ", i))
	}
	if now := of(); now != before {
		t.Errorf("a picture was made of what was written up to %d", now)
	}
	large := joined(t, owner, View, Usual())
	large.shows("flood 4")
	small.Leave()
	large.Leave()
	owner.End()
	owner.Wait()
}

// A viewer who changes his size is shown another frame, though nothing is written.
func TestAViewerResizes(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Size{100, 40}, nil, &buffers{})
	owner.Write([]byte("\x1b[10;30Hhere"))
	v := joined(t, owner, View, Size{20, 5})
	v.shows("here")
	v.screen.Resize(50, 20)
	v.Resize(Size{50, 20})
	if err := v.one(); err != nil {
		t.Fatal(err)
	}
	if x, y, _ := v.screen.Cursor(); x != 33 || y != 9 {
		t.Errorf("the cursor is at %d, %d", x, y)
	}
	v.Leave()
	owner.Wait()
}

// What a viewer types arrives if he may type, at that time.
func TestRoles(t *testing.T) {
	t.Parallel()
	var typed bytes.Buffer
	owner := newTerminal(Usual(), func(_ *Viewer, p []byte) error {
		typed.Write(p)
		return nil
	}, &buffers{})
	v := owner.Join("bob", View, Usual())
	v.Type(t.Context(), []byte("a"))
	v.SetRole(Type)
	v.Type(t.Context(), []byte("b"))
	v.SetRole(View)
	v.Type(t.Context(), []byte("c"))
	v.SetRole(Type)
	v.Remove()
	v.Type(t.Context(), []byte("d"))
	if got := typed.String(); got != "b" {
		t.Errorf("typed was %q", got)
	}
	if _, err := v.Next(t.Context()); !errors.Is(err, ErrRemoved) {
		t.Errorf("Next: %v", err)
	}
	v.Leave()
	owner.End()
	owner.Wait()
}

// Who comes and goes is told by the channel.
func TestViewersAreCounted(t *testing.T) {
	t.Parallel()
	owner := newTerminal(Usual(), nil, &buffers{})
	all, changed := owner.Viewers()
	if len(all) != 0 {
		t.Fatalf("%d", len(all))
	}
	v := owner.Join("bob", View, Usual())
	<-changed
	all, changed = owner.Viewers()
	if len(all) != 1 || all[0] != v || v.Number != 1 {
		t.Fatalf("%v", all)
	}
	v.Leave()
	<-changed
	owner.Wait()
}

// What skim leaves out leaves no trace, whatever comes before and after.
func TestSkim(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{
		"plain":       {"wörd "},
		"colored":     {"wörd ", "\x1b[1;31m", "\x1b[0;32m", "\x1b[44m", "\x1b[38:2::1:2:3m", "\x1b[4:3m", "\x1b[m", "\x1b[0m", "\x1b[K", "\x1b[1K"},
		"never reset": {"wörd ", "\x1b[1m", "\x1b[22m", "\x1b[36m", "\x1b[39m", "\x1b[48;5;99m", "\x1b[49m"},
	} {
		skimmed := 0
		for seed := range uint64(100) {
			r := rand.New(rand.NewPCG(seed, 3))
			var p []byte
			for row := range 200 + r.IntN(200) {
				for range r.IntN(40) {
					if row < 100 || seed%2 == 0 {
						p = append(p, words[r.IntN(len(words))]...)
					} else {
						p = append(p, "plain "...) // in the style of long before
					}
				}
				p = append(p, "\r\n"...)
			}
			p = append(p, []string{"", "\x1b[1m"}[r.IntN(2)]+"last"...)
			before := []string{"", "\x1b[5;20r\x1b[10;3H", "\x1b[41m\x1b[?6h", "some\x1b[4h text"}[r.IntN(4)]
			whole, cut := screen.New(80, 24), screen.New(80, 24)
			for _, s := range []*screen.Screen{whole, cut} {
				_, _ = s.Write([]byte(before)) // has no errors
			}
			head, styles, rest := skim(p, 24)
			if len(head)+len(rest) < len(p) {
				skimmed++
			}
			_, _ = whole.Write(p)
			for _, part := range [][]byte{head, styles, rest} {
				_, _ = cut.Write(part)
			}
			equal(t, cut, whole)
		}
		if skimmed < 50 {
			t.Errorf("%s: only %d of 100 were cut", name, skimmed)
		}
	}
}

// What does more than color text is shown to the screen as it is.
func TestNotSkimmed(t *testing.T) {
	t.Parallel()
	for _, more := range []string{
		"\x1b[H", "\x1b[2J", "\x1b[?25l", "\x1b[>4m", "\x1b[4 m", "\x1b7", "\x1b]0;title\x1b\\", "\x1b", "\x1b[", "\x1b[31", "\x1b[" + strings.Repeat("1;", 40) + "m",
		"\x1bP", "\x0e", "\u009b31m", "\x1b[31\rm",
	} {
		p := []byte(strings.Repeat("text\r\n", 1000) + more + strings.Repeat("\r\ntext", 1000))
		if head, _, _ := skim(p, 24); len(head) != len(p) {
			t.Errorf("%q was left out", more)
		}
	}
}

// A terminal at which nobody looks knows what it shows, however much of it is left out
// before anybody does.
func TestUnwatchedOutput(t *testing.T) {
	t.Parallel()
	words := []string{"wörd ", "wörd wörd wörd ", "wörd ", "\x1b[K", "\r\n", "\r\n", "\r\n"}
	styles := []string{"\x1b[31m", "\x1b[1m", "\x1b[m", "\x1b[44m"}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		var p []byte
		for range 20_000 {
			p = append(p, words[r.IntN(len(words))]...)
			if r.IntN(500) == 0 {
				p = append(p, styles[r.IntN(len(styles))]...)
			}
			if seed%2 == 1 && r.IntN(2000) == 0 {
				p = append(p, "\x1b[5;10H"...) // not to be left out
			}
		}
		whole, cut := screen.New(80, 24), screen.New(80, 24)
		_, _ = whole.Write(append([]byte(screen.Reset), p...)) // has no errors
		owner := newTerminal(Size{80, 24}, nil, &buffers{})
		for len(p) > 0 {
			n := min(1+r.IntN(5000), len(p))
			owner.Write(p[:n])
			p = p[n:]
		}
		_, _ = cut.Write(owner.Repaint())
		equal(t, cut, whole)
	}
}
