package instance

import (
	"errors"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/users"
)

// Instance is a loaded configuration with its user table.
type Instance struct {
	Config *config.Config
	Users  *users.Table
}

// Load reads jailsh.toml at path, and the users.toml that it names. The error is
// a strict.Problems with all problems of both files: a jailsh.toml that is wrong
// elsewhere doesn't hide what is wrong in users.toml.
func Load(path string) (*Instance, error) {
	cfg, err := config.Load(path)
	problems := Problems(err)
	if cfg == nil {
		return nil, problems.Err()
	}
	base, found := Base(cfg)
	problems = append(problems, found...)
	table, err := users.Load(cfg.Users, base)
	if problems = append(problems, Problems(err)...); len(problems) > 0 {
		return nil, problems.Err()
	}
	return &Instance{Config: cfg, Users: table}, nil
}

// Problems takes an error of config.Load, users.Load or Load apart.
func Problems(err error) strict.Problems {
	var many strict.Problems
	var one *strict.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		return many
	case errors.As(err, &one):
		return strict.Problems{one}
	}
	return strict.Problems{{File: "jailsh", What: err.Error()}}
}
