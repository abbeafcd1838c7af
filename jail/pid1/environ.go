package pid1

import "strings"

// environment is what a process starts with: what the client asked for, then
// what the administrator and the jail fix, which wins. Nothing of PID 1's own
// environment, which is empty, takes part.
func environment(client, fixed []string, tty string) []string {
	if tty != "" {
		fixed = append(fixed[:len(fixed):len(fixed)], "SSH_TTY="+tty)
	}
	values := map[string]string{"LANG": "C.UTF-8"}
	names := []string{"LANG"}
	for _, list := range [][]string{client, fixed} {
		for _, entry := range list {
			name, value, ok := strings.Cut(entry, "=")
			if !ok || name == "" {
				continue
			}
			if _, seen := values[name]; !seen {
				names = append(names, name)
			}
			values[name] = value
		}
	}
	env := make([]string, len(names))
	for i, name := range names {
		env[i] = name + "=" + values[name]
	}
	return env
}
