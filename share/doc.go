// Package share is one live terminal and many who look on. Its owner writes what a
// program writes; viewers see the screen at once, and what comes from then on; one who
// may, types.
//
// The files, from the owner to the viewers:
//
//	hub.go, token.go        the terminals of all users, what is shared of them, tokens
//	waiting.go              who has asked the owner to look on
//	terminal.go, skim.go,
//	repaint.go              the owner's side: what is written, and the screen
//	tail.go                 what viewers are shown, in a form that never changes
//	painter.go, audience.go the goroutine that shows it, while there are viewers
//	viewer.go, size.go      the viewer's side
//	typist.go               what viewers type
//
// The screen itself is package share/screen.
//
// # Callers
//
// Package sshd: a session with a terminal begins and ends one of the Hub, and writes
// to it; a viewer's session asks Next for what it sends. jailsh-net has one Hub.
//
// # Attackers
//
// The program writes whatever it likes: share/screen says what comes of it. A viewer
// is shown a stream from which all that asks, or changes more than the picture, was
// taken out (screen.Filter), and his keys go nowhere unless his role is Type at that
// moment.
//
// A viewer who doesn't read keeps nothing but what he was given: he isn't waited for,
// and what he misses isn't kept for him. Viewers, shares and their names are bounded
// in number.
//
// Who knows a token has what it is for. It has 128 bits, is kept as a digest alone, and
// ends with its time, with its terminal, or when the owner says so.
//
// # Invariants
//
// The owner's path takes two locks: that of her output, held while some of it is
// copied, and work, if the painter is late by half a megabyte or nobody looks on. No
// viewer takes either.
// What viewers read is a tail, which is replaced and never changed; a viewer who has
// fallen out of it is repainted. Each repaint is made once, for all who want one.
//
// Viewers with a terminal of the owner's size, or without one, are sent the stream.
// The others are sent frames: pictures of the part in which the cursor is.
package share
