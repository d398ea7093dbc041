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

// serviceHost ends what Kubernetes sets for each service, among other variables.
const serviceHost = "_SERVICE_HOST"

// linkTo says whether a variable is of a service such as framegate-webrtc, of which
// there is the host as well: without that it is somebody's mistake.
func linkTo(services []string, name string) bool {
	return slices.ContainsFunc(services, func(service string) bool {
		rest, ok := strings.CutPrefix(name, service+"_")
		return ok && serviceLink.MatchString(prefix+rest)
	})
}

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
	services := []string{strings.TrimSuffix(prefix, "_")}
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if service, ok := strings.CutSuffix(name, serviceHost); ok && !strings.Contains(service, "__") {
			services = append(services, service)
		}
		if strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) {
			variables[name] = text
		}
	}
	maps.DeleteFunc(variables, func(name, _ string) bool { return linkTo(services, name) })
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
	if f.value != nil { // which takes commas, where it could be a list
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
	case f.each != nil:
		return f, "names no key of a camera; write FRAMEGATE_CAMERAS__FRONT__SOURCE for the source of the camera front"
	case f.section != nil:
		return sectionVariable(name, prefix+top+"__", below, f.section)
	case nested:
		return f, unknownVariable(name, variableNames(prefix, d.fields))
	}
	return f, ""
}

// sectionVariable finds the key below a section, or below one in it.
func sectionVariable(name, sectionPrefix, below string, section map[string]field) (f field, wrong string) {
	key, further, nested := strings.Cut(below, "__")
	f, ok := section[keyOfVariable(key)]
	switch {
	case ok && f.section != nil:
		return sectionVariable(name, sectionPrefix+key+"__", further, f.section)
	case ok && f.each != nil && nested:
		return namedVariable(name, sectionPrefix+key+"__", further, f)
	case ok && f.each == nil && !nested:
		return f, ""
	}
	return f, unknownVariable(name, variableNames(sectionPrefix, section))
}

// namedVariable finds the key of what has a name in NAME__KEY.
func namedVariable(name, sectionPrefix, rest string, f field) (field, string) {
	upper, key, _ := strings.Cut(rest, "__")
	fields, err := f.each(strings.ToLower(strings.ReplaceAll(upper, "_", "-")))
	if err != nil || upper != strings.ToUpper(upper) {
		return field{}, "names no " + f.such + "; write " + sectionPrefix + "OPS__URL for the url of ops"
	}
	return sectionVariable(name, sectionPrefix+upper+"__", key, fields)
}

// cameraVariable finds the key of a camera in ID__KEY.
func (d *draft) cameraVariable(name, rest string, set bool) (f field, wrong string) {
	upper, key := cutCamera(rest)
	if key == "" {
		return f, "names no key; write " + name + "__SOURCE for the camera's source"
	}
	id := strings.ReplaceAll(strings.ToLower(upper), "_", "-")
	if !idPattern.MatchString(id) || upper != strings.ToUpper(upper) {
		return f, "names no camera id; write FRAMEGATE_CAMERAS__FRONT_DOOR__SOURCE for the camera front-door"
	}
	f, wrong = sectionVariable(name, prefix+"CAMERAS__"+upper+"__", key, newCameraDraft().fields())
	if wrong != "" || !set {
		return f, wrong
	}
	known := d.cameras[id] != nil
	fields, _ := d.cameraFields(id)
	if !known {
		d.cameras[id].at = place{variable: name}
	}
	return sectionVariable(name, "", key, fields)
}

// cutCamera divides ID__KEY and ID__SECTION__KEY. An id may have two hyphens, so
// it ends where what follows is a key, the longest there is, or else a key of a
// section that is misspelled, or else what follows the last two underscores.
func cutCamera(rest string) (id, key string) {
	for _, k := range cameraKeys {
		suffix := strings.ToUpper(strings.ReplaceAll(k.Name, ".", "__"))
		if before, ok := strings.CutSuffix(rest, "__"+suffix); ok && len(suffix) > len(key) {
			id, key = before, suffix
		}
	}
	if key != "" {
		return id, key
	}
	for _, k := range cameraKeys {
		section, _, nested := strings.Cut(strings.ToUpper(k.Name), ".")
		if before, below, ok := strings.Cut(rest+"__", "__"+section+"__"); ok && nested && before != "" {
			return before, section + "__" + strings.TrimSuffix(below, "__")
		}
	}
	if i := strings.LastIndex(rest, "__"); i >= 0 {
		return rest[:i], rest[i+2:]
	}
	return rest, ""
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
	for key, f := range fields {
		if f.section == nil && f.each == nil {
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
