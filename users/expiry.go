package users

import (
	"fmt"
	"strings"
	"time"
)

// parseExpiry reads YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z], the times of
// expiry-time in sshd(8). Without Z the time is in loc. UTC in the place of Z
// isn't documented, but sshd takes it.
func parseExpiry(s string, loc *time.Location) (time.Time, error) {
	digits := strings.ToUpper(s)
	for _, zone := range []string{"Z", "UTC"} {
		if d, ok := strings.CutSuffix(digits, zone); ok {
			digits, loc = d, time.UTC
			break
		}
	}
	layout := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	if layout != "" && strings.Trim(digits, "0123456789") == "" {
		if t, err := time.ParseInLocation(layout, digits, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time - write YYYYMMDD or YYYYMMDDHHMM, with Z for UTC", clip(s))
}
