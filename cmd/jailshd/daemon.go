package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/landlock"
	"github.com/jailsh/jailsh/internal/recordings"
	"github.com/jailsh/jailsh/internal/reload"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/cgroup"
	"github.com/jailsh/jailsh/jail/egress"
	"golang.org/x/crypto/ssh"
)

// daemon is one running jailshd.
type daemon struct {
	log    *slog.Logger
	level  slog.LevelVar
	audit  *auditLog
	events *events

	began            *config.Config                    // what it was started with
	instance         atomic.Pointer[instance.Instance] // replaced by a reload
	hostKeys         []ssh.Signer
	hostCertificates atomic.Pointer[[]*instance.HostCertificate] // of hostKeys; replaced by a reload
	pid              *pidFile
	listeners        []*os.File
	admin            *adminSocket
	watcher          *reload.Watcher
	programs         []*jail.Program // to be closed
	groups           *cgroup.Tree
	cells            *jail.Cells
	router           *egress.Router
	net              *network
	guesses          guesses
	recordings       *recordings.Store
	lives            sync.WaitGroup // one for each cell, which records its end
}

// newDaemon does everything that can be refused before anybody is served. All
// problems of the configuration come in one error.
func newDaemon(file string) (*daemon, error) {
	inst, err := instance.Load(file)
	if err != nil {
		return nil, fmt.Errorf("the configuration is not good:\n%w", err)
	}
	d := &daemon{began: inst.Config}
	d.instance.Store(inst)
	cfg := inst.Config
	d.level.Set(cfg.LogLevel)
	d.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &d.level}))
	if err := d.open(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// open acquires, in an order in which a failure leaves nothing of the others'.
func (d *daemon) open() (err error) {
	cfg := d.instance.Load().Config
	for _, dir := range []struct {
		path string
		mode os.FileMode
	}{{cfg.RunDir, 0o700}, {cfg.Logs, 0o700}, {cfg.RecordingsDir(), 0o700}, {cfg.Homes, 0o700}, {cfg.TOTP, 0o700}, {cfg.Templates, 0o755}} {
		if err := makeDir(dir.path, dir.mode); err != nil {
			return err
		}
	}
	if d.pid, err = lockPidFile(filepath.Join(cfg.RunDir, "jailshd.pid")); err != nil {
		return err
	}
	if d.audit, err = openAudit(filepath.Join(cfg.Logs, "audit.log")); err != nil {
		return err
	}
	d.recordings = &recordings.Store{Dir: cfg.RecordingsDir()}
	d.events = newEvents(d.log.Handler(), d.audit)
	if d.hostKeys, err = d.instance.Load().HostKeys(); err != nil {
		return err
	}
	certificates, err := d.instance.Load().HostCertificates(d.hostKeys)
	if err != nil {
		return err
	}
	d.hostCertificates.Store(&certificates)
	d.warnCertificates(time.Now())
	own, err := os.Executable()
	if err != nil {
		return err
	}
	beside := filepath.Dir(own)
	pid1, err := d.load(filepath.Join(beside, "jailsh-init"))
	if err != nil {
		return err
	}
	applet, err := d.load(filepath.Join(beside, "jailsh-applet"))
	if err != nil {
		return err
	}
	d.router = egress.New(cfg.RunDir, d.instance.Load().Egress())
	if err = d.router.Sweep(); err != nil {
		return err
	}
	if d.groups, err = d.prepareGroups(); err != nil {
		return err
	}
	d.cells = jail.NewCells(jail.Means{Program: pid1, Applet: applet, Router: d.router, Groups: d.groups, Strike: d.strike, Spare: true}, d.log)
	d.net = &network{daemon: d, program: filepath.Join(beside, "jailsh-net")}
	if err = jail.CheckProgram(d.net.program); err != nil {
		return err
	}
	if d.listeners, err = listen(cfg.Listen); err != nil {
		return err
	}
	if d.admin, err = listenAdmin(filepath.Join(cfg.RunDir, "jailshd.sock"), d); err != nil {
		return err
	}
	return nil
}

func (d *daemon) close() {
	if d.admin != nil {
		d.admin.close()
	}
	if d.cells != nil {
		d.cells.Close()
		d.lives.Wait()
	}
	if d.groups != nil {
		d.groups.Close()
	}
	if d.router != nil {
		if err := d.router.Close(); err != nil {
			d.log.Warn("egress: the table is still there", "error", err)
		}
	}
	for _, l := range d.listeners {
		l.Close()
	}
	for _, p := range d.programs {
		p.Close()
	}
	if d.audit != nil {
		d.audit.close()
	}
	if d.pid != nil {
		d.pid.remove()
	}
}

// load takes a program that runs in jails into memory.
func (d *daemon) load(path string) (*jail.Program, error) {
	p, err := jail.LoadProgram(path)
	if err == nil {
		d.programs = append(d.programs, p)
	}
	return p, err
}

// run serves until ctx ends.
func (d *daemon) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if landlock.Version() < landlock.Least {
		d.log.Warn("the kernel has no Landlock, or an old one: jails are made without it")
	}
	watcher, err := d.watchConfig()
	if err != nil {
		return err
	}
	d.watcher = watcher
	defer watcher.Close()

	var parts sync.WaitGroup
	parts.Go(func() { d.net.supervise(ctx) })
	parts.Go(func() { d.admin.serve() })
	parts.Go(func() { d.reloadOnHangup(ctx) })
	parts.Go(func() { d.watchExpiry(ctx) })
	parts.Go(func() { d.sweepRecordings(ctx) })
	for _, addr := range d.instance.Load().Config.Listen {
		d.log.Info("listening", "addr", addr)
	}
	<-ctx.Done()
	d.log.Info("stopping: ending all sessions and cells")
	d.admin.close()
	parts.Wait()
	return nil
}

func (d *daemon) reloadOnHangup(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-hangups:
			if err := d.audit.reopen(); err != nil {
				d.log.Error("audit log: goes on in the old file", "error", err)
			}
			d.watcher.Reload()
		case <-ctx.Done():
			return
		}
	}
}

// listen binds all addresses, or none. The sockets themselves are handed to
// jailsh-net, each time that it starts.
func listen(addrs []string) (files []*os.File, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			files = nil
		}
	}()
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return files, fmt.Errorf("listen %s: the port is taken - see who has it with: ss -ltnp 'sport = %s'; or change listen in jailsh.toml", addr, portOf(addr))
		}
		if err != nil {
			return files, fmt.Errorf("listen: %w - change listen in jailsh.toml", err)
		}
		f, err := l.(*net.TCPListener).File()
		l.Close() // File is a duplicate
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return ":" + port
}

// makeDir makes a folder of the instance's, or refuses one that others may
// write to.
func makeDir(path string, mode os.FileMode) error {
	err := os.Mkdir(path, mode)
	if err == nil {
		return os.Chmod(path, mode) // whatever the umask was
	}
	if !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w - make the folder above it", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if !info.IsDir() || owner != 0 || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s: must be a folder of root's that nobody else can write to (uid %d, mode %v) - run: chown root: %s; chmod go-w %s",
			path, owner, info.Mode().Perm(), path, path)
	}
	return nil
}
