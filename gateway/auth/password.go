package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"framegate/gateway/secret"
)

const (
	minPasswordRunes = 12
	maxPasswordBytes = 256
	maxNameBytes     = 64

	// hashesAtOnce bounds the memory that logins take: 19 MiB each.
	hashesAtOnce = 2
)

// checkPassword says whether a password may be chosen. Length is what makes it
// strong (NIST SP 800-63B section 3.1.1.2).
func checkPassword(name, password string) error {
	switch {
	case password == secret.Redacted:
		return fmt.Errorf("%w: this is what is shown in place of passwords", ErrBadPassword)
	case utf8.RuneCountInString(password) < minPasswordRunes:
		return fmt.Errorf("%w: it needs at least %d characters", ErrWeakPassword, minPasswordRunes)
	case strings.EqualFold(name, password):
		return fmt.Errorf("%w: it is the name", ErrWeakPassword)
	case len(password) > maxPasswordBytes:
		return fmt.Errorf("%w: it has more than %d bytes", ErrBadPassword, maxPasswordBytes)
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return fmt.Errorf("%w: it has control characters", ErrBadPassword)
	}
	return nil
}

// checkName says whether a user or token may be called so. A colon would end
// the name in HTTP Basic (RFC 7617 section 2).
func checkName(name string) error {
	wrong := func(r rune) bool { return r == ':' || !unicode.IsPrint(r) }
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrBadName)
	case len(name) > maxNameBytes:
		return fmt.Errorf("%w: it has more than %d bytes", ErrBadName, maxNameBytes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, wrong):
		return fmt.Errorf("%w %s: colons and control characters may not be in it", ErrBadName, quote(name))
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("%w %s: spaces may not be at its ends", ErrBadName, quote(name))
	}
	return nil
}

// checkUserName is checkName for a user, who has an address in the API: browsers
// and proxies make another of one with these names in it.
func checkUserName(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("%w %s: it cannot stand in an address; leave out slashes, and take more than dots", ErrBadName, quote(name))
	}
	return nil
}
