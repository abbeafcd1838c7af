package strict

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"uid", "gid", "shell", "hostname", "kill_on_logout", "authorized_keys", "env"}
	for word, want := range map[string]string{
		"uid": "uid", "udi": "uid", "shel": "shell", "sehll": "shell", "host_name": "hostname", "killonlogout": "kill_on_logout",
		"authorised_keys": "authorized_keys", "": "", "x": "", "colour": "", "environment": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
