package main

import "golang.org/x/sys/unix"

// ownCallGroups are the calls that other architectures don't have.
func ownCallGroups() []callGroup {
	return []callGroup{
		{"ports", "iopl(2), ioperm: the machine's ports", func(*memory) []systemCall {
			return []systemCall{
				{"iopl", unix.SYS_IOPL, []uintptr{4}}, // there are levels 0 to 3
				{"ioperm", unix.SYS_IOPERM, []uintptr{1 << 20, 1, 1}},
			}
		}},
	}
}
