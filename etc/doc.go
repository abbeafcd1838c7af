// Package etc holds what gets installed beside the programs: the sample config
// files, and the profiles that templates are built from. cmd/jailsh writes the
// former into a new instance and builds from the latter. All of it is the
// administrator's to change; nothing here is secret.
package etc
