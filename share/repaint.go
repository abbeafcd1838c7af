package share

import "github.com/jailsh/jailsh/share/screen"

// Repaint is what makes a terminal of the same size, whatever it was shown, show what
// this one does. Its output then goes on.
func (t *Terminal) Repaint() []byte {
	t.work.Lock()
	defer t.work.Unlock()
	t.absorb()
	return t.screen.AppendRepaint([]byte(screen.Reset))
}
