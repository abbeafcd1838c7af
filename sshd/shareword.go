package sshd

import (
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// mainName is what something is shared under unless its owner says otherwise.
const mainName = "main"

// share is @share: it lets others see one of the owner's terminals.
func (s *session) share(args []string) error {
	terms := share.Terms{Name: mainName}
	args, err := s.options("@share", args, 0, 1, func(f *flag.FlagSet) {
		f.Func("name", "", func(v string) error { return setName(&terms.Name, v) })
		termFlags(f, &terms)
	})
	if err != nil {
		return err
	}
	l, err := s.ownTerminal(args)
	if err != nil {
		return err
	}
	if _, err := s.offer(l, terms, s.channel); err != nil {
		return err
	}
	if owner := s.conn.server.sessionOf(l); owner != nil {
		owner.showAudience(l)
	}
	return nil
}

// termFlags are the options that @share and @publish have.
func termFlags(f *flag.FlagSet, t *share.Terms) {
	f.BoolFunc("type", "", func(string) error {
		t.Role = share.Type
		return nil
	})
	f.BoolVar(&t.Once, "once", false, "")
	f.BoolVar(&t.Approve, "approve", false, "")
	f.BoolVar(&t.NoToken, "no-token", false, "")
	f.Func("for", "", func(v string) error {
		var name string
		if err := setName(&name, v); err != nil {
			return err
		}
		t.Users = append(t.Users, name)
		return nil
	})
	f.Func("ttl", "", func(v string) (err error) {
		if t.TTL, err = time.ParseDuration(v); err == nil && t.TTL <= 0 {
			err = fmt.Errorf("%q is no time: write it like 10m", v)
		}
		return err
	})
}

// setName takes the name of a share or a user: what can stand in a command and in a
// log.
func setName(to *string, v string) error {
	ok := v != "" && len(v) <= wire.MaxName
	for _, c := range []byte(v) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-", c) >= 0)
	}
	if !ok {
		return fmt.Errorf("%q is no name: take letters, digits, dot, dash and underscore", v)
	}
	*to = v
	return nil
}

// ownTerminal is the one with the number, or the only one.
func (s *session) ownTerminal(args []string) (*share.Live, error) {
	if len(args) == 0 && s.within != nil {
		return s.within, nil
	}
	all := s.conn.server.hub.Live(s.id.user)
	if len(args) == 1 {
		for _, l := range all {
			if l.Label == args[0] {
				return l, nil
			}
		}
		return nil, fmt.Errorf("you have no terminal %s", shown(args[0], maxShown))
	}
	switch len(all) {
	case 0:
		return nil, fmt.Errorf("you have no terminal here that could be shared: log in with one first")
	case 1:
		return all[0], nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "you have %d terminals: say which by its number", len(all))
	for _, l := range all {
		title, _ := l.Title()
		fmt.Fprintf(&b, "\n  %s  since %s  %s", l.Label, l.Since.Format("15:04:05"), shown(title, maxShown))
	}
	return nil, fmt.Errorf("%w: %s", errUsage, b.String())
}

// offer shares a terminal and tells how to get there. The token is told to nobody else,
// and isn't in the log.
func (s *session) offer(l *share.Live, t share.Terms, to io.Writer) (*share.Share, error) {
	if t.NoToken && t.Once {
		return nil, fmt.Errorf("%w: --once says how often the token is good, and there is none", errUsage)
	}
	sh, token, err := s.conn.server.hub.Share(l, t)
	if err != nil {
		return nil, err
	}
	s.conn.record(levelInfo, "share", "", "name", t.Name, "role", t.Role.String(), "for", strings.Join(t.Users, ","), "until", untilText(sh))
	host, port := s.conn.reached()
	s.remark(fmt.Sprintf("%s is shared, to %s, %s", t.Name, t.Role, untilText(sh)))
	for _, user := range t.Users {
		s.remark(fmt.Sprintf("%s may join by: ssh -t -p %s %s@%s @watch %s/%s", user, port, user, host, s.id.user, t.Name))
	}
	if !t.NoToken {
		s.lines(to, fmt.Sprintf("ssh -p %s %s@%s", port, token, host))
	}
	return sh, nil
}

// reached is how others get to this server: by what the administrator says, else by
// what this client has come to.
func (c *connection) reached() (host, port string) {
	if host, port, err := net.SplitHostPort(c.settings.ShareAddress); err == nil {
		return host, port
	}
	return c.addresses.server, strconv.Itoa(int(c.addresses.serverPort))
}

func untilText(sh *share.Share) string {
	if sh.Until.IsZero() {
		return "until its terminal ends"
	}
	return "until " + sh.Until.Format(time.TimeOnly)
}

func (s *session) shareList(args []string) error {
	if _, err := s.options("@share list", args, 0, 0, nil); err != nil {
		return err
	}
	s.listAdministrators()
	all := s.conn.server.hub.Shares(s.id.user)
	if len(all) == 0 {
		s.remark("you share nothing")
	}
	for _, sh := range all {
		s.say(fmt.Sprintf("%s  terminal %s  to %s  %s", sh.Name, sh.Terminal.Label, sh.Role, untilText(sh)))
		for _, v := range sh.Viewers() {
			s.say(fmt.Sprintf("%s/%d  %s  may %s  since %s", sh.Name, v.Number, v.Name, v.Role(), v.Since.Format(time.TimeOnly)))
		}
		for _, w := range sh.Waiting() {
			s.say(waitingLine(w))
		}
	}
	return nil
}

func (s *session) shareRole(args []string) error {
	args, err := s.options("@share role", args, 2, 2, nil)
	if err != nil {
		return err
	}
	v, err := s.ownViewer(args[0])
	if err != nil {
		return err
	}
	i := slices.IndexFunc([]share.Role{share.View, share.Type}, func(r share.Role) bool { return r.String() == args[1] })
	if i < 0 {
		return fmt.Errorf("%w: %s is no role: write view or type", errUsage, shown(args[1], maxShown))
	}
	v.SetRole(share.Role(i))
	s.conn.record(levelInfo, "share role", "", "viewer", v.Name, "role", args[1])
	return nil
}

func (s *session) shareKick(args []string) error {
	args, err := s.options("@share kick", args, 1, 1, nil)
	if err != nil {
		return err
	}
	if w := s.ownWaiting(args[0]); w != nil {
		w.Refuse()
		s.conn.record(levelInfo, "share kick", "", "viewer", w.Name)
		return nil
	}
	v, err := s.ownViewer(args[0])
	if err != nil {
		return err
	}
	v.Remove()
	s.conn.record(levelInfo, "share kick", "", "viewer", v.Name)
	return nil
}

func (s *session) shareStop(args []string) error {
	args, err := s.options("@share stop", args, 1, 1, nil)
	if err != nil {
		return err
	}
	sh := s.conn.server.hub.Named(s.id.user, args[0])
	if sh == nil {
		return fmt.Errorf("you share no %s", shown(args[0], maxShown))
	}
	sh.Stop()
	s.conn.record(levelInfo, "share stop", "", "name", sh.Name)
	return nil
}

// ownViewer is one of those who look at what the owner shares, by NAME/NUMBER.
func (s *session) ownViewer(given string) (*share.Viewer, error) {
	name, number, _ := strings.Cut(given, "/")
	if sh := s.conn.server.hub.Named(s.id.user, name); sh != nil {
		for _, v := range sh.Viewers() {
			if strconv.Itoa(v.Number) == number {
				return v, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no viewer %s: see @share list", shown(given, maxShown))
}

// watch is @watch: somebody with an account looks at what another user shares with
// her. Whether there is something that isn't for her isn't told.
func (s *session) watch(args []string) error {
	args, err := s.options("@watch", args, 1, 1, nil)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(args[0], "/")
	sh := s.conn.server.hub.Named(owner, name)
	may := func(g *wire.Grant) bool { return s.mayWatch(g, sh) }
	if sh == nil || !may(s.conn.policy.Load()) {
		return fmt.Errorf("nothing is shared with you as %s", shown(args[0], maxShown))
	}
	return s.view(sh, s.id.user, may)
}

// mayWatch tells whether a user may see by her own login what is shared: it is hers,
// the owner has named her, or the administrator has.
func (s *session) mayWatch(g *wire.Grant, sh *share.Share) bool {
	owner := sh.Terminal.Owner
	return owner == s.id.user || slices.Contains(sh.Users, s.id.user) || slices.Contains(g.Shares, owner)
}
