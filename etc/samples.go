package etc

import _ "embed"

//go:embed jailsh.toml
var server string

//go:embed users.toml
var users string

// SampleServer returns the jailsh.toml of a new instance: each key with its
// default and a comment.
func SampleServer() []byte { return []byte(server) }

// SampleUsers returns the users.toml of a new instance: the defaults, and an
// example of a user as a comment.
func SampleUsers() []byte { return []byte(users) }
