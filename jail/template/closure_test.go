package template

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestClosure(t *testing.T) {
	t.Parallel()
	const multiarch = "usr/lib/x86_64-linux-gnu/"
	with := func(i *image, rpath, runpath string) *image {
		if rpath != "" {
			i.rpath = strings.Split(rpath, ":")
		}
		if runpath != "" {
			i.runpath = strings.Split(runpath, ":")
		}
		return i
	}
	foreign := func(i *image) *image { i.machine = elf.EM_AARCH64; return i }
	for _, c := range []struct {
		name          string
		host          tree
		cache         []cacheEntry
		program       *image
		at            string // /usr/bin/p if empty
		want, missing string // beside the interpreter
	}{
		{name: "static", program: &image{object{class: elf.ELFCLASS64, machine: elf.EM_X86_64}, elf.ET_EXEC}},
		{
			name: "default directories", program: program("libtinfo.so.6"),
			want: "/lib/x86_64-linux-gnu/libtinfo.so.6 /lib/x86_64-linux-gnu/libc.so.6",
		},
		{
			name: "missing ones, all of them", program: program("libx.so", "libc.so.6", "liby.so"),
			want: "/lib/x86_64-linux-gnu/libc.so.6", missing: "libx.so liby.so",
		},
		{
			name: "missing one of a library", program: program("liba.so"),
			host: tree{multiarch + "liba.so": library("liba.so", "libb.so").String()},
			want: "/lib/x86_64-linux-gnu/liba.so", missing: "libb.so",
		},
		{
			name: "libraries that need each other", program: program("liba.so"),
			host: tree{multiarch + "liba.so": library("liba.so", "libb.so").String(), multiarch + "libb.so": library("libb.so", "liba.so").String()},
			want: "/lib/x86_64-linux-gnu/liba.so /lib/x86_64-linux-gnu/libb.so",
		},
		{
			name: "cache before the default directories", program: program("libc.so.6"),
			host:  tree{"opt/libc.so.6": library("libc.so.6").String()},
			cache: []cacheEntry{{name: "libc.so.6", path: "/opt/libc.so.6"}}, want: "/opt/libc.so.6",
		},
		{
			name: "cache that is out of date", program: program("libc.so.6"),
			cache: []cacheEntry{{name: "libc.so.6", path: "/opt/libc.so.6"}}, want: "/lib/x86_64-linux-gnu/libc.so.6",
		},
		{
			name: "cache with variants", program: program("libv.so"),
			host: tree{"opt/libv.so": library("libv.so").String(), "opt/v3/libv.so": library("libv.so").String()},
			cache: []cacheEntry{
				{name: "libv.so", path: "/opt/v3/libv.so", hwcap: 1 << 62}, {name: "libv.so", path: "/opt/libv.so"},
			}, want: "/opt/libv.so /opt/v3/libv.so",
		},
		{
			name: "variants beside a library", program: program("libv.so"),
			host: tree{
				multiarch + "libv.so": library("libv.so").String(), multiarch + "glibc-hwcaps/x86-64-v3/libv.so": library("libv.so").String(),
				multiarch + "glibc-hwcaps/x86-64-v4/other": "",
			},
			want: "/lib/x86_64-linux-gnu/libv.so /lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libv.so",
		},
		{
			name: "another machine's is passed over", program: with(program("libc.so.6"), "", "/opt"),
			host: tree{"opt/libc.so.6": foreign(library("libc.so.6")).String()}, want: "/lib/x86_64-linux-gnu/libc.so.6",
		},
		{
			name: "text of the same name is passed over", program: with(program("libc.so.6"), "", "/opt"),
			host: tree{"opt/libc.so.6": "INPUT(libc.so)"}, want: "/lib/x86_64-linux-gnu/libc.so.6",
		},
		{
			name: "RUNPATH from the origin", program: with(program("liba.so"), "", "/gone:$ORIGIN/../lib/app:${ORIGIN}/x"),
			host: tree{"usr/lib/app/liba.so": library("liba.so").String()}, want: "/usr/bin/../lib/app/liba.so",
		},
		{
			name: "a .. behind a link counts from where it leads", program: with(program("liba.so"), "", "/opt/link/../lib"),
			host: tree{"opt/link": "-> /srv/app/bin", "srv/app/bin/": "", "srv/app/lib/liba.so": library("liba.so").String()},
			want: "/opt/link/../lib/liba.so",
		},
		{
			name: "RUNPATH isn't for the libraries' libraries", program: with(program("liba.so"), "", "/opt"),
			host: tree{"opt/liba.so": library("liba.so", "libb.so").String(), "opt/libb.so": library("libb.so").String()},
			want: "/opt/liba.so", missing: "libb.so",
		},
		{
			name: "RPATH is", program: with(program("liba.so"), "/opt", ""),
			host: tree{"opt/liba.so": library("liba.so", "libb.so").String(), "opt/libb.so": library("libb.so").String()},
			want: "/opt/liba.so /opt/libb.so",
		},
		{
			name: "RPATH isn't for a library with a RUNPATH", program: with(program("liba.so"), "/opt", ""),
			host: tree{"opt/liba.so": with(library("liba.so", "libb.so"), "", "/gone").String(), "opt/libb.so": library("libb.so").String()},
			want: "/opt/liba.so", missing: "libb.so",
		},
		{
			name: "RPATH is nothing beside a RUNPATH", program: with(program("liba.so"), "/opt", "/gone"),
			host: tree{"opt/liba.so": library("liba.so").String()}, missing: "liba.so",
		},
		{
			name: "RPATH is nothing beside a RUNPATH, for libraries too", program: with(program("liba.so"), "/opt", "/first"),
			host: tree{"first/liba.so": library("liba.so", "libb.so").String(), "opt/libb.so": library("libb.so").String()},
			want: "/first/liba.so", missing: "libb.so",
		},
		{
			name: "RUNPATH after a library's own RPATH of its loader", program: with(program("liba.so"), "/first", ""),
			host: tree{
				"first/liba.so":     with(library("liba.so", "libb.so"), "$ORIGIN/sub", "").String(),
				"first/sub/libb.so": library("libb.so").String(), "first/libb.so": library("libb.so").String(),
			},
			want: "/first/liba.so /first/sub/libb.so",
		},
		{
			name: "relative RUNPATH", program: with(program("libx.so"), "", "lib:"),
			host: tree{"libx.so": library("libx.so").String()}, missing: "libx.so",
		},
		{
			name: "$LIB and $PLATFORM", program: with(program("liba.so"), "", "/opt/$LIB/$PLATFORM"),
			host: tree{"opt/lib/x86_64-linux-gnu/x86_64/liba.so": library("liba.so").String()},
			want: "/opt/lib/x86_64-linux-gnu/x86_64/liba.so",
		},
		{
			name: "needed by path", program: program("/opt/liba.so", "$ORIGIN/libb.so"),
			host: tree{"opt/liba.so": library("liba.so").String(), "usr/bin/libb.so": library("libb.so").String()},
			want: "/opt/liba.so /usr/bin/libb.so",
		},
		{
			name: "a name that another's soname has met", program: program("liba.so.1", "liba.so"),
			host: tree{multiarch + "liba.so.1": library("liba.so").String()}, want: "/lib/x86_64-linux-gnu/liba.so.1",
		},
		{
			name: "32 bit only fits 32 bit", program: &image{object{class: elf.ELFCLASS64, machine: elf.EM_386, needed: []string{"libc.so.6"}}, elf.ET_DYN},
			missing: "libc.so.6",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := mergedUsr().with(c.host).on(t, t.TempDir())
			o, err := readObject(strings.NewReader(c.program.String()))
			if err != nil {
				t.Fatal(err)
			}
			paths, missing := newLinker(root, c.cache).closure("/usr/bin/p", o)
			want := strings.Fields(c.want)
			if c.program.interp != "" {
				want = append([]string{c.program.interp}, want...)
			}
			if !slices.Equal(paths, want) || !slices.Equal(missing, strings.Fields(c.missing)) {
				t.Errorf("found %v, missing %v; want %v, missing %s", paths, missing, want, c.missing)
			}
		})
	}
}

func TestClosureWithoutInterpreter(t *testing.T) {
	t.Parallel()
	root := tree{"usr/lib/libc.so.6": library("libc.so.6").String()}.on(t, t.TempDir())
	p := program("libc.so.6")
	p.interp = "/lib64/gone.so"
	_, missing := newLinker(root, nil).closure("/bin/p", &p.object)
	if fmt.Sprint(missing) != "[/lib64/gone.so]" {
		t.Errorf("missing %v", missing)
	}
}
