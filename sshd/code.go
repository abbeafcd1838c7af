package sshd

import (
	"context"
	"fmt"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// codePrompt is what most servers ask with that want such a code: password
// managers and scripts know it.
const codePrompt = "Verification code: "

// askCode makes keyboard-interactive (RFC 4256) the one way on for somebody whose
// key was verified; without that there is no such method. Who it is goes along in
// the callback, which the library forgets with the connection: nothing that a
// later attempt says can change it. The library refuses another name itself.
func (c *connection) askCode(id *identity) error {
	ask := func(meta ssh.ConnMetadata, challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		if meta.User() != id.user {
			return nil, id.refuse("the name is not the one of the key")
		}
		answers, err := challenge("", "", []string{codePrompt}, []bool{false})
		if err != nil {
			return nil, id.refuse("no code came: " + err.Error())
		}
		start := time.Now()
		ticket, err := c.verifyCode(id, answers[0])
		if err != nil {
			pause(c.ctx, refusalTime(c.server.secret, id.user, time.Since(start))-time.Since(start))
			return nil, err
		}
		proven := *id
		proven.ticket = ticket
		return c.admit(&proven)
	}
	c.record(levelInfo, "partial login", id.user, id.credential()...)
	return &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{KeyboardInteractiveCallback: ask}}
}

// verifyCode asks jailshd about a code, which is nowhere else shown or kept.
func (c *connection) verifyCode(id *identity, code string) (ticket []byte, err error) {
	if len(code) > wire.MaxCode {
		return nil, id.refuse("wrong code")
	}
	ctx, cancel := context.WithTimeout(c.ctx, lookupTimeout)
	defer cancel()
	answer, err := c.server.broker.Verify(ctx, &wire.Verify{User: id.user, Ref: c.ref, Code: code})
	switch {
	case err != nil:
		c.excused.Store(true)
		return nil, id.refuse(fmt.Sprintf("verify: %s", err))
	case !answer.Accepted:
		return nil, id.refuse(answer.Reason)
	}
	return answer.Ticket, nil
}

// ticket is what open wants to see; nil if no code was given.
func (c *connection) ticket() []byte {
	if id := c.login.Load(); id != nil {
		return id.ticket
	}
	return nil
}
