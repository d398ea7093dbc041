package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Kept are settings that were given in the app, by key: each with its text as it would
// stand in the file, or its texts where it is a list.
type Kept map[string][]string

// The most that may be kept of one setting.
const (
	maxKeptItems = 200
	maxKeptBytes = 2048 // of one text
)

// Origin says who gave a setting its value. Each goes before those in front of it.
type Origin string

// Nobody, an admin in the app, the file, a variable of the environment, or a flag of the
// command line.
const (
	OriginDefault     Origin = "default"
	OriginApp         Origin = "app"
	OriginFile        Origin = "file"
	OriginEnvironment Origin = "environment"
	OriginFlag        Origin = "command_line"
)

// Given says who gave a setting its value, and where: the file with the line, the
// variable or the flag; "" for the app and where nobody did.
func (c *Config) Given(key string) (by Origin, where string) {
	switch at := c.given[key]; {
	case at.flag != "":
		return OriginFlag, at.flag
	case at.variable != "":
		return OriginEnvironment, at.variable
	case at.file != "":
		return OriginFile, fmt.Sprintf("%s:%d", at.file, at.line)
	case at.app:
		return OriginApp, ""
	}
	return OriginDefault, ""
}

// FindSetting gives the row of a key.
func FindSetting(key string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// Texts reads a value of JSON that somebody gives the setting, and gives it as it would
// stand in the file: what Value gives, or text. Null, nothing and an empty list are
// no value, and give nil.
func (s Setting) Texts(as json.RawMessage) ([]string, error) {
	var text string
	if s.list {
		var items []string
		if json.Unmarshal(as, &items) != nil {
			return nil, errors.New(`takes a list of texts, such as ["one", "two"]`)
		}
		return items, tooMuch(items)
	}
	if string(as) == "null" {
		return nil, nil
	}
	if err := json.Unmarshal(as, &text); err != nil {
		if s.Kind != KindNumber && s.Kind != KindBytes {
			return nil, errors.New("takes a text")
		}
		n, ok := new(big.Int).SetString(string(as), 10)
		if !ok {
			return nil, errors.New("takes a whole number")
		}
		if text = n.String(); s.Kind == KindBytes && text != "0" {
			text += "B"
		}
	}
	if text == "" {
		return nil, nil
	}
	return []string{text}, tooMuch([]string{text})
}

// tooMuch refuses what is longer than any value can be.
func tooMuch(texts []string) error {
	if len(texts) > maxKeptItems {
		return fmt.Errorf("are more than %d", maxKeptItems)
	}
	for _, text := range texts {
		if err := line(text, maxKeptBytes); err != nil {
			return err
		}
	}
	return nil
}

// readKept puts into the draft what was given in the app. Where the file or the
// environment gives the same, that takes its place.
func (d *draft) readKept(kept Kept) {
	at := place{app: true}
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		s, known := FindSetting(key)
		switch {
		case !known:
			d.report(at, key, "is no key of this version")
			continue
		case !s.App:
			d.report(at, key, "is for the configuration file and the environment alone")
			continue
		case len(kept[key]) == 0 || len(kept[key]) > 1 && !s.list:
			d.report(at, key, "holds %d texts", len(kept[key]))
			continue
		}
		var values []value
		for _, text := range kept[key] {
			values = append(values, value{text: text, at: at})
		}
		d.given[key] = at
		if _, err := s.read(&d.config, values); err != nil {
			d.report(at, key, "%v", err)
		}
	}
}

// Fit gives what parse makes of as many of the kept settings as fit, and of the others, by
// key, why they do not: one of an older version, or one that does not go with
// what the file says now, is left out, and stops nothing. The error is what parse says
// without any, since a start has to go by the file alone.
func Fit(kept Kept, parse func(Kept) (*Config, error)) (c *Config, left map[string]error, err error) {
	if c, err = parse(nil); err != nil || len(kept) == 0 {
		return c, nil, err
	}
	if all, err := parse(kept); err == nil {
		return all, nil, nil
	}
	fit, left := make(Kept), make(map[string]error)
	for _, key := range inOrder(kept) {
		fit[key] = kept[key]
		next, err := parse(fit)
		if err != nil {
			left[key] = wordsOf(err, key)
			delete(fit, key)
			continue
		}
		c = next
	}
	return c, left, nil
}

// inOrder gives the keys in the order of the table, and then those it does not have.
func inOrder(kept Kept) []string {
	var keys []string
	for _, s := range settings {
		if _, is := kept[s.Key]; is {
			keys = append(keys, s.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// wordsOf gives an error at a key without saying where that is.
func wordsOf(err error, key string) error {
	var all problems
	if !errors.As(err, &all) {
		return err
	}
	var texts []string
	for _, p := range all {
		if p.path == key && p.at.app {
			texts = append(texts, p.text)
		} else {
			texts = append(texts, p.String())
		}
	}
	return errors.New(strings.Join(texts, "; "))
}
