package sshd

import "testing"

// BenchmarkStockLogin is a login of the stock client that runs `true`. Taking
// quickACK.rearm away shows what delayed acknowledgements cost.
func BenchmarkStockLogin(b *testing.B) {
	f := start(b)
	f.run(f.stock("alice@127.0.0.1", "true"))
	for b.Loop() {
		if _, errs, status := f.run(f.stock("alice@127.0.0.1", "true")); status != 0 {
			b.Fatal(status, errs)
		}
	}
}
