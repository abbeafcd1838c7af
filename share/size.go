package share

import "github.com/jailsh/jailsh/share/screen"

// Size is that of a terminal, in characters. The zero value is that of a viewer who
// has none.
type Size struct{ Cols, Rows int }

// Usual is the size of a terminal that doesn't tell.
func Usual() Size { return Size{80, 24} }

// within is the nearest size that a screen can have.
func (s Size) within() Size {
	return Size{min(max(s.Cols, screen.MinCols), screen.MaxCols), min(max(s.Rows, screen.MinRows), screen.MaxRows)}
}
