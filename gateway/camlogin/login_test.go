package camlogin

import "testing"

// FuzzChallenges: a challenge that is accepted can be answered.
func FuzzChallenges(f *testing.F) {
	f.Add(`Basic realm="a, b", Digest realm="camera", nonce=a+b==, algorithm=MD5-sess, qop="auth,auth-int", Negotiate`)
	f.Add(`Digest realm="\`)
	f.Fuzz(func(t *testing.T, header string) {
		l := Login{Username: "viewer", Password: "secret"}
		if l.Challenged([]string{header}) == nil {
			if authorization, err := l.Authorize("GET", "/"); err != nil || authorization == "" {
				t.Errorf("no answer to an accepted challenge: %v", err)
			}
		}
	})
}
