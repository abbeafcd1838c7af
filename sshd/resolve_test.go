package sshd

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// resolving is a cell whose applet says the same of every name.
func resolving(says string, dial func(context.Context, *wire.Dial) (*os.File, error)) setting {
	return func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{dial: dial, spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
			if m.Program != wire.ProgramResolve {
				return nil, errors.New("not the applet")
			}
			script, p := newScript(f.t)
			if _, err := script.out.WriteString(says); err != nil {
				return nil, err
			}
			script.end(wire.Exit{})
			return p, nil
		}}
	}
}

// The addresses of a name are tried in turn; what isn't a name is not looked up.
func TestNamesAreLookedUpInTheCell(t *testing.T) {
	t.Parallel()
	var tried []string
	f := start(t, func(f *fixture, cfg *wire.NetConfig) {
		resolving("192.0.2.1\n127.0.0.1\n192.0.2.3\n", func(ctx context.Context, m *wire.Dial) (*os.File, error) {
			tried = append(tried, m.To.Host)
			if strings.HasPrefix(m.To.Host, "192") {
				return nil, &wire.Failure{Text: "no route to host"}
			}
			return f.cell.Dial(ctx, m)
		})(f, cfg)
	})
	tg := newTarget(t, "tcp", "127.0.0.1:0")
	c := f.dial()
	for _, host := range []string{"a.name", "127.0.0.1", "localhost"} {
		ch, requests, err := c.OpenChannel("direct-tcpip", directTCP(host, tg.port))
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		go ssh.DiscardRequests(requests)
		_ = ch.Close()
		tg.next()
	}
	if got, want := strings.Join(tried, " "), "192.0.2.1 127.0.0.1 127.0.0.1 localhost"; got != want {
		t.Errorf("tried %s, want %s", got, want)
	}
	for host, want := range map[string]bool{"LocalHost.": false, "::1": false, "fe80::1%lo": false, "127.0.0.01": true, "a": true} {
		if isName(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
	f.broker.waitRecord(t, "forward", func(r *wire.Record) bool { return strings.HasPrefix(attr(r, "for"), "a.name:") })
}

// An applet that the user has got at can say what it likes.
func TestAnswersAboutNamesAreRead(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]string{
		"": "not known", "nonsense\n": "not known", "127.0.0.1": "refused", "127.0.0.1\nnonsense\n192.0.2.1\n": "refused",
		strings.Repeat("127.0.0.1\n", 10000/10): "refused",
	} {
		f := start(t, resolving(says, func(context.Context, *wire.Dial) (*os.File, error) {
			return nil, &wire.Failure{Text: "connection refused"}
		}))
		_, _, err := f.dial().OpenChannel("direct-tcpip", directTCP("a.name", 1))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", says, err)
		}
	}
}
