package camlogin

import "strings"

// parseChallenges reads WWW-Authenticate headers (RFC 9110, 11.6.1): one
// challenge each or several in one, names in any case, values quoted or not
// whatever the standard says of them. Schemes other than Basic and Digest, and
// what cannot be understood, are left out.
func parseChallenges(headers []string) []*challenge {
	var offered []*challenge
	for _, header := range headers {
		var current *challenge
		for rest := header; rest != ""; {
			var name, value string
			var parameter bool
			name, value, parameter, rest = cutParameter(rest)
			switch {
			case !parameter:
				if current = newChallenge(name); current != nil {
					offered = append(offered, current)
				}
			case current != nil:
				current.set(strings.ToLower(name), value)
			}
		}
	}
	return offered
}

// newChallenge gives nil for schemes that are not supported.
func newChallenge(scheme string) *challenge {
	switch strings.ToLower(scheme) {
	case "basic":
		return &challenge{basic: true}
	case "digest":
		return new(challenge)
	}
	return nil
}

func (c *challenge) set(name, value string) {
	switch name {
	case "realm":
		c.Realm = value
	case "nonce":
		c.Nonce = value
	case "opaque":
		c.Opaque = value
	case "stale":
		c.Stale = strings.EqualFold(value, "true")
	case "userhash":
		c.Userhash = strings.EqualFold(value, "true")
	case "algorithm":
		c.Algorithm, c.session = strings.CutSuffix(strings.ToUpper(value), "-SESS")
	case "qop":
		c.QOP = strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ',' || r == ' ' })
	}
}

const blanks = " \t"

// cutParameter takes the next word off s, with its value if "=" follows.
// Without one it is the name of a scheme.
func cutParameter(s string) (name, value string, parameter bool, rest string) {
	s = strings.TrimLeft(s, blanks+",")
	end := strings.IndexAny(s, blanks+",=")
	if end < 0 {
		return s, "", false, ""
	}
	name, rest = s[:end], strings.TrimLeft(s[end:], blanks)
	if !strings.HasPrefix(rest, "=") {
		return name, "", false, rest
	}
	value, rest = cutValue(strings.TrimLeft(rest[1:], blanks))
	return name, value, true, rest
}

// cutValue takes a parameter's value off s: a quoted string, or all up to the
// next comma or blank, so that unquoted base64 with its "=" stays whole.
func cutValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, blanks+",")
		if end < 0 {
			return s, ""
		}
		return s[:end], s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
