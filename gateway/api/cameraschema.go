package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/config"
)

// settings are those of a camera that can be set here, by key and as text. In
// JSON the dots of a key are objects within objects.
type settings map[string]string

// apiKeys are the keys of a camera that can be set here.
func apiKeys() []config.CameraKey {
	return slices.DeleteFunc(config.CameraKeys(), func(k config.CameraKey) bool { return k.FileOnly })
}

// settingsIn reads the settings that an object names, which fits its schema.
// What is null is not named, and what is false is empty.
func settingsIn(object []byte) (settings, error) {
	named := make(settings)
	for _, key := range apiKeys() {
		raw, err := member(object, key.Name)
		if err != nil {
			return nil, err
		}
		if raw == nil || bytes.Equal(raw, []byte("null")) {
			continue
		}
		text := strings.TrimPrefix(string(raw), "false")
		if !key.Boolean {
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, err
			}
		}
		named[key.Name] = text
	}
	return named, nil
}

// member finds what an object has of a key, nil for nothing.
func member(object []byte, key string) (json.RawMessage, error) {
	raw := json.RawMessage(object)
	for name := range strings.SplitSeq(key, ".") {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, err
		}
		if raw = members[name]; raw == nil {
			return nil, nil
		}
	}
	return raw, nil
}

// freshSettingsIn reads those of a new camera, where what is empty is not named.
func freshSettingsIn(object []byte) (settings, error) {
	named, err := settingsIn(object)
	maps.DeleteFunc(named, func(key, text string) bool { return text == "" && key != "source" })
	return named, err
}

// withFreshSettings adds to a schema the settings of a new camera.
func withFreshSettings(s *huma.Schema) *huma.Schema {
	if s.Properties == nil {
		s.Properties = make(map[string]*huma.Schema)
	}
	for _, key := range apiKeys() {
		setProperty(s, key.Name, givenSchema(key, true))
	}
	s.Required = append(s.Required, "source")
	return s
}

// marshalWith writes an object of others, whose members are of other names, and
// the settings.
func (s settings) marshalWith(others any) ([]byte, error) {
	b, err := json.Marshal(others)
	if err != nil || len(s) == 0 {
		return b, err
	}
	ours, err := json.Marshal(s.objects())
	if err != nil {
		return nil, err
	}
	b = append(bytes.TrimSuffix(b, []byte("}")), ',')
	return append(b, bytes.TrimPrefix(ours, []byte("{"))...), nil
}

// objects gives the settings as they stand in JSON.
func (s settings) objects() map[string]any {
	all := make(map[string]any)
	for _, key := range apiKeys() {
		text, there := s[key.Name]
		if !there {
			continue
		}
		var value any = text
		if key.Boolean {
			value = text == "true"
		}
		setMember(all, key.Name, value)
	}
	return all
}

// setMember puts a member into an object, or into those within it that the dots
// of its key mean.
func setMember(object map[string]any, key string, value any) {
	section, below, nested := strings.Cut(key, ".")
	if !nested {
		object[key] = value
		return
	}
	if object[section] == nil {
		object[section] = make(map[string]any)
	}
	setMember(object[section].(map[string]any), below, value)
}

// setProperty does the same to the schema of an object.
func setProperty(s *huma.Schema, key string, property *huma.Schema) {
	section, below, nested := strings.Cut(key, ".")
	if !nested {
		s.Properties[key] = property
		return
	}
	if s.Properties[section] == nil {
		s.Properties[section] = &huma.Schema{Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), AdditionalProperties: false}
	}
	setProperty(s.Properties[section], below, property)
}

// shownSchema says what an answer has of a key.
func shownSchema(k config.CameraKey) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: k.About}
	if k.Boolean {
		s.Type = huma.TypeBoolean
	}
	if k.Example != "" {
		s.Examples = []any{k.Example}
	}
	return s
}

// givenSchema says what can be sent of a key: whole for a new camera, else it
// may also be empty.
func givenSchema(k config.CameraKey, whole bool) *huma.Schema {
	s := shownSchema(k)
	if k.Secret {
		s.Format, s.WriteOnly = "password", true
	}
	if k.Words != nil && whole {
		for _, word := range k.Words {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	if k.Words != nil {
		s.Description += " (" + strings.Join(k.Words, ", ") + ")"
	}
	if !k.Boolean {
		most := max(k.MaxBytes, 40)
		s.MaxLength = &most
	}
	return s
}
