package cast

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// maxLine is the longest line that is read, in bytes: what is read of a terminal at
// once, 128 KiB by asciinema, has fewer with every byte escaped.
const maxLine = 1 << 20

// maxTime is the time after which events are taken to be at the same time. Nobody
// waits for ten years.
const maxTime = 10 * 365 * 24 * time.Hour

// Event is one line.
type Event struct {
	At   time.Duration // since the beginning
	Kind byte
	Data string
}

// Reader reads a recording.
type Reader struct {
	Header Header
	lines  *bufio.Scanner
	number int
	last   time.Duration
}

// ErrTorn says that the last line is not whole: what wrote it was stopped.
var ErrTorn = errors.New("the last line is not whole")

// NewReader reads the header.
func NewReader(from io.Reader) (*Reader, error) {
	r := &Reader{lines: bufio.NewScanner(from)}
	r.lines.Buffer(nil, maxLine)
	r.lines.Split(wholeLines)
	line, err := r.line()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("is empty")
	}
	if err == nil {
		r.Header, err = parseHeader(line)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Next returns the next event. At the end it returns io.EOF, or ErrTorn.
func (r *Reader) Next() (Event, error) {
	for {
		line, err := r.line()
		if err != nil {
			return Event{}, err
		}
		if line[0] == '#' || len(line) == 1 {
			continue
		}
		at, kind, data, ok := parseEvent(line)
		if !ok {
			return Event{}, fmt.Errorf("line %d: is no event", r.number)
		}
		r.last = r.time(at)
		return Event{r.last, kind, data}, nil
	}
}

// parseEvent reads a line of exactly three fields. What is made of one is no larger
// than the line, whatever is in it: a million empty lists are not.
func parseEvent(line []byte) (at float64, kind byte, data string, ok bool) {
	var fields [4]json.RawMessage
	var name *string
	var text *string
	var when *float64
	if json.Unmarshal(line, &fields) != nil || fields[2] == nil || fields[3] != nil ||
		json.Unmarshal(fields[0], &when) != nil || json.Unmarshal(fields[1], &name) != nil || json.Unmarshal(fields[2], &text) != nil ||
		when == nil || name == nil || text == nil || len(*name) != 1 { // null is none
		return 0, 0, "", false
	}
	return *when, (*name)[0], *text, true
}

// time is when an event was, from what its line says.
func (r *Reader) time(seconds float64) time.Duration {
	at := time.Duration(math.Round(min(max(seconds, 0), maxTime.Seconds())*1e6)) * time.Microsecond
	if r.Header.Version == V3 {
		at += r.last
	}
	return min(max(at, r.last), maxTime)
}

func (r *Reader) line() ([]byte, error) {
	r.number++
	switch {
	case r.lines.Scan():
		line := r.lines.Bytes()
		if line[len(line)-1] != '\n' {
			return nil, ErrTorn
		}
		return line, nil
	case errors.Is(r.lines.Err(), bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d: has more than the %d bytes allowed", r.number, maxLine)
	case r.lines.Err() != nil:
		return nil, r.lines.Err()
	}
	return nil, io.EOF
}

// wholeLines cuts lines, and leaves them their ends.
func wholeLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
