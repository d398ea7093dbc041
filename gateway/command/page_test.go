package command

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPageHasEveryCommand: docs/operate.md lists them as help does, those of two words
// by their first, and none that is not there.
func TestPageHasEveryCommand(t *testing.T) {
	page, err := os.ReadFile("../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, line := range regexp.MustCompile(`(?m)^    framegate ([a-z]+)(?: ([a-z|]+))?`).FindAllStringSubmatch(string(page), -1) {
		for second := range strings.SplitSeq(line[2], "|") {
			listed = append(listed, strings.TrimSpace(line[1]+" "+second))
		}
	}
	_, help, _ := say(t, "help")
	_, help, _ = strings.Cut(help, "\nCommands:\n")
	commands := regexp.MustCompile(`(?m)^  ([a-z]+(?: [a-z]+)?) [\[<]`).FindAllStringSubmatch(help, -1)
	if len(commands) < 15 {
		t.Fatalf("help says %q", help)
	}
	for _, command := range commands {
		if !slices.ContainsFunc(listed, func(l string) bool { return l == command[1] || strings.HasPrefix(l, command[1]+" ") }) {
			t.Errorf("the page does not list %q", command[1])
		}
	}
	for _, line := range listed {
		first, _, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(commands, func(c []string) bool { return c[1] == line || c[1] == first }) {
			t.Errorf("the page lists %q, which help does not", line)
		}
	}
}
