package wire

import "time"

// Caps on what one packet may carry. A field over its cap is an error on both
// sides: the sender learns of it, and the receiver never allocates it.
const (
	MaxPacket = 192 << 10 // bytes in one packet; below the kernel's default net.core.wmem_default
	MaxFiles  = 16        // descriptors with one packet; SCM_MAX_FD is 253

	MaxName    = 256       // a user, a host name, a verb's short text
	MaxPath    = 4096      // PATH_MAX
	MaxText    = 8 << 10   // an error
	MaxBanner  = 128 << 10 // half of the largest packet that OpenSSH's client takes
	MaxCommand = 128 << 10 // a command line; the kernel's MAX_ARG_STRLEN
	MaxArgs    = 1024      // words after the command
	MaxEnv     = 256       // environment entries
	MaxEnvLen  = 4 << 10   // one NAME=value
	MaxEnvAll  = 32 << 10  // all of them together
	MaxBlob    = 16 << 10  // a public key or a signature, wire format
	MaxSign    = 1 << 10   // what a host key is asked to sign
	MaxCode    = 64        // what somebody types for a code of six digits
	MaxTicket  = 32        // a MAC of SHA-256
	MaxHash    = 32        // SHA-256
	MaxKeyID   = 4 << 10   // key id of a certificate; some authorities write a request's whole story into it
	MaxModes   = 128       // terminal modes; RFC 4254 section 8 has fewer than 60
	MaxMounts  = 512       // entries of a jail's mount table
	MaxContent = 16 << 10  // a generated file of the jail's /etc
	MaxGroups  = 64        // supplementary groups
	MaxAttrs   = 32        // attributes of one record
	MaxRecords = 128       // records in one packet
	MaxShares  = 64        // users who share with one
	MaxKept    = 32        // terminals that a cell keeps
	MaxPermits = 32        // patterns of one list of what forwards may lead to

	MaxPrincipals = 256 // of a certificate; SSHKEY_CERT_MAX_PRINCIPALS
	MaxOptions    = 64  // critical options of a certificate, and extensions

	MaxNetworks  = 256 // networks of one list
	MaxPenalised = 10  // penalised sources that are named
	MaxSessions  = 128 // sessions in one packet
	MaxServers   = 8   // name servers of a jail; resolv.conf(5) uses three
	MaxAddresses = 2   // of a jail's way out: IPv4 and IPv6
	MaxAddress   = 16  // bytes of an address
)

// sendTimeout is how long a packet may wait for a full socket before its
// connection counts as dead.
const sendTimeout = 10 * time.Second

// maxInFlight is how many requests of one connection are worked on at once;
// further ones wait in the socket.
const maxInFlight = 256
