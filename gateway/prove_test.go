package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	provingCommand = regexp.MustCompile("`go test (?:-run (\\S+) )?(\\./[^`]+)`")
	testFunction   = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestCommandsThatProveRunSomething: each go test in prove.md has tests in each of its
// packages.
func TestCommandsThatProveRunSomething(t *testing.T) {
	page := documents(t)["gateway/docs/prove.md"]
	commands := provingCommand.FindAllStringSubmatch(page, -1)
	if len(commands) != strings.Count(page, "`go test ") || len(commands) < 5 {
		t.Errorf("of the commands only %d are understood", len(commands))
	}
	for _, c := range commands {
		pattern := regexp.MustCompile(strings.Trim(strings.ReplaceAll(c[1], `\|`, "|"), "'")) // a table's own
		for _, dir := range strings.Fields(c[2]) {
			files, _ := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
			found := false
			for _, name := range files {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				for _, test := range testFunction.FindAllStringSubmatch(string(text), -1) {
					found = found || pattern.MatchString(test[1])
				}
			}
			if !found {
				t.Errorf("%s runs nothing in %s", c[0], dir)
			}
		}
	}
}
