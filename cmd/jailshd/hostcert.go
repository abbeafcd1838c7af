package main

import (
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/instance"
)

// shownCertificates are the host certificates that clients get, in the form in
// which they get them: those that are good now. Without one they get the key,
// which is enough for whoever knows it.
func (d *daemon) shownCertificates(now time.Time) (blobs [][]byte) {
	for _, c := range *d.hostCertificates.Load() {
		if c.Outdated(now) == nil {
			blobs = append(blobs, c.Marshal())
		}
	}
	return blobs
}

// warnCertificates logs which host certificates aren't shown.
func (d *daemon) warnCertificates(now time.Time) {
	for _, c := range *d.hostCertificates.Load() {
		if p := c.Outdated(now); p != nil {
			d.log.Warn("a host certificate isn't shown to clients", "problem", p)
		}
	}
}

// certificatesTurned tells whether a host certificate has become valid, or has
// expired, between two times.
func (d *daemon) certificatesTurned(before, now time.Time) bool {
	return slices.ContainsFunc(*d.hostCertificates.Load(), func(c *instance.HostCertificate) bool {
		return (c.Outdated(before) == nil) != (c.Outdated(now) == nil)
	})
}
