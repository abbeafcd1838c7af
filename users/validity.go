package users

import (
	"math"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// farOff is a time in seconds since 1970 that nobody will see, far from where
// times overflow.
const farOff = 1 << 40

// lastSecond is when the certificate is good for the last time; zero is never.
func lastSecond(c *wire.Certificate) time.Time {
	if c.ValidBefore > farOff {
		return time.Time{}
	}
	return time.Unix(int64(c.ValidBefore)-1, 0)
}

func moment(seconds uint64) string {
	switch {
	case seconds == math.MaxUint64:
		return "forever"
	case seconds > farOff:
		return "the far future"
	}
	return time.Unix(int64(seconds), 0).Format(time.RFC3339)
}
