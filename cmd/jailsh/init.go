package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/spf13/cobra"
)

func (a *app) initCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Make a complete instance in DIR",
		Long: `Make a complete instance in DIR: jailsh.toml, users.toml without a user, a host key,
the folders, and the template basic. What is there already is kept as it is, and
what jailsh.toml says elsewhere is made where it says. Running it again does no harm.`,
		Example: "  sudo jailsh init /etc/jailsh\n  sudo jailsh init --listen 0.0.0.0:2222 /srv/jailsh",
		Args:    exactly("DIR"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "host:port to write into a new jailsh.toml (default \"127.0.0.1:2222\")")
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("config") {
			return &usageError{"--config has no use here: the file is DIR/jailsh.toml"}
		}
		return a.initialize(c.Context(), args[0], listen)
	}
	return c
}

func (a *app) initialize(ctx context.Context, dir, listen string) error {
	if os.Geteuid() != 0 {
		return errors.New("init: an instance must belong to root, as whom jailshd runs - use sudo")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "jailsh.toml")
	server, err := serverSample(file, listen)
	if err != nil {
		return err
	}
	m := &maker{out: a.stdout}
	m.folder(dir, 0o755)
	m.file(file, server, 0o644)
	if m.err != nil {
		return m.err
	}
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	// Forced commands and environments are nobody else's business.
	m.file(cfg.Users, etc.SampleUsers(), 0o600)
	for _, key := range cfg.HostKeys {
		m.hostKey(key)
	}
	m.folder(cfg.Homes, 0o700) // entered by jailsh-init as root, and by nobody else
	m.folder(cfg.Templates, 0o755)
	m.folder(cfg.RunDir, 0o700)
	m.folder(cfg.Logs, 0o700)
	if m.err != nil {
		return m.err
	}
	i, err := instance.Load(file)
	if err != nil {
		return err
	}
	if _, err := i.HostKeys(); err != nil {
		return err
	}
	if err := a.initTemplate(ctx, m, cfg.Templates); err != nil {
		return err
	}
	if listen != "" && !slices.Contains(cfg.Listen, listen) {
		fmt.Fprintf(a.stdout, "%s listens on %s: --listen %s changed nothing - edit listen there\n", file, strings.Join(cfg.Listen, ", "), listen)
	}
	a.printNext(i)
	return nil
}

// serverSample is the jailsh.toml of a new instance.
func serverSample(file, listen string) ([]byte, error) {
	sample := etc.SampleServer()
	if listen == "" {
		return sample, nil
	}
	const def = `listen = ["127.0.0.1:2222"]`
	sample = []byte(strings.Replace(string(sample), def, fmt.Sprintf("listen = [%q]", listen), 1))
	cfg, err := config.Parse(file, file, sample)
	if problems := instance.Problems(err); len(problems) > 0 {
		return nil, &usageError{fmt.Sprintf("--listen: %s: %s", problems[0].What, problems[0].Fix)}
	}
	if !slices.Equal(cfg.Listen, []string{listen}) {
		return nil, fmt.Errorf("--listen: the sample jailsh.toml has no line %s - report this", def)
	}
	return sample, nil
}

// initTemplate builds basic unless there is a good build of it.
func (a *app) initTemplate(ctx context.Context, m *maker, dir string) error {
	path := filepath.Join(dir, "basic")
	if _, err := template.Open(dir, "basic"); err == nil {
		m.say("kept", path)
		return nil
	}
	info, err := a.buildTemplate(ctx, template.Options{Dir: dir, Name: "basic"})
	if err != nil {
		return err
	}
	m.say("built", fmt.Sprintf("%s (%d files, %s)", path, info.Files, size(info.Bytes)))
	return nil
}

// printNext says what is left to do until somebody can log in.
func (a *app) printNext(i *instance.Instance) {
	flag := ""
	if i.Config.File != config.DefaultFile {
		flag = " --config " + quote(i.Config.File)
	}
	user := "alice"
	fmt.Fprintf(a.stdout, "\nNext:\n")
	if names := i.Users.Names(); len(names) > 0 {
		user = names[0]
	} else {
		fmt.Fprintf(a.stdout, "  jailsh user add %s --key ~/.ssh/id_ed25519.pub%s\n", user, flag)
	}
	fmt.Fprintf(a.stdout, "  jailsh check%s\n  jailshd%s\n", flag, flag)
	host, port, _ := net.SplitHostPort(i.Config.Listen[0]) // config checked it
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	fmt.Fprintf(a.stdout, "  ssh -p %s %s@%s\n", port, user, host)
}
