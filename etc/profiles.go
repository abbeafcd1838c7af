package etc

import (
	"embed"
	"io/fs"
)

//go:embed profiles/*.toml
var files embed.FS

// Profiles holds NAME.toml of each profile, as jail/template reads it.
func Profiles() fs.FS {
	sub, err := fs.Sub(files, "profiles")
	if err != nil {
		panic(err) // "profiles" is a valid path, so it can't be
	}
	return sub
}
