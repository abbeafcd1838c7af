package config

import "testing"

func TestHintsNameTheInstance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ message, file, want string }{
		{"template basic: not built - run: jailsh template build basic", DefaultFile, "template basic: not built - run: jailsh template build basic"},
		{"not built - run: jailsh template build basic", "/srv/j/jailsh.toml", "not built - run: jailsh --config /srv/j/jailsh.toml template build basic"},
		{"run: jailsh check, then: jailsh explain 'x'", "/a b/it's.toml", `run: jailsh --config '/a b/it'\''s.toml' check, then: jailsh --config '/a b/it'\''s.toml' explain 'x'`},
		{"see to run_dir of jailsh.toml", "/srv/j/jailsh.toml", "see to run_dir of jailsh.toml"},
		{"run: jailsh init DIR", "/srv/j/jailsh.toml", "run: jailsh init DIR"},
	} {
		if got := Hints(test.message, test.file); got != test.want {
			t.Errorf("%q, %s:\n%s\nwant:\n%s", test.message, test.file, got, test.want)
		}
	}
}
