package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the import law: which of our packages each package may use.
// Package server wires them, and may use all.
var mayImport = map[string][]string{
	"transcode/nal":           {},
	"transcode/h264":          {"transcode/nal"},
	"transcode/h265":          {"transcode/nal"},
	"gateway/media":           {"transcode/h264", "transcode/h265"},
	"gateway/stream":          {"gateway/media"},
	"gateway/cluster":         {"gateway/regular"},
	"gateway/cluster/archive": {"gateway/media", "gateway/stream", "gateway/places", "gateway/playback/clip", "gateway/record/index", "gateway/record/segment", "gateway/record/thumbs", "gateway/regular"},
	"gateway/cluster/relay":   {"gateway/media", "gateway/mp4", "gateway/stream", "transcode/h265", "gateway/output/live/wire"},
	"gateway/cluster/passage": {},
	"gateway/cluster/reports": {"gateway/cluster", "gateway/places", "gateway/stream"},
	"gateway/mp4":             {"gateway/media", "transcode/h264", "transcode/h265", "transcode/nal"},
	"gateway/regular":         {},
	"gateway/journal":         {},
	"gateway/logging":         {},
	"gateway/health":          {},
	"gateway/doctor":          {},
	"gateway/secret":          {},
	"gateway/config":          {"gateway/config/plainyaml", "gateway/regular", "gateway/secret"},
	"gateway/store":           {"gateway/regular", "gateway/secret"},
	"gateway/auth":            {"gateway/auth/passwords", "gateway/store", "gateway/secret"},
	"gateway/certs":           {"gateway/regular"},
	"gateway/backup":          {"gateway/certs", "gateway/store"},
	"gateway/reach":           {},
	"gateway/redact":          {"gateway/media", "gateway/stream", "gateway/config", "gateway/secret"},
	"gateway/httplimit":       {},
	"gateway/metrics":         {"gateway/stream"},
	"gateway/camlogin":        {"gateway/stream"},
	"gateway/input/httpcam":   {"gateway/media", "gateway/stream", "gateway/camlogin"},
	"gateway/publish":         {"gateway/media", "gateway/stream"},
	"gateway/input/upload":    {"gateway/media", "gateway/stream", "gateway/publish"},
	"gateway/input/stamps":    {},
	"gateway/input/device":    {"gateway/input/stamps", "gateway/media", "gateway/stream", "transcode"},
	"gateway/input/rtspcam":   {"gateway/media", "gateway/stream", "gateway/input/rtspcam/rtspquirks", "gateway/input/rtspcam/rtpvideo", "gateway/input/rtspcam/rtpaudio"},

	"gateway/config/plainyaml": {},
	"gateway/api/events":       {"gateway/config", "gateway/stream"},
	"gateway/record/timing":    {},
	"gateway/record":           {"gateway/media", "gateway/stream", "gateway/record/segment", "gateway/record/timing", "gateway/record/index", "gateway/record/thumbs", "transcode/h264", "transcode/h265"},

	"gateway/record/segment": {"gateway/media", "gateway/mp4", "transcode/h264"},
	"gateway/playback/tape":  {"gateway/media", "gateway/mp4", "gateway/camtest", "gateway/playback", "gateway/record/index", "gateway/record/segment", "transcode/h264"},
	"gateway/record/thumbs":  {"gateway/record/segment"},
	"gateway/thumbnails":     {"gateway/instant", "gateway/ranges", "gateway/media", "gateway/stream", "gateway/places", "gateway/record/index", "gateway/record/segment", "gateway/record/thumbs", "transcode"},

	"gateway/input/rtspin":             {"gateway/media", "gateway/stream", "gateway/input/rtspcam/rtpvideo", "gateway/input/rtspcam/rtpaudio"},
	"gateway/input/rtspcam/rtspquirks": {"gateway/media", "gateway/stream", "gateway/camlogin", "transcode/h264", "transcode/h265"},
	"gateway/input/rtspcam/rtptrack":   {},
	"gateway/input/rtspcam/rtpvideo":   {"gateway/media", "gateway/input/rtspcam/rtptrack", "transcode/h264", "transcode/h265"},
	"gateway/input/rtspcam/rtpaudio":   {"gateway/media", "gateway/input/rtspcam/rtptrack"},
	"gateway/input/rtspcam/rtptest":    {"gateway/media", "gateway/camtest", "transcode/h264", "transcode/h265"},
	"gateway/input/whipin":             {"gateway/media", "gateway/stream", "gateway/rtc", "gateway/input/rtspcam/rtpvideo", "gateway/input/rtspcam/rtpaudio"},
	"gateway/input/rtmpin":             {"gateway/httplimit", "gateway/media", "gateway/stream", "gateway/input/rtmpcam/rtmp", "gateway/input/rtmpcam/flv"},
	"gateway/input/rtmpcam":            {"gateway/camlogin", "gateway/media", "gateway/stream", "gateway/input/rtmpcam/rtmp", "gateway/input/rtmpcam/flv"},
	"gateway/input/rtmpcam/rtmp":       {},
	"gateway/input/rtmpcam/flv":        {"gateway/input/stamps", "gateway/media"},
	"gateway/input/rtmpcam/rtmptest":   {"gateway/media"},
	"gateway/auth/passwords":           {"gateway/store"},

	"gateway/rendition":         {"gateway/media", "gateway/stream", "transcode"},
	"gateway/delivery":          {"gateway/media", "gateway/stream", "gateway/httplimit"},
	"gateway/output/mjpeg":      {"gateway/media", "gateway/stream", "gateway/delivery"},
	"gateway/output/live":       {"gateway/media", "gateway/stream", "gateway/mp4", "gateway/delivery", "gateway/playback", "gateway/output/live/wire"},
	"gateway/output/rtspserver": {"gateway/media", "gateway/stream", "gateway/delivery", "gateway/httplimit", "gateway/output/rtppack"},
	"gateway/output/whep":       {"gateway/media", "gateway/stream", "gateway/delivery", "gateway/rtc", "gateway/output/rtppack"},
	"gateway/rtc":               {"gateway/httplimit"},
	"gateway/output/live/wire":  {},
	"gateway/output/rtppack":    {"gateway/media", "transcode/h264", "transcode/h265"},
	"gateway/output/sse":        {"gateway/media", "gateway/stream", "gateway/delivery"},
	"gateway/places":            {"gateway/stream"},
	"gateway/instant":           {},
	"gateway/ranges":            {},
	"gateway/output/replay":     {"gateway/instant", "gateway/stream", "gateway/delivery", "gateway/places", "gateway/playback"},
	"gateway/output/moment":     {"gateway/instant", "gateway/media", "gateway/stream", "gateway/delivery", "gateway/places", "gateway/playback"},
	"gateway/output/recording":  {"gateway/instant", "gateway/ranges", "gateway/media", "gateway/stream", "gateway/places", "gateway/playback/clip"},
	"gateway/output/snapshot":   {"gateway/media", "gateway/stream", "gateway/delivery"},
	"gateway/api":               {"gateway/instant", "gateway/journal", "gateway/ranges", "gateway/api/events", "gateway/api/openapi", "gateway/api/problem", "gateway/media", "gateway/stream", "gateway/auth", "gateway/store", "gateway/config", "gateway/secret", "gateway/redact", "gateway/onvif", "gateway/ptz", "gateway/record/index", "gateway/export", "gateway/playback/clip"},
	"gateway/api/openapi":       {"gateway/api/problem"},
	"gateway/export":            {"gateway/media", "gateway/playback", "gateway/playback/clip", "gateway/record/index", "gateway/record/segment", "transcode"},
	"gateway/api/problem":       {},
	"gateway/roster":            {"gateway/config", "gateway/stream"},
	"gateway/notify":            {"gateway/api/events", "gateway/config", "gateway/redact", "gateway/regular", "gateway/secret", "gateway/stream"},
	"gateway/front": {
		"gateway/media", "gateway/stream", "gateway/auth", "gateway/config", "gateway/certs", "gateway/rendition", "gateway/api", "web",
	},
	"gateway/watch":              {"gateway/regular"},
	"gateway/playback/clip":      {"gateway/media", "gateway/mp4", "gateway/record/index", "gateway/record/segment"},
	"gateway/playback":           {"gateway/media", "gateway/stream", "gateway/record/index", "gateway/record/segment"},
	"gateway/record/index":       {"gateway/record/index/aside"},
	"gateway/record/index/aside": {},
	"gateway/onvif":              {"gateway/camlogin", "gateway/stream"},
	"gateway/onvif/onviftest":    {},
	"gateway/ptz":                {"gateway/onvif"},
	"gateway/migrate":            {"gateway/config", "gateway/config/plainyaml"},
	"gateway/command":            {"gateway/auth", "gateway/backup", "gateway/cluster", "gateway/config", "gateway/config/plainyaml", "gateway/migrate", "gateway/doctor", "gateway/journal", "gateway/logging", "gateway/notify", "gateway/regular", "gateway/secret", "gateway/store", "gateway/server", "transcode"},
	"gateway":                    {"gateway/command", "gateway/logging", "transcode"},
	"gateway/browsertest":        {},
	"gateway/camtest":            {"gateway/media"},
	"scripts/fakecam":            {"gateway/camtest"},
	"scripts/figures":            {},
	"gateway/e2e/rig":            {"gateway/auth", "gateway/browsertest", "gateway/camtest", "gateway/certs", "gateway/command", "gateway/store", "transcode"},
	"transcode":                  {"transcode/h264", "transcode/h265", "transcode/nal"},
	"web":                        {},
}

const module = "framegate/"

// goFiles gives every Go file of the module that is a test, or that is none,
// parsed, by the directory of its package.
func goFiles(t *testing.T, tests bool) map[string][]*ast.File {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]*ast.File)
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") != tests {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		files[filepath.ToSlash(dir)] = append(files[filepath.ToSlash(dir)], file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestImportLaw(t *testing.T) {
	for dir, files := range goFiles(t, false) {
		allowed, known := mayImport[dir]
		if dir == "gateway/server" {
			continue
		}
		if !known {
			t.Errorf("%s: the import law does not know this package", dir)
		}
		for _, file := range files {
			for _, spec := range file.Imports {
				name, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if ours, ok := strings.CutPrefix(name, module); ok && !slices.Contains(allowed, ours) {
					t.Errorf("%s may not import %s", dir, ours)
				}
				if spec.Name != nil && strings.HasPrefix(name, module) {
					t.Errorf("%s imports %s under another name", dir, name)
				}
			}
		}
	}
}

// TestDesignNamesWhatRoomsImport: in the list of rooms in DESIGN.md the last
// column is what each imports of ours, where it has one.
func TestDesignNamesWhatRoomsImport(t *testing.T) {
	document, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(document), "\n## The rooms\n")
	list, _, _ = strings.Cut(list, "\nWho may import whom")
	rooms := goFiles(t, false)
	column := regexp.MustCompile(`\s{2,}`)
	var above []string // the folders that the line is in, a level each of two spaces
	told := 0
	for line := range strings.Lines(list) {
		name, words, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || !strings.HasSuffix(name, "/") {
			continue
		}
		depth := (len(line) - len(strings.TrimLeft(line, " ")) - 4) / 2
		above = append(above[:min(depth, len(above))], strings.TrimSuffix(name, "/"))
		columns := column.Split(strings.TrimSpace(words), -1)
		dir := path.Join(above...)
		if len(columns) < 2 || rooms[dir] == nil {
			continue
		}
		told++
		if text := columns[len(columns)-1]; !importsAre(text, dir, ourImports(t, rooms[dir])) {
			t.Errorf("DESIGN.md says that %s imports %s; it is %v", dir, text, ourImports(t, rooms[dir]))
		}
	}
	if told < 40 {
		t.Errorf("only %d rooms were compared; is the list another?", told)
	}
}

// ourImports gives which of our packages files import, each once.
func ourImports(t *testing.T, files []*ast.File) (all []string) {
	t.Helper()
	for _, file := range files {
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if ours, ok := strings.CutPrefix(name, module); ok && !slices.Contains(all, ours) {
				all = append(all, ours)
			}
		}
	}
	return all
}

// importsAre compares a list in words with what a directory imports.
func importsAre(text, dir string, imports []string) bool {
	if text == "nothing of ours" {
		return len(imports) == 0
	}
	named := strings.Split(text, ", ")
	found := make(map[string]bool)
	for _, ours := range imports {
		i := slices.IndexFunc(named, func(name string) bool {
			return strings.HasSuffix("/"+ours, "/"+name) || name == "its rooms below" && strings.HasPrefix(ours, dir+"/")
		})
		if i < 0 {
			return false
		}
		found[named[i]] = true
	}
	return len(found) == len(named)
}

// TestPackagesHaveOneCommentAndAUniqueName, those of tests only too.
func TestPackagesHaveOneCommentAndAUniqueName(t *testing.T) {
	packages := goFiles(t, false)
	for dir, files := range goFiles(t, true) {
		if packages[dir] == nil {
			packages[dir] = files
		}
	}
	seen := make(map[string]string)
	for dir, files := range packages {
		comments := 0
		for _, file := range files {
			if file.Doc != nil {
				comments++
			}
		}
		if comments != 1 {
			t.Errorf("%s has %d package comments, want one", dir, comments)
		}
		name := files[0].Name.Name
		if other, taken := seen[name]; taken && name != "main" {
			t.Errorf("%s and %s are both called %s", dir, other, name)
		}
		seen[name] = dir
		if name != "main" && name != path.Base(dir) {
			t.Errorf("%s is called %s", dir, name)
		}
	}
}
