// Package screen is what a terminal shows, and all that decides what it will show
// next. A Screen is written what a program writes to an xterm-like terminal; at any
// byte AppendRepaint gives what makes another terminal, just reset, the same, so
// that somebody can join. A Filter takes out of a stream what would make a
// viewer's terminal answer.
//
// The files, from the stream to the cells and back:
//
//	parser.go, sequence.go, params.go     the stream, cut into characters, controls and sequences
//	screen.go                             Screen, and what a reset is
//	print.go, width.go, charset.go        characters: wrapping, columns, clusters, character sets
//	control.go, csi.go, cursor.go,
//	erase.go, modes.go, sgr.go            controls and sequences
//	command.go, palette.go                OSC: titles, links, colors
//	grid.go, resize.go                    rows of cells, margins, tab stops
//	style.go, styles.go, pool.go          what a cell is made of, and how it is kept small
//	repaint.go, paint.go, paintstyle.go,
//	paintstate.go                         the way back
//	filter.go, query.go                   what viewers get
//
// # Callers
//
// The hub of a live terminal: it passes what the owner's program writes through a
// Filter, writes the result to a Screen and to all viewers, and sends whoever
// joins, or was skipped, the repaint, after Reset if the terminal was in use. Since
// a Filter returns whole characters and sequences, nobody is joined within one.
//
// # Attackers
//
// The program is whatever a user runs, or what a stranger publishes: every byte is
// hostile. There is no input that stops a Screen or makes it panic, and none that
// makes it grow: it holds its cells, 8 bytes each, and beside them at most
//
//   - 8 KiB of an unfinished sequence. A longer one is read to its end and has no
//     effect, on a Screen as in a Filter. Of device control strings, and of APC, PM
//     and SOS, nothing is kept;
//   - 64 bytes of a cluster of characters: what would make it longer is dropped;
//   - titles of 1 KiB, cut, and ten saved ones of each kind; links of 2 KiB, 128
//     KiB together: text isn't linked to those that are over;
//   - a style, and a cluster, for each cell.
//
// A sequence costs at most a screen full of cells: what repeats or scrolls stops
// there. CAN, SUB and ESC end every sequence and string.
//
// The viewers are protected from the program by the Filter: no query that it knows
// reaches them, nor a mode in which a terminal tells its size or colors by itself,
// nothing that moves their window, prints, or defines their keys, and no string of
// theirs is left open. Mouse, focus and paste modes pass, since who may type needs
// them; so does the clipboard (OSC 52) when it is set. A sequence that no terminal had when the
// table was written (query.go) passes.
//
// # What it is like
//
// Like xterm.js, which is the web viewer: version 6 with the graphemes addon and
// without scrollback. A test compares them after every so many bytes of recorded
// programs and of made-up streams, cell by cell, with all modes and what is saved.
// Where xterm.js differs from xterm or from the standards, so does this package;
// comments in place say so. It goes its own way where xterm.js itself isn't the same
// after a repaint, or where its state can't be seen in any terminal:
//
//   - Characters have the columns of current Unicode, not of Unicode 13:
//     testdata/unicode.txt lists what differs.
//   - Half a wide character is never left: where ICH or DECIC begins in one, and in
//     the last column while DECAWM is off, both halves are blanked, as xterm does.
//   - DECRC restores how text was underlined, and the row of the screen, where
//     xterm.js restores only that it was, and the row of a scrollback.
//   - A change of the screen settles what only a restored cursor brings: a
//     character set in use that isn't designated, and with DECOM a cursor outside of
//     the margins.
//   - Links without an id that lead to the same place are the same.
//   - Titles are saved and restored (XTWINOPS 22 and 23), which xterm.js does if its
//     windowOptions say so.
//
// There is no scrollback: who joins sees the screen, and not what left it. A
// resize doesn't wrap lines anew (see Resize). Pictures aren't kept.
//
// # Invariants
//
// A Screen is the same however its stream was cut, and a repaint of it makes one
// that is repainted alike. The second half of a wide character follows its first.
// Number 0 is the default style. Nothing is allocated while text is written, but
// for clusters, for styles, links and titles that are new, and for the cells of the
// alternate screen when it comes.
package screen
