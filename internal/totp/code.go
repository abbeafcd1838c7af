package totp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// What every app takes: the defaults of RFC 6238. SHA-1's collisions are of no use
// against HMAC, and several apps ignore an uri that asks for another hash.
const (
	period     = 30 * time.Second
	digits     = 6
	modulus    = 1_000_000 // 10 to the power of digits
	secretSize = 20        // bytes, RFC 4226 section 4, R6
)

// window is by how many steps a clock may be off, each way. One is what RFC 6238
// section 5.2 recommends.
const window = 1

// stepOf is the number of the time step in which t is.
func stepOf(t time.Time) int64 { return t.Unix() / int64(period/time.Second) }

// codeOf is the code of a time step, RFC 4226 section 5.3.
func codeOf(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%0*d", digits, binary.BigEndian.Uint32(sum[at:])&0x7fffffff%modulus)
}

// match returns the latest step near now of which the code is. Apps show a blank
// in the middle, and people type it. It takes the same time for every code of the
// right length.
func match(secret []byte, code string, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(code, " ", "")
	middle := stepOf(now)
	found := 0
	for s := middle - window; s <= middle+window; s++ {
		same := subtle.ConstantTimeCompare([]byte(codeOf(secret, s)), []byte(code))
		step = int64(subtle.ConstantTimeSelect(same, int(s), int(step)))
		found |= same
	}
	return step, found == 1
}
