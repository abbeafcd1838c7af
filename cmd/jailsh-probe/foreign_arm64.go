package main

// foreignAttacks on arm64: none. 32-bit calls need a 32-bit program, of which the
// filter is told so; there is no way to make one from 64-bit code.
func foreignAttacks() []attack { return nil }
