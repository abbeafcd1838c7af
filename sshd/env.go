package sshd

import (
	"strings"

	"github.com/jailsh/jailsh/internal/environ"
	"github.com/jailsh/jailsh/internal/wire"
)

// What a client may send, per session. Both are below the caps of wire.Spawn, so
// that what the server and the administrator add always has room.
const (
	maxClientEnv    = 128      // variables
	maxClientEnvAll = 16 << 10 // bytes of all NAME=value together
)

// environment collects variables, in order and each name once: a value that is
// set later takes the place of the earlier.
type environment struct {
	list []string // NAME=value
	size int      // bytes of list
}

// parseEnv decodes an env request, RFC 4254 section 6.4.
func parseEnv(data []byte) (name, value string, ok bool) {
	p := payload{rest: data}
	name, value = p.string(wire.MaxEnvLen), p.string(wire.MaxEnvLen)
	return name, value, p.ok()
}

// fromClient sets what a client has sent, if patterns accept its name and there
// is room. What is not accepted is left out without a word, as in sshd(8).
func (e *environment) fromClient(patterns []string, name, value string) bool {
	if len(name)+1+len(value) > wire.MaxEnvLen || !environ.Accept(patterns, name, value) {
		return false
	}
	return e.set(name, value, maxClientEnv, maxClientEnvAll)
}

// set sets a variable unless the list would have more than count entries, or
// more than size bytes.
func (e *environment) set(name, value string, count, size int) bool {
	entry := name + "=" + value
	if i := e.find(name); i >= 0 {
		if e.size-len(e.list[i])+len(entry) > size {
			return false
		}
		e.size += len(entry) - len(e.list[i])
		e.list[i] = entry
		return true
	}
	if len(e.list) >= count || e.size+len(entry) > size {
		return false
	}
	e.list = append(e.list, entry)
	e.size += len(entry)
	return true
}

// find returns the place of a variable, or -1.
func (e *environment) find(name string) int {
	for i, entry := range e.list {
		if len(entry) > len(name) && entry[len(name)] == '=' && strings.HasPrefix(entry, name) {
			return i
		}
	}
	return -1
}

// add sets a variable of the server's own or of the administrator's. It reports
// whether it fits the caps of wire.Spawn.
func (e *environment) add(name, value string) bool {
	if len(name)+1+len(value) > wire.MaxEnvLen {
		return false
	}
	return e.set(name, value, wire.MaxEnv, wire.MaxEnvAll)
}

// fill adds the variables of other that e doesn't have, as far as there is room.
func (e *environment) fill(other *environment) {
	for _, entry := range other.list {
		name, value, _ := strings.Cut(entry, "=")
		if e.find(name) < 0 {
			e.add(name, value)
		}
	}
}
