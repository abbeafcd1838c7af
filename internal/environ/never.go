package environ

// Never reports whether name can't be accepted from outside under any
// configuration.
func Never(name string) bool {
	for _, p := range never {
		if Match(p, name) {
			return true
		}
	}
	return false
}

// never is what makes a program run, load or trust something else, or what
// jailsh itself sets. The array is not written after start.
var never = [...]string{
	// the dynamic linker and the C library: ld.so(8), environ(7), mallopt(3)
	"LD_*", "_RLD*", "DYLD_*", "LIBPATH", "SHLIB_PATH", "GLIBC_TUNABLES", "MALLOC_*",
	"GCONV_PATH", "GETCONF_DIR", "LOCPATH", "NLSPATH", "PATH_LOCALE", "OUTPUT_CHARSET", "TZDIR",
	"HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_*", "NIS_PATH",

	// shells: what they run, and how they read words
	"PATH", "IFS", "ENV", "BASH*", "SHELLOPTS", "PS4", "PS0", "PROMPT_COMMAND", "CDPATH", "GLOBIGNORE", "FPATH",
	"FIGNORE", "KSH_*", "ZDOTDIR", "NULLCMD", "READNULLCMD", "TMPPREFIX", "HISTFILE", "INPUTRC", "POSIXLY_CORRECT",

	// interpreters and virtual machines
	"PYTHON*", "PERL*", "RUBY*", "GEM_*", "BUNDLE_*", "NODE_*", "NPM_*", "npm_*", "JAVA_*", "_JAVA_*", "JDK_*", "CLASSPATH",
	"LUA_*", "TCL*", "TK_*", "PHP*", "R_*", "GUILE_*", "AWKPATH", "AWKLIBPATH", "DOTNET_*", "COMPlus_*", "CORECLR_*",
	"ERL_*", "ELIXIR_*", "GHC*", "GODEBUG", "GOFLAGS", "GOROOT", "GOPATH", "CARGO_*", "RUSTC*",

	// programs that others run, and where they look for what to do
	"EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESS*", "MORE", "VIMINIT", "EXINIT", "VIM", "VIMRUNTIME", "EMACS*",
	"GIT_SSH*", "GIT_EXEC_PATH", "GIT_EDITOR", "GIT_PAGER", "GIT_ASKPASS", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND",
	"GIT_CONFIG*", "GIT_DIR", "GIT_WORK_TREE", "GIT_TEMPLATE_DIR", "GIT_TRACE*", "GIT_SEQUENCE_EDITOR", "GIT_ALTERNATE*",
	"GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_ATTR*", "SVN_*", "HG*", "RSYNC_*", "CVS_*", "TAR_OPTIONS", "TAPE", "MAKE*",
	"GREP_OPTIONS", "GZIP", "XZ_*", "BZIP*", "ZIPOPT", "UNZIP*", "TMUX*", "SCREEN*", "SYSTEMD_*", "XDG_*", "DBUS_*",
	"TERMINFO*", "TERMCAP", "TERMPATH", "OPENSSL_*", "SSL_*", "SSLKEYLOGFILE", "CURL_*", "*_proxy", "*_PROXY",
	"KRB5*", "GTK_*", "GDK_*", "GIO_*", "QT_*", "SUDO_*", "GPG_*", "GNUPGHOME",

	// what jailsh sets, or what says who somebody is
	"HOME", "USER", "LOGNAME", "USERNAME", "SHELL", "MAIL*", "PWD", "OLDPWD", "UID", "EUID", "GID", "PPID", "SHLVL", "_",
	"HOSTNAME", "SSH_*", "JAILSH*",
}
