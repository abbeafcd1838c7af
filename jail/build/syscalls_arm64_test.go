package build

func here() []trial { return nil }

// A 64-bit program has no way to make a 32-bit call here: only another program
// has.
const foreignWant = 0

func foreign() int { return 0 }
