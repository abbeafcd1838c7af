package config

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// Recordings is what holds for those of all users; whose sessions are recorded is said
// in users.toml.
type Recordings struct {
	Version int           // of asciicast
	Input   bool          // what is typed is recorded too
	MaxFile int64         // bytes of one
	MaxSize int64         // bytes of all of one user; 0: no limit
	MaxAge  time.Duration // since the end of one; 0: for ever
}

func recordingsDefaults() Recordings {
	return Recordings{Version: cast.V3, MaxFile: 256 << 20, MaxSize: 4 << 30}
}

// RecordingsDir is where they are.
func (c *Config) RecordingsDir() string { return filepath.Join(c.Logs, "recordings") }

func format(v *strict.Value, to *int) {
	s, ok := v.Text(wire.MaxName)
	switch {
	case !ok:
	case s == "asciicast-v3":
		*to = cast.V3
	case s == "asciicast-v2":
		*to = cast.V2
	default:
		v.Bad(fmt.Sprintf("%q is no format", s), `use "asciicast-v3" or "asciicast-v2"`)
	}
}

// unlimitedSize reads a size, or "unlimited".
func unlimitedSize(v *strict.Value, to *int64) {
	if v.Is("unlimited") {
		*to = 0
	} else if n, ok := v.Size(1<<20, 1<<50); ok {
		*to = n
	}
}
