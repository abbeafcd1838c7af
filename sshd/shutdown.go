package sshd

import (
	"context"
	"time"
)

// partingTime is how long a client has for reading why it is disconnected.
const partingTime = 2 * time.Second

// Shutdown closes the listeners, tells the clients, disconnects them, and waits
// until nothing of the server runs any more. Programs in cells live on. When ctx
// is done it closes what is left at once, waits for that too, and returns ctx's
// error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		l.Close()
	}
	s.mu.Unlock()
	for _, c := range s.connections() {
		c.disconnect(lostServer)
	}
	// Serve and connections that are still in the handshake see this. Sessions
	// have their own cause already.
	s.cancel()
	stop := context.AfterFunc(ctx, func() {
		for _, c := range s.connections() {
			c.link.Close()
		}
	})
	s.work.Wait()
	for _, p := range s.published.list() {
		p.end()
	}
	s.hub.Wait()
	s.stopRecorder()
	<-s.recorderDone
	s.chunks.turnstile.event.Close()
	if !stop() {
		return ctx.Err()
	}
	return nil
}

// disconnect ends a connection. Its sessions say why, and the socket is closed
// once the last of them has, or after partingTime.
func (c *connection) disconnect(why refusal) {
	c.cancel(why)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions == 0 {
		c.link.Close()
		return
	}
	if c.parting == nil {
		c.parting = time.AfterFunc(partingTime, func() { c.link.Close() })
	}
}
