package config

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzLoad reads any bytes as a file. What is accepted must hold what Config
// promises, and errors are lines that begin with the place.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(everyKey))
	for _, c := range errorCases {
		if len(c.text) < 4096 {
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newDraft()
		d.readYAML("framegate.yaml", b)
		if !d.camerasListed {
			d.addDefaultCameras()
		}
		checkPromises(t, d)
	})
}

// FuzzEnvironment reads any bytes as variables, one to a line.
func FuzzEnvironment(f *testing.F) {
	f.Add("LISTEN=localhost:0\nCAMERAS__FRONT_DOOR__SOURCE=http://u:p@cam/\nLIMITS__VIEWERS=5")
	f.Add("CAMERAS____SOURCE=test:?fps=5\nHOSTS=a,b\nTLS__MODE=\nCAMERAS__A__RECORD__MODE=x\nCAMERAS__A__RECORD__SCHEDULE__HOURS=mon 1:00-2:00")
	f.Fuzz(func(t *testing.T, lines string) {
		d := newDraft()
		d.addDefaultCameras()
		var environ []string
		for line := range strings.SplitSeq(lines, "\n") {
			if !strings.Contains(line, "PASSWORD_FILE") { // which would read any file
				environ = append(environ, prefix+line)
			}
		}
		d.readEnvironment(environ)
		checkPromises(t, d)
	})
}

func checkPromises(t *testing.T, d *draft) {
	for _, c := range d.cameras {
		delete(c.given, "password_file") // fuzzing reads no other file
	}
	for _, w := range d.webhooks {
		delete(w.given, "secret_file")
	}
	delete(d.given, "notify.mqtt.password_file")
	delete(d.given, "cluster.nats.password_file")
	c, err := d.finish()
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, "framegate.yaml:") && !strings.HasPrefix(line, prefix) && !strings.HasPrefix(line, "and ") {
				t.Errorf("an error without a place: %q", line)
			}
		}
		return
	}
	seen := make(map[string]bool)
	for _, camera := range c.Cameras {
		if !idPattern.MatchString(camera.ID) || camera.Source.Kind == "" || camera.Name == "" {
			t.Errorf("camera %+v", camera)
		}
		if seen[camera.ID] {
			t.Errorf("camera %s is there twice", camera.ID)
		}
		seen[camera.ID] = true
		if s := camera.Source; s.Path != "" && !strings.HasPrefix(s.Path, "/") || s.Listen && s.Kind != SourceMPEGTS {
			t.Errorf("source %#v of kind %s", s.Path, s.Kind)
		}
		if again, _, err := parseSource(camera.Source.Text(), ""); err != nil || again != camera.Source {
			t.Errorf("%v reads back as %v, %v", camera.Source, again, err)
		}
		if u, err := url.Parse(camera.Source.URL); err != nil || u.User != nil {
			t.Errorf("the URL %q holds credentials, or is none", camera.Source.URL)
		}
	}
	if c.DefaultCamera != "" {
		if camera, ok := c.Camera(c.DefaultCamera); !ok || camera.Source.Kind != SourceUpload {
			t.Errorf("default camera %+v", camera)
		}
	}
	if err := checkListen(c.Listen); err != nil {
		t.Errorf("listen: %v", err)
	}
}

// FuzzNaturalOrder finds ids that could not be sorted.
func FuzzNaturalOrder(f *testing.F) {
	f.Add("cam2", "cam10", "cam2-b")
	f.Add("a01", "a1", "a")
	f.Add("1-1", "01", "1a1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, bc, ac := compareNaturally(a, b), compareNaturally(b, c), compareNaturally(a, c)
		if (ab == 0) != (a == b) || ab != -compareNaturally(b, a) || ab <= 0 && bc <= 0 && ac > 0 {
			t.Errorf("%q, %q, %q: %d, %d, %d", a, b, c, ab, bc, ac)
		}
	})
}
