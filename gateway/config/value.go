package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"framegate/gateway/regular"
)

// value is what was given for a key, as text, and where. YAML's own types play
// no part: the key decides how the text is read, so that a password of 0123
// is that, and the file and the environment follow the same rules.
type value struct {
	text string
	at   place
}

// fileName gives the name of the file that a value means: where it is given in
// a file, from that file's folder on.
func (v value) fileName() string {
	if v.at.file == "" || regular.Given(v.at.file) || filepath.IsAbs(v.text) {
		return v.text
	}
	return filepath.Join(filepath.Dir(v.at.file), v.text)
}

// idPattern is what a camera's id looks like: it stands in addresses and in
// names of variables and needs no escaping in either.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// IsCameraID says whether a text could be the id of a camera.
func IsCameraID(text string) bool { return idPattern.MatchString(text) }

// namePattern is a host name of letters, digits, hyphens and dots (RFC 1123
// section 2.1), and underscores, which home networks have.
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,251}[a-zA-Z0-9_])?\.?$`)

// count reads a whole number between low and high.
func count(text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("must be a whole number from %d to %d, not %s", low, high, quote(text))
	}
	return n, nil
}

// sizeUnits are the units a size may have, in bytes. A longer unit stands
// before its own ending.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1},
}

// size reads a number of bytes, such as 512KiB, 8MiB or 200GiB.
func size(text string) (int64, error) {
	bad := fmt.Errorf("must be a whole number with a unit, such as 512KiB, 8MiB or 200GiB, not %s", quote(text))
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimRight(digits, " "), 10, 63)
		if err != nil || int64(n) > math.MaxInt64/unit.bytes {
			return 0, bad
		}
		return int64(n) * unit.bytes, nil
	}
	return 0, bad
}

// sizeWithin reads a size between low and high bytes.
func sizeWithin(text string, low, high int64) (int64, error) {
	n, err := size(text)
	if err != nil {
		return 0, err
	}
	if n < low || n > high {
		return 0, fmt.Errorf("must be from %s to %s, not %s", sizeText(low), sizeText(high), quote(text))
	}
	return n, nil
}

// sizeText writes a size with the largest unit it is a whole number of.
func sizeText(n int64) string {
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}} {
		if n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// Duration reads a duration as it stands in a configuration: 90s, 12h, 30d.
func Duration(text string) (time.Duration, error) { return duration(text) }

// duration reads what time.ParseDuration does, and days in front of it or
// alone: 500ms, 1m30s, 30d, 1d12h. A day is 24 hours.
func duration(text string) (time.Duration, error) {
	bad := fmt.Errorf("must be a duration such as 500ms, 10s, 1m30s or 30d, not %s", quote(text))
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, bad
		}
		return d, nil
	}
	n, err := strconv.ParseUint(days, 10, 32)
	if err != nil || n > 100_000 {
		return 0, bad
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || more > 24*time.Hour {
		return 0, bad
	}
	return d + more, nil
}

// durationWithin reads a duration between low and high.
func durationWithin(text string, low, high time.Duration) (time.Duration, error) {
	d, err := duration(text)
	if err != nil {
		return 0, err
	}
	if d < low || d > high {
		return 0, fmt.Errorf("must be from %s to %s, not %s", durationText(low), durationText(high), quote(text))
	}
	return d, nil
}

// durationText writes a duration without the zeros that its own text ends with,
// and several days as days.
func durationText(d time.Duration) string {
	const day = 24 * time.Hour
	if d > day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// boolean reads true or false. YAML 1.1 had yes and on besides; they are
// refused, since YAML 1.2 does not know them.
func boolean(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("must be true or false, not %s", quote(text))
}

// oneOf checks a text against the words there are, two or more.
func oneOf[word ~string](text string, words ...word) error {
	var known []string
	for _, w := range words {
		if text == string(w) {
			return nil
		}
		known = append(known, string(w))
	}
	last := len(known) - 1
	return fmt.Errorf("must be %s or %s, not %s", strings.Join(known[:last], ", "), known[last], quote(text))
}

// line checks a text of one line and at most maxBytes bytes. The error does
// not hold the text, which may be a secret.
func line(text string, maxBytes int) error {
	if len(text) > maxBytes {
		return fmt.Errorf("must not be longer than %d bytes", maxBytes)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("must be one line, without control characters")
	}
	return nil
}

// unshowable are characters that make a text look like another: those that turn
// the direction of what follows (Unicode TR9), ends of lines, and what has no
// width and joins nothing. Those that join letters and emoji are good.
var unshowable = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00ad, 0x00ad, 1}, {0x061c, 0x061c, 1}, {0x180e, 0x180e, 1}, {0x200b, 0x200b, 1}, {0x2028, 0x202e, 1},
		{0x2060, 0x206f, 1}, {0xfeff, 0xfeff, 1}, {0xfff9, 0xfffb, 1},
	},
	R32: []unicode.Range32{{0xe0000, 0xe007f, 1}},
}

// shown checks a text that people are shown.
func shown(text string) error {
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unshowable, r) {
			return fmt.Errorf("holds U+%04X, which shows nothing of itself and changes how the rest is shown; write it without", r)
		}
	}
	return nil
}

// checkListen checks a host:port to listen on. The host may be empty.
func checkListen(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("must be host:port, such as 127.0.0.1:8080 or [::1]:8080, not %s", quote(addr))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("must end in a port from 0 to 65535, not %s", quote(port))
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !namePattern.MatchString(host) {
		return fmt.Errorf("must begin with an address or a host name, not %s", quote(host))
	}
	return nil
}

// hostName reads a name or address by which clients know this server, and
// gives it as the Host header would have it, in lower case and without port.
func hostName(text string) (string, error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if ip, err := netip.ParseAddr(bare); err == nil && ip.Zone() == "" {
		return ip.String(), nil
	}
	if !namePattern.MatchString(text) {
		return "", fmt.Errorf("must be a name or address without scheme, port or path, such as cams.example.org, not %s", quote(text))
	}
	return strings.ToLower(strings.TrimSuffix(text, ".")), nil
}

// basePathPattern is what stands before every path: of characters that nobody
// has to escape.
var basePathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]{1,64}){1,8}$`)

// BasePath reads the path under which a proxy shows this server, and gives it
// without a slash at its end; "" is the root.
func BasePath(text string) (string, error) {
	path := strings.TrimSuffix(text, "/")
	if path != "" && (!basePathPattern.MatchString(path) || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../")) {
		return "", fmt.Errorf("must be a path such as /cams, of letters, digits, - . _ and ~, not %s", quote(text))
	}
	return path, nil
}

// isDomain says whether a name of hosts is one that can be public.
func isDomain(name string) bool {
	_, err := netip.ParseAddr(name)
	return err != nil && strings.Contains(name, ".")
}

// origin reads the origin of a page (RFC 6454 section 6.2), as browsers send it.
func origin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || text != u.Scheme+"://"+u.Host || text != strings.ToLower(text) {
		return "", fmt.Errorf("must be an origin such as https://example.org or http://192.168.1.5:8123, in lower case and without a path, not %s", quote(text))
	}
	return text, nil
}

// addressRange reads a range of addresses, or one address.
func addressRange(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("must be an address or a range of addresses such as 192.168.0.0/16 or fd00::/8, not %s", quote(text))
	}
	return p.Masked(), nil
}

// filePath checks the name of a file or folder.
func filePath(text string) error {
	if text == "" {
		return errors.New("must not be empty")
	}
	return line(text, 4096)
}

func emailAddress(text string) error {
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
		return fmt.Errorf("must be a mail address such as admin@example.org, not %s", quote(text))
	}
	return line(text, 254)
}

// httpsURL checks an address to speak HTTPS to.
func httpsURL(text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("must be a URL such as https://acme.example.org/directory, not %s", quote(text))
	}
	return line(text, 2048)
}

// quote shows a value in an error, shortened where it is long.
func quote(text string) string {
	const longest = 40
	text = withoutLogin(text)
	if runes := []rune(text[:min(len(text), 4*longest)]); len(runes) > longest {
		return strconv.Quote(string(runes[:longest]) + "...")
	}
	return strconv.Quote(text)
}

// withoutLogin gives an address without the name and password that may stand in it, of
// whatever else is wrong with it.
func withoutLogin(text string) string {
	head, rest := "", text
	if scheme, after, ok := strings.Cut(text, "://"); ok {
		head, rest = scheme+"://", after
	}
	at := strings.LastIndex(rest, "@")
	if at < 0 || head == "" && !strings.Contains(rest[:at], ":") {
		return text
	}
	return head + "***" + rest[at:]
}
