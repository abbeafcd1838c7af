package cast

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The versions that are written and read. In 3 times count from the event before, and
// there is an event for the exit status.
const (
	V2 = 2
	V3 = 3
)

// Header is the first line.
type Header struct {
	Version    int
	Cols, Rows int
	Term       string    // TERM; "" if it isn't known
	Began      time.Time // in whole seconds
	Command    string    // "" for a login shell
	Title      string
}

// What a terminal is taken for that says it has no size, as one of a program does:
// a player needs one.
const usualCols, usualRows = 80, 24

type headerV2 struct {
	Version int               `json:"version"`
	Width   int               `json:"width"`
	Height  int               `json:"height"`
	Time    int64             `json:"timestamp,omitempty"`
	Command string            `json:"command,omitempty"`
	Title   string            `json:"title,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
}

type headerV3 struct {
	Version int    `json:"version"`
	Term    termV3 `json:"term"`
	Time    int64  `json:"timestamp,omitempty"`
	Command string `json:"command,omitempty"`
	Title   string `json:"title,omitempty"`
}

type termV3 struct {
	Cols int    `json:"cols"`
	Rows int    `json:"rows"`
	Type string `json:"type,omitempty"`
}

// Line is the header as it is written, with the end of the line.
func (h Header) Line() ([]byte, error) {
	if h.Cols <= 0 || h.Rows <= 0 {
		h.Cols, h.Rows = usualCols, usualRows
	}
	var v any
	switch h.Version {
	case V3:
		v = headerV3{V3, termV3{h.Cols, h.Rows, h.Term}, h.Began.Unix(), h.Command, h.Title}
	case V2:
		two := headerV2{V2, h.Cols, h.Rows, h.Began.Unix(), h.Command, h.Title, nil}
		if h.Term != "" {
			two.Env = map[string]string{"TERM": h.Term}
		}
		v = two
	default:
		return nil, fmt.Errorf("there is no asciicast version %d", h.Version)
	}
	line, err := json.Marshal(v)
	return append(line, '\n'), err
}

// parseHeader reads the first line.
func parseHeader(line []byte) (Header, error) {
	var v struct{ Version int }
	if err := json.Unmarshal(line, &v); err != nil {
		return Header{}, errors.New("the first line is no header of an asciicast")
	}
	var h Header
	switch v.Version {
	case V3:
		var three headerV3
		if err := json.Unmarshal(line, &three); err != nil {
			return h, fmt.Errorf("header: %w", err)
		}
		h = Header{V3, three.Term.Cols, three.Term.Rows, three.Term.Type, time.Unix(three.Time, 0), three.Command, three.Title}
	case V2:
		var two headerV2
		if err := json.Unmarshal(line, &two); err != nil {
			return h, fmt.Errorf("header: %w", err)
		}
		h = Header{V2, two.Width, two.Height, two.Env["TERM"], time.Unix(two.Time, 0), two.Command, two.Title}
	default:
		return h, fmt.Errorf("is an asciicast of version %d, and 2 and 3 can be read", v.Version)
	}
	if h.Cols <= 0 || h.Rows <= 0 {
		return h, errors.New("header: the terminal has no size")
	}
	return h, nil
}
