package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/users"
)

// limitsRow is what the user may use up, as users.toml writes it; a part of the
// host's memory is a size here.
type limitsRow struct {
	Memory     string `json:"memory"`
	Swap       string `json:"swap"`
	Processes  string `json:"processes"`
	CPU        string `json:"cpu"`
	OpenFiles  string `json:"open_files"`
	FileSize   string `json:"file_size"`
	CPUTime    string `json:"cpu_time"`
	Home       string `json:"home"`
	Logins     string `json:"connections"`
	Sessions   string `json:"sessions"`
	Idle       string `json:"idle"`
	MaxSession string `json:"max_session"`
}

const unlimited = "unlimited"

func newLimits(w wire.Limits, u users.Limits) limitsRow {
	size := func(n int64) string { return amount(n, strict.ShowSize) }
	count := func(n int64) string { return amount(n, func(n int64) string { return strconv.FormatInt(n, 10) }) }
	lasting := func(d time.Duration) string { return amount(d, time.Duration.String) }
	row := limitsRow{
		Memory: size(w.Memory), Swap: unlimited, Processes: count(w.Processes), CPU: unlimited,
		OpenFiles: count(w.OpenFiles), FileSize: size(w.FileSize), CPUTime: lasting(w.CPUTime), Home: size(u.Home),
		Logins: count(int64(u.Logins)), Sessions: count(int64(u.Sessions)), Idle: lasting(u.Idle), MaxSession: lasting(u.MaxSession),
	}
	if w.Memory > 0 && w.Swap >= 0 {
		row.Swap = strict.ShowSize(w.Swap)
	}
	if w.CPU > 0 {
		row.CPU = strconv.FormatFloat(float64(w.CPU)/1000, 'g', -1, 64)
	}
	return row
}

// amount shows a limit; there is none of 0.
func amount[N int64 | time.Duration](n N, show func(N) string) string {
	if n == 0 {
		return unlimited
	}
	return show(n)
}

func (l limitsRow) String() string {
	var parts []string
	for _, p := range [][2]string{
		{"memory", l.Memory},
		{"swap", l.Swap},
		{"processes", l.Processes},
		{"cpu", l.CPU},
		{"open files", l.OpenFiles},
		{"file size", l.FileSize},
		{"cpu time", l.CPUTime},
		{"home", l.Home},
		{"connections", l.Logins},
		{"sessions", l.Sessions},
		{"idle", l.Idle},
		{"max session", l.MaxSession},
	} {
		parts = append(parts, fmt.Sprintf("%s %s", p[0], p[1]))
	}
	return strings.Join(parts, ", ")
}
