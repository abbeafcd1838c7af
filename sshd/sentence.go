package sshd

import "fmt"

// exitRefused is the exit status of a session that jailsh itself ended or never
// started. ssh(1) uses 255 for its own errors.
const exitRefused = 254

// refusal is why a session doesn't get what it asked for. Its zero value is none.
type refusal uint8

// The reasons that a client is told.
const (
	_ refusal = iota
	refusedShell
	refusedOther
	refusedExec
	refusedLong
	refusedNUL
	refusedEnv
	refusedStart
	refusedRun
	refusedUnseen
	refusedRecording
	refusedUser
	refusedHost
	lostCell
	lostAccess
	lostServer
	lostProgram
	lostClient
	lostIdle
	lostTime
	lostRecording
	lostPublisher
	lostKilled
)

// sentences are all that a client is told of an error: nothing of the host, and
// a reference under which the administrator finds the rest. The array is not
// written after start.
var sentences = [...]string{
	refusedShell:     "a shell is not allowed with this key",
	refusedOther:     "this account is for sftp only",
	refusedExec:      "commands are not allowed with this key",
	refusedLong:      "the command is too long",
	refusedNUL:       "the command has a zero byte in it",
	refusedEnv:       "your environment could not be set; tell the administrator",
	refusedStart:     "your shell could not be started; tell the administrator",
	refusedRun:       "your command could not be run; tell the administrator",
	refusedUnseen:    "this account is recorded, which takes a terminal: use ssh -t",
	refusedRecording: "this account is recorded, and the recording could not be made; tell the administrator",
	refusedUser:      "you have as many connections as you may; close one of them",
	refusedHost:      "too many connections from your address are logged in; close one of them",
	lostCell:         "your jail was ended, and your program with it",
	lostAccess:       "your access was withdrawn; you are logged out",
	lostServer:       "the server is stopping; log in again in a moment",
	lostProgram:      "an internal error ended this session; tell the administrator",
	lostClient:       "the client is gone", // which only the log can be told
	lostIdle:         "this session was idle for too long, and is ended",
	lostTime:         "this session has lasted for as long as it may, and is ended",
	lostRecording:    "the recording of this session could not be written, and it is ended; tell the administrator",
	lostPublisher:    "this is published by a newer connection of yours",
	lostKilled:       "the administrator has ended this session",
}

// sentence is what the client reads on its standard error. On a terminal, which
// the client has put into raw mode, a line ends with CR LF.
func sentence(r refusal, ref string, terminal bool) []byte {
	end := "\n"
	if terminal {
		end = "\r\n"
	}
	return fmt.Appendf(nil, "jailsh: %s: reference %s%s", sentences[r], ref, end)
}

// Error makes a refusal the cause of a cancelled context.
func (r refusal) Error() string { return sentences[r] }
