package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the app says in German where the server says something in English is in a
// table of its own, by what the server says.
const saidTable = "../web/app/texts/said.ts"

var (
	saidRow      = regexp.MustCompile(`(?m)^  '((?:[^'\\]|\\.)+)': '`)
	inBetween    = regexp.MustCompile(`" ?\+ ?[\w.]+(?:\([\w.]*\))? ?\+ ?"`)
	behindAll    = regexp.MustCompile(`" ?\+ ?[\w.]+(?:\([\w.]*\))?`)
	beforeAll    = regexp.MustCompile(`[\w.]+(?:\([^()]*\))? ?\+ ?"`)
	verb         = regexp.MustCompile(`%[.0-9]*[sdvgqw]|%04X`)
	errorLiteral = regexp.MustCompile("(?:errors\\.New|fmt\\.Errorf)\\((?:\"((?:[^\"\\\\]|\\\\.)*)\"|`([^`]*)`)")
)

// withHoles gives a source in which {} stands for what is put into its texts.
func withHoles(source []byte) string {
	text := inBetween.ReplaceAllString(string(source), "{}")
	text = behindAll.ReplaceAllString(text, `{}"`)
	text = beforeAll.ReplaceAllString(text, `"{}`)
	return verb.ReplaceAllString(text, "{}")
}

// notOfForms are errors of cameras that only a file can have, by how they begin; and such as
// say nothing alone.
var notOfForms = []string{"{} {}", "{}, or", "must name a file", "must be true or false", "needs {}", "names no file", "names no device", "must be a mail address", "must be a URL",
	"did you mean", `"upload:"`, `"test:"`, "must be a path such as", "must be an address or a range", "is not a URL; {}", "has no path of three", "contains a ? or a #; write", "has a path that is too long",
}

// TestServersWordsAreInGerman: each row says what some source does, and what a form of a
// camera may be answered has one.
func TestServersWordsAreInGerman(t *testing.T) {
	table, err := os.ReadFile(saidTable)
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, room := range []string{"config", "record", "export", "playback", "api", "reach", "server", "auth", "notify"} {
		files, err := filepath.Glob(room + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(room, err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				sources.WriteString(withHoles(read(t, name)))
			}
		}
	}
	var said []string // how what has a row begins
	for _, row := range saidRow.FindAllStringSubmatch(string(table), -1) {
		english, _, begins := strings.Cut(strings.ReplaceAll(row[1], `\'`, `'`), "…")
		said = append(said, english)
		end := map[bool]string{false: `"`}[begins]
		if !strings.Contains(sources.String(), `"`+english+end) && !strings.Contains(sources.String(), "`"+english) && !saysParts(sources.String(), english) {
			t.Errorf("nothing says %q any more", english)
		}
	}
	for _, name := range []string{"value", "camerakeys", "schedule", "source", "record"} {
		for _, literal := range errorLiteral.FindAllStringSubmatch(withHoles(read(t, "config/"+name+".go")), -1) {
			if text := strings.ReplaceAll(literal[1]+literal[2], `\"`, `"`); !beginsWithOne(text, said) && !beginsWithOne(text, notOfForms) {
				t.Errorf("%s has no row for what config/%s.go says: %q", saidTable, name, text)
			}
		}
	}
}

// saysParts says whether a source has each part of a text that it puts together, such as an
// error that callers know.
func saysParts(source, text string) bool {
	said := false
	for part := range strings.SplitSeq(text, "{}") {
		if part = strings.Trim(part, ": "); part != "" {
			if said = strings.Contains(source, `"`+part+`"`); !said {
				return false
			}
		}
	}
	return said
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func beginsWithOne(text string, beginnings []string) bool {
	for _, beginning := range beginnings {
		if strings.HasPrefix(text, beginning) {
			return true
		}
	}
	return false
}
