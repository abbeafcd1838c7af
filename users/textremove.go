package users

import "bytes"

// remove takes the user's table and her sub-tables out.
func (f *text) remove(name string) error {
	if _, err := f.find(name); err != nil {
		return err
	}
	for _, s := range f.sections("user", name) {
		last := s.header.End
		if len(s.keys) > 0 {
			last = s.keys[len(s.keys)-1].End
		}
		start, end := f.commentsAbove(f.lineStart(s.header.Start)), f.commentsBelow(f.lineEnd(last))
		// One of the two blank lines around the table goes with it.
		if n := f.blankLine(end); n > end {
			end = n
		} else if end == len(f.src) {
			start = f.blankAbove(start)
		}
		f.patch(start, end, "")
	}
	return nil
}

// line returns the line that starts at offset at, without blanks and newline.
func (f *text) line(at int) []byte { return bytes.TrimSpace(f.src[at:f.lineEnd(at)]) }

// commentsAbove goes up from the line at offset at as long as there are comments.
func (f *text) commentsAbove(at int) int {
	for at > 0 {
		above := f.lineStart(at - 1)
		if l := f.line(above); len(l) == 0 || l[0] != '#' {
			break
		}
		at = above
	}
	return at
}

// commentsBelow goes down from the line at offset at as long as there are
// comments. If they lead to the next statement without a blank line between,
// they belong to that.
func (f *text) commentsBelow(at int) int {
	end := at
	for end < len(f.src) {
		l := f.line(end)
		if len(l) == 0 {
			return end
		}
		if l[0] != '#' {
			return at
		}
		end = f.lineEnd(end)
	}
	return end
}

// blankLine returns the offset behind the blank line at offset at, or at.
func (f *text) blankLine(at int) int {
	if at < len(f.src) && len(f.line(at)) == 0 {
		return f.lineEnd(at)
	}
	return at
}

// blankAbove returns the offset of the blank line above offset at, or at.
func (f *text) blankAbove(at int) int {
	if at > 0 && len(f.line(f.lineStart(at-1))) == 0 {
		return f.lineStart(at - 1)
	}
	return at
}
