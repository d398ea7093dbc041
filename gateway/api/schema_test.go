package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/config"
)

// off gives values that do not fit a schema of the document.
func off(schema map[string]any) map[string]any {
	values := map[string]any{"null": nil, "nested": nested(2000)}
	wrong := map[string]any{
		"string":  "x",
		"integer": 1,
		"number":  1.5,
		"boolean": true,
		"array":   []any{},
		"object":  object{},
	}
	kind, _ := schema["type"].(string)
	for other, value := range wrong {
		if other != kind && !(kind == "number" && other == "integer") {
			values["as "+other] = value
		}
	}
	if n, ok := schema["maxLength"].(float64); ok {
		values["too long"] = strings.Repeat("é", int(n)+1)
	}
	if n, ok := schema["minimum"].(float64); ok {
		values["too small"] = n - 1
	}
	if n, ok := schema["maximum"].(float64); ok {
		values["too large"] = n + 1
	}
	if schema["enum"] != nil {
		values["not one of them"] = "none of those"
	}
	if schema["format"] == "date-time" {
		values["no time"] = "yesterday"
	}
	if members, ok := schema["properties"].(map[string]any); ok {
		values["unknown member"] = object{"unheard_of": 1}
		for name, member := range members {
			for mistake, value := range off(member.(map[string]any)) {
				values[name+" "+mistake] = object{name: value}
			}
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		for name, value := range off(items) {
			values["items "+name] = []any{value}
		}
	}
	return values
}

func nested(depth int) any {
	var v any = 1
	for range depth {
		v = []any{v}
	}
	return v
}

// fitting gives a value that fits a schema, as far as it says.
func fitting(schema map[string]any) any {
	if e, ok := schema["examples"].([]any); ok {
		return e[0]
	}
	if e, ok := schema["enum"].([]any); ok {
		return e[0]
	}
	switch schema["type"] {
	case "integer", "number":
		return 1
	case "boolean":
		return false
	case "array":
		return []any{}
	}
	return "x"
}

func required(schema map[string]any) (names []string) {
	all, _ := schema["required"].([]any)
	for _, name := range all {
		names = append(names, name.(string))
	}
	return names
}

// odd are texts that fit where texts do, and mean trouble elsewhere.
var odd = []string{
	"\u0000", "\n", "\u202e", "\U0001f4f7", "'; drop table users; --", "../../../etc/passwd", "%00", "<script>alert(1)</script>",
	"{{7*7}}", "${jndi:ldap://x}", strings.Repeat("a", 5000), "\ufeff", "-1", "http://[::1", "rtsp://" + strings.Repeat("a", 4000), "{id}",
}

// call is a request that somebody might send.
type call struct {
	name         string
	body         any
	mayBeAllowed bool // odd, but it fits
}

// calls gives bodies off the schema of an operation, one mistake in each.
func calls(d described, op describedRoute) (all []call) {
	if op.Body == nil {
		return []call{{name: "unwanted body", body: object{"a": 1}}}
	}
	good := make(object)
	noObject := []call{
		{name: "list", body: []any{good}}, {name: "number", body: 1}, {name: "text", body: `"x"`}, {name: "null", body: "null"},
		{name: "empty", body: ""}, {name: "bomb", body: strings.Repeat(`{"a":`, 10000)},
		{name: "large", body: object{"name": strings.Repeat("x", maxBodyBytes)}},
	}
	ref, named := op.Body.Content["application/json"].Schema["$ref"].(string)
	if !named { // any object will do
		return noObject
	}
	schema := d.Parts.Schemas[ref[strings.LastIndex(ref, "/")+1:]]
	properties := schema["properties"].(map[string]any)
	for _, name := range required(schema) {
		good[name] = fitting(properties[name].(map[string]any))
	}
	with := func(key string, value any) object {
		body := maps.Clone(good)
		body[key] = value
		return body
	}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		property := properties[key].(map[string]any)
		for name, value := range off(property) {
			all = append(all, call{name: key + " " + name, body: with(key, value)})
		}
		if property["type"] == "string" {
			for _, text := range odd {
				all = append(all, call{name: fmt.Sprintf("%s %.20q", key, text), body: with(key, text), mayBeAllowed: true})
			}
		}
	}
	for _, name := range required(schema) {
		body := maps.Clone(good)
		delete(body, name)
		all = append(all, call{name: "without " + name, body: body})
	}
	return append(append(all, noObject...), call{name: "unknown member", body: with("unheard_of", 1)})
}

// Whatever is sent to whichever operation, off its schema or odd, is refused
// with a problem document and is no failure of ours.
func TestNothingSentIsAFailureOfOurs(t *testing.T) {
	r := newRig(t)
	r.gateway.probe = func(_ context.Context, c config.Camera, _ time.Duration) (Probed, error) {
		return Probed{}, fmt.Errorf("no %s", c.Source)
	}
	admin := r.admin()
	admin.do("POST", "/api/v1/cameras", secretive).want(201)
	r.user("boss", "admin")
	r.user("anna", "view:front")
	d := readDocument(t)
	sent := 0
	for _, address := range slices.Sorted(maps.Keys(d.Paths)) {
		for method, op := range d.Paths[address] {
			if method == "get" {
				continue
			}
			at := strings.NewReplacer("{id}", "front", "{name}", "anna", "{number}", "4711").Replace(address)
			for _, x := range calls(d, op) {
				sent++
				a := admin.do(strings.ToUpper(method), at, x.body)
				status := a.response.StatusCode
				if status >= 500 || status < 400 && !x.mayBeAllowed {
					t.Errorf("%s %s, %s: status %d: %.300s", method, at, x.name, status, a.body)
				}
				if status >= 400 {
					a.problem()
				}
			}
		}
	}
	if sent < 500 {
		t.Errorf("only %d requests were made of the document", sent)
	}
	if text := r.log.String(); strings.Contains(text, "canary") || strings.Contains(text, "panic") {
		t.Error("the log holds a secret or a panic")
	}
}

// The same for what stands in addresses, which is every parameter in the
// document: a parameter that package huma does not find is not there.
func TestNothingInAnAddressIsAFailureOfOurs(t *testing.T) {
	r := newRig(t)
	admin := r.admin()
	d := readDocument(t)
	texts := append([]string{"..", ".", "../..", "a/b", "*", "%", "%2f", " ", "0", "1e3", "٣", strings.Repeat("x", 3000)}, odd...)
	for _, address := range slices.Sorted(maps.Keys(d.Paths)) {
		for method, op := range d.Paths[address] {
			for _, name := range []string{"id", "name", "number"} {
				if !strings.Contains(address, "{"+name+"}") {
					continue
				}
				if !slices.ContainsFunc(op.Parameters, func(p parameter) bool { return p.Name == name && p.In == "path" }) {
					t.Errorf("%s %s: the parameter %s is not in the document", method, address, name)
				}
				for _, text := range texts {
					at := strings.Replace(address, "{"+name+"}", url.PathEscape(text), 1)
					var body any
					if op.Body != nil {
						body = bodyFitting(d, op)
					}
					q, err := http.NewRequest(strings.ToUpper(method), r.server.URL+at, reader(body))
					if err != nil {
						continue // no client sends it
					}
					q.Header.Set("Content-Type", "application/json")
					admin.identify(q)
					if a := admin.send(q); a.response.StatusCode < 400 || a.response.StatusCode >= 500 {
						t.Errorf("%s %s: status %d: %.300s", method, at, a.response.StatusCode, a.body)
					} else {
						a.problem()
					}
				}
			}
		}
	}
	for _, header := range []string{"\"", "\"\"", ",,,", strings.Repeat(`"1",`, 2000), "W/\"1\"", "\x80"} {
		a := admin.do("DELETE", "/api/v1/cameras/gate", nil, "If-Match", header)
		if a.response.StatusCode >= 500 || a.response.StatusCode < 400 {
			t.Errorf("If-Match %.20q: status %d", header, a.response.StatusCode)
		}
	}
}

func bodyFitting(d described, op describedRoute) object {
	ref := op.Body.Content["application/json"].Schema["$ref"].(string)
	schema := d.Parts.Schemas[ref[strings.LastIndex(ref, "/")+1:]]
	body := make(object)
	for _, name := range required(schema) {
		body[name] = fitting(schema["properties"].(map[string]any)[name].(map[string]any))
	}
	return body
}

func reader(body any) *strings.Reader {
	if body == nil {
		return strings.NewReader("")
	}
	text, _ := json.Marshal(body) // it is of maps and texts
	return strings.NewReader(string(text))
}
