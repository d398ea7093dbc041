// Package plainyaml reads one plain YAML document: mappings, lists and texts, each
// with its place. What YAML has beyond that, anchors, aliases, tags, merge keys
// and several documents, is refused or marked, in words that say what to write
// instead; so what a file says is what stands there.
//
// YAML's types play no part: a text is as it was written, whatever type YAML
// sees in it, so that 0123 and no are those. How long reading takes is bounded,
// whatever is read.
//
// It knows no keys. Package config calls it, and migrate, for which aliases are
// written out.
package plainyaml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a document. The YAML parser recurses into what is nested and its
// time grows with the square of the number of keys, so both are counted in the
// tokens before it starts: 1 MiB of opening brackets would take all memory, and
// 80,000 keys 15 seconds.
const (
	maxTokens  = 32 << 10
	maxNesting = 32
)

// Place is where something begins in a document. The zero Place is the document
// as a whole.
type Place struct {
	Line, Column int // from 1
}

// Error is why a document cannot be read.
type Error struct {
	Place
	Text string // what is wrong and what to do instead
}

// Error gives the place, if it is known, and the text.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Text)
}

// Parse gives the root of a document, nil where there is nothing but comments.
func Parse(document []byte) (*Node, *Error) { return read(document, builder{}) }

// ParseShorthand is Parse for documents that others wrote for other programs: what
// an alias or a merge key stands for is in its place, and shared where it stands in
// several.
func ParseShorthand(document []byte) (*Node, *Error) {
	b := builder{&shorthand{anchors: make(map[string]*Node)}}
	root, wrong := read(document, b)
	if wrong == nil && b.shorthand.tooMuch(root) {
		return nil, &Error{root.Place, "has too many keys and values where aliases are written out"}
	}
	return root, wrong
}

// read gives the root of a document as b makes it.
func read(document []byte, b builder) (node *Node, wrong *Error) {
	// The parser is not ours and has met few files meant to break it. A panic
	// in it must not look like one of Framegate.
	defer func() {
		if r := recover(); r != nil {
			node, wrong = nil, &Error{Text: "cannot be read as YAML"}
		}
	}()
	document = bytes.TrimPrefix(document, []byte("\ufeff")) // the mark that Windows editors put first
	if at, bad := firstNonText(document); bad {
		return nil, &Error{at, "is not UTF-8 text; save the file as UTF-8, without control characters"}
	}
	parsed, err := parse(string(document))
	if err != nil {
		return nil, err
	}
	root, err := onlyDocument(parsed)
	if root == nil || err != nil {
		return nil, err
	}
	return b.node(root), nil
}

// firstNonText finds the first byte that is not part of UTF-8 text.
func firstNonText(b []byte) (Place, bool) {
	at := Place{1, 1}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if (r == utf8.RuneError && n == 1) || (r < ' ' && r != '\n' && r != '\r' && r != '\t') {
			return at, true
		}
		i += n
		at.Column++
		if r == '\n' {
			at = Place{at.Line + 1, 1}
		}
	}
	return Place{}, false
}

// parse gives the syntax tree of a document within bounds.
func parse(text string) (*ast.File, *Error) {
	tokens := lexer.Tokenize(text)
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxError(err)
	}
	return parsed, nil
}

// checkTokens refuses what would keep the parser busy for too long.
func checkTokens(tokens token.Tokens) *Error {
	brackets, dashes, dashLine := 0, 0, 0
	for i, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType:
			if t.Position.Line != dashLine {
				dashes, dashLine = 0, t.Position.Line
			}
			dashes++
		}
		if brackets > maxNesting || dashes > maxNesting {
			return &Error{placeOf(t), "is nested too deeply to be a configuration"}
		}
		if i >= maxTokens {
			return &Error{placeOf(t), "has too many keys and values to be a configuration"}
		}
	}
	return nil
}

// syntaxError words an error of the parser.
func syntaxError(err error) *Error {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		return &Error{Text: "cannot be read as YAML"}
	}
	text := syntax.GetMessage()
	switch {
	case strings.Contains(text, "mapping value is not allowed"):
		text += `; check the indentation, and put a value that contains ": " or ends in a colon into quotes, such as "upload:"`
	case strings.Contains(text, "reserved character"), strings.Contains(text, "undefined anchor"), strings.Contains(text, "directive"):
		text += "; put the value into quotes"
	case strings.Contains(text, "'\t'"):
		text = "a tab cannot stand here; indent with spaces"
	default:
		text += "; check the indentation, brackets and quotes here"
	}
	return &Error{placeOf(syntax.GetToken()), text}
}

// onlyDocument gives the root of the single document, nil if it is empty.
func onlyDocument(parsed *ast.File) (root ast.Node, wrong *Error) {
	for i, doc := range parsed.Docs {
		if directive, ok := doc.Body.(*ast.DirectiveNode); ok {
			return nil, &Error{placeOf(directive.GetToken()), "is a YAML directive; remove it"}
		}
		if i > 0 {
			return nil, &Error{placeOf(doc.Start), "a second document begins here; a configuration is one document, without --- inside"}
		}
		root = doc.Body
	}
	return root, nil
}

func placeOf(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{}
	}
	return Place{t.Position.Line, t.Position.Column}
}
