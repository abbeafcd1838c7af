// Package cast reads and writes recordings of terminals in asciicast, versions 2 and
// 3 (docs.asciinema.org/manual/asciicast): a line of JSON that says what the terminal
// was, then a line for each event.
//
// The files:
//
//	header.go    the first line
//	encoder.go   events to lines, with characters that were cut joined again
//	reader.go    lines to events
//	text.go      what is left of the output without a terminal
//
// # Callers
//
// sshd, which records, and jailsh, which plays and exports.
//
// # Attackers
//
// What is recorded is what any program writes. A line has nothing in it that a
// terminal obeys: controls are escaped, and bytes that are no UTF-8 are U+FFFD,
// since JSON has no way to say them. What is read may be anybody's: a line over
// maxLine is refused, times are bounded, and an event of a kind that isn't known is
// passed on as it is, for the caller to leave out.
//
// # Invariants
//
// However a stream was cut, the texts of its events put together are the stream,
// with each byte that isn't UTF-8 replaced. Times never go back.
package cast
