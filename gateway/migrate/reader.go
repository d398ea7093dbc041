package migrate

import (
	"fmt"
	"strings"

	"framegate/gateway/config/plainyaml"
)

// reader collects what a configuration of ours would say.
type reader struct {
	format   Format
	settings map[string]setting // by config.Setting's keys
	cameras  []*camera
	names    *plainyaml.Node // what has all cameras by name
	losses   []Loss
	told     map[string]int // where in losses, by the last key of the path and the text
}

// setting is a setting of ours, and where it stands in the configuration that is read.
type setting struct {
	text string
	line int // 0 where it says so by saying nothing
	path string
}

// set notes a setting that n says.
func (r *reader) set(key string, n *plainyaml.Node, path string) {
	r.settings[key] = setting{text(n), n.Line, path}
}

// camera is a camera of ours.
type camera struct {
	id   string
	line int    // where it stands in the configuration that is read
	path string // its key there
	keys map[string]string
}

func newReader(format Format) *reader {
	return &reader{format: format, settings: make(map[string]setting), told: make(map[string]int)}
}

// lose notes what is not taken over. Of what stands in many places in the same way,
// as with every camera, the first is told.
func (r *reader) lose(n *plainyaml.Node, path, format string, args ...any) {
	loss := Loss{Path: path, Text: fmt.Sprintf(format, args...)}
	if n != nil {
		loss.Line = n.Line
	}
	same := path[strings.LastIndexByte(path, '.')+1:] + ": " + loss.Text
	if i, told := r.told[same]; told {
		r.losses[i].More++
		return
	}
	r.told[same] = len(r.losses)
	r.losses = append(r.losses, loss)
}

// taker takes the value of a key that stands at path.
type taker func(n *plainyaml.Node, path string)

// silently takes what makes no difference here.
func silently(*plainyaml.Node, string) {}

// without makes a taker of what is lost, for a reason.
func (r *reader) without(why string) taker {
	return func(n *plainyaml.Node, path string) { r.lose(n, path, "%s", why) }
}

// section hands each key of a mapping to who takes it, and notes as lost what nobody
// does.
func (r *reader) section(n *plainyaml.Node, path string, keys map[string]taker) {
	r.each(n, path, func(key string, value *plainyaml.Node, path string) {
		take, known := keys[key]
		if !known {
			take = r.without("has no counterpart here")
		}
		take(value, path)
	})
}

// each calls take for each entry of a mapping. What is no mapping is lost.
func (r *reader) each(n *plainyaml.Node, path string, take func(key string, value *plainyaml.Node, path string)) {
	if n.Kind != plainyaml.Mapping && n.Kind != plainyaml.Nothing {
		r.lose(n, path, "holds no keys, as it should")
	}
	for _, entry := range n.Entries {
		if entry.Key.Kind != plainyaml.Text {
			r.lose(entry.Key, path, "%s", entry.Key.Text)
			continue
		}
		value := *entry.Value
		value.Place = entry.Key.Place // where it is, also where an alias stands for it
		take(entry.Key.Text, &value, strings.TrimPrefix(path+"."+shorten(entry.Key.Text), "."))
	}
}

// look gives what the first of several sections that has it says under keys within
// keys, nil for nothing.
func look(keys string, sections ...*plainyaml.Node) *plainyaml.Node {
	for _, n := range sections {
		for key := range strings.SplitSeq(keys, ".") {
			if n != nil {
				n = n.Get(key)
			}
		}
		if n != nil && n.Kind != plainyaml.Nothing {
			return n
		}
	}
	return nil
}

// text gives the text of a node, "" for none.
func text(n *plainyaml.Node) string {
	if n == nil || n.Kind != plainyaml.Text {
		return ""
	}
	return n.Text
}

// yes says that a node is true in the words of YAML 1.1, which the programs take.
func yes(n *plainyaml.Node) bool {
	switch strings.ToLower(text(n)) {
	case "true", "yes", "on", "y":
		return true
	}
	return false
}

// texts gives the texts of a list, or of what stands for a list of one.
func texts(n *plainyaml.Node) []*plainyaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == plainyaml.List:
		return n.Items
	case n.Kind == plainyaml.Text && n.Text != "":
		return []*plainyaml.Node{n}
	}
	return nil
}

// shorten keeps a message to a line, whatever a key is, and a password out of it: where
// indentation is wrong an address stands in the place of a key.
func shorten(key string) string {
	const most = 64
	if scheme, rest, is := strings.Cut(key, "://"); is && strings.Contains(rest, "@") {
		key = scheme + "://…"
	}
	if len(key) > most {
		key = key[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(key, ""))
}
