package main

// ownCallGroups are the calls that other architectures don't have: none.
func ownCallGroups() []callGroup { return nil }
