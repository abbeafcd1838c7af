package main

import (
	"context"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/reload"
)

// watchConfig reads both files again when one of them changes. What has changed
// since the daemon read them first is read now.
func (d *daemon) watchConfig() (*reload.Watcher, error) {
	var watcher *reload.Watcher
	made := make(chan struct{})
	load := func() error {
		<-made
		err := d.reload()
		watcher.SetFiles(d.configFiles()) // jailsh.toml may name another table now
		return err
	}
	watcher, err := reload.New(d.configFiles(), load, d.log)
	if err != nil {
		return nil, err
	}
	if fresh, certificates, err := d.fresh(); err == nil {
		d.instance.Store(fresh)
		d.hostCertificates.Store(&certificates)
	}
	close(made)
	return watcher, nil
}

func (d *daemon) configFiles() []string {
	cfg := d.instance.Load().Config
	return append([]string{cfg.File, cfg.Users}, cfg.WatchedFiles()...)
}

// reload reads the configuration beside the one in force, and swaps it if all of
// it is good. Who is gone, disabled or expired loses her cell with all that runs
// in it; every living connection's grant is looked up again.
func (d *daemon) reload() error {
	old := d.instance.Load()
	fresh, certificates, err := d.fresh()
	if err != nil {
		problems := instance.Problems(err)
		for _, p := range problems {
			p.Fix = config.Hints(p.Fix, old.Config.File)
		}
		return problems
	}
	if names := needRestart(d.began, fresh.Config); len(names) > 0 {
		d.log.Warn("reload: these take effect when jailshd is started again", "keys", names)
	}
	if err := d.router.Deny(fresh.Config.Egress.Deny); err != nil {
		return err
	}
	d.level.Set(fresh.Config.LogLevel)
	d.instance.Store(fresh)
	d.hostCertificates.Store(&certificates)
	d.warnCertificates(time.Now())
	d.net.recheck()
	d.endInactive()
	d.applyLimits()
	return nil
}

// fresh reads the configuration, and the certificates of the host keys, which
// stay those of the start.
func (d *daemon) fresh() (*instance.Instance, []*instance.HostCertificate, error) {
	inst, err := instance.Load(d.instance.Load().Config.File)
	if err != nil {
		return nil, nil, err
	}
	certificates, err := inst.HostCertificates(d.hostKeys)
	return inst, certificates, err
}

// inactive lists those who have a cell, and may not have one any more.
func (d *daemon) inactive() []string {
	table := d.instance.Load().Users
	return slices.DeleteFunc(d.cells.Users(), func(name string) bool {
		user, ok := table.User(name)
		return ok && user.Active(time.Now())
	})
}

// endInactive ends the cells of those who may not have one any more. It comes
// after recheck: a session that ends with its cell can't say why.
func (d *daemon) endInactive() {
	for _, name := range d.inactive() {
		d.log.Info("the user may not log in any more: ending her cell", "user", name)
		go d.cells.End(name, "she may not log in any more") // it gives her processes their grace
	}
}

// needRestart names the keys that differ from what the daemon was started with, and
// are used at the start only.
func needRestart(old, fresh *config.Config) []string {
	var names []string
	changed := func(name string, same bool) {
		if !same {
			names = append(names, name)
		}
	}
	changed("listen", slices.Equal(old.Listen, fresh.Listen))
	changed("host_keys", slices.Equal(old.HostKeys, fresh.HostKeys))
	changed("run_dir", old.RunDir == fresh.RunDir)
	changed("logs", old.Logs == fresh.Logs)
	changed("net_uid", old.NetUID == fresh.NetUID)
	changed("record_max_file", old.Recordings.MaxFile == fresh.Recordings.MaxFile)
	changed("egress_addresses", slices.Equal(old.Egress.Addresses, fresh.Egress.Addresses))
	return names
}

// expiryCheck is how often users and host certificates whose time has passed are
// looked for.
const expiryCheck = time.Minute

// watchExpiry ends the sessions and cells of users who expire while they are
// logged in, and shows clients no host certificate that has expired, until ctx
// ends.
func (d *daemon) watchExpiry(ctx context.Context) {
	last := time.Now()
	ticker := time.NewTicker(expiryCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			now := time.Now()
			turned := d.certificatesTurned(last, now)
			last = now
			if turned {
				d.warnCertificates(now)
			}
			if turned || len(d.inactive()) > 0 {
				d.net.recheck()
				d.endInactive()
			}
		case <-ctx.Done():
			return
		}
	}
}
