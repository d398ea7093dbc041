package operation

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// TestABackupMakesAnotherServer: of a server that runs, which has the same users,
// sessions, tokens and cameras.
func TestABackupMakesAnotherServer(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, "rtsp: {listen: '127.0.0.1:0'}\ncameras: {front: {source: 'upload:'}}")
	admin := g.AsAdmin(t)
	g.Call(t, http.MethodPost, "/api/v1/cameras", map[string]string{"id": "yard", "name": "The yard", "source": "upload:"}, admin, http.StatusCreated)
	token := g.Beside(t, "token", "create", "program", "--sealed", "--grant", "view:yard")
	file := filepath.Join(t.TempDir(), "backup")
	if said := g.Beside(t, "backup", file); !strings.HasPrefix(said, "good: "+file+" has ") {
		t.Errorf("it says %q", said)
	}
	status, piped, stderr := rig.SayIn(t, g.Variables, append([]string{"backup", "-"}, g.ConfigFlags()...)...)
	if written, err := os.ReadFile(file); status != 0 || err != nil || len(piped) < len(written)/2 || !strings.HasPrefix(piped, "\x1f\x8b") {
		t.Errorf("to the standard output: status %d, %d bytes, %q, %v", status, len(piped), stderr, err)
	}

	if status, _, stderr := rig.SayIn(t, g.Variables, append([]string{"restore", file}, g.ConfigFlags()...)...); status != 1 || !strings.Contains(stderr, "state.db is there already") {
		t.Errorf("over the server that runs: status %d, says %q", status, stderr)
	}
	if status, _, stderr := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + filepath.Join(t.TempDir(), "data")}, "backup", file); status != 1 || !strings.Contains(stderr, "say by --config or FRAMEGATE_DATA") {
		t.Errorf("of another data folder: status %d, says %q", status, stderr)
	}
	if status, _, stderr := rig.SayIn(t, g.Variables, append([]string{"backup", "/nowhere/backup"}, g.ConfigFlags()...)...); status != 1 || strings.Contains(stderr, "say by --config") {
		t.Errorf("to nowhere: status %d, says %q", status, stderr)
	}
	data := filepath.Join(t.TempDir(), "data")
	status, said, stderr := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + data}, append([]string{"restore", file}, g.ConfigFlags()...)...)
	if status != 0 || !strings.HasPrefix(said, "good: "+data+" is restored") {
		t.Fatalf("status %d, says %q, %q", status, said, stderr)
	}
	again := rig.StartProcess(t, data, g.Config)
	if again.Admin.Name != "" {
		t.Error("it has a first start")
	}
	a := again.Call(t, http.MethodGet, "/api/v1/cameras/yard", nil, admin, http.StatusOK)
	if !strings.Contains(string(a.Content), "The yard") {
		t.Errorf("the camera is %s", a.Content)
	}
	again.Call(t, http.MethodGet, "/api/v1/cameras/yard/status", nil, rig.Credentials{Bearer: token}, http.StatusOK)
	recorder := rig.Credentials{Name: "program", Password: token, Digest: true}
	if status, _ := rig.AskRTSP(t, "DESCRIBE", again.RTSP(t, false, "yard")+"?codec=none", recorder); status != http.StatusNotAcceptable {
		t.Errorf("by Digest: status %d", status)
	}
}
