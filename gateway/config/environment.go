package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// prefix begins every variable of the configuration.
const prefix = "FRAMEGATE_"

// testPrefix begins variables that steer Framegate's own tests.
const testPrefix = prefix + "TEST_"

// serviceLink is what Kubernetes and Docker set in every container when a
// service happens to be named "framegate" (FRAMEGATE_SERVICE_HOST,
// FRAMEGATE_PORT_8080_TCP_ADDR). They are nobody's mistake, and are ignored.
var serviceLink = regexp.MustCompile(`^FRAMEGATE_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// readEnvironment puts the variables into the draft. A variable is named
// FRAMEGATE_ and the key in upper case, with two underscores between the
// levels: FRAMEGATE_LISTEN, FRAMEGATE_LIMITS__FRAME_BYTES. Ids of cameras have
// hyphens and no underscores, names of variables the other way around, so
// front-door becomes FRAMEGATE_CAMERAS__FRONT_DOOR__SOURCE. Lists are
// separated by commas. An empty variable counts as not set, since that is all
// many tools can do to unset one; an unknown one is an error even so. Cameras
// that are new come behind the others, as people count: cam2 before cam10.
func (d *draft) readEnvironment(environ []string) {
	variables := make(map[string]string)
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) && !serviceLink.MatchString(name) {
			variables[name] = text
		}
	}
	listed := len(d.order)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		d.readVariable(name, variables[name])
	}
	slices.SortFunc(d.order[listed:], compareNaturally)
}

// compareNaturally compares ids by their letters and the numbers in them.
func compareNaturally(a, b string) int {
	for a != "" && b != "" {
		if a[0] != b[0] && !(isDigit(a[0]) && isDigit(b[0])) {
			return cmp.Compare(a[0], b[0])
		}
		n := max(1, len(a)-len(strings.TrimLeft(a, "0123456789")))
		m := max(1, len(b)-len(strings.TrimLeft(b, "0123456789")))
		first, second := strings.TrimLeft(a[:n], "0"), strings.TrimLeft(b[:m], "0")
		if order := cmp.Or(cmp.Compare(len(first), len(second)), cmp.Compare(first, second), cmp.Compare(n, m)); order != 0 {
			return order
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (d *draft) readVariable(name, text string) {
	at := place{variable: name}
	f, wrong := d.variableField(name, text != "")
	if wrong != "" {
		d.report(at, "", "%s", wrong)
		return
	}
	if text == "" {
		return
	}
	var err error
	if f.value != nil {
		err = f.value(value{text: text, at: at})
	} else {
		_, err = f.list(splitList(text, at))
	}
	if err != nil {
		d.report(at, "", "%v", err)
	}
}

func splitList(text string, at place) []value {
	var values []value
	for item := range strings.SplitSeq(text, ",") {
		values = append(values, value{text: strings.TrimSpace(item), at: at})
	}
	return values
}

// variableField finds what a variable sets, or says what is wrong with its
// name. A camera it names for the first time is made if set is true.
func (d *draft) variableField(name string, set bool) (f field, wrong string) {
	key := strings.TrimPrefix(name, prefix)
	if rest, ok := strings.CutPrefix(key, "CAMERAS__"); ok {
		return d.cameraVariable(name, rest, set)
	}
	top, below, nested := strings.Cut(key, "__")
	f, ok := d.fields[keyOfVariable(top)]
	switch {
	case !ok:
		return f, unknownVariable(name, variableNames(prefix, d.fields))
	case f.later:
		return f, notBuiltText
	case f.each != nil:
		return f, "names no key of a camera; write FRAMEGATE_CAMERAS__FRONT__SOURCE for the source of the camera front"
	case f.section != nil:
		return sectionVariable(name, prefix+top+"__", below, f)
	case nested:
		return f, unknownVariable(name, variableNames(prefix, d.fields))
	}
	return f, ""
}

// sectionVariable finds the key below a section.
func sectionVariable(name, sectionPrefix, below string, section field) (f field, wrong string) {
	f, ok := section.section[keyOfVariable(below)]
	if !ok {
		return f, unknownVariable(name, variableNames(sectionPrefix, section.section))
	}
	return f, ""
}

// cameraVariable finds the key of a camera in ID__KEY. The last two
// underscores divide them: no key has two, but an id may have two hyphens.
func (d *draft) cameraVariable(name, rest string, set bool) (f field, wrong string) {
	fields := newCameraDraft().fields()
	if upper, _, ok := cutLater(rest, fields); ok && upper != "" {
		return f, notBuiltText
	}
	i := strings.LastIndex(rest, "__")
	if i < 0 {
		return f, "names no key; write " + name + "__SOURCE for the camera's source"
	}
	id := strings.ReplaceAll(strings.ToLower(rest[:i]), "_", "-")
	if !idPattern.MatchString(id) || rest[:i] != strings.ToUpper(rest[:i]) {
		return f, "names no camera id; write FRAMEGATE_CAMERAS__FRONT_DOOR__SOURCE for the camera front-door"
	}
	key := keyOfVariable(rest[i+2:])
	if _, ok := fields[key]; !ok {
		return f, unknownVariable(name, variableNames(prefix+"CAMERAS__"+rest[:i]+"__", fields))
	}
	if !set {
		return f, ""
	}
	known := d.cameras[id] != nil
	fields, _ = d.cameraFields(id)
	if !known {
		d.cameras[id].at = place{variable: name}
	}
	return fields[key], ""
}

// cutLater finds a section of a camera that is not built yet in ID__SECTION or
// ID__SECTION__KEY.
func cutLater(rest string, fields map[string]field) (id, section string, ok bool) {
	for key, f := range fields {
		if !f.later {
			continue
		}
		upper := "__" + strings.ToUpper(key)
		if id, ok := strings.CutSuffix(rest, upper); ok {
			return id, key, true
		}
		if id, _, ok := strings.Cut(rest, upper+"__"); ok {
			return id, key, true
		}
	}
	return "", "", false
}

// keyOfVariable gives the key for a part of a variable's name, and no key for
// one that is not in upper case.
func keyOfVariable(part string) string {
	if part != strings.ToUpper(part) {
		return ""
	}
	return strings.ToLower(part)
}

// variableNames lists the variables for the keys of a section.
func variableNames(sectionPrefix string, fields map[string]field) []string {
	var names []string
	for _, key := range builtKeys(fields) {
		if f := fields[key]; f.section == nil && f.each == nil {
			names = append(names, sectionPrefix+strings.ToUpper(key))
			continue
		}
		names = append(names, sectionPrefix+strings.ToUpper(key)+"__...")
	}
	return names
}

func unknownVariable(name string, known []string) string {
	return "unknown variable; " + suggestion(shorten(name), known)
}
