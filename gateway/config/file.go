package config

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"framegate/gateway/config/plainyaml"
	"framegate/gateway/regular"
)

// maxFileBytes bounds a configuration.
const maxFileBytes = 1 << 20

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
	root, err := plainyaml.Parse(b)
	w := walker{draft: d, file: file}
	switch {
	case err != nil:
		d.report(w.at(err.Place), "", "%s", err.Text)
	case root != nil: // else nothing but comments
		w.mapping(root, "", d.fields)
	}
}

// walker compares a document with the fields of the configuration. Its depth is
// that of the fields, whatever the depth of the document.
type walker struct {
	draft *draft
	file  string
}

func (w walker) at(p plainyaml.Place) place {
	return place{file: w.file, line: p.Line, column: p.Column}
}

func (w walker) report(n *plainyaml.Node, path, text string) {
	w.draft.report(w.at(n.Place), path, "%s", text)
}

// mapping takes the keys of a section.
func (w walker) mapping(n *plainyaml.Node, path string, fields map[string]field) {
	w.entries(n, path, func(key string, keyNode, valueNode *plainyaml.Node) {
		f, ok := fields[key]
		switch {
		case !ok:
			w.report(keyNode, join(path, key), unknownKey(key, fields))
		default:
			w.field(valueNode, keyNode, join(path, key), f)
		}
	})
}

// entries calls take for each entry of a mapping, and reports what is not a
// plain mapping and keys that come twice.
func (w walker) entries(n *plainyaml.Node, path string, take func(key string, keyNode, valueNode *plainyaml.Node)) {
	if n.Kind != plainyaml.Mapping {
		w.report(n, path, "must hold keys, each on its own line as key: value")
		return
	}
	firstLines := make(map[string]int)
	for _, entry := range n.Entries {
		key := entry.Key.Text
		if entry.Key.Kind != plainyaml.Text {
			w.report(entry.Key, path, key)
			continue
		}
		if first, twice := firstLines[key]; twice {
			w.report(entry.Key, join(path, shorten(key)), fmt.Sprintf("is given a second time, first on line %d; remove one", first))
			continue
		}
		firstLines[key] = entry.Key.Line
		take(shorten(key), entry.Key, entry.Value)
	}
}

// field takes the value of one key.
func (w walker) field(n, keyNode *plainyaml.Node, path string, f field) {
	switch {
	case n.Kind == plainyaml.Nothing && n.Comment != "":
		w.report(keyNode, path, "has no value, for what begins with # is a comment; put it into quotes, or remove the key")
	case n.Kind == plainyaml.Nothing:
		w.report(keyNode, path, "has no value; give it one, or remove the key")
	case n.Kind == plainyaml.Refused:
		w.report(n, path, n.Text)
	case f.list != nil && (f.value == nil || n.Kind == plainyaml.List):
		w.list(n, path, f)
	case f.value != nil:
		w.value(n, path, f)
	case n.Kind != plainyaml.Mapping:
		w.report(n, path, sectionText(f))
	case f.each != nil && path == "cameras":
		w.cameras(n, path, f)
	case f.each != nil:
		w.sections(n, path, f)
	default:
		w.mapping(n, path, f.section)
	}
}

// cameras takes a section for each id. The problem of a camera that lacks
// something is reported where its id stands.
func (w walker) cameras(n *plainyaml.Node, path string, f field) {
	w.draft.camerasListed = true
	listed := 0
	w.entries(n, path, func(id string, idNode, section *plainyaml.Node) {
		listed++
		fields, err := f.each(id)
		if err != nil {
			w.report(idNode, join(path, id), err.Error())
			return
		}
		w.draft.cameras[id].at = w.at(idNode.Place)
		if section.Kind == plainyaml.Text && strings.Contains(section.Text, ":") {
			w.report(section, join(path, id), fmt.Sprintf(`is a camera, whose address is one of its keys; write source: in front of it, as in %s: {source: "…"}`, id))
			return
		}
		w.field(section, idNode, join(path, id), field{section: fields})
	})
	if listed == 0 && len(w.draft.problems) == 0 {
		w.report(n, path, "lists no camera; add one, or remove the key to have the default cameras")
	}
}

// sections takes a section for each webhook.
func (w walker) sections(n *plainyaml.Node, path string, f field) {
	w.entries(n, path, func(name string, nameNode, section *plainyaml.Node) {
		fields, err := f.each(name)
		if err != nil {
			w.report(nameNode, join(path, name), err.Error())
			return
		}
		w.draft.webhook(name).at = w.at(nameNode.Place)
		w.field(section, nameNode, join(path, name), field{section: fields})
	})
}

func (w walker) value(n *plainyaml.Node, path string, f field) {
	if n.Kind != plainyaml.Text {
		w.report(n, path, "takes one value, not a list or a section; put it into quotes if it begins with [ or {")
		return
	}
	if wrong := misread(n, path); wrong != "" {
		w.report(n, path, wrong)
		return
	}
	if err := f.value(value{text: n.Text, at: w.at(n.Place)}); err != nil {
		w.report(n, path, err.Error())
	}
}

// reference is how other programs' configurations name a variable.
var reference = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*[^}]*\}`)

// misread says that a value is most likely meant to be another than it is.
func misread(n *plainyaml.Node, path string) string {
	if strings.HasSuffix(path, ".password") && n.Comment != "" && n.Comment[0] != ' ' {
		return "ends before the #, behind which is a comment; put the password into quotes, or a blank behind the # of a comment"
	}
	if !reference.MatchString(n.Text) {
		return ""
	}
	wrong := "holds ${...}, and variables are not replaced in here; set " + variableOf(path) + " in the environment instead"
	for _, key := range []string{"password", "secret"} {
		if strings.HasSuffix(path, "."+key) {
			wrong += ", or name a " + key + "_file"
		}
	}
	return wrong
}

// variableOf gives the variable that sets a key.
func variableOf(path string) string {
	return prefix + strings.ToUpper(strings.NewReplacer(".", "__", "-", "_").Replace(path))
}

func (w walker) list(n *plainyaml.Node, path string, f field) {
	if n.Kind != plainyaml.List {
		w.report(n, path, "takes a list, such as [one, two]")
		return
	}
	var items []value
	for _, item := range n.Items {
		if item.Kind != plainyaml.Text {
			w.report(item, path, "takes a list of single values, such as [one, two]")
			return
		}
		if wrong := misread(item, path); wrong != "" {
			w.report(item, path, wrong)
			return
		}
		items = append(items, value{text: item.Text, at: w.at(item.Place)})
	}
	if items == nil {
		w.draft.given[path] = w.at(n.Place)
	}
	if wrong, err := f.list(items); err != nil {
		w.draft.report(wrong.at, path, "%v", err)
	}
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
