package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for a secret until all are hidden, so that none is looked for
// in what stands for another.
const hidden = "\x00"

// leastPrefix is how much of a secret at the end of what was cut off is hidden.
const leastPrefix = 3

// mask is a secret and where it is looked for. What somebody chose is often a
// word, and would be found in sentences that have nothing to do with it.
type mask struct {
	text string
	word bool // of letters alone: it is not looked for within longer words
	// common: we ourselves say it, or it is very short. So it is looked for in
	// what is quoted, and where credentials stand.
	common bool
}

func newMask(text string) mask {
	word := true
	for _, r := range text {
		word = word && unicode.IsLetter(r)
	}
	return mask{text: text, word: word, common: ourWords[text] || utf8.RuneCountInString(text) <= 3}
}

// hide gives the text with hidden in the place of the secret.
func (m mask) hide(text string) string {
	var b strings.Builder
	for at := 0; ; {
		i := strings.Index(text[at:], m.text)
		if i < 0 {
			b.WriteString(text[at:])
			break
		}
		from := at + i
		to := from + len(m.text)
		b.WriteString(text[at:from])
		if m.stands(text, from, to) {
			b.WriteString(hidden)
		} else {
			b.WriteString(m.text)
		}
		at = to
	}
	return m.hideBeginnings(b.String())
}

// stands says whether what is found there is the secret.
func (m mask) stands(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	if (m.word || m.common) && (isWord(before) || isWord(after)) {
		return false
	}
	return !m.common || strings.ContainsRune(":=/&%", before) && from > 0 || after == '@' || isQuoted(text[:from])
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// isQuoted says whether what follows the text is within double quotes.
func isQuoted(text string) bool {
	return (strings.Count(text, `"`)-strings.Count(text, `\"`))%2 == 1
}

// hideBeginnings hides what is left of the secret where a camera's words were
// cut off: at the end of the text, or of a quotation.
func (m mask) hideBeginnings(text string) string {
	if m.common {
		return text
	}
	parts := strings.Split(text, `"`)
	for i, part := range parts {
		for n := len(m.text) - 1; n >= leastPrefix; n-- {
			if rest, cut := strings.CutSuffix(part, m.text[:n]); cut && (!m.word || i%2 == 1 && !endsInWord(rest)) {
				parts[i] = rest + hidden
				break
			}
		}
	}
	return strings.Join(parts, `"`)
}

func endsInWord(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return isWord(r)
}

// printable gives a text in which control characters, and those that change the
// direction of writing, are shown instead of obeyed.
func printable(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ourWords are what our own sentences about cameras are made of.
var ourWords = words(`a address admin again an and another answer answers any at authentication bad be before behind boundary
	broken by bytes camera cameras cannot certificate close closed code configured connect connecting connection
	content could deadline denied describe dial does empty encoding end ended error exceeded expected failed fallen
	file first for forbidden format found frame frames from gone has have header headers host html http https image in
	instead internal is it jpeg kind last length less limit line live login long lookup malformed many media message
	more most name nal network no none not nothing of off on one open or other out over packet page part password path
	peer picture pictures play playlist port protocol publisher read reading receive refused request reset route rtp
	rtsp see sees send sender sends server session setup silent size source speaks start started starts status stop
	stopped stream such supported tcp test than that the there they this time timeout tls to too track transport try
	udp unauthorized unexpected unknown unreachable unsupported url user username video viewer viewers wait waiting
	was what whole with within without write wrong`)

func words(text string) map[string]bool {
	all := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		all[word] = true
	}
	return all
}
