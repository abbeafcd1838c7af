package integration

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sshdConfig is an sshd_config as it counts for one user who comes from one
// address: keywords in lower case, and for each its lines' arguments.
type sshdConfig map[string][][]string

// readConfig reads the file, and further lines before it, which win (sshd -o).
func readConfig(file string, options []string, user, address string) (sshdConfig, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all, matched := sshdConfig{}, sshdConfig{}
	to := all
	for line := range strings.Lines(strings.Join(options, "\n") + "\n" + string(text)) {
		words, err := splitConfig(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
		if len(words) == 0 {
			continue
		}
		keyword := strings.ToLower(words[0])
		if keyword != "match" {
			to[keyword] = append(to[keyword], words[1:])
			continue
		}
		matches, err := match(words[1:], user, address)
		if err != nil {
			return nil, err
		}
		if to = (sshdConfig{}); matches {
			to = matched
		}
	}
	for keyword, lines := range matched {
		all[keyword] = lines
	}
	return all, nil
}

// splitConfig splits a line into its words: a keyword, a blank or =, arguments,
// with quotes anywhere.
func splitConfig(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quote, inWord := rune(0), false
	for _, r := range strings.TrimSpace(line) + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == '#' && !inWord:
			return words, nil
		case r == ' ' || r == '\t' || r == '=' && len(words) == 0:
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote isn't closed")
	}
	return words, nil
}

// match tells whether a Match line is about this connection.
func match(criteria []string, user, address string) (bool, error) {
	if len(criteria) == 1 && strings.EqualFold(criteria[0], "all") {
		return true, nil
	}
	for n := 0; n+1 < len(criteria); n += 2 {
		var is string
		switch strings.ToLower(criteria[n]) {
		case "user":
			is = user
		case "address":
			is = address
		default:
			return false, fmt.Errorf("Match %s: has no counterpart", criteria[n])
		}
		if !slices.Contains(strings.Split(criteria[n+1], ","), is) {
			return false, nil
		}
	}
	return true, nil
}

// first is the first argument of a keyword's first line, "" if there is none.
func (c sshdConfig) first(keyword string) string {
	if len(c[keyword]) == 0 || len(c[keyword][0]) == 0 {
		return ""
	}
	return c[keyword][0][0]
}

// settings are what a jailsh is configured with to be as an sshd_config says.
type settings struct {
	server string              // lines of jailsh.toml
	user   string              // lines of [user.NAME]
	files  map[string][]string // keys of jailsh.toml that name files, with those of the script
}

// ignored are the keywords that change nothing: each with its reason.
func ignored() map[string]string {
	return map[string]string{
		"port": "the daemon's", "listenaddress": "the daemon's", "addressfamily": "the daemon's", "pidfile": "the daemon's",
		"loglevel": "of sshd's own log", "usepam": "jailsh has no passwords", "strictmodes": "jailsh always is",
		"subsystem":              "sftp is jailsh's own",
		"securitykeyprovider":    "of host keys in a token",
		"useprivilegeseparation": "jailsh always does; so does sshd since 7.5", "protocol": "there is one",
		"ciphers":                  "the client asks for the one; jailsh offers it among others",
		"macs":                     "as ciphers",
		"kexalgorithms":            "as ciphers",
		"hostkeyalgorithms":        "as ciphers",
		"permituserenvironment":    "jailsh honours environment= of keys",
		"modulifile":               "jailsh has no group exchange",
		"authorizedprincipalsfile": "read with trustedusercakeys",
		"allowtcpforwarding":       "read by forwards", "permitopen": "read by forwards", "permitlisten": "read by forwards",
	}
}

// translate says the configuration in jailsh's words.
func translate(c sshdConfig, user string) (settings, error) {
	s := settings{files: map[string][]string{}}
	for keyword := range c {
		if _, known := translations()[keyword]; !known && ignored()[keyword] == "" {
			return s, fmt.Errorf("%s: has no counterpart", keyword)
		}
	}
	for _, keyword := range slices.Sorted(keysOf(translations())) {
		if len(c[keyword]) == 0 {
			continue
		}
		if err := translations()[keyword](&s, c, user); err != nil {
			return s, fmt.Errorf("%s: %w", keyword, err)
		}
	}
	return s, forwards(&s, c)
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func translations() map[string]func(s *settings, c sshdConfig, user string) error {
	return map[string]func(s *settings, c sshdConfig, user string) error{
		"acceptenv":          acceptEnv,
		"allowusers":         allowUsers,
		"authorizedkeysfile": authorizedKeys,
		"banner":             banner,
		"denyusers":          denyUsers,
		"forcecommand":       forceCommand,
		"hostkey":            hostKeys,
		"logingracetime": func(s *settings, c sshdConfig, _ string) error {
			return s.serverKey("login_grace", c.first("logingracetime"))
		},
		"maxstartups": func(s *settings, c sshdConfig, _ string) error {
			n := c.first("maxstartups")
			return s.serverKey("max_startups", n+":100:"+n)
		},
		"authenticationmethods": func(_ *settings, c sshdConfig, _ string) error {
			if words := c["authenticationmethods"][0]; len(words) != 1 || words[0] != "publickey" {
				return fmt.Errorf("%q isn't what a jailsh login takes", words)
			}
			return nil
		},
		"hostcertificate":          hostCertificates,
		"pubkeyacceptedalgorithms": acceptedAlgorithms,
		"revokedkeys": func(s *settings, c sshdConfig, _ string) error {
			s.files["revoked_keys"] = []string{c.first("revokedkeys")}
			return nil
		},
		"rekeylimit":        rekeyLimit,
		"setenv":            setEnv,
		"trustedusercakeys": trustedAuthorities,
	}
}

func (s *settings) serverKey(key string, value any) error {
	s.server += fmt.Sprintf("%s = %s\n", key, tomlValue(value))
	return nil
}

func (s *settings) userKey(key string, value any) error {
	s.user += fmt.Sprintf("%s = %s\n", key, tomlValue(value))
	return nil
}

// tomlValue is a text or a list of texts as TOML has them.
func tomlValue(value any) string {
	if list, ok := value.([]string); ok {
		quoted := make([]string, len(list))
		for n, text := range list {
			quoted[n] = tomlValue(text)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	if text, ok := value.(string); ok {
		var b strings.Builder
		for _, r := range text {
			switch {
			case r == '"' || r == '\\':
				b.WriteString(`\` + string(r))
			case r < ' ' || r == 0x7f:
				fmt.Fprintf(&b, `\u%04x`, r)
			default:
				b.WriteRune(r)
			}
		}
		return `"` + b.String() + `"`
	}
	return fmt.Sprint(value)
}

// rekeyLimit is bytes and a time, each of which may be left out.
func rekeyLimit(s *settings, c sshdConfig, _ string) error {
	size, seconds, err := c.rekeyLimit()
	if err != nil {
		return err
	}
	if size > 0 {
		s.server += fmt.Sprintf("rekey_limit = %q\n", fmt.Sprint(size))
	}
	if seconds > 0 {
		s.server += fmt.Sprintf("rekey_interval = \"%ds\"\n", seconds)
	}
	return nil
}

// rekeyLimit is that of sshd_config(5), in bytes and seconds; 0 is the default.
func (c sshdConfig) rekeyLimit() (size, seconds int64, err error) {
	if len(c["rekeylimit"]) == 0 {
		return 0, 0, nil
	}
	words := append(c["rekeylimit"][0], "none")
	if words[0] != "default" {
		if size, err = amount(words[0], map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}); err != nil {
			return 0, 0, err
		}
	}
	if words[1] != "none" {
		seconds, err = amount(words[1], map[string]int64{"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600})
	}
	return size, seconds, err
}

func amount(word string, units map[string]int64) (int64, error) {
	digits := strings.TrimRight(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, known := units[strings.ToLower(word[len(digits):])]
	if err != nil || !known {
		return 0, fmt.Errorf("%q is no amount", word)
	}
	return n * unit, nil
}

func acceptEnv(s *settings, c sshdConfig, _ string) error {
	return s.userKey("accept_env", slices.Concat(c["acceptenv"]...))
}

// setEnv takes the first line that is there, and of each name the first value.
func setEnv(s *settings, c sshdConfig, _ string) error {
	var pairs, names []string
	for _, word := range c["setenv"][0] {
		name, value, _ := strings.Cut(word, "=")
		if !slices.Contains(names, name) {
			names = append(names, name)
			pairs = append(pairs, name+" = "+tomlValue(strings.Trim(value, "'")))
		}
	}
	s.user += "env = { " + strings.Join(pairs, ", ") + " }\n"
	return nil
}

func authorizedKeys(s *settings, c sshdConfig, user string) error {
	files := slices.DeleteFunc(slices.Clone(c["authorizedkeysfile"][0]), func(f string) bool { return f == "/dev/null" || f == "none" })
	if len(files) == 0 {
		return nil
	}
	return s.userKey("authorized_keys", strings.ReplaceAll(files[0], "%u", user))
}

// forwards is AllowTcpForwarding, PermitOpen and PermitListen together. Without
// any of them sshd permits everything, and jailsh nothing in a jail that has the
// host's network.
func forwards(s *settings, c sshdConfig) error {
	which := c.first("allowtcpforwarding")
	for keyword, key := range map[string]string{"permitopen": "allow.local_forward", "permitlisten": "allow.remote_forward"} {
		permits := []string{"any"}
		if len(c[keyword]) > 0 {
			permits = c[keyword][0]
		}
		if which == "no" || which == "local" && keyword == "permitlisten" || which == "remote" && keyword == "permitopen" {
			permits = nil
		}
		if err := s.userKey(key, permits); err != nil {
			return err
		}
	}
	return nil
}

func banner(s *settings, c sshdConfig, _ string) error {
	text, err := os.ReadFile(c.first("banner"))
	if errors.Is(err, fs.ErrNotExist) { // as with sshd, none
		return nil
	}
	if err != nil {
		return err
	}
	return s.serverKey("banner", string(text))
}

func forceCommand(s *settings, c sshdConfig, _ string) error {
	return s.userKey("command", strings.Join(c["forcecommand"][0], " "))
}

func allowUsers(s *settings, c sshdConfig, user string) error {
	if slices.Contains(c["allowusers"][0], user) {
		return nil
	}
	return disable(s)
}

func denyUsers(s *settings, c sshdConfig, user string) error {
	if slices.Contains(c["denyusers"][0], user) {
		return disable(s)
	}
	return nil
}

func disable(s *settings) error {
	if strings.Contains(s.user, "disabled") {
		return nil
	}
	return s.userKey("disabled", true)
}

// trustedAuthorities is TrustedUserCAKeys with AuthorizedPrincipalsFile, whose
// lines become principals of the user. A line's options are the user's too, if
// jailsh has them for her; sshd skips a line with others.
func trustedAuthorities(s *settings, c sshdConfig, user string) error {
	authority, err := os.ReadFile(c.first("trustedusercakeys"))
	if err != nil {
		return err
	}
	if err := s.serverKey("trusted_ca", []string{strings.TrimSpace(string(authority))}); err != nil {
		return err
	}
	file := strings.ReplaceAll(c.first("authorizedprincipalsfile"), "%u", user)
	if file == "" || file == "none" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	principals := []string{}
	for line := range strings.Lines(string(text)) {
		options, name := "", strings.TrimSpace(line)
		if i := strings.LastIndexByte(name, ' '); i >= 0 {
			options, name = name[:i], name[i+1:]
		}
		command, forced := strings.CutPrefix(options, `command="`)
		switch {
		case name == "" || name[0] == '#' || options != "" && !forced:
			continue
		case forced:
			if err := s.userKey("command", strings.TrimSuffix(command, `"`)); err != nil {
				return err
			}
		}
		principals = append(principals, name)
	}
	return s.userKey("principals", principals)
}

// acceptedAlgorithms are those of PubkeyAcceptedAlgorithms that jailsh has. With a
// + they are added to the default, which has them all.
func acceptedAlgorithms(s *settings, c sshdConfig, _ string) error {
	var names []string
	patterns := strings.Split(c.first("pubkeyacceptedalgorithms"), ",")
	if strings.HasPrefix(patterns[0], "+") {
		return nil
	}
	for _, name := range signatureAlgorithms() {
		if slices.ContainsFunc(patterns, func(p string) bool {
			matched, err := path.Match(p, name)
			return matched && err == nil
		}) {
			names = append(names, name)
		}
	}
	return s.serverKey("pubkey_algorithms", names)
}

// signatureAlgorithms are what users may log in with.
func signatureAlgorithms() []string {
	names := []string{"rsa-sha2-256", "rsa-sha2-512"}
	for _, kind := range keyKinds() {
		if kind != "ssh-rsa" {
			names = append(names, kind)
		}
	}
	for _, name := range slices.Clone(names) {
		names = append(names, strings.TrimSuffix(name, "@openssh.com")+"-cert-v01@openssh.com")
	}
	return names
}

func hostCertificates(s *settings, c sshdConfig, _ string) error {
	for _, words := range c["hostcertificate"] {
		s.files["host_certificates"] = append(s.files["host_certificates"], words[0])
	}
	return nil
}

// hostKeys are those of the kinds that jailsh takes; sshd too leaves out what it
// can't read.
func hostKeys(s *settings, c sshdConfig, _ string) error {
	for _, words := range c["hostkey"] {
		text, err := os.ReadFile(words[0])
		if err != nil {
			continue
		}
		key, err := ssh.ParsePrivateKey(text)
		if err == nil && slices.Contains(hostKeyKinds(), key.PublicKey().Type()) {
			s.files["host_keys"] = append(s.files["host_keys"], words[0])
		}
	}
	if len(s.files["host_keys"]) == 0 {
		return fmt.Errorf("%s: none is of a kind that jailsh has", path.Base(c.first("hostkey")))
	}
	return nil
}
