// Command figures makes a page of what benchmarks measured. scripts/bench --write has
// it read them:
//
//	go test -run '^$' -bench . … | go run ./scripts/figures > page.md
//
// Each row names a benchmark and what of it stands in the row. What was not measured
// says so, and what no benchmark measures why.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := write(os.Stdin, os.Stdout, machine()); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// row is a line of the page. In its texts {name} is a metric of the benchmark, and
// {Benchmark:name} one of another.
type row struct {
	what, bench           string
	framegate, bare, goal string
	ratio                 string
}

// rows is the page.
var rows = []row{
	{what: "MJPEG of 75 kB, 30 a second, to 200 viewers: CPU for 1 GB", bench: "Relay200", framegate: "{cpu-s/GB} s", ratio: "{cpu-s/GB-ratio}", goal: "1.05"},
	{what: "the same: delay from the camera, p50", bench: "Relay200", framegate: "{p50-ms} ms", ratio: "{p50-ms-ratio}", goal: "1.1"},
	{what: "the same over TLS: CPU for 1 GB", bench: "RelayTLS200", framegate: "{cpu-s/GB} s", ratio: "{cpu-s/GB-ratio}", goal: "1.15"},
	{what: "to 500 viewers: delay, p50", bench: "Relay500", framegate: "{p50-ms} ms", ratio: "{p50-ms-ratio}"},
	{what: "memory for a viewer", bench: "Relay200", framegate: "{kB/viewer} kB"},
	{what: "500 viewers that stop reading: more memory; all gone after; delay of the others, p99", bench: "Stalled", framegate: "{MB} MB; {s-until-gone} s; {p99-added-ms} ms more"},
	{what: "a viewer whose line takes a quarter: pictures it is behind, p50 and most", bench: "SlowViewer", framegate: "{frames-behind-p50}, {frames-behind-max}"},
	{what: "snapshot of a camera in use, p50 and p99", bench: "Snapshot", framegate: "{p50-ms} ms, {p99-ms} ms", goal: "0.5 ms"},
	{what: "H.264 720p30 to JPEG: CPU for a picture, beside ffmpeg alone", bench: "H264ToJPEG", framegate: "{cpu-ms/frame} ms", ratio: "{cpu-ratio}", goal: "0.75"},
	{what: "the same: delay, p50; first picture", bench: "H264ToJPEG", framegate: "{p50-ms} ms; {first-ms} ms"},
	{what: "its backlog for who joins: CPU for a picture; for the start", bench: "Backlog", framegate: "{cpu-ms/frame} ms; {start-cpu-ms} ms", ratio: "{cpu-ratio}", goal: "1.0"},
	{what: "player joins a camera that is connected: first picture; the present", bench: "RTSPLive", framegate: "{first-ms} ms; {present-ms} ms", goal: "1 ms"},
	{what: "delay from the camera to the player's socket, p50 and p95; bare asks the camera itself", bench: "RTSPLive", framegate: "{p50-ms} ms, {p95-ms} ms", bare: "{direct-p50-ms} ms, {direct-p95-ms} ms"},
	{what: "delay from who sends by RTMP to a player's socket, p50 and p95; bare copies from a socket to another", bench: "RTMPLive", framegate: "{p50-ms} ms, {p95-ms} ms", bare: "{bare-p50-ms} ms, {bare-p95-ms} ms", goal: "5 ms"},
	{what: "H.264 to 100 players: CPU for a frame and player; memory", bench: "Crowd/100", framegate: "{cpu-us/frame} µs; {kB/viewer} kB", ratio: "{cpu-us/frame-ratio}", goal: "1.2"},
	{what: "MSE in Chromium: from the message to the screen, p50 and p95", bench: "Player/mse", framegate: "{paint-p50-ms} ms, {paint-p95-ms} ms", goal: "45 ms"},
	{what: "20 RTSP cameras held, which write packets: CPU, of a core", bench: "RTSPCameras20/packets", framegate: "{cpu-%} %", ratio: "{cpu-ratio}", goal: "1.0"},
	{what: "the same, which write pictures", bench: "RTSPCameras20/pictures", framegate: "{cpu-%} %", ratio: "{cpu-ratio}", goal: "1.0"},
	{what: "20 cameras of 3 Mbit/s recorded: CPU, of a second; bytes written", bench: "Record20/recorders", framegate: "{cpu-s/s} s; {written/sent} times", bare: "{Record20/bare:cpu-s/s} s", goal: "1.5"},
	{what: "a day's timeline, and a year's, among 100 000 files", bench: "Timeline/day/*", framegate: "{ms} ms, {Timeline/year/*:ms} ms", goal: "10 ms"},
	{what: "first byte of a clip of a week", bench: "FirstByte/166h0m0s", framegate: "{ms} ms", goal: "50 ms"},
	{what: "a moment sought, to the player's socket, p50", bench: "Seek", framegate: "{p50-ms} ms", goal: "150 ms"},
	{what: "RTSP server, 100 readers over TCP: CPU for a picture and reader", bench: "Viewers100/H264", framegate: "{us/picture} µs", bare: "{bare-us/picture} µs", ratio: "{ratio}", goal: "1.2"},
	{what: "WebRTC: a picture of 15 kB sealed and sent to a viewer", bench: "Sealed", framegate: "{us/picture} µs", ratio: "{ratio}", goal: "1.2"},
	{what: "the same: from the offer to the first picture; memory for a viewer", bench: "FirstPicture", framegate: "{ms} ms; {Memory:kB/viewer} kB", goal: "300 ms; 400 kB"},
	{what: "a picture of 75 kB from one node to another; bare copies it over TLS", bench: "Relay", framegate: "{ms} ms", bare: "{TLSCopy:ms} ms", goal: "1.3 times"},
	{what: "the binary", bench: "binary", framegate: "{MB} MB", goal: "48 MB"},
	{what: "scripts of the app, all; of the player; gzip", bench: "scripts", framegate: "{app-kB} kB; {player-kB} kB", goal: "120 kB to begin with; 20 kB"},
}

// unmeasured are what no benchmark here measures.
var unmeasured = [][2]string{
	{"sound behind its picture", "`go test -v -run 'TestPlayer$/hears' ./gateway/e2e/player`"},
	{"kill -9 while recording", "a second at most, which `go test -run Kill ./gateway/record` holds"},
	{"hours under load", "`scripts/soak --minutes 120`"},
	{"the image", "`scripts/image-test` says its size"},
}

// measured are metrics, by benchmark and name.
type measured map[string]map[string]float64

var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// read takes metrics out of what go test prints, and passes on what it prints of other
// things that went wrong.
func read(in io.Reader) (m measured, failed []string, err error) {
	m = make(measured)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "--- FAIL") || strings.HasPrefix(lines.Text(), "FAIL\t") {
			failed = append(failed, lines.Text())
		}
		found := benchLine.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		metrics := make(map[string]float64)
		for fields := strings.Fields(found[2]); len(fields) > 1; fields = fields[2:] {
			if metrics[fields[1]], err = strconv.ParseFloat(fields[0], 64); err != nil {
				return nil, nil, fmt.Errorf("%q: %w", lines.Text(), err)
			}
		}
		if ns, ok := metrics["ns/op"]; ok {
			metrics["ms"] = ns / 1e6
		}
		m[found[1]] = metrics
	}
	return m, failed, lines.Err()
}

// value gives a metric; of a benchmark that ends in * the most of those that begin
// so.
func (m measured) value(bench, metric string) (most float64, known bool) {
	prefix, several := strings.CutSuffix(bench, "*")
	for name, metrics := range m {
		if v, ok := metrics[metric]; ok && (name == bench || several && strings.HasPrefix(name, prefix)) {
			most, known = max(most, v), true
		}
	}
	return most, known
}

var placeholder = regexp.MustCompile(`\{(?:([^{}:]+):)?([^{}:]+)\}`)

// fill puts values into a text. It gives "" where one is not known.
func (m measured) fill(bench, text string) string {
	all := true
	filled := placeholder.ReplaceAllStringFunc(text, func(s string) string {
		found := placeholder.FindStringSubmatch(s)
		if found[1] == "" {
			found[1] = bench
		}
		v, ok := m.value(found[1], found[2])
		all = all && ok
		return short(v)
	})
	if !all {
		return ""
	}
	return filled
}

// short writes a number with two digits behind the first, or all before the point.
func short(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// bareOf is what bare took, where only the ratio to it is known.
func (m measured) bareOf(r row) string {
	first := placeholder.FindStringSubmatch(r.framegate)
	ratio := placeholder.FindStringSubmatch(r.ratio)
	if r.bare != "" || ratio == nil {
		return m.fill(r.bench, r.bare)
	}
	v, known := m.value(r.bench, first[2])
	by, too := m.value(r.bench, ratio[2])
	if !known || !too || by == 0 {
		return ""
	}
	_, unit, _ := strings.Cut(r.framegate, "}")
	unit, _, _ = strings.Cut(unit, ";")
	return short(v/by) + unit
}

// write writes the page.
func write(in io.Reader, out io.Writer, where string) error {
	m, failed, err := read(in)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Figures\n\nMeasured by `./scripts/bench --write`, %s: %s.\n\n", time.Now().UTC().Format(time.DateOnly), where)
	b.WriteString("\"Bare\" does the same and nothing else, in turns with Framegate in the same run. Machines differ: what counts is the ratio.\n\n")
	b.WriteString("| what | Framegate | bare | ratio | to reach |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		is, ratio := m.fill(r.bench, r.framegate), m.fill(r.bench, r.ratio)
		bare := m.bareOf(r)
		if is == "" {
			is = "not measured"
		}
		if r.bench == "Record20/recorders" {
			ratio = m.quotient("Record20/recorders", "Record20/bare", "cpu-s/s")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.what, is, bare, ratio, r.goal)
	}
	for _, u := range unmeasured {
		fmt.Fprintf(&b, "| %s | %s | | | |\n", u[0], u[1])
	}
	for _, line := range failed {
		fmt.Fprintf(&b, "\nThis run failed in part: `%s`\n", strings.TrimSpace(line))
	}
	_, err = io.WriteString(out, b.String())
	return err
}

// quotient is one benchmark by another.
func (m measured) quotient(of, by, metric string) string {
	a, known := m.value(of, metric)
	b, too := m.value(by, metric)
	if !known || !too || b == 0 {
		return ""
	}
	return short(a / b)
}

// machine says what it was measured on and with.
func machine() string {
	said := func(name string, args ...string) string {
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			return name + " unknown"
		}
		return strings.TrimSpace(string(out))
	}
	processor := "a processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, after, ok := strings.Cut(string(info), "model name"); ok {
			line, _, _ := strings.Cut(after, "\n")
			processor = strings.TrimSpace(strings.TrimLeft(line, " \t:"))
		}
	}
	ffmpeg := strings.Fields(said("ffmpeg", "-version"))
	version := "none"
	if len(ffmpeg) > 2 {
		version = ffmpeg[2]
	}
	return fmt.Sprintf("%d cores of %s, %s, %s, ffmpeg %s, commit %s", runtime.NumCPU(), processor, said("uname", "-sr"), runtime.Version(), version, said("git", "rev-parse", "--short", "HEAD"))
}
