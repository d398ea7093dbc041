package soak

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/e2e/rig"
)

// use is what the gateway uses and does at a moment.
type use struct {
	goroutines, descriptors, rss, heap    int
	children                              int // processes, those that have ended and were not waited for too; but for the idle
	idle                                  int // processes that let all others go first: on a busy machine one that makes thumbnails is nearly always there
	viewers                               int // but those by HLS, who are some for a minute longer
	publishers, encoders, exports, online int
	read                                  int // files of recordings, which are not deleted before that ends
}

// metrics are values by the line that they stand in.
type metrics map[string]float64

// metrics asks the gateway.
func (s *soak) metrics() metrics {
	s.Helper()
	response, err := http.Get(s.URL + "/metrics")
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.Fatal(response.Status, err)
	}
	m := make(metrics)
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		if at := strings.LastIndexByte(lines.Text(), ' '); at > 0 && lines.Text()[0] != '#' {
			m[lines.Text()[:at]], _ = strconv.ParseFloat(lines.Text()[at+1:], 64) // all are numbers
		}
	}
	return m
}

// sum adds what stands in lines that begin so.
func (m metrics) sum(prefix string) (total float64) {
	for line, value := range m {
		if strings.HasPrefix(line, prefix) {
			total += value
		}
	}
	return total
}

// use looks at the gateway.
func (s *soak) use() use {
	s.Helper()
	m := s.metrics()
	u := use{
		goroutines: int(m["go_goroutines"]), descriptors: int(m["process_open_fds"]),
		rss: int(m["process_resident_memory_bytes"]), heap: int(m["go_memstats_heap_alloc_bytes"]),
		viewers: int(m.sum("framegate_form_viewers") - m[`framegate_form_viewers{form="hls"}`]), publishers: int(m["framegate_publishers"]),
		encoders: int(m["framegate_encoders_running"] + m["framegate_encoders_of_sound_running"]),
		read:     int(m["framegate_recordings_read_files"]),
		exports:  int(m[`framegate_exports{state="waiting"}`] + m[`framegate_exports{state="running"}`]),
	}
	usual, err := unix.SchedGetAttr(s.Cmd.Process.Pid, 0)
	if err != nil {
		s.Fatal(err)
	}
	for _, pid := range rig.ChildrenOf(s.T, s.Cmd.Process.Pid) {
		if how, err := unix.SchedGetAttr(pid, 0); err == nil && how.Nice > usual.Nice {
			u.idle++
		} else {
			u.children++
		}
	}
	u.encoders = max(0, u.encoders-u.idle)
	for _, camera := range []string{"steady", "flaps", "web"} {
		u.online += int(m[`framegate_stream_state{camera="`+camera+`",rendition="",state="online"}`])
	}
	return u
}

// openFiles says what the descriptors are of.
func (s *soak) openFiles() string {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.Cmd.Process.Pid))
	var names []string
	for _, link := range links {
		if name, err := os.Readlink(link); err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, "\n")
}

// counts are what was done, by what and how it went.
type counts struct {
	mu   sync.Mutex // guards what follows
	each map[string]map[string]int
}

func (c *counts) count(what, how string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.each == nil {
		c.each = make(map[string]map[string]int)
	}
	if c.each[what] == nil {
		c.each[what] = make(map[string]int)
	}
	c.each[what][how]++
}

func (c *counts) of(what string) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.each[what])
}

// good counts those of whom something came.
func (c *counts) good(what string) int { return c.of(what)[came] }

func (s *soak) note(when string, u use) {
	s.Helper()
	s.Logf("%s %-24s goroutines %4d, descriptors %4d, memory %4d MB, heap %3d MB, children %d and %d idle, viewers %3d, publishers %d, encoders %d, exports %d, cameras %d",
		time.Now().Format(time.TimeOnly), when, u.goroutines, u.descriptors, u.rss>>20, u.heap>>20, u.children, u.idle, u.viewers, u.publishers, u.encoders, u.exports, u.online)
}

// report says what was done.
func (s *soak) report() {
	s.Helper()
	var b strings.Builder
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(s.each)) {
		fmt.Fprintf(&b, "%-24s", what)
		for _, how := range slices.Sorted(maps.Keys(s.each[what])) {
			fmt.Fprintf(&b, " %s %d", how, s.each[what][how])
		}
		b.WriteByte('\n')
	}
	s.Logf("what was done, and how it went:\n%s", b.String())
}
