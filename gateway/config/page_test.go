package config_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"framegate/gateway/config"
)

// TestPageHasEveryKey: docs/configuration.md has a row of each, with what is so
// without it, and whether another value takes a restart.
func TestPageHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	others := map[string]string{
		"default_camera": "`phone`, where that is `upload:`", "limits.encoders": "two a core", "recordings.dir": "`recordings` in `data`", "recordings.sync": "`auto`",
	}
	usual := config.Usual(&config.Config{Data: "data"})
	rows := 0
	for _, s := range config.Settings() {
		without, ok := others[s.Key]
		if !ok {
			without = inWords(s.Value(usual))
		}
		restart := ""
		if s.Restart {
			restart = "yes "
		}
		want := fmt.Sprintf("\n| `%s` | %s | %s| ", s.Key, without, restart)
		if !strings.Contains(page, want) {
			t.Errorf("it has no row%s", want)
		}
		rows++
	}
	for _, k := range config.CameraKeys() {
		want := fmt.Sprintf("\n| `%s` | %s | ", k.Name, inWords(k.Usual()))
		if !strings.Contains(page, want) {
			t.Errorf("it has no row%s", want)
		}
		rows++
	}
	for _, k := range config.WebhookKeys() {
		want := fmt.Sprintf("\n| `%s` | %s | %s |\n", k.Name, cmp.Or(k.Without, "none"), k.About)
		if !strings.Contains(page, want) {
			t.Errorf("it has no row%s", want)
		}
		rows++
	}
	if got := strings.Count(page, "\n| `"); got != rows {
		t.Errorf("it has %d rows for %d keys", got, rows)
	}
}

// inWords writes a value as the page does: nothing for none.
func inWords(v any) string {
	switch text := strings.Trim(fmt.Sprint(v), "[]"); text {
	case "", "0":
		return "none"
	default:
		return "`" + text + "`"
	}
}

// block is an indented block of code in a page.
var block = regexp.MustCompile(`(?m)(?:^    .*\n)+`)

// TestPagesShowGoodConfigurations: what pages show of configurations is taken as it
// stands, but for files that are not there.
func TestPagesShowGoodConfigurations(t *testing.T) {
	keys := map[string]bool{"cameras": true}
	for _, s := range config.Settings() {
		key, _, _ := strings.Cut(s.Key, ".")
		keys[key] = true
	}
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages", err)
	}
	shown := 0
	for _, page := range append(pages, "../../README.md", "../../.github/CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, indented := range block.FindAllString(string(text), -1) {
			content := strings.ReplaceAll("\n"+indented, "\n    ", "\n")
			if key, _, is := strings.Cut(strings.TrimSpace(content), ":"); !is || !keys[key] {
				continue
			}
			shown++
			_, err := config.Parse("page.yaml", []byte(content), nil)
			for line := range strings.Lines(fmt.Sprint(err)) {
				if err != nil && !strings.Contains(line, "no such file") {
					t.Errorf("%s shows\n%s\nwhich is refused: %s", page, content, line)
				}
			}
		}
	}
	if shown < 5 {
		t.Errorf("only %d configurations are shown", shown)
	}
}
