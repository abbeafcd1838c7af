package totp

import "net/url"

// URI is what an app reads from a QR code: the secret, and the names under which
// the app shows it. Algorithm, digits and period are the defaults of all apps, and
// left out: the code is the smaller.
func URI(host, user string, secret Secret) string {
	query := url.Values{"secret": {secret.String()}, "issuer": {host}}
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + host + ":" + user, RawQuery: query.Encode()}).String()
}
