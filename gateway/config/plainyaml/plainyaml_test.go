package plainyaml

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// dump writes a node with its places: {key@1:1 "value"@1:6}.
func dump(n *Node) string {
	var b strings.Builder
	switch n.Kind {
	case Nothing:
		b.WriteString("nothing")
	case Text:
		fmt.Fprintf(&b, "%q@%d:%d", n.Text, n.Line, n.Column)
	case Refused:
		word, _, _ := strings.Cut(n.Text, " ")
		fmt.Fprintf(&b, "refused %s@%d:%d", word, n.Line, n.Column)
	case List:
		fmt.Fprintf(&b, "[@%d:%d", n.Line, n.Column)
		for _, item := range n.Items {
			b.WriteString(" " + dump(item))
		}
		b.WriteString("]")
	case Mapping:
		fmt.Fprintf(&b, "{@%d:%d", n.Line, n.Column)
		for _, entry := range n.Entries {
			b.WriteString(" " + dump(entry.Key) + ": " + dump(entry.Value))
		}
		b.WriteString("}")
	}
	if n.Comment != "" {
		fmt.Fprintf(&b, "#%q", n.Comment)
	}
	return b.String()
}

// TestTextsAreAsTheyWereWritten, whatever type YAML has for them.
func TestTextsAreAsTheyWereWritten(t *testing.T) {
	for written, want := range map[string]string{
		"plain": "plain", "two words": "two words", "0123": "0123", "1_000": "1_000", "0x1F": "0x1F", "1e3": "1e3", "-0": "-0", "+1": "+1",
		"1.10": "1.10", ".5": ".5", ".inf": ".inf", "-.INF": "-.INF", ".nan": ".nan", "yes": "yes", "no": "no", "on": "on", "off": "off",
		"true": "true", "False": "False", "TRUE": "TRUE", "2001-12-14": "2001-12-14", "12:30:45": "12:30:45", "1.2.3.4": "1.2.3.4",
		"a:b": "a:b", "a#b": "a#b", "http://u:p@h/x?y=z&a": "http://u:p@h/x?y=z&a", "C:\\x": "C:\\x", "$x": "$x", "${x}": "${x}",
		`"quoted"`: "quoted", `'single'`: "single", `"a: b"`: "a: b", `'it''s'`: "it's", `"\u00fc\t\""`: "ü\t\"", `"# x"`: "# x", `""`: "", `''`: "",
		`"null"`: "null", `'~'`: "~", "ünïcödé": "ünïcödé", "\U0001F4F7": "\U0001F4F7", "nullx": "nullx", "~x": "~x",
		"|\n  one\n  two\n": "one\ntwo", "|-\n  one\n": "one", ">\n  one\n  two\n": "one two", "\n  on the next line": "on the next line",
	} {
		root, err := Parse([]byte("key: " + written))
		if err != nil {
			t.Errorf("%q: %v", written, err)
			continue
		}
		if n := root.Entries[0].Value; n.Kind != Text || n.Text != want {
			t.Errorf("%q is %s", written, dump(n))
		}
	}
}

func TestDocumentsHavePlaces(t *testing.T) {
	for document, want := range map[string]string{
		"a: b":                        `{@1:1 "a"@1:1: "b"@1:4}`,
		"\ufeffa: b\r\nc: d\r\n":      `{@1:1 "a"@1:1: "b"@1:4 "c"@2:1: "d"@2:4}`,
		"---\na: b\n":                 `{@2:1 "a"@2:1: "b"@2:4}`,
		"a:\n  b:\n    c: d\n":        `{@1:1 "a"@1:1: {@2:3 "b"@2:3: {@3:5 "c"@3:5: "d"@3:8}}}`,
		"a: {b: c, d: [e, f]}":        `{@1:1 "a"@1:1: {@1:4 "b"@1:5: "c"@1:8 "d"@1:11: [@1:14 "e"@1:15 "f"@1:18]}}`,
		"a:\n- b\n- c: d\n":           `{@1:1 "a"@1:1: [@2:1 "b"@2:3 {@3:3 "c"@3:3: "d"@3:6}]}`,
		"1: x\ntrue: y\n~: z\n'q': w": `{@1:1 "1"@1:1: "x"@1:4 "true"@2:1: "y"@2:7 "~"@3:1: "z"@3:4 "q"@4:1: "w"@4:6}`,
		"a: b\na: c\n":                `{@1:1 "a"@1:1: "b"@1:4 "a"@2:1: "c"@2:4}`,
		"a:\nb: ~\nc: null\nd:\n":     `{@1:1 "a"@1:1: nothing "b"@2:1: nothing "c"@3:1: nothing "d"@4:1: nothing}`,
		"a: {}\nb: []":                `{@1:1 "a"@1:1: {@1:4} "b"@2:1: [@2:4]}`,
		"- a\n- b":                    `[@1:1 "a"@1:3 "b"@2:3]`,
		"hello":                       `"hello"@1:1`,
		"a: b #c\nd: #e\nf: 'g' # h":  `{@1:1 "a"@1:1: "b"@1:4#"c" "d"@2:1: nothing#"e" "f"@3:1: "g"@3:4#" h"}`,
		"a: b\n# c\nd: e":             `{@1:1 "a"@1:1: "b"@1:4 "d"@3:1: "e"@3:4}`,
		"a: &x b\nc: *x":              `{@1:1 "a"@1:1: refused anchors@1:4 "c"@2:1: refused aliases@2:4}`,
		"a: !!str b\nc: !d e":         `{@1:1 "a"@1:1: refused tags@1:4 "c"@2:1: refused tags@2:4}`,
		"a:\n  <<: {b: c}":            `{@1:1 "a"@1:1: {@2:3 refused is@2:3: {@2:7 "b"@2:8: "c"@2:11}}}`,
		"a: [&x b, *x]":               `{@1:1 "a"@1:1: [@1:4 refused anchors@1:5 refused aliases@1:11]}`,
	} {
		root, err := Parse([]byte(document))
		if err != nil {
			t.Errorf("%q: %v", document, err)
		} else if got := dump(root); got != want {
			t.Errorf("%q is\n     %s\nwant %s", document, got, want)
		}
	}
	for _, document := range []string{"", "\n\n", "# nothing\n", "---\n", "\ufeff", "---\n# nothing\n"} {
		if root, err := Parse([]byte(document)); root != nil || err != nil {
			t.Errorf("%q: %v, %v", document, root, err)
		}
	}
}

func TestDocumentsThatAreNone(t *testing.T) {
	const binary = "is not UTF-8 text; save the file as UTF-8, without control characters"
	for document, want := range map[string]string{
		"a: b\nc: \xff":                 "2:4: " + binary,
		"a\x00":                         "1:2: " + binary,
		"ü\x1b":                         "1:2: " + binary,
		"\xfe\xff\x00a":                 "1:1: " + binary, // UTF-16, as Windows may save it
		"a\xc3":                         "1:2: " + binary,
		"a: b\n---\nc: d\n":             "2:1: a second document begins here; a configuration is one document, without --- inside",
		"%YAML 1.2\n---\na: b":          "1:1: is a YAML directive; remove it",
		"a: upload:":                    `1:4: mapping value is not allowed in this context; check the indentation, and put a value that contains ": " or ends in a colon into quotes, such as "upload:"`,
		"a:\n\tb: c":                    "2:1: a tab cannot stand here; indent with spaces",
		"a: [b":                         "1:4: sequence end token ']' not found; check the indentation, brackets and quotes here",
		"a: 'b":                         "1:4: could not find end character of single-quoted text; check the indentation, brackets and quotes here",
		"a: @b":                         "1:4: '@' is a reserved character; put the value into quotes",
		"a: " + strings.Repeat("[", 40): "1:36: is nested too deeply to be a configuration",
		"a: " + strings.Repeat("{", 40): "1:36: is nested too deeply to be a configuration",
		strings.Repeat("- ", 40):        "1:65: is nested too deeply to be a configuration",
	} {
		root, err := Parse([]byte(document))
		if err == nil {
			t.Errorf("%q is %s", document, dump(root))
		} else if err.Error() != want {
			t.Errorf("%q:\n got %s\nwant %s", document, err.Error(), want)
		}
	}
}

// TestNothingTakesLong: of large documents, those
// that parsers fear are read, or refused, in little time.
func TestNothingTakesLong(t *testing.T) {
	const size = 1 << 17
	var indented strings.Builder
	for depth := 0; indented.Len() < size; depth++ {
		indented.WriteString(strings.Repeat(" ", depth) + "a:\n")
	}
	for name, document := range map[string]string{
		"brackets": strings.Repeat("[", size), "braces": strings.Repeat("{a: ", size/4), "dashes": strings.Repeat("- ", size/2),
		"keys": strings.Repeat("a: b\n", size/5), "nested": indented.String(), "one line": "a: " + strings.Repeat("x", size),
		"quotes": strings.Repeat(`"`, size), "comments": strings.Repeat("#\n", size/2), "anchors": strings.Repeat("&a ", size/3),
		"aliases": "a: &a [x, x]\n" + strings.Repeat("b: [*a, *a]\n", size/12), "question marks": strings.Repeat("? ", size/2),
		"documents": strings.Repeat("---\n", size/4), "lines": strings.Repeat("\n", size), "colons": strings.Repeat(": ", size/2),
		"folded": "a: >\n" + strings.Repeat("  x\n", size/4), "tags": strings.Repeat("!a ", size/3), "tabs": strings.Repeat("\t", size),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := Parse([]byte(document))
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("took %v, and gave %v", took, err)
			}
		})
	}
}

// FuzzParse: what is read holds what Node promises.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: b", "a: {b: [c, 'd']}\ne: |\n  f\n", "- a\n- b: c # d", "a: &b c\nd: *b", "? a\n: b", "a: !!c d", "<<: {a: b}", "\ufeff---\na:\n", "a: [", "%A", "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		root, err := Parse(document)
		if err != nil {
			if err.Text == "" || err.Line < 0 || strings.Contains(err.Error(), "\n") && !strings.Contains(string(document), "\n") {
				t.Errorf("error %+v", err)
			}
			return
		}
		if root != nil {
			check(t, root, strings.Count(string(document), "\n")+strings.Count(string(document), "\r")+1)
		}
	})
}

// check finds what is wrong with a node of a document of so many lines.
func check(t *testing.T, n *Node, lines int) {
	if n.Kind != Nothing && (n.Line < 1 || n.Column < 1 || n.Line > lines) {
		t.Errorf("%s in %d lines", dump(n), lines)
	}
	if n.Kind == Text && !utf8.ValidString(n.Text) || n.Kind == Refused && n.Text == "" {
		t.Errorf("%q", n.Text)
	}
	if n.Kind != List && n.Items != nil || n.Kind != Mapping && n.Entries != nil {
		t.Errorf("%s has more", dump(n))
	}
	for _, item := range n.Items {
		check(t, item, lines)
	}
	for _, entry := range n.Entries {
		if entry.Key.Kind != Text && entry.Key.Kind != Refused {
			t.Errorf("the key %s", dump(entry.Key))
		}
		check(t, entry.Key, lines)
		check(t, entry.Value, lines)
	}
}
