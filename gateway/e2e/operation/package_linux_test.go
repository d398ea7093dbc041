package operation

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestPackageOfDebian makes the package, and runs what is in it.
func TestPackageOfDebian(t *testing.T) {
	rig.Thorough(t)
	rig.Need(t, "dpkg-deb")
	t.Parallel()
	folder := t.TempDir()
	pack := rig.Program(t, scripts+"package", runtime.GOARCH)
	pack.Env = append(pack.Environ(), "VERSION=1.2~test", "FOLDER="+folder)
	if err := pack.Run(); pack.ProcessState.ExitCode() == 3 {
		rig.Missing(t, "nfpm could not be built")
	} else if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "framegate_1.2~test_"+runtime.GOARCH+".deb")
	dpkg := func(args ...string) string {
		t.Helper()
		said, err := rig.Program(t, "dpkg-deb", args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(said)
	}
	if conffiles := dpkg("--info", file, "conffiles"); conffiles != "/etc/framegate/framegate.yaml\n" {
		t.Errorf("its configuration files are %q", conffiles)
	}
	if needs := dpkg("--field", file, "Depends"); !strings.Contains(needs, "ffmpeg") {
		t.Errorf("it depends on %s", needs)
	}
	dpkg("--extract", file, folder)
	run := func(args ...string) string {
		t.Helper()
		cmd := rig.Program(t, filepath.Join(folder, "usr/bin/framegate"), args...)
		cmd.Env = append(cmd.Environ(), "FRAMEGATE_DATA="+t.TempDir())
		said, err := cmd.Output()
		if err != nil {
			t.Errorf("framegate %v: %v", args, err)
		}
		return string(said)
	}
	if said := run("version"); !strings.HasPrefix(said, "framegate 1.2~test linux/") {
		t.Errorf("the program says %q", said)
	}
	if said := run("check", filepath.Join(folder, "etc/framegate/framegate.yaml")); said != "good: 2 cameras, listening on 127.0.0.1:8080\n" {
		t.Errorf("of its configuration it says %q", said)
	}
	for name, source := range map[string]string{
		"usr/lib/systemd/system/framegate.service": "framegate.service", "usr/lib/systemd/system/framegate.socket": "framegate.socket",
		"usr/lib/sysusers.d/framegate.conf": "framegate.sysusers", "usr/share/doc/framegate/README.md": "../README.md",
		"usr/share/doc/framegate/gateway/docs/install.md": "../gateway/docs/install.md", "usr/share/doc/framegate/copyright": "../LICENSE",
	} {
		if got, want := contentOf(t, filepath.Join(folder, name)), contentOf(t, scripts+source); got != want {
			t.Errorf("%s is not what it was made of", name)
		}
	}
	for _, command := range []string{"serve", "user add", "index rebuild", "version"} {
		if manual := unzipped(t, filepath.Join(folder, "usr/share/man/man1/framegate.1.gz")); !strings.Contains(manual, ".SH \"framegate "+command+"\"\n.nf\nUsage: framegate "+command+" ") {
			t.Errorf("the manual does not say how %s is used", command)
		}
	}
	if changes := unzipped(t, filepath.Join(folder, "usr/share/doc/framegate/changelog.gz")); changes != contentOf(t, scripts+"../gateway/docs/changelog.md") {
		t.Error("the changelog is another")
	}
	for name, shell := range map[string]string{
		"bash-completion/completions/framegate": "bash", "zsh/vendor-completions/_framegate": "zsh", "fish/vendor_completions.d/framegate.fish": "fish",
	} {
		if got := contentOf(t, filepath.Join(folder, "usr/share", name)); got != run("completion", shell) {
			t.Errorf("%s does not complete: %q", name, got)
		}
	}
}

// unzipped reads a file that is compressed.
func unzipped(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
