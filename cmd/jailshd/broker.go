package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/jailsh/jailsh/users"
	"golang.org/x/crypto/ssh"
)

// openTimeout is how long a cell may take to open, with the end of the one
// before it.
const openTimeout = 30 * time.Second

// table is what jailsh-net may ask for; there are no other verbs.
//
//	verb       when                          what is checked
//	configure  first                         nothing is asked, no secret is told
//	lookup     a key was offered             sizes; the blob is compared, not parsed; a
//	                                         certificate comes in the fields of a message
//	verify     a code was typed              the user exists and gives codes, how often, the code
//	sign       key exchange, key rotation    the key's index, the size of the hash
//	open       after a login                 the user exists and may log in now; that a code was verified
//	record     any time                      sizes, rate; values are quoted
//	recording  before a session is started   as open; that the user is recorded; how many are
//	seal       while it is recorded          which recording, that it grows, how often
func (d *daemon) table(r *recorders) []wire.Entry {
	t := newTickets()
	return []wire.Entry{
		wire.On(wire.VerbConfigure, d.configure),
		wire.On(wire.VerbLookup, d.lookup),
		wire.On(wire.VerbVerify, func(m *wire.Verify, files []*os.File) (wire.Message, []*os.File, error) { return d.verify(t, m, files) }),
		wire.On(wire.VerbSign, d.sign),
		wire.On(wire.VerbOpen, func(m *wire.Open, files []*os.File) (wire.Message, []*os.File, error) { return d.openCell(t, m, files) }),
		wire.On(wire.VerbRecord, d.record),
		wire.On(wire.VerbRecording, func(m *wire.Recording, files []*os.File) (wire.Message, []*os.File, error) {
			return r.record(t, m, files)
		}),
		wire.On(wire.VerbSeal, r.seal),
	}
}

func (d *daemon) configure(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	listeners := make([]*os.File, 0, len(d.listeners))
	for _, l := range d.listeners {
		f, err := duplicate(l) // what is sent is closed afterwards
		if err != nil {
			closeAll(listeners)
			return nil, nil, err
		}
		listeners = append(listeners, f)
	}
	m := d.netConfig()
	for _, k := range d.hostKeys {
		m.HostKeys = append(m.HostKeys, k.PublicKey().Marshal())
	}
	return m, listeners, nil
}

// netConfig is what of jailsh.toml is jailsh-net's to do.
func (d *daemon) netConfig() *wire.NetConfig {
	cfg := d.instance.Load().Config
	return &wire.NetConfig{
		LoginGrace: cfg.LoginGrace, MaxAuthTries: uint32(cfg.MaxAuthTries),
		StartupsBegin: uint32(cfg.MaxStartups.Begin), StartupsRate: uint32(cfg.MaxStartups.Rate),
		StartupsFull: uint32(cfg.MaxStartups.Full), StartupsPerSource: uint32(cfg.MaxStartupsPerSource),
		RekeyLimit: uint64(cfg.RekeyLimit), RekeyInterval: cfg.RekeyInterval,
		AliveInterval: cfg.AliveInterval, AliveCountMax: uint32(cfg.AliveCountMax),
		MaxSessions: uint32(cfg.MaxSessions), MaxChannels: uint32(cfg.MaxChannels), LoginsPerSource: uint32(cfg.ConnectionsPerSource),
		Banner: cfg.Banner, ShareAddress: cfg.ShareAddress,
		PublicKeyAlgorithms: cfg.PublicKeys.Algorithms, RequiredRSASize: uint32(cfg.PublicKeys.RSABits),
		HostCertificates: d.shownCertificates(time.Now()),
		SourceBits4:      uint32(cfg.Sources.Bits4), SourceBits6: uint32(cfg.Sources.Bits6),
		ProxiesFrom: cfg.Sources.Proxies, Penalties: cfg.Sources.Penalties, Watch: cfg.Watch,
	}
}

func (d *daemon) lookup(m *wire.Lookup, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	from, err := netip.ParseAddr(m.From)
	if err != nil {
		return nil, nil, errors.New("lookup: the source is no address")
	}
	i := d.instance.Load()
	decision := i.Users.Authorize(users.Query{
		User: m.User, Key: m.Key, Certificate: m.Certificate, From: from.Unmap(), Now: time.Now(), Since: m.Since,
	})
	decision.Grant.Reason = config.Hints(decision.Grant.Reason, i.Config.File)
	return &decision.Grant, nil, nil
}

// hashes are the sizes of the exchange hashes of all key exchanges (RFC 4253
// section 8, RFC 5656), the first of which is the session's identifier. A host key
// signs such a hash, or a proof that begins with its purpose and has the identifier
// in it: longer than any hash, so neither can be taken for the other.
var hashes = map[int]bool{20: true, 32: true, 48: true, 64: true}

func (d *daemon) sign(m *wire.Sign, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if int(m.Key) >= len(d.hostKeys) || !hashes[len(m.Data)] {
		return nil, nil, errors.New("sign: no such key, or not an exchange hash")
	}
	key := d.hostKeys[m.Key]
	data := m.Data
	if m.Proof {
		data = ssh.Marshal(struct {
			Purpose      string
			Session, Key []byte
		}{"hostkeys-prove-00@openssh.com", m.Data, key.PublicKey().Marshal()})
	}
	var signature *ssh.Signature
	var err error
	if with, ok := key.(ssh.AlgorithmSigner); ok && m.Algorithm != "" {
		signature, err = with.SignWithAlgorithm(rand.Reader, data, m.Algorithm)
	} else {
		signature, err = key.Sign(rand.Reader, data)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("sign: %w", err)
	}
	return &wire.Signature{Format: signature.Format, Blob: signature.Blob}, nil, nil
}

// errOpen is all that jailsh-net learns of a cell that didn't open; the reason
// is in the log, under the reference.
var errOpen = errors.New("the cell could not be opened")

func (d *daemon) openCell(t tickets, m *wire.Open, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	var opened *jail.Opened
	err := d.proven(t, m)
	if err == nil {
		opened, err = d.cell(m.User, m.Ref)
	}
	if err != nil {
		d.events.write(slog.LevelError, "open: "+config.Hints(err.Error(), d.instance.Load().Config.File), slog.String("ref", m.Ref), slog.String("user", m.User))
		return nil, nil, errOpen
	}
	return &wire.Opened{Cell: opened.Cell, Cold: opened.Cold}, []*os.File{opened.Socket}, nil
}

// cell opens the cell of a user who may log in now. Who it is was proven to
// jailsh-net; what the cell is made of comes from the table alone. ref is the
// reference of who asks, in the log.
func (d *daemon) cell(name, ref string) (*jail.Opened, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	if user, ok := d.instance.Load().Users.User(name); !ok || !user.Active(time.Now()) {
		return nil, fmt.Errorf("user %q: isn't in the table, or may not log in now - see: jailsh explain %q", name, name)
	}
	var began time.Time
	opened, err := d.cells.Open(ctx, name, func() (*wire.Spec, func(), error) {
		began = time.Now()
		inst := d.instance.Load() // there may have been a wait, and a reload
		user, ok := inst.Users.User(name)
		if !ok || !user.Active(time.Now()) {
			return nil, nil, fmt.Errorf("user %q: was removed meanwhile", name)
		}
		account, err := inst.Account(user)
		if err != nil {
			return nil, nil, err
		}
		spec, err := jail.Plan(account)
		if err != nil {
			return nil, nil, err
		}
		release, err := d.holdTemplate(account.Template.Build)
		return spec, release, err
	})
	if err == nil && opened.Cold {
		d.lives.Go(func() { d.events.life(opened, name, ref, began) })
	}
	return opened, err
}

// holdTemplate keeps the build for a cell. With the last cell of one that isn't
// current any more it goes.
func (d *daemon) holdTemplate(build string) (release func(), err error) {
	letGo, err := template.Hold(build)
	if err != nil {
		return nil, err
	}
	return func() {
		letGo()
		if err := template.Collect(build); err != nil {
			d.log.Warn("old build not removed", "build", build, "error", err.Error())
		}
	}, nil
}

func (d *daemon) record(m *wire.Records, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	for i := range m.List {
		d.events.record(&m.List[i])
	}
	return nil, nil, nil
}
