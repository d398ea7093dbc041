package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/config"
)

// settings are those of a camera that can be set here, by key and as text, as
// they stand in JSON.
type settings map[string]string

// apiKeys are the keys of a camera that can be set here.
func apiKeys() []config.CameraKey {
	return slices.DeleteFunc(config.CameraKeys(), func(k config.CameraKey) bool { return k.FileOnly })
}

// settingsIn reads the settings that an object names, which fits its schema.
// What is null is not named, and what is false is empty.
func settingsIn(object []byte) (settings, error) {
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	named := make(settings)
	for _, key := range apiKeys() {
		raw, given := members[key.Name]
		if !given || bytes.Equal(raw, []byte("null")) {
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
		s.Properties[key.Name] = givenSchema(key, true)
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
	b = bytes.TrimSuffix(b, []byte("}"))
	for _, key := range apiKeys() {
		text, there := s[key.Name]
		if !there {
			continue
		}
		member, err := json.Marshal(text)
		if key.Boolean {
			member, err = []byte(text), nil
		}
		if err != nil {
			return nil, err
		}
		b = append(b, ',')
		b = strconv.AppendQuote(b, key.Name)
		b = append(b, ':')
		b = append(b, member...)
	}
	return append(b, '}'), nil
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
