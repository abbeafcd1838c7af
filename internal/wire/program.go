package wire

// Program is what a process runs.
type Program uint8

// The programs. All but the shell are applets: parts of jailsh-applet, which need
// nothing of the jail's root.
const (
	ProgramShell   Program = iota // the user's shell
	ProgramSFTP                   // a server of files
	ProgramResolve                // the addresses of a host
)

var appletNames = [...]string{ProgramSFTP: "sftp", ProgramResolve: "resolve"}

// Applet is the name by which jailsh-applet knows the program, "" if it is none of
// its parts.
func (p Program) Applet() string {
	if int(p) < len(appletNames) {
		return appletNames[p]
	}
	return ""
}
