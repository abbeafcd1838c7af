package wire

import "fmt"

// Verb names what a packet asks for or tells.
type Verb uint8

// The verbs, by the arrow that they travel (see the package's picture).
const (
	_ Verb = iota

	// broker: jailsh-net to jailshd.
	VerbConfigure // request: Empty -> NetConfig with the listeners
	VerbLookup    // request: Lookup -> Grant
	VerbVerify    // request: Verify -> Verified
	VerbSign      // request: Sign -> Signature
	VerbOpen      // request: Open -> Opened with the cell's socket (admin too)
	VerbRecord    // notice:  Records
	VerbRecording // request: Recording -> Recorded with a file
	VerbSeal      // request: Seal -> Empty
	VerbReload    // request of jailshd: NetConfig without host keys -> Empty when every grant was looked up again; of jailsh: Empty -> Empty when the files are in force
	VerbNotice    // notice of jailshd: Notice
	VerbPenalised // request of jailshd: Empty -> Penalised
	VerbStatus    // request of jailsh, on the admin socket: Empty -> Status
	VerbSessions  // request of jailsh, and of jailshd: ListSessions -> Sessions
	VerbKill      // request of jailsh, and of jailshd: Kill -> Session
	VerbWatch     // request of jailsh, and of jailshd with a stream socket: Watch -> Session, to jailsh with its other end

	// control: jailshd to jailsh-init.
	VerbBuild  // request: Spec with the first cell socket and jailsh-applet -> Empty once the jail stands
	VerbAttach // request: Empty with a cell socket -> Empty
	VerbStop   // request: Empty -> Empty; the jail ends (broker too, see doc.go: when all clients were told)

	// cell: jailsh-net (or jailsh run) to jailsh-init.
	VerbSpawn  // request: Spawn -> Spawned with a PTY master or three pipe ends
	VerbSignal // request: Signal -> Empty
	VerbExit   // notice of jailsh-init: Exit
	VerbDial   // request: Dial -> Empty with a connected socket
	VerbListen // request: Listen -> Listening with one or two listening sockets

	// cell too: terminals that outlive whoever has them.
	VerbKeep      // request: Keep -> Empty
	VerbRelease   // notice:  Release
	VerbTerminals // request: Empty -> Terminals
	VerbAdopt     // request: Adopt -> Terminal with its PTY master
)

var verbNames = [...]string{
	VerbConfigure: "configure", VerbLookup: "lookup", VerbVerify: "verify", VerbSign: "sign", VerbOpen: "open",
	VerbRecord: "record", VerbRecording: "recording", VerbSeal: "seal", VerbReload: "reload", VerbNotice: "notice", VerbPenalised: "penalised", VerbStatus: "status", VerbSessions: "sessions", VerbKill: "kill", VerbWatch: "watch",
	VerbBuild: "build", VerbAttach: "attach",
	VerbStop: "stop", VerbSpawn: "spawn", VerbSignal: "signal", VerbExit: "exit",
	VerbDial: "dial", VerbListen: "listen",
	VerbKeep: "keep", VerbRelease: "release", VerbTerminals: "terminals", VerbAdopt: "adopt",
}

func (v Verb) String() string {
	if int(v) < len(verbNames) && verbNames[v] != "" {
		return verbNames[v]
	}
	return fmt.Sprintf("verb %d", uint8(v))
}
