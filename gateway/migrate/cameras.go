package migrate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"framegate/gateway/config"
	"framegate/gateway/config/plainyaml"
)

// camera makes a camera of ours for one of this name, which is not yet among those
// that are written. Its id is the name as far as ids can say it, unless that is another's
// name: whoever asks for that one must not see this.
func (r *reader) camera(name string, n *plainyaml.Node, path string) *camera {
	shown := withoutAddress(name)
	id := config.IDOf(shown)
	c := &camera{id: id, line: n.Line, path: path, keys: make(map[string]string)}
	for i := 2; r.has(c.id) || c.id != name && r.names.Get(c.id) != nil; i++ {
		c.id = config.IDOf(fmt.Sprintf("%.50s-%d", id, i))
	}
	if c.id != shown {
		c.keys["name"] = shown
	}
	return c
}

// withoutAddress gives the host of a name that is an address, in which there may be a password:
// go2rtc names a stream by its source where nobody else did.
func withoutAddress(name string) string {
	_, rest, is := strings.Cut(name, "://")
	if !is {
		return name
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return cmp.Or(rest[strings.LastIndexByte(rest, '@')+1:], "camera")
}

func (r *reader) has(id string) bool {
	return slices.ContainsFunc(r.cameras, func(c *camera) bool { return c.id == id })
}

// checkSettings takes out the settings that our configuration would not have, and says
// what is wrong with them.
func (r *reader) checkSettings() {
	good := make(map[string]setting)
	for _, s := range config.Settings() {
		given, ok := r.settings[s.Key]
		if !ok {
			continue
		}
		good[s.Key] = given
		var written bytes.Buffer
		writeKeys(&written, "", settingKeys(good))
		if _, err := config.Parse("configuration", written.Bytes(), nil); err != nil {
			delete(good, s.Key)
			_, wrong, _ := strings.Cut(err.Error(), s.Key+": ")
			wrong, _, _ = strings.Cut(wrong, "\n")
			r.lose(&plainyaml.Node{Place: plainyaml.Place{Line: given.line}}, given.path, "cannot be taken: %s", wrong)
		}
	}
	r.settings = good
}

// settingKeys gives settings in the order of their table.
func settingKeys(settings map[string]setting) (keys []keyed) {
	for _, s := range config.Settings() {
		if given, ok := settings[s.Key]; ok {
			keys = append(keys, keyed{s.Key, given.text})
		}
	}
	return keys
}

// checkCameras takes out the cameras that our configuration would not have, and says
// what is wrong with them.
func (r *reader) checkCameras() {
	r.cameras = slices.DeleteFunc(r.cameras, func(c *camera) bool {
		written := bytes.Buffer{}
		written.WriteString("cameras:\n")
		c.write(&written)
		_, err := config.Parse("configuration", written.Bytes(), nil)
		if err == nil {
			return false
		}
		_, wrong, _ := strings.Cut(err.Error(), "cameras."+c.id+".")
		wrong, _, _ = strings.Cut(wrong, "\n")
		r.lose(&plainyaml.Node{Place: plainyaml.Place{Line: c.line}}, c.path, "cannot be taken: %s", wrong)
		return true
	})
}

// write gives the configuration, with keys in the order of its tables.
func (r *reader) write() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Made of a configuration of %s by framegate import.\n", r.format)
	b.WriteString("# Framegate listens on this machine alone, until listen: says more, such as 0.0.0.0:8080.\n")
	writeKeys(&b, "", settingKeys(r.settings))
	b.WriteString("cameras:\n")
	for _, c := range r.cameras {
		c.write(&b)
	}
	return b.Bytes()
}

// write writes the section of a camera.
func (c *camera) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "  %s:\n", c.id)
	var keys []keyed
	for _, key := range config.CameraKeys() {
		if text, given := c.keys[key.Name]; given {
			keys = append(keys, keyed{key.Name, text})
		}
	}
	writeKeys(b, "    ", keys)
}

// keyed is a key, with dots where it is in sections, and what it has.
type keyed struct{ key, text string }

// writeKeys writes keys, those of a section behind each other, as plain YAML.
func writeKeys(b *bytes.Buffer, indent string, keys []keyed) {
	for i := 0; i < len(keys); {
		section, _, nested := strings.Cut(keys[i].key, ".")
		if !nested {
			fmt.Fprintf(b, "%s%s: %s\n", indent, keys[i].key, scalar(keys[i].text))
			i++
			continue
		}
		var below []keyed
		for ; i < len(keys) && strings.HasPrefix(keys[i].key, section+"."); i++ {
			below = append(below, keyed{keys[i].key[len(section)+1:], keys[i].text})
		}
		fmt.Fprintf(b, "%s%s:\n", indent, section)
		writeKeys(b, indent+"  ", below)
	}
}

// plain is what YAML takes for a text without quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9/]([A-Za-z0-9 _./?&=@+~%:-]*[A-Za-z0-9_./?&=@+~%-])?$`)

// scalar writes a text. One in quotes is written as JSON's, which are YAML's too
// (YAML 1.2.2 section 1.3).
func scalar(text string) string {
	if plain.MatchString(text) && !strings.Contains(text, ": ") && !strings.Contains(text, " #") {
		return text
	}
	var b bytes.Buffer
	quoted := json.NewEncoder(&b)
	quoted.SetEscapeHTML(false)
	_ = quoted.Encode(text) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
