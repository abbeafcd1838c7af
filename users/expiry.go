package users

import (
	"fmt"
	"strings"
	"time"
)

// parseExpiry reads YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z], the times of
// expiry-time in sshd(8). Without Z the time is in loc.
func parseExpiry(s string, loc *time.Location) (time.Time, error) {
	digits := s
	if n := len(s); n > 0 && (s[n-1] == 'Z' || s[n-1] == 'z') {
		digits, loc = s[:n-1], time.UTC
	}
	layout := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	if layout != "" && strings.Trim(digits, "0123456789") == "" {
		if t, err := time.ParseInLocation(layout, digits, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time - write YYYYMMDD or YYYYMMDDHHMM, with Z for UTC", clip(s))
}
