package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"framegate/gateway/camtest"
)

// link is one of Markdown, or a picture.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// code is what Markdown shows as it is: spans and indented or fenced blocks.
var code = regexp.MustCompile("(?m)`[^`\n]+`|^(?:    |\t).*$|(?s:^```.*?^```)")

// documents returns the text of each document for people, by its path from the
// root of the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, pattern := range []string{"README.md", ".github/*.md", "gateway/DESIGN.md", "gateway/record/DESIGN.md", "gateway/docs/*.md"} {
		names, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("there is no %s: %v", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found[filepath.ToSlash(name)[len("../"):]] = string(text)
		}
	}
	return found
}

// anchors returns where links into a document may lead: its headings, as GitHub
// and GitLab name them.
func anchors(text string) []string {
	var found []string
	for line := range strings.Lines(code.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, "```") || !strings.HasPrefix(s, "`") {
			return "" // a block; a span may be within a heading
		}
		return strings.Trim(s, "`")
	})) {
		level := strings.TrimLeft(line, "#")
		if level == line || !strings.HasPrefix(level, " ") {
			continue
		}
		found = append(found, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(level)))
	}
	return found
}

// TestLinksOfDocumentsLeadSomewhere, to files that are there and to headings in
// them, and from the README to every page.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	texts := documents(t)
	leads := make(map[string][]string)
	for name, text := range texts {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(match[1], "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join("..", to)); err != nil {
				t.Errorf("%s: %s is not there", name, match[1])
			} else if anchor != "" && !slices.Contains(anchors(texts[to]), anchor) {
				t.Errorf("%s: %s has no heading #%s", name, to, anchor)
			}
			leads[name] = append(leads[name], to)
		}
	}
	reached := []string{"README.md"}
	for i := 0; i < len(reached); i++ {
		for _, to := range leads[reached[i]] {
			if !slices.Contains(reached, to) {
				reached = append(reached, to)
			}
		}
	}
	for name := range texts {
		if !slices.Contains(reached, name) {
			t.Errorf("no link leads from README.md to %s", name)
		}
	}
}

// TestReadmeIsShort: a page and a half, so that somebody reads it. What is more
// belongs to the pages of docs.
func TestReadmeIsShort(t *testing.T) {
	if words := len(strings.Fields(documents(t)["README.md"])); words > 1300 {
		t.Errorf("README.md has %d words", words)
	}
}

// TestSymptomsAreWhatIsSaid: what the pages for people in trouble quote of the
// program is in its source, so that they are found by what is seen.
func TestSymptomsAreWhatIsSaid(t *testing.T) {
	source := said(t)
	quote := regexp.MustCompile(`“([^”]+)”`)
	for _, page := range []string{"symptoms.md", "cameras.md"} {
		quotes := quote.FindAllStringSubmatch(documents(t)["gateway/docs/"+page], -1)
		if len(quotes) == 0 {
			t.Errorf("%s quotes nothing", page)
		}
		for _, match := range quotes {
			if text := match[1]; text != "quotes" && !strings.Contains(source, text) {
				t.Errorf("%s: nothing says %q", page, text)
			}
		}
	}
}

// said returns all source that has texts for people: ours, without tests, and of the
// system's what it says of addresses.
func said(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	all.WriteString("address already in use\n") // EADDRINUSE
	for _, root := range []string{".", "../web/app", "../web/player"} {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata"):
				return filepath.SkipDir
			case entry.IsDir(), strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, ".test.ts"):
				return nil
			}
			if extension := filepath.Ext(name); extension != ".go" && extension != ".ts" && extension != ".svelte" {
				return nil
			}
			text, err := os.ReadFile(name)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// TestContributingNamesWhatIsThere: files, folders and tests, in the walk from the
// first line of an input or output to its last test.
func TestContributingNamesWhatIsThere(t *testing.T) {
	guide := documents(t)[".github/CONTRIBUTING.md"]
	tests, err := os.ReadFile("arch_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile(`(?:gateway|web|scripts|transcode)/[a-z0-9/_]+(?:\.[a-z]+)?`).FindAllString(guide, -1)
	if len(files) < 20 {
		t.Errorf("only %q are named", files)
	}
	for _, file := range files {
		if _, err := os.Stat(filepath.Join("..", file)); err != nil {
			t.Errorf("%s is not there", file)
		}
	}
	all := string(tests)
	for _, pattern := range []string{"*/*_test.go", "*/*/*_test.go", "*/*/*/*_test.go"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all += string(text)
		}
	}
	for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(guide, -1) {
		if !strings.Contains(all, "func "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
}

// TestReleaseIsDescribed by a section of the changelog, of which scripts/release makes
// the notes; it refuses a tag that has none, or is no version.
func TestReleaseIsDescribed(t *testing.T) {
	camtest.Need(t, "bash")
	changes := documents(t)["gateway/docs/changelog.md"]
	next := regexp.MustCompile(`(?m)^## (\S+)`).FindStringSubmatch(changes)
	if next == nil {
		t.Fatal("the changelog has no section")
	}
	release := func(tag string) (string, error) {
		said, err := exec.Command("../scripts/release", "--dry-run", tag).CombinedOutput()
		return string(said), err
	}
	_, section, _ := strings.Cut(changes, "\n"+next[0]+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, tag := range []string{"v" + next[1], "v" + next[1] + "-rc.1"} {
		said, err := release(tag)
		if err != nil || !strings.Contains(said, strings.TrimSpace(section)) || !strings.Contains(said, "framegate_"+tag[1:]+"_linux_armv7.tar.gz") {
			t.Errorf("%s: %v, %s", tag, err, said)
		}
	}
	for _, tag := range []string{"v1000.0.0", next[1], "v" + next[1] + ".1", "v" + next[1] + "+dirty", ""} {
		if said, err := release(tag); err == nil {
			t.Errorf("%q: %s", tag, said)
		}
	}
}
