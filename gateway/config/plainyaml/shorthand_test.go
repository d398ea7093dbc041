package plainyaml

import (
	"fmt"
	"strings"
	"testing"
)

// shown gives a node in one line.
func shown(n *Node) string {
	switch n.Kind {
	case Text:
		return n.Text
	case List:
		var items []string
		for _, item := range n.Items {
			items = append(items, shown(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	case Mapping:
		var entries []string
		for _, e := range n.Entries {
			entries = append(entries, e.Key.Text+":"+shown(e.Value))
		}
		return "{" + strings.Join(entries, " ") + "}"
	case Refused:
		return "!" + n.Text
	}
	return "-"
}

func TestShorthandIsWrittenOut(t *testing.T) {
	for _, c := range []struct{ document, want string }{
		{"a: &x 1\nb: *x", "{a:1 b:1}"},
		{"a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3", "{a:{k:1 l:2} b:{k:3 l:2}}"},
		{"a: &x {k: 1}\nb: &y {l: 2}\nc:\n  <<: [*x, *y]\n  m: 3", "{a:{k:1} b:{l:2} c:{m:3 k:1 l:2}}"},
		{"a: &x [1, 2]\nb: [*x, 3]", "{a:[1 2] b:[[1 2] 3]}"},
		{"a: &x 1\nb: &x 2\nc: *x", "{a:1 b:2 c:2}"},
		{"a: !secret x", "{a:!tags (!) are not supported; remove it, or put the value into quotes if it begins with !}"},
	} {
		root, wrong := ParseShorthand([]byte(c.document))
		if wrong != nil {
			t.Errorf("%q: %v", c.document, wrong)
		} else if got := shown(root); got != c.want {
			t.Errorf("%q is %s, want %s", c.document, got, c.want)
		}
	}
	root, wrong := ParseShorthand([]byte("a: &x\n  b: *x"))
	if wrong == nil && !strings.Contains(shown(root), "!is an alias") {
		t.Errorf("an alias of what it is in is %s", shown(root))
	}
}

func TestShorthandDoesNotGrow(t *testing.T) {
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		laughs += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 7), i)
	}
	var merges strings.Builder
	merges.WriteString("base: &b {")
	for i := range 1000 {
		fmt.Fprintf(&merges, "k%d: 1, ", i)
	}
	merges.WriteString("z: 1}\n")
	for i := range 1000 {
		fmt.Fprintf(&merges, "m%d: {<<: *b}\n", i)
	}
	for name, document := range map[string]string{"aliases": laughs, "merge keys": merges.String()} {
		if _, wrong := ParseShorthand([]byte(document)); wrong == nil || !strings.Contains(wrong.Text, "too many") {
			t.Errorf("%s of which there are too many: %v", name, wrong)
		}
	}
}
