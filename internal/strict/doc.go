// Package strict reads TOML files that must be right: it knows the line of each
// key and of each element of a list, and collects every problem of a file
// instead of stopping at the first.
//
// The TOML library decides what the text means and is the only judge of its
// syntax; the scanner of this package only finds where things stand, for the
// positions of problems and for editing a file without touching its comments.
//
// Callers are internal/config and users, in jailshd (root) and in jailsh. The
// files belong to the administrator; ReadFile refuses one that anybody else
// could have written, so no attacker is expected to choose their content.
// Nevertheless every quoted value in a problem is escaped, sizes are capped, and
// the scanner returns on any input.
//
// # Invariants
//
// Problems come in file order. A value of a wrong type or out of range is
// reported by the method that reads it, exactly once, and the caller learns
// only that there is no value. Text without a syntax error is never partly
// ignored: each key is read by somebody or reported as unknown.
package strict
