package environ

import (
	"path"
	"strings"
	"testing"
)

func TestAcceptDefault(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"LANG": true, "LC_ALL": true, "LC_": true, "TERM": true, "COLORTERM": true, "TZ": true,
		"LANGUAGE": false, "LC": false, "XLC_ALL": false, "lang": false, "EDITOR": false, "FOO": false, "": false,
	} {
		if got := Accept(Default(), name, "x"); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}

// Each of these makes a shell, the linker or an interpreter do something else
// than the forced command says. No pattern of an administrator lets them in.
func TestNever(t *testing.T) {
	t.Parallel()
	for _, name := range strings.Fields(`
		LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_ LD_X GLIBC_TUNABLES MALLOC_PERTURB_ MALLOC_CHECK_ GCONV_PATH LOCPATH
		BASH_ENV BASH_FUNC_x ENV IFS PATH SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND CDPATH GLOBIGNORE ZDOTDIR FPATH
		PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONINSPECT PERL5LIB PERL5OPT PERL5DB PERLLIB RUBYOPT RUBYLIB NODE_OPTIONS NODE_PATH
		JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH LUA_INIT LUA_PATH TCLLIBPATH PHPRC
		EDITOR VISUAL PAGER LESSOPEN LESSCLOSE MANPAGER VIMINIT EXINIT BROWSER
		GIT_SSH GIT_SSH_COMMAND GIT_EXEC_PATH GIT_CONFIG_COUNT GIT_EXTERNAL_DIFF GIT_PAGER GIT_ASKPASS RSYNC_RSH RSYNC_CONNECT_PROG TAR_OPTIONS
		TERMINFO TERMCAP HOSTALIASES RES_OPTIONS LOCALDOMAIN TZDIR INPUTRC OPENSSL_CONF
		HOME USER LOGNAME SHELL MAIL PWD OLDPWD SSH_CONNECTION SSH_CLIENT SSH_TTY SSH_ORIGINAL_COMMAND SSH_AUTH_SOCK SSH_ASKPASS
		JAILSH_TOKEN HOSTNAME UID _`) {
		if !Never(name) || Accept([]string{"*", name, "??*"}, name, "x") {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, name := range strings.Fields("LANG LC_ALL LC_CTYPE LANGUAGE TERM COLORTERM TERM_PROGRAM TZ NO_COLOR CLICOLOR FORCE_COLOR GIT_PROTOCOL GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL COLUMNS LINES DEBUG FOO X") {
		if Never(name) || !Accept([]string{"*"}, name, "x") {
			t.Errorf("%s can't be accepted", name)
		}
	}
}

func TestNamesAndValues(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "1A", "A B", "A=B", "A-B", "A.B", "Ä", "A\x00", "A\n", strings.Repeat("A", 129), "BASH_FUNC_x%%"} {
		if ValidName(name) || Accept([]string{"*"}, name, "x") {
			t.Errorf("%q is accepted", name)
		}
	}
	if !ValidName("_a9Z") || !ValidName(strings.Repeat("A", 128)) {
		t.Error("a good name is refused")
	}
	for _, value := range []string{"a\x00b", "() { :; }; echo CVE-2014-6271", "()"} {
		if ValidValue(value) || Accept([]string{"*"}, "LANG", value) {
			t.Errorf("%q is accepted", value)
		}
	}
	for _, value := range []string{"", "a b", "(x)", "de_DE.UTF-8", "\n"} {
		if !Accept([]string{"*"}, "LANG", value) {
			t.Errorf("%q is refused", value)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"?", "", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false},
		{"**", "x", true},
		{"?*", "", false},
		{"*?", "x", true},
		{"*a", "aaaa", true},
		{"*a?", "aaaa", true},
		{"a", "ab", false},
		{"*ab", "aab", true},
		{"[a]", "a", false},
		{"\\*", "*", false},
	} {
		if got := Match(test.pattern, test.name); got != test.want {
			t.Errorf("%q on %q: %t", test.pattern, test.name, got)
		}
	}
}

// The patterns and the names come from others: no pair may take long.
func TestMatchIsNotExponential(t *testing.T) {
	t.Parallel()
	if Match(strings.Repeat("*a", 64)+"b", strings.Repeat("a", 128)) {
		t.Error("matched")
	}
}

// FuzzMatch compares with path.Match, where the two languages are the same.
func FuzzMatch(f *testing.F) {
	f.Add("LC_*", "LC_ALL")
	f.Add("*a?b*", "xxaybzz")
	f.Add("??", "a")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := Match(pattern, name)
		if strings.ContainsAny(pattern, `[]\/`) || strings.ContainsAny(name, "/") || strings.ContainsFunc(pattern+name, func(r rune) bool { return r >= 0x80 }) {
			return
		}
		if want, err := path.Match(pattern, name); err == nil && got != want {
			t.Errorf("%q on %q: got %t, want %t", pattern, name, got, want)
		}
	})
}
