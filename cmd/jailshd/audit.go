package main

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// auditLog is logs/audit.log: one JSON object a line, for every login, refusal,
// session and cell. SIGHUP opens it again, for logrotate(8).
type auditLog struct {
	path string

	mu   sync.Mutex
	file *os.File
}

func openAudit(path string) (*auditLog, error) {
	a := &auditLog{path: path}
	return a, a.reopen()
}

func (a *auditLog) reopen() error {
	f, err := os.OpenFile(a.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("audit log: %w - see to logs of jailsh.toml", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil {
		a.file.Close()
	}
	a.file = f
	return nil
}

// Write appends one line; it is the sink of slog's handler.
func (a *auditLog) Write(line []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.file.Write(line)
}

func (a *auditLog) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil {
		a.file.Close()
	}
}
