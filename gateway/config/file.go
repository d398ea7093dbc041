package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"framegate/gateway/regular"
)

// Bounds of a file. The YAML parser recurses into what is nested and its time
// grows with the square of the number of keys, so both are counted in the
// tokens before it starts: 1 MiB of opening brackets would take all memory, and
// 80,000 keys 15 seconds.
const (
	maxFileBytes = 1 << 20
	maxTokens    = 32 << 10
	maxNesting   = 32
)

// Read gives the content of the configuration at path, nil for no path. It is a
// file, or what a shell opened for this process (regular.Given).
func Read(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	content, err := regular.ReadGiven(path, maxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return content, nil
}

// CutOff says why content cannot be meant to take the place of the content
// before: it holds nothing any more, or is the beginning of what was there,
// ending within a line. A full disk and a copy that ends half-way leave such
// files, which may be without a mistake, and without cameras.
func CutOff(path string, content, before []byte) error {
	if !holdsKeys(before) {
		return nil
	}
	if !holdsKeys(content) {
		return fmt.Errorf("configuration: %s: holds nothing any more, as after a full disk; write the whole file, or restart to do without", path)
	}
	rest, isBeginning := bytes.CutPrefix(before, content)
	if isBeginning && bytes.HasSuffix(before, []byte("\n")) && !bytes.HasSuffix(content, []byte("\n")) && len(bytes.TrimSpace(rest)) > 0 {
		return fmt.Errorf("configuration: %s: ends within line %d, where it went on before; write the whole file, with an end of line at its end",
			path, 1+bytes.Count(content, []byte("\n")))
	}
	return nil
}

// holdsKeys says that there is more than comments.
func holdsKeys(content []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(content, []byte("\ufeff"))) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return true
		}
	}
	return false
}

// readYAML reads the bytes of a file into the draft.
func (d *draft) readYAML(file string, b []byte) {
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // the mark that Windows editors put first
	if at, bad := firstNonText(file, b); bad {
		d.report(at, "", "is not UTF-8 text; save the file as UTF-8, without control characters")
		return
	}
	parsed, p := parseYAML(file, string(b))
	if p != nil {
		d.problems = append(d.problems, *p)
		return
	}
	root, p := onlyDocument(file, parsed)
	if p != nil {
		d.problems = append(d.problems, *p)
		return
	}
	if root == nil {
		return // nothing but comments
	}
	w := walker{draft: d, file: file}
	w.mapping(root, "", d.fields)
}

// firstNonText finds the first byte that is not part of UTF-8 text.
func firstNonText(file string, b []byte) (place, bool) {
	at := place{file: file, line: 1, column: 1}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if (r == utf8.RuneError && n == 1) || (r < ' ' && r != '\n' && r != '\r' && r != '\t') {
			return at, true
		}
		i += n
		at.column++
		if r == '\n' {
			at.line, at.column = at.line+1, 1
		}
	}
	return place{}, false
}

// parseYAML gives the syntax tree of a file within bounds.
func parseYAML(file, text string) (parsed *ast.File, p *problem) {
	// The parser is not ours and has met few files meant to break it. A panic
	// in it must not look like one of Framegate.
	defer func() {
		if r := recover(); r != nil {
			p = &problem{at: place{file: file}, text: "cannot be read as YAML"}
		}
	}()
	tokens := lexer.Tokenize(text)
	if p := checkTokens(file, tokens); p != nil {
		return nil, p
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxProblem(file, err)
	}
	return parsed, nil
}

// checkTokens refuses what would keep the parser busy for too long.
func checkTokens(file string, tokens token.Tokens) *problem {
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
			return &problem{at: placeOf(file, t), text: "is nested too deeply to be a configuration"}
		}
		if i >= maxTokens {
			return &problem{at: placeOf(file, t), text: "has too many keys and values to be a configuration"}
		}
	}
	return nil
}

// syntaxProblem words an error of the parser.
func syntaxProblem(file string, err error) *problem {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		return &problem{at: place{file: file}, text: "cannot be read as YAML"}
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
	return &problem{at: placeOf(file, syntax.GetToken()), text: text}
}

// onlyDocument gives the root of a file's single document, nil if it is empty.
func onlyDocument(file string, parsed *ast.File) (ast.Node, *problem) {
	var root ast.Node
	for i, doc := range parsed.Docs {
		if directive, ok := doc.Body.(*ast.DirectiveNode); ok {
			return nil, &problem{at: placeOf(file, directive.GetToken()), text: "is a YAML directive; remove it"}
		}
		if i > 0 {
			at := place{file: file}
			if doc.Start != nil {
				at = placeOf(file, doc.Start)
			}
			return nil, &problem{at: at, text: "a second document begins here; a configuration is one document, without --- inside"}
		}
		root = doc.Body
	}
	return root, nil
}

func placeOf(file string, t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{file: file}
	}
	return place{file: file, line: t.Position.Line, column: t.Position.Column}
}

// walker compares a syntax tree with the fields of the configuration. Its depth
// is that of the fields, whatever the depth of the tree.
type walker struct {
	draft *draft
	file  string
}

func (w walker) report(n ast.Node, path, text string) {
	w.draft.report(w.at(n), path, "%s", text)
}

// at gives where a node begins. The token of a mapping is a colon, behind its
// first key.
func (w walker) at(n ast.Node) place {
	if m, ok := n.(ast.MapNode); ok && n.GetToken().Type != token.MappingStartType {
		if entries := m.MapRange(); entries.Next() {
			return placeOf(w.file, entries.Key().GetToken())
		}
	}
	return placeOf(w.file, n.GetToken())
}

// mapping takes the keys of a section.
func (w walker) mapping(n ast.Node, path string, fields map[string]field) {
	w.entries(n, path, func(key string, keyNode, valueNode ast.Node) {
		f, ok := fields[key]
		switch {
		case !ok:
			w.report(keyNode, join(path, key), unknownKey(key, fields))
		case f.later:
			w.report(keyNode, join(path, key), notBuiltText)
		default:
			w.field(valueNode, keyNode, join(path, key), f)
		}
	})
}

// entries calls take for each entry of a mapping, and reports what is not a
// plain mapping and keys that come twice.
func (w walker) entries(n ast.Node, path string, take func(key string, keyNode, valueNode ast.Node)) {
	m, ok := n.(ast.MapNode)
	if !ok {
		w.report(n, path, "must hold keys, each on its own line as key: value")
		return
	}
	firstLines := make(map[string]int)
	for entries := m.MapRange(); entries.Next(); {
		keyNode := entries.Key()
		key, ok := keyText(keyNode)
		if !ok {
			w.report(keyNode, path, "is not a plain key; write key: value, without anchors, merge keys (<<) and question marks")
			continue
		}
		if first, twice := firstLines[key]; twice {
			w.report(keyNode, join(path, shorten(key)), fmt.Sprintf("is given a second time, first on line %d; remove one", first))
			continue
		}
		firstLines[key] = keyNode.GetToken().Position.Line
		take(shorten(key), keyNode, entries.Value())
	}
}

// field takes the value of one key.
func (w walker) field(n, keyNode ast.Node, path string, f field) {
	if _, null := n.(*ast.NullNode); null || n == nil {
		w.report(keyNode, path, noValueOf(keyNode))
		return
	}
	if text := decorated(n); text != "" {
		w.report(n, path, text)
		return
	}
	_, isMapping := n.(ast.MapNode)
	switch {
	case f.value != nil:
		w.value(n, path, f)
	case f.list != nil:
		w.list(n, path, f)
	case !isMapping:
		w.report(n, path, sectionText(f))
	case f.each != nil:
		w.cameras(n, path, f)
	default:
		w.mapping(n, path, f.section)
	}
}

// cameras takes a section for each id. The problem of a camera that lacks
// something is reported where its id stands.
func (w walker) cameras(n ast.Node, path string, f field) {
	w.draft.camerasListed = true
	listed := 0
	w.entries(n, path, func(id string, idNode, section ast.Node) {
		listed++
		fields, err := f.each(id)
		if err != nil {
			w.report(idNode, join(path, id), err.Error())
			return
		}
		w.draft.cameras[id].at = w.at(idNode)
		if text, ok := scalarText(section); ok && strings.Contains(text, ":") {
			w.report(section, join(path, id), fmt.Sprintf(`is a camera, whose address is one of its keys; write source: in front of it, as in %s: {source: "…"}`, id))
			return
		}
		w.field(section, idNode, join(path, id), field{section: fields})
	})
	if listed == 0 && len(w.draft.problems) == 0 {
		w.report(n, path, "lists no camera; add one, or remove the key to have the default cameras")
	}
}

func (w walker) value(n ast.Node, path string, f field) {
	text, ok := scalarText(n)
	if !ok {
		w.report(n, path, "takes one value, not a list or a section; put it into quotes if it begins with [ or {")
		return
	}
	if wrong := misread(n, text, path); wrong != "" {
		w.report(n, path, wrong)
		return
	}
	if err := f.value(value{text: text, at: w.at(n)}); err != nil {
		w.report(n, path, err.Error())
	}
}

// reference is how other programs' configurations name a variable.
var reference = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*[^}]*\}`)

// misread says that a value is most likely meant to be another than it is.
func misread(n ast.Node, text, path string) string {
	if comment := commentBehind(n); strings.HasSuffix(path, ".password") && len(comment) > 0 && comment[0] != ' ' {
		return "ends before the #, behind which is a comment; put the password into quotes, or a blank behind the # of a comment"
	}
	if !reference.MatchString(text) {
		return ""
	}
	wrong := "holds ${...}, and variables are not replaced in here; set " + variableOf(path) + " in the environment instead"
	if strings.HasSuffix(path, ".password") {
		wrong += ", or name a password_file"
	}
	return wrong
}

// variableOf gives the variable that sets a key.
func variableOf(path string) string {
	return prefix + strings.ToUpper(strings.NewReplacer(".", "__", "-", "_").Replace(path))
}

// noValueOf says what a key without a value lacks.
func noValueOf(keyNode ast.Node) string {
	if colon := keyNode.GetToken().Next; colon != nil && colon.Next != nil && isCommentOn(colon.Position.Line, colon.Next) {
		return "has no value, for what begins with # is a comment; put it into quotes, or remove the key"
	}
	return noValueText
}

// commentBehind gives the text of a comment on the line where a value ends.
func commentBehind(n ast.Node) string {
	last := n.GetToken()
	if last.Next == nil || !isCommentOn(last.Position.Line, last.Next) {
		return ""
	}
	return last.Next.Value
}

func isCommentOn(line int, t *token.Token) bool {
	return t.Type == token.CommentType && t.Position.Line == line
}

func (w walker) list(n ast.Node, path string, f field) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		w.report(n, path, "takes a list, such as [one, two]")
		return
	}
	var items []value
	for _, item := range sequence.Values {
		text, ok := scalarText(item)
		if !ok {
			w.report(item, path, "takes a list of single values, such as [one, two]")
			return
		}
		if wrong := misread(item, text, path); wrong != "" {
			w.report(item, path, wrong)
			return
		}
		items = append(items, value{text: text, at: w.at(item)})
	}
	if wrong, err := f.list(items); err != nil {
		w.draft.report(wrong.at, path, "%v", err)
	}
}

// decorated says why a node with YAML's more advanced features is refused.
func decorated(n ast.Node) string {
	switch n.(type) {
	case *ast.AnchorNode:
		return "anchors (&) are not supported; write the value out, or into quotes if it begins with &"
	case *ast.AliasNode:
		return "aliases (*) are not supported; write the value out, or into quotes if it begins with *"
	case *ast.TagNode:
		return "tags (!) are not supported; remove it, or put the value into quotes if it begins with !"
	}
	return ""
}

// keyText gives the text of a key that is a plain scalar.
func keyText(n ast.Node) (string, bool) {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// scalarText gives the text of a scalar as it was written, whatever type YAML
// sees in it.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), true
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// shorten keeps a key that is none from filling an error. No key of ours, nor
// an id, is longer than what it keeps.
func shorten(key string) string {
	const longest = 64
	if len(key) <= longest {
		return key
	}
	return strings.ToValidUTF8(key[:longest], "") + "..."
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
