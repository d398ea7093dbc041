package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkRelay200-2   	       1	         0 ns/op	         0.500 cpu-s/GB	         1.0400 cpu-s/GB-ratio	        36.2 kB/viewer	         6.50 p50-ms	         0.980 p50-ms-ratio
BenchmarkRecord20/bare-2         	       1	10000000 ns/op	         0.0400 cpu-s/s
BenchmarkRecord20/recorders-2    	       1	10000000 ns/op	         0.0600 cpu-s/s	         1.003 written/sent
BenchmarkTimeline/day/one-2      	     100	   1500000 ns/op	         1.0 cpu-ms/op
BenchmarkTimeline/day/many-2     	     100	   2500000 ns/op
BenchmarkTimeline/year/one-2     	     100	   7000000 ns/op
--- FAIL: BenchmarkPlayer
`

func TestPage(t *testing.T) {
	var page strings.Builder
	if err := write(strings.NewReader(printed), &page, "a machine"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"200 viewers: CPU for 1 GB | 0.5 s | 0.481 s | 1.04 | 1.05 |",
		"p50 | 6.5 ms | 6.63 ms | 0.98 | 1.1 |",
		"bytes written | 0.06 s; 1 times | 0.04 s | 1.5 | 1.5 |",
		"100 000 files | 2.5 ms, 7 ms | | | 10 ms |",
		"over TLS: CPU for 1 GB | not measured |",
		"This run failed in part: `--- FAIL: BenchmarkPlayer`", "a machine",
	} {
		if !strings.Contains(strings.ReplaceAll(page.String(), "|  ", "| "), want) {
			t.Errorf("the page does not say %q:\n%s", want, page.String())
		}
	}
}

// TestRowsAreOfBenchmarks that there are.
func TestRowsAreOfBenchmarks(t *testing.T) {
	there := map[string]bool{"binary": true, "scripts": true} // of which scripts/bench tells
	for _, pattern := range []string{"../../gateway/*/*_test.go", "../../gateway/*/*/*_test.go", "../../transcode/*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range regexp.MustCompile(`(?m)^func Benchmark(\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				there[found[1]] = true
			}
		}
	}
	for _, r := range rows {
		if name, _, _ := strings.Cut(r.bench, "/"); !there[name] {
			t.Errorf("%q is of benchmark %s, which is not there", r.what, name)
		}
	}
}
