package api

import (
	"context"
	"encoding"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"framegate/gateway/auth"
	"framegate/gateway/config"
)

func (a *API) registerSettings(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/settings", auth.Admin}, id: "get-settings", tag: "settings",
		summary: "Show the settings in effect",
		about:   "They are changed in the configuration file and the environment. Cameras have addresses of their own.",
	}, a.getSettings)
}

// setting is one key of the configuration.
type setting struct {
	Key     string `json:"key" doc:"as it stands in the configuration file" example:"limits.viewers"`
	Value   any    `json:"value" doc:"a text, a number, or a list of texts"`
	Origin  string `json:"origin" enum:"default,configured" doc:"configured: it differs from what it is without a file"`
	Restart bool   `json:"restart" doc:"whether a change takes a restart"`
	Waiting bool   `json:"waiting" doc:"whether the file has another value, which waits for one"`
}

type settingsBody struct {
	Settings []setting `json:"settings" nullable:"false"`
	Refused  *refused  `json:"refused,omitempty" doc:"why the file, as it is now, is not in effect"`
}

// refused is why the last reload was.
type refused struct {
	Text string     `json:"text" doc:"each mistake with its place in the file, a line each"`
	At   *time.Time `json:"at,omitempty"`
}

func (a *API) getSettings(context.Context, *nothing) (*struct{ Body settingsBody }, error) {
	now := a.options.Gateway.Settings()
	usual, err := config.Load("", nil)
	if err != nil {
		return nil, err
	}
	body := settingsBody{Settings: settingsOf(now.Config)}
	for i, u := range settingsOf(usual) {
		s := &body.Settings[i]
		s.Origin = "configured"
		if reflect.DeepEqual(s.Value, u.Value) {
			s.Origin = "default"
		}
		s.Restart = slices.ContainsFunc(now.Restart, s.in)
		s.Waiting = slices.ContainsFunc(now.Waiting, s.in)
	}
	if now.Refused != nil {
		body.Refused = &refused{Text: now.Refused.Error(), At: timeOf(now.RefusedAt)}
	}
	return &struct{ Body settingsBody }{body}, nil
}

// in says whether the setting is what key names, or in it.
func (s setting) in(key string) bool {
	return s.Key == key || len(s.Key) > len(key) && s.Key[:len(key)+1] == key+"."
}

// settingsOf gives every key, always in the same order: the fields of a Config,
// but its cameras, under the names that they have in the file. A secret shows
// itself as one.
func settingsOf(c *config.Config) []setting {
	return fieldsOf(reflect.ValueOf(*c), "")
}

func fieldsOf(v reflect.Value, prefix string) (all []setting) {
	for field, value := range v.Fields() {
		key := prefix + keyOf(field.Name)
		switch {
		case field.Name == "Cameras" || !field.IsExported():
		case value.Kind() == reflect.Struct && !value.Type().Implements(marshaler):
			all = append(all, fieldsOf(value, key+".")...)
		default:
			all = append(all, setting{Key: key, Value: plain(value)})
		}
	}
	return all
}

var marshaler = reflect.TypeFor[encoding.TextMarshaler]()

// plain gives a value as JSON has it: durations and the like as text, and an
// empty list where there is none, since JSON tells them apart.
func plain(v reflect.Value) any {
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String()
	}
	if v.Kind() == reflect.Slice && v.IsNil() {
		return []string{}
	}
	return v.Interface()
}

// keyOf gives the key of a field: ViewersPerCamera is viewers_per_camera.
func keyOf(field string) string {
	field = strings.NewReplacer("FFmpeg", "Ffmpeg", "HWAccel", "Hwaccel").Replace(field)
	var key strings.Builder
	for i, letter := range field {
		begins := i > 0 && unicode.IsUpper(letter)
		inAcronym := begins && unicode.IsUpper(rune(field[i-1])) && (i+1 == len(field) || unicode.IsUpper(rune(field[i+1])))
		if begins && !inAcronym {
			key.WriteByte('_')
		}
		key.WriteRune(unicode.ToLower(letter))
	}
	return key.String()
}
